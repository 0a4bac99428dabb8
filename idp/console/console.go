package console

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"manyou/federation/audit"
	"manyou/federation/correction"
	"manyou/federation/identity"
	"manyou/federation/trust"
	"manyou/idp/form"
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
	audit.Reader
	caseStore
}

// Vault seals what a browser carries, and what of a look at a case is for auditors alone.
type Vault interface {
	SealToken(purpose string, plaintext []byte) (string, error)
	OpenToken(purpose, token string) ([]byte, error)
	form.Vault
}

// Config is what a [Console] needs.
type Config struct {
	Store      Store
	Membership membership.Membership
	// Cases is the queue of corrections.
	Cases   *correction.Queue
	Vault   Vault
	Cookies *session.Cookies
	Web     *web.Web
	// SignIn sends the browser to sign in and then to a path of this issuer.
	SignIn func(w http.ResponseWriter, r *http.Request, path string, req signin.Request)
	// KeyID is the thumbprint of the key that signs now: by it a province knows who invited it.
	KeyID func() (string, error)
	// Resolve is nil where there is no federation, and no province to decide about. Else it finds the chain by which an issuer is known, and Ask what it says of itself.
	Resolve func(ctx context.Context, id string) (*trust.Resolved, error)
	Ask     func(ctx context.Context, id string) (*trust.Statement, error)
	Clock   func() time.Time
	Random  io.Reader
	Logger  *slog.Logger
}

// Console serves the pages.
type Console struct {
	Config
	forms *form.Forms
	ages  ages
}

// New returns the pages of the nation.
func New(c Config) *Console {
	return &Console{Config: c, forms: form.New(form.Config{
		Pages: "console page", Store: c.Store, Vault: c.Vault, Web: c.Web, Clock: c.Clock, Random: c.Random, Logger: c.Logger,
	})}
}

const (
	pathConsole   = "/console"
	pathProvinces = "/console/provinces"
	pathCases     = "/console/cases"
	pathConfirm   = "/console/confirm"
	pathLoad      = "/console/cases/load"
	pathAudit     = "/console/audit"
	pathSignOut   = "/end_session"
	pathPasskey   = "/account/add/passkey" //nolint:gosec // an address

	methodPasskey = "passkey"

	// rung is the assurance that staff need: a passkey.
	rung = 3
	// freshness is how old it may be where something is decided.
	freshness = 15 * time.Minute

	inviteLife = 7 * 24 * time.Hour
)

// Routes adds the pages. protect refuses requests that another site makes the browser send.
func (c *Console) Routes(mux *http.ServeMux, protect func(http.Handler) http.Handler) {
	pages := map[string]http.HandlerFunc{
		"GET " + pathConsole:                          c.home,
		"GET " + pathConfirm:                          c.confirm,
		"GET " + pathLoad:                             c.load,
		"GET " + pathAudit:                            c.log,
		"GET " + pathCases:                            c.queue,
		"POST " + pathCases:                           c.bulk,
		"GET " + pathCases + "/{number}":              c.showCase,
		"POST " + pathCases + "/{number}":             c.step,
		"GET " + pathCases + "/{number}/files/{file}": c.file,
	}
	if c.Resolve != nil {
		pages["GET "+pathProvinces], pages["POST "+pathProvinces] = c.list, c.invite
		pages["GET "+pathProvinces+"/{region}"], pages["POST "+pathProvinces+"/{region}"] = c.show, c.decide
	}
	for pattern, h := range pages {
		mux.Handle(pattern, protect(h)) // a GET is let through
	}
}

// record writes what was decided into the audit log, and into the history of who decided it.
func (c *Console) record(r *http.Request, s storage.LiveSession, what, region string) error {
	if err := audit.Append(r.Context(), c.Store, audit.Entry{
		At: c.Clock(), Kind: "province." + what, Actor: "person:" + s.PersonID, Detail: map[string]string{"region": region, "by": "console"},
	}); err != nil {
		return err
	}
	c.Logger.InfoContext(r.Context(), "decided in the console", "what", what, "region", region, "staff", s.PersonID)
	c.forms.Note(r, s.PersonID, "console", map[string]string{signin.DetailApplication: what + " " + region})
	return nil
}

func (c *Console) problem(w http.ResponseWriter, r *http.Request, status int, p web.Problem, cause error) {
	reference, err := c.forms.NewID()
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
