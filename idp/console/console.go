package console

import (
	"context"
	"encoding/base32"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"manyou/federation/audit"
	"manyou/federation/correction"
	"manyou/federation/identity"
	"manyou/federation/trust"
	"manyou/idp/membership"
	"manyou/idp/session"
	"manyou/idp/signin"
	"manyou/idp/web"
	"manyou/storage"
)

// RoleOperator decides which provinces are in.
const RoleOperator = "operator"

// Roles lists the roles of staff.
func Roles() []string { return append([]string{RoleOperator}, correction.Roles()...) }

// Everywhere is the scope of staff who work on the cases of all regions.
const Everywhere = identity.Nation

// Store is what the console needs of storage.
type Store interface {
	StaffMember(ctx context.Context, personID string) (storage.StaffMember, error)
	CredentialsOf(ctx context.Context, personID string) ([]storage.Credential, error)
	AddEvent(ctx context.Context, e storage.Event) error
	audit.Appender
}

// Config is what a [Console] needs.
type Config struct {
	Store      Store
	Membership membership.Membership
	Cookies    *session.Cookies
	Web        *web.Web
	// SignIn sends the browser to sign in and then to a path of this issuer.
	SignIn func(w http.ResponseWriter, r *http.Request, path string, req signin.Request)
	// KeyID is the thumbprint of the key that signs now: by it a province knows who invited it.
	KeyID func() (string, error)
	// Resolve finds the chain by which an issuer is known, and Ask what it says of itself.
	Resolve func(ctx context.Context, id string) (*trust.Resolved, error)
	Ask     func(ctx context.Context, id string) (*trust.Statement, error)
	Clock   func() time.Time
	Random  io.Reader
	Logger  *slog.Logger
}

// Console serves the pages.
type Console struct{ Config }

// New returns the pages of the nation.
func New(c Config) *Console { return &Console{c} }

const (
	pathProvinces = "/console/provinces"
	pathPasskey   = "/account/add/passkey" //nolint:gosec // an address

	methodPasskey = "passkey"

	// rung is the assurance that staff need: a passkey.
	rung = 3
	// freshness is how old it may be where something is decided.
	freshness = 15 * time.Minute

	inviteLife = 7 * 24 * time.Hour
	maxForm    = 16 << 10
)

// Routes adds the pages. protect refuses requests that another site makes the browser send.
func (c *Console) Routes(mux *http.ServeMux, protect func(http.Handler) http.Handler) {
	for pattern, h := range map[string]http.HandlerFunc{
		"GET " + pathProvinces:                c.list,
		"POST " + pathProvinces:               c.invite,
		"GET " + pathProvinces + "/{region}":  c.show,
		"POST " + pathProvinces + "/{region}": c.decide,
	} {
		mux.Handle(pattern, protect(h)) // a GET is let through
	}
}

// staff finds who is there, if they may. It answers everybody else.
func (c *Console) staff(w http.ResponseWriter, r *http.Request, fresh bool) (storage.LiveSession, bool) {
	w.Header().Set("Cache-Control", "no-store")
	s, err := c.Cookies.Current(r)
	if errors.Is(err, storage.ErrNotFound) {
		c.SignIn(w, r, r.URL.Path, signin.Request{})
		return s, false
	} else if err != nil {
		c.fault(w, r, err)
		return s, false
	}
	m, err := c.Store.StaffMember(r.Context(), s.PersonID)
	switch {
	case errors.Is(err, storage.ErrNotFound) || err == nil && !slices.Contains(m.Roles, RoleOperator):
		c.problem(w, r, http.StatusNotFound, web.ProblemNotFound, errors.New("who is signed in is not of the staff"))
		return s, false
	case err != nil:
		c.fault(w, r, err)
		return s, false
	case s.ACR >= rung && (!fresh || c.Clock().Before(s.AuthTime.Add(freshness))):
		return s, true
	}
	credentials, err := c.Store.CredentialsOf(r.Context(), s.PersonID)
	if err != nil {
		c.fault(w, r, err)
		return s, false
	}
	if !slices.ContainsFunc(credentials, func(one storage.Credential) bool { return one.Method == methodPasskey }) {
		c.Web.Render(w, r, http.StatusForbidden, &web.ConsoleKeyPage{AddURL: pathPasskey})
		return s, false
	}
	age := int64(freshness.Seconds())
	c.SignIn(w, r, r.URL.Path, signin.Request{Rung: rung, Essential: true, Fresh: s.ACR >= rung, MaxAge: &age})
	return s, false
}

func (c *Console) form(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		c.problem(w, r, http.StatusRequestEntityTooLarge, web.ProblemBadRequest, err)
		return false
	}
	return true
}

// record writes what was decided into the audit log, and into the history of who decided it.
func (c *Console) record(r *http.Request, s storage.LiveSession, what, region string) error {
	id, err := c.newID()
	if err != nil {
		return err
	}
	if err := audit.Append(r.Context(), c.Store, audit.Entry{
		At: c.Clock(), Kind: "province." + what, Actor: "person:" + s.PersonID, Detail: map[string]string{"region": region, "by": "console"},
	}); err != nil {
		return err
	}
	c.Logger.InfoContext(r.Context(), "decided in the console", "what", what, "region", region, "staff", s.PersonID)
	return c.Store.AddEvent(r.Context(), storage.Event{
		ID: id, PersonID: s.PersonID, At: c.Clock(), Kind: "console", Detail: map[string]string{
			"application": what + " " + region, signin.DetailDevice: session.DescribeAgent(r.UserAgent()),
		},
	})
}

func (c *Console) newID() (string, error) {
	var id [15]byte
	if _, err := io.ReadFull(c.Random, id[:]); err != nil {
		return "", err
	}
	return base32.StdEncoding.EncodeToString(id[:]), nil
}

func (c *Console) problem(w http.ResponseWriter, r *http.Request, status int, p web.Problem, cause error) {
	reference, err := c.newID()
	if err != nil {
		reference = "--------"
	}
	reference = reference[:min(len(reference), 8)]
	c.Logger.WarnContext(r.Context(), "problem shown", "reference", reference, "problem", string(p), "cause", cause)
	c.Web.Render(w, r, status, &web.ProblemPage{Problem: p, Reference: reference})
}

func (c *Console) fault(w http.ResponseWriter, r *http.Request, cause error) {
	c.problem(w, r, http.StatusInternalServerError, web.ProblemGeneric, cause)
}
