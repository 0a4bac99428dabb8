package upstream_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"manyou/federation/upstream"
)

func TestAnAuthorizationURLAsksForWhatWasWantedAndNothingElse(t *testing.T) {
	province := newProvince(t)
	p := province.provider()
	ask := func(r upstream.AuthRequest) url.Values {
		t.Helper()
		location, err := p.AuthorizationURL(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(location)
		if err != nil || !strings.HasPrefix(location, province.server.URL+"/authorize?") {
			t.Fatalf("%v", err)
		}
		if strings.Contains(location, theVerifier) {
			t.Error("the verifier went through the browser")
		}
		return u.Query()
	}
	digest := sha256.Sum256([]byte(theVerifier))
	want := map[string]string{
		"tenant":        "33", // the endpoint's own
		"response_type": "code", "client_id": theClient, "redirect_uri": theRedirect, "scope": "openid document",
		"state": theState, "nonce": theNonce,
		"code_challenge": base64.RawURLEncoding.EncodeToString(digest[:]), "code_challenge_method": "S256",
	}
	check := func(got url.Values) {
		t.Helper()
		if len(got) != len(want) {
			t.Errorf("got %d parameters, want %d", len(got), len(want))
		}
		for name, value := range want {
			if values := got[name]; len(values) != 1 || values[0] != value {
				t.Errorf("%s: got %q, want %q", name, values, value)
			}
		}
	}
	check(ask(theRequest()))

	r := theRequest()
	age := 90 * time.Second
	r.Prompt, r.LoginHint, r.DomainHint, r.MaxAge = "none", "hint&x=y", "33", &age
	r.ACRValues, r.UILocales = []string{"L3", "L2"}, []string{"zh-CN", "en"}
	for name, value := range map[string]string{
		"prompt": "none", "login_hint": "hint&x=y", "domain_hint": "33", "max_age": "90", "acr_values": "L3 L2", "ui_locales": "zh-CN en",
	} {
		want[name] = value
	}
	check(ask(r))
}

func TestASignInWithoutStateNonceOrVerifierIsNotBegunNorEnded(t *testing.T) {
	for name, change := range map[string]func(*upstream.AuthRequest){
		"state":          func(r *upstream.AuthRequest) { r.State = "" },
		"nonce":          func(r *upstream.AuthRequest) { r.Nonce = "" },
		"verifier":       func(r *upstream.AuthRequest) { r.Verifier = "" },
		"short verifier": func(r *upstream.AuthRequest) { r.Verifier = strings.Repeat("x", 42) },
		"long verifier":  func(r *upstream.AuthRequest) { r.Verifier = strings.Repeat("x", 129) },
	} {
		t.Run(name, func(t *testing.T) {
			province := newProvince(t)
			province.claims["nonce"] = nil
			p := province.provider()
			r := theRequest()
			change(&r)
			if _, err := p.AuthorizationURL(t.Context(), r); err == nil {
				t.Error("begun")
			}
			callback := theCallback()
			callback.State = r.State
			if _, err := p.Redeem(t.Context(), callback, r); err == nil {
				t.Error("ended")
			}
			if n := province.count(tokenPath); n != 0 {
				t.Errorf("the code was spent")
			}
		})
	}
}

func TestSigningOutThereIsOfferedIfTheIssuerOffersIt(t *testing.T) {
	province := newProvince(t)
	location, ok := province.provider().EndSessionURL(t.Context(), "the-hint", "https://nation.example/out", "")
	u, err := url.Parse(location)
	if !ok || err != nil || u.Path != "/logout" {
		t.Fatalf("got %q %t", location, ok)
	}
	q := u.Query()
	if q.Get("id_token_hint") != "the-hint" || q.Get("client_id") != theClient || q.Get("post_logout_redirect_uri") != "https://nation.example/out" || q.Has("state") {
		t.Errorf("got %v", q)
	}
	province.metadata["end_session_endpoint"] = ""
	if _, ok := province.provider().EndSessionURL(t.Context(), "the-hint", "", ""); ok {
		t.Error("offered though the issuer does not")
	}
}

func TestARegistrationThatCannotWorkIsRefused(t *testing.T) {
	for name, change := range map[string]func(*upstream.Config){
		"no issuer":           func(c *upstream.Config) { c.Issuer = "" },
		"issuer of a file":    func(c *upstream.Config) { c.Issuer = "file:///etc/passwd" },
		"issuer with a query": func(c *upstream.Config) { c.Issuer += "?x=y" },
		"issuer with a mark":  func(c *upstream.Config) { c.Issuer += "?" },
		"issuer with a part":  func(c *upstream.Config) { c.Issuer += "#x" },
		"issuer with a user":  func(c *upstream.Config) { c.Issuer = "https://u:p@province.example" },
		"no client":           func(c *upstream.Config) { c.ClientID = "" },
		"no secret":           func(c *upstream.Config) { c.ClientSecret = "" },
		"no way back":         func(c *upstream.Config) { c.RedirectURI = "" },
		"unknown method":      func(c *upstream.Config) { c.AuthMethod = "tls_client_auth" },
		"rung 5":              func(c *upstream.Config) { c.ACR = map[string]int{"L9": 5} },
	} {
		t.Run(name, func(t *testing.T) {
			c := newProvince(t).config()
			change(&c)
			if _, err := upstream.New(c); err == nil {
				t.Error("accepted")
			} else {
				keepsQuiet(t, err.Error())
			}
		})
	}
}
