package trust_test

import (
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/federation/trust"
)

func TestAnApplicationOfACityIsKnownThroughItsProvinceAndTheNation(t *testing.T) {
	f := newFederation(t)
	nation, province, city, app := f.nation()
	got, err := f.resolver(nation).Resolve(t.Context(), app.id)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{app.id, city.id, province.id, nation.id}; !slices.Equal(got.Path, want) || len(got.Chain) != 5 {
		t.Errorf("path %v, %d statements", got.Path, len(got.Chain))
	}
	if got.Metadata[trust.OpenIDRelyingParty]["client_name"] != "app" || !got.ExpiresAt.Equal(f.clock().Add(time.Hour)) {
		t.Errorf("%+v", got)
	}
}

func TestAWarmDecisionAsksNobodyAndAColdOneAsksForEachStatementOnce(t *testing.T) {
	f := newFederation(t)
	nation, _, _, app := f.nation()
	r := f.resolver(nation)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			if _, err := r.Resolve(t.Context(), app.id); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	cold := f.requests()
	if cold != 7 { // four configurations and three statements about others
		t.Errorf("%d requests for a hundred who waited: %v", cold, f.asked)
	}
	for range 100 {
		if _, err := r.Resolve(t.Context(), app.id); err != nil {
			t.Fatal(err)
		}
	}
	if f.requests() != cold {
		t.Errorf("%d requests more", f.requests()-cold)
	}
}

// down makes entities unreachable.
func down(es ...*entity) (up func()) {
	for _, e := range es {
		e.serve = func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
	}
	return func() {
		for _, e := range es {
			e.serve = nil
		}
	}
}

func TestASuperiorThatIsDownCostsNothingWhileTheChainIsValidAndEverythingAfter(t *testing.T) {
	f := newFederation(t)
	nation, province, city, app := f.nation()
	nation.life, province.life, city.life, app.life = 2*time.Hour, 2*time.Hour, 2*time.Hour, 2*time.Hour
	r := f.resolver(nation)
	before, err := r.Resolve(t.Context(), app.id)
	if err != nil {
		t.Fatal(err)
	}
	up := down(nation, province, city)
	for range 11 {
		f.pass(10 * time.Minute)
		got, err := r.Resolve(t.Context(), app.id)
		if err != nil || !got.ExpiresAt.Equal(before.ExpiresAt) {
			t.Fatalf("refused although the chain is valid, or it grew: %v", err)
		}
	}
	f.pass(10 * time.Minute)
	if _, err := r.Resolve(t.Context(), app.id); err == nil {
		t.Fatal("trusted past its expiry")
	} else if !errors.Is(err, trust.ErrUnreachable) {
		t.Errorf("%v", err)
	}
	up()
	f.pass(10 * time.Second)
	if _, err := r.Resolve(t.Context(), app.id); err != nil {
		t.Errorf("up again: %v", err)
	}
}

func TestWhatASuperiorTakesBackIsGoneAtTheNextLook(t *testing.T) {
	f := newFederation(t)
	nation, province, city, app := f.nation()
	r := f.resolver(nation)
	if _, err := r.Resolve(t.Context(), app.id); err != nil {
		t.Fatal(err)
	}
	delete(province.about, city.id)
	f.pass(5*time.Minute + time.Second)
	if _, err := r.Resolve(t.Context(), app.id); !errors.Is(err, trust.ErrUntrusted) {
		t.Errorf("the city was taken back: %v", err)
	}
}

func TestPolicyConstraintsAndTheSuperiorsOwnWordShapeTheMetadata(t *testing.T) {
	f := newFederation(t)
	nation, province, city, app := f.nation()
	nation.about[province.id]["metadata_policy"] = map[string]any{trust.OpenIDRelyingParty: map[string]any{
		"grant_types": map[string]any{"subset_of": []string{"authorization_code", "refresh_token"}},
		"contacts":    map[string]any{"add": []string{"nation@example"}},
	}}
	province.about[city.id]["metadata_policy"] = map[string]any{trust.OpenIDRelyingParty: map[string]any{
		"token_endpoint_auth_method": map[string]any{"default": "private_key_jwt"},
	}}
	city.about[app.id]["metadata"] = map[string]any{trust.OpenIDRelyingParty: map[string]any{"client_name": "as the city calls it"}}
	app.metadata["openid_provider"] = map[string]any{"issuer": app.id}
	nation.about[province.id]["constraints"] = map[string]any{"max_path_length": 2, "allowed_entity_types": []string{trust.OpenIDRelyingParty}}
	app.metadata[trust.OpenIDRelyingParty].(map[string]any)["grant_types"] = []any{"authorization_code", "password"}
	got, err := f.resolver(nation).Resolve(t.Context(), app.id)
	if err != nil {
		t.Fatal(err)
	}
	m := got.Metadata[trust.OpenIDRelyingParty]
	if m["client_name"] != "as the city calls it" || m["token_endpoint_auth_method"] != "private_key_jwt" ||
		len(m["grant_types"].([]any)) != 1 || len(m["contacts"].([]any)) != 1 {
		t.Errorf("%v", m)
	}
	if _, ok := got.Metadata["openid_provider"]; ok {
		t.Error("a type that the nation does not allow")
	}
}

// roll gives an entity a new key, published beside the old one first.
func (e *entity) announce(f *federation) (use func(), drop func()) {
	key, kid := newKey(f.t), e.kid+"'"
	e.extra = append(e.extra, public(key, kid))
	return func() {
			old := public(e.key, e.kid)
			e.key, e.kid = key, kid
			e.extra = []jose.JSONWebKey{old}
		}, func() {
			e.extra = nil
		}
}

func TestAnchorIntermediateAndLeafRollTheirKeysWithoutARefusal(t *testing.T) {
	f := newFederation(t)
	nation, province, city, app := f.nation()
	r := f.resolver(nation)
	look := func(when string) {
		t.Helper()
		f.pass(6 * time.Minute)
		if _, err := r.Resolve(t.Context(), app.id); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	look("at first")
	for _, e := range []*entity{nation, province, city, app} {
		use, drop := e.announce(f)
		look(e.name + " announced a key")
		use()
		look(e.name + " signs with it")
		drop()
		look(e.name + " dropped the old one")
	}
}
