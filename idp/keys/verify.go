package keys

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"strings"
)

// ErrInvalid reports a JWT that this issuer did not sign, or not as the type that was expected.
var ErrInvalid = errors.New("keys: not a token of this issuer")

// MaxToken is the length of the longest JWT that is looked at, in bytes.
const MaxToken = 16 << 10

type header struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
	Type      string `json:"typ"`
}

// Verify checks that the token was signed by a published key of this ring and has the given typ, and returns its
// payload. It says nothing about the claims: exp, aud and the rest are the caller's.
func (r *Ring) Verify(typ, token string) ([]byte, error) {
	if len(token) > MaxToken {
		return nil, ErrInvalid
	}
	dot := strings.LastIndexByte(token, '.')
	if dot < 0 {
		return nil, ErrInvalid
	}
	signed := token[:dot]
	protected, body, ok := strings.Cut(signed, ".")
	if !ok || strings.IndexByte(body, '.') >= 0 {
		return nil, ErrInvalid
	}
	s := r.now.Load()
	k := s.keyOf(typ, protected)
	if k == nil {
		return nil, ErrInvalid
	}
	if whole := sha256.Sum256([]byte(token)); !s.good.has(whole) {
		signature, err := encoding.Strict().DecodeString(token[dot+1:])
		if err != nil {
			return nil, ErrInvalid
		}
		digest := sha256.Sum256([]byte(signed))
		if !k.verify(digest[:], signature) {
			return nil, ErrInvalid
		}
		s.good.add(whole)
	}
	payload, err := encoding.Strict().DecodeString(body)
	if err != nil {
		return nil, ErrInvalid
	}
	return payload, nil
}

// keyOf finds the key that a protected header names. The header must be one that the ring writes: the algorithm is
// the key's own, whatever the header says (RFC 8725 §3.1).
func (s *snapshot) keyOf(typ, protected string) *Key {
	for i := len(s.keys) - 1; i >= 0; i-- {
		if s.keys[i].headers[typ] == protected {
			return s.keys[i]
		}
	}
	return nil
}

// Claims unmarshals the payload of a token of this ring into claims.
func (r *Ring) Claims(typ, token string, claims any) error {
	payload, err := r.Verify(typ, token)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(payload))
	if err := d.Decode(claims); err != nil {
		return ErrInvalid
	}
	return nil
}
