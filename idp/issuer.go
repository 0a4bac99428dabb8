package idp

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"

	"manyou/authenticators/passkey"
	"manyou/federation/correction"
	"manyou/federation/exchange"
	"manyou/federation/trust"
	"manyou/idp/account"
	"manyou/idp/cases"
	"manyou/idp/complaint"
	"manyou/idp/console"
	"manyou/idp/entity"
	"manyou/idp/keys"
	"manyou/idp/membership"
	"manyou/idp/session"
	"manyou/idp/signin"
	"manyou/idp/statuslist"
	"manyou/idp/streams"
	"manyou/idp/ticket"
	"manyou/idp/web"
)

// Issuer is one OpenID provider: the nation's or a province's. It is safe for concurrent use.
type Issuer struct {
	op.UnimplementedServer
	Config

	apps        *applications
	keys        *keys.Ring
	keySet      atomic.Pointer[prepared]
	cookies     *session.Cookies
	web         *web.Web
	tickets     *ticket.Tickets
	changes     *ticket.Changes
	signin      *signin.SignIn
	account     *account.Account
	crossOrigin *http.CrossOriginProtection
	entity      *entity.Entity        // nil: of no federation
	cases       *correction.Queue     // nil: at the nation
	caseAPI     *cases.API            // of applications and provinces
	complaints  *complaint.Complaints // nil: at the nation
	streams     *streams.Streams
	statuses    *statuslist.Lists
	// tellRegistered carries what is told to addresses that somebody registered here, tellNamed to those that an application named itself.
	tellRegistered, tellNamed *http.Client
	handler                   http.Handler
}

var _ op.Server = (*Issuer)(nil)

// New prepares an issuer. It creates signing keys if there are none yet. It listens to nothing: see [Issuer.Handler].
func New(ctx context.Context, c Config) (*Issuer, error) {
	c.setDefaults()
	if err := c.check(ctx); err != nil {
		return nil, err
	}
	i := &Issuer{Config: c, apps: newApplications(c.Store, c.Clock), crossOrigin: http.NewCrossOriginProtection()}
	var err error
	if i.keys, err = keys.Open(ctx, c.Store, c.Clock, c.Random); err != nil {
		return nil, fmt.Errorf("open signing keys: %w", err)
	}
	i.publishKeys()
	if c.Federation != nil {
		if i.entity, err = entity.Open(ctx, entity.Config{
			Federation: *c.Federation, ID: c.Issuer, Name: c.Name["zh"], Keys: i.keys, Store: c.Store, Clock: c.Clock, Logger: c.Logger,
			Metadata: i.entityMetadata, Settle: i.settle,
		}); err != nil {
			return nil, fmt.Errorf("open federation: %w", err)
		}
		i.apps.trust, i.apps.approval = i.entity.Resolver, c.Federation.ApplicationMark
	}
	secure := strings.HasPrefix(c.Issuer, "https://")
	i.cookies = session.New(session.Config{
		Store: c.Store, Vault: c.Vault, Clock: c.Clock, Random: c.Random, Suffix: c.Region, Secure: secure,
		Lifetime: c.SessionLifetime, Logger: c.Logger,
	})
	if i.web, err = web.New(web.Options{
		Issuer: c.Issuer, Name: c.Name, Region: c.Region, Secure: secure, CookieSuffix: c.Region, Logger: c.Logger,
	}); err != nil {
		return nil, fmt.Errorf("prepare pages: %w", err)
	}
	i.tickets = ticket.New(c.Store, c.Clock, c.Random)
	i.changes = ticket.NewChanges(c.Store, c.Clock, c.Logger)
	if i.signin, err = signin.New(signin.Config{
		Issuer: c.Issuer, National: c.Role == National, Region: c.Region, Name: c.Name,
		Store: c.Store, Vault: c.Vault, Host: host{i}, Cookies: i.cookies, Web: i.web,
		Methods: c.Methods, Tickets: i.tickets, Changes: i.changes,
		Messages: c.Messages, Register: c.Register, Transport: c.Transport, Sign: i.signAs,
		Neighbours: i.Neighbours, NeighbourTransport: c.neighbourTransport(), Chain: i.chain(),
		Disagree: i.disagree(), PassedOn: i.passedOn, Complain: i.complain,
		Clock: c.Clock, Random: c.Random, Logger: c.Logger, Limits: signin.Limits(*c.Limits), TrustedProxies: c.TrustedProxies,
	}); err != nil {
		return nil, fmt.Errorf("prepare sign-in: %w", err)
	}
	i.account = account.New(account.Config{
		Issuer: c.Issuer, Region: c.Region, Name: c.Name, Store: c.Store, Vault: c.Vault, Methods: c.Methods, Cookies: i.cookies, Web: i.web,
		SignIn: i.signInHere, SignOut: i.signOut, NameOf: i.signin.NameOf, Tell: i.signin.Tell, Complaints: i.complaintsOf,
		AskRelative: i.signin.AskRelative, Try: i.signin.Try, Clock: c.Clock, Random: c.Random, Logger: c.Logger,
	})
	i.tellRegistered, i.tellNamed = tellClient(c.Transport), tellClient(c.neighbourTransport())
	i.cases = i.newCases()
	i.caseAPI = i.newCaseAPI()
	i.complaints = i.newComplaints()
	i.streams = i.newStreams()
	i.statuses = i.newStatuses()
	if i.handler, err = i.routes(); err != nil {
		return nil, err
	}
	return i, nil
}

func (c *Config) setDefaults() {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Transport == nil {
		c.Transport = plainTransport()
	}
	if c.SessionLifetime == 0 {
		c.SessionLifetime = 12 * time.Hour
	}
	if c.Exchange == nil {
		p := exchange.Default()
		c.Exchange = &p
	}
	if c.Corrections == nil {
		p := correction.DefaultPolicy()
		c.Corrections = &p
	}
	if c.Limits == nil {
		l := DefaultLimits()
		c.Limits = &l
	}
}

// plainTransport is [http.DefaultTransport] for peers that one need not trust: the head of an answer is bounded, too, and not only by megabytes.
func plainTransport() http.RoundTripper {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	t = t.Clone()
	t.MaxResponseHeaderBytes = 64 << 10
	return t
}

// neighbourTransport carries requests to issuers that nobody registered here.
func (c *Config) neighbourTransport() http.RoundTripper {
	switch {
	case c.Federation == nil:
		return nil
	case c.Federation.Transport != nil:
		return c.Federation.Transport
	}
	return trust.GuardedTransport(c.Federation.Loopback)
}

// newConsole is where those who run the nation decide: about provinces, and about cases.
func (i *Issuer) newConsole() *console.Console {
	c := console.Config{
		Store: i.Store, Vault: i.Vault, Cases: i.cases, Cookies: i.cookies, Web: i.web, SignIn: i.signInHere,
		Membership: membership.Membership{Store: i.Store, Issuer: i.Issuer, Clock: i.Clock, Random: i.Random},
		KeyID: func() (string, error) {
			key, err := i.keys.Signer(keys.ES256)
			if err != nil {
				return "", err
			}
			return key.ID(), nil
		},
		Clock: i.Clock, Random: i.Random, Logger: i.Logger,
	}
	if i.entity != nil {
		c.Resolve = i.entity.Resolver.Resolve
		c.Ask = func(ctx context.Context, id string) (*trust.Statement, error) {
			return trust.Ask(ctx, i.entity.Fetcher, id)
		}
	}
	return console.New(c)
}

// Handler serves the issuer: protocol endpoints, pages, assets.
func (i *Issuer) Handler() http.Handler { return i.handler }

func (i *Issuer) routes() (http.Handler, error) {
	discovery, err := i.serveDiscovery()
	if err != nil {
		return nil, err
	}
	server := op.RegisterServer(i, op.Endpoints{
		Token:         op.NewEndpoint(pathToken),
		Introspection: op.NewEndpoint(pathIntrospect),
		Userinfo:      op.NewEndpoint(pathUserInfo),
		Revocation:    op.NewEndpoint(pathRevoke),

		DeviceAuthorization: op.NewEndpoint(pathDeviceAuthz),
	}, op.WithServerCORSOptions(nil)) // CORS is ours: op's default reflects any origin with credentials

	mux := http.NewServeMux()
	if len(i.PasskeyOrigins) > 0 {
		related, err := passkey.RelatedOrigins(i.PasskeyOrigins...)
		if err != nil {
			return nil, err
		}
		mux.Handle(passkey.RelatedOriginsPath, prepare(related, keySetAge))
	}
	mux.Handle(pathDiscovery, discovery)
	mux.Handle(pathMetadata, discovery) // RFC 8414 §3
	mux.HandleFunc(pathKeys, i.serveKeys)
	mux.Handle(pathToken, i.endpointEdge(i.tokenEndpoint(server)))
	mux.Handle(pathCIBA, i.endpointEdge(http.HandlerFunc(i.backchannelAuthorize)))
	mux.HandleFunc("GET "+pathShow, i.showCode)
	mux.Handle("POST "+pathShow, i.crossOrigin.Handler(http.HandlerFunc(i.showCode)))
	mux.HandleFunc("GET "+pathShow+"/events", i.showEvents)
	mux.Handle(pathIntrospect, i.endpointEdge(server))
	mux.Handle(pathRevoke, i.endpointEdge(server))
	mux.Handle(pathDeviceAuthz, i.endpointEdge(server))
	mux.HandleFunc("GET "+pathDevice, i.device)
	mux.Handle("POST "+pathDevice, i.crossOrigin.Handler(http.HandlerFunc(i.device)))
	mux.Handle(pathUserInfo, i.userInfoEdge(server))
	mux.Handle("/healthz", server)
	mux.Handle("/ready", server)
	mux.HandleFunc("GET "+pathAuthorize, i.authorize)
	mux.HandleFunc("POST "+pathAuthorize, i.authorize)
	mux.HandleFunc("GET "+pathEndSession, i.endSession)
	mux.HandleFunc("POST "+pathEndSession, i.endSession)
	mux.HandleFunc("GET "+SignedOutPath, i.returnFromSignOut)
	if i.entity != nil {
		i.entity.Routes(mux)
		mux.HandleFunc("POST "+pathRegister, i.register)
		if i.Role == National {
			mux.HandleFunc("GET "+membership.JoinPath+"{secret}", i.showInvitation)
			mux.HandleFunc("POST "+membership.JoinPath+"{secret}", i.join)
		}
	}
	if i.Role == National {
		i.newConsole().Routes(mux, i.crossOrigin.Handler)
	}
	i.streams.Routes(mux)
	i.statuses.Routes(mux)
	i.caseAPI.Routes(mux)
	i.signin.Routes(mux, i.crossOrigin.Handler)
	i.account.Routes(mux, i.crossOrigin.Handler)
	if i.complaints != nil {
		i.complaints.Routes(mux, i.crossOrigin.Handler)
	}
	i.web.Routes(mux)
	mux.HandleFunc("GET /{$}", i.home)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		i.problem(w, r, http.StatusNotFound, web.ProblemNotFound, errors.New("no such page"))
	})
	return i.recoverer(mux), nil
}

func (i *Issuer) home(w http.ResponseWriter, r *http.Request) {
	i.web.Render(w, r, http.StatusOK, &web.HomePage{})
}

// signInHere starts a sign-in that ends at a page of this issuer.
func (i *Issuer) signInHere(w http.ResponseWriter, r *http.Request, path string, req signin.Request) {
	var err error
	if req.Body, err = (host{i}).Local(path); err != nil {
		i.fault(w, r, err)
		return
	}
	s, err := i.cookies.Current(r)
	if err != nil {
		i.signin.Begin(w, r, req, nil)
		return
	}
	i.signin.Begin(w, r, req, &s.Session)
}

// recoverer turns a panic into a page, so that one request cannot take others down or show a stack.
func (i *Issuer) recoverer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch cause := recover(); cause {
			case nil:
			case http.ErrAbortHandler: // means to cut the connection
				panic(cause)
			default:
				i.fault(w, r, fmt.Errorf("panic: %v", cause))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

func (i *Issuer) publishKeys() {
	p := prepare(i.keys.JWKS(), keySetAge)
	i.keySet.Store(&p)
}

// reference is what a citizen reads to an operator, who finds it in the log.
func (i *Issuer) reference() string {
	var b [5]byte
	if _, err := io.ReadFull(i.Random, b[:]); err != nil {
		return "--------"
	}
	return base32.StdEncoding.EncodeToString(b[:])
}

// Health implements op.Server.
func (i *Issuer) Health(context.Context, *op.Request[struct{}]) (*op.Response, error) {
	return op.NewResponse(op.Status{Status: "ok"}), nil
}

// Ready implements op.Server: it reports whether the database answers.
func (i *Issuer) Ready(ctx context.Context, _ *op.Request[struct{}]) (*op.Response, error) {
	if err := i.Store.Ping(ctx); err != nil {
		return nil, op.NewStatusError(serverError(err), http.StatusServiceUnavailable)
	}
	return op.NewResponse(op.Status{Status: "ok"}), nil
}
