package trust

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ParsePosted reads what an entity posts to register itself: its configuration, made for an audience, or a whole chain that begins with
// it, as a JSON array [OpenID Federation 1.0 §12.2.1]. Of a chain it returns the anchor that it leads to, too; the statements between
// are not used, they are looked up.
func ParsePosted(body []byte, isChain bool, audience string, now time.Time) (leaf *Statement, anchor string, err error) {
	if !isChain {
		leaf, err = ParseFor(string(body), audience, now)
		return leaf, "", err
	}
	var chain []string
	if json.Unmarshal(body, &chain) != nil || len(chain) < 2 || len(chain) > MaxDepth+1 {
		return nil, "", untrusted("no chain of 2 to %d statements", MaxDepth+1)
	}
	top, err := Parse(chain[len(chain)-1])
	if err != nil {
		return nil, "", err
	}
	leaf, err = ParseFor(chain[0], audience, now)
	return leaf, top.Issuer, err
}

// ResolvePosted finds a chain from a configuration that an entity posted, in the place of the one that it publishes, and says what it
// makes of the entity. anchor is where it has to lead, "" if anywhere. What was decided of the entity otherwise stays as it is.
func (r *Resolver) ResolvePosted(ctx context.Context, posted *Statement, anchor string) (*Resolved, error) {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	if err := CheckIdentifier(posted.Subject, r.config.Loopback); err != nil {
		return nil, err
	}
	if _, is := r.anchorKeys(ctx, posted.Subject); is || posted.Subject == r.config.Self || !posted.ownConfiguration() {
		return nil, untrusted("%s cannot register itself", posted.Subject)
	}
	if _, known := r.anchorKeys(ctx, anchor); anchor != "" && !known {
		return nil, untrusted("%s is no anchor here", anchor)
	}
	// Anybody can post, in any name.
	select {
	case r.strangers <- struct{}{}:
		defer func() { <-r.strangers }()
	case <-ctx.Done():
		return nil, errors.Join(ErrUnreachable, ctx.Err())
	}
	if err := posted.verify(posted.Keys, r.config.Clock()); err != nil {
		return nil, err
	}
	waiting, stop := context.WithTimeout(ctx, patience)
	defer stop()
	c := &climb{r: r, waiting: waiting}
	resolved := c.up(ctx, posted, Chain{posted}, []string{posted.Subject})
	switch {
	case resolved != nil && anchor != "" && resolved.Anchor != anchor:
		return nil, untrusted("the chain leads to %s", resolved.Anchor)
	case resolved != nil:
		return resolved, nil
	case c.err == nil:
		return nil, untrusted("%s names no superior that leads to an anchor", posted.Subject)
	}
	return nil, fmt.Errorf("%s: %w", posted.Subject, c.err)
}

// StandsStill reports whether nobody on a path was suspended here since, from memory.
func (r *Resolver) StandsStill(path []string) bool { return r.stands(&Resolved{Path: path}) }
