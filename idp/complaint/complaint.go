package complaint

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/semaphore"

	"manyou/federation/correction"
	"manyou/idp/form"
	"manyou/idp/session"
	"manyou/idp/signin"
	"manyou/idp/web"
	"manyou/storage"
)

// Store is what the pages need of storage besides the queue.
type Store interface {
	CredentialsOf(ctx context.Context, personID string) ([]storage.Credential, error)
	LinksOf(ctx context.Context, personID string) ([]storage.Link, error)
	HoldsOf(ctx context.Context, personID string) ([]storage.Hold, error)
	MergedInto(ctx context.Context, personID string) ([]string, error)
	Case(ctx context.Context, id string) (storage.Case, error)
	CaseEvents(ctx context.Context, id string) ([]storage.CaseEvent, error)
	CasesOf(ctx context.Context, personID string, limit int) ([]storage.Case, error)
	CasesFiledBy(ctx context.Context, filer string, limit int) ([]storage.Case, error)
	AddEvent(ctx context.Context, e storage.Event) error
	storage.Limits
}

// Vault seals passes, and makes identifiers of what must not be read from them.
type Vault interface {
	SealToken(purpose string, plaintext []byte) (string, error)
	OpenToken(purpose, token string) ([]byte, error)
	MAC(purpose string, data []byte) []byte
}

// Config is what a [Complaints] needs.
type Config struct {
	Store   Store
	Queue   *correction.Queue
	Vault   Vault
	Cookies *session.Cookies
	Web     *web.Web
	// SignIn sends the browser to sign in and then to a path of this issuer.
	SignIn func(w http.ResponseWriter, r *http.Request, path string, req signin.Request)
	// NameOf is what another issuer is called, by language; nil if it is not known.
	NameOf func(ctx context.Context, issuer string) map[string]string
	// Address is the network that a request comes from.
	Address func(r *http.Request) string
	Clock   func() time.Time
	Random  io.Reader
	Logger  *slog.Logger
}

// Complaints serves the pages.
type Complaints struct {
	Config
	forms *form.Forms
	// memory bounds what is spent on pictures at once.
	memory *semaphore.Weighted
}

// memoryBudget is what cleaning files may take at once, in bytes: one picture of the largest kind.
const memoryBudget = 512 << 20

// New returns the pages of the nation.
func New(c Config) *Complaints {
	return &Complaints{c, form.New(form.Config{
		Pages: "page of a case", Store: c.Store, Vault: c.Vault, Web: c.Web, Clock: c.Clock, Random: c.Random, Logger: c.Logger,
	}), semaphore.NewWeighted(memoryBudget)}
}

// Path is where the pages begin.
const Path = "/complaints"

type handler func(w http.ResponseWriter, r *http.Request, v visitor)

// Routes adds the pages, for those with a session and for those with a pass. protect refuses requests that another site makes the browser send.
func (c *Complaints) Routes(mux *http.ServeMux, protect func(http.Handler) http.Handler) {
	for _, route := range []struct {
		method, path string
		h            handler
	}{
		{http.MethodGet, "", c.list},
		{http.MethodGet, "/new", c.choose},
		{http.MethodGet, "/new/{what}", c.ask},
		{http.MethodPost, "/new/{what}", c.file},
		{http.MethodGet, "/case/{number}", c.show},
		{http.MethodPost, "/case/{number}/add", c.add},
		{http.MethodPost, "/case/{number}/withdraw", c.withdraw},
		{http.MethodPost, "/case/{number}/object", c.object},
		{http.MethodGet, "/case/{number}/file/{file}", c.attachment},
		// A page that answers a form is left by its switches, which lead to its own address.
		{http.MethodGet, "/case/{number}/add", c.back},
		{http.MethodGet, "/case/{number}/withdraw", c.back},
		{http.MethodGet, "/case/{number}/object", c.back},
	} {
		mux.Handle(route.method+" "+Path+route.path, protect(c.signedIn(route.h)))
		mux.Handle(route.method+" "+Path+"/as/{pass}"+route.path, protect(c.admitted(route.h)))
	}
}

// visitor is who asks, and where their pages are.
type visitor struct {
	person string // "" if nobody knows who they are
	// before are the records that were found to be theirs, too: what was filed with those is theirs still.
	before []string
	filer  string // as the queue names them
	base   string // of the paths of their pages
	acr    int
	chain  []string // the issuer where they signed in, if it was another
	phone  string   // proven, of whom nobody knows
	pass   bool
}

// known is a visitor with a session, or with a pass who proved who they are.
func (v visitor) known() bool { return v.person != "" }

// is reports whether a person is the visitor.
func (v visitor) is(person string) bool {
	return person != "" && (person == v.person || slices.Contains(v.before, person))
}

// filed reports whether a filer is the visitor.
func (v visitor) filed(filer string) bool {
	return filer == v.filer || slices.ContainsFunc(v.before, func(person string) bool { return filer == correction.Person(person) })
}

// visitor is whoever a person is.
func (c *Complaints) visitor(ctx context.Context, person string) (v visitor, err error) {
	v = visitor{person: person, filer: correction.Person(person), base: Path}
	v.before, err = c.Store.MergedInto(ctx, person)
	return v, err
}

// signedIn serves those with a session, and asks the others to sign in.
func (c *Complaints) signedIn(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := c.Cookies.Current(r)
		switch {
		case errors.Is(err, storage.ErrNotFound):
			if r.Method == http.MethodGet {
				c.SignIn(w, r, r.URL.Path, signin.Request{})
			} else if !c.keepTyped(w, r, web.KeptEnded) {
				c.SignIn(w, r, Path, signin.Request{})
			}
		case err != nil:
			c.fault(w, r, err)
		default:
			v, err := c.visitor(r.Context(), s.PersonID)
			if err != nil {
				c.fault(w, r, err)
				return
			}
			v.acr = s.ACR
			if s.Origin != "" {
				v.chain = []string{s.Origin}
			}
			h(w, r, v)
		}
	})
}

// note writes a line of the person's history.
func (c *Complaints) note(r *http.Request, v visitor, kind, number string) {
	if v.known() {
		c.forms.Note(r, v.person, kind, map[string]string{"case": number})
	}
}

func (c *Complaints) newID() (string, error) { return c.forms.NewID() }

func (c *Complaints) form(w http.ResponseWriter, r *http.Request) bool { return c.forms.Read(w, r) }

func (c *Complaints) notFound(w http.ResponseWriter, r *http.Request) {
	c.Web.Render(w, r, http.StatusNotFound, &web.ProblemPage{Problem: web.ProblemNotFound})
}

func (c *Complaints) fault(w http.ResponseWriter, r *http.Request, cause error) {
	c.forms.Fault(w, r, cause)
}
