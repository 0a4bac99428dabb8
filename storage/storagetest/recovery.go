package storagetest

import (
	"testing"
	"time"

	"manyou/storage"
)

var recoveryCases = map[string]func(*testing.T, *fixture){
	"Recover/nothing that was issued stands, whatever it rests on, and people sign in again": func(t *testing.T, f *fixture) {
		here, offline := f.redeemedOffline(t, "")
		away, theirs := f.redeemedOffline(t, "https://id.zj.example")
		_, s := f.signedIn(t)
		plain := f.granted(t, s)
		outlives := f.grant(s) // it rests on no session
		outlives.SessionID, outlives.SessionExpiresAt, outlives.Offline, outlives.Issuer = []byte{}, time.Time{}, true, "https://id.zj.example"
		check(t, f.AddGrant(t.Context(), outlives))
		n, err := f.Recover(t.Context(), f.now)
		check(t, err)
		equal(t, n, int64(3))
		for _, session := range []storage.Session{here, away, s} {
			got, err := f.Session(t.Context(), session.ID, session.ExpiresAt)
			check(t, err)
			equal(t, got.Stands(f.now), false)
		}
		for _, grant := range []storage.Grant{offline, theirs, plain, outlives} {
			got, err := f.Grant(t.Context(), grant.ID, grant.ExpiresAt, f.now)
			check(t, err)
			equal(t, got.Stands(f.now), false)
		}
		again := f.session(here.PersonID)
		check(t, f.complete(t, f.signIn(t, nil, again)))
		got, err := f.Session(t.Context(), again.ID, again.ExpiresAt)
		check(t, err)
		equal(t, got.Stands(f.now), true)
	},
	"Recover/no signal has a place that one had after the backup, and none is missed": func(t *testing.T, f *fixture) {
		_, a := f.signedIn(t)
		f.knownTo(t, "one", "a", a)
		check(t, f.PutStream(t.Context(), f.stream("one")))
		check(t, f.PlaceHold(t.Context(), f.hold(a.PersonID, storage.HoldStepUp)))
		before, err := f.SignalHead(t.Context())
		check(t, err)
		_, err = f.Recover(t.Context(), f.now)
		check(t, err)
		check(t, f.PlaceHold(t.Context(), f.hold(a.PersonID, storage.HoldStepUp)))
		list, err := f.SignalsFor(t.Context(), "one", "", 0, 10)
		check(t, err)
		equal(t, len(list), 2)
		if seq := list[1].Seq; seq <= before+1_000_000 || seq <= f.now.UnixMilli() { // a later recovery of the same backup is behind all that is told until then
			t.Errorf("%d, and %d was the last before", seq, before)
		}
		head, err := f.SignalHead(t.Context())
		check(t, err)
		equal(t, head, list[1].Seq)
		check(t, f.heard(t, "one", storage.Acknowledged{Heard: []int64{list[0].Seq, head}, Position: head}))
		s, err := f.Stream(t.Context(), "one")
		check(t, err)
		equal(t, s.Position, head)
	},
}
