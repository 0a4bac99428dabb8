package trust_test

import (
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
