package upstream_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/federation/upstream"
)

const audience = "https://here.example"

// typed makes a JWT with a typ.
func (k keyPair) typed(t *testing.T, typ string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: k.algorithm, Key: jose.JSONWebKey{Key: k.private, KeyID: k.id}},
		(&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(mustJSON(t, claims))
	if err != nil {
		t.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (p *province) presentedClaims() map[string]any {
	now := p.clock.now()
	return map[string]any{
		"iss": p.server.URL, "sub": theSubject, "aud": audience, "client_id": "agent", "scope": "api", "jti": "j", "iat": now.Unix(),
		"exp": now.Add(time.Minute).Unix(), "auth_time": now.Add(-time.Hour).Unix(), "acr": "LOA3", "amr": []string{"sms"}, "origin": p.server.URL,
		"act": map[string]any{"sub": "agent"},
	}
}

// presentedWrong are changes that nothing presented may have.
func (p *province) presentedWrong() map[string]map[string]any {
	now := p.clock.now()
	return map[string]map[string]any{
		"another issuer":         {"iss": "https://elsewhere.example"},
		"expired":                {"exp": now.Add(-time.Minute).Unix()},
		"without end":            {"exp": nil},
		"at the end of all time": {"exp": 1e300},
		"not valid yet":          {"nbf": now.Add(time.Hour).Unix()},
		"of tomorrow":            {"iat": now.Add(time.Hour).Unix()},
		"nobody's":               {"sub": nil},
		"an endless subject":     {"sub": strings.Repeat("x", 300)},
		"an application's own":   {"sub": "agent"},
		"without a client":       {"client_id": nil},
		"without a time":         {"auth_time": nil},
		"an endless origin":      {"origin": strings.Repeat("x", 3<<10)},
		"authenticated tomorrow": {"auth_time": now.Add(24 * time.Hour).Unix()},
	}
}

func changed(claims, change map[string]any) map[string]any {
	for k, v := range change {
		if v == nil {
			delete(claims, k)
		} else {
			claims[k] = v
		}
	}
	return claims
}

func TestAnAuthorizationGrantCountsOnlyIfEverythingAboutItHolds(t *testing.T) {
	province := newProvince(t)
	p := province.provider()
	got, err := p.Grant(t.Context(), province.key.typed(t, upstream.TypeGrant, province.presentedClaims()), audience)
	if err != nil || got.Subject != theSubject || got.ClientID != "agent" || got.Scopes[0] != "api" || string(got.Actor) != `{"sub":"agent"}` {
		t.Fatalf("%+v, %v", got, err)
	}
	wrong := province.presentedWrong()
	wrong["for another issuer"] = map[string]any{"aud": "https://elsewhere.example"}
	wrong["for two issuers"] = map[string]any{"aud": []string{audience, "https://elsewhere.example"}}
	wrong["for nobody"] = map[string]any{"aud": nil}
	wrong["good for an hour"] = map[string]any{"exp": province.clock.now().Add(time.Hour).Unix()}
	wrong["without jti"] = map[string]any{"jti": nil}
	for name, change := range wrong {
		token := province.key.typed(t, upstream.TypeGrant, changed(province.presentedClaims(), change))
		if _, err := p.Grant(t.Context(), token, audience); !errors.Is(err, upstream.ErrMisbehaved) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, typ := range []string{"JWT", "at+jwt", "logout+jwt", "entity-statement+jwt", ""} {
		if _, err := p.Grant(t.Context(), province.key.typed(t, typ, province.presentedClaims()), audience); !errors.Is(err, upstream.ErrMisbehaved) {
			t.Errorf("a %q: %v", typ, err)
		}
	}
	if _, err := p.Grant(t.Context(), newKey(t, "first", jose.ES256).typed(t, upstream.TypeGrant, province.presentedClaims()), audience); !errors.Is(err, upstream.ErrMisbehaved) {
		t.Errorf("forged: %v", err)
	}
}

func TestAnAccessTokenOfAnotherIssuerCountsOnlyIfThatIssuerSaysSo(t *testing.T) {
	province := newProvince(t)
	var answer map[string]any
	province.override["/introspect"] = func(w http.ResponseWriter, r *http.Request) {
		if _, _, ok := r.BasicAuth(); !ok {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		writeJSON(w, answer)
	}
	province.metadata["introspection_endpoint"] = province.server.URL + "/introspect"
	p := province.provider()
	says := func(change map[string]any) map[string]any {
		claims := changed(province.presentedClaims(), map[string]any{"sub": "as-we-know-them", "active": true})
		return changed(claims, change)
	}
	answer = says(nil)
	token := province.key.typed(t, "at+jwt", province.presentedClaims())
	if got, err := p.AccessToken(t.Context(), token); err != nil || got.Subject != "as-we-know-them" {
		t.Fatalf("%+v, %v", got, err)
	}
	answer = says(map[string]any{"exp": nil})
	if got, err := p.AccessToken(t.Context(), token); err != nil || got.Expires.Unix() != province.clock.now().Add(time.Minute).Unix() {
		t.Errorf("an answer without an end: %s, %v", got.Expires, err)
	}
	for name, change := range map[string]map[string]any{
		"not active":           {"active": false},
		"another token":        {"jti": "other"},
		"another client":       {"client_id": "other"},
		"another issuer":       {"iss": "https://elsewhere.example"},
		"nobody":               {"sub": nil},
		"an application's own": {"sub": "agent"},
		"expired":              {"exp": province.clock.now().Add(-time.Minute).Unix()},
		"an endless origin":    {"origin": strings.Repeat("x", 3<<10)},
	} {
		answer = says(change)
		if _, err := p.AccessToken(t.Context(), token); err == nil {
			t.Errorf("the answer: %s", name)
		}
	}
	answer = says(nil)
	for name, change := range map[string]map[string]any{"expired": {"exp": province.clock.now().Add(-time.Minute).Unix()}, "another issuer": {"iss": "https://elsewhere.example"}} {
		if _, err := p.AccessToken(t.Context(), province.key.typed(t, "at+jwt", changed(province.presentedClaims(), change))); err == nil {
			t.Errorf("the token: %s", name)
		}
	}
	for _, typ := range []string{"JWT", "logout+jwt", upstream.TypeGrant} {
		if _, err := p.AccessToken(t.Context(), province.key.typed(t, typ, province.presentedClaims())); !errors.Is(err, upstream.ErrMisbehaved) {
			t.Errorf("a %q: %v", typ, err)
		}
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
