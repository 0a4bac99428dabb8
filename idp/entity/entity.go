package entity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/federation/trust"
	"manyou/federation/trust/authority"
	"manyou/idp/keys"
	"manyou/storage"
)

// Federation says where a node stands in a federation.
type Federation struct {
	// Anchors are the key sets (RFC 7517 §5) of the trust anchors besides the node itself, by identifier. A node without
	// superiors is an anchor.
	Anchors   map[string]json.RawMessage
	Superiors []string
	// MarkIssuers says who may issue trust marks of a type; of an anchor.
	MarkIssuers map[string][]string
	// ApplicationMark is the trust mark that an application needs to be accepted without a registration: an approval. "" for none.
	// An anchor issues it itself, unless MarkIssuers says who does.
	ApplicationMark string
	// StatementLife is how long what this node says of others stands: how long they may act on it when it cannot be heard.
	// Default one hour.
	StatementLife time.Duration
	// Loopback lets entities be on this machine, over http.
	Loopback bool
	// Transport carries requests to entities that strangers name. Default one that reaches public addresses alone.
	Transport http.RoundTripper
}

// Store is what an entity needs of storage.
type Store interface {
	authority.Store
	storage.Notes
}

// Notes of what an entity knows over a restart: of the issuers beside it, and the keys that its trust anchors announced.
const (
	noteNeighbours = "neighbours"
	noteAnchors    = "trust_anchors"
)

// memory keeps one of them.
type memory struct {
	store storage.Notes
	note  string
}

// Load implements [trust.Memory].
func (m memory) Load(ctx context.Context) ([]byte, error) {
	body, err := m.store.Note(ctx, m.note)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	return body, err
}

// Save implements [trust.Memory].
func (m memory) Save(ctx context.Context, body []byte) error {
	return m.store.PutNote(ctx, m.note, body)
}

// Config is what an [Entity] needs.
type Config struct {
	Federation
	ID   string
	Name string // of the organisation
	// Metadata is by entity type, federation_entity apart; nil if there is none besides.
	Metadata func() map[string]any
	Keys     *keys.Ring
	Store    Store
	// Settle is told, of an issuer below an anchor, whom the anchor vouches for, whenever that changes: what came from others
	// has to end. nil: the node has nobody beside it.
	Settle func(ctx context.Context, standing []string) error
	Clock  func() time.Time
	Logger *slog.Logger
}

// Entity is a node of a federation.
type Entity struct {
	*authority.Authority
	Resolver   *trust.Resolver
	neighbours *trust.Neighbours // nil: there is nobody beside it
	anchors    memory
	keys       *keys.Ring
	logger     *slog.Logger
}

// Open prepares an entity.
func Open(ctx context.Context, c Config) (*Entity, error) {
	fetcher := trust.NewFetcher(c.Loopback, c.Transport)
	anchors := map[string]jose.JSONWebKeySet{}
	for id, raw := range c.Anchors {
		set, err := trust.ParseKeys(raw)
		if err != nil {
			return nil, fmt.Errorf("trust anchor %s: %w", id, err)
		}
		anchors[id] = set
	}
	if len(c.Superiors) == 0 {
		set, err := trust.ParseKeys(c.Keys.JWKS())
		if err != nil {
			return nil, err
		}
		anchors[c.ID] = set
	}
	if _, said := c.MarkIssuers[c.ApplicationMark]; c.ApplicationMark != "" && len(c.Superiors) == 0 && !said {
		issuers := map[string][]string{c.ApplicationMark: {c.ID}}
		maps.Copy(issuers, c.MarkIssuers)
		c.MarkIssuers = issuers
	}
	var required map[string]string
	if c.ApplicationMark != "" {
		required = map[string]string{trust.OpenIDRelyingParty: c.ApplicationMark}
	}
	e := &Entity{keys: c.Keys, logger: c.Logger, anchors: memory{c.Store, noteAnchors}}
	var err error
	e.Authority, err = authority.New(ctx, authority.Config{
		EntityID: c.ID, Superiors: c.Superiors, Name: c.Name, MarkIssuers: c.MarkIssuers, Life: c.StatementLife, Metadata: c.Metadata,
		Sign: e.sign, JWKS: c.Keys.JWKS, History: c.Keys.History, Store: c.Store, Fetcher: fetcher, Clock: c.Clock, Logger: c.Logger,
	})
	if err != nil {
		return nil, err
	}
	e.Resolver = trust.NewResolver(trust.Config{
		Anchors: anchors, Fetcher: fetcher, Self: c.ID, Local: e.Authority, Required: required, Loopback: c.Loopback, Clock: c.Clock,
	})
	e.ResolveWith(e.Resolver)
	if err := e.Resolver.RestoreAnchors(ctx, e.anchors); err != nil {
		c.Logger.WarnContext(ctx, "the keys that the trust anchor announced are not known any more", "cause", err)
	}
	if c.Settle != nil && len(c.Superiors) == 1 {
		if _, ok := anchors[c.Superiors[0]]; ok {
			e.neighbours = trust.NewNeighbours(e.Resolver, c.Superiors[0], c.Transport, c.Logger, memory{c.Store, noteNeighbours}, c.Settle)
		}
	}
	return e, nil
}

// Neighbours are the providers that the anchor vouches for beside this one, as far as they are known at this moment.
func (e *Entity) Neighbours() []trust.Neighbour {
	if e.neighbours == nil {
		return nil
	}
	return e.neighbours.All()
}

// Run keeps up to date what is known of those below, above and beside, until the context ends.
func (e *Entity) Run(ctx context.Context) error {
	var looking sync.WaitGroup
	defer looking.Wait()
	looking.Go(func() { e.Resolver.WatchAnchors(ctx, e.anchors, e.logger) })
	if e.neighbours != nil {
		looking.Go(func() { e.neighbours.Run(ctx) })
	}
	return e.Authority.Run(ctx)
}

func (e *Entity) sign(typ string, payload []byte) (string, error) {
	key, err := e.keys.Signer(keys.ES256)
	if err != nil {
		return "", err
	}
	return key.Sign(typ, payload)
}

// Handler serves an entity that is nothing else: its endpoints, and whether it is well.
func (e *Entity) Handler() http.Handler {
	mux := http.NewServeMux()
	e.Routes(mux)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	return mux
}

// refreshKeysEvery is how often rotations made elsewhere are noticed.
const (
	refreshKeysEvery = 10 * time.Second
	dropKeysEvery    = 10 * time.Minute
)

// RunAlone keeps an entity going that is nothing else, until the context ends.
func (e *Entity) RunAlone(ctx context.Context) error {
	watching := make(chan error, 1)
	go func() { watching <- e.Run(ctx) }()
	refresh, drop := time.NewTicker(refreshKeysEvery), time.NewTicker(dropKeysEvery)
	defer refresh.Stop()
	defer drop.Stop()
	for {
		select {
		case <-ctx.Done():
			return <-watching
		case <-refresh.C:
			if err := e.keys.Refresh(ctx); err != nil && ctx.Err() == nil {
				e.logger.ErrorContext(ctx, "signing keys not read", "cause", err)
			}
		case <-drop.C:
			if err := e.keys.Drop(ctx); err != nil && ctx.Err() == nil {
				e.logger.ErrorContext(ctx, "retired keys not dropped", "cause", err)
			}
		}
	}
}
