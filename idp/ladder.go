package idp

import "strconv"

// The ladder of assurance. A rung is published as acr value "urn:manyou:acr:N":
//
//	1  one-time code by SMS, recovery code                       NIST SP 800-63B-4 AAL1   eIDAS low
//	2  code of an authenticator app or token; another device;    NIST SP 800-63B-4 AAL1   eIDAS low
//	   a code by SMS and a second one to a registered relative
//	3  passkey: phishing-resistant, with user verification       NIST SP 800-63B-4 AAL2   eIDAS substantial
//	4  passkey that is bound to attested hardware                NIST SP 800-63B-4 AAL3   eIDAS high
//
// Every rung is a person whose name and document were verified against the authoritative register. SMS never reaches above
// the second rung, with whatever it is combined.
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
func (i *Issuer) acrsSupported() (values []string) {
	top := 0
	for a := range i.Methods.All() {
		top = max(top, a.Method().Rung)
	}
	for rung := 1; rung <= top; rung++ {
		values = append(values, acrOf(rung))
	}
	return values
}
