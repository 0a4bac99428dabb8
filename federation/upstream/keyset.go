package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/sync/singleflight"
)

// keyCooldown is how long keys are not fetched again, whatever key identifiers arrive.
const keyCooldown = 30 * time.Second

// maxKeys bounds a key set.
const maxKeys = 100

// keySet are a provider's keys. The stock one of the library fetches them again for every unknown key identifier, so
// that a hostile token makes us a nuisance to the province; this one waits out a cooldown.
type keySet struct {
	provider *Provider
	mu       sync.Mutex
	keys     []jose.JSONWebKey
	next     time.Time // not to be fetched before
	flight   singleflight.Group
}

var _ oidc.KeySet = (*keySet)(nil)

var errNoKey = errors.New("no key of the issuer verifies the signature")

// VerifySignature implements oidc.KeySet.
func (s *keySet) VerifySignature(ctx context.Context, jws *jose.JSONWebSignature) ([]byte, error) {
	kid, alg := oidc.GetKeyIDAndAlg(jws)
	keys := s.known()
	key, err := oidc.FindMatchingKey(kid, oidc.KeyUseSignature, alg, keys...)
	if err == nil {
		if payload, err := jws.Verify(&key); err == nil {
			return payload, nil
		}
	}
	if keys, err = s.fetch(ctx); err != nil {
		return nil, err
	}
	if key, err = oidc.FindMatchingKey(kid, oidc.KeyUseSignature, alg, keys...); err != nil {
		return nil, errNoKey
	}
	payload, err := jws.Verify(&key)
	if err != nil {
		return nil, errNoKey
	}
	return payload, nil
}

func (s *keySet) known() []jose.JSONWebKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys
}

func (s *keySet) fetch(ctx context.Context) ([]jose.JSONWebKey, error) {
	now := s.provider.config.Clock()
	s.mu.Lock()
	keys, wait := s.keys, now.Before(s.next)
	s.mu.Unlock()
	if wait {
		return keys, nil
	}
	v, err, _ := s.flight.Do("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.provider.config.Timeout)
		defer cancel()
		m, err := s.provider.metadata(ctx)
		if err != nil {
			return nil, err
		}
		var set struct{ Keys []json.RawMessage }
		if err := s.provider.getJSON(ctx, m.JWKS, &set); err != nil {
			return nil, err
		}
		var fetched []jose.JSONWebKey
		for _, raw := range set.Keys[:min(len(set.Keys), maxKeys)] {
			var k jose.JSONWebKey
			// A key of a kind that is not known here is no reason to refuse the others. A symmetric one is no key.
			if json.Unmarshal(raw, &k) == nil && k.Valid() && k.IsPublic() {
				fetched = append(fetched, k)
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.keys, s.next = fetched, s.provider.config.Clock().Add(keyCooldown)
		return fetched, nil
	})
	if err != nil {
		return nil, err
	}
	return v.([]jose.JSONWebKey), nil
}
