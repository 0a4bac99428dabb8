package trust_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"manyou/federation/trust"
)

// newOwned is a federation whose required mark belongs to a foundation that lets a ministry issue it. change makes another delegation, or another
// thing of the world, before it is shown.
func newOwned(t *testing.T, change func(m *marking, owner *entity, delegation map[string]any)) (*marking, *trust.Resolver) {
	t.Helper()
	m, r := newMarking(t, func(m *marking) *entity { return m.add("ministry", m.nation) })
	owner := m.add("foundation", m.nation)
	m.nation.claims = func(sub string, c map[string]any) {
		if sub == m.nation.id {
			c["trust_mark_owners"] = map[string]any{approved: map[string]any{"sub": owner.id, "jwks": owner.keys()}}
		}
	}
	d := map[string]any{
		"iss": owner.id, "sub": m.signer.id, "trust_mark_type": approved, "iat": m.clock().Unix(), "exp": m.clock().Add(12 * time.Hour).Unix(),
	}
	key, typ := owner, trust.TypeDelegation
	change(m, owner, d)
	if forged, is := d["signed_by"].(*entity); is {
		key = forged
		delete(d, "signed_by")
	}
	if other, is := d["typ"].(string); is {
		typ = other
		delete(d, "typ")
	}
	c := m.claims()
	c["delegation"] = signed(t, key.key, owner.kid, typ, d)
	m.show(c)
	return m, r
}

func TestAMarkWhoseOwnerLetsItsIssuerIssueItHoldsUntilTheDelegationEnds(t *testing.T) {
	m, r := newOwned(t, func(*marking, *entity, map[string]any) {})
	got, err := r.Resolve(t.Context(), m.app.id)
	if err != nil || !got.Marked(approved) {
		t.Fatalf("%+v, %v", got, err)
	}
	if end := m.clock().Add(12 * time.Hour); got.ExpiresAt.After(end) {
		t.Errorf("trusted until %v, the delegation ends at %v", got.ExpiresAt, end)
	}
}

func TestAttackByADelegationThatIsNoneOfTheOwnersForThisIssuerAndMark(t *testing.T) {
	for name, attack := range map[string]func(m *marking, owner *entity, d map[string]any){
		"of one who does not own it": func(m *marking, _ *entity, d map[string]any) { d["iss"] = m.signer.id },
		"for another issuer":         func(m *marking, _ *entity, d map[string]any) { d["sub"] = m.app.id },
		"for another mark":           func(_ *marking, _ *entity, d map[string]any) { d["trust_mark_type"] = approved + "/other" },
		"expired":                    func(m *marking, _ *entity, d map[string]any) { d["exp"] = m.clock().Unix() },
		"not valid yet":              func(m *marking, _ *entity, d map[string]any) { d["iat"] = m.clock().Add(time.Hour).Unix() },
		"without its beginning":      func(_ *marking, _ *entity, d map[string]any) { delete(d, "iat") },
		"signed by its issuer":       func(m *marking, _ *entity, d map[string]any) { d["signed_by"] = m.signer },
		"of another type of JWT":     func(_ *marking, _ *entity, d map[string]any) { d["typ"] = trust.TypeMark },
		"of an owner without keys": func(m *marking, owner *entity, _ map[string]any) {
			m.nation.claims = func(sub string, c map[string]any) {
				if sub == m.nation.id {
					c["trust_mark_owners"] = map[string]any{approved: map[string]any{"sub": owner.id}}
				}
			}
		},
		"of an issuer whom the anchor does not name": func(m *marking, _ *entity, _ map[string]any) {
			m.nation.mark = map[string][]string{approved: {m.nation.id}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, r := newOwned(t, attack)
			if got, err := r.Resolve(t.Context(), m.app.id); !errors.Is(err, trust.ErrUntrusted) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func FuzzDelegation(f *testing.F) {
	fed := newFederation(f)
	owner, issuer := fed.add("foundation"), "https://ministry.example"
	said, err := json.Marshal(map[string]any{"sub": owner.id, "jwks": owner.keys()})
	if err != nil {
		f.Fatal(err)
	}
	good := signed(f, owner.key, owner.kid, trust.TypeDelegation, map[string]any{
		"iss": owner.id, "sub": issuer, "trust_mark_type": approved, "iat": fed.clock().Unix(),
	})
	f.Add(said, good)
	f.Fuzz(func(t *testing.T, owners []byte, raw string) {
		anchor := &trust.Statement{MarkOwners: map[string]json.RawMessage{approved: owners}}
		_, err := trust.Delegated(trust.Mark{Type: approved, Issuer: issuer, Delegation: raw}, anchor, fed.clock())
		if err != nil && !errors.Is(err, trust.ErrUntrusted) {
			t.Error(err)
		}
	})
}
