package trust

import (
	"context"
	"encoding/json"
	"slices"
	"time"
)

// Memory keeps something over a restart: what is known of the providers beside this one, or the keys of the anchors. Load returns nil if there is nothing.
type Memory interface {
	Load(ctx context.Context) ([]byte, error)
	Save(ctx context.Context, body []byte) error
}

// remembered is what is kept: who stood beside, and the statements that say so.
type remembered struct {
	IDs        []string `json:"ids"`
	Statements []string `json:"statements"`
}

// maxRemembered bounds what is read back, in bytes.
const maxRemembered = 8 << 20

// restore takes up what was known before a restart. Statements are verified as ever when they are used, and count until they expire.
func (n *Neighbours) restore(ctx context.Context) {
	if n.memory == nil {
		return
	}
	body, err := n.memory.Load(ctx)
	var r remembered
	if err == nil && len(body) > 0 && len(body) <= maxRemembered {
		err = json.Unmarshal(body, &r)
	}
	if err != nil {
		n.logger.WarnContext(ctx, "what was known of other provinces is not known any more", "cause", err)
		return
	}
	now := n.resolver.config.Clock()
	n.resolver.statements.restore(r.Statements, now)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ids = r.IDs
}

// keep writes down what is known, if it changed.
func (n *Neighbours) keep(ctx context.Context) {
	if n.memory == nil {
		return
	}
	r := remembered{IDs: n.known()}
	for _, id := range r.IDs {
		if resolved, ok := n.resolver.Last(id); ok {
			r.Statements = append(r.Statements, resolved.Chain...)
		}
	}
	slices.Sort(r.Statements)
	r.Statements = slices.Compact(r.Statements)
	body, err := json.Marshal(r)
	if err != nil || string(body) == n.kept {
		return
	}
	if err := n.memory.Save(ctx, body); err != nil {
		n.logger.WarnContext(ctx, "what is known of other provinces would be lost in a restart", "cause", err)
		return
	}
	n.kept = string(body)
}

// restore puts statements back that were heard before. They are asked for again at the first use.
func (s *statements) restore(raws []string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, raw := range raws {
		got, err := Parse(raw)
		if err == nil && got.current(now) == nil && !s.known.full(len(raw)) {
			s.known.put(keyOf(got.Issuer, got.Subject), heard{raw: raw, statement: got, expires: got.Expires, next: now, lasting: true})
		}
	}
}
