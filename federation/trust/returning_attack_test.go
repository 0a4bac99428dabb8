package trust_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"manyou/federation/trust"
)

func TestAttackByManyWhoseChainsHaveExpiredKeepsNobodyWaitingWhoIsTrustedStill(t *testing.T) {
	f := newFederation(t)
	nation, _, city, app := f.nation()
	var stalls atomic.Bool
	s := newStuck(func(target string) bool { return stalls.Load() && strings.Contains(target, "/slow") })
	r := f.resolver(nation, func(c *trust.Config) { c.Fetcher = s })
	const many = 70 // more than take turns at once
	for n := range many {
		slow := f.application(fmt.Sprintf("slow%d", n), city)
		slow.life = time.Minute
		if _, err := r.Resolve(t.Context(), slow.id); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Resolve(t.Context(), app.id); err != nil {
		t.Fatal(err)
	}
	f.pass(6 * time.Minute)
	stalls.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for n := range many {
		all.Go(func() { _, _ = r.Resolve(ctx, fmt.Sprintf("%s/slow%d", f.base, n)) })
	}
	for range 64 {
		<-s.asking
	}
	f.answered(r, app)
	cancel()
	all.Wait()
}
