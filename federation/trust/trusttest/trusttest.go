// Package trusttest makes entities of a federation for tests: leaves that sign what they say, and superiors with the real
// endpoints of federation/trust/authority. It is imported by tests alone.
package trusttest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/federation/trust"
	"manyou/federation/trust/authority"
	"manyou/storage"
)

// Key is a signing key with its name.
type Key struct {
	private *ecdsa.PrivateKey
	ID      string
}

// NewKey draws a key.
func NewKey(t testing.TB) Key {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := (&jose.JSONWebKey{Key: &k.PublicKey}).Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return Key{k, base64.RawURLEncoding.EncodeToString(sum)}
}

// JWKS is the public half as a key set.
func (k Key) JWKS() []byte {
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &k.private.PublicKey, KeyID: k.ID, Algorithm: "ES256", Use: "sig"}}})
	if err != nil {
		panic(err) // of a key that was just made
	}
	return set
}

// Sign makes a JWT of a type.
func (k Key) Sign(typ string, payload []byte) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: k.private, KeyID: k.ID}},
		(&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		return "", err
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}

// JWT makes a JWT of claims.
func (k Key) JWT(t testing.TB, typ string, claims any) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	text, err := k.Sign(typ, payload)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Entity is an entity on a port of its own.
type Entity struct {
	ID        string
	Key       Key
	Authority *authority.Authority // nil of a leaf
	Metadata  map[string]any       // by entity type, of a leaf
	Superiors []string
	Marks     []trust.MarkEntry // of a leaf

	clock  func() time.Time
	server *httptest.Server
}

// Leaf serves the configuration of an entity without subordinates.
func Leaf(t testing.TB, clock func() time.Time, metadata map[string]any, superiors ...string) *Entity {
	t.Helper()
	e := &Entity{Key: NewKey(t), Metadata: metadata, Superiors: superiors, clock: clock}
	e.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != trust.ConfigurationPath {
			http.NotFound(w, r)
			return
		}
		now := e.clock()
		claims := map[string]any{
			"iss": e.ID, "sub": e.ID, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "jwks": json.RawMessage(e.Key.JWKS()),
			"authority_hints": e.Superiors, "metadata": e.Metadata,
		}
		if len(e.Marks) > 0 {
			claims["trust_marks"] = e.Marks
		}
		w.Header().Set("Content-Type", "application/"+trust.TypeStatement)
		_, _ = w.Write([]byte(e.Key.JWT(t, trust.TypeStatement, claims)))
	}))
	e.ID = e.server.URL
	t.Cleanup(e.server.Close)
	return e
}

// Superior serves an entity that vouches for others, with subordinates in a store.
func Superior(t testing.TB, clock func() time.Time, store authority.Store, superiors ...string) *Entity {
	t.Helper()
	e := &Entity{Key: NewKey(t), Superiors: superiors, clock: clock}
	mux := http.NewServeMux()
	e.server = httptest.NewServer(mux)
	e.ID = e.server.URL
	t.Cleanup(e.server.Close)
	var err error
	e.Authority, err = authority.New(t.Context(), authority.Config{
		EntityID: e.ID, Superiors: superiors, Name: "an invented city", Sign: e.Key.Sign, JWKS: e.Key.JWKS, Store: store,
		Fetcher: trust.NewFetcher(true, nil), Clock: clock, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	e.Authority.Routes(mux)
	return e
}

// Run keeps a superior's knowledge up to date until the test ends.
func (e *Entity) Run(t testing.TB) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = e.Authority.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
}

// Down makes the entity unreachable.
func (e *Entity) Down() { e.server.Close() }

// Subordinate is an entity as its superior keeps it.
func (e *Entity) Subordinate(now time.Time, rules string) storage.Subordinate {
	b := storage.Subordinate{
		EntityID: e.ID, JWKS: e.Key.JWKS(), Status: storage.SubordinateActive, CreatedAt: now, UpdatedAt: now,
	}
	if rules != "" {
		b.Rules = []byte(rules)
	}
	return b
}
