package upstream_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"manyou/federation/upstream"
)

func TestMetadataThatMustNotBeReliedOnAreRefused(t *testing.T) {
	for name, change := range map[string]func(*province){
		"another issuer's":     func(p *province) { p.metadata["issuer"] = "https://elsewhere.example" },
		"its own with a slash": func(p *province) { p.metadata["issuer"] = p.server.URL + "/" },
		"nobody's":             func(p *province) { p.metadata["issuer"] = nil },
		"without an endpoint":  func(p *province) { p.metadata["token_endpoint"] = "" },
		"without keys":         func(p *province) { p.metadata["jwks_uri"] = "" },
		"relative":             func(p *province) { p.metadata["token_endpoint"] = "/token" },
		"of scripts":           func(p *province) { p.metadata["authorization_endpoint"] = "javascript://x/%0aalert(1)" },
		"with a password":      func(p *province) { p.metadata["token_endpoint"] = "https://u:p@province.example/token" },
		"with a fragment":      func(p *province) { p.metadata["authorization_endpoint"] = p.server.URL + "/authorize#x" },
		"endless in an address": func(p *province) {
			p.metadata["authorization_endpoint"] = p.server.URL + "/" + strings.Repeat("x", 4<<10)
		},
		"without a host name":    func(p *province) { p.metadata["token_endpoint"] = "https://:443/token" },
		"userinfo is a file":     func(p *province) { p.metadata["userinfo_endpoint"] = "file:///etc/passwd" },
		"the issuer is a list":   func(p *province) { p.metadata["issuer"] = []string{p.server.URL} },
		"ten megabytes":          func(p *province) { p.override[discoveryPath] = flood },
		"not found":              func(p *province) { p.override[discoveryPath] = http.NotFound },
		"a page":                 func(p *province) { p.override[discoveryPath] = page },
		"redirected elsewhere":   func(p *province) { p.override[discoveryPath] = redirect("https://elsewhere.example/") },
		"redirected in a circle": func(p *province) { p.override[discoveryPath] = redirect(discoveryPath) },
	} {
		t.Run(name, func(t *testing.T) {
			province := newProvince(t)
			change(province)
			if _, err := province.provider().AuthorizationURL(t.Context(), theRequest()); !errors.Is(err, upstream.ErrMisbehaved) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func page(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>maintenance") }

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusTemporaryRedirect) }
}

func TestAnIssuerOnHTTPSMayNotSendAnythingOverHTTP(t *testing.T) {
	for _, endpoint := range []string{"authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "end_session_endpoint"} {
		t.Run(endpoint, func(t *testing.T) {
			province := startProvince(t, httptest.NewTLSServer)
			p := province.provider()
			if _, err := signIn(t, p); err != nil {
				t.Fatalf("over https: %v", err)
			}
			province.set(func() {
				province.metadata[endpoint] = "http://" + strings.TrimPrefix(province.server.URL, "https://") + "/x"
			})
			if _, err := province.provider().AuthorizationURL(t.Context(), theRequest()); !errors.Is(err, upstream.ErrMisbehaved) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestACertificateThatDoesNotHoldIsMisbehaviour(t *testing.T) {
	province := startProvince(t, httptest.NewTLSServer)
	province.server.Config.ErrorLog = nil
	p := province.provider(func(c *upstream.Config) { c.Transport = nil })
	if _, err := p.AuthorizationURL(t.Context(), theRequest()); !errors.Is(err, upstream.ErrMisbehaved) {
		t.Fatalf("got %v", err)
	}
}

func TestAProvinceThatIsDownStopsNobodyFromStarting(t *testing.T) {
	province := newProvince(t)
	province.server.Close()
	p := province.provider()
	if _, err := p.AuthorizationURL(t.Context(), theRequest()); !errors.Is(err, upstream.ErrUnreachable) {
		t.Fatalf("got %v", err)
	}
	if _, ok := p.EndSessionURL(t.Context(), "", "", ""); ok {
		t.Error("a province that was never reached offers to sign out")
	}
}

func TestMetadataAndKeysAreFetchedOnceHoweverManyWait(t *testing.T) {
	province := newProvince(t)
	p := province.provider()
	if n := province.count(discoveryPath) + province.count(keysPath); n != 0 {
		t.Fatalf("New contacted the province %d times", n)
	}
	start := make(chan struct{})
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			<-start
			if _, err := signIn(t, p); err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	all.Wait()
	for _, path := range []string{discoveryPath, keysPath} {
		if n := province.count(path); n != 1 {
			t.Errorf("%s was fetched %d times", path, n)
		}
	}
}

func TestAnIssuerWhoseNameEndsInASlashIsFoundAndStaysApartFromOneWithout(t *testing.T) {
	province := newProvince(t)
	slash := province.server.URL + "/"
	province.metadata["issuer"], province.claims["iss"] = slash, slash
	p := province.provider(func(c *upstream.Config) { c.Issuer = slash })
	if _, err := signIn(t, p); err != nil {
		t.Fatal(err)
	}
	province.set(func() { province.claims["iss"] = province.server.URL })
	if _, err := signIn(t, p); !errors.Is(err, upstream.ErrMisbehaved) {
		t.Errorf("a token of the one without: got %v", err)
	}
}

func TestAFailureIsNotRepeatedAtOnce(t *testing.T) {
	province := newProvince(t)
	province.override[discoveryPath] = page
	p := province.provider()
	for range 20 {
		if _, err := p.AuthorizationURL(t.Context(), theRequest()); !errors.Is(err, upstream.ErrMisbehaved) {
			t.Fatalf("got %v", err)
		}
	}
	if n := province.count(discoveryPath); n != 1 {
		t.Errorf("asked %d times", n)
	}
	province.set(func() { delete(province.override, discoveryPath) })
	province.clock.forward(3 * time.Second)
	if _, err := p.AuthorizationURL(t.Context(), theRequest()); err != nil {
		t.Errorf("after it recovered: %v", err)
	}
}

func TestWhileOneRequestTriesAgainTheOthersDoNotWait(t *testing.T) {
	province := newProvince(t)
	province.override[discoveryPath] = page
	p := province.provider()
	if _, err := p.AuthorizationURL(t.Context(), theRequest()); err == nil {
		t.Fatal("a page was taken for metadata")
	}
	entered, release := make(chan struct{}), make(chan struct{})
	province.set(func() {
		province.override[discoveryPath] = func(w http.ResponseWriter, r *http.Request) {
			close(entered)
			<-release
			page(w, r)
		}
	})
	province.clock.forward(3 * time.Second)
	tried := make(chan error)
	go func() {
		_, err := p.AuthorizationURL(context.Background(), theRequest())
		tried <- err
	}()
	<-entered
	if _, err := p.AuthorizationURL(t.Context(), theRequest()); !errors.Is(err, upstream.ErrMisbehaved) {
		t.Errorf("got %v", err)
	}
	close(release)
	if err := <-tried; !errors.Is(err, upstream.ErrMisbehaved) {
		t.Errorf("the one that tried: %v", err)
	}
}

func TestKnownMetadataServeForAWhileWhenTheProvinceIsDownAndNotForever(t *testing.T) {
	province := newProvince(t)
	p := province.provider()
	ask := func() error {
		_, err := p.AuthorizationURL(t.Context(), theRequest())
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	province.server.Close()
	province.clock.forward(time.Hour)
	if err := ask(); err != nil {
		t.Errorf("after an hour: %v", err)
	}
	province.clock.forward(2 * time.Hour)
	if err := ask(); err == nil {
		t.Error("metadata are believed forever")
	}
}

func TestChangedMetadataAreNoticed(t *testing.T) {
	province := newProvince(t)
	p := province.provider()
	location := func() string {
		s, err := p.AuthorizationURL(t.Context(), theRequest())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	location()
	province.set(func() {
		province.metadata["authorization_endpoint"] = province.server.URL + "/moved"
	})
	province.clock.forward(11 * time.Minute)
	for !strings.Contains(location(), "/moved?") { // it is fetched behind: the old ones serve until it is there
		time.Sleep(time.Millisecond)
	}
	if n := province.count(discoveryPath); n != 2 {
		t.Errorf("fetched %d times", n)
	}
}

func TestWhoeverStopsWaitingIsAnswered(t *testing.T) {
	province := newProvince(t)
	release := make(chan struct{})
	province.override[discoveryPath] = func(http.ResponseWriter, *http.Request) { <-release }
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := province.provider().AuthorizationURL(ctx, theRequest()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
