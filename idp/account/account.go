package account

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"manyou/federation/identity"
	"manyou/idp/session"
	"manyou/idp/signin"
	"manyou/idp/web"
	"manyou/storage"
)

// Store is what the pages need of storage.
type Store interface {
	Person(ctx context.Context, id string) (storage.Person, error)
	LinksOf(ctx context.Context, personID string) ([]storage.Link, error)
	CredentialsOf(ctx context.Context, personID string) ([]storage.Credential, error)
	AddCredential(ctx context.Context, c storage.Credential) error
	RemoveCredential(ctx context.Context, personID, id string) error
	Count(ctx context.Context, keys []string, n int64, expiresAt time.Time) ([]int64, error)
}

// Vault seals what a form carries.
type Vault interface {
	SealToken(purpose string, plaintext []byte) (string, error)
	OpenToken(purpose, token string) ([]byte, error)
}

// Config is what an [Account] needs.
type Config struct {
	Issuer  string
	Name    map[string]string
	Store   Store
	Vault   Vault
	Cookies *session.Cookies
	Web     *web.Web
	// NameOf is what another issuer is called, by language; nil if it is not known.
	NameOf func(ctx context.Context, issuer string) map[string]string
	// SignIn sends the browser to sign in and then to a path of this issuer.
	SignIn func(w http.ResponseWriter, r *http.Request, path string, req signin.Request)
	Clock  func() time.Time
	Random io.Reader
	Logger *slog.Logger
}

// Account serves the citizen's own pages.
type Account struct{ Config }

// New returns the pages of an issuer.
func New(c Config) *Account { return &Account{c} }

const (
	pathAccount = "/account"
	pathTOTP    = "/account/totp"
)

// Routes adds the pages. protect refuses requests that another site makes the browser send.
func (a *Account) Routes(mux *http.ServeMux, protect func(http.Handler) http.Handler) {
	mux.HandleFunc("GET "+pathAccount, a.show)
	mux.HandleFunc("GET "+pathTOTP, a.offerTOTP)
	mux.Handle("POST "+pathAccount, protect(http.HandlerFunc(a.change)))
	mux.Handle("POST "+pathTOTP, protect(http.HandlerFunc(a.confirmTOTP)))
}

// freshness is how old the proof may be on which a method is changed.
const freshness = 10 * time.Minute

// current finds the session, or sends the browser to sign in and back to the path.
func (a *Account) current(w http.ResponseWriter, r *http.Request, path string, fresh bool) (storage.LiveSession, bool) {
	s, err := a.Cookies.Current(r)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		a.SignIn(w, r, path, signin.Request{})
	case err != nil:
		a.fault(w, r, err)
	case fresh && a.Clock().After(s.AuthTime.Add(freshness)):
		age := int64(freshness.Seconds())
		a.SignIn(w, r, path, signin.Request{Fresh: true, MaxAge: &age})
	default:
		return s, true
	}
	return storage.LiveSession{}, false
}

// show is the overview.
func (a *Account) show(w http.ResponseWriter, r *http.Request) {
	s, ok := a.current(w, r, pathAccount, false)
	if !ok {
		return
	}
	page, err := a.overview(r, s)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	a.Web.Render(w, r, http.StatusOK, page)
}

func (a *Account) overview(r *http.Request, s storage.LiveSession) (*web.AccountPage, error) {
	ctx := r.Context()
	person, err := a.Store.Person(ctx, s.PersonID)
	if err != nil {
		return nil, err
	}
	credentials, err := a.Store.CredentialsOf(ctx, s.PersonID)
	if err != nil {
		return nil, err
	}
	links, err := a.Store.LinksOf(ctx, s.PersonID)
	if err != nil {
		return nil, err
	}
	page := &web.AccountPage{Name: person.Name, Action: pathAccount, EnrolURL: pathTOTP, SignOutURL: "/end_session"}
	if len(person.Documents) > 0 {
		d := identity.Document{Kind: identity.Kind(person.Documents[0].Kind), Number: person.Documents[0].Number}
		page.Document = d.Mask()
	}
	for _, c := range credentials {
		m := web.Method{ID: c.ID, Kind: c.Method, Label: c.Label, AddedAt: c.CreatedAt, Removable: c.Method == totp.Name}
		if c.Method == sms.Name {
			m.Label = identity.MaskPhone(c.Handle)
		}
		page.Methods = append(page.Methods, m)
	}
	for _, l := range links {
		name := a.Web.Pick(r, a.NameOf(ctx, l.Issuer))
		if name == "" {
			name = l.Issuer
		}
		page.Links = append(page.Links, name)
	}
	return page, nil
}

// change removes an authenticator app. The phone stays: it is the way back in.
func (a *Account) change(w http.ResponseWriter, r *http.Request) {
	s, ok := a.current(w, r, pathAccount, true)
	if !ok {
		return
	}
	if !a.form(w, r) {
		return
	}
	id := r.PostForm.Get("credential")
	credentials, err := a.Store.CredentialsOf(r.Context(), s.PersonID)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	for _, c := range credentials {
		if c.ID != id || c.Method != totp.Name {
			continue
		}
		if err := a.Store.RemoveCredential(r.Context(), s.PersonID, id); err != nil && !errors.Is(err, storage.ErrNotFound) {
			a.fault(w, r, err)
			return
		}
		a.Logger.InfoContext(r.Context(), "method removed", "method", c.Method)
	}
	http.Redirect(w, r, pathAccount, http.StatusSeeOther)
}

// maxForm bounds a submitted page, in bytes.
const maxForm = 16 << 10

func (a *Account) form(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		a.Web.Render(w, r, http.StatusRequestEntityTooLarge, &web.ProblemPage{Problem: web.ProblemBadRequest})
		return false
	}
	return true
}

func (a *Account) fault(w http.ResponseWriter, r *http.Request, cause error) {
	reference := a.reference()
	a.Logger.ErrorContext(r.Context(), "account page failed", "reference", reference, "cause", cause)
	a.Web.Render(w, r, http.StatusInternalServerError, &web.ProblemPage{Problem: web.ProblemGeneric, Reference: reference})
}

func (a *Account) reference() string {
	var b [5]byte
	if _, err := io.ReadFull(a.Random, b[:]); err != nil {
		return "--------"
	}
	return fmt.Sprintf("%X", b)
}
