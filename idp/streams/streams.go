package streams

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"manyou/federation/correction"
	"manyou/federation/signals"
	"manyou/idp/signin"
	"manyou/storage"
)

// Store is what streams need of storage.
type Store interface {
	storage.Signals
	Person(ctx context.Context, id string) (storage.Person, error)
	CredentialsOf(ctx context.Context, personID string) ([]storage.Credential, error)
	Link(ctx context.Context, issuer, subject string) (storage.Link, storage.Person, error)
	PlaceHold(ctx context.Context, h storage.Hold) error
	LiftHold(ctx context.Context, l storage.HoldLift, at time.Time) error
	SessionsOf(ctx context.Context, personID string, now time.Time) ([]storage.Session, error)
	EndSession(ctx context.Context, id []byte, expiresAt, at time.Time) error
	IssuerApplication(ctx context.Context, region string) (storage.Application, error)
	ListUpstreams(ctx context.Context) ([]storage.Upstream, error)
	Use(ctx context.Context, kind, id string, expiresAt time.Time) error
	Used(ctx context.Context, kind, id string, expiresAt time.Time) (bool, error)
	Claim(ctx context.Context, kind, id, holder string, expiresAt time.Time) (bool, error)
	Count(ctx context.Context, keys []string, n int64, expiresAt time.Time) ([]int64, error)
	Lease(ctx context.Context, task, node string, now, until time.Time) (bool, error)
}

// Receiver is an application that hears, as far as this room has to know it.
type Receiver struct {
	ClientID string
	// Links is the issuer by which links name it; "" if it is none.
	Links string
	// Subject is how it knows a person.
	Subject func(personID string) string
	// Hosts are those where it may be told, since somebody registered them.
	Hosts []string
	// Client carries requests to it.
	Client *http.Client
}

// Config is what [Streams] need.
type Config struct {
	Issuer string
	// Nation is the region code of the issuer whose corrections are carried out; "" at the nation itself.
	Nation string
	Store  Store
	// Receiver finds an application. An error of another kind than [ErrNoReceiver] is a fault.
	Receiver func(ctx context.Context, clientID string) (Receiver, error)
	// Authorize says which application sends a request, by its access token with a scope; an answer is written if none does.
	Authorize func(w http.ResponseWriter, r *http.Request, scope string) (clientID string, ok bool)
	Sign      func(typ string, payload []byte) (string, error)
	// Peer finds the issuer that a token comes from.
	Peer func(ctx context.Context, issuer string) (signin.Peer, error)
	// Vouched says whether the federation vouches for an issuer now, and for the keys that its tokens are checked by. [ErrNotVouched] if not;
	// another error if it cannot be found out.
	Vouched func(ctx context.Context, peer signin.Peer) error
	// Cases takes what a province reports; nil where there is no queue.
	Cases  *correction.Queue
	Clock  func() time.Time
	Random io.Reader
	Logger *slog.Logger
}

// Streams is the transmitter and the receiver of an issuer.
type Streams struct {
	Config
	mu     sync.Mutex
	states map[string]*delivery
	polls  map[string]int // of each application, that wait
	marks  signals.Marks
}

// New returns them.
func New(c Config) *Streams {
	return &Streams{Config: c, states: map[string]*delivery{}, polls: map[string]int{}}
}

// Paths.
const (
	pathMetadata = "/.well-known/ssf-configuration"
	pathStreams  = "/ssf/streams"
	pathStatus   = "/ssf/status"
	pathAdd      = "/ssf/subjects/add"
	pathRemove   = "/ssf/subjects/remove"
	pathVerify   = "/ssf/verify"
	pathPoll     = "/ssf/poll"
	// PathReceive is where this issuer is told.
	PathReceive = "/ssf/events"
)

// minVerification is how often a stream is verified at most, in seconds.
const minVerification = 10

// Routes adds the endpoints.
func (s *Streams) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+pathMetadata, s.metadata)
	for pattern, h := range map[string]http.HandlerFunc{
		"POST " + pathStreams: s.create, "GET " + pathStreams: s.read, "PATCH " + pathStreams: s.update, "PUT " + pathStreams: s.update,
		"DELETE " + pathStreams: s.remove, "GET " + pathStatus: s.status, "POST " + pathStatus: s.setStatus,
		"POST " + pathAdd: s.subject, "POST " + pathRemove: s.subject, "POST " + pathVerify: s.verify, "POST " + pathPoll: s.poll,
		"POST " + PathReceive: s.receive,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
			h(w, r)
		})
	}
}

// metadata serves the transmitter's metadata (SSF 1.0 §7.1).
func (s *Streams) metadata(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "public, max-age=3600")
	answer(w, http.StatusOK, signals.Transmitter{
		SpecVersion: "1_0", Issuer: s.Issuer, JWKSURI: s.Issuer + "/keys", Methods: []string{signals.DeliveryPush, signals.DeliveryPoll},
		Configuration: s.Issuer + pathStreams, Status: s.Issuer + pathStatus, AddSubject: s.Issuer + pathAdd, RemoveSubject: s.Issuer + pathRemove,
		Verification: s.Issuer + pathVerify, Schemes: []signals.AuthorizationScheme{{URN: "urn:ietf:rfc:6749"}}, DefaultSubjects: "ALL",
	})
}
