package signin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"manyou/authenticators"
	"manyou/authenticators/otp"
	"manyou/federation/register"
	"manyou/federation/trust"
	"manyou/idp/session"
	"manyou/idp/ticket"
	"manyou/idp/web"
	"manyou/storage"
)

// Host is the issuer on whose behalf a conversation is held. It answers what the sign-in was for.
type Host interface {
	// Finish is called with the session that stands once the citizen is signed in.
	Finish(w http.ResponseWriter, r *http.Request, body []byte, s storage.Session)
	// Local is the body of a sign-in that ends at a page of this issuer: a path.
	Local(path string) ([]byte, error)
	// Refuse is called with an error code of OpenID Connect Core §3.1.2.6 when there will be no session.
	Refuse(w http.ResponseWriter, r *http.Request, body []byte, code string)
}

// Store is what conversations need of storage.
type Store interface {
	storage.Persons
	storage.Holds
	storage.Links
	storage.Credentials
	storage.Sessions
	storage.SignIns
	storage.Conversations
	storage.Upstreams
	storage.Consents
	storage.Limits
	storage.Events
	storage.Replays
}

// Vault computes keyed hashes, by which limits count without knowing whom, and seals what a picture holds.
type Vault interface {
	SealToken(purpose string, plaintext []byte) (string, error)
	OpenToken(purpose, token string) ([]byte, error)
	MAC(purpose string, data []byte) []byte
}

// Limits bound attempts in an hour; see idp.Limits.
type Limits struct {
	MessagesPerPhone, MessagesPerDevice, MessagesPerAddress int64
	ProofsPerPerson, ProofsPerDevice, ProofsPerAddress      int64
}

// Config is what a [SignIn] needs.
type Config struct {
	Issuer   string
	National bool
	Region   string
	Name     map[string]string

	Store     Store
	Vault     Vault
	Host      Host
	Cookies   *session.Cookies
	Web       *web.Web
	Methods   *authenticators.Set
	Tickets   *ticket.Tickets
	Changes   *ticket.Changes
	Messages  otp.Gateway
	Register  register.Source
	Transport http.RoundTripper
	// Sign signs as this issuer.
	Sign func(typ string, payload []byte) (string, error)
	// Neighbours are issuers that nobody registered here and the nation vouches for, from memory; nil: there are none. NeighbourTransport
	// carries requests to them: they name their addresses themselves.
	Neighbours func() []trust.Neighbour
	// Complain is where somebody who is refused can say that something is wrong; nil: nowhere.
	Complain           func(w http.ResponseWriter, r *http.Request, who Refused) (string, error)
	NeighbourTransport http.RoundTripper
	// Chain is what the trust chain of an issuer makes of it as a provider, as JSON; nil: there are no chains.
	Chain func(ctx context.Context, issuer string) ([]byte, error)

	// Disagree is told of issuers that say something else of a person than is known here; nil: nobody is.
	Disagree func(ctx context.Context, d Disagreement) error
	// PassedOn is told of numbers that are another's now; nil: nobody is.
	PassedOn func(ctx context.Context, p PassedOn) error

	Clock          func() time.Time
	Random         io.Reader
	Logger         *slog.Logger
	Limits         Limits
	TrustedProxies []netip.Prefix
}

// SignIn holds the conversations of one issuer. It keeps no state between requests.
type SignIn struct {
	Config
	sender    *otp.Sender
	policy    otp.Policy
	upstreams *directory
	sending   chan struct{} // bounds messages under way
	comparing chan struct{} // bounds what is compared behind sign-ins
	passingOn chan struct{} // bounds what is asked behind them
}

// maxSending bounds messages that are being handed to the gateway at once. Past it requests wait.
const maxSending = 128

// New prepares sign-in.
func New(c Config) (*SignIn, error) {
	issuer, err := url.Parse(c.Issuer)
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	sender, err := otp.NewSender(c.Name, issuer.Hostname())
	if err != nil {
		return nil, fmt.Errorf("prepare messages: %w", err)
	}
	s := &SignIn{Config: c, sender: sender, policy: otp.DefaultPolicy(), sending: make(chan struct{}, maxSending), comparing: make(chan struct{}, maxComparing)}
	s.passingOn = make(chan struct{}, maxPassingOn)
	s.upstreams = newDirectory(c)
	return s, nil
}

// Paths of the conversation.
const (
	pathPrefix   = "/signin/"
	pathCallback = "/upstream/callback"
)

// CallbackPath is where other issuers send the browser back to; it is registered there as redirect URI.
const CallbackPath = pathCallback

// Routes adds the pages of the conversation. protect refuses requests that another site makes the browser send.
func (s *SignIn) Routes(mux *http.ServeMux, protect func(http.Handler) http.Handler) {
	mux.Handle("GET "+pathPrefix+"{conversation}", http.HandlerFunc(s.show))
	mux.Handle("POST "+pathPrefix+"{conversation}", protect(http.HandlerFunc(s.submit)))
	mux.Handle("GET "+pathPrefix+"{conversation}/lost", http.HandlerFunc(s.lost))
	mux.Handle("GET "+pathPrefix+"{conversation}/complain", http.HandlerFunc(s.complain))
	mux.Handle("GET "+pathPrefix+"{conversation}/events", http.HandlerFunc(s.events))
	mux.Handle("GET "+pathScan+"{token}", http.HandlerFunc(s.scan))
	mux.Handle("POST "+pathScan+"{token}", protect(http.HandlerFunc(s.answerScan)))
	mux.Handle("POST "+BackchannelLogoutPath, http.HandlerFunc(s.backchannelLogout))
	mux.Handle("GET "+pathCallback, http.HandlerFunc(s.callback))
}

// show renders the page of the step that the conversation stands at.
func (s *SignIn) show(w http.ResponseWriter, r *http.Request) {
	c, ok := s.resume(w, r, r.PathValue("conversation"))
	if !ok {
		return
	}
	if c.state.Step == stepQR {
		s.showQR(w, r, c)
		return
	}
	s.render(w, r, c, http.StatusOK, "")
}

// maxForm bounds a submitted page, in bytes.
const maxForm = 16 << 10

// submit takes what a page sent. Each step knows the actions it allows.
func (s *SignIn) submit(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		s.problem(w, r, http.StatusRequestEntityTooLarge, web.ProblemBadRequest, err)
		return
	}
	c, ok := s.resume(w, r, r.PathValue("conversation"))
	if !ok {
		return
	}
	action := r.PostForm.Get("action")
	handler, ok := s.actions()[c.state.Step][action]
	if !ok {
		// An old page of the same conversation, in another tab or behind the back button: show where it stands.
		s.back(w, r, c)
		return
	}
	handler(w, r, c)
}

type handler func(w http.ResponseWriter, r *http.Request, c *conversation)

// actions are the arrows that leave each step.
func (s *SignIn) actions() map[step]map[string]handler {
	phone := map[string]handler{
		"phone": s.enterPhone, "phone_shared": s.enterPhone, "province": s.toProvinces, "passkey": s.enterPasskey, "qr": s.toQR,
		"other": s.toOther,
	}
	return map[step]map[string]handler{
		stepPhone:    phone,
		stepUpstream: phone, // back from the other issuer by the browser's own button
		stepCode:     {"code": s.enterCode, "resend": s.resend, "totp": s.toTOTP, "other": s.toOther, "back": s.toPhone},
		stepProve:    {"prove": s.enterProof, "other": s.toOther, "skip": s.skip, "back": s.toCode},
		stepRelative: {
			"send": s.sendRelative, "resend": s.sendRelative, "relative": s.enterRelative, "other": s.toOther, "skip": s.skip, "back": s.toPhone,
		},
		stepPasskey:  {"passkey": s.enterPasskey, "other": s.toOther, "skip": s.skip, "back": s.toPhone},
		stepQR:       {"qr_again": s.toQR, "back": s.toPhone},
		stepIdentify: {"identify": s.identify, "back": s.toPhone},
		stepChoose:   {"choose": s.choose, "identify": s.toIdentify, "back": s.toPhone},
		stepProvince: {"upstream": s.toUpstream, "back": s.toPhone},
		stepConsent:  {"agree": s.agree, "decline": s.decline},
	}
}

// back sends the browser to the page of the step that the conversation stands at (POST, redirect, GET).
func (s *SignIn) back(w http.ResponseWriter, r *http.Request, c *conversation) {
	http.Redirect(w, r, c.path(), http.StatusSeeOther)
}

// RegionOf is the region of another issuer, "" if it is not known.
func (s *SignIn) RegionOf(issuer string) string { return s.upstreams.regionOf(issuer) }

// EndSessionURL is where a browser goes to end its session at another issuer, "" if that issuer offers no such place. It fails if the
// issuer does not answer: a browser that is sent there would not come back.
func (s *SignIn) EndSessionURL(ctx context.Context, issuer, idToken, returnTo, state string) (string, error) {
	p, err := s.upstreams.byIssuer(ctx, issuer)
	if err != nil {
		return "", nil //nolint:nilerr // an issuer that is closed has no session that counts
	}
	away, ok := p.provider.EndSessionURL(ctx, idToken, returnTo, state)
	if !ok {
		return "", nil
	}
	return away, p.provider.Reach(ctx)
}

// NameOf is what another issuer is called, by language; nil if it is not known.
func (s *SignIn) NameOf(ctx context.Context, issuer string) map[string]string {
	u, err := s.upstreams.byIssuer(ctx, issuer)
	if err != nil {
		return nil
	}
	return u.Name
}

// problem shows what went wrong, with a reference that finds the cause in the log.
func (s *SignIn) problem(w http.ResponseWriter, r *http.Request, status int, p web.Problem, cause error) {
	s.problemPage(w, r, status, web.ProblemPage{Problem: p}, cause)
}

func (s *SignIn) problemPage(w http.ResponseWriter, r *http.Request, status int, page web.ProblemPage, cause error) {
	page.Reference = s.reference()
	level := slog.LevelWarn
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	s.Logger.Log(r.Context(), level, "problem shown", "reference", page.Reference, "problem", string(page.Problem), "cause", cause)
	s.Web.Render(w, r, status, &page)
}

func (s *SignIn) fault(w http.ResponseWriter, r *http.Request, cause error) {
	if errors.Is(cause, storage.ErrConflict) {
		// The conversation went on elsewhere: another tab, a double click. Nothing is lost by starting there.
		s.problem(w, r, http.StatusConflict, web.ProblemExpired, cause)
		return
	}
	s.problem(w, r, http.StatusInternalServerError, web.ProblemGeneric, cause)
}
