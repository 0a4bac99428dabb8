package vault

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Root is the key that wraps the keysets. It is kept outside the database; without it nothing sealed can be read.
type Root [32]byte

// NewRoot draws a root key.
func NewRoot(rand io.Reader) (Root, error) {
	var r Root
	if _, err := io.ReadFull(rand, r[:]); err != nil {
		return Root{}, fmt.Errorf("vault: draw root key: %w", err)
	}
	return r, nil
}

// ParseRoot reads a root key from 32 bytes of standard base64, padded or not. The error does not repeat the input.
func ParseRoot(s string) (Root, error) {
	enc := base64.StdEncoding
	if len(s) == base64.RawStdEncoding.EncodedLen(len(Root{})) {
		enc = base64.RawStdEncoding
	}
	b, err := enc.Strict().DecodeString(s)
	if err != nil || len(b) != len(Root{}) {
		return Root{}, errors.New("vault: a root key is 32 bytes in base64")
	}
	if Root(b) == (Root{}) {
		return Root{}, errors.New("vault: a root key is random, this one is all zero")
	}
	return Root(b), nil
}

// Text is the form that [ParseRoot] reads. It is a secret.
func (r Root) Text() string { return base64.StdEncoding.EncodeToString(r[:]) }

// String hides the key, so that no log shows it.
func (r Root) String() string { return "vault.Root(hidden)" }

// Format hides the key under every verb.
func (r Root) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue hides the key from structured logs.
func (r Root) LogValue() slog.Value { return slog.StringValue(r.String()) }

// aead is the primitive that wraps keysets. Few messages are sealed under it, so plain AES-256-GCM will do.
func (r Root) aead() (tink.AEAD, error) {
	a, err := subtle.NewAESGCM(r[:])
	if err != nil {
		return nil, fmt.Errorf("vault: root key: %w", err)
	}
	return a, nil
}
