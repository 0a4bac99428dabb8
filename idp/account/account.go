package account

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"time"

	"manyou/authenticators"
	"manyou/idp/form"
	"manyou/idp/session"
	"manyou/idp/signin"
	"manyou/idp/web"
	"manyou/storage"
)

// Store is what the pages need of storage.
type Store interface {
	Person(ctx context.Context, id string) (storage.Person, error)
	LinksOf(ctx context.Context, personID string) ([]storage.Link, error)
	storage.Credentials
	SessionsOf(ctx context.Context, personID string, now time.Time) ([]storage.Session, error)
	EndSession(ctx context.Context, id []byte, expiresAt, at time.Time) error
	EndSessionsOf(ctx context.Context, personID string, except []byte, at time.Time) (int64, error)
	Application(ctx context.Context, clientID string) (storage.Application, error)
	storage.Consents
	storage.Events
	storage.Replays
}

// Vault seals what a form carries, and computes what stands for a person at their authenticator.
type Vault interface {
	SealToken(purpose string, plaintext []byte) (string, error)
	OpenToken(purpose, token string) ([]byte, error)
	MAC(purpose string, data []byte) []byte
}

// Config is what an [Account] needs.
type Config struct {
	Issuer  string
	Region  string
	Name    map[string]string
	Store   Store
	Vault   Vault
	Methods *authenticators.Set
	Cookies *session.Cookies
	Web     *web.Web
	// NameOf is what another issuer is called, by language; nil if it is not known.
	NameOf func(ctx context.Context, issuer string) map[string]string
	// Complaints is where to say that something is wrong, "" if nowhere, with a case that is open or was decided lately.
	Complaints func(ctx context.Context, personID string) (at string, latest *web.ComplaintLine, err error)
	// SignIn sends the browser to sign in and then to a path of this issuer.
	SignIn func(w http.ResponseWriter, r *http.Request, path string, req signin.Request)
	// SignOut ends a session, here and where it came from, and sends the browser on to a URL.
	SignOut func(w http.ResponseWriter, r *http.Request, s storage.Session, target string)
	// Tell sends a person word of a change to their account.
	Tell func(r *http.Request, personID, kind string)
	// AskRelative sends a code to whoever is to become a person's relative; false if too many were sent.
	AskRelative func(r *http.Request, personID, browser string, c authenticators.Challenge) (bool, error)
	// Try counts an attempt at guessing such a code; false if there were too many.
	Try    func(r *http.Request, browser, personID string) (bool, error)
	Clock  func() time.Time
	Random io.Reader
	Logger *slog.Logger
}

// Account serves the citizen's own pages.
type Account struct {
	Config
	forms *form.Forms
}

// New returns the pages of an issuer.
func New(c Config) *Account {
	return &Account{c, form.New(form.Config{
		Pages: "account page", Store: c.Store, Vault: c.Vault, Web: c.Web, Clock: c.Clock, Random: c.Random, Logger: c.Logger,
	})}
}

const (
	pathAccount = "/account"
	pathAdd     = "/account/add/"
	pathHistory = "/account/history"
	pathNotMe   = "/account/not-me"
	pathConfirm = "/account/confirm"
	// pathElse is for who is not the person that they were signed in as, and pathElseSignIn where they go on.
	pathElse       = "/account/somebody-else"
	pathElseSignIn = "/account/somebody-else/sign-in"

	pathShow    = "/account/show" // served by the host
	pathSignOut = "/end_session"
	// pathStronger proves more than the session does.
	pathStronger = "/account/stronger"
)

// Routes adds the pages. protect refuses requests that another site makes the browser send.
func (a *Account) Routes(mux *http.ServeMux, protect func(http.Handler) http.Handler) {
	for pattern, h := range map[string]http.HandlerFunc{
		"GET " + pathAccount:           a.show,
		"POST " + pathAccount:          a.change,
		"GET " + pathAdd + "{method}":  a.offer,
		"POST " + pathAdd + "{method}": a.confirm,
		"GET " + pathHistory:           a.history,
		"GET " + pathNotMe:             a.askNotMe,
		"POST " + pathNotMe:            a.notMe,
		"GET " + pathElse:              a.askSomebodyElse,
		"POST " + pathElse:             a.somebodyElse,
		"GET " + pathElseSignIn:        a.signInElse,
		"GET " + pathConfirm:           a.confirmed,
		"GET " + pathStronger:          a.stronger,
	} {
		mux.Handle(pattern, protect(h)) // a GET is let through
	}
}

// freshness is how old the proof may be on which a method is changed.
const freshness = 10 * time.Minute

// current finds the session, or sends the browser to sign in and back to the path. What was typed into a form that was read is kept.
func (a *Account) current(w http.ResponseWriter, r *http.Request, path string, fresh bool) (storage.LiveSession, bool) {
	s, err := a.Cookies.Current(r)
	stale := err == nil && fresh && (a.Clock().After(s.AuthTime.Add(freshness)) || scanned(s))
	switch {
	case err != nil && !errors.Is(err, storage.ErrNotFound):
		a.fault(w, r, err)
	case err == nil && !a.forms.Theirs(r.PostForm, s.PersonID):
		a.keep(w, r, path, web.KeptOther, pathSignOut)
	case err != nil && form.Typed(r.PostForm):
		a.keep(w, r, path, web.KeptEnded, pathConfirm)
	case stale && form.Typed(r.PostForm):
		a.keep(w, r, path, web.KeptProof, pathConfirm+"?fresh=1")
	case err != nil:
		a.SignIn(w, r, path, signin.Request{})
	case stale:
		age := int64(freshness.Seconds())
		a.SignIn(w, r, path, signin.Request{Fresh: true, MaxAge: &age, Methods: a.own()})
	default:
		return s, true
	}
	return storage.LiveSession{}, false
}

// scanned reports whether another device approved a session. The citizen may have been talked into scanning (BCP 247 §4.1): that opens a
// session for some hours, and must not become a way to sign in that stays.
func scanned(s storage.LiveSession) bool { return slices.Contains(s.AMR, "mca") }

// own are the methods by which a citizen proves themselves at the device that they use.
func (a *Account) own() (names []string) {
	for _, m := range a.Methods.Methods() {
		names = append(names, m.Name)
	}
	return names
}

// keep shows what was typed, to be sent once who wrote it has signed in. What belonged to the session that ended is not sent again.
func (a *Account) keep(w http.ResponseWriter, r *http.Request, path, why, signIn string) {
	values := maps.Clone(r.PostForm)
	for _, void := range []string{"enrolment", "answer", "code"} {
		delete(values, void)
	}
	a.forms.Keep(w, r, values, &web.KeptPage{Why: why, SignInURL: signIn, BackURL: path})
}

// confirmed is where somebody signs in, in a window of its own: what they were writing stays in the other.
func (a *Account) confirmed(w http.ResponseWriter, r *http.Request) {
	if _, ok := a.current(w, r, r.URL.RequestURI(), r.URL.Query().Has("fresh")); ok {
		a.Web.Render(w, r, http.StatusOK, &web.ConfirmedPage{BackURL: pathAccount})
	}
}

// actions are what the overview offers. Those that change a way to sign in need a fresh proof.
func (a *Account) actions() map[string]struct {
	fresh bool
	do    func(w http.ResponseWriter, r *http.Request, s storage.LiveSession)
} {
	return map[string]struct {
		fresh bool
		do    func(w http.ResponseWriter, r *http.Request, s storage.LiveSession)
	}{
		"remove":     {true, a.remove},
		"rename":     {false, a.rename},
		"end":        {false, a.end},
		"not_me":     {false, a.toNotMe},
		"end_others": {false, a.endOthers},
		"withdraw":   {false, a.withdraw},
	}
}

// change does what a button of the overview asks for.
func (a *Account) change(w http.ResponseWriter, r *http.Request) {
	if !a.form(w, r) {
		return
	}
	action, ok := a.actions()[r.PostForm.Get("action")]
	if !ok {
		http.Redirect(w, r, pathAccount, http.StatusSeeOther)
		return
	}
	if s, ok := a.current(w, r, pathAccount, action.fresh); ok {
		action.do(w, r, s)
	}
}

// done returns to the overview, which says what was done.
func (a *Account) done(w http.ResponseWriter, r *http.Request, notice string) {
	http.Redirect(w, r, pathAccount+"?done="+notice, http.StatusSeeOther)
}

// note writes a line of the person's history.
func (a *Account) note(r *http.Request, s storage.LiveSession, kind string, detail map[string]string) {
	a.forms.Note(r, s.PersonID, kind, detail)
}

func (a *Account) newID() (string, error) { return a.forms.NewID() }

func (a *Account) form(w http.ResponseWriter, r *http.Request) bool { return a.forms.Read(w, r) }

func (a *Account) fault(w http.ResponseWriter, r *http.Request, cause error) {
	a.forms.Fault(w, r, cause)
}
