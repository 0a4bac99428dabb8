package upstream_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"manyou/federation/upstream"
)

func TestAnIssuerIsAskedAtMostOnceInAWhileWhetherItIsUp(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		http.NotFound(w, nil) // it answers, whatever it answers
	}))
	defer server.Close()
	var mu sync.Mutex
	now := time.Now()
	pass := func(d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(d)
	}
	p, err := upstream.New(upstream.Config{
		Issuer: server.URL, ClientID: "c", ClientSecret: "s", RedirectURI: "http://localhost/cb",
		Clock: func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return now
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if err := p.Reach(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
	server.Close()
	if err := p.Reach(t.Context()); err != nil {
		t.Errorf("within the while: %v", err)
	}
	pass(4 * time.Second)
	if err := p.Reach(t.Context()); !errors.Is(err, upstream.ErrUnreachable) {
		t.Errorf("down: %v", err)
	}
}

func TestAnIssuerThatHangsIsSlowNotUp(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	p, err := upstream.New(upstream.Config{
		Issuer: server.URL, ClientID: "c", ClientSecret: "s", RedirectURI: "http://localhost/cb", Timeout: 100 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Reach(t.Context()); !errors.Is(err, upstream.ErrSlow) {
		t.Errorf("%v", err)
	}
}
