package otp

import (
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
)

const (
	// secretLength is the 160 bits that RFC 4226 §4 R6 recommends; minSecretLength the 128 that it demands.
	secretLength    = 20
	minSecretLength = 16
	maxSecretLength = 64
	// period is the length of a time step (RFC 6238 §5.2).
	period = 30 * time.Second
	// drift is how many steps a clock may be off in either direction (RFC 6238 §6).
	drift = 1
	// maxLabel bounds issuer and account of a URI, in characters.
	maxLabel = 64
)

// NewSecret draws the shared secret of a new TOTP credential: 20 bytes.
func NewSecret(random io.Reader) ([]byte, error) {
	secret := make([]byte, secretLength)
	if _, err := io.ReadFull(random, secret); err != nil {
		return nil, fmt.Errorf("otp: draw a secret: %w", err)
	}
	return secret, nil
}

// SecretText is the secret in base32, in groups of four, for a person who types it instead of scanning.
func SecretText(secret []byte) string {
	s := encodeSecret(secret)
	var b strings.Builder
	for i := 0; i < len(s); i += 4 {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(s[i:min(i+4, len(s))])
	}
	return b.String()
}

// URI is the otpauth URI that an authenticator app scans. Issuer and account name the credential on the app's screen;
// each has 1 to 64 characters and no colon, which would separate them. The account must not be a document number: it
// is shown to whoever looks at the phone. The URI holds the secret.
func URI(issuer, account string, secret []byte) (string, error) {
	if !isLabel(issuer) || !isLabel(account) {
		return "", fmt.Errorf("otp: issuer and account need 1 to %d printable characters without a colon", maxLabel)
	}
	if !isSecret(secret) {
		return "", errors.New("otp: the secret has the wrong length")
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

func isSecret(b []byte) bool { return len(b) >= minSecretLength && len(b) <= maxSecretLength }

func isLabel(s string) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= maxLabel &&
		!strings.ContainsFunc(s, func(r rune) bool { return r == ':' || !unicode.IsPrint(r) })
}

func encodeSecret(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}
