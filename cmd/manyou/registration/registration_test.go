package registration_test

import (
	"slices"
	"strings"
	"testing"

	"manyou/cmd/manyou/registration"
	"manyou/storage"
)

func application() storage.Application {
	return storage.Application{
		ClientID: "a", Name: map[string]string{"zh": "办事", "en": "Services"}, AuthMethod: "client_secret_basic",
		RedirectURIs: []string{"https://app.example/cb"}, GrantTypes: []string{"authorization_code", "refresh_token"},
		Scopes: []string{"openid"}, IDTokenAlg: "ES256",
	}
}

func TestAGoodApplicationGetsTheSectorOfItsRedirectURIs(t *testing.T) {
	a := application()
	if err := registration.Check(&a); err != nil {
		t.Fatal(err)
	}
	if a.SectorIdentifier != "app.example" {
		t.Errorf("sector %q", a.SectorIdentifier)
	}
}

const privateJWKS = `{"keys":[{"kty":"EC","crv":"P-256","x":"WKn-ZIGevcwGIyyrzFoZNBdaq9_TsqzGl96oc0CWuis","y":"y77t-RvAHRKTsSGdIYUfweuOvwrvDD-Q3Hv5J0fSKbE","d":"Hndv7ZZjs_ke8o9zXYo3iq-Yr8SewI5vrqd0pAvEPqg"}]}`

func TestEachMistakeOfAnApplicationIsNamed(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*storage.Application)
		want   string
	}{
		"no name":             {func(a *storage.Application) { a.Name = nil }, "name in zh"},
		"unknown auth method": {func(a *storage.Application) { a.AuthMethod = "tls_client_auth" }, "auth method"},
		"unknown grant":       {func(a *storage.Application) { a.GrantTypes = append(a.GrantTypes, "password") }, "grant type"},
		"public by itself": {func(a *storage.Application) {
			a.AuthMethod = "none"
			a.GrantTypes = append(a.GrantTypes, "client_credentials")
		}, "client_credentials"},
		"public without PKCE":  {func(a *storage.Application) { a.AuthMethod = "none"; a.PKCEOptional = true }, "always uses PKCE"},
		"unknown algorithm":    {func(a *storage.Application) { a.IDTokenAlg = "none" }, "algorithm"},
		"no redirect URI":      {func(a *storage.Application) { a.RedirectURIs = nil }, "at least one"},
		"many redirect URIs":   {func(a *storage.Application) { a.RedirectURIs = slices.Repeat(a.RedirectURIs, 21) }, "at most"},
		"in the clear":         {func(a *storage.Application) { a.RedirectURIs[0] = "http://app.example/cb" }, "must be https"},
		"with a fragment":      {func(a *storage.Application) { a.RedirectURIs[0] += "#x" }, "fragment"},
		"with a wildcard":      {func(a *storage.Application) { a.RedirectURIs[0] = "https://*.example/cb" }, "wildcards"},
		"relative":             {func(a *storage.Application) { a.RedirectURIs[0] = "/cb" }, "not an absolute URI"},
		"of a script":          {func(a *storage.Application) { a.RedirectURIs[0] = "javascript:alert(1)" }, "must be https"},
		"own scheme, with key": {func(a *storage.Application) { a.RedirectURIs[0] = "org.example.app:/cb" }, "must be https"},
		"after sign-out":       {func(a *storage.Application) { a.PostLogoutRedirectURIs = []string{"http://app.example/"} }, "must be https"},
		"no openid":            {func(a *storage.Application) { a.Scopes = nil }, "openid"},
		"no keys":              {func(a *storage.Application) { a.AuthMethod = "private_key_jwt" }, "needs a JWK set"},
		"private keys":         {func(a *storage.Application) { a.AuthMethod = "private_key_jwt"; a.JWKS = []byte(privateJWKS) }, "private keys stay"},
		"keys without a use":   {func(a *storage.Application) { a.JWKS = []byte(privateJWKS) }, "only for private_key_jwt"},
		"keys that are none":   {func(a *storage.Application) { a.AuthMethod = "private_key_jwt"; a.JWKS = []byte("[]") }, "not a JWK set"},
		"two hosts, no sector": {func(a *storage.Application) { a.RedirectURIs = append(a.RedirectURIs, "https://b.example/cb") }, "several hosts"},
	} {
		t.Run(name, func(t *testing.T) {
			a := application()
			tc.change(&a)
			if err := registration.Check(&a); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestOnlyTheStepsOfItsLifeAreOpenToAnApplication(t *testing.T) {
	open := map[string]bool{
		"draft submitted": true, "submitted approved": true, "approved published": true,
		"published suspended": true, "suspended published": true,
		"draft retired": true, "submitted retired": true, "approved retired": true, "published retired": true, "suspended retired": true,
	}
	all := []storage.ApplicationStatus{"draft", "submitted", "approved", "published", "suspended", "retired"}
	for _, from := range all {
		for _, to := range all {
			if err := registration.Step(from, to); (err == nil) != open[string(from+" "+to)] {
				t.Errorf("%s to %s: %v", from, to, err)
			}
		}
	}
}

func upstream() storage.Upstream {
	return storage.Upstream{
		Issuer: "https://id.zj.example", Region: "33", Name: map[string]string{"zh": "浙江", "en": "Zhejiang"}, ClientID: "nation",
		ClientSecret: "s", AuthMethod: "client_secret_basic", Scopes: []string{"openid"},
		Claims: map[string]string{"document_number": "idcard"}, ACR: map[string]int{"L2": 2},
	}
}

func TestEachMistakeOfAnUpstreamIsNamed(t *testing.T) {
	if err := registration.CheckUpstream(upstream()); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*storage.Upstream){
		"not a URL":       func(u *storage.Upstream) { u.Issuer = "zj" },
		"must be https":   func(u *storage.Upstream) { u.Issuer = "http://id.zj.example" },
		"two digits":      func(u *storage.Upstream) { u.Region = "330100" },
		"name in en":      func(u *storage.Upstream) { u.Name = map[string]string{"zh": "浙江"} },
		"client ID":       func(u *storage.Upstream) { u.ClientID = "" },
		"client secret":   func(u *storage.Upstream) { u.ClientSecret = "" },
		"auth method":     func(u *storage.Upstream) { u.AuthMethod = "none" },
		"openid":          func(u *storage.Upstream) { u.Scopes = nil },
		"claim \"email\"": func(u *storage.Upstream) { u.Claims["email"] = "mobile" },
		"rung 5":          func(u *storage.Upstream) { u.ACR["L5"] = 5 },
	} {
		u := upstream()
		change(&u)
		if err := registration.CheckUpstream(u); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestNativeApplicationsOnLoopbackDoNotShareASector(t *testing.T) {
	sector := func(id string) string {
		a := application()
		a.ClientID, a.AuthMethod, a.RedirectURIs = id, "none", []string{"http://127.0.0.1/callback"}
		if err := registration.Check(&a); err != nil {
			t.Fatal(err)
		}
		return a.SectorIdentifier
	}
	if one, two := sector("one"), sector("two"); one == two {
		t.Errorf("two unrelated applications share the sector %q, and so their subjects", one)
	}
}
