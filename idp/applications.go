package idp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"

	"manyou/federation/trust"
	"manyou/storage"
)

// applicationAge is how long an application is remembered, and so how long a suspension takes to be felt everywhere.
const applicationAge = time.Second

// unregisteredAge is how long it is remembered that no row registers an entity.
const unregisteredAge = time.Minute

// readTimeout bounds a reading that others wait for.
const readTimeout = 5 * time.Second

// maxApplications bounds the memory of the cache. Past it the cache starts anew.
const maxApplications = 20_000

// application is a registered client with what is prepared once: keys parsed, the pairwise sector decided.
type application struct {
	storage.Application
	keys jose.JSONWebKeySet
	// resolved is why an application is known that no row registers; nil for the others.
	resolved *trust.Resolved
	// explicit: it registered itself by that chain.
	explicit bool
}

// automatic reports whether the application was registered by nobody, and signs its requests.
func (a *application) automatic() bool { return a.resolved != nil && !a.explicit }

// chained reports whether an application is known by its chain alone: no person here has looked at the addresses that it names.
func (a *application) chained() bool { return a.resolved != nil }

// applicationStore is where applications are registered, by people or by themselves.
type applicationStore interface {
	storage.Applications
	storage.Registrations
}

// applications remembers applications for a bounded time. However many requests wait for one, it is read once.
type applications struct {
	store applicationStore
	clock func() time.Time
	trust *trust.Resolver // nil: whom no row registers, nobody knows
	// approval is the trust mark by which one that no row registers is approved; "" if there is none.
	approval string

	mu     sync.RWMutex
	known  map[string]remembered
	flight singleflight.Group
}

type remembered struct {
	app   *application // nil: there is none
	until time.Time
	at    time.Time // when it was read
}

func newApplications(s applicationStore, clock func() time.Time) *applications {
	return &applications{store: s, clock: clock, known: map[string]remembered{}}
}

// errNoApplication reports a client that does not exist or may not be used.
var errNoApplication = errors.New("no such application is published")

// get returns a published application. errNoApplication if there is none.
func (a *applications) get(ctx context.Context, clientID string) (*application, error) {
	r, err := a.row(ctx, clientID)
	if err != nil {
		return nil, err
	}
	if a.trust == nil || !entityIdentifier(clientID) || r.app != nil && (!r.app.explicit || a.stands(r.app)) {
		return r.published()
	}
	app, err := a.automatic(ctx, clientID)
	if err != nil && r.app == nil && a.clock().After(r.at.Add(applicationAge)) {
		// It may have registered itself meanwhile, at another node.
		if r, rerr := a.again(ctx, clientID); rerr == nil && r.app != nil && (!r.app.explicit || a.stands(r.app)) {
			return r.published()
		}
	}
	return app, err
}

// stands reports whether a registration by a chain has not ended: neither the chain, nor anybody on it.
func (a *applications) stands(app *application) bool {
	return a.clock().Before(app.resolved.ExpiresAt) && a.trust.StandsStill(app.resolved.Path)
}

// registered returns a published application that a row registers, and asks nobody else: for names that a client may choose.
// errNoApplication if there is none.
func (a *applications) registered(ctx context.Context, clientID string) (*application, error) {
	r, err := a.row(ctx, clientID)
	if err != nil {
		return nil, err
	}
	if r.app != nil && r.app.explicit && !a.stands(r.app) {
		return nil, errNoApplication
	}
	return r.published()
}

func (r remembered) published() (*application, error) {
	if r.app == nil || r.app.Status != storage.ApplicationPublished {
		return nil, errNoApplication
	}
	return r.app, nil
}

// row is what storage says of an application, or said a moment ago. errNoApplication if there can be none of that name.
func (a *applications) row(ctx context.Context, clientID string) (r remembered, err error) {
	if clientID == "" || len(clientID) > maxClientID || strings.ContainsFunc(clientID, func(r rune) bool { return r < ' ' || r > '~' }) { // VSCHAR, RFC 6749 A.1
		return r, errNoApplication
	}
	now := a.clock()
	var ok bool
	a.mu.RLock()
	r, ok = a.known[clientID]
	a.mu.RUnlock()
	if !ok || now.After(r.until) {
		return a.again(ctx, clientID)
	}
	return r, nil
}

// again reads an application anew.
func (a *applications) again(ctx context.Context, clientID string) (remembered, error) {
	// A request that gives up must not fail those that wait with it.
	v, err, _ := a.flight.Do(clientID, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
		defer cancel()
		return a.read(ctx, clientID)
	})
	if err != nil {
		return remembered{}, err
	}
	return v.(remembered), nil
}

// forget makes an application be read anew.
func (a *applications) forget(clientID string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.known, clientID)
}

// errUnresolved reports an application of which it cannot be found out now whether it is trusted: those who vouch for it do not
// answer.
var errUnresolved = errors.New("the application cannot be looked up now")

func (a *applications) read(ctx context.Context, clientID string) (remembered, error) {
	r := remembered{at: a.clock(), until: a.clock().Add(applicationAge)}
	switch stored, err := a.store.Application(ctx, clientID); {
	case errors.Is(err, storage.ErrNotFound):
		if a.trust == nil || !entityIdentifier(clientID) {
			break
		}
		var err error
		if r.app, err = a.explicit(ctx, clientID); err != nil {
			return r, err
		}
		if r.app == nil {
			r.until = a.clock().Add(unregisteredAge)
		}
	case err != nil:
		return r, fmt.Errorf("read application: %w", err)
	default:
		r.app = &application{Application: stored}
		if len(stored.JWKS) > 0 {
			if err := json.Unmarshal(stored.JWKS, &r.app.keys); err != nil {
				return r, fmt.Errorf("keys of application %s: %w", clientID, err)
			}
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.known) >= maxApplications {
		clear(a.known)
	}
	a.known[clientID] = r
	return r, nil
}
