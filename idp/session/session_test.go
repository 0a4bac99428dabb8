package session_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"manyou/idp/session"
	"manyou/storage"
	"manyou/storage/sqlite"
	"manyou/storage/vault"
)

// node is an issuer's cookies with a database of their own, at a time that the test sets.
type node struct {
	*session.Cookies
	*counted
	vault *vault.Vault
	now   time.Time
}

// counted counts the readings of sessions and can fail those of voids.
type counted struct {
	storage.Store
	sessions, voids int
	fail            error
}

func (c *counted) Session(ctx context.Context, id []byte, expiresAt time.Time) (storage.LiveSession, error) {
	c.sessions++
	return c.Store.Session(ctx, id, expiresAt)
}

func (c *counted) VoidedSince(ctx context.Context, since time.Time, limit int) ([]storage.Void, error) {
	c.voids++
	if c.fail != nil {
		return nil, c.fail
	}
	return c.Store.VoidedSince(ctx, since, limit)
}

func newNode(t testing.TB, suffix string, secure bool) *node {
	t.Helper()
	root, err := vault.NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "issuer.db")
	if err := sqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	store, v, err := sqlite.Open(t.Context(), path, root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	n := &node{counted: &counted{Store: store}, vault: v, now: time.Date(2026, 5, 1, 8, 0, 0, 123456, time.UTC)}
	n.restart(suffix, secure)
	return n
}

// restart forgets what a node knows.
func (n *node) restart(suffix string, secure bool) {
	n.Cookies = session.New(session.Config{
		Store: n.counted, Vault: n.vault, Clock: func() time.Time { return n.now }, Random: rand.Reader, Suffix: suffix,
		Secure: secure, Lifetime: 12 * time.Hour, Logger: slog.New(slog.DiscardHandler),
	})
}

// begin signs a new person in.
func (n *node) begin(t testing.TB) (*http.Cookie, session.Handle, string) {
	t.Helper()
	h, cookie, err := n.Issue()
	if err != nil {
		t.Fatal(err)
	}
	c := storage.Conversation{ID: rand.Text(), ExpiresAt: n.now.Add(time.Hour)}
	if err := n.CreateConversation(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	person := rand.Text()
	if _, err := n.CompleteSignIn(t.Context(), storage.SignIn{
		ConversationID: c.ID, ConversationExpiresAt: c.ExpiresAt, ConversationVersion: 1,
		Person: &storage.Person{ID: person, Name: "李娜", Region: "33", Status: storage.PersonActive, Epoch: 1, CreatedAt: n.now},
		Session: storage.Session{
			ID: h.ID, ExpiresAt: h.ExpiresAt, PersonID: person, AuthTime: n.now.Truncate(time.Millisecond), ACR: 2,
			AMR: []string{"otp", "sms"}, Origin: "https://zj.example", CreatedAt: n.now,
		},
	}); err != nil {
		t.Fatal(err)
	}
	return cookie, h, person
}

func request(cs ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, c := range cs {
		r.AddCookie(c)
	}
	return r
}

func TestSessionIsFoundByItsCookieAndGoneAfterItEnds(t *testing.T) {
	c := newNode(t, "33", true)
	cookie, _, person := c.begin(t)
	if s, err := c.Current(request(cookie)); err != nil || s.PersonID != person {
		t.Fatalf("%v %v", s.PersonID, err)
	}
	w := httptest.NewRecorder()
	if err := c.End(w, request(cookie)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Current(request(cookie)); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("after it ended: %v", err)
	}
	set := w.Result().Cookies()
	if len(set) != 2 || set[0].MaxAge >= 0 || set[1].MaxAge >= 0 {
		t.Errorf("the browser keeps a cookie: %v", set)
	}
}

func TestStorageNeverHoldsTheCookiesSecret(t *testing.T) {
	c := newNode(t, "33", true)
	cookie, h, _ := c.begin(t)
	secret, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(secret, h.ID[:8]) {
		t.Error("the key of the row is the cookie")
	}
}

func TestCookiesAreHostBoundOverHTTPSAndDistinctPerIssuer(t *testing.T) {
	one, _, _ := newNode(t, "33", true).begin(t)
	two, _, _ := newNode(t, "51", true).begin(t)
	if one.Name != "__Host-session-33" || two.Name != "__Host-session-51" {
		t.Errorf("%s and %s", one.Name, two.Name)
	}
	if !one.Secure || !one.HttpOnly || one.Path != "/" || one.Domain != "" || one.SameSite != http.SameSiteLaxMode {
		t.Errorf("%+v", one)
	}
}

func TestRegionsAreKeptHomeFirstAndBounded(t *testing.T) {
	c := newNode(t, "00", false)
	jar := map[string]*http.Cookie{}
	step := func(f func(http.ResponseWriter, *http.Request, string), region string) {
		w := httptest.NewRecorder()
		var have []*http.Cookie
		for _, k := range jar {
			have = append(have, k)
		}
		f(w, request(have...), region)
		for _, k := range w.Result().Cookies() {
			jar[k.Name] = k
		}
	}
	for _, region := range []string{"51", "44", "51", "11", "31", "32"} {
		step(c.SeenIn, region)
	}
	step(c.AtHomeIn, "33")
	if got := strings.Join(c.Regions(request(jar["regions-00"])), " "); got != "33 51 44 11" {
		t.Errorf("%q", got)
	}
	for _, forged := range []string{"33.", "abc", "33.51.44.11.12", "<script>", strings.Repeat("33.", 1000)} {
		if got := c.Regions(request(&http.Cookie{Name: "regions-00", Value: forged})); got != nil {
			t.Errorf("%q was taken for %v", forged, got)
		}
	}
}

func FuzzHandle(f *testing.F) {
	c := newNode(f, "33", false)
	_, cookie, err := c.Issue()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(cookie.Value)
	f.Add("")
	f.Fuzz(func(t *testing.T, value string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Cookie", "session-33="+value)
		if h, ok := c.Handle(r); ok && len(h.ID) != 32 {
			t.Errorf("an identifier of %d bytes", len(h.ID))
		}
	})
}
