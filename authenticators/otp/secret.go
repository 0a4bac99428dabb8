package otp

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// secretLength is the 160 bits that RFC 4226 §4 R6 recommends; minSecretLength the 128 that it demands.
	secretLength    = 20
	minSecretLength = 16
	maxSecretLength = 64
	// maxLabel bounds issuer and account of a URI, in characters.
	maxLabel = 64
)

// NewSecret draws the shared secret of a new credential: 20 bytes.
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

// deriveSecret makes the shared secret of an enrolment out of its nonce (HKDF, RFC 5869), so that a caller who begins
// again with the same nonce shows the same secret, and the app that has scanned it need not scan again.
func deriveSecret(method string, nonce, handle []byte) ([]byte, error) {
	secret, err := hkdf.Key(sha256.New, nonce, nil, "manyou otp secret\x00"+method+"\x00"+string(handle), secretLength)
	if err != nil {
		return nil, fmt.Errorf("otp: derive a secret: %w", err)
	}
	return secret, nil
}

// checkURI reports what would be misread in an otpauth URI.
func checkURI(issuer, account string, secret []byte) error {
	if !isLabel(issuer) || !isLabel(account) {
		return fmt.Errorf("otp: issuer and account need 1 to %d printable characters without a colon", maxLabel)
	}
	if !isSecret(secret) {
		return errors.New("otp: the secret has the wrong length")
	}
	return nil
}

func isSecret(b []byte) bool { return len(b) >= minSecretLength && len(b) <= maxSecretLength }

func isLabel(s string) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= maxLabel &&
		!strings.ContainsFunc(s, func(r rune) bool { return r == ':' || !unicode.IsPrint(r) })
}

func encodeSecret(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}
