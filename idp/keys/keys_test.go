package keys_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/idp/keys"
	"manyou/storage"
)

// table keeps keys the way the contract of storage.SigningKeys says.
type table struct {
	mu   sync.Mutex
	rows []storage.SigningKey
	kept []storage.RetiredKey
}

func (t *table) SigningKeys(context.Context) ([]storage.SigningKey, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.rows), nil
}

func (t *table) AddSigningKey(_ context.Context, k storage.SigningKey, newest string, retire time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := ""
	for _, row := range t.rows {
		if row.Algorithm == k.Algorithm {
			last = row.KeyID
		}
	}
	if last != newest {
		return storage.ErrConflict
	}
	for n := range t.rows {
		if t.rows[n].Algorithm == k.Algorithm && t.rows[n].RetireAt.IsZero() {
			t.rows[n].RetireAt = retire
		}
	}
	t.rows = append(t.rows, k)
	return nil
}

func (t *table) KeepRetiredKeys(_ context.Context, keys []storage.RetiredKey) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, keys...)
	return nil
}

func (t *table) RetiredKeys(context.Context, int) ([]storage.RetiredKey, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.kept), nil
}

func (t *table) DropSigningKeys(_ context.Context, before time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = slices.DeleteFunc(t.rows, func(k storage.SigningKey) bool {
		return !k.RetireAt.IsZero() && k.RetireAt.Before(before)
	})
	return nil
}

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func open(t *testing.T) (*keys.Ring, *table, *clock) {
	t.Helper()
	store, c := &table{}, &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	ring, err := keys.Open(t.Context(), store, c.Now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return ring, store, c
}

func sign(t *testing.T, r *keys.Ring, alg, typ, payload string) string {
	t.Helper()
	k, err := r.Signer(alg)
	if err != nil {
		t.Fatal(err)
	}
	token, err := k.Sign(typ, []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestForeignLibraryVerifiesOurTokensByThePublishedSet(t *testing.T) {
	ring, _, _ := open(t)
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(ring.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	for _, alg := range []jose.SignatureAlgorithm{jose.ES256, jose.RS256} {
		token := sign(t, ring, string(alg), keys.TypeAccessToken, `{"sub":"x"}`)
		jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{alg})
		if err != nil {
			t.Fatal(err)
		}
		header := jws.Signatures[0].Protected
		if typ := header.ExtraHeaders[jose.HeaderType]; typ != "at+jwt" {
			t.Errorf("typ is %v", typ)
		}
		published := set.Key(header.KeyID)
		if len(published) != 1 || !published[0].IsPublic() {
			t.Fatalf("%s: %d public keys are published under the kid", alg, len(published))
		}
		payload, err := jws.Verify(published[0].Key)
		if err != nil || string(payload) != `{"sub":"x"}` {
			t.Errorf("%s: %q, %v", alg, payload, err)
		}
	}
}

func TestPublishedSetHoldsNoPrivateKey(t *testing.T) {
	ring, _, _ := open(t)
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(ring.JWKS(), &set); err != nil {
		t.Fatal(err)
	}
	for _, k := range set.Keys {
		for _, secret := range []string{"d", "p", "q", "dp", "dq", "qi"} {
			if _, ok := k[secret]; ok {
				t.Errorf("the set publishes %q", secret)
			}
		}
	}
}

func TestVerifyRefusesWhatTheRingDidNotSign(t *testing.T) {
	ring, _, _ := open(t)
	other, _, _ := open(t)
	good := sign(t, ring, keys.ES256, keys.TypeAccessToken, `{"sub":"x"}`)
	part := strings.Split(good, ".")
	b64 := base64.RawURLEncoding.EncodeToString
	if _, err := ring.Verify(keys.TypeAccessToken, good); err != nil { // what was verified before must not help the others
		t.Fatal(err)
	}
	for name, token := range map[string]string{
		"another issuer's":   sign(t, other, keys.ES256, keys.TypeAccessToken, `{"sub":"x"}`),
		"an ID token":        sign(t, ring, keys.ES256, keys.TypeIDToken, `{"sub":"x"}`),
		"alg none":           b64([]byte(`{"alg":"none","typ":"at+jwt"}`)) + "." + part[1] + ".",
		"a changed payload":  part[0] + "." + b64([]byte(`{"sub":"y"}`)) + "." + part[2],
		"no signature":       part[0] + "." + part[1] + ".",
		"a DER signature":    part[0] + "." + part[1] + "." + b64([]byte("0\x06\x02\x01\x01\x02\x01\x01")),
		"two parts":          part[0] + "." + part[1],
		"four parts":         good + ".x",
		"padded":             good + "=",
		"empty":              "",
		"too long":           strings.Repeat("a", keys.MaxToken+1),
		"trailing bits":      good[:len(good)-1] + string(good[len(good)-1]+1),
		"another kid's head": b64([]byte(`{"alg":"ES256","kid":"x","typ":"at+jwt"}`)) + "." + part[1] + "." + part[2],
	} {
		if _, err := ring.Verify(keys.TypeAccessToken, token); !errors.Is(err, keys.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if payload, err := ring.Verify(keys.TypeAccessToken, good); err != nil || string(payload) != `{"sub":"x"}` {
		t.Errorf("the good one: %q, %v", payload, err)
	}
}

func TestRotationOverlapsSoThatNoTokenIsEverUnverifiable(t *testing.T) {
	ring, _, c := open(t)
	before := sign(t, ring, keys.ES256, keys.TypeIDToken, `{}`)
	old, _ := ring.Signer(keys.ES256)
	next, err := ring.Rotate(t.Context(), keys.ES256, false)
	if err != nil {
		t.Fatal(err)
	}
	if k, _ := ring.Signer(keys.ES256); k.ID() != old.ID() {
		t.Error("the new key signs before others can have it")
	}
	if !strings.Contains(string(ring.JWKS()), next) {
		t.Error("the new key is not published ahead of its use")
	}
	c.now = c.now.Add(keys.Overlap)
	if k, _ := ring.Signer(keys.ES256); k.ID() != next {
		t.Error("the new key does not sign after the overlap")
	}
	if _, err := ring.Verify(keys.TypeIDToken, before); err != nil {
		t.Error("a token of the old key is refused after the rotation")
	}
	c.now = c.now.Add(25 * time.Hour)
	if err := ring.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Verify(keys.TypeIDToken, before); err == nil {
		t.Error("the old key is trusted for ever")
	}
}

func TestRotationAtOnceVoidsWhatTheOldKeySigned(t *testing.T) {
	ring, _, _ := open(t)
	before := sign(t, ring, keys.ES256, keys.TypeIDToken, `{}`)
	if _, err := ring.Verify(keys.TypeIDToken, before); err != nil {
		t.Fatal(err)
	}
	next, err := ring.Rotate(t.Context(), keys.ES256, true)
	if err != nil {
		t.Fatal(err)
	}
	if k, _ := ring.Signer(keys.ES256); k.ID() != next {
		t.Error("the old key still signs")
	}
	if _, err := ring.Verify(keys.TypeIDToken, before); err == nil {
		t.Error("what the stolen key signed is still accepted, as it was before")
	}
}

func TestTwoNodesThatStartTogetherShareOneKey(t *testing.T) {
	store := &table{}
	var wg sync.WaitGroup
	rings := make([]*keys.Ring, 8)
	for n := range rings {
		wg.Go(func() {
			ring, err := keys.Open(context.Background(), store, time.Now, rand.Reader)
			if err != nil {
				t.Error(err)
			}
			rings[n] = ring
		})
	}
	wg.Wait()
	first, _ := rings[0].Signer(keys.ES256)
	for _, r := range rings[1:] {
		if k, err := r.Signer(keys.ES256); err != nil || k.ID() != first.ID() {
			t.Errorf("a node signs with a key of its own: %v", err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	store := &table{}
	ring, err := keys.Open(context.Background(), store, time.Now, rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	k, _ := ring.Signer(keys.ES256)
	good, _ := k.Sign(keys.TypeAccessToken, []byte(`{"sub":"x"}`))
	f.Add(good)
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, token string) {
		if payload, err := ring.Verify(keys.TypeAccessToken, token); err == nil && string(payload) != `{"sub":"x"}` {
			t.Errorf("accepted %q", token)
		}
	})
}

func BenchmarkSign(b *testing.B) {
	ring, err := keys.Open(context.Background(), &table{}, time.Now, rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	k, _ := ring.Signer(keys.ES256)
	payload := make([]byte, 400)
	for b.Loop() {
		if _, err := k.Sign(keys.TypeAccessToken, payload); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAKeyThatIsDroppedIsToldOfWithoutItsPrivateHalf(t *testing.T) {
	c, rows := &clock{time.Now()}, &table{}
	r, err := keys.Open(t.Context(), rows, c.Now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	old, err := r.Signer(keys.ES256)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Rotate(t.Context(), keys.ES256, false); err != nil {
		t.Fatal(err)
	}
	history := func(want int) []map[string]any {
		t.Helper()
		if err := r.Drop(t.Context()); err != nil {
			t.Fatal(err)
		}
		list, err := r.History(t.Context())
		if err != nil || len(list) != want {
			t.Fatalf("%v, %v", list, err)
		}
		return list
	}
	history(0)
	c.now = c.now.Add(48 * time.Hour)
	told := history(1)[0]
	if told["kid"] != old.ID() || told["d"] != nil || told["exp"] == nil || told["iat"] == nil || told["x"] == nil {
		t.Errorf("%v", told)
	}
}
