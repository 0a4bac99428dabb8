package upstream_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"manyou/federation/upstream"
)

// sound makes a province answer the self-test as it should.
func (p *province) sound() {
	p.override["/authorize"] = func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("redirect_uri") != theRedirect {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		http.Redirect(w, r, theRedirect+"?"+url.Values{"error": {"login_required"}, "state": {q.Get("state")}, "iss": {p.server.URL}}.Encode(), http.StatusFound)
	}
	p.override[tokenPath] = func(w http.ResponseWriter, r *http.Request) {
		if _, _, ok := r.BasicAuth(); !ok {
			w.WriteHeader(http.StatusUnauthorized)
			writeJSON(w, map[string]any{"error": "invalid_client"})
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		writeJSON(w, map[string]any{"error": "invalid_grant"})
	}
}

func TestTheSelfTestFindsEachThingThatAProvinceDoesWrong(t *testing.T) {
	back := func(query func(r *http.Request) string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, theRedirect+"?"+query(r), http.StatusFound)
		}
	}
	for name, c := range map[string]struct {
		spoil func(p *province)
		fails string // "" if nothing
	}{
		"nothing":     {func(*province) {}, ""},
		"no metadata": {func(p *province) { p.metadata["issuer"] = "https://elsewhere.example" }, upstream.CheckAnswers},
		"no key":      {func(p *province) { p.keys = nil }, upstream.CheckKeys},
		"a page":      {func(p *province) { p.override["/authorize"] = func(http.ResponseWriter, *http.Request) {} }, upstream.CheckSilent},
		"a code for nobody": {func(p *province) {
			p.override["/authorize"] = back(func(r *http.Request) string { return "code=x&state=" + r.URL.Query().Get("state") })
		}, upstream.CheckSilent},
		"another state": {func(p *province) {
			p.override["/authorize"] = back(func(*http.Request) string { return "error=login_required&state=x" })
		}, upstream.CheckSilent},
		"another error": {func(p *province) {
			p.override["/authorize"] = back(func(r *http.Request) string { return "error=server_error&state=" + r.URL.Query().Get("state") })
		}, upstream.CheckSilent},
		"an open redirector": {func(p *province) {
			p.override["/authorize"] = func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, r.URL.Query().Get("redirect_uri")+"?error=login_required&state="+r.URL.Query().Get("state"), http.StatusFound)
			}
		}, upstream.CheckRedirect},
		"tokens for anything": {func(p *province) { delete(p.override, tokenPath) }, upstream.CheckCode},
		"us as a stranger": {func(p *province) {
			p.override[tokenPath] = func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusBadRequest)
				writeJSON(w, map[string]any{"error": "invalid_client"})
			}
		}, upstream.CheckCode},
		"clients of any kind": {func(p *province) { delete(p.override, tokenPath) }, upstream.CheckClient},
		"any access token": {func(p *province) {
			p.override[userInfoPath] = func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, map[string]any{"sub": "x"}) }
		}, upstream.CheckToken},
		"a token endpoint down": {func(p *province) {
			p.override[tokenPath] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
		}, upstream.CheckCode},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvince(t)
			p.sound()
			c.spoil(p)
			var failed []string
			for _, check := range p.provider().SelfTest(t.Context()) {
				if !check.Passed {
					failed = append(failed, check.Name)
					keepsQuiet(t, check.Detail)
				}
			}
			if got := strings.Join(failed, "\n"); c.fails == "" && got != "" || !strings.Contains(got, c.fails) {
				t.Errorf("failed:\n%s", got)
			}
		})
	}
}
