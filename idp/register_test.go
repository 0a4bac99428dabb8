package idp_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"manyou/federation/trust"
	"manyou/federation/trust/trusttest"
	"manyou/idp/entity"
	"manyou/storage"
)

func TestAnApplicationWithoutApprovalIsAcceptedOnceItShowsTheMarkAndNoLongerOnceThatIsRevoked(t *testing.T) {
	const kind = "https://nation.example/marks/approved"
	a := newAnchored(t, func(f *entity.Federation) { f.ApplicationMark = kind })
	b := a.browser()
	if at := a.get(b, a.signedRequest()); at.StatusCode != http.StatusBadRequest {
		t.Fatalf("without a mark: %d", at.StatusCode)
	}
	must(t, a.store.PutTrustMark(t.Context(), storage.TrustMark{Type: kind, Subject: a.app.ID, IssuedAt: a.clock()}))
	mark := body(t, a.get(b, a.url+"/federation/trust-mark?trust_mark_type="+url.QueryEscape(kind)+"&sub="+url.QueryEscape(a.app.ID)))
	a.app.Marks = []trust.MarkEntry{{Type: kind, Mark: mark}}
	a.pass(6 * time.Minute)
	if at := a.get(b, a.signedRequest()); at.StatusCode != http.StatusOK {
		t.Fatalf("with a mark: %d %s", at.StatusCode, body(t, at))
	}
	must(t, a.store.RevokeTrustMark(t.Context(), kind, a.app.ID, a.clock()))
	a.pass(6 * time.Minute)
	if at := a.get(b, a.signedRequest()); at.StatusCode != http.StatusBadRequest {
		t.Errorf("revoked: %d", at.StatusCode)
	}
}

// registers sends an entity configuration to the registration endpoint.
func (a *anchored) registers(text, media string) (*http.Response, string) {
	a.t.Helper()
	r, err := http.Post(a.url+"/federation/register", media, strings.NewReader(text))
	must(a.t, err)
	return r, body(a.t, r)
}

// configuration is that of the city's application for the issuer, with changes, signed by a key.
func (a *anchored) configuration(key trusttest.Key, change ...func(map[string]any)) string {
	now := a.clock()
	c := map[string]any{
		"iss": a.app.ID, "sub": a.app.ID, "aud": a.url, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"jwks": json.RawMessage(key.JWKS()), "authority_hints": []string{a.city.ID}, "metadata": a.app.Metadata,
	}
	for _, f := range change {
		f(c)
	}
	return key.JWT(a.t, trust.TypeStatement, c)
}

const statementMedia = "application/entity-statement+jwt"

func TestAnApplicationThatRegistersExplicitlyIsToldWhatItsSuperiorsMakeOfIt(t *testing.T) {
	a := newAnchored(t)
	r, text := a.registers(a.configuration(a.app.Key), statementMedia)
	if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "application/explicit-registration-response+jwt" {
		t.Fatalf("%d %s", r.StatusCode, text)
	}
	claims := payload(t, text)
	m := claims["metadata"].(map[string]any)["openid_relying_party"].(map[string]any)
	if claims["aud"] != a.app.ID || claims["trust_anchor"] != a.url || m["client_id"] != a.app.ID || len(m["grant_types"].([]any)) != 1 {
		t.Errorf("%v", claims)
	}
}

func TestAttackOnExplicitRegistrationRegistersNobody(t *testing.T) {
	a := newAnchored(t)
	other := trusttest.NewKey(t)
	set := func(name string, v any) func(map[string]any) { return func(c map[string]any) { c[name] = v } }
	for name, text := range map[string]string{
		"signed by another key":     a.configuration(other),
		"for another issuer":        a.configuration(a.app.Key, set("aud", "https://elsewhere.example")),
		"for nobody":                a.configuration(a.app.Key, func(c map[string]any) { delete(c, "aud") }),
		"about another":             a.configuration(a.app.Key, set("sub", a.city.ID)),
		"expired":                   a.configuration(a.app.Key, set("exp", a.clock().Unix()-1), set("iat", a.clock().Unix()-10)),
		"of whom no superior knows": a.configuration(a.app.Key, set("iss", a.city.ID), set("sub", a.city.ID)),
		"nonsense":                  "x.y.z",
		"too long":                  strings.Repeat("a", 70<<10),
	} {
		if r, text := a.registers(text, statementMedia); r.StatusCode < 400 || r.StatusCode >= 500 {
			t.Errorf("%s: %d %s", name, r.StatusCode, text)
		}
	}
	if r, _ := a.registers(a.configuration(a.app.Key), "application/json"); r.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("another media type: %d", r.StatusCode)
	}
}
