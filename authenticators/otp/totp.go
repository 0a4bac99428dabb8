package otp

import (
	"crypto/subtle"
	"fmt"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
)

const (
	// period is the length of a time step (RFC 6238 §5.2).
	period = 30 * time.Second
	// drift is how many steps a clock may be off in either direction (RFC 6238 §6).
	drift = 1
)

// URI is the otpauth URI that an authenticator app scans. Issuer and account name the credential on the app's screen;
// each has 1 to 64 characters and no colon, which would separate them. The account must not be a document number: it
// is shown to whoever looks at the phone. The URI holds the secret.
func URI(issuer, account string, secret []byte) (string, error) {
	if err := checkURI(issuer, account, secret); err != nil {
		return "", err
	}
	// SHA-1, six digits and 30 seconds are what every authenticator app computes; several ignore other values
	// without saying so. HMAC does not rest on the collision resistance that SHA-1 has lost.
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer:      issuer,
		AccountName: account,
		Secret:      secret,
		Period:      uint(period / time.Second),
		Digits:      otp.DigitsSix,
		Algorithm:   otp.AlgorithmSHA1,
	})
	if err != nil {
		return "", fmt.Errorf("otp: otpauth URI: %w", err)
	}
	return key.String(), nil
}

// VerifyTOTP checks a code against the time steps around now: the current one, the one before and the one after. Only
// steps greater than last, the highest accepted so far, count (RFC 6238 §5.2: a code is accepted once). It returns the
// step that the caller must store with [manyou/storage.Credentials.UseCredential] before relying on the answer; zero
// if the code is not right. All steps are computed and compared, whichever matches.
func VerifyTOTP(secret []byte, code string, now time.Time, last int64) (step int64, ok bool) {
	digits, ok := NormaliseCode(code)
	if !ok || !isSecret(secret) || now.Unix() < 0 {
		return 0, false
	}
	encoded := encodeSecret(secret)
	current := now.Unix() / int64(period/time.Second)
	found := 0
	for s := current - drift; s <= current+drift; s++ {
		if s < 0 {
			continue
		}
		want, err := hotp.GenerateCode(encoded, uint64(s))
		if err != nil {
			return 0, false
		}
		match := subtle.ConstantTimeCompare([]byte(want), []byte(digits))
		if s <= last {
			match = 0
		}
		// If two steps share a code the later one is taken, so that the code is used up for both.
		step = int64(match)*s + int64(1-match)*step
		found |= match
	}
	return step, found == 1
}
