package idp_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"manyou/federation/trust/trusttest"
	"manyou/idp"
	"manyou/storage"
)

// countedKeys notes what is counted.
type countedKeys struct {
	storage.Store
	mu   *sync.Mutex
	keys map[string]bool
}

func (c countedKeys) Count(ctx context.Context, keys []string, n int64, expiresAt time.Time) ([]int64, error) {
	c.mu.Lock()
	for _, key := range keys {
		c.keys[key] = true
	}
	c.mu.Unlock()
	return c.Store.Count(ctx, keys, n, expiresAt)
}

func TestAttackByAnyNumberOfForgedTokensIsCountedInFewCounters(t *testing.T) {
	counted := countedKeys{mu: &sync.Mutex{}, keys: map[string]bool{}}
	w := newWorld(t, func(c *idp.Config) {
		counted.Store = c.Store
		c.Store = counted
	})
	key := trusttest.NewKey(t)
	for n := range 400 {
		forged := key.JWT(t, "at+jwt", map[string]any{"iss": w.url, "n": n})
		w.call("/token", "", "grant_type", exchangeGrant, "client_id", "main", "client_secret", "guessed", "subject_token", forged, "subject_token_type", tokenTypeAT)
	}
	many := 0
	for key := range counted.keys {
		if strings.HasPrefix(key, "exchange.") {
			many++
		}
	}
	if many == 0 || many > 201 {
		t.Errorf("%d counters for 400 tokens", many)
	}
}
