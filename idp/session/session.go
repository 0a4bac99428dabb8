package session

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"manyou/storage"
)

// Store is what the package needs of storage.
type Store interface {
	Session(ctx context.Context, id []byte, expiresAt time.Time) (storage.LiveSession, error)
	EndSession(ctx context.Context, id []byte, expiresAt, at time.Time) error
	VoidedSince(ctx context.Context, since time.Time, limit int) ([]storage.Void, error)
}

// Vault seals what the browser carries.
type Vault interface {
	SealToken(purpose string, plaintext []byte) (string, error)
	OpenToken(purpose, token string) ([]byte, error)
}

// Config is what a [Cookies] needs.
type Config struct {
	Store  Store
	Vault  Vault
	Clock  func() time.Time
	Random io.Reader
	// Suffix makes the names distinct per issuer: its region.
	Suffix string
	// Secure is set over https.
	Secure bool
	// Lifetime of a session, absolute.
	Lifetime time.Duration
	Logger   *slog.Logger
}

// Cookies reads and writes the cookies of one issuer.
type Cookies struct {
	Config
	voids *voids
}

// New returns the cookies of an issuer.
func New(c Config) *Cookies { return &Cookies{c, newVoids(c.Store, c.Clock, c.Logger)} }

const (
	idBytes     = sha256.Size
	secretBytes = 32
	valueBytes  = secretBytes + 4 // the secret, then the expiry in seconds since 1970
)

var encoding = base64.RawURLEncoding

// Handle names a session: what storage keys it by.
type Handle struct {
	ID        []byte
	ExpiresAt time.Time
}

// Issue invents the secret of a new session. The cookie is to be set only once storage has the session durably.
func (c *Cookies) Issue() (Handle, *http.Cookie, error) {
	value := make([]byte, valueBytes)
	if _, err := io.ReadFull(c.Random, value[:secretBytes]); err != nil {
		return Handle{}, nil, fmt.Errorf("session secret: %w", err)
	}
	expires := c.Clock().Add(c.Lifetime).Truncate(time.Second)
	binary.BigEndian.PutUint32(value[secretBytes:], uint32(expires.Unix())) // good until 2106
	id := sha256.Sum256(value[:secretBytes])
	return Handle{ID: id[:], ExpiresAt: expires.UTC()}, c.cookie("session", encoding.EncodeToString(value), c.Lifetime), nil
}

// Handle returns what the browser's session cookie names, without asking storage whether it lives.
func (c *Cookies) Handle(r *http.Request) (Handle, bool) {
	cookie, err := r.Cookie(c.name("session"))
	if err != nil {
		return Handle{}, false
	}
	var value [valueBytes + 2]byte
	if len(cookie.Value) != encoding.EncodedLen(valueBytes) {
		return Handle{}, false
	}
	if n, err := encoding.Strict().Decode(value[:], []byte(cookie.Value)); err != nil || n != valueBytes {
		return Handle{}, false
	}
	id := sha256.Sum256(value[:secretBytes])
	expires := time.Unix(int64(binary.BigEndian.Uint32(value[secretBytes:valueBytes])), 0).UTC()
	return Handle{ID: id[:], ExpiresAt: expires}, true
}

// Current returns the browser's session if it stands, in at most one read. storage.ErrNotFound if there is none that
// does.
func (c *Cookies) Current(r *http.Request) (storage.LiveSession, error) {
	h, ok := c.Handle(r)
	if !ok || !c.Clock().Before(h.ExpiresAt) {
		return storage.LiveSession{}, storage.ErrNotFound
	}
	s, err := c.Store.Session(r.Context(), h.ID, h.ExpiresAt)
	if err != nil {
		return storage.LiveSession{}, err
	}
	if !s.Stands(c.Clock()) {
		return storage.LiveSession{}, storage.ErrNotFound
	}
	return s, nil
}

// End ends the browser's session, if it has one, and forgets it.
func (c *Cookies) End(w http.ResponseWriter, r *http.Request) error {
	h, ok := c.Handle(r)
	if !ok {
		return nil
	}
	if err := c.Store.EndSession(r.Context(), h.ID, h.ExpiresAt, c.Clock()); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("end session: %w", err)
	}
	c.voids.mark(c.voids.ofSession(h.ID)) // at this node at once
	http.SetCookie(w, c.cookie("session", "", -1))
	http.SetCookie(w, c.cookie("standing", "", -1))
	return nil
}

const browserBytes = 16

// Browser returns the identifier of this browser, and sets one if it has none yet.
func (c *Cookies) Browser(w http.ResponseWriter, r *http.Request) (string, error) {
	if b := c.KnownBrowser(r); b != "" {
		return b, nil
	}
	var id [browserBytes]byte
	if _, err := io.ReadFull(c.Random, id[:]); err != nil {
		return "", fmt.Errorf("browser identifier: %w", err)
	}
	value := encoding.EncodeToString(id[:])
	cookie := c.cookie("browser", value, 400*24*time.Hour) // the longest that browsers keep one
	http.SetCookie(w, cookie)
	// The handlers that follow in this request see it too.
	r.AddCookie(&http.Cookie{Name: cookie.Name, Value: value})
	return value, nil
}

// KnownBrowser returns the identifier of this browser, "" if it has none.
func (c *Cookies) KnownBrowser(r *http.Request) string {
	cookie, err := r.Cookie(c.name("browser"))
	if err != nil || len(cookie.Value) != encoding.EncodedLen(browserBytes) {
		return ""
	}
	return cookie.Value
}

// maxBound is how many conversations one browser has at once.
const maxBound = 8

// Bind gives the browser a secret by which a conversation knows it, for as long as the conversation lives. Each
// conversation has its own: two tabs that begin at once do not overwrite each other's.
func (c *Cookies) Bind(w http.ResponseWriter, r *http.Request, conversation string, life time.Duration) (secret string, err error) {
	var mine []string
	for _, cookie := range r.Cookies() {
		if before, after, ok := strings.Cut(c.name("signin-*"), "*"); ok && strings.HasPrefix(cookie.Name, before) && strings.HasSuffix(cookie.Name, after) {
			mine = append(mine, cookie.Name)
		}
	}
	// Browsers send the oldest first (RFC 6265 §5.4). A conversation that was left does not keep its cookie for ever.
	for _, name := range mine[:max(0, len(mine)-maxBound+1)] {
		http.SetCookie(w, &http.Cookie{Name: name, Path: "/", MaxAge: -1, Secure: c.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	var b [browserBytes]byte
	if _, err := io.ReadFull(c.Random, b[:]); err != nil {
		return "", fmt.Errorf("bind conversation: %w", err)
	}
	secret = encoding.EncodeToString(b[:])
	http.SetCookie(w, c.cookie(bound(conversation), secret, life))
	return secret, nil
}

// Bound returns the secret that the browser has for a conversation, "" if none.
func (c *Cookies) Bound(r *http.Request, conversation string) string {
	cookie, err := r.Cookie(c.name(bound(conversation)))
	if err != nil || len(cookie.Value) != encoding.EncodedLen(browserBytes) {
		return ""
	}
	return cookie.Value
}

// Unbind forgets a conversation that is over.
func (c *Cookies) Unbind(w http.ResponseWriter, conversation string) {
	http.SetCookie(w, c.cookie(bound(conversation), "", -1))
}

// bound is the cookie of a conversation. A part of the identifier tells those apart that one browser has at once.
func bound(conversation string) string { return "signin-" + conversation[:min(len(conversation), 8)] }

// maxRegions bounds the regions cookie.
const maxRegions = 4

var regionsForm = regexp.MustCompile(`^[0-9]{2}(\.[0-9]{2}){0,3}$`)

// Regions returns the regions this browser was seen in, the home region first.
func (c *Cookies) Regions(r *http.Request) []string {
	cookie, err := r.Cookie(c.name("regions"))
	if err != nil || !regionsForm.MatchString(cookie.Value) {
		return nil
	}
	return strings.Split(cookie.Value, ".")
}

// SeenIn remembers that the browser came from a region, behind the regions known before.
func (c *Cookies) SeenIn(w http.ResponseWriter, r *http.Request, region string) {
	before := c.Regions(r)
	if region == "" || slices.Contains(before, region) {
		return
	}
	c.setRegions(w, append(before[:min(len(before), maxRegions-1)], region))
}

// AtHomeIn remembers the region where the citizen signed in, before all others.
func (c *Cookies) AtHomeIn(w http.ResponseWriter, r *http.Request, region string) {
	before := c.Regions(r)
	if region == "" || len(before) > 0 && before[0] == region {
		return
	}
	now := append([]string{region}, slices.DeleteFunc(before, func(b string) bool { return b == region })...)
	c.setRegions(w, now[:min(len(now), maxRegions)])
}

func (c *Cookies) setRegions(w http.ResponseWriter, regions []string) {
	http.SetCookie(w, c.cookie("regions", strings.Join(regions, "."), 400*24*time.Hour))
}

func (c *Cookies) name(of string) string {
	if c.Secure {
		return "__Host-" + of + "-" + c.Suffix
	}
	return of + "-" + c.Suffix
}

func (c *Cookies) cookie(of, value string, age time.Duration) *http.Cookie {
	seconds := int(age / time.Second)
	if age < 0 {
		seconds = -1
	}
	return &http.Cookie{
		Name: c.name(of), Value: value, Path: "/", MaxAge: seconds,
		Secure: c.Secure, HttpOnly: true,
		// Lax: a citizen arrives here by a redirect from another site, and the cookie must come along; it does not
		// come along with another site's POST or subresource.
		SameSite: http.SameSiteLaxMode,
	}
}

// Leave leaves a value for the next page, for a minute.
func (c *Cookies) Leave(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, c.cookie(name, value, time.Minute))
}

// Left returns what was left, "" if nothing was.
func (c *Cookies) Left(r *http.Request, name string) string {
	cookie, err := r.Cookie(c.name(name))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// EndAnother ends a session of another browser.
func (c *Cookies) EndAnother(ctx context.Context, s storage.Session) error {
	err := c.Store.EndSession(ctx, s.ID, s.ExpiresAt, c.Clock())
	c.voids.mark(c.voids.ofSession(s.ID)) // at this node at once
	return err
}
