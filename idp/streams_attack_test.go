package idp_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"manyou/federation/signals"
	"manyou/storage"
)

// TestAttackAnApplicationWaitsWithMoreRequestsThanItNeeds: those that are too many are answered at once, with nothing.
func TestAttackAnApplicationWaitsWithMoreRequestsThanItNeeds(t *testing.T) {
	w := newWorld(t)
	w.application("main", func(a *storage.Application) { a.Scopes = append(a.Scopes, signals.ScopeManage, signals.ScopeRead) })
	w.pass(2 * time.Second)
	newPoller(w, "main")
	_, got := w.token("main", "grant_type", "client_credentials", "scope", signals.ScopeRead)
	ctx, stop := context.WithCancel(t.Context())
	const all, most = 12, 4
	answers := make(chan error, all)
	for range all {
		go func() {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/ssf/poll", nil) //nolint:gosec // of the test
			if err == nil {
				r.Header.Set("Authorization", "Bearer "+got["access_token"].(string))
				var answer *http.Response
				if answer, err = http.DefaultClient.Do(r); err == nil {
					err = answer.Body.Close()
				}
			}
			answers <- err
		}()
	}
	for range all - most {
		must(t, <-answers)
	}
	stop()
	for range most {
		<-answers
	}
}

// TestAStreamThatIsTurnedOffWhileItIsVerifiedStaysOff: what a node read of it before it sent the verification is not written back.
func TestAStreamThatIsTurnedOffWhileItIsVerifiedStaysOff(t *testing.T) {
	w := newWorld(t)
	p := &poller{world: w, client: "main"}
	var id string
	push := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		if status, got := p.ask(http.MethodPost, "/ssf/status", map[string]any{"stream_id": id, "status": "disabled"}); status != http.StatusOK {
			t.Errorf("%d %v", status, got)
		}
		rw.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(push.Close)
	w.application("main", func(a *storage.Application) {
		a.Scopes = append(a.Scopes, signals.ScopeManage, signals.ScopeRead)
		a.RedirectURIs = append(a.RedirectURIs, push.URL+"/callback")
	})
	w.pass(2 * time.Second)
	status, stream := p.ask(http.MethodPost, "/ssf/streams", map[string]any{
		"delivery": map[string]string{"method": signals.DeliveryPush, "endpoint_url": push.URL + "/events"},
	})
	if status != http.StatusCreated {
		t.Fatalf("%d %v", status, stream)
	}
	id = stream["stream_id"].(string)
	if status, _ := p.ask(http.MethodPost, "/ssf/verify", map[string]any{"stream_id": id}); status != http.StatusNoContent {
		t.Fatalf("%d", status)
	}
	run(t, w.issuer)
	var s storage.Stream
	eventually(t, "it is verified", func() bool {
		var err error
		s, err = w.store.Stream(t.Context(), "main")
		return err == nil && s.Verification == ""
	})
	if s.Status != storage.StreamDisabled {
		t.Errorf("it is %s again", s.Status)
	}
}
