package storagetest

import (
	"testing"
	"time"

	"manyou/storage"
)

// streamCases are about how far a stream came, and about telling it again.
var streamCases = map[string]func(*testing.T, *fixture){
	"Acknowledge/what was given up is no longer waited for, and nobody is said to have heard it": func(t *testing.T, f *fixture) {
		c, _ := f.told(t, "one", "two")
		check(t, f.heard(t, "one", storage.Acknowledged{Lost: []int64{1}, Position: 1}))
		check(t, f.heard(t, "two", storage.Acknowledged{Heard: []int64{1}, Position: 1}))
		got, err := f.DeliveriesOf(t.Context(), c.ID)
		check(t, err)
		equal(t, got, []storage.SignalDelivery{
			{ClientID: "one", Seq: 1, What: storage.SignalHeld, LostAt: f.now}, {ClientID: "two", Seq: 1, What: storage.SignalHeld, AckedAt: f.now},
		})
		for _, d := range got {
			equal(t, d.Waits(), false)
		}
		awaited, err := f.AwaitedCases(t.Context(), c.State, nil, 10)
		check(t, err)
		for _, a := range awaited {
			equal(t, len(a.Unheard), 0)
		}
		is(t, f.Acknowledge(t.Context(), storage.Stream{ClientID: "three"}, storage.Acknowledged{Position: 1}, f.now), storage.ErrConflict)
	},
	"ListStreams/says who is another issuer, by the flag of its registration or as an upstream": func(t *testing.T, f *fixture) {
		for id, issuer := range map[string]bool{"client-of-65": true, "plain": false} {
			app := f.application(id)
			app.Issuer = issuer
			check(t, f.PutApplication(t.Context(), app))
		}
		const province = "https://id.sc.example"
		check(t, f.PutUpstream(t.Context(), storage.Upstream{Issuer: province, Region: "51", Name: map[string]string{"zh": "四川"}, Status: storage.UpstreamActive, CreatedAt: f.now}))
		for _, one := range []string{"client-of-65", "plain", province} {
			check(t, f.PutStream(t.Context(), f.stream(one)))
		}
		list, err := f.ListStreams(t.Context())
		check(t, err)
		got := map[string]bool{}
		for _, s := range list {
			got[s.ClientID] = s.Issuer
		}
		equal(t, got, map[string]bool{"client-of-65": true, "plain": false, province: true})
	},
	"RepeatStream/all since a moment is told again to that application, what was given up, too, and its cases wait for it": func(t *testing.T, f *fixture) {
		c, _ := f.told(t, "one", "two")
		began := f.now
		check(t, f.heard(t, "one", storage.Acknowledged{Lost: []int64{1}, Position: 1}))
		f.now = f.now.Add(time.Hour)
		check(t, f.PlaceHold(t.Context(), f.hold(c.PersonID, storage.HoldFreeze))) // 2
		f.now = f.now.Add(time.Hour)
		check(t, f.PlaceHold(t.Context(), f.hold(c.PersonID, storage.HoldFreeze))) // 3
		check(t, f.heard(t, "one", storage.Acknowledged{Heard: []int64{2, 3}, Position: 3}))
		check(t, f.heard(t, "two", storage.Acknowledged{Heard: []int64{1, 2, 3}, Position: 3}))
		unheard := func(clientID string) storage.Unheard {
			s, err := f.Stream(t.Context(), clientID)
			check(t, err)
			u, err := f.Unheard(t.Context(), s, "")
			check(t, err)
			return u
		}
		equal(t, unheard("one"), storage.Unheard{Lost: 1})
		check(t, f.RepeatStream(t.Context(), "one", began.Add(time.Minute), f.now))
		equal(t, unheard("one"), storage.Unheard{Signals: 2, Oldest: began.Add(time.Hour), Lost: 1})
		check(t, f.RepeatStream(t.Context(), "one", began, f.now))
		equal(t, unheard("one"), storage.Unheard{Signals: 3, Oldest: began})
		equal(t, unheard("two"), storage.Unheard{})
		waits := func() (clients []string) {
			got, err := f.DeliveriesOf(t.Context(), c.ID)
			check(t, err)
			for _, d := range got {
				if d.Waits() {
					clients = append(clients, d.ClientID)
				}
			}
			return clients
		}
		equal(t, waits(), []string{"one"})
		check(t, f.heard(t, "one", storage.Acknowledged{Heard: []int64{1, 2, 3}, Position: 3}))
		equal(t, len(waits()), 0)
		check(t, f.RepeatStream(t.Context(), "one", f.now.Add(time.Minute), f.now)) // nothing happened since
		equal(t, unheard("one"), storage.Unheard{})
		is(t, f.RepeatStream(t.Context(), "three", began, f.now), storage.ErrNotFound)
	},
	"RepeatStream/what was heard since a moment is told again, though it happened before": func(t *testing.T, f *fixture) {
		f.told(t, "one", "two")
		check(t, f.heard(t, "two", storage.Acknowledged{Heard: []int64{1}, Position: 1}))
		f.now = f.now.Add(48 * time.Hour) // it was away
		backup := f.now
		f.now = f.now.Add(time.Hour)
		check(t, f.heard(t, "one", storage.Acknowledged{Heard: []int64{1}, Position: 1}))
		for _, clientID := range []string{"one", "two"} {
			check(t, f.RepeatStream(t.Context(), clientID, backup, f.now))
			s, err := f.Stream(t.Context(), clientID)
			check(t, err)
			equal(t, s.Position, map[string]int64{"one": 0, "two": 1}[clientID])
		}
	},
	"RepeatStream/one that is paused tells again when it flows; one that is disabled would not, and is refused": func(t *testing.T, f *fixture) {
		f.told(t, "one")
		check(t, f.heard(t, "one", storage.Acknowledged{Heard: []int64{1}, Position: 1}))
		for status, want := range map[storage.StreamStatus]int64{storage.StreamPaused: 0, storage.StreamDisabled: 1} {
			s, err := f.Stream(t.Context(), "one")
			check(t, err)
			s.Status = status
			check(t, f.SetStream(t.Context(), s))
			err = f.RepeatStream(t.Context(), "one", f.now, f.now)
			if status == storage.StreamDisabled {
				is(t, err, storage.ErrConflict)
			} else {
				check(t, err)
			}
			s.Status = storage.StreamEnabled
			check(t, f.SetStream(t.Context(), s))
			s, err = f.Stream(t.Context(), "one")
			check(t, err)
			equal(t, s.Position, want)
		}
	},
	"SignalsFor/what happened to somebody before an application knew them is not its to hear, however far back its stream is": func(t *testing.T, f *fixture) {
		check(t, f.PutStream(t.Context(), f.stream("one")))
		c, a := f.told(t)
		f.now = f.now.Add(time.Hour)
		f.knownTo(t, "one", "a", a)
		check(t, f.PlaceHold(t.Context(), f.hold(c.PersonID, storage.HoldFreeze)))
		check(t, f.RepeatStream(t.Context(), "one", time.Time{}, f.now))
		list, err := f.SignalsFor(t.Context(), "one", "", 0, 10)
		check(t, err)
		equal(t, len(list), 1)
		equal(t, list[0].Seq, int64(2))
		waits, err := f.DeliveriesOf(t.Context(), c.ID) // nobody waits for it to hear
		check(t, err)
		equal(t, len(waits), 0)
	},
	"RepeatStream/moves no stream forward, and says what was told before it began": func(t *testing.T, f *fixture) {
		c, of := f.told(t)
		before := f.now
		f.knownTo(t, "one", "a", of)
		f.now = f.now.Add(time.Hour)
		check(t, f.PutStream(t.Context(), f.stream("one")))
		list, err := f.SignalsOf(t.Context(), c.ID, "one")
		check(t, err)
		equal(t, len(list), 0)
		check(t, f.RepeatStream(t.Context(), "one", before, f.now))
		if list, err = f.SignalsOf(t.Context(), c.ID, "one"); len(list) != 1 || err != nil {
			t.Errorf("%v, %v", list, err)
		}
		check(t, f.RepeatStream(t.Context(), "one", f.now, f.now)) // it has not come so far
		s, err := f.Stream(t.Context(), "one")
		check(t, err)
		equal(t, s.Position, int64(0))
	},
	"RepeatStream/who read the stream before acknowledges nothing of what is told again": func(t *testing.T, f *fixture) {
		f.told(t, "one")
		for range 2 { // within one millisecond
			read, err := f.Stream(t.Context(), "one")
			check(t, err)
			check(t, f.RepeatStream(t.Context(), "one", f.now, f.now))
			is(t, f.Acknowledge(t.Context(), read, storage.Acknowledged{Heard: []int64{1}, Position: 1}, f.now), storage.ErrConflict)
			s, err := f.Stream(t.Context(), "one")
			check(t, err)
			equal(t, s.Position, int64(0))
		}
		read, err := f.Stream(t.Context(), "one")
		check(t, err)
		check(t, f.DropStream(t.Context(), "one"))
		again := f.stream("one")
		again.ID = "another"
		check(t, f.PutStream(t.Context(), again))
		is(t, f.Acknowledge(t.Context(), read, storage.Acknowledged{Position: 1}, f.now), storage.ErrConflict)
	},
}

// told files a case with a hold, the first signal, about somebody whom applications know that have streams.
func (f *fixture) told(t *testing.T, clients ...string) (storage.Case, storage.Session) {
	t.Helper()
	_, a := f.signedIn(t)
	for _, one := range clients {
		f.knownTo(t, one, "a", a)
		check(t, f.PutStream(t.Context(), f.stream(one)))
	}
	step := f.filing(a.PersonID)
	h := f.hold(a.PersonID, storage.HoldFreeze)
	h.CaseID, h.PlacedAt = step.Case.ID, f.now
	step.Place = []storage.Hold{h}
	return f.filed(t, step), a
}
