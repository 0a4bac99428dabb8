package application

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// world is an application and as much of an issuer as a browser is sent away to: its discovery document.
type world struct {
	t       *testing.T
	app     *httptest.Server
	issuer  *httptest.Server
	browser *http.Client
	now     time.Time
	log     strings.Builder
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	w.issuer = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/openid-configuration" {
			http.Error(rw, `{"error":"invalid_grant"}`, http.StatusBadRequest)
			return
		}
		rw.Header().Set("Content-Type", "application/json")
		json.NewEncoder(rw).Encode(map[string]any{
			"issuer": w.issuer.URL, "authorization_endpoint": w.issuer.URL + "/authorize", "token_endpoint": w.issuer.URL + "/token",
			"jwks_uri": w.issuer.URL + "/keys", "end_session_endpoint": w.issuer.URL + "/end_session",
			"id_token_signing_alg_values_supported": []string{"ES256"},
		})
	}))
	t.Cleanup(w.issuer.Close)
	w.app = httptest.NewUnstartedServer(nil)
	w.app.Config.Handler = w.newApplication("51", "http://"+w.app.Listener.Addr().String()).Handler()
	w.app.Start()
	t.Cleanup(w.app.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.browser = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return w
}

func (w *world) newApplication(region, url string) *Application {
	w.t.Helper()
	a, err := New(Config{
		URL: url, Region: region, Name: map[string]string{"zh": "锦江通办", "en": "Brocade River Services"},
		Issuer: w.issuer.URL, ClientID: "app", ClientSecret: "secret", Key: []byte(strings.Repeat("k", 32)),
		Client: w.issuer.Client(), Clock: func() time.Time { return w.now }, Random: rand.Reader,
		Logger: slog.New(slog.NewTextHandler(&w.log, nil)),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// get opens a page and returns its status, the place it redirects to, and its text.
func (w *world) get(path string) (status int, location *url.URL, body string) {
	w.t.Helper()
	resp, err := w.browser.Get(w.app.URL + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	location, _ = resp.Location()
	return resp.StatusCode, location, string(text)
}

// begin opens the application and returns what it asks of the issuer.
func (w *world) begin() url.Values {
	w.t.Helper()
	status, location, _ := w.get("/")
	if status != http.StatusFound || location == nil || !strings.HasPrefix(location.String(), w.issuer.URL+"/authorize?") {
		w.t.Fatalf("opening the application: %d, to %v", status, location)
	}
	return location.Query()
}

func TestOpeningTheApplicationGoesStraightToTheIssuer(t *testing.T) {
	q := newWorld(t).begin()
	for name, want := range map[string]string{
		"response_type": "code", "client_id": "app", "code_challenge_method": "S256", "scope": "openid profile", "ui_locales": "zh",
	} {
		if got := q.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if len(q.Get(name)) != 43 {
			t.Errorf("%s is not 256 bits: %q", name, q.Get(name))
		}
	}
}

func TestEachSignInHasItsOwnSecrets(t *testing.T) {
	w := newWorld(t)
	a, b := w.begin(), w.begin()
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if a.Get(name) == b.Get(name) {
			t.Errorf("%s is used twice", name)
		}
	}
}

func TestAnAnswerThatIsNotOursIsRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		answer func(w *world, state string) url.Values
		status int
		want   string
	}{
		"forged state": {func(w *world, _ string) url.Values {
			return url.Values{"state": {"forged"}, "code": {"c"}, "iss": {w.issuer.URL}}
		}, http.StatusBadRequest, "登录已经过期"},
		"no state": {func(w *world, _ string) url.Values {
			return url.Values{"code": {"c"}, "iss": {w.issuer.URL}}
		}, http.StatusBadRequest, "登录已经过期"},
		"another issuer": {func(_ *world, state string) url.Values {
			return url.Values{"state": {state}, "code": {"c"}, "iss": {"https://evil.example"}}
		}, http.StatusBadRequest, "答复来自别处"},
		"no issuer": {func(_ *world, state string) url.Values {
			return url.Values{"state": {state}, "code": {"c"}}
		}, http.StatusBadRequest, "答复来自别处"},
		"two issuers": {func(w *world, state string) url.Values {
			return url.Values{"state": {state}, "code": {"c"}, "iss": {w.issuer.URL, "https://evil.example"}}
		}, http.StatusBadRequest, "答复来自别处"},
		"refusal": {func(w *world, state string) url.Values {
			return url.Values{"state": {state}, "error": {"access_denied"}, "iss": {w.issuer.URL}}
		}, http.StatusForbidden, "登录没有完成"},
		"error": {func(w *world, state string) url.Values {
			return url.Values{"state": {state}, "error": {"<script>"}, "iss": {w.issuer.URL}}
		}, http.StatusForbidden, "登录没有成功"},
		"code that is not one": {func(w *world, state string) url.Values {
			return url.Values{"state": {state}, "code": {"c"}, "iss": {w.issuer.URL}}
		}, http.StatusBadGateway, "登录没有成功"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			state := w.begin().Get("state")
			status, _, body := w.get("/callback?" + tc.answer(w, state).Encode())
			if status != tc.status || !strings.Contains(body, tc.want) {
				t.Errorf("%d, want %d with %q:\n%s", status, tc.status, tc.want, body)
			}
			if strings.Contains(body, "<script>") {
				t.Error("the page repeats what the answer said")
			}
			w.begin() // still nobody
		})
	}
}

func TestAnAnswerCountsOnceAndForTenMinutes(t *testing.T) {
	w := newWorld(t)
	late := w.begin().Get("state")
	w.now = w.now.Add(signInLifetime)
	if status, _, _ := w.get("/callback?" + url.Values{"state": {late}, "code": {"c"}, "iss": {w.issuer.URL}}.Encode()); status != http.StatusBadRequest {
		t.Errorf("after ten minutes: %d", status)
	}
	state := w.begin().Get("state")
	answer := "/callback?" + url.Values{"state": {state}, "code": {"c"}, "iss": {w.issuer.URL}}.Encode()
	w.get(answer)
	if status, _, _ := w.get(answer); status != http.StatusBadRequest {
		t.Errorf("the second time: %d", status)
	}
}

// signedIn puts a session of a citizen into the browser.
func (w *world) signedIn(a *Application) session {
	w.t.Helper()
	encode := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			w.t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	s := session{
		IDToken: encode(map[string]string{"alg": "ES256"}) + "." + encode(map[string]any{
			"iss": w.issuer.URL, "sub": "pairwise", "auth_time": w.now.Unix(), "acr": "urn:manyou:acr:1", "amr": []string{"sms"},
		}) + ".c2ln",
		Claims: citizen{Name: "吉克·阿木 <b>", Region: "33"}, SignOutToken: "token", ExpiresAt: w.now.Add(sessionLifetime),
	}
	text, err := a.seal(a.sessionCookie(), s)
	if err != nil {
		w.t.Fatal(err)
	}
	w.setCookie(a.sessionCookie(), text)
	return s
}

func (w *world) setCookie(name, value string) {
	u, _ := url.Parse(w.app.URL)
	w.browser.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

func TestTheCitizenSeesWhoTheyAreAndTheToken(t *testing.T) {
	w := newWorld(t)
	w.signedIn(w.newApplication("51", w.app.URL))
	status, _, body := w.get("/?lang=en")
	for _, want := range []string{"吉克·阿木 &lt;b&gt;", "Zhejiang", "code by SMS", "Rung 1 of 4", "2 January 2026, 11:04:05", "&#34;sub&#34;: &#34;pairwise&#34;", "Sign out"} {
		if status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%d, no %q in\n%s", status, want, body)
		}
	}
}

func TestATamperedOrForeignSessionIsNone(t *testing.T) {
	w := newWorld(t)
	a := w.newApplication("51", w.app.URL)
	w.signedIn(a)
	u, _ := url.Parse(w.app.URL)
	good := w.browser.Jar.Cookies(u)[0].Value
	other := w.newApplication("33", w.app.URL)
	foreign, err := other.seal(other.sessionCookie(), session{ExpiresAt: w.now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	flipped := []byte(good)
	flipped[len(flipped)/2] ^= 1
	for name, value := range map[string]string{
		"tampered": string(flipped), "cut": good[:20], "empty": "", "not base64": "%%%", "of another application": foreign,
		"huge": strings.Repeat("A", 1<<16),
	} {
		w.setCookie(a.sessionCookie(), value)
		if status, location, _ := w.get("/"); status != http.StatusFound || location.Path != "/authorize" {
			t.Errorf("%s: %d to %v", name, status, location)
		}
	}
	w.setCookie(a.sessionCookie(), good)
	w.now = w.now.Add(sessionLifetime)
	if status, _, _ := w.get("/"); status != http.StatusFound {
		t.Errorf("expired: %d", status)
	}
}

func TestAnotherSiteCannotSignTheCitizenOut(t *testing.T) {
	w := newWorld(t)
	s := w.signedIn(w.newApplication("51", w.app.URL))
	for _, token := range []string{"", "wrong"} {
		if status, _, _ := w.get("/sign-out?token=" + token); status != http.StatusForbidden {
			t.Errorf("token %q: %d", token, status)
		}
	}
	if status, _, _ := w.get("/"); status != http.StatusOK {
		t.Fatalf("no longer signed in: %d", status)
	}
	status, location, _ := w.get("/sign-out?token=token")
	if status != http.StatusFound || location.Path != "/end_session" || location.Query().Get("id_token_hint") != s.IDToken ||
		location.Query().Get("post_logout_redirect_uri") != w.app.URL+"/welcome" {
		t.Errorf("%d to %v", status, location)
	}
	w.begin() // nobody any more
}

func TestAnIssuerThatIsDownIsAClearPageAndTriedAgain(t *testing.T) {
	w := newWorld(t)
	handler := w.issuer.Config.Handler
	w.issuer.Config.Handler = http.NotFoundHandler()
	status, _, body := w.get("/?lang=en")
	if status != http.StatusBadGateway || !strings.Contains(body, "cannot be reached") || !strings.Contains(body, "Reference") {
		t.Errorf("%d\n%s", status, body)
	}
	w.issuer.Config.Handler = handler
	w.begin()
}

func TestPagesAreStrict(t *testing.T) {
	w := newWorld(t)
	resp, err := w.browser.Get(w.app.URL + WelcomePath)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	csp := resp.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers: %v", resp.Header)
	}
	resp, err = w.browser.Get(w.app.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	for _, c := range resp.Cookies() {
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || !strings.HasPrefix(c.Name, "application51_") {
			t.Errorf("cookie %+v", c)
		}
	}
	secure := w.newApplication("51", "https://app.example")
	if name := secure.sessionCookie(); !strings.HasPrefix(name, "__Host-") {
		t.Errorf("over https the cookie is %s", name)
	}
}

func TestEveryMessageIsInBothLanguages(t *testing.T) {
	for key, text := range messages {
		if text[0] == "" || text[1] == "" {
			t.Errorf("%s is missing", key)
		}
	}
}

func FuzzOpenCookie(f *testing.F) {
	// Every worker of the fuzzer draws the same nonce, so that all agree on the one good cookie.
	a := &Application{config: Config{Random: strings.NewReader(strings.Repeat("n", 64))}}
	var err error
	if a.aead, err = newAEAD([]byte(strings.Repeat("k", 32))); err != nil {
		f.Fatal(err)
	}
	good, err := a.seal("name", session{IDToken: "t"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		var s session
		if a.open("name", text, &s) && text != good {
			t.Errorf("opened %q", text)
		}
	})
}
