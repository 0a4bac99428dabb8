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
	// unmarked: trust marks are not looked at.
	unmarked bool
	err      error // the last reason why a way was none
}

func (r *Resolver) resolve(ctx context.Context, subject string) (*Resolved, error) {
	return (&climb{r: r}).from(ctx, subject)
}

// from starts at the leaf.
func (c *climb) from(ctx context.Context, subject string) (*Resolved, error) {
	r := c.r
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
				if !c.unmarked {
					err = c.marks(ctx, resolved, chain[0], superior)
				}
			}
			if err == nil {
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
