package trust_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/federation/trust"
)

// node is one that trusts an anchor, with what it keeps over a restart.
type node struct {
	t          *testing.T
	f          *federation
	anchor     *entity
	configured jose.JSONWebKeySet
	kept       *memory
	*trust.Resolver
}

// restart makes another of it, which knows what is configured and what was kept.
func (n *node) restart() {
	n.t.Helper()
	if n.Resolver != nil {
		if err := n.KeepAnchors(n.t.Context(), n.kept); err != nil {
			n.t.Fatal(err)
		}
	}
	n.Resolver = n.f.resolver(n.anchor, func(c *trust.Config) {
		c.Anchors = map[string]jose.JSONWebKeySet{n.anchor.id: n.configured}
	})
	if err := n.RestoreAnchors(n.t.Context(), n.kept); err != nil {
		n.t.Fatal(err)
	}
}

func newNode(t *testing.T, f *federation, anchor *entity) *node {
	n := &node{t: t, f: f, anchor: anchor, configured: anchor.keys(), kept: &memory{}}
	n.restart()
	return n
}

// look resolves an entity when all that is known of it is old.
func (n *node) look(e *entity) error {
	n.f.pass(6 * time.Minute)
	_, err := n.Resolve(n.t.Context(), e.id)
	return err
}

// roll takes an anchor through a whole rotation, of which the node hears each step.
func (n *node) roll() {
	n.t.Helper()
	use, drop := n.anchor.announce(n.f)
	for _, step := range []func(){func() {}, use, drop} {
		step()
		n.f.pass(6 * time.Minute)
		n.HearAnchors(n.t.Context()) // nobody is resolved meanwhile
	}
}

func TestKeysThatAnAnchorAnnouncedAreKnownAfterARestartWhoeverWasResolved(t *testing.T) {
	f := newFederation(t)
	nation, _, _, app := f.nation()
	n := newNode(t, f, nation)
	n.roll()
	n.restart()
	if err := n.look(app); err != nil {
		t.Errorf("after a rotation and a restart: %v", err)
	}
	n.roll()
	n.roll()
	n.restart()
	if err := n.look(app); err != nil {
		t.Errorf("after two more: %v", err)
	}
}

func TestAttackWithAKeyThatAnAnchorHasDroppedTrustsNobody(t *testing.T) {
	for name, restarts := range map[string]bool{"at once": false, "after a restart, though it is configured": true} {
		t.Run(name, func(t *testing.T) {
			f := newFederation(t)
			nation, _, _, app := f.nation()
			n := newNode(t, f, nation)
			stolen, kid := nation.key, nation.kid
			n.roll()
			if restarts {
				n.restart()
			}
			if err := n.look(app); err != nil {
				t.Fatal(err)
			}
			nation.key, nation.kid, nation.extra = stolen, kid, nil // who has it speaks in the nation's place
			if err := n.look(app); !errors.Is(err, trust.ErrUntrusted) {
				t.Errorf("it is believed: %v", err)
			}
		})
	}
}

// TestEmergency: the nation withdrew a stolen key at once. No key that is known vouches for the new one: people do.
func TestAttackWithAStolenKeyEndsWhenTheOperatorConfiguresTheNewOnes(t *testing.T) {
	f := newFederation(t)
	nation, _, _, app := f.nation()
	n := newNode(t, f, nation)
	n.roll() // something was learned before
	n.restart()
	stolen, kid := nation.key, nation.kid
	nation.key, nation.kid, nation.extra = newKey(t), "new", nil
	if err := n.look(app); !errors.Is(err, trust.ErrUntrusted) {
		t.Errorf("a key that nobody vouches for: %v", err)
	}
	n.configured = nation.keys()
	n.restart()
	if err := n.look(app); err != nil {
		t.Errorf("with the keys that the operator brought: %v", err)
	}
	nation.key, nation.kid = stolen, kid
	if err := n.look(app); !errors.Is(err, trust.ErrUntrusted) {
		t.Errorf("the stolen key is believed: %v", err)
	}
}

func TestAttackByAConfigurationSignedByAKeyThatItDoesNotNameTeachesNothing(t *testing.T) {
	f := newFederation(t)
	nation, _, _, app := f.nation()
	n := newNode(t, f, nation)
	stranger := newKey(t)
	nation.claims = func(sub string, c map[string]any) {
		if sub == nation.id {
			c["jwks"] = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public(stranger, "stranger")}}
		}
	}
	n.HearAnchors(t.Context())
	nation.claims = nil
	if err := n.look(app); err != nil {
		t.Errorf("the key that is configured counts no more: %v", err)
	}
}

func TestAWatchKeepsTheKeysOfTheAnchorWhoeverIsResolved(t *testing.T) {
	f := newFederation(t)
	nation, _, _, app := f.nation()
	n := newNode(t, f, nation)
	use, drop := nation.announce(f)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		n.WatchAnchors(ctx, n.kept, slog.New(slog.DiscardHandler))
	}()
	eventually(t, "they are kept", func() bool { body, _ := n.kept.Load(ctx); return len(body) > 0 })
	cancel()
	<-done
	use() // while the node is away
	drop()
	n.restart()
	if err := n.look(app); err != nil {
		t.Error(err)
	}
}
