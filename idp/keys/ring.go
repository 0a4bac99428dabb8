package keys

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"manyou/storage"
)

// Store is what the ring needs of storage.
type Store interface {
	SigningKeys(ctx context.Context) ([]storage.SigningKey, error)
	AddSigningKey(ctx context.Context, k storage.SigningKey, newest string, retireOlderAt time.Time) error
	KeepRetiredKeys(ctx context.Context, keys []storage.RetiredKey) error
	RetiredKeys(ctx context.Context, limit int) ([]storage.RetiredKey, error)
	DropSigningKeys(ctx context.Context, before time.Time) error
}

// Algorithms that the ring holds keys of, in order of preference.
const (
	ES256 = "ES256"
	RS256 = "RS256"
)

// Overlap is how long a new key is published before it signs.
const Overlap = 15 * time.Minute

// verifyFor is how long a key stays published after its successor took over: longer than any token it signed is
// accepted, ID tokens as hints included.
const verifyFor = 24 * time.Hour

// Ring is the set of keys of one issuer. It is safe for concurrent use; reading takes no lock.
type Ring struct {
	store  Store
	clock  func() time.Time
	random io.Reader
	now    atomic.Pointer[snapshot]
}

// snapshot is the ring at one moment. It is never changed after it is published.
type snapshot struct {
	keys []*Key    // oldest first
	jwks []byte    // the key set, ready to send
	good *verified // tokens that these keys signed
}

// Open reads the ring, and creates a first key of each algorithm that has none.
func Open(ctx context.Context, s Store, clock func() time.Time, random io.Reader) (*Ring, error) {
	r := &Ring{store: s, clock: clock, random: random}
	if err := r.Refresh(ctx); err != nil {
		return nil, err
	}
	for _, alg := range []string{ES256, RS256} {
		if _, err := r.Signer(alg); err == nil {
			continue
		}
		// Another node may win the race; its key is then as good as ours.
		if _, err := r.add(ctx, alg, "", 0, verifyFor); err != nil && !errors.Is(err, storage.ErrConflict) {
			return nil, err
		}
	}
	return r, r.Refresh(ctx)
}

// Refresh reads the keys again, so that rotations made by other nodes or by the command line take effect.
func (r *Ring) Refresh(ctx context.Context) error {
	stored, err := r.store.SigningKeys(ctx)
	if err != nil {
		return fmt.Errorf("read signing keys: %w", err)
	}
	known := map[string]*Key{}
	last := r.now.Load()
	if last != nil {
		for _, k := range last.keys {
			known[k.id] = k
		}
	}
	next := &snapshot{good: newVerified()}
	for _, sk := range stored {
		if !sk.RetireAt.IsZero() && !r.clock().Before(sk.RetireAt) {
			continue
		}
		k := known[sk.KeyID]
		if k == nil {
			if k, err = parse(sk); err != nil {
				return err
			}
		}
		next.keys = append(next.keys, k)
	}
	if next.jwks, err = marshalSet(next.keys); err != nil {
		return err
	}
	if last != nil && bytes.Equal(last.jwks, next.jwks) {
		next.good = last.good
	}
	r.now.Store(next)
	return nil
}

// Signer returns the newest key of an algorithm that is active. It fails if there is none.
func (r *Ring) Signer(alg string) (*Key, error) {
	s := r.now.Load()
	for i := len(s.keys) - 1; i >= 0; i-- {
		if k := s.keys[i]; k.alg == alg && !k.activeFrom.After(r.clock()) {
			return k, nil
		}
	}
	return nil, fmt.Errorf("no active %s key", alg)
}

// JWKS is the published key set (RFC 7517 §5), ready to send. The caller must not change it.
func (r *Ring) JWKS() []byte { return r.now.Load().jwks }

// Rotate creates a successor for the newest key of an algorithm and returns its identifier. It signs after [Overlap],
// and the old key verifies for a day more. At once is for a key that was stolen: the new one signs and the old one is
// withdrawn from this moment, and with it every token it signed.
func (r *Ring) Rotate(ctx context.Context, alg string, atOnce bool) (string, error) {
	if err := r.Refresh(ctx); err != nil {
		return "", err
	}
	newest, s := "", r.now.Load()
	for _, k := range s.keys {
		if k.alg == alg {
			newest = k.id
		}
	}
	overlap, verify := Overlap, verifyFor
	if atOnce {
		overlap, verify = 0, 0
	}
	id, err := r.add(ctx, alg, newest, overlap, verify)
	if err != nil {
		return "", err
	}
	return id, r.Refresh(ctx)
}

// add stores a new key that signs after overlap; the older ones verify for as long as verify after that.
func (r *Ring) add(ctx context.Context, alg, newest string, overlap, verify time.Duration) (string, error) {
	now := r.clock()
	k, err := generate(alg, r.random)
	if err != nil {
		return "", err
	}
	k.CreatedAt, k.ActiveFrom = now, now.Add(overlap)
	if err := r.store.AddSigningKey(ctx, k, newest, k.ActiveFrom.Add(verify)); err != nil {
		return "", fmt.Errorf("store signing key: %w", err)
	}
	return k.KeyID, nil
}

// Drop removes the keys whose time of verification is over, and keeps their public halves.
func (r *Ring) Drop(ctx context.Context) error {
	now := r.clock()
	stored, err := r.store.SigningKeys(ctx)
	if err != nil {
		return fmt.Errorf("drop signing keys: %w", err)
	}
	var kept []storage.RetiredKey
	for _, sk := range stored {
		if sk.RetireAt.IsZero() || !sk.RetireAt.Before(now) {
			continue
		}
		k, err := parse(sk)
		if err != nil {
			return err
		}
		public, err := k.public().MarshalJSON()
		if err != nil {
			return fmt.Errorf("drop signing keys: %w", err)
		}
		kept = append(kept, storage.RetiredKey{KeyID: k.id, JWK: public, CreatedAt: sk.CreatedAt, RetiredAt: sk.RetireAt})
	}
	if err := r.store.KeepRetiredKeys(ctx, kept); err != nil {
		return err
	}
	return r.store.DropSigningKeys(ctx, now)
}

// maxHistory bounds how many retired keys are told of.
const maxHistory = 500

// History is the public keys that signed once and do no more, each with iat and exp (OpenID Federation 1.0 §8.7.3).
func (r *Ring) History(ctx context.Context) ([]map[string]any, error) {
	retired, err := r.store.RetiredKeys(ctx, maxHistory)
	if err != nil {
		return nil, err
	}
	list := make([]map[string]any, 0, len(retired))
	for _, k := range retired {
		var jwk map[string]any
		if err := json.Unmarshal(k.JWK, &jwk); err != nil {
			return nil, fmt.Errorf("retired key %s: %w", k.KeyID, err)
		}
		jwk["iat"], jwk["exp"] = k.CreatedAt.Unix(), k.RetiredAt.Unix()
		list = append(list, jwk)
	}
	return list, nil
}
