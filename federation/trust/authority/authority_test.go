package authority_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

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
	for range 300 {
		if holds() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("it never came about: %s", what)
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

// get asks an endpoint.
func get(t *testing.T, a *authority.Authority, target string) (int, string) {
	t.Helper()
	mux := http.NewServeMux()
	a.Routes(mux)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
	return w.Code, w.Body.String()
}

func TestTheListMeetsAllThatIsAskedFor(t *testing.T) {
	store, now := newStore(t), time.Now()
	for id, types := range map[string][]string{
		"https://province.example": {trust.FederationEntity, trust.OpenIDProvider},
		"https://city.example":     {trust.FederationEntity},
		"https://app.example":      {trust.OpenIDRelyingParty},
		"https://op.example":       {trust.OpenIDProvider},
	} {
		must(t, store.PutSubordinate(t.Context(), storage.Subordinate{
			EntityID: id, Types: types, JWKS: trusttest.NewKey(t).JWKS(), Status: storage.SubordinateActive, CreatedAt: now, UpdatedAt: now,
		}))
	}
	a := newAuthority(t, store)
	for query, want := range map[string]string{
		"":                             `["https://app.example","https://city.example","https://op.example","https://province.example"]`,
		"?intermediate=true":           `["https://city.example","https://province.example"]`,
		"?entity_type=openid_provider": `["https://op.example","https://province.example"]`,
		"?entity_type=openid_provider&intermediate=true":                `["https://province.example"]`,
		"?entity_type=openid_provider&entity_type=openid_relying_party": `["https://app.example","https://op.example","https://province.example"]`,
	} {
		if _, got := get(t, a, "/federation/list"+query); got != want {
			t.Errorf("%s: %s", query, got)
		}
	}
}

// counted counts how often marks are listed.
type counted struct {
	authority.Store
	mu     sync.Mutex
	listed int
}

func (c *counted) ListTrustMarks(ctx context.Context, kind, after string, limit int) ([]storage.TrustMark, error) {
	c.mu.Lock()
	c.listed++
	c.mu.Unlock()
	return c.Store.ListTrustMarks(ctx, kind, after, limit)
}

func TestAttackByAskingWhoHasAMarkAgainAndAgainReadsTheTableOnce(t *testing.T) {
	const kind = "https://nation.example/marks/approved"
	all := newStore(t)
	for n := range 3 {
		must(t, all.PutTrustMark(t.Context(), storage.TrustMark{Type: kind, Subject: fmt.Sprintf("https://a%d.example", n), IssuedAt: time.Now()}))
	}
	must(t, all.RevokeTrustMark(t.Context(), kind, "https://a1.example", time.Now()))
	store := &counted{Store: all}
	a := newAuthority(t, store)
	base := "/federation/trust-marked?trust_mark_type=" + url.QueryEscape(kind)
	for range 5 {
		for sub, want := range map[string]string{"https://a0.example": `["https://a0.example"]`, "https://a1.example": "[]", "https://b.example": "[]"} {
			if _, got := get(t, a, base+"&sub="+url.QueryEscape(sub)); got != want {
				t.Errorf("%s: %s", sub, got)
			}
		}
	}
	if store.listed != 0 {
		t.Errorf("listed %d times for one entity", store.listed)
	}
	for range 5 {
		if _, got := get(t, a, base); got != `["https://a0.example","https://a2.example"]` {
			t.Error(got)
		}
	}
	if store.listed != 1 {
		t.Errorf("listed %d times", store.listed)
	}
}

func TestAttackByAskingForTheConfigurationAgainAndAgainSignsOnce(t *testing.T) {
	signed, at, keys := 0, time.Now(), trusttest.NewKey(t)
	a := newAuthority(t, newStore(t), func(c *authority.Config) {
		c.Sign = func(typ string, payload []byte) (string, error) {
			signed++
			return keys.Sign(typ, payload)
		}
		c.JWKS = func() []byte {
			now := keys // which changes below
			return now.JWKS()
		}
		c.Clock = func() time.Time { return at }
	})
	for range 100 {
		if status, _ := get(t, a, trust.ConfigurationPath); status != http.StatusOK {
			t.Fatal(status)
		}
	}
	if signed != 1 {
		t.Errorf("signed %d times", signed)
	}
	keys = trusttest.NewKey(t)
	if _, text := get(t, a, trust.ConfigurationPath); signed != 2 {
		t.Errorf("other keys are not told at once: %s", text)
	}
	at = at.Add(time.Minute)
	if get(t, a, trust.ConfigurationPath); signed != 3 {
		t.Error("the configuration grows old")
	}
}

func TestAttackThroughTheResolveEndpointReachesNothingInside(t *testing.T) {
	reached := make(chan string, 100)
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ConnState = func(c net.Conn, s http.ConnState) {
		if s == http.StateNew {
			reached <- c.RemoteAddr().String()
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	keys, err := trust.ParseKeys(trusttest.NewKey(t).JWKS())
	must(t, err)
	a := newAuthority(t, newStore(t))
	a.ResolveWith(trust.NewResolver(trust.Config{
		Anchors: map[string]jose.JSONWebKeySet{"https://above.example": keys}, Fetcher: trust.NewFetcher(false, nil), Self: nation, Local: a, Clock: time.Now,
	}))
	for _, sub := range []string{server.URL, strings.Replace(server.URL, "127.0.0.1", "localhost", 1), strings.Replace(server.URL, "https", "http", 1), "file:///etc/passwd"} {
		if status, body := get(t, a, "/federation/resolve?trust_anchor=https://above.example&sub="+url.QueryEscape(sub)); status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", sub, status, body)
		}
	}
	if len(reached) > 0 {
		t.Errorf("this machine was reached %d times", len(reached))
	}
}

// served is an authority on a port of its own, which resolves by what it says itself.
func served(t *testing.T, store authority.Store, required map[string]string, change ...func(*authority.Config)) (*authority.Authority, string) {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	a := newAuthority(t, store, append(change, func(c *authority.Config) { c.EntityID = server.URL })...)
	a.Routes(mux)
	keys, err := trust.ParseKeys(a.JWKS())
	must(t, err)
	a.ResolveWith(trust.NewResolver(trust.Config{
		Anchors: map[string]jose.JSONWebKeySet{server.URL: keys}, Fetcher: a.Fetcher, Self: server.URL, Local: a, Clock: time.Now, Loopback: true, Required: required,
	}))
	return a, server.URL
}

func TestResolvingTellsTheTrustMarksThatHold(t *testing.T) {
	store := newStore(t)
	const kind = "https://nation.example/marks/approved"
	issuers := map[string][]string{kind: {}}
	a, id := served(t, store, nil, func(c *authority.Config) { c.MarkIssuers = issuers })
	app := trusttest.Leaf(t, time.Now, map[string]any{trust.OpenIDRelyingParty: map[string]any{"client_name": "an application"}}, id)
	must(t, store.PutSubordinate(t.Context(), app.Subordinate(time.Now(), "")))
	must(t, store.PutTrustMark(t.Context(), storage.TrustMark{Type: kind, Subject: app.ID, IssuedAt: time.Now()}))
	run(t, a)
	eventually(t, "it is vouched for", func() bool { return a.Stands(app.ID) })
	_, mark := get(t, a, "/federation/trust-mark?trust_mark_type="+url.QueryEscape(kind)+"&sub="+url.QueryEscape(app.ID))
	app.Marks = []trust.MarkEntry{{Type: kind, Mark: mark}, {Type: "https://nation.example/marks/other", Mark: mark}}
	status, text := get(t, a, "/federation/resolve?sub="+url.QueryEscape(app.ID)+"&trust_anchor="+url.QueryEscape(id))
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	jws, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.ES256})
	must(t, err)
	var answer struct {
		Marks []trust.MarkEntry `json:"trust_marks"`
	}
	must(t, json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &answer))
	if len(answer.Marks) != 1 || answer.Marks[0] != app.Marks[0] {
		t.Errorf("%+v", answer.Marks)
	}
}
