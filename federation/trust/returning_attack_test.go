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

// stalling lets those wait for ever who ask for what is named so, once it does.
type stalling struct {
	trust.Fetcher
	name   string
	stalls *atomic.Bool
	asking chan string
}

func (s stalling) Fetch(ctx context.Context, target, media string) (string, error) {
	if !s.stalls.Load() || !strings.Contains(target, s.name) {
		return s.Fetcher.Fetch(ctx, target, media)
	}
	s.asking <- target
	<-ctx.Done()
	return "", ctx.Err()
}

func TestAttackByManyWhoseChainsHaveExpiredKeepsNobodyWaitingWhoIsTrustedStill(t *testing.T) {
	f := newFederation(t)
	nation, _, city, app := f.nation()
	s := stalling{trust.NewFetcher(true, nil), "/slow", new(atomic.Bool), make(chan string, 1000)}
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
	s.stalls.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for n := range many {
		all.Go(func() { _, _ = r.Resolve(ctx, fmt.Sprintf("%s/slow%d", f.base, n)) })
	}
	for range 64 {
		<-s.asking
	}
	waiting, stop := context.WithTimeout(t.Context(), 7*time.Second) // less than those take
	defer stop()
	if _, err := r.Resolve(waiting, app.id); err != nil {
		t.Error(err)
	}
	cancel()
	all.Wait()
}
