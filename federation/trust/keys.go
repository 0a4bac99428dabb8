package trust

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// ParseKeys reads a key set: public keys with names, at most twenty.
func ParseKeys(raw []byte) (jose.JSONWebKeySet, error) {
	var keys jose.JSONWebKeySet
	if len(raw) > MaxStatement || json.Unmarshal(raw, &keys) != nil || len(keys.Keys) == 0 || len(keys.Keys) > maxKeys ||
		slices.ContainsFunc(keys.Keys, unusable) {
		return jose.JSONWebKeySet{}, untrusted("not a key set of public keys with names")
	}
	return keys, nil
}

// NextKeys asks an entity for its configuration and returns the key set it announces, if that differs from the one known and
// one of the known keys signed it; nil if nothing changed.
func NextKeys(ctx context.Context, f Fetcher, entity string, known []byte, now time.Time) ([]byte, error) {
	keys, err := ParseKeys(known)
	if err != nil {
		return nil, err
	}
	s, err := Ask(ctx, f, entity)
	if err != nil {
		return nil, err
	}
	if err := s.verify(keys, now); err != nil {
		return nil, err
	}
	next, err := json.Marshal(s.Keys)
	if err != nil || sameKeys(keys, s.Keys) {
		return nil, err
	}
	return next, nil
}

// Ask gets an entity's configuration. That it signed it itself is checked, and no more: who wants to trust it must have learned
// the keys elsewhere.
func Ask(ctx context.Context, f Fetcher, entity string) (*Statement, error) {
	raw, err := f.Fetch(ctx, configurationURL(entity), "application/"+TypeStatement)
	if err != nil {
		return nil, err
	}
	s, err := Parse(raw)
	if err != nil {
		return nil, err
	}
	if s.Issuer != entity || s.Subject != entity {
		return nil, untrusted("%s answers with the configuration of another", entity)
	}
	jws, _, err := open(raw, TypeStatement)
	if err != nil {
		return nil, err
	}
	_, err = signedBy(jws, s.Keys)
	return s, err
}

// ParseFor reads a configuration that an entity made for one recipient (OpenID Federation 1.0 §12.2.1): about itself, signed by
// itself, current, with that audience and no other.
func ParseFor(raw, audience string, now time.Time) (*Statement, error) {
	s, err := Parse(raw)
	if err != nil {
		return nil, err
	}
	_, payload, err := open(raw, TypeStatement)
	if err != nil {
		return nil, err
	}
	var to struct {
		Audience string `json:"aud"`
	}
	if json.Unmarshal(payload, &to) != nil || to.Audience != audience || !s.ownConfiguration() {
		return nil, untrusted("a statement for another, or about another")
	}
	return s, s.verify(s.Keys, now)
}

// SignedBy reports whether one of the keys signed the statement; its time is not looked at.
func (s *Statement) SignedBy(keys jose.JSONWebKeySet) error {
	jws, _, err := open(s.raw, TypeStatement)
	if err != nil {
		return err
	}
	_, err = signedBy(jws, keys)
	return err
}

// sameKeys reports whether two sets hold the same keys under the same names.
func sameKeys(a, b jose.JSONWebKeySet) bool {
	return len(a.Keys) == len(b.Keys) && !slices.ContainsFunc(a.Keys, func(k jose.JSONWebKey) bool { return !hasKey(b, k) })
}

// hasKey reports whether a set holds a key under its name.
func hasKey(set jose.JSONWebKeySet, k jose.JSONWebKey) bool {
	return slices.ContainsFunc(set.Key(k.KeyID), func(other jose.JSONWebKey) bool { return sameKey(k, other) })
}
