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
