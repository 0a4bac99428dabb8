package upstream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"manyou/federation/upstream"
)

func TestSecretsDoNotFollowARedirectToAnotherHost(t *testing.T) {
	var visits atomic.Int64
	elsewhere := newProvince(t)
	for _, path := range []string{discoveryPath, keysPath, tokenPath, userInfoPath} {
		elsewhere.override[path] = func(http.ResponseWriter, *http.Request) { visits.Add(1) }
	}
	for _, path := range []string{discoveryPath, keysPath, tokenPath, userInfoPath} {
		for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect} {
			t.Run(path, func(t *testing.T) {
				province := newProvince(t)
				province.override[path] = func(w http.ResponseWriter, r *http.Request) {
					http.Redirect(w, r, elsewhere.server.URL+path, status)
				}
				p := province.provider()
				a, err := signIn(t, p)
				if err == nil {
					_, err = p.Identity(t.Context(), a)
				}
				if !errors.Is(err, upstream.ErrMisbehaved) {
					t.Errorf("got %v", err)
				}
				keepsQuiet(t, err.Error())
			})
		}
	}
	if n := visits.Load(); n != 0 {
		t.Errorf("the other host was visited %d times", n)
	}
}

func TestACodeAndASecretAreNotSentTwiceByRedirectOnTheSameHost(t *testing.T) {
	for _, status := range []int{http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		province := newProvince(t)
		province.override[tokenPath] = func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", status) }
		if _, err := signIn(t, province.provider()); !errors.Is(err, upstream.ErrMisbehaved) {
			t.Errorf("%d: got %v", status, err)
		}
		if n := province.count("/again"); n != 0 {
			t.Errorf("%d: they were sent %d times more", status, n)
		}
	}
}

func TestATooLargeAnswerIsRefusedThoughItsBeginningIsGood(t *testing.T) {
	province := newProvince(t)
	province.override[tokenPath] = func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, map[string]any{"access_token": theToken, "token_type": "Bearer", "id_token": province.mint()})
		_, _ = io.WriteString(w, strings.Repeat(" ", 2<<20))
	}
	if _, err := signIn(t, province.provider()); !errors.Is(err, upstream.ErrMisbehaved) {
		t.Fatalf("got %v", err)
	}
}

func TestADocumentMayMoveOnItsHost(t *testing.T) {
	province := newProvince(t)
	province.metadata["jwks_uri"] = province.server.URL + "/old-keys"
	province.override["/old-keys"] = redirect(keysPath)
	if _, err := signIn(t, province.provider()); err != nil {
		t.Fatal(err)
	}
}

func TestAnAnswerThatDripsIsSlow(t *testing.T) {
	for _, path := range []string{discoveryPath, keysPath, tokenPath, userInfoPath} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			province := newProvince(t)
			province.override[path] = drip
			p := province.provider(func(c *upstream.Config) { c.Timeout = time.Second })
			a, err := signIn(t, p)
			if err == nil {
				_, err = p.Identity(t.Context(), a)
			}
			if !errors.Is(err, upstream.ErrSlow) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAnAnswerThatNeverBeginsIsSlow(t *testing.T) {
	province := newProvince(t)
	province.override[discoveryPath] = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	p := province.provider(func(c *upstream.Config) { c.Timeout = 100 * time.Millisecond })
	if _, err := p.AuthorizationURL(t.Context(), theRequest()); !errors.Is(err, upstream.ErrSlow) {
		t.Fatalf("got %v", err)
	}
}

func TestAnAnswerThatIsNoHTTPIsMisbehaviourAndABrokenConnectionIsNot(t *testing.T) {
	for said, want := range map[string]error{
		"220 mail.example " + theCode + "\r\n":                  upstream.ErrMisbehaved,
		"HTTP/1.1 200 OK\r\n" + theCode + "\r\n\r\n":            upstream.ErrMisbehaved,
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 128<<10): upstream.ErrMisbehaved,
		"": upstream.ErrUnreachable,
		"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + theCode: upstream.ErrUnreachable,
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = listener.Close() })
		go func() {
			for {
				c, err := listener.Accept()
				if err != nil {
					return
				}
				_, _ = c.Read(make([]byte, 4096))
				_, _ = c.Write([]byte(said))
				_ = c.Close()
			}
		}()
		p, err := upstream.New(upstream.Config{
			Issuer: "http://" + listener.Addr().String(), ClientID: theClient, AuthMethod: "none", RedirectURI: theRedirect,
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.AuthorizationURL(t.Context(), theRequest())
		if !errors.Is(err, want) {
			t.Errorf("%.20q: got %v, want %v", said, err, want)
		} else {
			keepsQuiet(t, err.Error())
		}
	}
}

func TestAnIssuerThatFailsAgainAndAgainIsLeftAloneForAMoment(t *testing.T) {
	var log bytes.Buffer
	province := newProvince(t)
	p := province.provider(func(c *upstream.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	if _, err := signIn(t, p); err != nil {
		t.Fatal(err)
	}
	province.set(func() {
		province.override[tokenPath] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	})
	fail := func(times int) {
		t.Helper()
		for range times {
			if _, err := signIn(t, p); !errors.Is(err, upstream.ErrUnreachable) {
				t.Fatalf("got %v", err)
			}
		}
	}
	fail(20)
	if n := province.count(tokenPath); n != 1+5 {
		t.Errorf("it was asked %d times", n)
	}
	province.clock.forward(6 * time.Second)
	fail(20)
	if n := province.count(tokenPath); n != 1+5+1 {
		t.Errorf("it was probed %d times", n-6)
	}
	province.set(func() { delete(province.override, tokenPath) })
	province.clock.forward(6 * time.Second)
	for range 5 {
		if _, err := signIn(t, p); err != nil {
			t.Fatalf("after it recovered: %v", err)
		}
	}
	for _, line := range []string{"issuer is left alone for a moment", "issuer answers again"} {
		if strings.Count(log.String(), line) != 1 {
			t.Errorf("the log says %q", log.String())
		}
	}
	keepsQuiet(t, log.String())
}

func TestAnIssuerThatDripsOrHangsUpIsLeftAloneToo(t *testing.T) {
	for name, c := range map[string]struct {
		override http.HandlerFunc
		want     error
	}{
		"drips":    {drip, upstream.ErrSlow},
		"hangs up": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, upstream.ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			province := newProvince(t)
			p := province.provider(func(c *upstream.Config) { c.Timeout = time.Second })
			if _, err := p.AuthorizationURL(t.Context(), theRequest()); err != nil {
				t.Fatal(err)
			}
			province.set(func() { province.override[tokenPath] = c.override })
			for range 5 {
				if _, err := signIn(t, p); !errors.Is(err, c.want) {
					t.Fatalf("got %v", err)
				}
			}
			for range 20 {
				if _, err := signIn(t, p); !errors.Is(err, upstream.ErrUnreachable) {
					t.Fatalf("left alone: got %v", err)
				}
			}
			if n := province.count(tokenPath); n != 5 {
				t.Errorf("it was asked %d times", n)
			}
		})
	}
}

func TestOneRequestProbesAnIssuerThatWasLeftAlone(t *testing.T) {
	province := newProvince(t)
	p := province.provider()
	province.override[tokenPath] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	for range 5 {
		if _, err := signIn(t, p); !errors.Is(err, upstream.ErrUnreachable) {
			t.Fatalf("got %v", err)
		}
	}
	entered, release := make(chan struct{}), make(chan struct{})
	province.set(func() {
		province.override[tokenPath] = func(w http.ResponseWriter, _ *http.Request) {
			entered <- struct{}{}
			<-release
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	province.clock.forward(6 * time.Second)
	probed := make(chan error)
	go func() {
		_, err := p.Redeem(context.Background(), theCallback(), theRequest())
		probed <- err
	}()
	<-entered
	for range 10 {
		if _, err := signIn(t, p); !errors.Is(err, upstream.ErrUnreachable) {
			t.Errorf("got %v", err)
		}
	}
	close(release)
	if err := <-probed; !errors.Is(err, upstream.ErrUnreachable) {
		t.Errorf("the probe: %v", err)
	}
	if n := province.count(tokenPath); n != 5+1 {
		t.Errorf("it was asked %d times", n)
	}
}

func TestCitizensWhoLeaveCannotShutAProvinceOut(t *testing.T) {
	province := newProvince(t)
	p := province.provider()
	entered := make(chan struct{})
	province.override[tokenPath] = func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // a server notices that the client left only after that
		entered <- struct{}{}
		<-r.Context().Done()
	}
	for range 10 {
		ctx, leave := context.WithCancel(t.Context())
		go func() {
			<-entered
			leave()
		}()
		if _, err := p.Redeem(ctx, theCallback(), theRequest()); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
	}
	province.set(func() { delete(province.override, tokenPath) })
	if _, err := signIn(t, p); err != nil {
		t.Fatal(err)
	}
}
