package vault

import (
	"encoding/base64"
	"strings"
)

// MaxToken is the greatest length of a token in characters.
const MaxToken = 8192

// SealToken seals what a browser or a client carries for us: a cookie, a code. The result is base64url without
// padding. It opens only for the same purpose.
func (v *Vault) SealToken(purpose string, plaintext []byte) (string, error) {
	c, err := seal(v.boxes.Load().token, plaintext, purpose)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(c), nil
}

// OpenToken opens what [Vault.SealToken] sealed for the same purpose. [ErrInvalid], also for a token longer than
// [MaxToken] or written in another way than SealToken writes it.
func (v *Vault) OpenToken(purpose, token string) ([]byte, error) {
	// encoding/base64 skips line breaks; a token has none.
	if len(token) > MaxToken || strings.ContainsAny(token, "\r\n") {
		return nil, ErrInvalid
	}
	c, err := strictBase64.DecodeString(token)
	if err != nil {
		return nil, ErrInvalid
	}
	return v.open(tokenBox, c, purpose)
}

// strictBase64 accepts one spelling of each token: a token's text may serve as its identity.
var strictBase64 = base64.RawURLEncoding.Strict()
