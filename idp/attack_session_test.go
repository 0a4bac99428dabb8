package idp_test

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"manyou/idp/keys"
	"manyou/storage"
	"manyou/storage/storagetest"
)

func TestNobodySignsInAgainByTheirOwnReflectionForAWishOfMoreAssurance(t *testing.T) {
	f := newFederation(t)
	b := f.browser()
	f.nation.signIn(b, liNa, f.nation.request("main"))
	answer(t, f.province.get(b, f.province.request("main")))
	f.nation.post(b, f.nation.url+"/end_session", "action", "sign_out")
	got := answer(t, f.nation.get(b, f.nation.request("main", "prompt", "none", "domain_hint", "33", "acr_values", "urn:manyou:acr:2")))
	if got.Get("error") == "" {
		t.Errorf("after sign-out the nation is signed in again from its own reflection: code=%t", got.Get("code") != "")
	}
}

func TestASignOutIsNotUndoneByAWishOfMoreAssurance(t *testing.T) {
	f := newFederation(t)
	b := f.browser()
	_, tok := f.nation.redeem("main", f.nation.signIn(b, liNa, f.nation.request("main")).Get("code"))
	answer(t, f.province.get(b, f.province.request("main")))
	f.nation.get(b, f.nation.url+"/end_session?id_token_hint="+tok["id_token"].(string))
	at := f.nation.get(b, f.nation.request("second", "acr_values", "urn:manyou:acr:2"))
	if strings.HasPrefix(at.Header.Get("Location"), redirectURI) {
		t.Errorf("signed out, and signed in again without a page: %s", strings.Split(at.Header.Get("Location"), "?")[0])
	}
}

func TestAStepUpDoesNotReviveASessionThatEnded(t *testing.T) {
	for name, kill := range map[string]func(w *world, b *http.Client){
		"signed out": func(w *world, b *http.Client) { w.post(b, w.url+"/end_session", "action", "sign_out") },
		"epoch raised": func(w *world, b *http.Client) {
			p, err := w.store.PersonByDocument(t.Context(), storage.Document{Kind: "resident_id", Number: liNa.number})
			must(t, err)
			storagetest.NewEpoch(t, w.store, p.ID, w.clock())
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			b := w.browser()
			w.signIn(b, liNa, w.request("main"))
			secret := w.enrol(b)
			w.pass(time.Minute)
			at := w.get(b, w.request("main", "claims", `{"id_token":{"acr":{"essential":true,"value":"urn:manyou:acr:2"}}}`))
			conversation := page(at)
			kill(w, b)
			if got := answer(t, w.get(b, w.request("main", "prompt", "none"))); got.Get("error") != "login_required" {
				t.Fatalf("the session was meant to be gone: %v", got)
			}
			at = w.post(b, conversation, "action", "prove", "code", w.totp(secret))
			if !strings.HasPrefix(at.Header.Get("Location"), redirectURI) {
				return
			}
			status, got := w.redeem("main", answer(t, at).Get("code"))
			if status == 200 {
				t.Errorf("the ended session was revived: amr %v", payload(t, got["id_token"])["amr"])
			}
		})
	}
}

func TestSignOutRemembersWhereTheFamilyCameFrom(t *testing.T) {
	f := newFederation(t)
	b := f.browser()
	f.province.signIn(b, liNa, f.province.request("main"))
	answer(t, f.nation.get(b, f.nation.request("main"))) // session from the province
	// An essential step that the nation does itself: leave the province's page, sign in by phone here.
	at := f.nation.get(b, f.nation.request("main", "prompt", "select_account"))
	_, got := f.nation.redeem("main", answer(t, f.nation.signInFrom(b, liNa, f.nation.post(b, page(at), "action", "back"))).Get("code"))
	f.nation.get(b, f.nation.url+"/end_session?id_token_hint="+got["id_token"].(string))
	if got := answer(t, f.nation.get(b, f.nation.request("main", "prompt", "none"))); got.Get("error") != "login_required" {
		t.Error("signed out, and back by the province's session that the family came from")
	}
}

func TestPromptLoginStrippedOnTheWayIsNoticed(t *testing.T) {
	f := newFederation(t)
	b := f.browser()
	f.province.signIn(b, liNa, f.province.request("main"))
	f.nation.pass(time.Hour)
	f.province.pass(time.Hour)
	answer(t, f.nation.get(b, f.nation.request("main")))
	var hop *url.URL
	stopped := &http.Client{Jar: b.Jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/authorize" && strings.HasPrefix(r.URL.String(), f.province.url) {
			hop = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	f.nation.get(stopped, f.nation.request("main", "prompt", "login"))
	if hop == nil {
		t.Fatal("not sent to the province")
	}
	q := hop.Query()
	if q.Get("prompt") != "login" {
		t.Fatalf("prompt is %q", q.Get("prompt"))
	}
	q.Del("prompt") // whoever sits at the browser edits the address
	hop.RawQuery = q.Encode()
	at := f.nation.get(b, hop.String())
	if !strings.HasPrefix(at.Header.Get("Location"), redirectURI) {
		return
	}
	_, got := f.nation.redeem("main", answer(t, at).Get("code"))
	t.Errorf("prompt=login was answered with an authentication %v old", f.nation.clock().Sub(time.Unix(int64(payload(t, got["id_token"])["auth_time"].(float64)), 0)))
}

func TestARotationAtOnceWithdrawsOlderKeysToo(t *testing.T) {
	w := newWorld(t)
	r, err := keys.Open(t.Context(), w.store, w.clock, rand.Reader)
	must(t, err)
	stolen, err := r.Signer(keys.ES256)
	must(t, err)
	_, err = r.Rotate(t.Context(), keys.ES256, false) // the yearly rotation
	must(t, err)
	w.pass(5 * time.Minute)
	_, err = r.Rotate(t.Context(), keys.ES256, true) // now it is known that the signing key was stolen
	must(t, err)
	w.pass(time.Minute)
	must(t, r.Refresh(t.Context()))
	forged, err := stolen.Sign(keys.TypeAccessToken, []byte(`{"sub":"anybody"}`))
	must(t, err)
	if _, err := r.Verify(keys.TypeAccessToken, forged); err == nil {
		t.Error("a token signed with the stolen key is accepted after the rotation at once")
	}
	if strings.Contains(string(r.JWKS()), stolen.ID()) {
		t.Error("the stolen key is still published")
	}
}

func TestASignOutThatCannotGoOnEverywhereDoesNotBegin(t *testing.T) {
	f := newFederation(t)
	b := f.browser()
	f.province.signIn(b, liNa, f.province.request("main"))
	_, got := f.nation.redeem("main", answer(t, f.nation.get(b, f.nation.request("main"))).Get("code"))
	at := func(state int) *http.Response {
		return f.nation.get(b, f.nation.url+"/end_session?"+url.Values{
			"id_token_hint": {got["id_token"].(string)}, "post_logout_redirect_uri": {"http://127.0.0.1:8765/out"}, "state": {strings.Repeat("s", state)},
		}.Encode())
	}
	if refused := at(3500); refused.StatusCode != http.StatusBadRequest {
		t.Errorf("a state that is too long: %d", refused.StatusCode)
	}
	if got := answer(t, f.nation.get(b, f.nation.request("main", "prompt", "none"))); got.Get("code") == "" {
		t.Error("half signed out by a request that was refused")
	}
	if done := at(1000); !strings.HasPrefix(done.Header.Get("Location"), "http://127.0.0.1:8765/out") {
		t.Errorf("the sign-out ended with %d at %.60s", done.StatusCode, page(done))
	}
	for _, w := range []*world{f.province, f.nation} {
		if got := answer(t, w.get(b, w.request("main", "prompt", "none"))); got.Get("error") != "login_required" {
			t.Errorf("still signed in at %s", w.url)
		}
	}
}

func TestAHintThatCannotBeReliedOnLeavesNobodySignedIn(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	_, got := w.redeem("main", w.signIn(b, liNa, w.request("main")).Get("code"))
	w.application("main", func(a *storage.Application) { a.Status = storage.ApplicationSuspended })
	w.pass(2 * time.Second)
	at := w.get(b, w.url+"/end_session?id_token_hint="+got["id_token"].(string))
	if at.StatusCode != http.StatusOK || !strings.Contains(body(t, at), `value="sign_out"`) {
		t.Errorf("the citizen is not asked: %d", at.StatusCode)
	}
}

func TestABrowserThatBeginsAndBeginsKeepsEightConversations(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	var last *http.Response
	for range 30 {
		last = w.get(b, w.request("main"))
	}
	u, err := url.Parse(w.url)
	must(t, err)
	n := 0
	for _, c := range b.Jar.Cookies(u) {
		if strings.HasPrefix(c.Name, "signin-") {
			n++
		}
	}
	if n > 8 {
		t.Errorf("%d conversations", n)
	}
	if got := answer(t, w.signInFrom(b, liNa, last)); got.Get("code") == "" {
		t.Errorf("the latest is lost: %v", got)
	}
}
