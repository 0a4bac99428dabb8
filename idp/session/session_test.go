package session_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"manyou/idp/session"
	"manyou/storage"
)

// table holds sessions by identifier and expiry, as storage does.
type table map[string]storage.LiveSession

func key(id []byte, expiresAt time.Time) string { return string(id) + expiresAt.String() }

func (t table) Session(_ context.Context, id []byte, expiresAt time.Time) (storage.LiveSession, error) {
	s, ok := t[key(id, expiresAt)]
	if !ok {
		return s, storage.ErrNotFound
	}
	return s, nil
}

func (t table) EndSession(_ context.Context, id []byte, expiresAt, at time.Time) error {
	s := t[key(id, expiresAt)]
	s.EndedAt = at
	t[key(id, expiresAt)] = s
	return nil
}

var now = time.Date(2026, 5, 1, 8, 0, 0, 123456, time.UTC)

func cookies(t table, suffix string, secure bool) *session.Cookies {
	return session.New(session.Config{
		Store: t, Clock: func() time.Time { return now }, Random: rand.Reader, Suffix: suffix, Secure: secure, Lifetime: time.Hour,
	})
}

func begin(t *testing.T, c *session.Cookies, to table) *http.Cookie {
	t.Helper()
	h, cookie, err := c.Issue()
	if err != nil {
		t.Fatal(err)
	}
	to[key(h.ID, h.ExpiresAt)] = storage.LiveSession{
		Session:      storage.Session{ID: h.ID, ExpiresAt: h.ExpiresAt, PersonID: "p", Epoch: 1},
		PersonStatus: storage.PersonActive, PersonEpoch: 1,
	}
	return cookie
}

func request(cs ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, c := range cs {
		r.AddCookie(c)
	}
	return r
}

func TestSessionIsFoundByItsCookieAndGoneAfterItEnds(t *testing.T) {
	rows := table{}
	c := cookies(rows, "33", true)
	cookie := begin(t, c, rows)
	if s, err := c.Current(request(cookie)); err != nil || s.PersonID != "p" {
		t.Fatalf("%v %v", s.PersonID, err)
	}
	w := httptest.NewRecorder()
	if err := c.End(w, request(cookie)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Current(request(cookie)); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("after it ended: %v", err)
	}
	if set := w.Result().Cookies(); len(set) != 1 || set[0].MaxAge >= 0 {
		t.Error("the browser keeps the cookie")
	}
}

func TestStorageNeverHoldsTheCookiesSecret(t *testing.T) {
	rows := table{}
	cookie := begin(t, cookies(rows, "33", true), rows)
	for k := range rows {
		if strings.Contains(cookie.Value, k[:32]) || strings.Contains(k, cookie.Value) {
			t.Error("the key of the row is the cookie")
		}
	}
}

func TestCookiesAreHostBoundOverHTTPSAndDistinctPerIssuer(t *testing.T) {
	rows := table{}
	one, two := begin(t, cookies(rows, "33", true), rows), begin(t, cookies(rows, "51", true), rows)
	if one.Name != "__Host-session-33" || two.Name != "__Host-session-51" {
		t.Errorf("%s and %s", one.Name, two.Name)
	}
	if !one.Secure || !one.HttpOnly || one.Path != "/" || one.Domain != "" || one.SameSite != http.SameSiteLaxMode {
		t.Errorf("%+v", one)
	}
}

func TestRegionsAreKeptHomeFirstAndBounded(t *testing.T) {
	c := cookies(table{}, "00", false)
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
	c := cookies(table{}, "33", false)
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
