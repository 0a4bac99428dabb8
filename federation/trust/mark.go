package trust

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Mark is a trust mark [OpenID Federation 1.0 §7]: somebody who may say so says something about an entity.
type Mark struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Type     string `json:"trust_mark_type"`
	IssuedAt int64  `json:"iat"`           // seconds
	Expires  int64  `json:"exp,omitempty"` // seconds; 0: it does not
	Ref      string `json:"ref,omitempty"`
	// Delegation is by which the owner of the type lets the issuer say so [OpenID Federation 1.0 §7.2]; a JWT.
	Delegation string `json:"delegation,omitempty"`

	raw string
}

// String is the mark as it was signed.
func (m Mark) String() string { return m.raw }

// name is by which a mark is remembered: whoever makes one chooses its length.
func (m Mark) name() [sha256.Size]byte { return sha256.Sum256([]byte(m.raw)) }

// ParseMark reads a mark without trusting it.
func ParseMark(raw string) (Mark, error) {
	_, payload, err := open(raw, TypeMark)
	if err != nil {
		return Mark{}, err
	}
	m := Mark{raw: raw}
	if json.Unmarshal(payload, &m) != nil || !identifierFits(m.Issuer) || !identifierFits(m.Subject) || !identifierFits(m.Type) {
		return Mark{}, untrusted("a trust mark that cannot be read")
	}
	return m, nil
}

// VerifyMark checks a mark that an entity shows: that it is about that entity, signed by one of the issuer's keys, current, and
// that the anchor lets the issuer say so [OpenID Federation 1.0 §7.3]. Whether it was revoked only its issuer knows.
func VerifyMark(raw, subject string, allowed map[string][]string, keys jose.JSONWebKeySet, now time.Time) (Mark, error) {
	m, err := ParseMark(raw)
	if err != nil {
		return Mark{}, err
	}
	jws, _, err := open(raw, TypeMark)
	if err != nil {
		return Mark{}, err
	}
	issuers, known := allowed[m.Type]
	switch {
	case m.Subject != subject:
		return Mark{}, untrusted("a trust mark of another")
	case !known || len(issuers) > 0 && !slices.Contains(issuers, m.Issuer): // an empty list lets everybody
		return Mark{}, untrusted("%s may not issue this trust mark", m.Issuer)
	case m.Expires != 0 && !now.Before(time.Unix(m.Expires, 0)):
		return Mark{}, untrusted("the trust mark has expired")
	case now.Add(skew).Before(time.Unix(m.IssuedAt, 0)):
		return Mark{}, untrusted("the trust mark is not valid yet")
	}
	_, err = signedBy(jws, keys)
	return m, err
}
