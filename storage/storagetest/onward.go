package storagetest

import (
	"testing"
	"time"

	"manyou/storage"
)

func onwardOf(s storage.Session, client string) storage.Onward {
	return storage.Onward{ClientID: client, SessionID: s.ID, SessionExpiresAt: s.ExpiresAt, PersonID: s.PersonID}
}

var onwardCases = map[string]func(*testing.T, *fixture){
	"EndedOnward/lists for an application what ended, in that order, and nobody else's": func(t *testing.T, f *fixture) {
		_, a := f.signedIn(t)
		_, b := f.signedIn(t)
		_, other := f.signedIn(t)
		for _, o := range []storage.Onward{onwardOf(a, "one"), onwardOf(a, "one"), onwardOf(b, "one"), onwardOf(other, "two")} {
			check(t, f.NoteOnward(t.Context(), o, f.now))
		}
		since := f.now.Add(time.Minute)
		check(t, f.EndSession(t.Context(), b.ID, b.ExpiresAt, since))
		check(t, f.EndSession(t.Context(), other.ID, other.ExpiresAt, since))
		Freeze(t, f, a.PersonID, since.Add(time.Minute))
		first, second := onwardOf(b, "one"), onwardOf(a, "one")
		first.EndedAt, second.EndedAt = since, since.Add(time.Minute)
		got, err := f.EndedOnward(t.Context(), "one", since, nil, 10)
		check(t, err)
		equal(t, got, []storage.Onward{first, second})
		got, err = f.EndedOnward(t.Context(), "one", since, nil, 1)
		check(t, err)
		equal(t, got, []storage.Onward{first})
		got, err = f.EndedOnward(t.Context(), "one", since, first.SessionID, 10)
		check(t, err)
		equal(t, got, []storage.Onward{second})
		got, err = f.EndedOnward(t.Context(), "one", since.Add(time.Second), nil, 10)
		check(t, err)
		equal(t, got, []storage.Onward{second})
	},
	"Delivered/moves forward alone, from where it was first noted": func(t *testing.T, f *fixture) {
		_, s := f.signedIn(t)
		check(t, f.NoteOnward(t.Context(), onwardOf(s, "one"), f.now))
		check(t, f.NoteOnward(t.Context(), onwardOf(s, "one"), f.now.Add(time.Hour)))
		for _, at := range []time.Duration{time.Minute, time.Second} {
			check(t, f.Delivered(t.Context(), storage.Delivery{ClientID: "one", Position: f.now.Add(at)}))
		}
		got, err := f.Deliveries(t.Context())
		check(t, err)
		equal(t, got, []storage.Delivery{{ClientID: "one", Position: f.now.Add(time.Minute)}})
	},
	"Lease/one node has it until it ends or gives way": func(t *testing.T, f *fixture) {
		for n, want := range []struct {
			node string
			at   int // seconds
			got  bool
		}{{"a", 0, true}, {"b", 1, false}, {"a", 2, true}, {"b", 11, false}, {"b", 12, true}, {"a", 13, false}} {
			now := f.now.Add(time.Duration(want.at) * time.Second)
			got, err := f.Lease(t.Context(), "tell", want.node, now, now.Add(10*time.Second))
			check(t, err)
			if got != want.got {
				t.Errorf("%d: %s has it: %t", n, want.node, got)
			}
		}
	},
	"EndSessionsFrom/ends what came from there alone": func(t *testing.T, f *fixture) {
		gone, _ := f.redeemedOffline(t, "https://gone.example")
		stays, _ := f.redeemedOffline(t, "https://stays.example")
		n, err := f.EndSessionsFrom(t.Context(), "https://gone.example", f.now)
		check(t, err)
		equal(t, n, int64(1))
		for _, c := range []struct {
			s      storage.Session
			stands bool
		}{{gone, false}, {stays, true}} {
			s, err := f.Session(t.Context(), c.s.ID, c.s.ExpiresAt)
			check(t, err)
			equal(t, s.Stands(f.now), c.stands)
		}
	},
	"EndSessionsOutside/ends what came from elsewhere, with its offline grants": func(t *testing.T, f *fixture) {
		gone, grant := f.redeemedOffline(t, "https://gone.example")
		stays, kept := f.redeemedOffline(t, "https://stays.example")
		here, own := f.redeemedOffline(t, "")
		n, err := f.EndSessionsOutside(t.Context(), []string{"https://stays.example", "https://third.example"}, f.now)
		check(t, err)
		equal(t, n, int64(1))
		n, err = f.EndSessionsFrom(t.Context(), "https://gone.example", f.now)
		check(t, err)
		equal(t, n, int64(0))
		for _, c := range []struct {
			s      storage.Session
			g      storage.Grant
			stands bool
		}{{gone, grant, false}, {stays, kept, true}, {here, own, true}} {
			s, err := f.Session(t.Context(), c.s.ID, c.s.ExpiresAt)
			check(t, err)
			equal(t, s.Stands(f.now), c.stands)
			g, err := f.Grant(t.Context(), c.g.ID, c.g.ExpiresAt, f.now)
			check(t, err)
			equal(t, g.Stands(f.now), c.stands)
		}
	},
}

// redeemedOffline is a session from an issuer with an offline grant.
func (f *fixture) redeemedOffline(t *testing.T, origin string) (storage.Session, storage.Grant) {
	t.Helper()
	p := f.person()
	s := f.session(p.ID)
	s.Origin = origin
	check(t, f.complete(t, f.signIn(t, p, s)))
	g := f.grant(s)
	g.Offline = true
	g, err := f.Redeem(t.Context(), g, f.now)
	check(t, err)
	return s, g
}
