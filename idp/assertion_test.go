package idp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/storage"
)

// assertion signs a client assertion with changes to a good one.
func (w *world) assertion(key any, alg jose.SignatureAlgorithm, change map[string]any) string {
	w.t.Helper()
	claims := map[string]any{
		"iss": "jwt", "sub": "jwt", "aud": w.url, "jti": rand.Text(), "iat": w.clock().Unix(), "exp": w.clock().Add(time.Minute).Unix(),
	}
	for name, v := range change {
		if claims[name] = v; v == nil {
			delete(claims, name)
		}
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, nil)
	must(w.t, err)
	b, err := json.Marshal(claims)
	must(w.t, err)
	jws, err := signer.Sign(b)
	must(w.t, err)
	token, err := jws.CompactSerialize()
	must(w.t, err)
	return token
}

func TestClientAssertionIsItsClientsForThisIssuerShortAndGoodOnce(t *testing.T) {
	w := newWorld(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	public, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), Algorithm: "ES256", Use: "sig"}}})
	must(t, err)
	w.application("jwt", func(a *storage.Application) { a.AuthMethod, a.SecretHash, a.JWKS = "private_key_jwt", nil, public })
	try := func(assertion string) int {
		status, _ := w.call("/token", "", "grant_type", "client_credentials", "client_assertion", assertion,
			"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		return status
	}
	good := w.assertion(key, jose.ES256, nil)
	if status := try(good); status != http.StatusOK {
		t.Fatalf("a good one: %d", status)
	}
	if status := try(good); status != http.StatusUnauthorized {
		t.Errorf("replayed: %d", status)
	}
	for name, change := range map[string]map[string]any{
		"token endpoint":           {"aud": w.url + "/token"},
		"both names of the issuer": {"aud": []string{w.url, w.url + "/token"}},
	} {
		if status := try(w.assertion(key, jose.ES256, change)); status != http.StatusOK {
			t.Errorf("for the %s: %d", name, status)
		}
	}
	for name, assertion := range map[string]string{
		"another key":            w.assertion(other, jose.ES256, nil),
		"the public key as HMAC": w.assertion(public, jose.HS256, nil),
		"another audience":       w.assertion(key, jose.ES256, map[string]any{"aud": "https://other.example"}),
		"another audience too":   w.assertion(key, jose.ES256, map[string]any{"aud": []string{w.url, "https://other.example"}}),
		"no audience":            w.assertion(key, jose.ES256, map[string]any{"aud": nil}),
		"expired":                w.assertion(key, jose.ES256, map[string]any{"exp": w.clock().Add(-time.Minute).Unix()}),
		"without an end":         w.assertion(key, jose.ES256, map[string]any{"exp": nil}),
		"for a year":             w.assertion(key, jose.ES256, map[string]any{"exp": w.clock().Add(365 * 24 * time.Hour).Unix()}),
		"not yet valid":          w.assertion(key, jose.ES256, map[string]any{"nbf": w.clock().Add(time.Hour).Unix()}),
		"no jti":                 w.assertion(key, jose.ES256, map[string]any{"jti": nil}),
		"another issuer":         w.assertion(key, jose.ES256, map[string]any{"iss": "main"}),
		"another client":         w.assertion(key, jose.ES256, map[string]any{"iss": "main", "sub": "main"}),
		"alg none":               "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqd3QiLCJzdWIiOiJqd3QifQ.",
	} {
		if status := try(assertion); status != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, status)
		}
	}
}
