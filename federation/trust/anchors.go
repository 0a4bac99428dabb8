package trust

import (
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// anchors knows the keys of the trust anchors: those that this node was configured with, and then those that each anchor announced in
// a rotation that it could follow. A key that has left such a rotation is trusted no more, whatever the configuration says.
//
//	configured ── a configuration signed by a key that is known, and stays ──► its key set ── … ──►
//	    ▲                                                                          │
//	    └────────────── the operator configures other keys: start anew ────────────┘
type anchors struct {
	mu      sync.RWMutex
	keys    map[string]anchorKeys
	changed bool
}

// anchorKeys are the keys of one anchor, as they are kept over a restart.
type anchorKeys struct {
	// Root names the keys that were configured when it began.
	Root string             `json:"root"`
	Keys jose.JSONWebKeySet `json:"keys"`
	At   int64              `json:"at"` // of the configuration that said so, seconds
}

func newAnchors(configured map[string]jose.JSONWebKeySet) *anchors {
	a := &anchors{keys: map[string]anchorKeys{}}
	for id, set := range configured {
		a.keys[id] = anchorKeys{Root: rootOf(set), Keys: set}
	}
	return a
}

// rootOf names a key set by the thumbprints of its keys.
func rootOf(set jose.JSONWebKeySet) string {
	var prints []string
	for _, k := range set.Keys {
		if sum, err := k.Thumbprint(crypto.SHA256); err == nil {
			prints = append(prints, k.KeyID+"="+base64.RawURLEncoding.EncodeToString(sum))
		}
	}
	slices.Sort(prints)
	return strings.Join(prints, " ")
}

func (a *anchors) of(id string) (jose.JSONWebKeySet, bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	k, ok := a.keys[id]
	return k.Keys, ok
}

// learn takes over the keys of an anchor's configuration that was verified, if the key that signed it is one of them: so it rotates
// without anybody being told. An older configuration than the last one teaches nothing.
func (a *anchors) learn(s *Statement) {
	signer := s.signed.Load()
	a.mu.Lock()
	defer a.mu.Unlock()
	k, ok := a.keys[s.Subject]
	if !ok || signer == nil || s.IssuedAt < k.At || !hasKey(k.Keys, *signer) || !hasKey(s.Keys, *signer) || sameKeys(k.Keys, s.Keys) {
		return
	}
	k.Keys, k.At = s.Keys, s.IssuedAt
	a.keys[s.Subject] = k
	a.changed = true
}

// restore takes up what was learned before a restart, if it began with the keys that are configured now.
func (a *anchors) restore(body []byte) error {
	var before map[string]anchorKeys
	if err := json.Unmarshal(body, &before); err != nil {
		return fmt.Errorf("keys of trust anchors: %w", err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, k := range before {
		if now, ok := a.keys[id]; ok && now.Root == k.Root && len(k.Keys.Keys) > 0 && !slices.ContainsFunc(k.Keys.Keys, unusable) {
			a.keys[id] = k
		}
	}
	return nil
}

// news returns what has to be kept, if it changed since the last time.
func (a *anchors) news() ([]byte, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.changed {
		return nil, false
	}
	body, err := json.Marshal(a.keys)
	a.changed = err != nil
	return body, err == nil
}

func (a *anchors) unsaved() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.changed = true
}

// anchorsEvery is how often the anchors' keys are looked at: well under the time that a new key is announced before it signs.
const anchorsEvery = time.Minute

// RestoreAnchors takes up the keys that anchors announced before a restart.
func (r *Resolver) RestoreAnchors(ctx context.Context, m Memory) error {
	body, err := m.Load(ctx)
	if err != nil || len(body) == 0 {
		return err
	}
	return r.anchors.restore(body)
}

// WatchAnchors looks at the anchors' configurations again and again, and keeps the keys that they announce, until the context ends: also
// where nobody is resolved for a day, an anchor may rotate its keys.
func (r *Resolver) WatchAnchors(ctx context.Context, m Memory, l *slog.Logger) {
	tick := time.NewTicker(anchorsEvery)
	defer tick.Stop()
	for {
		r.HearAnchors(ctx)
		if err := r.KeepAnchors(ctx, m); err != nil && ctx.Err() == nil {
			l.ErrorContext(ctx, "the keys of the trust anchor would be lost in a restart", "cause", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// HearAnchors looks at the configuration of each anchor, if it is time to, and learns its keys.
func (r *Resolver) HearAnchors(ctx context.Context) {
	for id := range r.config.Anchors {
		if id != r.config.Self {
			_, _ = r.anchor(ctx, id) // heard or not, the next look is soon
		}
	}
}

// KeepAnchors writes down the keys that anchors announced, if they changed.
func (r *Resolver) KeepAnchors(ctx context.Context, m Memory) error {
	body, changed := r.anchors.news()
	if !changed {
		return nil
	}
	err := m.Save(ctx, body)
	if err != nil {
		r.anchors.unsaved()
	}
	return err
}

// anchor is an anchor's configuration, verified.
func (r *Resolver) anchor(ctx context.Context, id string) (*Statement, error) {
	waiting, stop := context.WithTimeout(ctx, patience)
	defer stop()
	top, err := r.statements.get(ctx, waiting, configurationURL(id), id, id)
	if err != nil {
		return nil, err
	}
	keys, _ := r.anchorKeys(ctx, id)
	if err := top.verify(keys, r.config.Clock()); err != nil {
		return nil, err
	}
	r.anchors.learn(top)
	r.statements.keep([]*Statement{top}, func(*Statement) bool { return true })
	return top, nil
}
