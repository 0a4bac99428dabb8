package idp_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"manyou/storage"
	"manyou/storage/storagetest"
)

func TestCodeIsRedeemedOnceAndReuseEndsWhatItGave(t *testing.T) {
	w := newWorld(t)
	code := w.signIn(w.browser(), liNa, w.request("main")).Get("code")
	status, first := w.redeem("main", code)
	if status != http.StatusOK {
		t.Fatalf("%d %v", status, first)
	}
	if status, again := w.redeem("main", code); status != http.StatusBadRequest || again["error"] != "invalid_grant" {
		t.Errorf("a code was redeemed twice: %d %v", status, again)
	}
	if status, _ := w.token("main", "grant_type", "refresh_token", "refresh_token", first["refresh_token"].(string)); status != http.StatusBadRequest {
		t.Errorf("the tokens of a code that was used twice live on: %d", status)
	}
	if _, got := w.call("/introspect", "main", "token", first["access_token"].(string)); got["active"] != false {
		t.Errorf("the access token of a code that was used twice is active: %v", got)
	}
}

func TestTwoHundredParallelRedemptionsYieldOneTokenSet(t *testing.T) {
	w := newWorld(t)
	code := w.signIn(w.browser(), liNa, w.request("main")).Get("code")
	var good atomic.Int64
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			if status, _ := w.redeem("main", code); status == http.StatusOK {
				good.Add(1)
			}
		})
	}
	wg.Wait()
	if good.Load() != 1 {
		t.Errorf("%d token sets", good.Load())
	}
}

func TestCodeNeedsItsOwnClientRedirectURIAndVerifier(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	code := w.signIn(b, liNa, w.request("main")).Get("code")
	good := []string{"grant_type", "authorization_code", "code", code, "redirect_uri", redirectURI, "code_verifier", verifier}
	for name, try := range map[string]struct {
		client string
		change map[string]string
	}{
		"foreign client":      {client: "second"},
		"other redirect":      {change: map[string]string{"redirect_uri": redirectURI + "?fixed=1"}},
		"wrong verifier":      {change: map[string]string{"code_verifier": strings.Repeat("x", 43)}},
		"absent verifier":     {change: map[string]string{"code_verifier": ""}}, // even of a confidential client
		"challenge as is":     {change: map[string]string{"code_verifier": challenge(verifier)}},
		"malformed verifier":  {change: map[string]string{"code_verifier": "short"}},
		"forged code":         {change: map[string]string{"code": strings.ToUpper(code)}},
		"refresh token's way": {change: map[string]string{"code": "x"}},
	} {
		client := "main"
		if try.client != "" {
			client = try.client
		}
		form := append([]string{}, good...)
		for n := 0; n < len(form); n += 2 {
			if v, ok := try.change[form[n]]; ok {
				form[n+1] = v
			}
		}
		if status, got := w.token(client, form...); status != http.StatusBadRequest || got["error"] != "invalid_grant" {
			t.Errorf("%s: %d %v", name, status, got)
		}
	}
	if status, got := w.token("main", good...); status != http.StatusOK {
		t.Errorf("the refused attempts used the code up: %d %v", status, got)
	}
}

func TestCodeExpires(t *testing.T) {
	w := newWorld(t)
	code := w.signIn(w.browser(), liNa, w.request("main")).Get("code")
	w.pass(time.Minute)
	if status, got := w.redeem("main", code); status != http.StatusBadRequest || got["error"] != "invalid_grant" {
		t.Errorf("%d %v", status, got)
	}
}

func TestClientRegisteredWithoutPKCEMustSendANonceAndMayNotSendAVerifier(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	without := []string{"code_challenge", "", "code_challenge_method", ""}
	code := w.signIn(b, liNa, w.request("nopkce", without...)).Get("code")
	if status, got := w.redeem("nopkce", code); status != http.StatusBadRequest {
		t.Errorf("a verifier without a challenge was accepted: %d %v", status, got)
	}
	if status, got := w.token("nopkce", "grant_type", "authorization_code", "code", code, "redirect_uri", redirectURI); status != http.StatusOK {
		t.Errorf("%d %v", status, got)
	}
	if got := answer(t, w.get(b, w.request("nopkce", append(without, "nonce", "")...))); got.Get("error") != "invalid_request" {
		t.Errorf("neither PKCE nor nonce: %v", got)
	}
	if got := answer(t, w.get(b, w.request("main", without...))); got.Get("error") != "invalid_request" {
		t.Errorf("a client that must use PKCE went without: %v", got)
	}
}

func TestRefreshRotatesAndReuseEndsTheFamily(t *testing.T) {
	w := newWorld(t)
	first := w.tokens("main", liNa)
	refresh := func(token any) (int, map[string]any) {
		return w.token("main", "grant_type", "refresh_token", "refresh_token", token.(string))
	}
	status, second := refresh(first["refresh_token"])
	if status != http.StatusOK || second["refresh_token"] == first["refresh_token"] {
		t.Fatalf("%d %v", status, second)
	}
	status, third := refresh(second["refresh_token"])
	if status != http.StatusOK {
		t.Fatalf("%d %v", status, third)
	}
	if status, got := refresh(first["refresh_token"]); status != http.StatusBadRequest || got["error"] != "invalid_grant" {
		t.Errorf("an old refresh token was accepted: %d %v", status, got)
	}
	if status, _ := refresh(third["refresh_token"]); status != http.StatusBadRequest {
		t.Error("after reuse the newest refresh token lives on")
	}
}

func TestParallelRefreshesYieldAtMostOneTokenSet(t *testing.T) {
	w := newWorld(t)
	token := w.tokens("main", liNa)["refresh_token"].(string)
	var good atomic.Int64
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if status, _ := w.token("main", "grant_type", "refresh_token", "refresh_token", token); status == http.StatusOK {
				good.Add(1)
			}
		})
	}
	wg.Wait()
	if good.Load() != 1 {
		t.Errorf("%d token sets", good.Load())
	}
}

func TestRefreshTokenIsItsClientsAndNarrowsOnly(t *testing.T) {
	w := newWorld(t)
	token := w.tokens("main", liNa)["refresh_token"].(string)
	if status, got := w.token("second", "grant_type", "refresh_token", "refresh_token", token); status != http.StatusBadRequest {
		t.Errorf("another client used it: %d %v", status, got)
	}
	if status, got := w.token("main", "grant_type", "refresh_token", "refresh_token", token, "scope", "openid document"); got["error"] != "invalid_scope" {
		t.Errorf("scope was widened: %d %v", status, got)
	}
	status, got := w.token("main", "grant_type", "refresh_token", "refresh_token", token, "scope", "openid")
	if status != http.StatusOK || got["scope"] != "openid" {
		t.Errorf("narrowing after refused attempts: %d %v", status, got)
	}
}

func TestTokensDieWithTheSessionSaveOfflineOnes(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	_, online := w.redeem("main", w.signIn(b, liNa, w.request("main")).Get("code"))
	_, offline := w.redeem("main", answer(t, w.get(b, w.request("main", "scope", "openid offline_access"))).Get("code"))
	w.post(b, w.url+"/end_session", "action", "sign_out")
	if _, got := w.call("/introspect", "main", "token", online["access_token"].(string)); got["active"] != false {
		t.Errorf("after sign-out the access token is active: %v", got)
	}
	if status, _ := w.token("main", "grant_type", "refresh_token", "refresh_token", online["refresh_token"].(string)); status == http.StatusOK {
		t.Error("after sign-out the refresh token works")
	}
	if status, got := w.token("main", "grant_type", "refresh_token", "refresh_token", offline["refresh_token"].(string)); status != http.StatusOK {
		t.Errorf("offline_access ended with the session: %d %v", status, got)
	}
}

func TestFrozenPersonsTokensAreDeadAtOnce(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	code := w.signIn(b, liNa, w.request("main")).Get("code")
	_, got := w.redeem("main", code)
	unused := answer(t, w.get(b, w.request("main"))).Get("code")
	person, err := w.store.PersonByDocument(t.Context(), storage.Document{Kind: "resident_id", Number: liNa.number})
	must(t, err)
	storagetest.Freeze(t, w.store, person.ID, w.clock())
	if status, _ := w.redeem("main", unused); status != http.StatusBadRequest {
		t.Error("a code of before was redeemed")
	}
	if status, _ := w.token("main", "grant_type", "refresh_token", "refresh_token", got["refresh_token"].(string)); status != http.StatusBadRequest {
		t.Error("the refresh token works")
	}
	if _, got := w.call("/introspect", "main", "token", got["access_token"].(string)); got["active"] != false {
		t.Error("the access token is active")
	}
	if got := answer(t, w.get(b, w.request("main", "prompt", "none"))); got.Get("error") != "login_required" {
		t.Errorf("silent sign-in: %v", got)
	}
	storagetest.NewEpoch(t, w.store, person.ID, w.clock())
	if _, got := w.call("/introspect", "main", "token", got["access_token"].(string)); got["active"] != false {
		t.Error("thawing revived a token of the old epoch")
	}
}

func TestIDTokenSaysWhoWhenAndHow(t *testing.T) {
	w := newWorld(t)
	began := w.clock()
	got := w.tokens("main", liNa)
	id, access := payload(t, got["id_token"]), payload(t, got["access_token"])
	for claim, want := range map[string]any{
		"iss": w.url, "aud": "main", "nonce": "the nonce", "acr": "urn:manyou:acr:1", "auth_time": float64(began.Unix()),
	} {
		if id[claim] != want {
			t.Errorf("id_token %s is %v, not %v", claim, id[claim], want)
		}
	}
	if id["sub"] == "" || id["sub"] != access["sub"] {
		t.Errorf("sub: %v and %v", id["sub"], access["sub"])
	}
	for _, secret := range []string{liNa.number, liNa.phone, liNa.name} {
		for _, token := range []any{got["id_token"], got["access_token"]} {
			for claim, v := range payload(t, token) {
				if s, ok := v.(string); ok && strings.Contains(s, secret) {
					t.Errorf("claim %s gives personal data away", claim)
				}
			}
		}
	}
}

func TestSubjectsArePairwisePerSectorAndStable(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	_, one := w.redeem("main", w.signIn(b, liNa, w.request("main")).Get("code"))
	_, two := w.redeem("second", answer(t, w.get(b, w.request("second"))).Get("code"))
	again := w.tokens("main", liNa)
	sub := func(got map[string]any) any { return payload(t, got["id_token"])["sub"] }
	if sub(one) == sub(two) {
		t.Error("two sectors can join their subjects")
	}
	if sub(one) != sub(again) {
		t.Error("the subject changes from sign-in to sign-in")
	}
}

func TestClientCredentialsGiveATokenWithoutAPerson(t *testing.T) {
	w := newWorld(t)
	status, got := w.token("main", "grant_type", "client_credentials", "scope", "api")
	if status != http.StatusOK || got["scope"] != "api" || got["refresh_token"] != nil || got["id_token"] != nil {
		t.Fatalf("%d %v", status, got)
	}
	token := got["access_token"].(string)
	if claims := payload(t, token); claims["sub"] != "main" || claims["client_id"] != "main" {
		t.Errorf("%v", claims)
	}
	if _, got := w.token("main", "grant_type", "client_credentials", "scope", "openid api"); got["scope"] != "api" {
		t.Errorf("a scope about a person was granted without one: %v", got)
	}
	if status, got := w.token("main", "grant_type", "client_credentials", "scope", "other"); got["error"] != "invalid_scope" {
		t.Errorf("a scope that is not open to the client: %d %v", status, got)
	}
	if status, got := w.token("public", "grant_type", "client_credentials"); status < 400 || got["error"] == nil || got["access_token"] != nil {
		t.Errorf("a public client: %d %v", status, got)
	}
	if _, got := w.call("/introspect", "main", "token", token); got["active"] != true {
		t.Errorf("%v", got)
	}
	w.call("/revoke", "main", "token", token)
	if _, got := w.call("/introspect", "main", "token", token); got["active"] != false {
		t.Errorf("after revocation: %v", got)
	}
}
