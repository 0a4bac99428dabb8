package signin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"manyou/federation/upstream"
	"manyou/idp/membership"
	"manyou/storage"
)

// directoryAge is how long the list of issuers is remembered, and so how long a suspension takes to be felt.
const directoryAge = time.Second

// upstreamIssuer is another issuer with the provider that speaks to it.
type upstreamIssuer struct {
	storage.Upstream
	provider provider
	// quiet: it can be asked without a page.
	quiet bool
	// beside: nobody registered it here. The nation vouches for it, and it serves while the nation cannot.
	beside bool
	// metadata is what the provider was made of; of one beside.
	metadata []byte
}

// provider is another issuer, whatever it speaks.
type provider interface {
	Reach(ctx context.Context) error
	AuthorizationURL(ctx context.Context, r upstream.AuthRequest) (string, error)
	Redeem(ctx context.Context, c upstream.Callback, r upstream.AuthRequest) (upstream.Authentication, error)
	Identity(ctx context.Context, a upstream.Authentication) (upstream.Identity, error)
	EndSessionURL(ctx context.Context, idTokenHint, returnTo, state string) (string, bool)
}

var (
	_ provider = (*upstream.Provider)(nil)
	_ provider = (*upstream.Province)(nil)
)

// directory knows the other issuers. Providers, with their discovery and keys, live as long as their registration does
// not change.
type directory struct {
	config Config
	mu     sync.RWMutex
	known  []*upstreamIssuer // all, suspended ones included
	until  time.Time
	flight singleflight.Group
}

func newDirectory(c Config) *directory { return &directory{config: c} }

// errNoUpstream reports an issuer that is not known here or is suspended.
var errNoUpstream = errors.New("no such issuer is open for sign-in")

func (d *directory) byIssuer(ctx context.Context, issuer string) (*upstreamIssuer, error) {
	return d.find(ctx, func(u *upstreamIssuer) bool { return u.Issuer == issuer })
}

func (d *directory) byRegion(ctx context.Context, region string) (*upstreamIssuer, error) {
	return d.find(ctx, func(u *upstreamIssuer) bool { return u.Region == region })
}

func (d *directory) find(ctx context.Context, is func(*upstreamIssuer) bool) (*upstreamIssuer, error) {
	all, err := d.list(ctx)
	if err != nil {
		return nil, err
	}
	n := slices.IndexFunc(all, is)
	if n < 0 || all[n].Status != storage.UpstreamActive {
		return nil, errNoUpstream
	}
	return all[n], nil
}

// regionOf answers from memory: it is asked about sessions that came from an issuer known a moment ago.
func (d *directory) regionOf(issuer string) string {
	all, err := d.list(context.Background())
	if err != nil {
		return ""
	}
	for _, u := range all {
		if u.Issuer == issuer {
			return u.Region
		}
	}
	return ""
}

// list returns the issuers, read again once they are too old. However many requests wait, they are read once.
func (d *directory) list(ctx context.Context) ([]*upstreamIssuer, error) {
	d.mu.RLock()
	known, until := d.known, d.until
	d.mu.RUnlock()
	if d.config.Clock().Before(until) {
		return known, nil
	}
	v, err, _ := d.flight.Do("", func() (any, error) { return d.read(context.WithoutCancel(ctx), known) })
	if err != nil {
		return nil, err
	}
	return v.([]*upstreamIssuer), nil
}

func (d *directory) read(ctx context.Context, before []*upstreamIssuer) ([]*upstreamIssuer, error) {
	stored, err := d.config.Store.ListUpstreams(ctx)
	if err != nil {
		return nil, fmt.Errorf("read issuers: %w", err)
	}
	next := make([]*upstreamIssuer, 0, len(stored))
	for _, u := range stored {
		n := slices.IndexFunc(before, func(b *upstreamIssuer) bool { return sameRegistration(b.Upstream, u) })
		if n >= 0 && !before[n].beside {
			next = append(next, &upstreamIssuer{Upstream: u, provider: before[n].provider, quiet: before[n].quiet})
			continue
		}
		p, err := d.providerOf(u)
		if err != nil {
			// One bad registration must not take the others down.
			d.config.Logger.ErrorContext(ctx, "issuer is not usable", "issuer", u.Issuer, "cause", err)
			continue
		}
		next = append(next, &upstreamIssuer{Upstream: u, provider: p, quiet: len(u.Dialect) == 0})
	}
	next = d.appendNeighbours(ctx, next, before)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.known, d.until = next, d.config.Clock().Add(directoryAge)
	return next, nil
}

// providerOf makes what speaks to an issuer.
func (d *directory) providerOf(u storage.Upstream) (provider, error) {
	c := upstream.Config{
		Issuer: u.Issuer, ClientID: u.ClientID, ClientSecret: u.ClientSecret, AuthMethod: u.AuthMethod,
		RedirectURI: d.config.Issuer + pathCallback, Scopes: u.Scopes, ClaimNames: u.Claims, ACR: u.ACR,
		Transport: d.config.Transport, Clock: d.config.Clock, Random: d.config.Random, Logger: d.config.Logger, Sign: d.config.Sign,
	}
	if len(u.Dialect) == 0 {
		if d.joined(u) {
			c.Transport = d.config.NeighbourTransport
			c.Resolve = func(ctx context.Context) ([]byte, error) { return d.config.Chain(ctx, u.Issuer) }
		}
		return upstream.New(c)
	}
	dialect, err := upstream.ParseDialect(u.Dialect)
	if err != nil {
		return nil, err
	}
	c.RedirectURI = upstream.RedirectOf(c.RedirectURI, u.Region)
	return upstream.NewProvince(c, dialect)
}

// joined reports whether an issuer came in by its chain: then it names its addresses itself, as those beside this one do. Whom an operator
// registered by hand, with a secret, was looked at by that operator.
func (d *directory) joined(u storage.Upstream) bool {
	return d.config.Chain != nil && u.Below && u.AuthMethod == methodPrivateKey && u.ClientSecret == ""
}

// methodPrivateKey is the client authentication of those who are known by their chain.
const methodPrivateKey = "private_key_jwt"

// appendNeighbours adds the issuers beside this one that no row registers.
func (d *directory) appendNeighbours(ctx context.Context, all, before []*upstreamIssuer) []*upstreamIssuer {
	if d.config.Neighbours == nil {
		return all
	}
	for _, n := range d.config.Neighbours() {
		if n.Region == d.config.Region || slices.ContainsFunc(all, func(u *upstreamIssuer) bool { return u.Issuer == n.ID || u.Region == n.Region }) {
			continue
		}
		same := slices.IndexFunc(before, func(b *upstreamIssuer) bool {
			return b.beside && b.Issuer == n.ID && b.Region == n.Region && bytes.Equal(b.metadata, n.Provider)
		})
		if same >= 0 {
			all = append(all, before[same])
			continue
		}
		p, err := upstream.New(upstream.Config{
			Issuer: n.ID, ClientID: d.config.Issuer, AuthMethod: methodPrivateKey, Sign: d.config.Sign, Metadata: n.Provider,
			RedirectURI: d.config.Issuer + pathCallback, Scopes: []string{"profile", "document"}, ACR: membership.Ladder(),
			Transport: d.config.NeighbourTransport, Clock: d.config.Clock, Random: d.config.Random, Logger: d.config.Logger,
		})
		if err != nil {
			d.config.Logger.ErrorContext(ctx, "issuer is not usable", "issuer", n.ID, "cause", err)
			continue
		}
		all = append(all, &upstreamIssuer{
			Upstream: storage.Upstream{Issuer: n.ID, Region: n.Region, Name: n.Name, Status: storage.UpstreamActive},
			provider: p, quiet: true, beside: true, metadata: n.Provider,
		})
	}
	return all
}

// sameRegistration reports whether a provider made for one serves the other.
func sameRegistration(a, b storage.Upstream) bool {
	return a.Issuer == b.Issuer && a.ClientID == b.ClientID && a.ClientSecret == b.ClientSecret &&
		a.AuthMethod == b.AuthMethod && slices.Equal(a.Scopes, b.Scopes) && maps.Equal(a.Claims, b.Claims) && maps.Equal(a.ACR, b.ACR) &&
		a.Region == b.Region && bytes.Equal(a.Dialect, b.Dialect) && a.Below == b.Below
}

// provinces are the issuers that a citizen may choose from.
func (d *directory) provinces(ctx context.Context, asker string) ([]*upstreamIssuer, error) {
	all, err := d.list(ctx)
	return slices.DeleteFunc(slices.Clone(all), func(u *upstreamIssuer) bool {
		return u.Status != storage.UpstreamActive || u.Region == NationRegion || u.Region == asker
	}), err
}
