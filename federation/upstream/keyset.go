package upstream

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// Bounds of a key set. RSA keys are in bits: shorter ones are weak (RFC 7518 §3.3), longer ones cost us too much.
const (
	maxKeys    = 100
	minRSABits = 2048
	maxRSABits = 8192
)

// keySet are a provider's keys. The stock one of the library fetches them again for every unknown key identifier, so
// that a hostile token makes us a nuisance to the province, and never forgets a key that was withdrawn; this one waits
// out a cooldown and lets keys grow old.
type keySet struct {
	cached[[]jose.JSONWebKey]
}

var _ oidc.KeySet = (*keySet)(nil)

var errNoKey = errors.New("no key of the issuer verifies the signature")

// VerifySignature implements oidc.KeySet.
func (s *keySet) VerifySignature(ctx context.Context, jws *jose.JSONWebSignature) ([]byte, error) {
	keys, generation, err := s.get(ctx)
	if err != nil {
		return nil, err
	}
	if payload, ok := verified(jws, keys); ok {
		return payload, nil
	}
	keys, renewed, err := s.renew(ctx, generation)
	if err != nil {
		return nil, err
	}
	if renewed == generation {
		return nil, errNoKey
	}
	if payload, ok := verified(jws, keys); ok {
		return payload, nil
	}
	return nil, errNoKey
}

func verified(jws *jose.JSONWebSignature, keys []jose.JSONWebKey) ([]byte, bool) {
	kid, alg := oidc.GetKeyIDAndAlg(jws)
	key, err := oidc.FindMatchingKey(kid, oidc.KeyUseSignature, alg, keys...)
	if err != nil || key.Algorithm != "" && key.Algorithm != alg { // RFC 7517 §4.4
		return nil, false
	}
	payload, err := jws.Verify(&key)
	return payload, err == nil
}

func (p *Provider) fetchKeys(ctx context.Context) ([]jose.JSONWebKey, error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return nil, err
	}
	var set publishedKeys
	if err := p.getJSON(ctx, m.JWKS, &set); err != nil {
		return nil, err
	}
	keys := set.acceptable()
	if len(keys) == 0 {
		return nil, misbehaved("no key is usable")
	}
	return keys, nil
}

// publishedKeys is a JWK set as it was published (RFC 7517 §5).
type publishedKeys struct {
	Keys []json.RawMessage `json:"keys"`
}

// acceptable returns those of the first maxKeys that may verify.
func (s publishedKeys) acceptable() []jose.JSONWebKey {
	var keys []jose.JSONWebKey
	for _, raw := range s.Keys[:min(len(s.Keys), maxKeys)] {
		var k jose.JSONWebKey
		// A key of a kind that is not known here is no reason to refuse the others.
		if json.Unmarshal(raw, &k) == nil && acceptable(k) {
			keys = append(keys, k)
		}
	}
	return keys
}

// acceptable reports whether a key may verify: a public one, never a secret, of a sound size.
func acceptable(k jose.JSONWebKey) bool {
	if !k.Valid() || !k.IsPublic() {
		return false
	}
	if r, ok := k.Key.(*rsa.PublicKey); ok {
		return r.N.BitLen() >= minRSABits && r.N.BitLen() <= maxRSABits
	}
	return true
}
