package trust_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"manyou/federation/trust"
)

func TestAttackByAnyNumberOfLargeApplicationsOfOneCityHasABudgetAndDisplacesNoSmallOnes(t *testing.T) {
	f := newFederation(t)
	nation, _, city, app := f.nation()
	const budget = 512 << 10
	r := f.resolver(nation, func(c *trust.Config) { c.Budget = budget })
	if _, err := r.Resolve(t.Context(), app.id); err != nil {
		t.Fatal(err)
	}
	many := json.RawMessage("[" + strings.Repeat("[],", 10<<10) + "[]]") // which takes many times as much once it is read
	for n := range 60 {
		large := f.application(fmt.Sprintf("large%d", n), city)
		large.metadata[trust.OpenIDRelyingParty].(map[string]any)["x"] = many
		if _, err := r.Resolve(t.Context(), large.id); err != nil {
			t.Fatal(err)
		}
		if raw := r.Decided(); raw > budget/2 {
			t.Fatalf("%d bytes of %d applications are remembered", raw, n+1)
		}
	}
	f.pass(time.Minute)
	before := f.requests()
	if _, err := r.Resolve(t.Context(), app.id); err != nil || f.requests() != before {
		t.Errorf("a small one was displaced: %v", err)
	}
}
