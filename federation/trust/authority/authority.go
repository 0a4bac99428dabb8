package authority

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"sync/atomic"
	"time"

	"manyou/federation/trust"
	"manyou/storage"
)

// Store is what an authority needs of storage.
type Store interface {
	ListSubordinates(ctx context.Context, after string, limit int) ([]storage.Subordinate, error)
	SubordinatesSince(ctx context.Context, since time.Time, limit int) ([]storage.Subordinate, error)
	ReplaceSubordinateKeys(ctx context.Context, entityID string, old, jwks []byte, at time.Time) error
	TrustMark(ctx context.Context, kind, subject string) (storage.TrustMark, error)
	ListTrustMarks(ctx context.Context, kind, after string, limit int) ([]storage.TrustMark, error)
}

// Config is what an [Authority] needs.
type Config struct {
	EntityID string
	// Superiors are the entities above; none for a trust anchor.
	Superiors []string
	// Metadata is what the entity says about itself by entity type, federation_entity apart; nil if nothing.
	Metadata func() map[string]any
	// Name is the organisation's.
	Name string
	// MarkIssuers says who may issue trust marks of a type; for an anchor.
	MarkIssuers map[string][]string
	// Marks are those that the entity shows of itself.
	Marks []trust.MarkEntry
	// Sign signs a payload with a typ. JWKS is the key set it signs with, ready to send.
	Sign func(typ string, payload []byte) (string, error)
	JWKS func() []byte
	// History is the public keys that signed once, each with iat and exp; nil where none are told.
	History func(ctx context.Context) ([]map[string]any, error)
	// Life is how long a statement stands: how long others may act on it when this node cannot be heard. An hour if zero.
	Life time.Duration
	// LearnEvery is how often a subordinate's configuration is looked at for new keys: well under the time that a key is announced
	// before it signs. Five minutes if zero.
	LearnEvery time.Duration
	Store      Store
	Fetcher    trust.Fetcher
	Clock      func() time.Time
	Logger     *slog.Logger
}

// Authority is an entity with its endpoints. It is safe for concurrent use.
type Authority struct {
	Config
	resolver *trust.Resolver
	below    atomic.Pointer[map[string]storage.Subordinate]
	seen     time.Time // of the newest change; used by Run alone
	own      atomic.Pointer[ownStatement]
	marked   marked
}

var _ trust.Local = (*Authority)(nil)

// Paths of the endpoints, below the entity's identifier.
const (
	pathFetch      = "/federation/fetch"
	pathList       = "/federation/list"
	pathResolve    = "/federation/resolve"
	pathMark       = "/federation/trust-mark"
	pathMarkStatus = "/federation/trust-mark-status"
	pathMarked     = "/federation/trust-marked"
	pathHistory    = "/federation/historical-keys"
)

// New reads the subordinates. The resolver of the resolve endpoint is set by [Authority.Resolve].
func New(ctx context.Context, c Config) (*Authority, error) {
	if c.Life == 0 {
		c.Life = time.Hour
	}
	if c.LearnEvery == 0 {
		c.LearnEvery = 5 * time.Minute
	}
	a := &Authority{Config: c}
	a.below.Store(&map[string]storage.Subordinate{})
	return a, a.readAll(ctx)
}

// ResolveWith serves the resolve endpoint with a resolver, which may rest on this authority itself.
func (a *Authority) ResolveWith(r *trust.Resolver) { a.resolver = r }

// Routes adds the endpoints.
func (a *Authority) Routes(mux *http.ServeMux) {
	for pattern, h := range map[string]http.HandlerFunc{
		"GET " + trust.ConfigurationPath: a.serveConfiguration,
		"GET " + pathFetch:               a.serveFetch,
		"GET " + pathList:                a.serveList,
		"GET " + pathResolve:             a.serveResolve,
		"GET " + pathMark:                a.serveMark,
		"POST " + pathMarkStatus:         a.serveMarkStatus,
		"GET " + pathMarked:              a.serveMarked,
		"GET " + pathHistory:             a.serveHistory,
	} {
		mux.HandleFunc(pattern, h)
	}
}

const (
	// watchEvery is how often changes are looked for: a suspension is felt within twice that.
	watchEvery = 250 * time.Millisecond
	pageSize   = 1000
)

// Run keeps the snapshot up to date and takes over new keys, until the context ends. The two do not wait for each other: a subordinate
// that is silent must not hide the suspension of another.
func (a *Authority) Run(ctx context.Context) error {
	learning := make(chan struct{})
	go func() {
		defer close(learning)
		a.learn(ctx)
	}()
	defer func() { <-learning }()
	watch := time.NewTicker(watchEvery)
	defer watch.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-watch.C:
		}
		err := a.readChanges(ctx)
		if (err != nil) != failing && ctx.Err() == nil {
			if failing = err != nil; failing {
				a.Logger.ErrorContext(ctx, "changes of subordinates are not seen", "cause", err)
			} else {
				a.Logger.InfoContext(ctx, "changes of subordinates are seen again")
			}
		}
	}
}

func (a *Authority) readAll(ctx context.Context) error {
	all := map[string]storage.Subordinate{}
	for after := ""; ; {
		page, err := a.Store.ListSubordinates(ctx, after, pageSize)
		if err != nil {
			return fmt.Errorf("read subordinates: %w", err)
		}
		for _, b := range page {
			a.put(all, b)
			after = b.EntityID
		}
		if len(page) < pageSize {
			a.below.Store(&all)
			return nil
		}
	}
}

func (a *Authority) put(all map[string]storage.Subordinate, b storage.Subordinate) {
	all[b.EntityID] = b
	if b.UpdatedAt.After(a.seen) {
		a.seen = b.UpdatedAt
	}
}

// overlap is how far clocks of nodes may differ, and how late a transaction may commit, for a change to be seen still.
const overlap = 5 * time.Second

func (a *Authority) readChanges(ctx context.Context) error {
	changed, err := a.Store.SubordinatesSince(ctx, a.seen.Add(-overlap), pageSize)
	if err != nil {
		return err
	}
	if len(changed) == pageSize {
		return a.readAll(ctx)
	}
	before := *a.below.Load()
	fresh := false
	for _, b := range changed {
		fresh = fresh || !before[b.EntityID].UpdatedAt.Equal(b.UpdatedAt) || before[b.EntityID].Status != b.Status
	}
	if !fresh {
		return nil
	}
	all := maps.Clone(before)
	for _, b := range changed {
		a.put(all, b)
	}
	a.below.Store(&all)
	return nil
}

// subordinate is one that stands.
func (a *Authority) subordinate(id string) (storage.Subordinate, bool) {
	b, ok := (*a.below.Load())[id]
	return b, ok && b.Status == storage.SubordinateActive
}

// Stands implements [trust.Local].
func (a *Authority) Stands(id string) bool {
	_, ok := a.subordinate(id)
	return ok
}
