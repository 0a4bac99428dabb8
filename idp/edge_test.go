package idp_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// raw sends a request as it stands.
func (w *world) raw(method, path, contentType, body string, header ...string) (*http.Response, string) {
	w.t.Helper()
	r, err := http.NewRequest(method, w.url+path, strings.NewReader(body))
	must(w.t, err)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for n := 0; n+1 < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	response, err := http.DefaultClient.Do(r)
	must(w.t, err)
	defer func() { _ = response.Body.Close() }()
	b, err := io.ReadAll(response.Body)
	must(w.t, err)
	return response, string(b)
}

const form = "application/x-www-form-urlencoded"

func TestTokenEndpointTakesOnlyAFormByPOST(t *testing.T) {
	w := newWorld(t)
	credentials := url.Values{"client_id": {"main"}, "client_secret": {secretOf("main")}, "grant_type": {"client_credentials"}}.Encode()
	for name, try := range map[string]struct {
		method, path, contentType, body string
		status                          int
	}{
		"GET with everything in the query": {"GET", "/token?" + credentials, "", "", 405},
		"POST with a secret in the query":  {"POST", "/token?" + credentials, form, "", 400},
		"JSON":                             {"POST", "/token", "application/json", `{"grant_type":"client_credentials"}`, 415},
		"no content type":                  {"POST", "/token", "", credentials, 415},
		"1 MB parameter":                   {"POST", "/token", form, credentials + "&x=" + strings.Repeat("x", 1<<20), 413},
		"a parameter twice":                {"POST", "/token", form, credentials + "&grant_type=client_credentials", 400},
		"no grant type":                    {"POST", "/token", form, "client_id=main", 400},
		"unknown grant type":               {"POST", "/token", form, "client_id=main&grant_type=password", 400},
		"malformed escape":                 {"POST", "/token", form, "grant_type=%zz", 413},
		"PUT":                              {"PUT", "/token", form, credentials, 405},
	} {
		response, body := w.raw(try.method, try.path, try.contentType, try.body)
		if response.StatusCode != try.status || strings.Contains(body, "access_token") {
			t.Errorf("%s: %d %s", name, response.StatusCode, body)
		}
		if !strings.Contains(body, `"error"`) {
			t.Errorf("%s: the answer is no OAuth error: %s", name, body)
		}
	}
	if response, body := w.raw("POST", "/token", form, credentials); response.StatusCode != 200 {
		t.Errorf("the good one: %d %s", response.StatusCode, body)
	}
}

func TestWhoeverDoesNotSayOrProveWhoTheyAreIsAsked(t *testing.T) {
	w := newWorld(t)
	for name, try := range map[string][]string{
		"no client at the token endpoint":           {"/token", "grant_type=client_credentials"},
		"unknown client":                            {"/token", "grant_type=client_credentials&client_id=nobody&client_secret=x"},
		"wrong secret":                              {"/token", "grant_type=client_credentials&client_id=main&client_secret=x"},
		"no secret of a confidential client":        {"/token", "grant_type=client_credentials&client_id=main"},
		"secret of a public client":                 {"/token", "grant_type=authorization_code&code=x&redirect_uri=x&client_id=public&client_secret=x"},
		"nobody at the introspection endpoint":      {"/introspect", "token=x"},
		"a public client at introspection":          {"/introspect", "token=x&client_id=public"},
		"a name only at the introspection endpoint": {"/introspect", "token=x&client_id=main"},
		"nobody at the revocation endpoint":         {"/revoke", "token=x"},
		"an assertion that is none":                 {"/token", "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=x"},
	} {
		response, body := w.raw("POST", try[0], form, try[1])
		if response.StatusCode != http.StatusUnauthorized || !strings.Contains(body, `"invalid_client"`) || response.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %d %s", name, response.StatusCode, body)
		}
	}
	both := "grant_type=client_credentials&client_id=main&client_secret=" + secretOf("main")
	r, err := http.NewRequest(http.MethodPost, w.url+"/token", strings.NewReader(both))
	must(t, err)
	r.Header.Set("Content-Type", form)
	r.SetBasicAuth("main", secretOf("main"))
	if status, got := w.do(r); status != http.StatusBadRequest { // RFC 6749 §2.3
		t.Errorf("two ways at once: %d %v", status, got)
	}
}

func TestUserInfoTakesATokenInAFormBody(t *testing.T) {
	w := newWorld(t)
	access := w.tokens("main", liNa)["access_token"].(string)
	if response, body := w.raw("POST", "/userinfo", form, "access_token="+access); response.StatusCode != 200 || !strings.Contains(body, `"sub"`) {
		t.Errorf("%d %s", response.StatusCode, body)
	}
	if response, _ := w.raw("POST", "/userinfo", "", "", "Authorization", "Bearer "+access); response.StatusCode != 200 {
		t.Errorf("an empty POST: %d", response.StatusCode)
	}
	if response, _ := w.raw("GET", "/userinfo", "", ""); response.StatusCode != 401 || response.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("no token: %d", response.StatusCode)
	}
}

func TestNoOriginIsEverAllowedCredentials(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/token", "/userinfo", "/introspect", "/revoke", "/keys", "/.well-known/openid-configuration", "/authorize", "/end_session"} {
		for _, method := range []string{"OPTIONS", "GET", "POST"} {
			response, _ := w.raw(method, path, form, "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST")
			if got := response.Header.Get("Access-Control-Allow-Credentials"); got != "" {
				t.Errorf("%s %s: Access-Control-Allow-Credentials is %q", method, path, got)
			}
			if got := response.Header.Get("Access-Control-Allow-Origin"); got != "" && got != "*" {
				t.Errorf("%s %s: the origin is reflected: %q", method, path, got)
			}
			if strings.HasPrefix(path, "/authorize") && response.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s is open to scripts", path)
			}
		}
	}
}

func TestUserInfoTakesAnAccessTokenInTheHeaderOnly(t *testing.T) {
	w := newWorld(t)
	got := w.tokens("main", liNa)
	access := got["access_token"].(string)
	if response, body := w.raw("GET", "/userinfo", "", "", "Authorization", "Bearer "+access); response.StatusCode != 200 || !strings.Contains(body, liNa.name) {
		t.Errorf("%d %s", response.StatusCode, body)
	}
	if response, _ := w.raw("GET", "/userinfo?access_token="+access, "", ""); response.StatusCode != 400 {
		t.Errorf("a token in the query: %d", response.StatusCode)
	}
	for name, token := range map[string]string{
		"an ID token":     got["id_token"].(string),
		"a refresh token": got["refresh_token"].(string),
		"nonsense":        "x.y.z",
	} {
		response, _ := w.raw("GET", "/userinfo", "", "", "Authorization", "Bearer "+token)
		if response.StatusCode != 401 || !strings.Contains(response.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
			t.Errorf("%s: %d %q", name, response.StatusCode, response.Header.Get("WWW-Authenticate"))
		}
	}
}

func TestDiscoveryIsPreparedCachedAndTrue(t *testing.T) {
	w := newWorld(t)
	response, body := w.raw("GET", "/.well-known/openid-configuration", "", "")
	if response.StatusCode != 200 || response.Header.Get("Content-Type") != "application/json" || !strings.Contains(body, `"issuer":"`+w.url+`"`) {
		t.Errorf("%d %s", response.StatusCode, body)
	}
	if !strings.Contains(body, `"authorization_response_iss_parameter_supported":true`) {
		t.Error("RFC 9207 is not announced")
	}
	again, _ := w.raw("GET", "/.well-known/openid-configuration", "", "", "If-None-Match", response.Header.Get("ETag"))
	if again.StatusCode != http.StatusNotModified {
		t.Errorf("with its ETag: %d", again.StatusCode)
	}
}
