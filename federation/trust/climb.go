package trust

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// climb is one way up from a leaf.
type climb struct {
	r       *Resolver
	lookups int
	// waiting is how long newer statements are waited for than those that are known.
	waiting context.Context //nolint:containedctx // of this one climb
	// prior are those who vouched for the leaf before: they are tried first.
	prior []string
	// used are the statements of the chain that held, those included that say where a superior answers.
	used []*Statement
	// unmarked: trust marks are not looked at.
	unmarked bool
	err      error // the last reason why a way was none
}

// from starts at the leaf.
func (c *climb) from(ctx context.Context, subject string) (*Resolved, error) {
	r := c.r
	leaf, err := c.configuration(ctx, subject)
	if err != nil {
		return nil, err
	}
	if keys, ok := r.anchorKeys(ctx, subject); ok {
		c.used = append(c.used, leaf)
		return Chain{leaf}.Verify(subject, keys, r.config.Clock())
	}
	// Checked before anybody is asked on its behalf.
	if err := leaf.verify(leaf.Keys, r.config.Clock()); err != nil {
		return nil, err
	}
	if resolved := c.up(ctx, leaf, Chain{leaf}, []string{subject}); resolved != nil {
		c.used = append(c.used, leaf)
		return resolved, nil
	}
	if c.err == nil {
		c.err = untrusted("%s names no superior that leads to an anchor", subject)
	}
	return nil, c.err
}

// up tries the superiors of the topmost entity so far and returns the first chain that holds.
func (c *climb) up(ctx context.Context, top *Statement, chain Chain, path []string) *Resolved {
	for _, hint := range c.hints(top) {
		if ctx.Err() != nil {
			c.err = errors.Join(ErrUnreachable, ctx.Err())
			return nil
		}
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
				c.r.anchors.learn(superior)
				if !c.unmarked {
					err = c.marks(ctx, resolved, chain[0], superior)
				}
				if err == nil && !c.unmarked {
					err = c.clientKeys(ctx, resolved)
				}
			}
			if err == nil {
				c.used = append(c.used, about, superior)
				return resolved
			}
			c.failed(err)
			continue
		}
		if resolved := c.up(ctx, superior, longer, append(slices.Clone(path), hint)); resolved != nil {
			c.used = append(c.used, about, superior)
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

// hints are the superiors to try: those who vouched before, then anchors, then others, each once.
func (c *climb) hints(s *Statement) []string {
	hints := make([]string, 0, len(s.AuthorityHints))
	for _, hint := range s.AuthorityHints { // as many as a statement may have
		if !slices.Contains(hints, hint) {
			hints = append(hints, hint)
		}
	}
	rank := func(hint string) int {
		switch _, anchor := c.r.config.Anchors[hint]; {
		case slices.Contains(c.prior, hint):
			return 0
		case anchor:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(hints, func(a, b string) int { return rank(a) - rank(b) })
	return hints[:min(len(hints), maxHints)]
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
	return c.r.statements.get(ctx, c.waiting, configurationURL(id), id, id)
}

// ahead asks at once for all statements of a path that are old, so that they are waited for together.
func (c *climb) ahead(ctx context.Context, path []string) {
	now := c.r.config.Clock()
	again := func(address, issuer, subject string) {
		if h, ok := c.r.statements.lookup(keyOf(issuer, subject), now); ok && !now.Before(h.next) {
			go func() { _, _ = c.r.statements.get(ctx, c.waiting, address, issuer, subject) }() // what comes of it is remembered
		}
	}
	for n, id := range path {
		if id == c.r.config.Self && c.r.config.Local != nil {
			continue
		}
		again(configurationURL(id), id, id)
		if n == 0 {
			continue
		}
		if h, ok := c.r.statements.lookup(keyOf(id, id), now); ok {
			if superior, err := h.parsed(); err == nil {
				if endpoint, err := fetchEndpoint(superior, c.r.config.Loopback); err == nil {
					again(endpoint+"sub="+url.QueryEscape(path[n-1]), id, path[n-1])
				}
			}
		}
	}
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
	about, err = c.r.statements.get(ctx, c.waiting, endpoint+"sub="+url.QueryEscape(below), id, below)
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
