package trust_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"manyou/federation/trust"
)

func TestAttackByApplicationsThatGrowOnceTheyAreKnownKeepsToTheBudget(t *testing.T) {
	f := newFederation(t)
	nation, _, city, _ := f.nation()
	const budget = 64 << 10
	r := f.resolver(nation, func(c *trust.Config) { c.Budget = budget })
	apps := make([]*entity, 12)
	resolve := func() {
		for _, app := range apps {
			if _, err := r.Resolve(t.Context(), app.id); err != nil {
				t.Fatal(err)
			}
			if kept, _, _ := r.Remembered(); kept > budget {
				t.Fatalf("%d bytes are kept", kept)
			}
		}
	}
	for n := range apps {
		apps[n] = f.application(fmt.Sprintf("app%d", n), city)
	}
	resolve()
	for _, app := range apps {
		app.metadata[trust.OpenIDRelyingParty].(map[string]any)["x"] = strings.Repeat("x", 10<<10)
	}
	f.pass(6 * time.Minute)
	resolve()
}
