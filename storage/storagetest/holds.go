package storagetest

import (
	"context"
	"testing"
	"time"

	"manyou/storage"
)

// hold returns a hold that was never placed.
func (f *fixture) hold(person string, kind storage.HoldKind) storage.Hold {
	return storage.Hold{ID: text(), PersonID: person, Kind: kind, CaseID: text(), Number: "K7MX-2QF4", PlacedAt: f.now, PlacedBy: "system"}
}

// stands reports whether a session and a grant stand.
func (f *fixture) stands(t *testing.T, s storage.Session, g storage.Grant) (session, grant bool) {
	t.Helper()
	ls, err := f.Session(t.Context(), s.ID, s.ExpiresAt)
	check(t, err)
	lg, err := f.Grant(t.Context(), g.ID, g.ExpiresAt, f.now)
	check(t, err)
	return ls.Stands(f.now), lg.Stands(f.now)
}

// granted stores a grant of a session.
func (f *fixture) granted(t *testing.T, s storage.Session) storage.Grant {
	t.Helper()
	g := f.grant(s)
	_, err := f.Redeem(t.Context(), g, f.now)
	check(t, err)
	return g
}

var holdCases = map[string]func(*testing.T, *fixture){
	"PlaceHold/a freeze voids what stood and lets nobody in, until it is lifted": func(t *testing.T, f *fixture) {
		p, s := f.signedIn(t)
		g := f.granted(t, s)
		h := f.hold(p.ID, storage.HoldFreeze)
		check(t, f.PlaceHold(t.Context(), h))
		check(t, f.PlaceHold(t.Context(), h)) // again changes nothing
		if session, grant := f.stands(t, s, g); session || grant {
			t.Error("something stands")
		}
		is(t, f.complete(t, f.signIn(t, nil, f.session(p.ID))), storage.ErrEnded)
		check(t, f.LiftHold(t.Context(), storage.HoldLift{ID: h.ID, By: "system"}, f.now))
		check(t, f.LiftHold(t.Context(), storage.HoldLift{ID: h.ID, By: "another"}, f.now.Add(time.Hour)))
		check(t, f.PlaceHold(t.Context(), h)) // and does not come back
		if session, grant := f.stands(t, s, g); session || grant {
			t.Error("what was void stands again")
		}
		check(t, f.complete(t, f.signIn(t, nil, f.session(p.ID))))
		got, err := f.Person(t.Context(), p.ID)
		check(t, err)
		equal(t, got.Epoch, p.Epoch+2)
		h.LiftedAt, h.LiftedBy = f.now, "system"
		list, err := f.HoldsOf(t.Context(), p.ID)
		check(t, err)
		equal(t, list, []storage.Hold{h})
	},
	"PlaceHold/the strongest of several decides, each with a life of its own": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		status := func(want storage.PersonStatus, least int) {
			t.Helper()
			got, err := f.Person(t.Context(), p.ID)
			check(t, err)
			if got.Status != want || got.LeastACR != least {
				t.Errorf("%s, %d", got.Status, got.LeastACR)
			}
		}
		var ids []string
		for _, kind := range []storage.HoldKind{storage.HoldFreeze, storage.HoldStepUp, storage.HoldDeactivate, storage.HoldFreeze, storage.HoldWatch} {
			h := f.hold(p.ID, kind)
			check(t, f.PlaceHold(t.Context(), h))
			ids = append(ids, h.ID)
		}
		lift := func(n int) { check(t, f.LiftHold(t.Context(), storage.HoldLift{ID: ids[n], By: "system"}, f.now)) }
		status(storage.PersonDeactivated, storage.StepUpACR)
		lift(0)
		status(storage.PersonDeactivated, storage.StepUpACR)
		lift(2)
		status(storage.PersonFrozen, storage.StepUpACR)
		lift(3)
		status(storage.PersonActive, storage.StepUpACR)
		lift(1)
		status(storage.PersonActive, 0)
	},
	"PlaceHold/under a step-up only those stand who have a passkey": func(t *testing.T, f *fixture) {
		p, weak := f.signedIn(t)
		strong := f.session(p.ID)
		strong.ACR, strong.AMR = storage.StepUpACR, []string{"hwk", "user"}
		check(t, f.complete(t, f.signIn(t, nil, strong)))
		weakGrant, strongGrant, late := f.granted(t, weak), f.granted(t, strong), f.grant(weak)
		check(t, f.PlaceHold(t.Context(), f.hold(p.ID, storage.HoldStepUp)))
		if session, grant := f.stands(t, weak, weakGrant); session || grant {
			t.Error("what was begun with less stands")
		}
		if session, grant := f.stands(t, strong, strongGrant); !session || !grant {
			t.Error("what was begun with a passkey does not stand")
		}
		_, err := f.Redeem(t.Context(), late, f.now)
		is(t, err, storage.ErrEnded)
		_, err = f.Rotate(t.Context(), weakGrant.ID, weakGrant.ExpiresAt, 0, f.now)
		is(t, err, storage.ErrEnded)
		_, err = f.Rotate(t.Context(), strongGrant.ID, strongGrant.ExpiresAt, 0, f.now)
		check(t, err)
		is(t, f.complete(t, f.signIn(t, nil, f.session(p.ID))), storage.ErrEnded)
		again := f.session(p.ID)
		again.ACR = storage.StepUpACR
		check(t, f.complete(t, f.signIn(t, nil, again)))
		list, err := f.SessionsOf(t.Context(), p.ID, f.now)
		check(t, err)
		equal(t, len(list), 2)
	},
	"PlaceHold/a watch changes nothing": func(t *testing.T, f *fixture) {
		p, s := f.signedIn(t)
		g := f.granted(t, s)
		check(t, f.PlaceHold(t.Context(), f.hold(p.ID, storage.HoldWatch)))
		if session, grant := f.stands(t, s, g); !session || !grant {
			t.Error("something does not stand")
		}
	},
	"PlaceHold/a frozen link voids what stood, and nobody comes by it": func(t *testing.T, f *fixture) {
		p, s := f.signedIn(t)
		in := f.signIn(t, nil, f.session(p.ID))
		in.Link = &storage.Link{Issuer: s.Origin, Subject: "subject", PersonID: p.ID, CreatedAt: f.now}
		check(t, f.complete(t, in))
		g := f.granted(t, s)
		h := f.hold(p.ID, storage.HoldFreeze)
		h.Issuer, h.Subject = s.Origin, "subject"
		check(t, f.PlaceHold(t.Context(), h))
		if session, grant := f.stands(t, s, g); session || grant {
			t.Error("something stands")
		}
		link, person, err := f.Link(t.Context(), s.Origin, "subject")
		check(t, err)
		if !link.Frozen || person.Status != storage.PersonActive {
			t.Errorf("%+v, %s", link, person.Status)
		}
		is(t, f.complete(t, f.signIn(t, nil, f.session(p.ID))), storage.ErrEnded)
		here := f.session(p.ID)
		here.Origin = ""
		check(t, f.complete(t, f.signIn(t, nil, here)))
		check(t, f.LiftHold(t.Context(), storage.HoldLift{ID: h.ID, By: "system"}, f.now))
		check(t, f.complete(t, f.signIn(t, nil, f.session(p.ID))))
		list, err := f.LinksOf(t.Context(), p.ID)
		check(t, err)
		equal(t, list, []storage.Link{*in.Link})
	},
	"PlaceHold/holds nobody by a record that was merged": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		into, _ := f.signedIn(t)
		merge := storage.Correction{ID: text(), Merges: []storage.Merge{{From: p.ID, Into: into.ID}}}
		check(t, f.corrected(t, merge))
		is(t, f.PlaceHold(t.Context(), f.hold(p.ID, storage.HoldFreeze)), storage.ErrConflict)
		list, err := f.HoldsOf(t.Context(), p.ID)
		check(t, err)
		equal(t, len(list), 0)
		check(t, f.PlaceHold(t.Context(), f.hold(into.ID, storage.HoldFreeze)))
	},
	"StepCase/of those who decided by the same holds of a person one places another": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		from, _ := f.signedIn(t)
		earlier := f.hold(from.ID, storage.HoldFreeze)
		check(t, f.PlaceHold(t.Context(), earlier))
		check(t, f.LiftHold(t.Context(), storage.HoldLift{ID: earlier.ID}, f.now))
		check(t, f.corrected(t, storage.Correction{ID: text(), Merges: []storage.Merge{{From: from.ID, Into: p.ID}}}))
		placing := func(seen ...string) storage.CaseStep {
			step := f.filing(p.ID)
			step.Case.Topic = text()
			step.Place = []storage.Hold{f.hold(p.ID, storage.HoldFreeze)}
			step.Seen = &storage.HoldsSeen{PersonID: p.ID, IDs: seen}
			return step
		}
		is(t, f.StepCase(t.Context(), placing()), storage.ErrConflict) // one lay on who was merged into them
		oneWinner(t, 6, storage.ErrConflict, func(ctx context.Context, _ int) error { return f.StepCase(ctx, placing(earlier.ID)) })
		list, err := f.HoldsOf(t.Context(), p.ID)
		check(t, err)
		equal(t, len(list), 1)
		check(t, f.StepCase(t.Context(), placing(earlier.ID, list[0].ID)))
	},
	"StepCase/is refused if a merge that it goes by is taken back": func(t *testing.T, f *fixture) {
		from, _ := f.signedIn(t)
		into, _ := f.signedIn(t)
		going := func() storage.CaseStep {
			step := f.filing(into.ID)
			step.Case.Topic = text()
			step.Still = []storage.Merge{{From: from.ID, Into: into.ID}}
			return step
		}
		is(t, f.StepCase(t.Context(), going()), storage.ErrConflict)
		merge := storage.Correction{ID: text(), Merges: []storage.Merge{{From: from.ID, Into: into.ID}}}
		check(t, f.corrected(t, merge))
		check(t, f.StepCase(t.Context(), going()))
		check(t, f.corrected(t, storage.Correction{ID: text(), Undo: merge.ID}))
		is(t, f.StepCase(t.Context(), going()), storage.ErrConflict)
		nobody := going()
		nobody.Still[0].From = "nobody"
		is(t, f.StepCase(t.Context(), nobody), storage.ErrNotFound)
	},
	"PlaceHold/is not found": func(t *testing.T, f *fixture) {
		is(t, f.PlaceHold(t.Context(), f.hold("nobody", storage.HoldFreeze)), storage.ErrNotFound)
		is(t, f.LiftHold(t.Context(), storage.HoldLift{ID: "none"}, f.now), storage.ErrNotFound)
		p, _ := f.signedIn(t)
		h := f.hold(p.ID, storage.HoldFreeze)
		h.Issuer, h.Subject = "https://id.zj.example", "nobody"
		is(t, f.PlaceHold(t.Context(), h), storage.ErrNotFound)
		list, err := f.HoldsOf(t.Context(), p.ID)
		check(t, err)
		equal(t, len(list), 0)
	},
	"LapsedHolds/lists those whose time is over": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		for _, until := range []time.Duration{time.Hour, 2 * time.Hour, 0} {
			h := f.hold(p.ID, storage.HoldFreeze)
			if until > 0 {
				h.Until = f.now.Add(until)
			}
			check(t, f.PlaceHold(t.Context(), h))
		}
		list, err := f.LapsedHolds(t.Context(), f.now.Add(90*time.Minute), 10)
		check(t, err)
		if len(list) != 1 || !list[0].Until.Equal(f.now.Add(time.Hour)) {
			t.Fatalf("%+v", list)
		}
		check(t, f.LiftHold(t.Context(), storage.HoldLift{ID: list[0].ID, By: "system"}, f.now))
		list, err = f.LapsedHolds(t.Context(), f.now.Add(90*time.Minute), 10)
		check(t, err)
		equal(t, len(list), 0)
	},
}
