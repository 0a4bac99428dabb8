package trust

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Bounds of a superior's list.
const (
	maxNeighbours = 200
	maxList       = 64 << 10 // bytes
)

// neighboursAtOnce is how many of them are looked up at once.
const neighboursAtOnce = 32

// neighboursEvery is how often the anchor is asked whom it vouches for: so long, at most, a suspension takes to be felt by those
// who can hear the anchor, and by those who could not when they can again.
const neighboursEvery = 2 * time.Second

// At first it is asked more often, until somebody is known: a province that has just started is of little use without the others.
const (
	neighboursFirst = 250 * time.Millisecond
	maxFirst        = 40 // times
)

// Neighbour is an OpenID provider that the anchor vouches for, and whose region it states.
type Neighbour struct {
	ID, Region string
	Name       map[string]string // by language
	// Provider is its metadata as OpenID provider, as JSON: what its chain makes of it.
	Provider json.RawMessage
	// Until is when the chain expires by which it is known.
	Until time.Time
}

// Neighbours knows the providers that stand beside this node, so that they are known still when the anchor cannot be heard. It is
// safe for concurrent use.
type Neighbours struct {
	resolver *Resolver
	anchor   string
	client   *http.Client
	logger   *slog.Logger
	// settle is told who stands, whenever that changed.
	settle func(ctx context.Context, standing []string) error
	memory Memory // nil: a restart forgets
	kept   string // what memory holds; used by Run alone

	mu        sync.RWMutex
	ids       []string
	heard     bool // the last time
	unsettled int  // how many looks are to settle still
}

// NewNeighbours knows nobody yet. settle is called with those whom the anchor vouches for, the first time and whenever that changes,
// until it succeeds. memory may be nil, and transport: then public addresses alone are asked, as by [NewFetcher].
func NewNeighbours(
	r *Resolver, anchor string, transport http.RoundTripper, l *slog.Logger, memory Memory, settle func(context.Context, []string) error,
) *Neighbours {
	if transport == nil {
		transport = GuardedTransport(r.config.Loopback)
	}
	return &Neighbours{unsettled: settleTimes,
		resolver: r, anchor: anchor, logger: l, settle: settle, memory: memory,
		client: &http.Client{Transport: transport, Timeout: fetchTimeout, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
	}
}

// Run asks the anchor again and again until the context ends.
func (n *Neighbours) Run(ctx context.Context) {
	tick := time.NewTicker(neighboursFirst)
	defer tick.Stop()
	n.restore(ctx)
	n.resolve(ctx) // before the anchor is asked, which may not answer
	for times := 0; ; times++ {
		if times == maxFirst || times < maxFirst && len(n.All()) > 0 {
			tick.Reset(neighboursEvery)
			times = maxFirst
		}
		if err := n.Look(ctx); ctx.Err() == nil {
			n.mu.Lock()
			changed := (err == nil) != n.heard
			n.heard = err == nil
			n.mu.Unlock()
			if changed && err == nil {
				n.logger.InfoContext(ctx, "the anchor is heard", "anchor", n.anchor)
			} else if changed {
				n.logger.WarnContext(ctx, "the anchor is not heard; what it said before is relied on until it expires", "anchor", n.anchor, "cause", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// settleTimes is how often it is settled after the list changed: a sign-in that was under way may have ended behind the first time.
const settleTimes = 3

// Look asks the anchor once whom it vouches for, and finds out about those who are new or whose statements are old.
func (n *Neighbours) Look(ctx context.Context) error {
	ids, err := n.list(ctx)
	if err == nil && n.compare(ids) {
		if err := n.settle(ctx, append(ids, n.anchor)); err != nil {
			n.logger.ErrorContext(ctx, "what came from suspended provinces was not ended", "cause", err)
		} else {
			n.mu.Lock()
			n.unsettled--
			n.mu.Unlock()
		}
	}
	n.resolve(ctx)
	n.keep(ctx)
	return err
}

// resolve finds out about those who are listed, several at once: one that is silent must not keep the others waiting.
func (n *Neighbours) resolve(ctx context.Context) {
	var all errgroup.Group
	all.SetLimit(neighboursAtOnce)
	for _, id := range n.known() {
		if id == n.resolver.config.Self {
			continue
		}
		all.Go(func() error {
			if _, refused := n.resolver.Resolve(ctx, id); refused != nil && ctx.Err() == nil {
				n.logger.DebugContext(ctx, "a province is not known", "issuer", id, "cause", refused)
			}
			return nil
		})
	}
	_ = all.Wait() // they return none
}

func (n *Neighbours) known() []string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return slices.Clone(n.ids)
}

// compare takes a new list over and reports whether it has to be settled. What is remembered of those who are gone is dropped at
// once.
func (n *Neighbours) compare(ids []string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, id := range slices.Concat(n.ids, ids) {
		if slices.Contains(ids, id) != slices.Contains(n.ids, id) { // gone, or come: it may have been refused a moment ago
			n.resolver.Drop(n.anchor, id)
			n.unsettled = settleTimes
		}
	}
	n.ids = ids
	return n.unsettled > 0
}

// All are those who are known now, by chains that have not expired. It asks nobody.
func (n *Neighbours) All() (all []Neighbour) {
	now := n.resolver.config.Clock()
	for _, id := range n.known() {
		resolved, ok := n.resolver.Last(id)
		if !ok || !now.Before(resolved.ExpiresAt) || id == n.resolver.config.Self {
			continue
		}
		region := resolved.Region()
		provider, err := json.Marshal(resolved.Metadata[OpenIDProvider])
		if region == "" || err != nil || resolved.Metadata[OpenIDProvider] == nil {
			continue
		}
		all = append(all, Neighbour{ID: id, Region: region, Name: resolved.names(), Provider: provider, Until: resolved.ExpiresAt})
	}
	slices.SortFunc(all, func(a, b Neighbour) int { return strings.Compare(a.Region, b.Region) })
	return all
}

// list asks the anchor's list endpoint [OpenID Federation 1.0 §8.2].
func (n *Neighbours) list(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	top, err := n.resolver.anchor(ctx, n.anchor)
	if err != nil {
		return nil, err
	}
	var m struct {
		List string `json:"federation_list_endpoint"`
	}
	if json.Unmarshal(top.Metadata[FederationEntity], &m) != nil || m.List == "" {
		return nil, untrusted("%s has no list endpoint", n.anchor)
	}
	u, err := checkURL(m.List, n.resolver.config.Loopback)
	if err != nil {
		return nil, err
	}
	q := u.Query()
	q.Set("entity_type", OpenIDProvider)
	u.RawQuery = q.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	answer, err := n.client.Do(r)
	if err != nil {
		return nil, unreachable(u.Host, err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return nil, unreachable(u.Host, errors.New(answer.Status))
	}
	return parseList(io.LimitReader(answer.Body, maxList+1), n.resolver.config.Loopback)
}

// parseList reads a list of identifiers.
func parseList(from io.Reader, loopback bool) ([]string, error) {
	body, err := io.ReadAll(from)
	if err != nil {
		return nil, unreachable("list", err)
	}
	var ids []string
	if len(body) > maxList || json.Unmarshal(body, &ids) != nil || len(ids) > maxNeighbours {
		return nil, untrusted("a list that cannot be read, or is too long")
	}
	return slices.DeleteFunc(ids, func(id string) bool {
		_, err := url.Parse(id)
		return err != nil || CheckIdentifier(id, loopback) != nil
	}), nil
}

// RegionParameter is the metadata parameter, of type federation_entity, by which an anchor states an issuer's region.
const RegionParameter = "region"

// Region is the region that the anchor states the entity to be the issuer of; "00" if it is the anchor itself, "" if it states none.
func (r *Resolved) Region() string {
	if r.Subject == r.Anchor {
		return "00"
	}
	region, _ := r.Asserted[FederationEntity][RegionParameter].(string)
	if len(region) != 2 || region == "00" {
		return ""
	}
	return region
}

// names is what an entity is called, by language; never nothing.
func (r *Resolved) names() map[string]string {
	names := map[string]string{}
	m := r.Metadata[FederationEntity]
	for lang, parameter := range map[string]string{"zh": "organization_name#zh", "en": "organization_name#en"} {
		name, _ := m[parameter].(string)
		if name == "" {
			name, _ = m["organization_name"].(string)
		}
		if name == "" {
			name = r.Subject
		}
		names[lang] = name
	}
	return names
}
