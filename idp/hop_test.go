package idp_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// BenchmarkHop is roaming with a session, inside one process: authorize, then redeem.
func BenchmarkHop(b *testing.B) {
	w := newWorld(b)
	client := w.browser()
	w.signIn(client, liNa, w.request("main"))
	u, err := url.Parse(w.url)
	must(b, err)
	var cookies []string
	for _, c := range client.Jar.Cookies(u) {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	target := w.request("main")
	for b.Loop() {
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.Header.Set("Cookie", strings.Join(cookies, "; "))
		answer := httptest.NewRecorder()
		w.handler.ServeHTTP(answer, r)
		location, err := url.Parse(answer.Header().Get("Location"))
		must(b, err)
		form := url.Values{
			"grant_type": {"authorization_code"}, "code": {location.Query().Get("code")},
			"redirect_uri": {redirectURI}, "code_verifier": {verifier},
		}
		r = httptest.NewRequest(http.MethodPost, w.url+"/token", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth("main", secretOf("main"))
		answer = httptest.NewRecorder()
		w.handler.ServeHTTP(answer, r)
		if answer.Code != http.StatusOK {
			b.Fatalf("%d %s", answer.Code, answer.Body)
		}
	}
}
