package idp_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"manyou/idp"
	"manyou/storage"
)

// counting counts what status lists cost.
type counting struct {
	storage.Store
	added, read atomic.Int64
	broken      atomic.Bool
}

func (c *counting) AddTokenStatus(ctx context.Context, s storage.TokenStatus) error {
	c.added.Add(1)
	return c.Store.AddTokenStatus(ctx, s)
}

func (c *counting) DeadTokens(ctx context.Context, list, now time.Time) ([]int, error) {
	c.read.Add(1)
	if c.broken.Load() {
		return nil, errors.New("storage is away")
	}
	return c.Store.DeadTokens(ctx, list, now)
}

func countingWorld(t *testing.T) (*world, *counting) {
	t.Helper()
	var store *counting
	w := newWorld(t, func(c *idp.Config) {
		store = &counting{Store: c.Store}
		c.Store = store
	})
	return w, store
}

func TestAStatusListCostsNothingWhoDidNotAskAndOneQueryWhoeverAsks(t *testing.T) {
	w, store := countingWorld(t)
	if _, has := payload(t, w.tokens("main", liNa)["access_token"])["status"]; has || store.added.Load() != 0 {
		t.Errorf("an application that did not ask for it pays: %d writes", store.added.Load())
	}
	w.application("second", listed)
	w.pass(2 * time.Second)
	token := w.tokens("second", liNa)["access_token"]
	if n := store.added.Load(); n != 1 {
		t.Errorf("%d writes", n)
	}
	uri := placeOf(t, token).uri
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { w.statusList(uri) })
	}
	all.Wait()
	w.pass(2 * time.Second)
	w.statusList(uri)
	if n := store.read.Load(); n != 1 {
		t.Errorf("%d queries for 51 who ask within three seconds", n)
	}
	w.pass(2 * time.Second)
	w.statusList(uri)
	if n := store.read.Load(); n != 2 {
		t.Errorf("%d queries", n)
	}
	// What cannot be made is not told from memory.
	store.broken.Store(true)
	w.pass(4 * time.Second)
	if response := w.get(http.DefaultClient, uri); response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("without storage: %d", response.StatusCode)
	}
	store.broken.Store(false)
	w.statusList(uri)
}

func TestAStatusListIsCachedAsLongAsItIsGood(t *testing.T) {
	w := newWorld(t)
	w.application("main", listed)
	w.pass(2 * time.Second)
	uri := placeOf(t, w.tokens("main", liNa)["access_token"]).uri
	ask := func(headers ...string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, uri, nil)
		must(t, err)
		for n := 0; n+1 < len(headers); n += 2 {
			r.Header.Set(headers[n], headers[n+1])
		}
		response, err := http.DefaultTransport.RoundTrip(r)
		must(t, err)
		t.Cleanup(func() { _ = response.Body.Close() })
		return response
	}
	response := ask("Accept", "application/statuslist+jwt")
	if got := response.Header.Get("Cache-Control"); got != "public, max-age=15" {
		t.Errorf("%q", got)
	}
	tag := response.Header.Get("ETag")
	w.pass(2 * time.Second)
	response = ask("If-None-Match", tag)
	if response.StatusCode != http.StatusNotModified || response.Header.Get("Cache-Control") != "public, max-age=13" {
		t.Errorf("%d, %q", response.StatusCode, response.Header.Get("Cache-Control"))
	}
	w.pass(2 * time.Second)
	if response = ask("If-None-Match", tag); response.StatusCode != http.StatusOK {
		t.Errorf("a list that was made anew: %d", response.StatusCode)
	}
	if response = ask("Accept", "application/statuslist+cwt"); response.StatusCode != http.StatusNotAcceptable {
		t.Errorf("as CWT: %d", response.StatusCode)
	}

	var discovery, all map[string]any
	must(t, json.Unmarshal([]byte(body(t, w.get(http.DefaultClient, w.url+"/.well-known/oauth-authorization-server"))), &discovery))
	must(t, json.Unmarshal([]byte(body(t, w.get(http.DefaultClient, discovery["status_list_aggregation_endpoint"].(string)))), &all))
	found := false
	for _, one := range all["status_lists"].([]any) {
		w.statusList(one.(string))
		found = found || one == uri
	}
	if !found || len(all["status_lists"].([]any)) > 9 {
		t.Errorf("%s is not among %v", uri, all)
	}
	// A list is read for as long as a token of it may live.
	w.pass(6 * time.Minute)
	w.statusList(uri)
	w.pass(3 * time.Minute)
	if response = ask(); response.StatusCode != http.StatusNotFound {
		t.Errorf("a list of which no token lives: %d", response.StatusCode)
	}
}
