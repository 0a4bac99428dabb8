package storagetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"manyou/storage"
)

// knownTo makes a person known to an application.
func (f *fixture) knownTo(t *testing.T, client, as string, s storage.Session) (subject string) {
	t.Helper()
	o := onwardOf(s, client)
	o.Known = as
	check(t, f.NoteOnward(t.Context(), o, f.now))
	return o.Known
}

func (f *fixture) stream(client string) storage.Stream {
	return storage.Stream{
		ClientID: client, ID: text(), Method: "push", Endpoint: "https://app.example/events", Authorization: "Bearer secret", Events: []string{"a", "b"},
		Status: storage.StreamEnabled, CreatedAt: f.now,
	}
}

// hears lists what an application has to hear, in short.
func (f *fixture) hears(t *testing.T, client, issuer string, after int64) (list []string) {
	t.Helper()
	all, err := f.SignalsFor(t.Context(), client, issuer, after, 100)
	check(t, err)
	for _, a := range all {
		list = append(list, fmt.Sprintf("%d %s %s", a.Seq, a.What, a.Known))
	}
	return list
}

// heard notes how far the stream of an application came, as it stands now.
func (f *fixture) heard(t *testing.T, clientID string, a storage.Acknowledged) error {
	s, err := f.Stream(t.Context(), clientID)
	if err != nil {
		return err
	}
	return f.Acknowledge(t.Context(), s, a, f.now)
}

var signalCases = map[string]func(*testing.T, *fixture){
	"SignalsFor/tells each application of those whom it knows, in the order of the commits": func(t *testing.T, f *fixture) {
		_, a := f.signedIn(t)
		_, b := f.signedIn(t)
		ka, kb := f.knownTo(t, "one", "a", a), f.knownTo(t, "one", "b", b)
		f.knownTo(t, "two", "c", b)
		h := f.hold(a.PersonID, storage.HoldFreeze)
		check(t, f.PlaceHold(t.Context(), h))
		check(t, f.PlaceHold(t.Context(), f.hold(a.PersonID, storage.HoldWatch))) // nobody is told
		check(t, f.corrected(t, storage.Correction{ID: text(), Merges: []storage.Merge{{From: b.PersonID, Into: a.PersonID}}}))
		check(t, f.LiftHold(t.Context(), storage.HoldLift{ID: h.ID}, f.now))
		equal(t, f.hears(t, "one", "", 0), []string{
			"1 held " + ka, "1 held " + kb, "2 merged " + kb, "3 corrected " + kb, "4 corrected " + ka, "4 corrected " + kb, "5 lifted " + ka, "5 lifted " + kb,
		})
		equal(t, len(f.hears(t, "two", "", 4)), 1)
		equal(t, len(f.hears(t, "three", "", 0)), 0)
		who, err := f.KnownAs(t.Context(), "one", kb)
		check(t, err)
		equal(t, who, a.PersonID) // an old subject is still who it was
		_, err = f.KnownAs(t.Context(), "two", kb)
		is(t, err, storage.ErrNotFound)
	},
	"SetKnown/an application hears nothing of whom it removed until it adds them again, and no case waits for it": func(t *testing.T, f *fixture) {
		_, a := f.signedIn(t)
		_, b := f.signedIn(t)
		ka, kb := f.knownTo(t, "one", "a", a), f.knownTo(t, "one", "b", b)
		f.knownTo(t, "two", ka, a)
		check(t, f.PutStream(t.Context(), f.stream("one")))
		check(t, f.heard(t, "one", storage.Acknowledged{Partial: 2}))
		is(t, f.SetKnown(t.Context(), "one", "c", true), storage.ErrNotFound)
		is(t, f.SetKnown(t.Context(), "three", ka, true), storage.ErrNotFound)
		check(t, f.SetKnown(t.Context(), "one", ka, true))
		f.knownTo(t, "one", "a", a) // signing in again adds nobody
		step := f.filing(a.PersonID)
		step.Place = []storage.Hold{f.hold(a.PersonID, storage.HoldFreeze)}
		step.Place[0].CaseID = step.Case.ID
		check(t, f.StepCase(t.Context(), step))
		check(t, f.PlaceHold(t.Context(), f.hold(b.PersonID, storage.HoldFreeze)))
		equal(t, f.hears(t, "one", "", 0), []string{"2 held " + kb})
		equal(t, f.hears(t, "two", "", 0), []string{"1 held " + ka})
		waits, err := f.DeliveriesOf(t.Context(), step.Case.ID)
		check(t, err)
		equal(t, len(waits), 0)
		s, err := f.Stream(t.Context(), "one")
		check(t, err)
		equal(t, s.Partial, 0)
		check(t, f.SetKnown(t.Context(), "one", ka, false))
		equal(t, f.hears(t, "one", "", 0), []string{"1 held " + ka, "2 held " + kb})
	},
	"SignalsFor/tells the issuer of a link": func(t *testing.T, f *fixture) {
		a, link, _ := f.holding(t, "a", "E00000001")
		h := f.hold(a.ID, storage.HoldFreeze)
		h.Issuer, h.Subject = link.Issuer, link.Subject
		check(t, f.PlaceHold(t.Context(), h))
		equal(t, f.hears(t, "sc", issuerOfMove, 0), []string{"1 held "})
		equal(t, len(f.hears(t, "zj", "https://id.zj.example", 0)), 0)
	},
	"SignalsFor/tells the issuer of a link of what is corrected, where it is to be told": func(t *testing.T, f *fixture) {
		a, link, credential := f.holding(t, "a", "E00000001")
		step := f.filing(a.ID)
		step.Case.State = "applied"
		step.Correction = &storage.Correction{
			ID: "d1", Touch: []string{a.ID}, Tell: []storage.Link{link}, Moves: []storage.Move{{What: storage.MoveCredential, Key: credential.ID, From: a.ID}},
		}
		check(t, f.PutStream(t.Context(), f.stream(link.Issuer)))
		check(t, f.StepCase(t.Context(), step))
		list, err := f.SignalsFor(t.Context(), "sc", link.Issuer, 0, 10)
		check(t, err)
		equal(t, len(list), 1)
		equal(t, list[0].Signal, storage.Signal{
			Seq: list[0].Seq, At: list[0].At, What: storage.SignalCorrected, PersonID: a.ID, Issuer: link.Issuer, Subject: link.Subject, Personal: true, CaseID: step.Case.ID,
			Number: step.Case.Number, Decision: "d1",
		})
		equal(t, len(f.hears(t, "zj", "https://id.else.example", 0)), 0)
		waits, err := f.AwaitedCases(t.Context(), "applied", nil, 10)
		check(t, err)
		equal(t, len(waits), 1)
		equal(t, waits[0].Unheard, []string{link.Issuer})
	},
	"DeliveriesOf/waits for the issuer of the link, by its URL or as the client that its region has here": func(t *testing.T, f *fixture) {
		a, link, _ := f.holding(t, "a", "E00000001")
		step := f.filing(a.ID)
		h := f.hold(a.ID, storage.HoldFreeze)
		h.Issuer, h.Subject, h.CaseID = link.Issuer, link.Subject, step.Case.ID
		step.Place, step.Case.State = []storage.Hold{h}, "applied"
		for _, client := range []string{"the client", link.Issuer, "no issuer"} {
			check(t, f.PutStream(t.Context(), f.stream(client)))
		}
		app := f.application("the client")
		app.Issuer, app.Region = true, "33"
		check(t, f.PutApplication(t.Context(), app))
		other := f.application("no issuer")
		other.Issuer, other.Region = false, "33"
		check(t, f.PutApplication(t.Context(), other))
		check(t, f.PutUpstream(t.Context(), storage.Upstream{Issuer: link.Issuer, Region: "33", Name: map[string]string{"zh": "浙"}, ClientID: "x", Status: storage.UpstreamActive, CreatedAt: f.now}))
		check(t, f.StepCase(t.Context(), step))
		heads, err := f.SignalHead(t.Context())
		check(t, err)
		check(t, f.heard(t, "the client", storage.Acknowledged{Heard: []int64{heads}, Position: heads}))
		got, err := f.DeliveriesOf(t.Context(), step.Case.ID)
		check(t, err)
		equal(t, got, []storage.SignalDelivery{
			{ClientID: link.Issuer, Seq: heads, What: storage.SignalHeld}, {ClientID: "the client", Seq: heads, What: storage.SignalHeld, AckedAt: f.now},
		})
		waits, err := f.AwaitedCases(t.Context(), "applied", nil, 10)
		check(t, err)
		equal(t, len(waits), 1)
		equal(t, waits[0].Unheard, []string{link.Issuer})
	},
	"SignalsOf/lists what an application hears of a case since it has a stream, and of no other": func(t *testing.T, f *fixture) {
		_, a := f.signedIn(t)
		_, b := f.signedIn(t)
		f.knownTo(t, "one", "a", a)
		f.knownTo(t, "without a stream", "a", a)
		filed := f.filing(a.PersonID)
		holding := func(step storage.CaseStep, persons ...string) storage.CaseStep {
			for _, p := range persons {
				h := f.hold(p, storage.HoldFreeze)
				h.CaseID = step.Case.ID
				step.Place = append(step.Place, h)
			}
			return step
		}
		c := f.filed(t, holding(filed, a.PersonID)) // before there is a stream
		f.now = f.now.Add(time.Second)
		check(t, f.PutStream(t.Context(), f.stream("one")))
		step := holding(f.next(c, "in_review"), a.PersonID, b.PersonID)
		step.Case.UpdatedAt = f.now
		check(t, f.StepCase(t.Context(), step))
		other := f.filing(a.PersonID)
		other.Case.Topic, other.Case.UpdatedAt = "another", f.now
		f.filed(t, holding(other, a.PersonID))
		check(t, f.heard(t, "one", storage.Acknowledged{Heard: []int64{2}, Position: 2})) // it stays what was heard
		list, err := f.SignalsOf(t.Context(), c.ID, "one")
		check(t, err)
		equal(t, list, []storage.Signal{{
			Seq: list[0].Seq, At: f.now, What: storage.SignalHeld, PersonID: a.PersonID, HoldID: step.Place[0].ID, HoldKind: storage.HoldFreeze, CaseID: c.ID,
			Number: "K7MX-2QF4",
		}})
		for id, client := range map[string]string{c.ID: "without a stream", "": "one", "none": "one"} {
			list, err := f.SignalsOf(t.Context(), id, client)
			check(t, err)
			equal(t, len(list), 0)
		}
	},
	"SignalsFor/misses nothing that is committed while it is read": func(t *testing.T, f *fixture) {
		_, a := f.signedIn(t)
		f.knownTo(t, "one", "a", a)
		const many = 40
		var group sync.WaitGroup
		for range 4 {
			node := f.db.Node(t)
			group.Go(func() {
				for range many / 4 {
					if err := node.PlaceHold(t.Context(), f.hold(a.PersonID, storage.HoldStepUp)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		last := int64(0)
		for last < many && !t.Failed() {
			list, err := f.SignalsFor(t.Context(), "one", "", last, 7)
			check(t, err)
			for _, s := range list {
				if s.Seq != last+1 {
					t.Fatalf("%d after %d", s.Seq, last)
				}
				last = s.Seq
			}
		}
		group.Wait()
	},
	"Acknowledge/moves forward alone, and tells of whom a case waits": func(t *testing.T, f *fixture) {
		_, a := f.signedIn(t)
		f.knownTo(t, "one", "a", a)
		f.knownTo(t, "two", "a", a)
		f.knownTo(t, "without a stream", "a", a)
		for _, client := range []string{"one", "two"} {
			check(t, f.PutStream(t.Context(), f.stream(client)))
		}
		is(t, f.PutStream(t.Context(), f.stream("one")), storage.ErrConflict)
		step := f.filing(a.PersonID)
		step.Place = []storage.Hold{f.hold(a.PersonID, storage.HoldFreeze)}
		step.Place[0].CaseID = step.Case.ID
		check(t, f.StepCase(t.Context(), step))
		for range 2 {
			check(t, f.heard(t, "one", storage.Acknowledged{Heard: []int64{1}, Position: 1}))
		}
		check(t, f.heard(t, "one", storage.Acknowledged{Partial: 5}))
		s, err := f.Stream(t.Context(), "one")
		check(t, err)
		equal(t, s.Position, int64(1))
		got, err := f.DeliveriesOf(t.Context(), step.Case.ID)
		check(t, err)
		equal(t, got, []storage.SignalDelivery{
			{ClientID: "one", Seq: 1, What: storage.SignalHeld, AckedAt: f.now}, {ClientID: "two", Seq: 1, What: storage.SignalHeld},
		})
	},
	"Verified/only that verification is noted, and nothing else": func(t *testing.T, f *fixture) {
		s := f.stream("one")
		s.Verification, s.Status = `{"state":"second"}`, storage.StreamDisabled
		check(t, f.PutStream(t.Context(), s))
		check(t, f.Verified(t.Context(), "one", `{"state":"first"}`))
		check(t, f.Verified(t.Context(), "nobody", s.Verification))
		got, err := f.Stream(t.Context(), "one")
		check(t, err)
		equal(t, got, s)
		check(t, f.Verified(t.Context(), "one", s.Verification))
		s.Verification = ""
		got, err = f.Stream(t.Context(), "one")
		check(t, err)
		equal(t, got, s)
	},
	"SetStream/a stream that was disabled begins again behind what happened": func(t *testing.T, f *fixture) {
		_, a := f.signedIn(t)
		s := f.stream("one")
		check(t, f.PutStream(t.Context(), s))
		got, err := f.Stream(t.Context(), "one")
		check(t, err)
		equal(t, got, s)
		s.Status = storage.StreamDisabled
		check(t, f.SetStream(t.Context(), s))
		Freeze(t, f, a.PersonID, f.now)
		s.Status = storage.StreamEnabled
		check(t, f.SetStream(t.Context(), s))
		all, err := f.ListStreams(t.Context())
		check(t, err)
		equal(t, all[0].Position, int64(1))
		check(t, f.DropStream(t.Context(), "one"))
		is(t, f.DropStream(t.Context(), "one"), storage.ErrNotFound)
		is(t, f.SetStream(t.Context(), s), storage.ErrNotFound)
		_, err = f.Stream(t.Context(), "one")
		is(t, err, storage.ErrNotFound)
	},
	"CorrectAs/carries out what another decided once, however often it is told": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		c := storage.Correction{ID: "decided elsewhere", Touch: []string{p.ID}}
		succeeded, _ := race(t, 4, nil, func(ctx context.Context, _ int) error { return f.CorrectAs(ctx, c, storage.Case{ID: "theirs"}, f.now) })
		equal(t, succeeded, 4)
		equal(t, f.epoch(t, p.ID), p.Epoch+1)
		c = storage.Correction{ID: "another", Names: []storage.Rename{{PersonID: p.ID, From: "somebody", To: "else"}}}
		if err := f.CorrectAs(t.Context(), c, storage.Case{}, f.now); !errors.Is(err, storage.ErrConflict) {
			t.Errorf("%v", err)
		}
		c.Names[0].From = p.Name // what failed is not taken for done
		check(t, f.CorrectAs(t.Context(), c, storage.Case{}, f.now.Add(time.Minute)))
		equal(t, f.epoch(t, p.ID), p.Epoch+2)
	},
}
