package otp

import (
	"crypto/subtle"
	"fmt"
	"math"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

const (
	// lookAhead is how many codes a person may have drawn without entering them (the parameter s of RFC 4226 §7.4).
	lookAhead = 5
	// resyncAhead is that number for somebody who enters two consecutive codes.
	resyncAhead = 50
	// maxCounter leaves room to look ahead.
	maxCounter = math.MaxInt64 - resyncAhead - 2
)

// HOTPURI is the otpauth URI of a counter-based credential that begins at counter 0; see [URI].
func HOTPURI(issuer, account string, secret []byte) (string, error) {
	if err := checkURI(issuer, account, secret); err != nil {
		return "", err
	}
	key, err := hotp.Generate(hotp.GenerateOpts{
		Issuer: issuer, AccountName: account, Secret: secret, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
	})
	if err != nil {
		return "", fmt.Errorf("otp: otpauth URI: %w", err)
	}
	return key.String() + "&counter=0", nil
}

// VerifyHOTP checks a code against the counters from next, the first that was not used yet, to a handful further on
// (RFC 4226 §7.2, §7.4). Two consecutive codes in a row are looked for ten times as far, so that a token whose button
// was played with can be brought back (RFC 4226 §7.4, appendix E.4). It returns the counter after the one that matched,
// which the caller must store before relying on the answer; zero if the answer is not right. All counters are computed
// and compared, whichever matches.
func VerifyHOTP(secret []byte, answer string, next int64) (after int64, ok bool) {
	codes, ahead, ok := hotpCodes(answer)
	if !ok || !isSecret(secret) || next < 0 || next > maxCounter {
		return 0, false
	}
	encoded := encodeSecret(secret)
	window := make([]string, ahead+len(codes))
	for i := range window {
		code, err := hotp.GenerateCode(encoded, uint64(next)+uint64(i))
		if err != nil {
			return 0, false
		}
		window[i] = code
	}
	found := 0
	for i := range ahead + 1 {
		match := 1
		for j, code := range codes {
			match &= subtle.ConstantTimeCompare([]byte(window[i+j]), []byte(code))
		}
		// If two counters share a code the later one is taken, so that the code is used up for both.
		after = int64(match)*(next+int64(i+len(codes))) + int64(1-match)*after
		found |= match
	}
	return after, found == 1
}

// hotpCodes splits an answer into one code or two, and says how far ahead to look for them.
func hotpCodes(answer string) (codes []string, ahead int, ok bool) {
	if code, ok := NormaliseCode(answer); ok {
		return []string{code}, lookAhead, true
	}
	if both, ok := normaliseDigits(answer, 2*codeLength); ok {
		return []string{both[:codeLength], both[codeLength:]}, resyncAhead, true
	}
	return nil, 0, false
}
