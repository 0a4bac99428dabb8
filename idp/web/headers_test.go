package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"manyou/idp/web"
)

func TestHeadersOfPagesAreExact(t *testing.T) {
	const head = "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
	const tail = "base-uri 'none'; frame-ancestors 'none'; form-action 'self' http://localhost:* http://127.0.0.1:*"
	for _, c := range []struct {
		secure        bool
		page          web.Page
		csp, referrer string
	}{
		{false, &web.HomePage{}, head + tail, "same-origin"},
		{true, &web.HomePage{}, head + tail + " https:", "same-origin"},
		{true, &web.PhonePage{Frame: web.Frame{FormTargets: []string{"cn.gov.sc.app:/cb", "https://app.example/cb?x=1"}}},
			head + tail + " https: cn.gov.sc.app: https://app.example", "same-origin"},
		{true, &web.FormPostPage{Target: "https://app.example/cb"}, head + "script-src 'self'; " + tail + " https:", "strict-origin"},
	} {
		h, _ := render(t, newWeb(t, c.secure), httptest.NewRequest(http.MethodGet, "/", nil), c.page)
		for name, want := range map[string]string{
			"Cache-Control":                "no-store",
			"Content-Security-Policy":      c.csp,
			"Content-Type":                 "text/html; charset=utf-8",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Referrer-Policy":              c.referrer,
			"X-Content-Type-Options":       "nosniff",
			"X-Frame-Options":              "DENY",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%T: %s: %q, want %q", c.page, name, got, want)
			}
		}
		if !strings.Contains(h.Get("Permissions-Policy"), "geolocation=()") {
			t.Errorf("Permissions-Policy: %q", h.Get("Permissions-Policy"))
		}
	}
}

var elsewhere = []string{
	"https://evil.example/", "//evil.example", "/\\evil.example", "\\/evil.example", "/\t/evil.example", "/\n/evil.example",
	"\t//evil.example", " //evil.example", "javascript:alert(1)", "evil.example", "http:evil.example", "/a\r\nSet-Cookie: x=1",
	"///evil.example", "/%0d\x00", "/" + strings.Repeat("a", 5000), "", "@evil.example",
}

func TestAttackSwitchesReturnToThisOriginOnly(t *testing.T) {
	h := newWeb(t, false).Handler()
	for _, back := range elsewhere {
		for _, path := range []string{"/language?to=en", "/care?on=1"} {
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path+"&back="+url.QueryEscape(back), nil))
			if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/" {
				t.Errorf("%s, back %.40q: %d to %q", path, back, rec.Code, rec.Header().Get("Location"))
			}
		}
	}
}

func TestSwitchesRememberAndReturn(t *testing.T) {
	for secure, prefix := range map[bool]string{false: "", true: "__Host-"} {
		h := newWeb(t, secure).Handler()
		for _, c := range []struct{ path, cookie string }{
			{"/language?to=en", "manyou_language_33=en"},
			{"/language?to=xx", ""},
			{"/care?on=1", "manyou_care_33=1"},
			{"/care?on=0", "manyou_care_33=0"},
			{"/care?on=maybe", ""},
		} {
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, c.path+"&back=%2Fsignin%2Fx%3Fa%3Db", nil))
			if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/signin/x?a=b" {
				t.Errorf("%s: %d to %q", c.path, rec.Code, rec.Header().Get("Location"))
			}
			want := ""
			if c.cookie != "" {
				want = prefix + c.cookie + "; Path=/; Max-Age=31536000; HttpOnly"
				if secure {
					want += "; Secure"
				}
				want += "; SameSite=Lax"
			}
			if got := rec.Header().Get("Set-Cookie"); got != want {
				t.Errorf("%s: cookie %q, want %q", c.path, got, want)
			}
		}
	}
}
