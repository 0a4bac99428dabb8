package trust

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// markOwner is to whom a type of trust marks belongs [OpenID Federation 1.0 §7.2]: the owner lets others issue them.
type markOwner struct {
	Subject string             `json:"sub"`
	Keys    jose.JSONWebKeySet `json:"jwks"`
}

// delegation is by which an owner lets somebody issue marks [OpenID Federation 1.0 §7.2.1].
type delegation struct {
	Issuer   string `json:"iss"` // the owner
	Subject  string `json:"sub"` // who issues the mark
	Type     string `json:"trust_mark_type"`
	IssuedAt int64  `json:"iat"`           // seconds
	Expires  int64  `json:"exp,omitempty"` // seconds; 0: it does not
}

// delegated checks that a mark, where its type has an owner, was issued by somebody whom the owner lets do so [OpenID Federation 1.0 §7.2.2],
// and says until when; the zero time: without end.
func delegated(m Mark, anchor *Statement, now time.Time) (until time.Time, err error) {
	said, owned := anchor.MarkOwners[m.Type]
	if !owned {
		return until, nil // a delegation that nobody asked for says nothing
	}
	var owner markOwner
	if json.Unmarshal(said, &owner) != nil || !identifierFits(owner.Subject) || len(owner.Keys.Keys) > maxKeys || slices.ContainsFunc(owner.Keys.Keys, unusable) {
		return until, untrusted("the owner of the trust mark %s cannot be read", m.Type)
	}
	jws, payload, err := open(m.Delegation, TypeDelegation)
	if err != nil {
		return until, err
	}
	var d delegation
	if json.Unmarshal(payload, &d) != nil {
		return until, untrusted("a delegation that cannot be read")
	}
	switch {
	case d.Issuer != owner.Subject:
		return until, untrusted("%s does not own this trust mark", d.Issuer)
	case d.Subject != m.Issuer:
		return until, untrusted("the delegation is another's")
	case d.Type != m.Type:
		return until, untrusted("the delegation is for other trust marks")
	case d.Expires != 0 && !now.Before(time.Unix(d.Expires, 0)):
		return until, untrusted("the delegation has expired")
	case d.IssuedAt == 0 || now.Add(skew).Before(time.Unix(d.IssuedAt, 0)):
		return until, untrusted("the delegation is not valid yet")
	}
	if d.Expires != 0 {
		until = time.Unix(d.Expires, 0)
	}
	_, err = signedBy(jws, owner.Keys)
	return until, err
}
