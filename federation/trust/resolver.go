package trust

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"
)

// Bounds of one resolution.
const (
	maxHints       = 8  // superiors of one entity that are asked
	maxLookups     = 32 // statements
	resolveTimeout = 10 * time.Second
	// maxResolving bounds resolutions at once: what strangers name must not take all there is.
	maxResolving = 64
	// refusedFor is how long an entity that is not trusted is not looked at again.
	refusedFor   = 5 * time.Second
	maxDecisions = 200_000
)

// Local is what this node says itself, without the network: as an anchor or an intermediate it need not ask itself.
type Local interface {
	// Configuration is the node's own. Its identifier is the subject.
	Configuration(ctx context.Context) (*Statement, error)
	// About is the node's statement about a subordinate. ErrNotFound if it has none, or it is suspended.
	About(ctx context.Context, subject string) (*Statement, error)
	// Stands reports whether a subordinate is one still, from memory: a suspension is felt by what was decided before.
	Stands(subject string) bool
	// MarkStands reports whether a mark that this node issued was not revoked since.
	MarkStands(ctx context.Context, m Mark) (bool, error)
}

// Config is what a [Resolver] needs.
type Config struct {
	// Anchors are the keys of the trust anchors, by identifier, as they were learned from where they can be believed.
	Anchors map[string]jose.JSONWebKeySet
	Fetcher Fetcher
	// Self is this node's identifier, and Local what it says; "" and nil where it is no entity.
	Self  string
	Local Local
	// Required are trust marks without which an entity of a type is not trusted, by entity type.
	Required map[string]string
	// RefreshAfter is when a statement is asked for again, if it has not expired; five minutes if zero.
	RefreshAfter time.Duration
	// Loopback lets entities be on this machine, and speak http.
	Loopback bool
	Clock    func() time.Time
}

// Resolver finds out whether entities are trusted. It is safe for concurrent use.
type Resolver struct {
	config     Config
	statements *statements
	slots      chan struct{}

	mu        sync.RWMutex
	decisions map[string]decision
	learned   map[string]jose.JSONWebKeySet
	active    map[string]time.Time // marks that their issuer said stand, and when
	flight    singleflight.Group
}

type decision struct {
	resolved *Resolved
	err      error
	until    time.Time
}

// NewResolver returns a resolver that knows nothing yet.
func NewResolver(c Config) *Resolver {
	if c.RefreshAfter == 0 {
		c.RefreshAfter = 5 * time.Minute
	}
	return &Resolver{
		config: c, statements: newStatements(c.Fetcher, c.Clock, c.RefreshAfter), slots: make(chan struct{}, maxResolving),
		decisions: map[string]decision{}, learned: map[string]jose.JSONWebKeySet{}, active: map[string]time.Time{},
	}
}

// Resolve finds a chain from an entity to an anchor and says what it makes of the entity. What was decided a moment ago is
// decided: no network, no storage. Errors wrap [ErrUntrusted] or, where it could not be found out, [ErrUnreachable].
func (r *Resolver) Resolve(ctx context.Context, subject string) (*Resolved, error) {
	if d, ok := r.decided(subject); ok {
		return d.resolved, d.err
	}
	if err := CheckIdentifier(subject, r.config.Loopback); err != nil {
		return nil, err
	}
	done := r.flight.DoChan(subject, func() (any, error) {
		return r.decide(context.WithoutCancel(ctx), subject), nil
	})
	select {
	case <-ctx.Done():
		return nil, errors.Join(ErrUnreachable, ctx.Err())
	case got := <-done:
		d := got.Val.(decision)
		return d.resolved, d.err
	}
}

func (r *Resolver) decided(subject string) (decision, bool) {
	r.mu.RLock()
	d, ok := r.decisions[subject]
	r.mu.RUnlock()
	return d, ok && r.config.Clock().Before(d.until) && r.stands(d.resolved)
}

// stands reports whether the entity below this node on a path, if there is one, was not suspended since.
func (r *Resolver) stands(resolved *Resolved) bool {
	if resolved == nil || r.config.Local == nil {
		return true
	}
	n := slices.Index(resolved.Path, r.config.Self)
	return n < 1 || r.config.Local.Stands(resolved.Path[n-1])
}

func (r *Resolver) decide(ctx context.Context, subject string) decision {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return decision{err: errors.Join(ErrUnreachable, ctx.Err())}
	}
	if d, ok := r.decided(subject); ok {
		return d
	}
	resolved, err := r.resolve(ctx, subject)
	now := r.config.Clock()
	d := decision{resolved: resolved, err: err, until: now.Add(refusedFor)}
	if err == nil {
		// A statement may be an old one that is asked for again before long: so is the decision.
		d.until = r.nextLook(resolved, now)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.decisions) >= maxDecisions {
		clear(r.decisions)
	}
	r.decisions[subject] = d
	return d
}

// Forget drops what was decided of an entity and of all below it: something about it changed here.
func (r *Resolver) Forget(subject string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.decisions, func(_ string, d decision) bool {
		return d.resolved == nil || slices.Contains(d.resolved.Path, subject)
	})
}

// Last is what was decided last of an entity that was trusted, however long ago: its chain may have expired.
func (r *Resolver) Last(subject string) (*Resolved, bool) {
	r.mu.RLock()
	d, ok := r.decisions[subject]
	r.mu.RUnlock()
	return d.resolved, ok && d.resolved != nil && r.stands(d.resolved)
}

// Drop drops what an anchor said of an entity, and what was decided by it: it is asked for again.
func (r *Resolver) Drop(anchor, subject string) {
	r.statements.drop(anchor, subject)
	r.Forget(subject)
}

// anchorKeys are the keys of an anchor: those it was configured with, and those that it announced since.
func (r *Resolver) anchorKeys(ctx context.Context, id string) (jose.JSONWebKeySet, bool) {
	keys, ok := r.config.Anchors[id]
	if !ok {
		return keys, false
	}
	if id == r.config.Self && r.config.Local != nil { // it knows its own keys best
		if own, err := r.config.Local.Configuration(ctx); err == nil {
			return own.Keys, true
		}
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	keys.Keys = append(slices.Clone(keys.Keys), r.learned[id].Keys...)
	return keys, true
}

// learn takes the keys of an anchor's configuration that was verified: so it rotates without anybody being told.
func (r *Resolver) learn(anchor *Statement) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.learned[anchor.Subject] = anchor.Keys
}

// nextLook is when a decision is made anew: when the first of its statements is asked for again.
func (r *Resolver) nextLook(resolved *Resolved, now time.Time) time.Time {
	until := now.Add(r.config.RefreshAfter)
	if resolved.ExpiresAt.Before(until) {
		until = resolved.ExpiresAt
	}
	r.statements.mu.RLock()
	defer r.statements.mu.RUnlock()
	for n, id := range resolved.Path {
		keys := []string{id + " " + id}
		if n > 0 {
			keys = append(keys, id+" "+resolved.Path[n-1])
		}
		for _, key := range keys {
			if h, ok := r.statements.known[key]; ok && h.next.Before(until) {
				until = h.next
			}
		}
	}
	return until
}
