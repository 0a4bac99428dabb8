package upstream_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/federation/upstream"
)

// What a sign-in is made of, so that it can be looked for where it must not be.
const (
	theState    = "the-state-of-this-sign-in"
	theNonce    = "the-nonce-of-this-sign-in"
	theVerifier = "the-verifier-of-this-sign-in-0123456789-0123456789"
	theCode     = "the-code-of-this-sign-in"
	theClient   = "nation"
	theSecret   = "s3cret: with/odd+characters&"
	theRedirect = "https://nation.example/upstream/callback"
	theSubject  = "subject-of-the-citizen"
	theToken    = "the-access-token"
	theNumber   = "330000199001010017"
	theName     = "买买提·艾力"
)

// clock is a clock that stands still until it is moved.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(time.Date(2030, 5, 1, 8, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time           { return time.Unix(0, c.at.Load()).UTC() }
func (c *clock) forward(by time.Duration) { c.at.Add(int64(by)) }

// keyPair is a key that a province signs with.
type keyPair struct {
	id        string
	algorithm jose.SignatureAlgorithm
	private   crypto.Signer
}

func newKey(t *testing.T, id string, algorithm jose.SignatureAlgorithm) keyPair {
	t.Helper()
	var (
		private crypto.Signer
		err     error
	)
	switch algorithm {
	case jose.ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jose.ES384:
		private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case jose.EdDSA:
		_, private, err = ed25519.GenerateKey(rand.Reader)
	default:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	return keyPair{id: id, algorithm: algorithm, private: private}
}

func (k keyPair) public() jose.JSONWebKey {
	return jose.JSONWebKey{Key: k.private.Public(), KeyID: k.id, Algorithm: string(k.algorithm), Use: "sig"}
}

// sign makes a JWT of claims.
func (k keyPair) sign(t *testing.T, claims map[string]any) string {
	t.Helper()
	return signWith(t, k.algorithm, jose.JSONWebKey{Key: k.private, KeyID: k.id}, claims)
}

func signWith(t *testing.T, algorithm jose.SignatureAlgorithm, key any, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// province is a provider that obeys until a test tells it to misbehave.
type province struct {
	t      *testing.T
	server *httptest.Server
	clock  *clock

	mu       sync.Mutex
	key      keyPair
	keys     []any          // what the JWKS holds
	metadata map[string]any // over the honest metadata
	claims   map[string]any // over the honest claims of an ID token; a nil value removes one
	userInfo map[string]any
	token    func(claims map[string]any) string // makes the ID token
	answer   map[string]any                     // over the honest answer of the token endpoint
	form     url.Values                         // what the token endpoint received
	header   http.Header
	override map[string]http.HandlerFunc // by path

	calls sync.Map // path → *atomic.Int64
}

func newProvince(t *testing.T) *province { return startProvince(t, httptest.NewServer) }

func startProvince(t *testing.T, start func(http.Handler) *httptest.Server) *province {
	t.Helper()
	p := &province{
		t: t, clock: newClock(), key: newKey(t, "first", jose.ES256),
		metadata: map[string]any{}, claims: map[string]any{}, answer: map[string]any{}, override: map[string]http.HandlerFunc{},
		userInfo: map[string]any{
			"sub": theSubject, "name": theName, "region": "33",
			"document": map[string]any{"kind": "resident_id", "number": theNumber, "verified": true},
		},
	}
	p.keys = []any{p.key.public()}
	p.server = start(p)
	t.Cleanup(p.server.Close)
	return p
}

func (p *province) count(path string) int64 {
	n, _ := p.calls.LoadOrStore(path, new(atomic.Int64))
	return n.(*atomic.Int64).Load()
}

// set changes the province while it runs.
func (p *province) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

const (
	discoveryPath = "/.well-known/openid-configuration"
	keysPath      = "/keys"
	tokenPath     = "/token"
	userInfoPath  = "/userinfo"
)

func (p *province) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n, _ := p.calls.LoadOrStore(r.URL.Path, new(atomic.Int64))
	n.(*atomic.Int64).Add(1)
	p.mu.Lock()
	override := p.override[r.URL.Path]
	p.mu.Unlock()
	if override != nil {
		override(w, r)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch r.URL.Path {
	case discoveryPath:
		m := map[string]any{
			"issuer": p.server.URL, "authorization_endpoint": p.server.URL + "/authorize?tenant=33",
			"token_endpoint": p.server.URL + tokenPath, "userinfo_endpoint": p.server.URL + userInfoPath,
			"jwks_uri": p.server.URL + keysPath, "end_session_endpoint": p.server.URL + "/logout",
		}
		maps.Copy(m, p.metadata)
		writeJSON(w, m)
	case keysPath:
		writeJSON(w, map[string]any{"keys": p.keys})
	case tokenPath:
		if err := r.ParseForm(); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		p.form, p.header = r.PostForm, r.Header.Clone()
		a := map[string]any{"access_token": theToken, "token_type": "Bearer", "expires_in": 300, "id_token": p.mint()}
		maps.Copy(a, p.answer)
		writeJSON(w, a)
	case userInfoPath:
		if r.Header.Get("Authorization") != "Bearer "+theToken {
			http.Error(w, "who?", http.StatusUnauthorized)
			return
		}
		writeJSON(w, p.userInfo)
	default:
		http.NotFound(w, r)
	}
}

func (p *province) mint() string {
	now := p.clock.now()
	claims := map[string]any{
		"iss": p.server.URL, "sub": theSubject, "aud": theClient, "nonce": theNonce, "acr": "L3", "amr": []string{"otp", "sms"},
		"iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "auth_time": now.Add(-time.Hour).Unix(),
	}
	for name, value := range p.claims {
		if value == nil {
			delete(claims, name)
		} else {
			claims[name] = value
		}
	}
	if p.token != nil {
		return p.token(claims)
	}
	return p.key.sign(p.t, claims)
}

func writeJSON(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

func (p *province) config() upstream.Config {
	return upstream.Config{
		Issuer: p.server.URL, ClientID: theClient, ClientSecret: theSecret, RedirectURI: theRedirect,
		Scopes: []string{"openid", "document"}, ACR: map[string]int{"L3": 3}, Clock: p.clock.now,
		Transport: p.server.Client().Transport,
	}
}

func (p *province) provider(changes ...func(*upstream.Config)) *upstream.Provider {
	p.t.Helper()
	c := p.config()
	for _, change := range changes {
		change(&c)
	}
	provider, err := upstream.New(c)
	if err != nil {
		p.t.Fatal(err)
	}
	return provider
}

func theRequest() upstream.AuthRequest {
	return upstream.AuthRequest{State: theState, Nonce: theNonce, Verifier: theVerifier}
}

func theCallback() upstream.Callback { return upstream.Callback{Code: theCode, State: theState} }

// signIn redeems the callback of a citizen who came back.
func signIn(t *testing.T, p *upstream.Provider) (upstream.Authentication, error) {
	t.Helper()
	return p.Redeem(t.Context(), theCallback(), theRequest())
}

// keepsQuiet fails if a text holds something that must not be shown or logged.
func keepsQuiet(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{
		theState, theNonce, theVerifier, theCode, theSecret, theToken, theSubject, theNumber, theName, "eyJ",
		url.QueryEscape(theSecret),
	} {
		if strings.Contains(text, secret) {
			t.Errorf("%q gives away %q", text, secret)
		}
	}
}

// flood answers with ten megabytes.
func flood(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"padding":"`)
	chunk := strings.Repeat("x", 1<<16)
	for range 160 {
		if _, err := io.WriteString(w, chunk); err != nil {
			return
		}
	}
	_, _ = io.WriteString(w, `"}`)
}

// drip answers one byte at a time and never ends.
func drip(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // a server notices that the client left only after that
	w.Header().Set("Content-Type", "application/json")
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
			if _, err := io.WriteString(w, " "); err != nil {
				return
			}
			w.(http.Flusher).Flush()
		}
	}
}
