package trust_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/federation/trust"
)

// publishing is an application that publishes the keys of its client elsewhere, in one of two ways.
type publishing struct {
	*federation
	nation, app *entity
	client      jose.JSONWebKeySet
	media, body string
	status      int
}

func newPublishing(t *testing.T, parameter string) (*publishing, *trust.Resolver) {
	f := newFederation(t)
	nation, _, _, app := f.nation()
	p := &publishing{federation: f, nation: nation, app: app, status: http.StatusOK}
	p.client.Keys = []jose.JSONWebKey{public(newKey(t), "client")}
	m := app.metadata[trust.OpenIDRelyingParty].(map[string]any)
	m[parameter] = app.id + "/keys"
	if parameter == "jwks_uri" {
		body, err := json.Marshal(p.client)
		if err != nil {
			t.Fatal(err)
		}
		p.media, p.body = "application/jwk-set+json", string(body)
	} else {
		p.sign(app, p.claims())
	}
	app.serve = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/keys") {
			return false
		}
		w.Header().Set("Content-Type", p.media)
		w.WriteHeader(p.status)
		fmt.Fprint(w, p.body)
		return true
	}
	return p, f.resolver(nation)
}

func (p *publishing) claims() map[string]any {
	return map[string]any{"iss": p.app.id, "sub": p.app.id, "iat": p.clock().Unix(), "exp": p.clock().Add(30 * time.Minute).Unix(), "keys": p.client.Keys}
}

func (p *publishing) sign(by *entity, claims map[string]any) {
	p.media, p.body = "application/jwk-set+jwt", signed(p.t, by.key, by.kid, trust.TypeKeys, claims)
}

// found are the keys that a resolved client has.
func found(t *testing.T, r *trust.Resolved) string {
	t.Helper()
	text, err := json.Marshal(r.Metadata[trust.OpenIDRelyingParty]["jwks"])
	if err != nil {
		t.Fatal(err)
	}
	keys, err := trust.ParseKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	return keys.Keys[0].KeyID
}

func TestAClientWhoseKeysArePublishedElsewhereIsKnownWithThem(t *testing.T) {
	for _, parameter := range []string{"jwks_uri", "signed_jwks_uri"} {
		p, r := newPublishing(t, parameter)
		got, err := r.Resolve(t.Context(), p.app.id)
		if err != nil {
			t.Fatal(err)
		}
		if found(t, got) != "client" {
			t.Errorf("%s: %v", parameter, got.Metadata)
		}
		p.status = http.StatusBadGateway
		p.pass(6 * time.Minute)
		if got, err := r.Resolve(t.Context(), p.app.id); err != nil || found(t, got) != "client" {
			t.Errorf("%s, which cannot be had for the moment: %v", parameter, err)
		}
		p.pass(55 * time.Minute)
		if _, err := r.Resolve(t.Context(), p.app.id); !errors.Is(err, trust.ErrUnreachable) {
			t.Errorf("%s, past the chain's expiry: %v", parameter, err)
		}
	}
}

func TestAttackWithKeysThatTheClientDidNotSignTrustsNobody(t *testing.T) {
	for name, attack := range map[string]func(p *publishing){
		"signed by another":   func(p *publishing) { p.sign(p.nation, p.claims()) },
		"of another":          func(p *publishing) { c := p.claims(); c["iss"], c["sub"] = p.nation.id, p.nation.id; p.sign(p.app, c) },
		"expired":             func(p *publishing) { c := p.claims(); c["exp"] = p.clock().Unix(); p.sign(p.app, c) },
		"without a key":       func(p *publishing) { c := p.claims(); c["keys"] = []any{}; p.sign(p.app, c) },
		"another kind of JWT": func(p *publishing) { p.body = signed(p.t, p.app.key, p.app.kid, trust.TypeStatement, p.claims()) },
		"not signed at all":   func(p *publishing) { b, _ := json.Marshal(p.client); p.body = string(b) },
		"with a private key in it": func(p *publishing) {
			c, key := p.claims(), p.client.Keys[0]
			key.Key = p.app.key
			c["keys"] = []jose.JSONWebKey{key}
			p.sign(p.app, c)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, r := newPublishing(t, "signed_jwks_uri")
			attack(p)
			if _, err := r.Resolve(t.Context(), p.app.id); !errors.Is(err, trust.ErrUntrusted) {
				t.Errorf("%v", err)
			}
		})
	}
}
