package idp_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crypto/rand"

	"manyou/federation/trust"
	"manyou/federation/trust/trusttest"
	"manyou/idp"
	"manyou/idp/entity"
	"manyou/storage"
	"manyou/storage/sqlite"
	"manyou/storage/vault"
)

// anchored is a world whose issuer is the trust anchor, with a city below it and an application that only the city knows.
type anchored struct {
	*world
	city, app *trusttest.Entity
	cityStore storage.Store
	jti       int
}

func newAnchored(t *testing.T, change ...func(*entity.Federation)) *anchored {
	t.Helper()
	w := newWorld(t, func(c *idp.Config) {
		c.Federation = &entity.Federation{Loopback: true}
		for _, f := range change {
			f(c.Federation)
		}
	})
	run(t, w.issuer)
	root, err := vault.NewRoot(rand.Reader)
	must(t, err)
	path := filepath.Join(t.TempDir(), "city.db")
	must(t, sqlite.Migrate(t.Context(), path))
	store, _, err := sqlite.Open(t.Context(), path, root)
	must(t, err)
	t.Cleanup(func() { _ = store.Close() })
	a := &anchored{world: w, cityStore: store}
	a.city = trusttest.Superior(t, w.clock, store, w.url)
	a.app = trusttest.Leaf(t, w.clock, nil, a.city.ID)
	a.app.Metadata = map[string]any{trust.OpenIDRelyingParty: map[string]any{
		"client_registration_types": []string{"automatic"}, "redirect_uris": []string{redirectURI}, "response_types": []string{"code"},
		"grant_types": []string{"authorization_code", "refresh_token"}, "token_endpoint_auth_method": "private_key_jwt", "client_name": "城市养老",
		"jwks": json.RawMessage(a.app.Key.JWKS()), "scope": "openid profile offline_access",
	}}
	must(t, store.PutSubordinate(t.Context(), a.app.Subordinate(w.clock(), "")))
	must(t, w.store.PutSubordinate(t.Context(), a.city.Subordinate(w.clock(), `{"constraints":{"max_path_length":1},
		"metadata_policy":{"openid_relying_party":{"grant_types":{"subset_of":["authorization_code"]}}}}`)))
	a.city.Run(t)
	eventually(t, "both say it", func() bool { return a.said(w.url, a.city.ID) != nil && a.said(a.city.ID, a.app.ID) != nil })
	return a
}

// said is what a superior states of a subordinate; nil if nothing.
func (a *anchored) said(superior, subordinate string) map[string]any {
	a.t.Helper()
	at := a.get(http.DefaultClient, superior+"/federation/fetch?sub="+url.QueryEscape(subordinate))
	statement := body(a.t, at)
	if at.StatusCode != http.StatusOK {
		return nil
	}
	return payload(a.t, statement)
}

// run lets an issuer do its background work.
func run(t *testing.T, i *idp.Issuer) {
	done := make(chan error, 1)
	go func() { done <- i.Run(t.Context()) }()
	t.Cleanup(func() { <-done })
}

// signedRequest is a good authorization request of the city's application, with changes to its claims.
func (a *anchored) signedRequest(change ...func(map[string]any)) string {
	a.jti++
	now := a.clock()
	claims := map[string]any{
		"iss": a.app.ID, "client_id": a.app.ID, "aud": a.url, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "jti": rand.Text(),
		"redirect_uri": redirectURI, "response_type": "code", "scope": "openid profile", "state": "the state", "nonce": "the nonce",
		"code_challenge": challenge(verifier), "code_challenge_method": "S256", "max_age": 3600,
	}
	key := a.app.Key
	for _, f := range change {
		f(claims)
	}
	return a.url + "/authorize?" + url.Values{
		"client_id": {a.app.ID}, "request": {key.JWT(a.t, "oauth-authz-req+jwt", claims)}, "scope": {"openid"}, "response_type": {"code"},
	}.Encode()
}

func (a *anchored) assertion() string {
	now := a.clock()
	return a.app.Key.JWT(a.t, "JWT", map[string]any{
		"iss": a.app.ID, "sub": a.app.ID, "aud": a.url, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "jti": rand.Text(),
	})
}

func (a *anchored) exchange(code string) (int, map[string]any) {
	r, err := http.NewRequest(http.MethodPost, a.url+"/token", strings.NewReader(url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}, "code_verifier": {verifier},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {a.assertion()},
	}.Encode()))
	must(a.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return a.do(r)
}

func TestAnApplicationThatOnlyItsCityKnowsSignsACitizenInWithoutARow(t *testing.T) {
	a := newAnchored(t)
	b := a.browser()
	at := a.get(b, a.signedRequest())
	if text := body(t, at); !strings.Contains(text, "城市养老") {
		t.Fatalf("%d %s", at.StatusCode, text)
	}
	status, got := a.exchange(answer(t, a.signInFrom(b, liNa, at)).Get("code"))
	if status != http.StatusOK {
		t.Fatalf("%d %v", status, got)
	}
	if claims := payload(t, got["id_token"]); claims["aud"] != a.app.ID || claims["name"] == "" {
		t.Errorf("%v", claims)
	}
	if _, ok := got["refresh_token"]; ok {
		t.Error("the nation's policy lets it have no refresh token")
	}
	if apps, err := a.store.ListApplications(t.Context(), "", 100); err != nil || len(apps) != 4 {
		t.Errorf("%d rows, %v", len(apps), err)
	}
	// The second time with the session that stands.
	if code := answer(t, a.get(b, a.signedRequest())).Get("code"); code == "" {
		t.Error("not silent")
	}
}

func TestASuspendedCityTakesItsApplicationsWithIt(t *testing.T) {
	a := newAnchored(t)
	b := a.browser()
	a.signInFrom(b, liNa, a.get(b, a.signedRequest()))
	must(t, a.store.SetSubordinateStatus(t.Context(), a.city.ID, storage.SubordinateSuspended, time.Now()))
	eventually(t, "its application is refused", func() bool { return a.get(b, a.signedRequest()).StatusCode == http.StatusBadRequest })
	if status := a.get(b, a.url+"/federation/fetch?sub="+url.QueryEscape(a.city.ID)).StatusCode; status != http.StatusNotFound {
		t.Errorf("a statement about a suspended entity: %d", status)
	}
}

func TestAttackByAnUnsignedRequestOfAStrangerAsksNobody(t *testing.T) {
	a := newAnchored(t)
	asked := make(chan string, 10)
	stranger := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.URL.Path }))
	t.Cleanup(stranger.Close)
	for name, request := range map[string]string{"none": "", "no JWT": "a.b.c", "unsigned": "eyJhbGciOiJub25lIn0.e30."} {
		q := url.Values{"client_id": {stranger.URL}, "redirect_uri": {redirectURI}, "response_type": {"code"}, "scope": {"openid"}}
		if request != "" {
			q.Set("request", request)
		}
		if at := a.get(a.browser(), a.url+"/authorize?"+q.Encode()); at.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", name, at.StatusCode)
		}
	}
	if len(asked) > 0 {
		t.Errorf("asked for %s", <-asked)
	}
	key := trusttest.NewKey(t)
	request := key.JWT(t, "oauth-authz-req+jwt", map[string]any{"iss": stranger.URL})
	a.get(a.browser(), a.url+"/authorize?"+url.Values{"client_id": {stranger.URL}, "request": {request}}.Encode())
	if len(asked) != 1 {
		t.Errorf("who signs is asked for %d times", len(asked))
	}
}

func TestAttackOnTheRequestObjectOpensNothing(t *testing.T) {
	a := newAnchored(t)
	b := a.browser()
	other := trusttest.NewKey(t)
	used := a.signedRequest()
	a.signInFrom(b, liNa, a.get(b, used))
	set := func(name string, value any) func(map[string]any) {
		return func(c map[string]any) { c[name] = value }
	}
	for name, target := range map[string]string{
		"used twice":          used,
		"no request object":   a.url + "/authorize?" + url.Values{"client_id": {a.app.ID}, "redirect_uri": {redirectURI}, "response_type": {"code"}, "scope": {"openid"}, "code_challenge": {challenge(verifier)}, "code_challenge_method": {"S256"}}.Encode(),
		"another's":           a.signedRequest(set("iss", a.city.ID)),
		"for another client":  a.signedRequest(set("client_id", "main")),
		"for another issuer":  a.signedRequest(set("aud", "https://elsewhere.example")),
		"for two issuers":     a.signedRequest(set("aud", []string{a.url, "https://elsewhere.example"})),
		"a client assertion":  a.signedRequest(set("sub", a.app.ID)),
		"expired":             a.signedRequest(set("exp", a.clock().Add(-time.Hour).Unix())),
		"good for ever":       a.signedRequest(set("exp", a.clock().Add(24*time.Hour).Unix())),
		"not valid yet":       a.signedRequest(set("nbf", a.clock().Add(time.Hour).Unix())),
		"without jti":         a.signedRequest(set("jti", "")),
		"with another within": a.signedRequest(set("request", "x")),
		"another redirect":    a.signedRequest(set("redirect_uri", "https://evil.example/cb")),
		"forged":              strings.Replace(a.signedRequest(), "request=", "request="+other.JWT(t, "JWT", map[string]any{"iss": a.app.ID})+"&x=", 1),
		"not signed":          a.url + "/authorize?" + url.Values{"client_id": {a.app.ID}, "request": {"eyJhbGciOiJub25lIn0.e30."}}.Encode(),
	} {
		if at := a.get(b, target); at.StatusCode != http.StatusBadRequest || !strings.HasPrefix(page(at), a.url+"/authorize") {
			t.Errorf("%s: %d at %s", name, at.StatusCode, page(at))
		}
	}
	// What stands beside the object counts for nothing.
	at := a.get(b, a.signedRequest()+"&redirect_uri="+url.QueryEscape("https://evil.example/cb")+"&state=evil")
	if got := answer(t, at); got.Get("state") != "the state" {
		t.Errorf("state %q", got.Get("state"))
	}
}

func TestAttackWithMetadataThatNoApplicationMayHaveOpensNothing(t *testing.T) {
	a := newAnchored(t)
	good := a.app.Metadata[trust.OpenIDRelyingParty].(map[string]any)
	for name, change := range map[string]func(m map[string]any){
		"no authentication":    func(m map[string]any) { m["token_endpoint_auth_method"] = "none" },
		"a secret":             func(m map[string]any) { m["token_endpoint_auth_method"] = "client_secret_basic" },
		"not automatic":        func(m map[string]any) { m["client_registration_types"] = []string{"explicit"} },
		"no keys":              func(m map[string]any) { delete(m, "jwks") },
		"plain http":           func(m map[string]any) { m["redirect_uris"] = []string{"http://app.example/cb"} },
		"two hosts":            func(m map[string]any) { m["redirect_uris"] = []string{redirectURI, "https://other.example/cb"} },
		"a script":             func(m map[string]any) { m["redirect_uris"] = []string{"javascript:alert(1)"} },
		"public subjects":      func(m map[string]any) { m["subject_type"] = "public" },
		"unsigned tokens":      func(m map[string]any) { m["id_token_signed_response_alg"] = "none" },
		"another kind of flow": func(m map[string]any) { m["response_types"] = []string{"token"} },
	} {
		m := map[string]any{}
		for k, v := range good {
			m[k] = v
		}
		change(m)
		app := trusttest.Leaf(t, a.clock, map[string]any{trust.OpenIDRelyingParty: m}, a.city.ID)
		must(t, a.cityStore.PutSubordinate(t.Context(), app.Subordinate(a.clock(), "")))
		time.Sleep(600 * time.Millisecond)
		before := a.app
		a.app = app
		if at := a.get(a.browser(), a.signedRequest()); at.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d at %s", name, at.StatusCode, page(at))
		}
		a.app = before
	}
}

func TestTheEndpointsOfTheFederationAnswerAsTheSpecificationSays(t *testing.T) {
	a := newAnchored(t)
	b := a.browser()
	for path, want := range map[string]struct {
		status int
		typ    string
	}{
		"/.well-known/openid-federation":                      {200, "application/entity-statement+jwt"},
		"/federation/fetch?sub=" + url.QueryEscape(a.city.ID): {200, "application/entity-statement+jwt"},
		"/federation/fetch?sub=https://nobody.example":        {404, "application/json"},
		"/federation/fetch":                                   {400, "application/json"},
		"/federation/fetch?sub=" + url.QueryEscape(a.url):     {400, "application/json"},
		"/federation/list":                                    {200, "application/json"},
		"/federation/list?trust_marked=true":                  {400, "application/json"},
		"/federation/resolve":                                 {400, "application/json"},
		"/federation/resolve?sub=" + url.QueryEscape(a.url+"/nobody") + "&trust_anchor=" + url.QueryEscape(a.url): {400, "application/json"},
		"/federation/resolve?sub=" + url.QueryEscape(a.app.ID) + "&trust_anchor=" + url.QueryEscape(a.url):        {200, "application/resolve-response+jwt"},
		"/federation/resolve?sub=" + url.QueryEscape(a.app.ID) + "&trust_anchor=https://nobody.example":           {404, "application/json"},
		"/federation/trust-mark?trust_mark_type=x&sub=" + url.QueryEscape(a.city.ID):                              {404, "application/json"},
		"/federation/trust-mark":                     {400, "application/json"},
		"/federation/trust-marked":                   {400, "application/json"},
		"/federation/historical-keys":                {200, "application/jwk-set+jwt"},
		"/federation/trust-marked?trust_mark_type=x": {200, "application/json"},
	} {
		if at := a.get(b, a.url+path); path != "" && (at.StatusCode != want.status || !strings.HasPrefix(at.Header.Get("Content-Type"), want.typ)) {
			t.Errorf("%s: %d %s", path, at.StatusCode, at.Header.Get("Content-Type"))
		}
	}
}

func TestATrustMarkIsActiveUntilItIsRevoked(t *testing.T) {
	a := newAnchored(t)
	const kind = "https://nation.example/marks/approved"
	must(t, a.store.PutTrustMark(t.Context(), storage.TrustMark{Type: kind, Subject: a.app.ID, IssuedAt: a.clock()}))
	b := a.browser()
	mark := body(t, a.get(b, a.url+"/federation/trust-mark?trust_mark_type="+url.QueryEscape(kind)+"&sub="+url.QueryEscape(a.app.ID)))
	status := func(raw string) any {
		t.Helper()
		at := a.post(b, a.url+"/federation/trust-mark-status", "trust_mark", raw)
		if at.StatusCode != http.StatusOK {
			return at.StatusCode
		}
		return payload(t, body(t, at))["status"]
	}
	if got := status(mark); got != "active" {
		t.Errorf("%v", got)
	}
	if got := status(a.city.Key.JWT(t, trust.TypeMark, map[string]any{"iss": a.url, "sub": a.app.ID, "trust_mark_type": kind, "iat": a.clock().Unix()})); got != "invalid" {
		t.Errorf("forged: %v", got)
	}
	if got := status("x"); got != http.StatusNotFound {
		t.Errorf("no mark: %v", got)
	}
	must(t, a.store.RevokeTrustMark(t.Context(), kind, a.app.ID, a.clock()))
	if got := status(mark); got != "revoked" {
		t.Errorf("%v", got)
	}
	if at := a.get(b, a.url+"/federation/trust-mark?trust_mark_type="+url.QueryEscape(kind)+"&sub="+url.QueryEscape(a.app.ID)); at.StatusCode != http.StatusNotFound {
		t.Errorf("issued again: %d", at.StatusCode)
	}
}
