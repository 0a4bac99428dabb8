package trust_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"manyou/federation/trust"
)

// posted is an entity's configuration as it posts it.
func (f *federation) posted(e *entity) *trust.Statement {
	f.t.Helper()
	text, _ := f.statement(e, e.id)
	s, err := trust.Parse(text)
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

func TestAConfigurationIsPostedThoughWhatIsKnownOfItsSuperiorsIsOld(t *testing.T) {
	f := newFederation(t)
	nation, _, _, app := f.nation()
	r := f.resolver(nation)
	if _, err := r.Resolve(t.Context(), app.id); err != nil {
		t.Fatal(err)
	}
	f.pass(6 * time.Minute)
	if _, err := r.ResolvePosted(t.Context(), f.posted(app), nation.id); err != nil {
		t.Error(err)
	}
}

func TestAttackByManyWhoPostAndAreSlowKeepsNobodyWaitingWhoWasTrustedBefore(t *testing.T) {
	f := newFederation(t)
	nation, _, _, app := f.nation()
	slow := newStuck(f.beyond)
	r := f.resolver(nation, func(c *trust.Config) { c.Fetcher = slow })
	if _, err := r.Resolve(t.Context(), app.id); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for n := range 200 {
		stranger := f.application(fmt.Sprintf("stranger%d", n))
		stranger.hints = []string{fmt.Sprintf("http://127.0.0.1:1/slow%d", n)}
		s := f.posted(stranger)
		all.Go(func() { _, _ = r.ResolvePosted(ctx, s, "") })
	}
	for range 32 {
		<-slow.asking
	}
	f.pass(6 * time.Minute)
	f.answered(r, app)
	cancel()
	all.Wait()
}
