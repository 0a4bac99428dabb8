package trust

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/federation/trust/policy"
)

// MaxDepth bounds a chain: the entities in it, leaf and anchor included.
const MaxDepth = 8

// Chain is a trust chain [OpenID Federation 1.0 §4]: the leaf's configuration, the statement of each superior about the one
// below it, and the anchor's configuration.
type Chain []*Statement

// Resolved is what a chain says about its leaf. It is not changed once it was made: many read it at once.
type Resolved struct {
	Subject, Anchor string
	// Metadata is by entity type, as the superiors allow it.
	Metadata map[string]map[string]any
	// Asserted is metadata that the anchor itself states of the leaf, by entity type; nil where others stand between them. What
	// the leaf says of itself is no part of it.
	Asserted map[string]map[string]any
	// Marks are those that were verified.
	Marks []Mark
	// Keys are the leaf's own, for the federation.
	Keys      jose.JSONWebKeySet
	ExpiresAt time.Time // of the chain: the earliest end of its statements
	Chain     []string  // as the statements were signed
	Path      []string  // identifiers, the leaf first

	made atomic.Value
}

// Made is what [Resolved.Make] was told; nil if nothing.
func (r *Resolved) Made() any { return r.made.Load() }

// Make keeps what somebody makes of the entity for as long as the decision is remembered. It is always of one type.
func (r *Resolved) Make(of any) { r.made.Store(of) }

// Verify checks a chain against the keys of its anchor and resolves the leaf's metadata [OpenID Federation 1.0 §10.2]. Marks
// are left to the caller.
func (c Chain) Verify(anchor string, keys jose.JSONWebKeySet, now time.Time) (*Resolved, error) {
	if len(c) == 0 || len(c) > MaxDepth+1 {
		return nil, untrusted("a chain of %d statements", len(c))
	}
	leaf, top := c[0], c[len(c)-1]
	switch {
	case !leaf.ownConfiguration():
		return nil, untrusted("the chain does not begin with the leaf's configuration")
	case !top.ownConfiguration() || top.Issuer != anchor:
		return nil, untrusted("the chain does not end with the configuration of %s", anchor)
	}
	if err := top.verify(keys, now); err != nil {
		return nil, err
	}
	if err := leaf.verify(leaf.Keys, now); err != nil { // [OpenID Federation 1.0 §3.1: self-signed]
		return nil, err
	}
	path := []string{leaf.Subject}
	expires := min(leaf.Expires, top.Expires)
	for n := range len(c) - 1 {
		below, above := c[n], c[n+1]
		// A statement's issuer is whom the next one is about, and is known by the keys that the next one gives it.
		if below.Issuer != above.Subject || n > 0 && below.ownConfiguration() {
			return nil, untrusted("the statement of %s does not follow from that about %s", below.Issuer, above.Subject)
		}
		if err := below.verify(above.Keys, now); err != nil {
			return nil, err
		}
		if above.Issuer != path[len(path)-1] {
			if slices.Contains(path, above.Issuer) {
				return nil, untrusted("%s stands in the chain twice", above.Issuer)
			}
			path = append(path, above.Issuer)
		}
		expires = min(expires, above.Expires)
	}
	if err := c.constrain(path); err != nil {
		return nil, err
	}
	metadata, err := c.metadata()
	if err != nil {
		return nil, err
	}
	r := &Resolved{
		Subject: leaf.Subject, Anchor: anchor, Metadata: metadata, Keys: leaf.Keys, ExpiresAt: time.Unix(expires, 0), Path: path,
	}
	for _, s := range c {
		r.Chain = append(r.Chain, s.raw)
	}
	if above := c.superiors(); len(above) == 1 && above[0].Issuer == anchor && len(above[0].Metadata) > 0 {
		r.Asserted, err = decodeMetadata(above[0].Metadata)
	}
	return r, err
}

// superiors are the statements about others, the leaf's own superior first.
func (c Chain) superiors() Chain {
	return slices.DeleteFunc(slices.Clone(c), (*Statement).ownConfiguration)
}

// constrain holds each part of the chain to the constraints of the statements above it.
func (c Chain) constrain(path []string) error {
	for n, s := range c.superiors() {
		if err := s.Constraints.check(path[:n+1]); err != nil {
			return err
		}
	}
	return nil
}

// metadata is the leaf's, as its superiors change and allow it [OpenID Federation 1.0 §6.1.4].
func (c Chain) metadata() (map[string]map[string]any, error) {
	out, err := decodeMetadata(c[0].Metadata)
	if err != nil {
		return nil, err
	}
	superiors := c.superiors()
	if len(superiors) == 0 {
		return out, nil
	}
	// What the leaf's own superior says about it replaces what it says itself.
	said, err := decodeMetadata(superiors[0].Metadata)
	if err != nil {
		return nil, err
	}
	for name, parameters := range said {
		if _, ok := out[name]; ok {
			maps.Copy(out[name], parameters)
		}
	}
	merged := policy.Set{}
	for _, s := range slices.Backward(superiors) { // from the anchor downwards
		if s.MetadataPolicy == nil {
			continue
		}
		p, err := policy.ParseSet(s.MetadataPolicy, s.PolicyCritical)
		if err == nil {
			merged, err = merged.Merge(p)
		}
		if err != nil {
			return nil, untrusted("the policy of %s: %w", s.Issuer, err)
		}
	}
	for name := range out {
		if out[name], err = merged[name].Apply(out[name]); err != nil {
			return nil, untrusted("%s: %w", name, err)
		}
	}
	for _, s := range superiors {
		s.Constraints.allow(out)
	}
	return out, nil
}

func decodeMetadata(raw map[string]json.RawMessage) (map[string]map[string]any, error) {
	out := make(map[string]map[string]any, len(raw))
	for name, text := range raw {
		var m map[string]any
		if err := json.Unmarshal(text, &m); err != nil || m == nil {
			return nil, untrusted("metadata of type %.40q is no object", name)
		}
		for parameter, v := range m {
			if v == nil { // [OpenID Federation 1.0 §5: null is not a value]
				return nil, untrusted("metadata %s.%.40q is null", name, parameter)
			}
		}
		out[name] = m
	}
	return out, nil
}

// Explain says in one line how the leaf is known, for logs and operators.
func (r *Resolved) Explain() string {
	return fmt.Sprintf("%v until %s", r.Path, r.ExpiresAt.UTC().Format(time.RFC3339))
}
