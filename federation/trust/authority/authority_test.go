package authority_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"manyou/federation/trust"
	"manyou/federation/trust/authority"
	"manyou/federation/trust/trusttest"
	"manyou/storage"
	"manyou/storage/sqlite"
	"manyou/storage/vault"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newStore(t *testing.T) storage.Store {
	t.Helper()
	root, err := vault.NewRoot(rand.Reader)
	must(t, err)
	path := filepath.Join(t.TempDir(), "entity.db")
	must(t, sqlite.Migrate(t.Context(), path))
	store, _, err := sqlite.Open(t.Context(), path, root)
	must(t, err)
	t.Cleanup(func() { _ = store.Close() })
	return store
}

const nation = "https://nation.example"

// newAuthority is a nation, with changes.
func newAuthority(t *testing.T, store authority.Store, change ...func(*authority.Config)) *authority.Authority {
	t.Helper()
	key := trusttest.NewKey(t)
	c := authority.Config{
		EntityID: nation, Name: "an invented nation", Sign: key.Sign, JWKS: key.JWKS, Store: store, Fetcher: trust.NewFetcher(true, nil),
		Clock: time.Now, Logger: slog.New(slog.DiscardHandler),
	}
	for _, f := range change {
		f(&c)
	}
	a, err := authority.New(t.Context(), c)
	must(t, err)
	return a
}

func run(t *testing.T, a *authority.Authority) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		must(t, <-done)
	})
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for late := time.Now().Add(time.Minute); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("it never came about: %s", what)
		}
	}
}

// silent never answers, and says who asked.
type silent struct{ asked chan string }

func (s silent) Fetch(ctx context.Context, target, _ string) (string, error) {
	s.asked <- target
	<-ctx.Done()
	return "", ctx.Err()
}

func (s silent) Post(ctx context.Context, target string, _ url.Values, media string) (string, error) {
	return s.Fetch(ctx, target, media)
}

func TestASuspensionIsFeltWhileSubordinatesThatAreAskedForKeysAreSilent(t *testing.T) {
	store, fetcher := newStore(t), silent{make(chan string, 100)}
	now := time.Now()
	for n := range 20 {
		must(t, store.PutSubordinate(t.Context(), storage.Subordinate{
			EntityID: fmt.Sprintf("https://p%d.example", n), JWKS: trusttest.NewKey(t).JWKS(), Status: storage.SubordinateActive, CreatedAt: now, UpdatedAt: now,
		}))
	}
	a := newAuthority(t, store, func(c *authority.Config) { c.Fetcher, c.LearnEvery = fetcher, time.Millisecond })
	run(t, a)
	for range 3 { // several are waited for at once, and none of them will answer
		<-fetcher.asked
	}
	must(t, store.SetSubordinateStatus(t.Context(), "https://p7.example", storage.SubordinateSuspended, time.Now()))
	eventually(t, "the suspension is felt", func() bool { return !a.Stands("https://p7.example") })
}

// roller is a subordinate whose configuration is whatever it says.
type roller struct {
	mu   sync.Mutex
	body string
	id   string
}

func newRoller(t *testing.T) *roller {
	r := &roller{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		w.Header().Set("Content-Type", "application/"+trust.TypeStatement)
		_, _ = w.Write([]byte(r.body))
	}))
	t.Cleanup(server.Close)
	r.id = server.URL
	return r
}

// publish makes it announce keys, signed by one.
func (r *roller) publish(t *testing.T, signer trusttest.Key, keys ...[]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	r.body = signer.JWT(t, trust.TypeStatement, map[string]any{
		"iss": r.id, "sub": r.id, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "jwks": json.RawMessage(set(t, keys...)), "authority_hints": []string{nation},
	})
}

// set joins key sets.
func set(t *testing.T, sets ...[]byte) []byte {
	t.Helper()
	var all struct {
		Keys []json.RawMessage `json:"keys"`
	}
	for _, s := range sets {
		one := all
		one.Keys = nil
		must(t, json.Unmarshal(s, &one))
		all.Keys = append(all.Keys, one.Keys...)
	}
	out, err := json.Marshal(all)
	must(t, err)
	return out
}

func TestASubordinatesKeysAreTakenOverAsItRollsThemAndAStrangersAreNot(t *testing.T) {
	store, sub := newStore(t), newRoller(t)
	one, two, stranger := trusttest.NewKey(t), trusttest.NewKey(t), trusttest.NewKey(t)
	now := time.Now()
	must(t, store.PutSubordinate(t.Context(), storage.Subordinate{
		EntityID: sub.id, JWKS: one.JWKS(), Status: storage.SubordinateActive, CreatedAt: now, UpdatedAt: now,
	}))
	a := newAuthority(t, store)
	run(t, a)
	// known are the names of the keys that are stored.
	known := func() (names []string) {
		all, err := store.ListSubordinates(t.Context(), "", 2)
		must(t, err)
		stored, err := trust.ParseKeys(all[0].JWKS)
		must(t, err)
		for _, k := range stored.Keys {
			names = append(names, k.KeyID)
		}
		slices.Sort(names)
		return names
	}
	names := func(keys ...trusttest.Key) (list []string) {
		for _, k := range keys {
			list = append(list, k.ID)
		}
		slices.Sort(list)
		return list
	}
	become := func(when string, want []string) {
		t.Helper()
		a.LearnKeys(t.Context())
		if got := known(); !slices.Equal(got, want) {
			t.Errorf("%s: %v, not %v", when, got, want)
		}
		eventually(t, "it is what is said of it", func() bool {
			s, err := a.About(t.Context(), sub.id)
			must(t, err)
			return len(s.Keys.Keys) == len(want) && slices.Contains(want, s.Keys.Keys[0].KeyID)
		})
	}
	sub.publish(t, stranger, stranger.JWKS())
	become("a stranger's keys are not taken", names(one))
	sub.publish(t, stranger, one.JWKS(), stranger.JWKS())
	become("nor beside its own", names(one))
	sub.publish(t, one, one.JWKS(), two.JWKS())
	become("it announces a second", names(one, two))
	sub.publish(t, two, two.JWKS(), one.JWKS())
	become("it signs with the second", names(one, two))
	sub.publish(t, two, two.JWKS())
	become("it drops the first", names(two))
	sub.publish(t, one, one.JWKS())
	become("what it dropped brings nothing back", names(two))
	// Another key under the name of the one that is known.
	forged := bytes.ReplaceAll(stranger.JWKS(), []byte(stranger.ID), []byte(two.ID))
	sub.publish(t, two, two.JWKS(), forged)
	become("a key of the same name is another key", names(two, two))
	sub.publish(t, two, two.JWKS())
	become("and may go again", names(two))
}
