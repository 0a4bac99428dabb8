package trust

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
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
	// maxResolving bounds resolutions at once of entities whose chains have not expired, maxReturning of those that were trusted before,
	// and maxStrangers of all others: what any of them names must not keep those before waiting. The first wait for what is newer alone,
	// and that is bounded by patience.
	maxResolving = 64
	maxReturning = 64
	maxStrangers = 32
	// refusedFor is how long an entity that is not trusted is not looked at again.
	refusedFor = 5 * time.Second
	maxReason  = 400 // bytes of why an entity is refused
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
	// Budget bounds the bytes of statements that are remembered, and twice that what was made of them; half a gigabyte if zero.
	Budget int
	// Loopback lets entities be on this machine, and speak http.
	Loopback bool
	Clock    func() time.Time
}

// Resolver finds out whether entities are trusted. It is safe for concurrent use.
type Resolver struct {
	config     Config
	statements *statements
	anchors    *anchors
	slots      chan struct{} // of those whose chains have not expired
	returning  chan struct{} // of those who were trusted before
	strangers  chan struct{} // of all others

	mu        sync.RWMutex
	decisions decided                         // of who is trusted
	refusals  map[string]decision             // of who is not
	forgotten int                             // how often something was forgotten
	active    map[[sha256.Size]byte]time.Time // marks that their issuer said stand, and when
	flight    singleflight.Group
	asking    singleflight.Group // about marks
}

// NewResolver returns a resolver that knows nothing yet.
func NewResolver(c Config) *Resolver {
	if c.RefreshAfter == 0 {
		c.RefreshAfter = 5 * time.Minute
	}
	if c.Budget == 0 {
		c.Budget = maxKept
	}
	r := &Resolver{
		config: c, anchors: newAnchors(c.Anchors),
		slots: make(chan struct{}, maxResolving), returning: make(chan struct{}, maxReturning), strangers: make(chan struct{}, maxStrangers),
		decisions: newDecided(2 * c.Budget), refusals: map[string]decision{}, active: map[[sha256.Size]byte]time.Time{},
	}
	r.statements = newStatements(c.Fetcher, c.Clock, c.RefreshAfter, c.Budget, r.Forget)
	return r
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
	d, ok := r.decisions.all[subject]
	if !ok {
		d, ok = r.refusals[subject]
	}
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
	prior, trusted := r.Last(subject)
	slots := r.strangers
	switch {
	case trusted && r.config.Clock().Before(prior.ExpiresAt):
		slots = r.slots
	case trusted || r.statements.knows(subject):
		slots = r.returning
	}
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-ctx.Done():
		return decision{err: errors.Join(ErrUnreachable, ctx.Err())}
	}
	for ctx.Err() == nil {
		if d, ok := r.decided(subject); ok {
			return d
		}
		if d, ok := r.try(ctx, subject, prior); ok {
			return d
		}
		prior = nil
	}
	return decision{err: errors.Join(ErrUnreachable, ctx.Err())}
}

// try climbs once. It fails if something was forgotten meanwhile that the decision may rest on.
func (r *Resolver) try(ctx context.Context, subject string, prior *Resolved) (decision, bool) {
	r.mu.RLock()
	forgotten := r.forgotten
	r.mu.RUnlock()
	waiting, stop := context.WithTimeout(ctx, patience)
	defer stop()
	c := &climb{r: r, waiting: waiting}
	if prior != nil {
		c.prior = prior.Path
		c.ahead(ctx, prior.Path)
	}
	resolved, err := c.from(ctx, subject)
	now := r.config.Clock()
	d := decision{resolved: resolved, err: brief(err), until: now.Add(refusedFor)}
	switch {
	case err == nil:
		r.remember(c.used, resolved)
		d.until = r.nextLook(resolved, now)
	case r.remains(prior, err, now):
		d = decision{resolved: prior, until: earlier(now.Add(retryAfter), prior.ExpiresAt)}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.forgotten != forgotten {
		return d, false
	}
	if d.resolved == nil {
		r.decisions.drop(subject)
		makeRoom(r.refusals, now)
		r.refusals[subject] = d
		return d, true
	}
	delete(r.refusals, subject)
	r.decisions.put(subject, d, now)
	return d, true
}

// remains reports whether a chain that was found before goes on although none was found now: it has not expired, nobody has withdrawn
// any of it, and somebody could not be heard who might explain the difference.
func (r *Resolver) remains(prior *Resolved, err error, now time.Time) bool {
	return prior != nil && now.Before(prior.ExpiresAt) && r.stands(prior) && r.statements.holds(r.keysOf(prior)) &&
		(errors.Is(err, ErrUnreachable) || r.statements.anySilent(prior.Path[1:], now))
}

// remember keeps the statements that a chain rests on. Those of entities that have others below them last longest.
func (r *Resolver) remember(used []*Statement, resolved *Resolved) {
	used = slices.DeleteFunc(used, func(s *Statement) bool { return s.Issuer == r.config.Self && r.config.Local != nil })
	near := len(resolved.Path) <= 2
	r.statements.keep(used, func(s *Statement) bool { return near || s.Subject != resolved.Subject })
}

// brief is an error that is remembered: what others wrote may be long.
func brief(err error) error {
	if err == nil || len(err.Error()) <= maxReason {
		return err
	}
	kind := ErrUntrusted
	if errors.Is(err, ErrUnreachable) {
		kind = ErrUnreachable
	}
	return fmt.Errorf("%w: %.*s…", kind, maxReason, err)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// makeRoom forgets refusals that are to be decided anew anyway, and then any, until a tenth is free.
func makeRoom(refusals map[string]decision, now time.Time) {
	if len(refusals) < maxRefusals {
		return
	}
	maps.DeleteFunc(refusals, func(_ string, d decision) bool { return !now.Before(d.until) })
	for subject := range refusals {
		if len(refusals) < maxRefusals*9/10 {
			return
		}
		delete(refusals, subject)
	}
}

// Forget drops what was decided of an entity and of all below it: something about it changed.
func (r *Resolver) Forget(subject string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forgotten++
	clear(r.refusals)
	r.decisions.dropBelow(subject)
}

// Last is what was decided last of an entity that was trusted, however long ago: its chain may have expired.
func (r *Resolver) Last(subject string) (*Resolved, bool) {
	r.mu.RLock()
	d, ok := r.decisions.all[subject]
	r.mu.RUnlock()
	return d.resolved, ok && d.resolved != nil && r.stands(d.resolved)
}

// Drop drops what an anchor said of an entity, and what was decided by it: it is asked for again.
func (r *Resolver) Drop(anchor, subject string) {
	r.statements.drop(anchor, subject)
	r.Forget(subject)
}

// anchorKeys are the keys of an anchor: those it was configured with, or those that it announced since.
func (r *Resolver) anchorKeys(ctx context.Context, id string) (jose.JSONWebKeySet, bool) {
	keys, ok := r.anchors.of(id)
	if ok && id == r.config.Self && r.config.Local != nil { // it knows its own keys best
		if own, err := r.config.Local.Configuration(ctx); err == nil {
			return own.Keys, true
		}
	}
	return keys, ok
}

// keysOf names the statements of a chain that others made.
func (r *Resolver) keysOf(resolved *Resolved) (keys []string) {
	for n, id := range resolved.Path {
		if id == r.config.Self && r.config.Local != nil {
			continue
		}
		keys = append(keys, keyOf(id, id))
		if n > 0 {
			keys = append(keys, keyOf(id, resolved.Path[n-1]))
		}
	}
	return keys
}

// nextLook is when a decision is made anew: when the first of its statements is asked for again, or, where that is being asked for in
// vain, before long.
func (r *Resolver) nextLook(resolved *Resolved, now time.Time) time.Time {
	until := r.statements.nextOf(r.keysOf(resolved), now.Add(r.config.RefreshAfter))
	if soon := now.Add(retryAfter); until.Before(soon) {
		until = soon
	}
	return earlier(until, resolved.ExpiresAt)
}
