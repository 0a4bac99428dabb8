package idp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"manyou/storage"
)

func TestSessionAnswersWithoutAPage(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.signIn(b, liNa, w.request("main"))
	response := w.get(b, w.request("second"))
	got := answer(t, response)
	if response.StatusCode != http.StatusFound || got.Get("code") == "" || got.Get("state") != "the state" || got.Get("iss") != w.url {
		t.Errorf("%d %v", response.StatusCode, got)
	}
}

func TestUnsureRequestsAreShownNeverSent(t *testing.T) {
	w := newWorld(t)
	w.application("draft", func(a *storage.Application) { a.Status = storage.ApplicationDraft })
	w.application("suspended", func(a *storage.Application) { a.Status = storage.ApplicationSuspended })
	for name, target := range map[string]string{
		"unknown client":          w.request("nobody"),
		"no client":               w.request("main", "client_id", ""),
		"draft":                   w.request("draft"),
		"suspended":               w.request("suspended"),
		"other redirect":          w.request("main", "redirect_uri", "https://evil.example/cb"),
		"redirect with a suffix":  w.request("main", "redirect_uri", redirectURI+"/more"),
		"redirect with a query":   w.request("main", "redirect_uri", redirectURI+"?fixed=1&more=2"),
		"redirect with userinfo":  w.request("main", "redirect_uri", "http://127.0.0.1:8765@evil.example/cb"),
		"no redirect":             w.request("main", "redirect_uri", ""),
		"1 MB parameter":          w.request("main", "state", strings.Repeat("s", 1<<20)),
		"two clients":             w.request("main") + "&client_id=second",
		"two redirects":           w.request("main") + "&redirect_uri=" + url.QueryEscape("https://evil.example/"),
		"a query that is no form": w.url + "/authorize?client_id=%zz",
	} {
		response := w.get(w.browser(), target)
		if response.StatusCode < 400 || response.StatusCode >= 500 || response.Header.Get("Location") != "" {
			t.Errorf("%s: %d, Location %q", name, response.StatusCode, response.Header.Get("Location"))
		}
		if text := body(t, response); strings.Contains(text, "//evil.example") || !strings.Contains(text, "<html") {
			t.Errorf("%s: not a page of ours: %.200s", name, text)
		}
	}
}

func TestBadRequestsGoBackToTheApplicationWithStateAndIssuer(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.signIn(b, liNa, w.request("main"))
	for name, try := range map[string]struct {
		target, code string
	}{
		"plain":               {w.request("main", "code_challenge_method", "plain"), "invalid_request"},
		"method left out":     {w.request("main", "code_challenge_method", ""), "invalid_request"},
		"no challenge":        {w.request("main", "code_challenge", ""), "invalid_request"},
		"malformed challenge": {w.request("main", "code_challenge", "short"), "invalid_request"},
		"token":               {w.request("main", "response_type", "token"), "unsupported_response_type"},
		"hybrid":              {w.request("main", "response_type", "code id_token"), "unsupported_response_type"},
		"no type":             {w.request("main", "response_type", ""), "invalid_request"},
		"fragment":            {w.request("main", "response_mode", "fragment"), "invalid_request"},
		"request object":      {w.request("main", "request", "e30.e30."), "request_not_supported"},
		"request_uri":         {w.request("main", "request_uri", "https://evil.example/r"), "request_uri_not_supported"},
		"registration":        {w.request("main", "registration", "{}"), "registration_not_supported"},
		"none and login":      {w.request("main", "prompt", "none login"), "invalid_request"},
		"unknown prompt":      {w.request("main", "prompt", "dance"), "invalid_request"},
		"negative age":        {w.request("main", "max_age", "-1"), "invalid_request"},
		"claims no JSON":      {w.request("main", "claims", "{"), "invalid_request"},
		"claims too long":     {w.request("main", "claims", `{"x":"`+strings.Repeat("x", 3000)+`"}`), "invalid_request"},
		"no scope":            {w.request("main", "scope", "unheard"), "invalid_scope"},
		"nonce too long":      {w.request("main", "nonce", strings.Repeat("n", 2000)), "invalid_request"},
		"nonce not UTF-8":     {w.request("main", "nonce", "\xff"), "invalid_request"},
		"nonce twice":         {w.request("main") + "&nonce=2", "invalid_request"},
		"essential rung":      {w.request("main", "claims", `{"id_token":{"acr":{"essential":true,"value":"urn:manyou:acr:4"}}}`), "unmet_authentication_requirements"},
		"essential unknown":   {w.request("main", "claims", `{"id_token":{"acr":{"essential":true,"value":"gold"}}}`), "unmet_authentication_requirements"},
	} {
		got := answer(t, w.get(b, try.target))
		if got.Get("error") != try.code || got.Get("code") != "" || got.Get("state") != "the state" || got.Get("iss") != w.url {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestSilentRequestNeverShowsAPage(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	if got := answer(t, w.get(b, w.request("main", "prompt", "none"))); got.Get("error") != "login_required" || got.Get("iss") != w.url {
		t.Errorf("without a session: %v", got)
	}
	w.signIn(b, liNa, w.request("main"))
	if got := answer(t, w.get(b, w.request("main", "prompt", "none"))); got.Get("code") == "" {
		t.Errorf("with a session: %v", got)
	}
	w.pass(time.Hour)
	if got := answer(t, w.get(b, w.request("main", "prompt", "none", "max_age", "60"))); got.Get("error") != "login_required" {
		t.Errorf("with a session that is too old: %v", got)
	}
	w.pass(12 * time.Hour)
	if got := answer(t, w.get(b, w.request("main", "prompt", "none"))); got.Get("error") != "login_required" {
		t.Errorf("with a session that has expired: %v", got)
	}
}

func TestPromptLoginAndMaxAgeAskAgainAndMoveAuthTime(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.signIn(b, liNa, w.request("main"))
	for _, change := range [][]string{{"prompt", "login"}, {"max_age", "60"}, {"max_age", "0"}} {
		w.pass(2 * time.Minute)
		_, got := w.redeem("main", w.signIn(b, liNa, w.request("main", change...)).Get("code"))
		if at := payload(t, got["id_token"])["auth_time"]; at != float64(w.clock().Unix()) {
			t.Errorf("%v: auth_time is %v", change, at)
		}
	}
}

func TestHintsNameThePersonWhoMustBeSignedIn(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	_, got := w.redeem("main", w.signIn(b, liNa, w.request("main")).Get("code"))
	hint := got["id_token"].(string)
	other := w.tokens("main", aynur)["id_token"].(string)
	silent := func(change ...string) url.Values {
		return answer(t, w.get(b, w.request("main", append(change, "prompt", "none")...)))
	}
	if got := silent("id_token_hint", hint); got.Get("code") == "" {
		t.Errorf("her own hint: %v", got)
	}
	w.pass(time.Hour)
	if got := silent("id_token_hint", hint); got.Get("code") == "" {
		t.Errorf("an expired hint: %v", got)
	}
	for name, token := range map[string]string{"another person's": other, "forged": hint[:len(hint)-4] + "AAAA", "nonsense": "x"} {
		if got := silent("id_token_hint", token); got.Get("error") != "login_required" {
			t.Errorf("%s hint: %v", name, got)
		}
	}
	sub := payload(t, other)["sub"].(string)
	if got := silent("claims", `{"id_token":{"sub":{"value":"`+sub+`"}}}`); got.Get("error") != "login_required" {
		t.Errorf("another person's sub: %v", got)
	}
	// Another person signs in where she was asked for.
	if got := w.signIn(b, aynur, w.request("main", "id_token_hint", hint, "prompt", "login")); got.Get("error") != "login_required" {
		t.Errorf("another person signed in: %v", got)
	}
}

func TestFormPostPostsToTheApplicationAndNowhereElse(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.signIn(b, liNa, w.request("main"))
	response := w.get(b, w.request("main", "response_mode", "form_post", "state", `"><script>alert(1)</script>`))
	text := body(t, response)
	if response.StatusCode != 200 || !strings.Contains(text, `action="`+redirectURI+`"`) || !strings.Contains(text, `name="code"`) || !strings.Contains(text, `name="iss"`) {
		t.Errorf("%d %s", response.StatusCode, text)
	}
	if strings.Contains(text, "<script>alert") {
		t.Error("the state is not escaped")
	}
	if !strings.Contains(response.Header.Get("Content-Security-Policy"), "http://127.0.0.1:8765") {
		t.Errorf("the policy does not let the form go: %s", response.Header.Get("Content-Security-Policy"))
	}
}

func TestAuthorizationByPOST(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.signIn(b, liNa, w.request("main"))
	u, _ := url.Parse(w.request("main"))
	var form []string
	for name, values := range u.Query() {
		form = append(form, name, values[0])
	}
	if got := answer(t, w.post(b, w.url+"/authorize", form...)); got.Get("code") == "" {
		t.Errorf("%v", got)
	}
}

func TestConsentIsAskedOnceForADocumentAndCanBeRefused(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.signIn(b, liNa, w.request("main"))
	asks := w.request("main", "scope", "openid document")
	if got := answer(t, w.get(b, w.request("main", "scope", "openid document", "prompt", "none"))); got.Get("error") != "consent_required" {
		t.Errorf("silently: %v", got)
	}
	if got := answer(t, w.post(b, page(w.get(b, asks)), "action", "decline")); got.Get("error") != "access_denied" {
		t.Errorf("refused: %v", got)
	}
	code := answer(t, w.post(b, page(w.get(b, asks)), "action", "agree")).Get("code")
	status, got := w.redeem("main", code)
	if status != 200 {
		t.Fatalf("%d %v", status, got)
	}
	_, info := w.raw("GET", "/userinfo", "", "", "Authorization", "Bearer "+got["access_token"].(string))
	if !strings.Contains(info, liNa.number) {
		t.Errorf("userinfo lacks the document: %s", info)
	}
	if got := answer(t, w.get(b, asks)); got.Get("code") == "" {
		t.Errorf("asked again: %v", got)
	}
	_, got = w.redeem("second", answer(t, w.get(b, w.request("second"))).Get("code"))
	if _, info := w.raw("GET", "/userinfo", "", "", "Authorization", "Bearer "+got["access_token"].(string)); strings.Contains(info, liNa.number) {
		t.Error("an application that did not ask was given the document")
	}
}

func TestTamperedCookiesAreNobody(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.signIn(b, liNa, w.request("main"))
	u, _ := url.Parse(w.url)
	for _, c := range b.Jar.Cookies(u) {
		if !strings.HasPrefix(c.Name, "session") {
			continue
		}
		flipped := "A"
		if c.Value[0] == 'A' {
			flipped = "B"
		}
		for name, value := range map[string]string{
			"flipped": flipped + c.Value[1:], "cut": c.Value[:10], "longer life": c.Value[:len(c.Value)-5] + "_____", "empty": "", "long": strings.Repeat("x", 4000),
		} {
			r, _ := http.NewRequest("GET", w.request("main", "prompt", "none"), nil)
			r.Header.Set("Cookie", c.Name+"="+value)
			response, err := http.DefaultTransport.RoundTrip(r)
			must(t, err)
			_ = response.Body.Close()
			if got := answer(t, response); got.Get("error") != "login_required" {
				t.Errorf("%s: %v", name, got)
			}
		}
	}
}
