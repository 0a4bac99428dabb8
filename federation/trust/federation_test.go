package trust_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/federation/trust"
)

// federation is a nation of entities on one server.
type federation struct {
	t        testing.TB
	server   *httptest.Server
	base     string // of identifiers
	mu       sync.Mutex
	now      time.Time
	entities map[string]*entity
	asked    map[string]int
}

// entity is one of them. What it says can be falsified.
type entity struct {
	id       string
	name     string
	key      *ecdsa.PrivateKey
	kid      string
	extra    []jose.JSONWebKey // published besides
	hints    []string
	metadata map[string]any
	life     time.Duration
	about    map[string]map[string]any // claims about subordinates, by identifier
	claims   func(sub string, c map[string]any)
	sign     func(sub string) (*ecdsa.PrivateKey, string)
	serve    func(w http.ResponseWriter, r *http.Request) bool // true: answered
	mark     map[string][]string
	marks    []map[string]string
}

func newFederation(t testing.TB) *federation {
	f := &federation{t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), entities: map[string]*entity{}, asked: map[string]int{}}
	f.server = httptest.NewServer(f)
	f.base = f.server.URL
	t.Cleanup(f.server.Close)
	return f
}

func (f *federation) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *federation) pass(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// add makes an entity below others.
func (f *federation) add(name string, superiors ...*entity) *entity {
	e := &entity{
		id: f.base + "/" + name, name: name, key: newKey(f.t), kid: name + "-1", life: time.Hour, about: map[string]map[string]any{},
		metadata: map[string]any{trust.FederationEntity: map[string]any{
			"federation_fetch_endpoint": f.base + "/" + name + "/fetch", "organization_name": name,
		}},
	}
	f.mu.Lock()
	f.entities[name] = e
	f.mu.Unlock()
	for _, s := range superiors {
		e.hints = append(e.hints, s.id)
		s.about[e.id] = map[string]any{}
	}
	return e
}

// application is a leaf with the metadata of a relying party.
func (f *federation) application(name string, superiors ...*entity) *entity {
	e := f.add(name, superiors...)
	e.metadata = map[string]any{trust.OpenIDRelyingParty: map[string]any{
		"redirect_uris": []any{"https://app.example/cb"}, "grant_types": []any{"authorization_code"}, "client_name": name,
	}}
	return e
}

func public(key *ecdsa.PrivateKey, kid string) jose.JSONWebKey {
	return jose.JSONWebKey{Key: &key.PublicKey, KeyID: kid, Algorithm: "ES256", Use: "sig"}
}

func (e *entity) keys() jose.JSONWebKeySet {
	return jose.JSONWebKeySet{Keys: append([]jose.JSONWebKey{public(e.key, e.kid)}, e.extra...)}
}

// sign makes a JWT.
func signed(t testing.TB, key *ecdsa.PrivateKey, kid, typ string, claims any) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: kid}},
		(&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// statement is what an entity says about a subordinate, or about itself.
func (f *federation) statement(e *entity, sub string) (string, bool) {
	now := f.clock()
	c := map[string]any{"iss": e.id, "sub": sub, "iat": now.Unix(), "exp": now.Add(e.life).Unix()}
	if sub == e.id {
		c["jwks"], c["metadata"] = e.keys(), e.metadata
		if len(e.hints) > 0 {
			c["authority_hints"] = e.hints
		}
		if e.mark != nil {
			c["trust_mark_issuers"] = e.mark
		}
		if e.marks != nil {
			c["trust_marks"] = e.marks
		}
	} else {
		said, ok := e.about[sub]
		below := f.entities[sub[strings.LastIndex(sub, "/")+1:]]
		if !ok || below == nil {
			return "", false
		}
		c["jwks"] = below.keys()
		for k, v := range said {
			c[k] = v
		}
	}
	if e.claims != nil {
		e.claims(sub, c)
	}
	key, kid := e.key, e.kid
	if e.sign != nil {
		key, kid = e.sign(sub)
	}
	return signed(f.t, key, kid, trust.TypeStatement, c), true
}

func (f *federation) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	f.mu.Lock()
	e := f.entities[name]
	f.asked[r.URL.RequestURI()]++
	f.mu.Unlock()
	if e == nil || e.serve != nil && e.serve(w, r) {
		if e == nil {
			http.NotFound(w, r)
		}
		return
	}
	if rest == "list" {
		f.list(w, e)
		return
	}
	sub := e.id
	if rest == "fetch" {
		sub = r.URL.Query().Get("sub")
	}
	text, ok := f.statement(e, sub)
	if !ok {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"error":"not_found"}`)
		return
	}
	w.Header().Set("Content-Type", "application/"+trust.TypeStatement)
	fmt.Fprint(w, text)
}

// requests is how many there were.
func (f *federation) requests() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, count := range f.asked {
		n += count
	}
	return n
}

// resolver is one that trusts an anchor.
func (f *federation) resolver(anchor *entity, change ...func(*trust.Config)) *trust.Resolver {
	c := trust.Config{
		Anchors: map[string]jose.JSONWebKeySet{anchor.id: anchor.keys()}, Fetcher: trust.NewFetcher(true, nil), Loopback: true, Clock: f.clock,
	}
	for _, ch := range change {
		ch(&c)
	}
	return trust.NewResolver(c)
}

// nation is an anchor, a province, a city, an application: each below the one before.
func (f *federation) nation() (nation, province, city, app *entity) {
	nation = f.add("nation")
	province = f.add("province", nation)
	city = f.add("city", province)
	return nation, province, city, f.application("app", city)
}

// eventually waits for what must come about; it says nothing about how fast that is.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for late := time.Now().Add(time.Minute); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("it never came about: %s", what)
		}
	}
}
