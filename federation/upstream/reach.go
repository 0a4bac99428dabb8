package upstream

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"
)

// How long one answer, or the lack of one, speaks for the issuer, and how long it is waited for.
const (
	reachAge     = 3 * time.Second
	reachTimeout = 2 * time.Second
)

// reach remembers whether the issuer answered a moment ago. Its lock is held while one request asks, so that the others
// wait for the same answer.
type reach struct {
	mu   sync.Mutex
	at   time.Time
	last error
}

// Reach reports whether the issuer answers at this moment: nil, [ErrUnreachable] or [ErrSlow]. It is asked before a browser
// is sent there, because a browser that is sent to a host which is down does not come back: metadata that are remembered
// say where the issuer was, not that it is up. The issuer is asked at most once in three seconds.
func (p *Provider) Reach(ctx context.Context) error {
	return p.probe(ctx, strings.TrimSuffix(p.config.Issuer, "/")+wellKnown)
}

// probe asks an address at most once in three seconds.
func (p *Provider) probe(ctx context.Context, address string) error {
	p.reach.mu.Lock()
	defer p.reach.mu.Unlock()
	if now := p.config.Clock(); !p.reach.at.IsZero() && now.Sub(p.reach.at) < reachAge {
		return p.reach.last
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), reachTimeout)
	defer cancel()
	var anything struct{}
	err := p.getJSON(ctx, address, &anything)
	if !errors.Is(err, ErrUnreachable) && !errors.Is(err, ErrSlow) {
		err = nil // it answers; what its answers are worth is looked at where they are used
	}
	p.reach.at, p.reach.last = p.config.Clock(), err
	return err
}
