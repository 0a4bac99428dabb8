package trust

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
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
}

// Config is what a [Resolver] needs.
type Config struct {
	// Anchors are the keys of the trust anchors, by identifier, as they were learned from where they can be believed.
	Anchors map[string]jose.JSONWebKeySet
	Fetcher Fetcher
	// Self is this node's identifier, and Local what it says; "" and nil where it is no entity.
	Self  string
	Local Local
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
		decisions: map[string]decision{}, learned: map[string]jose.JSONWebKeySet{},
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

// climb is one way up from a leaf.
type climb struct {
	r       *Resolver
	lookups int
	err     error // the last reason why a way was none
}

func (r *Resolver) resolve(ctx context.Context, subject string) (*Resolved, error) {
	c := &climb{r: r}
	leaf, err := c.configuration(ctx, subject)
	if err != nil {
		return nil, err
	}
	if keys, ok := r.anchorKeys(ctx, subject); ok {
		return Chain{leaf}.Verify(subject, keys, r.config.Clock())
	}
	// Checked before anybody is asked on its behalf.
	if err := leaf.verify(leaf.Keys, r.config.Clock()); err != nil {
		return nil, err
	}
	if resolved := c.up(ctx, leaf, Chain{leaf}, []string{subject}); resolved != nil {
		return resolved, nil
	}
	if c.err == nil {
		c.err = untrusted("%s names no superior that leads to an anchor", subject)
	}
	return nil, c.err
}

// up tries the superiors of the topmost entity so far, anchors first, and returns the first chain that holds.
func (c *climb) up(ctx context.Context, top *Statement, chain Chain, path []string) *Resolved {
	hints := slices.Clone(top.AuthorityHints)
	slices.SortStableFunc(hints, func(a, b string) int { return c.r.rank(ctx, a) - c.r.rank(ctx, b) })
	for _, hint := range hints[:min(len(hints), maxHints)] {
		if slices.Contains(path, hint) {
			c.err = untrusted("%s and %s name each other as superior", top.Subject, hint)
			continue
		}
		if len(path) >= MaxDepth {
			c.err = untrusted("a chain of more than %d entities", MaxDepth)
			return nil
		}
		superior, about, err := c.superior(ctx, hint, top.Subject)
		if err != nil {
			c.failed(err)
			continue
		}
		longer := append(slices.Clone(chain), about)
		if keys, ok := c.r.anchorKeys(ctx, hint); ok {
			resolved, err := append(longer, superior).Verify(hint, keys, c.r.config.Clock())
			if err == nil {
				c.r.learn(superior)
				return resolved
			}
			c.failed(err)
			continue
		}
		if resolved := c.up(ctx, superior, longer, append(slices.Clone(path), hint)); resolved != nil {
			return resolved
		}
	}
	return nil
}

// failed remembers why a way was none. That somebody could not be asked weighs more: then it is not known.
func (c *climb) failed(err error) {
	if !errors.Is(c.err, ErrUnreachable) {
		c.err = err
	}
}

func (r *Resolver) rank(ctx context.Context, hint string) int {
	if _, ok := r.anchorKeys(ctx, hint); ok {
		return 0
	}
	return 1
}

func (c *climb) configuration(ctx context.Context, id string) (*Statement, error) {
	if err := CheckIdentifier(id, c.r.config.Loopback); err != nil {
		return nil, err
	}
	if err := c.count(); err != nil {
		return nil, err
	}
	if id == c.r.config.Self && c.r.config.Local != nil {
		return c.r.config.Local.Configuration(ctx)
	}
	return c.r.statements.get(ctx, configurationURL(id), id, id)
}

// superior is an entity's configuration, and its statement about the one below.
func (c *climb) superior(ctx context.Context, id, below string) (superior, about *Statement, err error) {
	if superior, err = c.configuration(ctx, id); err != nil {
		return nil, nil, err
	}
	if err := c.count(); err != nil {
		return nil, nil, err
	}
	if id == c.r.config.Self && c.r.config.Local != nil {
		about, err = c.r.config.Local.About(ctx, below)
		return superior, about, err
	}
	endpoint, err := fetchEndpoint(superior, c.r.config.Loopback)
	if err != nil {
		return nil, nil, err
	}
	about, err = c.r.statements.get(ctx, endpoint+"sub="+url.QueryEscape(below), id, below)
	return superior, about, err
}

func (c *climb) count() error {
	c.lookups++
	if c.lookups > maxLookups {
		return untrusted("more than %d statements are needed", maxLookups)
	}
	return nil
}

// fetchEndpoint is where a superior answers, up to the query's parameter [OpenID Federation 1.0 §8.1].
func fetchEndpoint(superior *Statement, loopback bool) (string, error) {
	var m struct {
		Fetch string `json:"federation_fetch_endpoint"`
	}
	if json.Unmarshal(superior.Metadata[FederationEntity], &m) != nil || m.Fetch == "" {
		return "", untrusted("%s has no fetch endpoint", superior.Subject)
	}
	if _, err := checkURL(m.Fetch, loopback); err != nil {
		return "", err
	}
	if strings.Contains(m.Fetch, "?") {
		return m.Fetch + "&", nil
	}
	return m.Fetch + "?", nil
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
