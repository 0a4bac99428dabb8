package idp_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"manyou/idp"
	"manyou/storage"
)

// federation is a nation and a province that know each other, each with an application "main".
type federation struct {
	nation, province *world
}

func newFederation(t *testing.T) federation {
	t.Helper()
	f := federation{
		nation: newWorld(t, func(c *idp.Config) {
			c.Role, c.Region, c.Name = idp.National, "00", map[string]string{"zh": "全国统一身份认证", "en": "National Identity"}
		}),
		province: newWorld(t),
	}
	f.join(f.nation, f.province, "33", "00")
	f.join(f.province, f.nation, "00", "33")
	return f
}

// join makes an issuer's people welcome at another.
func (f federation) join(at, other *world, region, own string) {
	id := "issuer-" + own
	other.application(id, func(a *storage.Application) {
		a.Issuer, a.Region = true, own
		a.RedirectURIs = []string{at.url + idp.CallbackPath}
		a.PostLogoutRedirectURIs = []string{at.url + idp.SignedOutPath}
	})
	must(at.t, at.store.PutUpstream(at.t.Context(), storage.Upstream{
		Issuer: other.url, Region: region, Name: map[string]string{"zh": "对方", "en": "The other"}, ClientID: id, ClientSecret: secretOf(id),
		Scopes: []string{"openid", "profile", "document"}, ACR: map[string]int{"urn:manyou:acr:1": 1, "urn:manyou:acr:2": 2},
		Status: storage.UpstreamActive,
	}))
}

// browser follows redirects between the two issuers and no further.
func (f federation) browser() *http.Client {
	jar, _ := cookiejar.New(nil)
	return &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if at := r.URL.Scheme + "://" + r.URL.Host; at != f.nation.url && at != f.province.url || len(via) > 20 {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

func TestSessionInTheProvinceOpensTheNationsApplicationWithoutAPage(t *testing.T) {
	f := newFederation(t)
	b := f.browser()
	f.province.signIn(b, liNa, f.province.request("main"))
	began := f.province.clock()
	f.nation.pass(time.Minute)
	f.province.pass(time.Minute)
	code := answer(t, f.nation.get(b, f.nation.request("main"))).Get("code")
	_, got := f.nation.redeem("main", code)
	if at := payload(t, got["id_token"])["auth_time"]; at != float64(began.Unix()) {
		t.Errorf("auth_time is %v, the real authentication was at %d", at, began.Unix())
	}
	links, err := f.nation.store.LinksOf(t.Context(), f.person(f.nation, liNa))
	must(t, err)
	if len(links) != 1 || links[0].Issuer != f.province.url {
		t.Errorf("%v", links)
	}
	f.nation.get(b, f.nation.request("second"))
	if links, _ := f.nation.store.LinksOf(t.Context(), f.person(f.nation, liNa)); len(links) != 1 {
		t.Errorf("a second visit made %d links", len(links))
	}
}

func (f federation) person(at *world, c citizen) string {
	at.t.Helper()
	p, err := at.store.PersonByDocument(at.t.Context(), storage.Document{Kind: "resident_id", Number: c.number})
	must(at.t, err)
	return p.ID
}

func TestSilentRequestRoamsOrSaysThatNobodyIsSignedIn(t *testing.T) {
	f := newFederation(t)
	b := f.browser()
	silent := f.nation.request("main", "prompt", "none", "domain_hint", "33")
	if got := answer(t, f.nation.get(b, silent)); got.Get("error") != "login_required" {
		t.Errorf("nobody is signed in: %v", got)
	}
	f.province.signIn(b, liNa, f.province.request("main"))
	if got := answer(t, f.nation.get(b, silent)); got.Get("code") == "" {
		t.Errorf("signed in in the province: %v", got)
	}
}

func TestSessionThatCameFromTheAskerProvesNothingToTheAsker(t *testing.T) {
	f := newFederation(t)
	b := f.browser()
	f.nation.signIn(b, liNa, f.nation.request("main"))                  // at the nation itself
	answer(t, f.province.get(b, f.province.request("main")))            // the province has a session from the nation
	f.nation.post(b, f.nation.url+"/end_session", "action", "sign_out") // the nation's ends
	if got := answer(t, f.nation.get(b, f.nation.request("main", "prompt", "none", "domain_hint", "33"))); got.Get("error") != "login_required" {
		t.Errorf("the nation believed the province what the province had from the nation: %v", got)
	}
}

func TestPeopleOfDifferentNamesAreNeverLinked(t *testing.T) {
	f := newFederation(t)
	must(t, f.nation.store.PutRegister(t.Context(), []storage.RegisterEntry{{
		Document: storage.Document{Kind: "resident_id", Number: liNa.number}, Name: "李娜娜", Region: "33", Status: storage.RegisterValid,
	}}, storage.ImportProgress{Source: "correction"}))
	b := f.browser()
	f.province.signIn(b, liNa, f.province.request("main"))
	response := f.nation.get(b, f.nation.request("main"))
	if response.StatusCode != http.StatusForbidden || strings.Contains(body(t, response), "李娜娜") {
		t.Errorf("%d", response.StatusCode)
	}
	if _, err := f.nation.store.PersonByDocument(t.Context(), storage.Document{Kind: "resident_id", Number: liNa.number}); err == nil {
		t.Error("a person was made of it")
	}
}

func TestProvinceThatIsDownCostsTheSilentAttemptNotTheSignIn(t *testing.T) {
	f := newFederation(t)
	b := f.browser()
	f.province.get(b, f.province.request("main")) // the nation learns where this browser is from
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	upstreams, err := f.nation.store.ListUpstreams(t.Context())
	must(t, err)
	u := upstreams[0]
	must(t, f.nation.store.SetUpstreamStatus(t.Context(), u.Issuer, storage.UpstreamSuspended))
	u.Issuer, u.Region, u.Status = gone.URL, "32", storage.UpstreamActive
	must(t, f.nation.store.PutUpstream(t.Context(), u))
	f.nation.pass(2 * time.Second) // past the age of the list
	at := f.nation.get(b, f.nation.request("main"))
	if !strings.Contains(body(t, at), `name="phone"`) {
		t.Fatalf("no page to sign in: %d", at.StatusCode)
	}
	at = f.nation.post(b, page(at), "action", "province")
	if text := body(t, at); !strings.Contains(text, `value="32"`) || strings.Contains(text, `value="33"`) {
		t.Errorf("the choice shows a suspended province, or not the open one")
	}
	at = f.nation.post(b, page(at), "action", "upstream", "region", "32")
	if at.StatusCode != http.StatusBadGateway {
		t.Errorf("a province that is down: %d", at.StatusCode)
	}
	conversation := page(at)
	if at := f.nation.post(b, conversation, "action", "phone", "phone", liNa.phone); at.StatusCode != http.StatusOK {
		t.Errorf("the sign-in does not go on by phone: %d", at.StatusCode)
	}
	if at := f.nation.post(b, conversation, "action", "upstream", "region", "33"); at.StatusCode >= 500 {
		t.Errorf("a suspended province: %d", at.StatusCode)
	}
}

func TestCallbackIsForOneBrowserOnceAndFromTheIssuerThatWasAsked(t *testing.T) {
	f := newFederation(t)
	b := f.browser()
	f.province.signIn(b, liNa, f.province.request("main"))
	// Stop the browser at the nation's callback.
	var callback *url.URL
	stopped := &http.Client{Jar: b.Jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == idp.CallbackPath && strings.HasPrefix(r.URL.String(), f.nation.url) {
			callback = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	f.nation.get(stopped, f.nation.request("main"))
	if callback == nil {
		t.Fatal("no callback")
	}
	with := func(name, value string) string {
		u, q := *callback, callback.Query()
		q.Set(name, value)
		if value == "" {
			q.Del(name)
		}
		u.RawQuery = q.Encode()
		return u.String()
	}
	if at := f.nation.get(f.browser(), callback.String()); at.StatusCode != http.StatusBadRequest {
		t.Errorf("another browser: %d", at.StatusCode)
	}
	if at := f.nation.get(b, with("state", strings.Repeat("A", 27))); at.StatusCode != http.StatusBadRequest {
		t.Errorf("forged state: %d", at.StatusCode)
	}
	if at := f.nation.get(b, callback.String()+"&state=again"); at.StatusCode != http.StatusBadRequest {
		t.Errorf("state twice: %d", at.StatusCode)
	}
	if at := f.nation.get(b, callback.String()); !strings.HasPrefix(at.Header.Get("Location"), redirectURI) {
		t.Errorf("the good one: %d at %s", at.StatusCode, page(at))
	}
	if at := f.nation.get(b, callback.String()); at.StatusCode != http.StatusBadRequest {
		t.Errorf("replayed: %d", at.StatusCode)
	}
	// A mix-up: another issuer's answer is not taken, whatever it carries (RFC 9207).
	b = f.browser()
	f.province.signIn(b, liNa, f.province.request("main"))
	stopped.Jar = b.Jar
	f.nation.get(stopped, f.nation.request("main"))
	for _, iss := range []string{"https://evil.example", ""} {
		at := f.nation.get(b, with("iss", iss))
		if strings.HasPrefix(at.Header.Get("Location"), redirectURI) {
			t.Errorf("iss %q was taken", iss)
		}
	}
}

func TestIssuerThatGoesDownAfterItWasKnownSendsNoBrowserIntoTheVoid(t *testing.T) {
	f := newFederation(t)
	b := f.browser()
	f.province.signIn(b, liNa, f.province.request("main"))
	answer(t, f.nation.get(b, f.nation.request("main"))) // the nation has the province's metadata and keys
	f.nation.post(b, f.nation.url+"/end_session", "action", "sign_out")
	f.province.stop()
	f.nation.pass(5 * time.Second)
	at := f.nation.get(b, f.nation.request("main"))
	if at.StatusCode != http.StatusOK || !strings.Contains(body(t, at), `name="phone"`) {
		t.Fatalf("no page to sign in: %d at %s", at.StatusCode, page(at))
	}
	at = f.nation.post(b, page(at), "action", "province")
	if at = f.nation.post(b, page(at), "action", "upstream", "region", "33"); at.StatusCode != http.StatusBadGateway {
		t.Errorf("the citizen is not told: %d at %s", at.StatusCode, page(at))
	}
	if got := answer(t, f.nation.get(b, f.nation.request("main", "prompt", "none"))); got.Get("error") != "login_required" {
		t.Errorf("silently: %v", got)
	}
}

func TestSubjectThatWaitsToBeLinkedIsNeverMixedWithAnAppOfSomebodyElse(t *testing.T) {
	f := newFederation(t)
	w, own := f.nation, f.nation.browser()
	w.signIn(own, aynur, w.request("main", "prompt", "login"))
	secret := w.enrol(own)
	w.pass(time.Minute)
	upstreams, err := w.store.ListUpstreams(t.Context())
	must(t, err)
	u := upstreams[0]
	u.Scopes = []string{"openid", "profile"} // no document comes along
	must(t, w.store.PutUpstream(t.Context(), u))
	b := f.browser()
	f.province.signIn(b, liNa, f.province.request("main"))
	w.pass(2 * time.Second)
	conversation := page(w.get(b, w.request("main")))
	w.post(b, conversation, "action", "phone", "phone", aynur.phone)
	if at := w.post(b, conversation, "action", "totp"); strings.Contains(body(t, at), `value="prove"`) {
		t.Error("an app is offered in place of the phone")
	}
	at := w.post(b, conversation, "action", "prove", "code", w.totp(secret))
	if strings.HasPrefix(at.Header.Get("Location"), redirectURI) {
		t.Error("one person's proof at another issuer counted for the holder of an app")
	}
}

func TestBackFromAnotherIssuersPageIsNoDeadEnd(t *testing.T) {
	f := newFederation(t)
	b := f.browser()
	at := f.nation.post(b, page(f.nation.get(b, f.nation.request("main"))), "action", "province")
	conversation := page(at)
	at = f.nation.post(b, conversation, "action", "upstream", "region", "33")
	if !strings.HasPrefix(page(at), f.province.url+"/signin/") {
		t.Fatalf("not at the province: %s", page(at))
	}
	if text := body(t, f.nation.get(b, conversation)); !strings.Contains(text, `name="phone"`) {
		t.Fatal("back at the nation there is no page to go on with")
	}
	before := f.nation.sent()
	at = f.nation.post(b, conversation, "action", "phone", "phone", liNa.phone)
	if !strings.Contains(body(t, at), `name="code"`) || f.nation.sent() == before && f.nation.code(liNa.phone, before) == "" {
		t.Error("the page at the nation leads nowhere")
	}
}

func TestSigningOutEndsTheSessionsThatThisOneCameFrom(t *testing.T) {
	f := newFederation(t)
	b := f.browser()
	f.province.signIn(b, liNa, f.province.request("main"))
	_, got := f.nation.redeem("main", answer(t, f.nation.get(b, f.nation.request("main"))).Get("code"))
	out := f.nation.url + "/end_session?" + url.Values{
		"id_token_hint": {got["id_token"].(string)}, "post_logout_redirect_uri": {"http://127.0.0.1:8765/out"}, "state": {"s&t"},
	}.Encode()
	response := f.nation.get(b, out)
	if got := response.Header.Get("Location"); got != "http://127.0.0.1:8765/out?state=s%26t" {
		t.Errorf("came out at %q, %d %s", got, response.StatusCode, page(response))
	}
	for _, w := range []*world{f.nation, f.province} {
		if got := answer(t, w.get(b, w.request("main", "prompt", "none"))); got.Get("error") != "login_required" {
			t.Errorf("still signed in: %v", got)
		}
	}
}

func TestSignOutGoesOnlyWhereItIsRegisteredAndAsksWithoutAHint(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	_, got := w.redeem("main", w.signIn(b, liNa, w.request("main")).Get("code"))
	for name, q := range map[string]url.Values{
		"not registered": {"id_token_hint": {got["id_token"].(string)}, "post_logout_redirect_uri": {"https://evil.example/"}},
		"no client":      {"post_logout_redirect_uri": {"http://127.0.0.1:8765/out"}},
		"forged hint":    {"id_token_hint": {"x.y.z"}},
		"other client":   {"id_token_hint": {got["id_token"].(string)}, "client_id": {"second"}},
	} {
		if at := w.get(b, w.url+"/end_session?"+q.Encode()); at.StatusCode != http.StatusBadRequest || at.Header.Get("Location") != "" {
			t.Errorf("%s: %d %s", name, at.StatusCode, at.Header.Get("Location"))
		}
	}
	if at := w.get(b, w.url+"/end_session"); at.StatusCode != http.StatusOK || !strings.Contains(body(t, at), `value="sign_out"`) {
		t.Errorf("without a hint nobody was asked: %d", at.StatusCode)
	}
	if got := answer(t, w.get(b, w.request("main", "prompt", "none"))); got.Get("code") == "" {
		t.Errorf("a link signed the citizen out: %v", got)
	}
	if at := w.get(b, w.url+"/upstream/signed-out?state=https://evil.example"); at.Header.Get("Location") != "" {
		t.Errorf("a forged state leads to %s", at.Header.Get("Location"))
	}
}
