package main

import (
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"manyou/federation/identity"
	"manyou/federation/trust"
	"manyou/idp/membership"
	"manyou/storage"
)

type entityCommand struct {
	Add     entityAdd     `cmd:"" help:"Vouch for an entity: a province, a city, an application."`
	List    entityList    `cmd:"" help:"List the entities that this one vouches for."`
	Suspend entitySuspend `cmd:"" help:"Vouch for it no more; felt here within a second."`
	Resume  entityResume  `cmd:"" help:"Vouch for it again."`
	Mark    entityMark    `cmd:"" help:"Give an entity a trust mark."`
	Unmark  entityUnmark  `cmd:"" help:"Take a trust mark back."`
	Explain entityExplain `cmd:"" help:"Say through whom an entity is known, and what that makes of it."`
}

type entityAdd struct {
	configFlag
	ID         string   `arg:"" placeholder:"URL" help:"Its identifier."`
	Thumbprint string   `placeholder:"TEXT" help:"Thumbprint of one of its keys, as its operator told you. Without it, what it publishes is shown and nothing is stored."`
	Rules      string   `placeholder:"FILE" help:"JSON with what is said about it: metadata, metadata_policy, metadata_policy_crit, constraints."`
	Region     string   `placeholder:"CODE" help:"It is the issuer of this region: citizens of it sign in there."`
	Type       []string `placeholder:"TYPE" help:"Entity types to list it under; by default those that it publishes."`
}

// maxRules bounds a file of rules, in bytes.
const maxRules = 32 << 10

// Run asks the entity for its configuration and stores its keys, if one of them is the one expected.
func (c *entityAdd) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		if !o.config.Federation.Enabled {
			return usagef("this issuer is in no federation: set federation.enabled")
		}
		loopback := plain(o.config.Issuer)
		if err := trust.CheckIdentifier(c.ID, loopback); err != nil {
			return usageError{err}
		}
		if c.ID == o.config.Issuer {
			return usagef("%s is this issuer itself", c.ID)
		}
		s, err := trust.Ask(ctx, trust.NewFetcher(loopback, nil), c.ID)
		if err != nil {
			return fmt.Errorf("ask %s: %w", c.ID, err)
		}
		prints, err := thumbprints(s)
		if err != nil {
			return err
		}
		types := slices.Sorted(maps.Keys(s.Metadata))
		if !slices.Contains(prints, c.Thumbprint) {
			fmt.Fprintf(t.out, "%s publishes\n  types        %s\n  thumbprints  %s\n", c.ID, strings.Join(types, " "), strings.Join(prints, "\n               "))
			return usagef("nothing was stored: compare a thumbprint with what its operator told you, and give it by --thumbprint=TEXT")
		}
		if !slices.Contains(s.AuthorityHints, o.config.Issuer) {
			return fmt.Errorf("%s does not name %s among its authority_hints: set its superior first", c.ID, o.config.Issuer)
		}
		rules, err := c.rules()
		if err == nil && c.Region != "" {
			rules, err = withRegion(rules, c.Region)
		}
		if err != nil {
			return usageError{err}
		}
		jwks, err := json.Marshal(s.Keys)
		if err != nil {
			return err
		}
		if len(c.Type) > 0 {
			types = c.Type
		}
		now := time.Now()
		if err := o.store.PutSubordinate(ctx, storage.Subordinate{
			EntityID: c.ID, Types: types, JWKS: jwks, Rules: rules, Status: storage.SubordinateActive, CreatedAt: now, UpdatedAt: now,
		}); err != nil {
			return err
		}
		if err := o.record(ctx, "entity.add", map[string]string{"entity": c.ID}); err != nil {
			return err
		}
		_, err = fmt.Fprintf(t.out, "%s is vouched for.\n", c.ID)
		return err
	})
}

// thumbprints are those of an entity's keys (RFC 7638).
func thumbprints(s *trust.Statement) (list []string, err error) {
	for _, k := range s.Keys.Keys {
		sum, err := k.Thumbprint(crypto.SHA256)
		if err != nil {
			return nil, err
		}
		list = append(list, base64.RawURLEncoding.EncodeToString(sum))
	}
	return list, nil
}

// withRegion adds to rules whose issuer an entity is.
func withRegion(rules []byte, region string) ([]byte, error) {
	if _, ok := identity.LookupRegion(region); !ok {
		return nil, fmt.Errorf("region %.10q: two digits, such as 33", region)
	}
	all := map[string]any{}
	if rules != nil {
		if err := json.Unmarshal(rules, &all); err != nil {
			return nil, err
		}
	}
	member := func(of map[string]any, name string) map[string]any {
		m, ok := of[name].(map[string]any)
		if !ok {
			m = map[string]any{}
			of[name] = m
		}
		return m
	}
	member(member(all, "metadata"), trust.FederationEntity)[trust.RegionParameter] = region
	return json.Marshal(all)
}

func (c *entityAdd) rules() ([]byte, error) {
	if c.Rules == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.Rules)
	if err != nil {
		return nil, err
	}
	if len(text) > maxRules {
		return nil, fmt.Errorf("%s: more than %d bytes", c.Rules, maxRules)
	}
	if err := trust.CheckRules(text); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Rules, err)
	}
	return text, nil
}

type entityList struct {
	configFlag
	JSON bool `help:"Print as JSON."`
}

// shownEntity is an entity as the command line shows it.
type shownEntity struct {
	ID     string                    `json:"entity"`
	Status storage.SubordinateStatus `json:"status"`
	Types  []string                  `json:"types"`
	Rules  json.RawMessage           `json:"rules,omitempty"`
	Since  time.Time                 `json:"since"`
}

// Run lists the entities, by identifier.
func (c *entityList) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		list := []shownEntity{}
		for after := ""; ; {
			page, err := o.store.ListSubordinates(ctx, after, 1000)
			if err != nil {
				return err
			}
			for _, b := range page {
				list, after = append(list, shownEntity{b.EntityID, b.Status, b.Types, b.Rules, b.CreatedAt}), b.EntityID
			}
			if len(page) == 0 {
				break
			}
		}
		if c.JSON {
			return writeJSON(t.out, list)
		}
		out := table{head: []string{"STATUS", "ENTITY", "TYPES"}}
		for _, e := range list {
			out.add(string(e.Status), e.ID, strings.Join(e.Types, " "))
		}
		return out.write(t.out)
	})
}

type entityTarget struct {
	configFlag
	ID string `arg:"" placeholder:"URL" help:"Its identifier."`
}

// set moves an entity to a status. A province whose people sign in here is moved as one: what it is here and as what it is vouched for.
func (c *entityTarget) set(ctx context.Context, t *terminal, s storage.SubordinateStatus) error {
	return c.use(ctx, t, func(o *opened) error {
		switch u, err := members(o).Find(ctx, c.ID); {
		case err == nil && u.Issuer == c.ID && u.Below:
			return moveProvince(ctx, t, o, u, storage.UpstreamStatus(s))
		case err != nil && !errors.Is(err, membership.ErrUnknown):
			return err
		}
		if err := o.store.SetSubordinateStatus(ctx, c.ID, s, time.Now()); errors.Is(err, storage.ErrNotFound) {
			return fmt.Errorf("there is no entity %q; manyou entity list names them", c.ID)
		} else if err != nil {
			return err
		}
		if err := o.record(ctx, "entity."+string(s), map[string]string{"entity": c.ID}); err != nil {
			return err
		}
		_, err := fmt.Fprintf(t.out, "%s is %s.\n", c.ID, s)
		return err
	})
}

type entitySuspend struct{ entityTarget }

// Run suspends an entity.
func (c *entitySuspend) Run(ctx context.Context, t *terminal) error {
	return c.set(ctx, t, storage.SubordinateSuspended)
}

type entityResume struct{ entityTarget }

// Run takes a suspension back.
func (c *entityResume) Run(ctx context.Context, t *terminal) error {
	return c.set(ctx, t, storage.SubordinateActive)
}

type entityMark struct {
	entityTarget
	Type string        `arg:"" placeholder:"URL" help:"Type of the mark."`
	Life time.Duration `placeholder:"DURATION" help:"When it ends, from now; by default never."`
}

// Run grants a trust mark.
func (c *entityMark) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		m := storage.TrustMark{Type: c.Type, Subject: c.ID, IssuedAt: time.Now()}
		if c.Life > 0 {
			m.ExpiresAt = m.IssuedAt.Add(c.Life)
		}
		if err := trust.CheckIdentifier(c.ID, plain(o.config.Issuer)); err != nil {
			return usageError{err}
		}
		if err := o.store.PutTrustMark(ctx, m); err != nil {
			return err
		}
		if err := o.record(ctx, "mark.add", map[string]string{"entity": c.ID, "type": c.Type}); err != nil {
			return err
		}
		_, err := fmt.Fprintf(t.out, "%s has the mark %s.\n", c.ID, c.Type)
		return err
	})
}

type entityUnmark struct {
	entityTarget
	Type string `arg:"" placeholder:"URL" help:"Type of the mark."`
}

// Run revokes a trust mark.
func (c *entityUnmark) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		if err := o.store.RevokeTrustMark(ctx, c.Type, c.ID, time.Now()); errors.Is(err, storage.ErrNotFound) {
			return fmt.Errorf("%s has no mark %s", c.ID, c.Type)
		} else if err != nil {
			return err
		}
		if err := o.record(ctx, "mark.revoke", map[string]string{"entity": c.ID, "type": c.Type}); err != nil {
			return err
		}
		_, err := fmt.Fprintf(t.out, "%s has the mark %s no more.\n", c.ID, c.Type)
		return err
	})
}

type entityExplain struct{ entityTarget }

// Run resolves an entity as the issuer would, and prints how.
func (c *entityExplain) Run(ctx context.Context, t *terminal) error {
	return c.use(ctx, t, func(o *opened) error {
		if !o.config.Federation.Enabled {
			return usagef("this issuer is in no federation: set federation.enabled")
		}
		e, err := newEntity(ctx, o, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		got, err := e.Resolver.Resolve(ctx, c.ID)
		if err != nil {
			return fmt.Errorf("%s: %w", c.ID, err)
		}
		return writeJSON(t.out, map[string]any{
			"entity": got.Subject, "path": got.Path, "expires_at": got.ExpiresAt, "metadata": got.Metadata,
		})
	})
}
