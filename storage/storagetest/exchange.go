package storagetest

import (
	"testing"
	"time"

	"manyou/storage"
)

var exchangeCases = map[string]func(*testing.T, *fixture){
	"AddGrant/rests on its person alone, and falls with it": func(t *testing.T, f *fixture) {
		p, s := f.signedIn(t)
		g := f.grant(s)
		g.SessionID, g.SessionExpiresAt, g.Offline, g.Claims, g.Generation = []byte{}, time.UnixMilli(0).UTC(), true, "", 0
		g.Issuer = "https://id.zj.example"
		check(t, f.AddGrant(t.Context(), g))
		is(t, f.AddGrant(t.Context(), g), storage.ErrUsed)
		check(t, f.EndSession(t.Context(), s.ID, s.ExpiresAt, f.now))
		got, err := f.Grant(t.Context(), g.ID, g.ExpiresAt, f.now)
		check(t, err)
		equal(t, got.Stands(f.now), true)
		equal(t, got.Scopes, g.Scopes)
		Freeze(t, f, p.ID, f.now)
		got, err = f.Grant(t.Context(), g.ID, g.ExpiresAt, f.now)
		check(t, err)
		equal(t, got.Stands(f.now), false)
		g.ID = id()[:16]
		is(t, f.AddGrant(t.Context(), g), storage.ErrEnded)
		g.PersonID = "nobody"
		is(t, f.AddGrant(t.Context(), g), storage.ErrEnded)
	},
	"AddGrant/falls with the trust in the issuer whose token it was, or where the person authenticated": func(t *testing.T, f *fixture) {
		const zj, sc, nation = "https://id.zj.example", "https://id.sc.example", "https://id.nation.example"
		_, s := f.signedIn(t)
		add := func(issuer, origin string) storage.Grant {
			t.Helper()
			g := f.grant(s)
			g.SessionID, g.SessionExpiresAt, g.Offline, g.Issuer, g.Origin = []byte{}, time.Time{}, true, issuer, origin
			check(t, f.AddGrant(t.Context(), g))
			return g
		}
		stand := func(want ...bool) func(...storage.Grant) {
			return func(grants ...storage.Grant) {
				t.Helper()
				for n, g := range grants {
					got, err := f.Grant(t.Context(), g.ID, g.ExpiresAt, f.now)
					check(t, err)
					if got.Stands(f.now) != want[n] {
						t.Errorf("grant %d stands: %t", n, !want[n])
					}
				}
			}
		}
		direct, byway, own, other := add(zj, zj), add(nation, zj), add(nation, ""), add(sc, sc)
		_, err := f.EndSessionsFrom(t.Context(), zj, f.now)
		check(t, err)
		stand(false, false, true, true)(direct, byway, own, other)
		direct, byway = add(zj, zj), add(nation, zj)
		_, err = f.EndSessionsOutside(t.Context(), []string{nation, zj}, f.now)
		check(t, err)
		stand(true, true, true, false)(direct, byway, own, other)
		_, err = f.EndSessionsOutside(t.Context(), []string{nation}, f.now)
		check(t, err)
		stand(false, false, true, false)(direct, byway, own, other)
		// One that was decided a moment before the suspension, and is written after it.
		check(t, f.PutUpstream(t.Context(), storage.Upstream{Issuer: zj, Region: "33", Name: map[string]string{"zh": "浙江"}, Status: storage.UpstreamSuspended, CreatedAt: f.now}))
		for _, c := range [][2]string{{zj, zj}, {nation, zj}, {zj, ""}} {
			g := f.grant(s)
			g.SessionID, g.SessionExpiresAt, g.Offline, g.Issuer, g.Origin = []byte{}, time.Time{}, true, c[0], c[1]
			is(t, f.AddGrant(t.Context(), g), storage.ErrEnded)
		}
	},
	"ExchangesOf/finds a record by each of its tokens, newest first": func(t *testing.T, f *fixture) {
		in, out := id(), id()
		older := storage.Exchange{Tokens: [][]byte{in}, ID: text(), At: f.now, Detail: []byte(`{"refused":"no"}`)}
		newer := storage.Exchange{Tokens: [][]byte{in, out}, ID: text(), At: f.now.Add(time.Second), Detail: []byte(`{"rule":"default"}`)}
		check(t, f.PutExchange(t.Context(), older))
		check(t, f.PutExchange(t.Context(), newer))
		got, err := f.ExchangesOf(t.Context(), in, 10)
		check(t, err)
		first := newer
		first.Tokens = [][]byte{in}
		equal(t, got, []storage.Exchange{first, older})
		got, err = f.ExchangesOf(t.Context(), out, 10)
		check(t, err)
		first.Tokens = [][]byte{out}
		equal(t, got, []storage.Exchange{first})
	},
}
