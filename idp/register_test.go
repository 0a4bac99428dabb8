package idp_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"manyou/federation/trust"
	"manyou/federation/trust/trusttest"
	"manyou/idp"
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

// explicitly lets the city's application know no other way of registration.
func (a *anchored) explicitly() {
	a.app.Metadata[trust.OpenIDRelyingParty].(map[string]any)["client_registration_types"] = []string{"explicit"}
}

// opens reports whether an ordinary request of the city's application, unsigned, leads to a sign-in.
func (a *anchored) opens() bool {
	a.t.Helper()
	return a.get(a.browser(), a.request(a.app.ID)).StatusCode == http.StatusOK
}

func TestAnApplicationThatRegistersExplicitlyWorksWithOrdinaryRequestsUntilItsChainEnds(t *testing.T) {
	a := newAnchored(t)
	a.explicitly()
	a.app.Metadata[trust.OpenIDRelyingParty].(map[string]any)["scope"] = everyScope
	// Another node has found out that nobody knows the application.
	other, err := idp.New(t.Context(), a.config)
	must(t, err)
	run(t, other)
	elsewhere := func() int {
		w := httptest.NewRecorder()
		other.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, strings.TrimPrefix(a.request(a.app.ID), a.url), nil))
		return w.Code
	}
	if a.opens() || elsewhere() != http.StatusBadRequest {
		t.Fatal("it works before it is registered")
	}
	r, text := a.registers(a.configuration(a.app.Key), statementMedia)
	if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "application/explicit-registration-response+jwt" {
		t.Fatalf("%d %s", r.StatusCode, text)
	}
	claims := payload(t, text)
	m := claims["metadata"].(map[string]any)["openid_relying_party"].(map[string]any)
	if claims["aud"] != a.app.ID || claims["trust_anchor"] != a.url || m["client_id"] != a.app.ID || len(m["grant_types"].([]any)) != 1 ||
		m["scope"] != "openid profile offline_access" || m["require_signed_request_object"] != nil {
		t.Errorf("%v", claims)
	}
	b := a.browser()
	code := a.signIn(b, liNa, a.request(a.app.ID, "scope", "openid profile phone")).Get("code")
	status, got := a.exchange(code)
	if status != http.StatusOK || got["scope"] != "openid profile" {
		t.Fatalf("%d %v", status, got)
	}
	if a.pass(2 * time.Second); elsewhere() == http.StatusBadRequest {
		t.Error("another node does not know it")
	}
	if status, _ := a.token("", "grant_type", "authorization_code", "client_id", a.app.ID, "code", code, "redirect_uri", redirectURI, "code_verifier", verifier); status != http.StatusUnauthorized {
		t.Errorf("without its key: %d", status)
	}
	// Anew, by a chain: what it was told before is replaced.
	a.pass(time.Minute)
	a.app.Metadata[trust.OpenIDRelyingParty].(map[string]any)["client_name"] = "另一个名字"
	top := body(t, a.get(http.DefaultClient, a.url+trust.ConfigurationPath))
	if r, text := a.registers(jsonText(t, []string{a.configuration(a.app.Key), top}), "application/trust-chain+json"); r.StatusCode != http.StatusOK {
		t.Fatalf("by a chain: %d %s", r.StatusCode, text)
	}
	if text := body(t, a.get(a.browser(), a.request(a.app.ID))); !strings.Contains(text, "另一个名字") {
		t.Error("the registration is not replaced")
	}
	if a.pass(2 * time.Hour); a.opens() {
		t.Error("it outlives its chain")
	}
	if r, text := a.registers(a.configuration(a.app.Key), statementMedia); r.StatusCode != http.StatusOK || !a.opens() {
		t.Errorf("and once more: %d %s", r.StatusCode, text)
	}
}

func TestAnExplicitRegistrationEndsWithTheSuspensionOfASuperior(t *testing.T) {
	a := newAnchored(t)
	a.explicitly()
	if r, text := a.registers(a.configuration(a.app.Key), statementMedia); r.StatusCode != http.StatusOK || !a.opens() {
		t.Fatalf("%d %s", r.StatusCode, text)
	}
	must(t, a.store.SetSubordinateStatus(t.Context(), a.city.ID, storage.SubordinateSuspended, a.clock()))
	eventually(t, "it is no application any more", func() bool { return !a.opens() })
	if r, text := a.registers(a.configuration(a.app.Key), statementMedia); r.StatusCode != http.StatusBadRequest {
		t.Errorf("anew: %d %s", r.StatusCode, text)
	}
}

func TestAttackOnExplicitRegistrationRegistersNobody(t *testing.T) {
	a := newAnchored(t)
	a.explicitly()
	other := trusttest.NewKey(t)
	set := func(name string, v any) func(map[string]any) { return func(c map[string]any) { c[name] = v } }
	stranger := trusttest.Leaf(t, a.clock, a.app.Metadata, a.city.ID) // whom the city does not know
	unknown := trusttest.Superior(t, a.clock, a.cityStore)            // an anchor of somebody else
	unknown.Run(t)
	chainTo := func(anchor string) string {
		return jsonText(t, []string{a.configuration(a.app.Key), body(t, a.get(http.DefaultClient, anchor+trust.ConfigurationPath))})
	}
	for name, c := range map[string]struct{ text, media string }{
		"signed by another key":     {a.configuration(other), ""},
		"for another issuer":        {a.configuration(a.app.Key, set("aud", "https://elsewhere.example")), ""},
		"for nobody":                {a.configuration(a.app.Key, func(c map[string]any) { delete(c, "aud") }), ""},
		"about another":             {a.configuration(a.app.Key, set("sub", a.city.ID)), ""},
		"in the name of another":    {a.configuration(a.app.Key, set("iss", a.city.ID), set("sub", a.city.ID)), ""},
		"in the name of the nation": {a.configuration(a.app.Key, set("iss", a.url), set("sub", a.url)), ""},
		"expired":                   {a.configuration(a.app.Key, set("exp", a.clock().Unix()-1), set("iat", a.clock().Unix()-10)), ""},
		"good for a year":           {a.configuration(a.app.Key, set("exp", a.clock().Unix()+365*86400)), ""},
		"of whom no superior knows": {a.configuration(stranger.Key, set("iss", stranger.ID), set("sub", stranger.ID)), ""},
		"below a stranger":          {a.configuration(a.app.Key, set("authority_hints", []string{unknown.ID})), ""},
		"a chain to a stranger":     {chainTo(unknown.ID), "application/trust-chain+json"},
		"a chain of one":            {jsonText(t, []string{a.configuration(a.app.Key)}), "application/trust-chain+json"},
		"no chain":                  {"{}", "application/trust-chain+json"},
		"nonsense":                  {"x.y.z", ""},
		"too long":                  {strings.Repeat("a", 70<<10), ""},
		"an endless chain":          {strings.Repeat("a", 700<<10), "application/trust-chain+json"},
	} {
		if c.media == "" {
			c.media = statementMedia
		}
		if r, text := a.registers(c.text, c.media); r.StatusCode < 400 || r.StatusCode >= 500 || a.opens() {
			t.Errorf("%s: %d %s", name, r.StatusCode, text)
		}
	}
	if r, _ := a.registers(a.configuration(a.app.Key), "application/json"); r.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("another media type: %d", r.StatusCode)
	}
	// What it said before it said something else.
	old := a.configuration(a.app.Key)
	a.pass(time.Minute)
	a.app.Metadata[trust.OpenIDRelyingParty].(map[string]any)["client_name"] = "新的名字"
	if r, text := a.registers(a.configuration(a.app.Key), statementMedia); r.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", r.StatusCode, text)
	}
	if r, text := a.registers(old, statementMedia); r.StatusCode != http.StatusBadRequest || !strings.Contains(body(t, a.get(a.browser(), a.request(a.app.ID))), "新的名字") {
		t.Errorf("an old configuration: %d %s", r.StatusCode, text)
	}
	// One that registers automatically alone.
	a.app.Metadata[trust.OpenIDRelyingParty].(map[string]any)["client_registration_types"] = []string{"automatic"}
	a.pass(time.Minute)
	if r, text := a.registers(a.configuration(a.app.Key), statementMedia); r.StatusCode != http.StatusBadRequest {
		t.Errorf("automatic alone: %d %s", r.StatusCode, text)
	}
}
