package trust_test

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/federation/trust"
)

// TestAttackOnChains falsifies one thing in a chain that holds otherwise.
func TestAttackOnChainsTrustsNobody(t *testing.T) {
	for name, attack := range map[string]func(f *federation, nation, province, city, app *entity){
		"forged by a stranger's key": func(f *federation, _, _, city, _ *entity) {
			key := newKey(f.t)
			city.sign = func(string) (*ecdsa.PrivateKey, string) { return key, city.kid }
		},
		"the statement about the leaf signed by the leaf": func(_ *federation, _, _, city, app *entity) {
			city.sign = func(sub string) (*ecdsa.PrivateKey, string) {
				if sub == app.id {
					return app.key, app.kid
				}
				return city.key, city.kid
			}
		},
		"expired": func(_ *federation, _, province, _, _ *entity) {
			province.claims = func(_ string, c map[string]any) { c["exp"] = c["iat"].(int64) - 1; c["iat"] = c["iat"].(int64) - 10 }
		},
		"not valid yet": func(_ *federation, _, province, _, _ *entity) {
			province.claims = func(_ string, c map[string]any) {
				c["iat"] = c["iat"].(int64) + 3600
				c["exp"] = c["iat"].(int64) + 3600
			}
		},
		"about somebody else": func(_ *federation, _, _, city, app *entity) {
			city.claims = func(sub string, c map[string]any) {
				if sub == app.id {
					c["sub"] = app.id + "2"
				}
			}
		},
		"of somebody else": func(_ *federation, nation, _, city, app *entity) {
			city.claims = func(sub string, c map[string]any) {
				if sub == app.id {
					c["iss"] = nation.id
				}
			}
		},
		"a configuration of another": func(_ *federation, _, _, city, app *entity) {
			app.claims = func(_ string, c map[string]any) { c["iss"], c["sub"] = city.id, city.id }
		},
		"a superior that does not know the leaf": func(_ *federation, nation, _, city, app *entity) {
			delete(city.about, app.id)
			app.hints = []string{nation.id, city.id}
		},
		"keys of the leaf that its superior does not vouch for": func(f *federation, _, _, _, app *entity) {
			key := newKey(f.t)
			app.sign = func(string) (*ecdsa.PrivateKey, string) { return key, "other" }
			app.claims = func(_ string, c map[string]any) { c["jwks"] = map[string]any{"keys": []any{public(key, "other")}} }
		},
		"keys of an intermediate substituted": func(f *federation, _, _, city, _ *entity) {
			key := newKey(f.t)
			city.sign = func(string) (*ecdsa.PrivateKey, string) { return key, "other" }
			city.claims = func(sub string, c map[string]any) {
				if sub == city.id {
					c["jwks"] = map[string]any{"keys": []any{public(key, "other")}}
				}
			}
		},
		"keys of the anchor substituted": func(f *federation, nation, _, _, _ *entity) {
			key := newKey(f.t)
			nation.sign = func(string) (*ecdsa.PrivateKey, string) { return key, "other" }
			nation.claims = func(sub string, c map[string]any) {
				if sub == nation.id {
					c["jwks"] = map[string]any{"keys": []any{public(key, "other")}}
				}
			}
		},
		"superiors that name each other": func(_ *federation, _, province, city, _ *entity) {
			province.hints, city.hints = []string{city.id}, []string{province.id}
			city.about[province.id] = map[string]any{}
		},
		"an entity that is its own superior": func(_ *federation, _, _, _, app *entity) {
			app.hints = []string{app.id}
		},
		"no superior at all": func(_ *federation, _, _, _, app *entity) { app.hints = nil },
		"a policy that widens": func(_ *federation, nation, province, city, _ *entity) {
			rule := func(op string, v any) map[string]any {
				return map[string]any{trust.OpenIDRelyingParty: map[string]any{"grant_types": map[string]any{op: v}}}
			}
			nation.about[province.id]["metadata_policy"] = rule("value", []string{"authorization_code"})
			province.about[city.id]["metadata_policy"] = rule("value", []string{"authorization_code", "password"})
		},
		"metadata that the policy refuses": func(_ *federation, nation, province, _, _ *entity) {
			nation.about[province.id]["metadata_policy"] = map[string]any{trust.OpenIDRelyingParty: map[string]any{"client_name": map[string]any{"one_of": []string{"good"}}}}
		},
		"a critical operator that nobody knows": func(_ *federation, nation, province, _, _ *entity) {
			nation.about[province.id]["metadata_policy"] = map[string]any{}
			nation.about[province.id]["metadata_policy_crit"] = []string{"regexp"}
		},
		"a critical claim that nobody knows": func(_ *federation, nation, province, _, _ *entity) {
			nation.about[province.id]["crit"] = []string{"hold"}
		},
		"a path longer than allowed": func(_ *federation, nation, province, _, _ *entity) {
			nation.about[province.id]["constraints"] = map[string]any{"max_path_length": 1}
		},
		"a name that is excluded": func(_ *federation, nation, province, _, _ *entity) {
			nation.about[province.id]["constraints"] = map[string]any{"naming_constraints": map[string]any{"excluded": []string{"127.0.0.1"}}}
		},
		"a name that is not permitted": func(_ *federation, nation, province, _, _ *entity) {
			nation.about[province.id]["constraints"] = map[string]any{"naming_constraints": map[string]any{"permitted": []string{".zj.example"}}}
		},
		"rules for oneself": func(_ *federation, _, _, _, app *entity) {
			app.claims = func(_ string, c map[string]any) { c["metadata_policy"] = map[string]any{} }
		},
		"hints in a statement about another": func(_ *federation, _, _, city, app *entity) {
			city.about[app.id]["authority_hints"] = []string{city.id}
		},
		"a private key among the public ones": func(_ *federation, _, _, city, app *entity) {
			key := public(app.key, app.kid)
			key.Key = app.key
			city.about[app.id]["jwks"] = map[string]any{"keys": []any{key}}
		},
		"a key that takes long to check with": func(_ *federation, _, _, _, app *entity) {
			large := new(big.Int).SetBit(big.NewInt(1), 16383, 1)
			app.extra = []jose.JSONWebKey{{Key: &rsa.PublicKey{N: large, E: 65537}, KeyID: "large", Algorithm: "RS256", Use: "sig"}}
		},
		"more superiors than may be": func(_ *federation, _, _, _, app *entity) {
			for n := range 40 {
				app.hints = append(app.hints, fmt.Sprintf("https://s%d.example", n))
			}
		},
		"owners of marks in a statement about another": func(_ *federation, _, _, city, app *entity) {
			city.about[app.id]["trust_mark_owners"] = map[string]any{approved: map[string]any{}}
		},
		"metadata of null": func(_ *federation, _, _, _, app *entity) {
			app.metadata[trust.OpenIDRelyingParty] = map[string]any{"client_name": nil}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFederation(t)
			nation, province, city, app := f.nation()
			r := f.resolver(nation)
			attack(f, nation, province, city, app)
			if got, err := r.Resolve(t.Context(), app.id); err == nil {
				t.Fatalf("trusted: %v", got.Path)
			} else if !errors.Is(err, trust.ErrUntrusted) {
				t.Errorf("not a judgement: %v", err)
			}
		})
	}
}

func TestAttackWithoutEndCostsABoundedNumberOfRequests(t *testing.T) {
	f := newFederation(t)
	nation := f.add("nation")
	depth := f.application("deep")
	below := depth
	for n := range 40 {
		above := f.add(fmt.Sprintf("deep%d", n))
		below.hints = []string{above.id}
		above.about[below.id] = map[string]any{}
		below = above
	}
	below.hints = []string{nation.id}
	nation.about[below.id] = map[string]any{}
	wide := f.application("wide")
	for n := range 100 {
		s := f.add(fmt.Sprintf("wide%d", n), f.add(fmt.Sprintf("wider%d", n)))
		wide.hints = append(wide.hints, s.id)
		s.about[wide.id] = map[string]any{}
	}
	r := f.resolver(nation)
	for _, e := range []*entity{depth, wide} {
		before := f.requests()
		if _, err := r.Resolve(t.Context(), e.id); !errors.Is(err, trust.ErrUntrusted) {
			t.Errorf("%s: %v", e.name, err)
		}
		if n := f.requests() - before; n > 40 {
			t.Errorf("%s: %d requests", e.name, n)
		}
		for range 50 {
			_, _ = r.Resolve(t.Context(), e.id)
		}
		if n := f.requests() - before; n > 40 {
			t.Errorf("%s, asked again and again: %d requests", e.name, n)
		}
	}
}

func TestAttackByAnAnswerThatIsTooLargeTooSlowOrARedirect(t *testing.T) {
	var inside atomic.Int32
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside.Add(1) }))
	defer target.Close()
	for name, serve := range map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"a byte now and then": func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Type", "application/"+trust.TypeStatement)
			for {
				if _, err := w.Write([]byte("a")); err != nil {
					return true
				}
				w.(http.Flusher).Flush()
				select {
				case <-r.Context().Done():
					return true
				case <-time.After(20 * time.Millisecond):
				}
			}
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, target.URL, http.StatusFound)
			return true
		},
		"a page": func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<html>")
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFederation(t)
			nation, _, city, app := f.nation()
			city.serve = serve
			if _, err := f.resolver(nation).Resolve(t.Context(), app.id); err == nil {
				t.Error("trusted")
			}
		})
	}
	if inside.Load() > 0 {
		t.Error("a redirect was followed")
	}
}

func TestAttackWithAMarkOfAnotherForgedExpiredOrByWhoMayNot(t *testing.T) {
	f := newFederation(t)
	nation, province, _, app := f.nation()
	const kind = "https://nation.example/marks/approved"
	allowed := map[string][]string{kind: {nation.id}}
	claims := func(change func(map[string]any)) map[string]any {
		c := map[string]any{"iss": nation.id, "sub": app.id, "trust_mark_type": kind, "iat": f.clock().Unix(), "exp": f.clock().Add(time.Hour).Unix()}
		change(c)
		return c
	}
	verify := func(raw string) error {
		_, err := trust.VerifyMark(raw, app.id, allowed, nation.keys(), f.clock())
		return err
	}
	if err := verify(signed(t, nation.key, nation.kid, trust.TypeMark, claims(func(map[string]any) {}))); err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string]string{
		"of another":         signed(t, nation.key, nation.kid, trust.TypeMark, claims(func(c map[string]any) { c["sub"] = province.id })),
		"forged":             signed(t, province.key, nation.kid, trust.TypeMark, claims(func(map[string]any) {})),
		"expired":            signed(t, nation.key, nation.kid, trust.TypeMark, claims(func(c map[string]any) { c["exp"] = f.clock().Unix() })),
		"not valid yet":      signed(t, nation.key, nation.kid, trust.TypeMark, claims(func(c map[string]any) { c["iat"] = f.clock().Add(time.Hour).Unix() })),
		"by who may not":     signed(t, nation.key, nation.kid, trust.TypeMark, claims(func(c map[string]any) { c["iss"] = province.id })),
		"of an unknown kind": signed(t, nation.key, nation.kid, trust.TypeMark, claims(func(c map[string]any) { c["trust_mark_type"] = "x" })),
		"another JWT":        signed(t, nation.key, nation.kid, trust.TypeStatement, claims(func(map[string]any) {})),
	} {
		if err := verify(raw); !errors.Is(err, trust.ErrUntrusted) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	fed := newFederation(f)
	nation, _, _, app := fed.nation()
	for _, e := range []*entity{nation, app} {
		text, _ := fed.statement(e, e.id)
		f.Add(text)
	}
	f.Fuzz(func(_ *testing.T, raw string) {
		if s, err := trust.Parse(raw); err == nil {
			_, _ = trust.Chain{s}.Verify(s.Subject, s.Keys, time.Now())
		}
		_, _ = trust.ParseMark(raw)
	})
}
