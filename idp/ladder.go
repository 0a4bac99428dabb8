package idp

import "strconv"

// The ladder of assurance. A rung is published as acr value "urn:manyou:acr:N":
//
//	1  one-time code by SMS to the phone on record              NIST SP 800-63-4 AAL1   eIDAS low
//	2  one-time code from an enrolled authenticator app (TOTP)   NIST SP 800-63-4 AAL1+  eIDAS low
//	3  phishing-resistant, with user verification                NIST SP 800-63-4 AAL2   eIDAS substantial
//	4  phishing-resistant, hardware-bound, attested              NIST SP 800-63-4 AAL3   eIDAS high
//
// Every rung is a person whose name and document were verified against the authoritative register.
const acrPrefix = "urn:manyou:acr:"

const topRung = 4

func acrOf(rung int) string { return acrPrefix + strconv.Itoa(rung) }

// rungOf is the rung of an acr value, 0 if it is none of the ladder.
func rungOf(acr string) int {
	if len(acr) != len(acrPrefix)+1 || acr[:len(acrPrefix)] != acrPrefix {
		return 0
	}
	if n := int(acr[len(acrPrefix)] - '0'); n >= 1 && n <= topRung {
		return n
	}
	return 0
}

// acrsSupported are the acr values that can be reached here, for discovery.
func acrsSupported() []string { return []string{acrOf(1), acrOf(2)} }
