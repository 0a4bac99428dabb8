package authority_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/federation/trust"
	"manyou/federation/trust/authority"
	"manyou/federation/trust/trusttest"
	"manyou/storage"
)

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
