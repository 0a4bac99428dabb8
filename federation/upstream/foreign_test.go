package upstream_test

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"

	"manyou/federation/upstream"
)

// foreignIssuer runs a provider that nobody here wrote: the example server of zitadel/oidc.
func foreignIssuer(t *testing.T, wrapped bool) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	issuer := "http://" + listener.Addr().String()
	store := storage.NewStorageWithClients(storage.NewUserStore(issuer), map[string]*storage.Client{
		"confidential": storage.WebClient("confidential", "secret", "http://127.0.0.1:9/callback"),
		"public":       storage.NativeClient("public", "http://127.0.0.1:9/callback"),
	})
	handler := exampleop.SetupServer(issuer, store, slog.New(slog.DiscardHandler), wrapped)
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: handler}}
	server.Start()
	t.Cleanup(server.Close)
	return issuer
}

var hiddenID = regexp.MustCompile(`name="id" value="([^"]+)"`)

// browse follows redirects as a citizen's browser would, fills in the sign-in form where one is shown, and stops at the
// callback.
func browse(t *testing.T, location, user, password string) url.Values {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var callback *url.URL
	browser := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/callback" && callback == nil {
			callback = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	response, err := browser.Get(location)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	if callback == nil {
		id := hiddenID.FindStringSubmatch(string(shown))
		if id == nil {
			t.Fatalf("no sign-in form is shown: %s", shown)
		}
		response, err := browser.PostForm(response.Request.URL.Scheme+"://"+response.Request.URL.Host+"/login/username",
			url.Values{"id": {id[1]}, "username": {user}, "password": {password}})
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	}
	if callback == nil {
		t.Fatal("the browser never came back")
	}
	return callback.Query()
}

func TestAProviderNobodyHereWroteFederatesByDiscoveryAlone(t *testing.T) {
	for name, c := range map[string]struct {
		wrapped      bool
		client       string
		secret, auth string
	}{
		"confidential client":               {false, "confidential", "secret", "client_secret_basic"},
		"public client":                     {false, "public", "", "none"},
		"confidential client, other server": {true, "confidential", "secret", "client_secret_basic"},
	} {
		t.Run(name, func(t *testing.T) {
			issuer := foreignIssuer(t, c.wrapped)
			p, err := upstream.New(upstream.Config{
				Issuer: issuer, ClientID: c.client, ClientSecret: c.secret, AuthMethod: c.auth,
				RedirectURI: "http://127.0.0.1:9/callback", Scopes: []string{"openid", "profile", "phone"},
			})
			if err != nil {
				t.Fatal(err)
			}
			age := time.Hour
			r := theRequest()
			r.MaxAge = &age
			location, err := p.AuthorizationURL(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			callback, err := upstream.ParseCallback(browse(t, location, "test-user@127.0.0.1", "verysecure"))
			if err != nil {
				t.Fatal(err)
			}
			a, err := p.Redeem(t.Context(), callback, r)
			if err != nil {
				t.Fatal(err)
			}
			if a.Issuer != issuer || a.Subject != "id1" || a.ACR != 1 || !slices.Equal(a.AMR, []string{"pwd"}) || a.AuthTime.IsZero() || a.IDToken == "" {
				t.Errorf("got %q %q %d %v %v", a.Issuer, a.Subject, a.ACR, a.AMR, a.AuthTime)
			}
			id, err := p.Identity(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			if id.Name != "Test User" || id.HasDocument {
				t.Errorf("got %q, document %t", id.Name, id.HasDocument)
			}
			if out, ok := p.EndSessionURL(t.Context(), a.IDToken, "", ""); !ok || !strings.HasPrefix(out, issuer+"/") {
				t.Errorf("sign-out is not offered: %t", ok)
			}
			if _, err := p.Redeem(t.Context(), callback, r); err == nil {
				t.Error("a code was redeemed twice")
			}
		})
	}
}

func TestAForeignCodeIsWorthlessWithoutItsVerifierAndNonce(t *testing.T) {
	for name, change := range map[string]func(*upstream.AuthRequest){
		"another verifier": func(r *upstream.AuthRequest) { r.Verifier = strings.Repeat("v", 50) },
		"another nonce":    func(r *upstream.AuthRequest) { r.Nonce = "of-another-sign-in" },
	} {
		t.Run(name, func(t *testing.T) {
			p, err := upstream.New(upstream.Config{
				Issuer: foreignIssuer(t, false), ClientID: "public", AuthMethod: "none", RedirectURI: "http://127.0.0.1:9/callback",
			})
			if err != nil {
				t.Fatal(err)
			}
			r := theRequest()
			location, err := p.AuthorizationURL(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			callback, err := upstream.ParseCallback(browse(t, location, "test-user@127.0.0.1", "verysecure"))
			if err != nil {
				t.Fatal(err)
			}
			change(&r)
			if _, err := p.Redeem(t.Context(), callback, r); !errors.Is(err, upstream.ErrMisbehaved) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestASilentAttemptAtAForeignProviderIsRefusedInDueForm(t *testing.T) {
	p, err := upstream.New(upstream.Config{
		Issuer: foreignIssuer(t, false), ClientID: "confidential", ClientSecret: "secret", RedirectURI: "http://127.0.0.1:9/callback",
	})
	if err != nil {
		t.Fatal(err)
	}
	r := theRequest()
	r.Prompt = "none"
	location, err := p.AuthorizationURL(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	callback, err := upstream.ParseCallback(browse(t, location, "", ""))
	if err != nil {
		t.Fatal(err)
	}
	var refused *upstream.RefusedError
	if _, err := p.Redeem(t.Context(), callback, r); !errors.As(err, &refused) || refused.Code != "login_required" {
		t.Errorf("got %v", err)
	}
}
