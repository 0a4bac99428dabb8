package storagetest

import (
	"fmt"
	"strings"
	"testing"

	"manyou/storage"
)

var heldLinkCases = map[string]func(*testing.T, *fixture){
	"SignalsFor/tells the issuer of a person's link of what holds them, and nobody else's": func(t *testing.T, f *fixture) {
		a, link, _ := f.holding(t, "a", "E00000001")
		step := f.filing(a.ID)
		step.Place = []storage.Hold{f.hold(a.ID, storage.HoldFreeze)}
		step.Place[0].CaseID = step.Case.ID
		check(t, f.PutStream(t.Context(), f.stream(link.Issuer)))
		check(t, f.PutStream(t.Context(), f.stream("https://id.else.example")))
		check(t, f.StepCase(t.Context(), step))
		list, err := f.SignalsFor(t.Context(), link.Issuer, link.Issuer, 0, 10)
		check(t, err)
		equal(t, len(list), 1)
		equal(t, list[0].Personal, true)
		equal(t, list[0].Known, "")
		equal(t, []string{list[0].PersonID, list[0].Issuer, list[0].Subject}, []string{a.ID, link.Issuer, link.Subject})
		equal(t, len(f.hears(t, "zj", "https://id.else.example", 0)), 0)
		equal(t, len(f.hears(t, "zj", "", 0)), 0)
		waits, err := f.DeliveriesOf(t.Context(), step.Case.ID)
		check(t, err)
		equal(t, len(waits), 1)
		equal(t, waits[0].ClientID, link.Issuer)
		// A watch is nobody else's business, nor is what another issuer placed here.
		check(t, f.PlaceHold(t.Context(), f.hold(a.ID, storage.HoldWatch)))
		elsewhere := f.hold(a.ID, storage.HoldStepUp)
		elsewhere.Origin = "https://nation.example"
		check(t, f.PlaceHold(t.Context(), elsewhere))
		equal(t, f.hears(t, link.Issuer, link.Issuer, 0), []string{"2 held "})
		// The end of it, too, and once.
		lift := storage.HoldLift{ID: step.Place[0].ID, By: "officer"}
		check(t, f.LiftHold(t.Context(), lift, f.now))
		check(t, f.LiftHold(t.Context(), lift, f.now))
		equal(t, f.hears(t, link.Issuer, link.Issuer, 2), []string{"5 lifted "})
	},
	"SignalsFor/tells the issuer of a link that it is held no longer when it turns out to be another's, and held when it is theirs who is": func(t *testing.T, f *fixture) {
		a, link, _ := f.holding(t, "a", "E00000001")
		b, _ := f.signedIn(t)
		h := f.hold(a.ID, storage.HoldFreeze)
		check(t, f.PlaceHold(t.Context(), h))
		move := func(from, to string) storage.Correction {
			return storage.Correction{ID: from + to, Moves: []storage.Move{{What: storage.MoveLink, Issuer: link.Issuer, Subject: link.Subject, From: from, To: to}}}
		}
		heard := func(after int64) (list []string) {
			for _, what := range f.hears(t, link.Issuer, link.Issuer, after) {
				if !strings.Contains(what, "relinked") {
					list = append(list, what)
				}
			}
			return list
		}
		equal(t, heard(0), []string{"2 held "})
		check(t, f.CorrectAs(t.Context(), move(a.ID, b.ID), storage.Case{}, f.now))
		head, err := f.SignalHead(t.Context())
		check(t, err)
		equal(t, heard(2), []string{fmt.Sprintf("%d lifted ", head)})
		check(t, f.LiftHold(t.Context(), storage.HoldLift{ID: h.ID, By: "officer"}, f.now))
		equal(t, len(heard(head)), 0) // it has heard so already
		other := f.hold(a.ID, storage.HoldFreeze)
		check(t, f.PlaceHold(t.Context(), other))
		equal(t, len(heard(head)), 0)
		check(t, f.CorrectAs(t.Context(), move(b.ID, a.ID), storage.Case{}, f.now))
		head, err = f.SignalHead(t.Context())
		check(t, err)
		equal(t, heard(head-1), []string{fmt.Sprintf("%d held ", head)})
	},
	"SignalsFor/each telling of a hold is a hold by itself: to each subject, and each time": func(t *testing.T, f *fixture) {
		a, link, _ := f.holding(t, "a", "E00000001")
		b, other, _ := f.holding(t, "b", "E00000002")
		h := f.hold(a.ID, storage.HoldFreeze)
		check(t, f.PlaceHold(t.Context(), h))
		check(t, f.corrected(t, storage.Correction{ID: "m", Merges: []storage.Merge{{From: b.ID, Into: a.ID}}}))
		check(t, f.corrected(t, storage.Correction{ID: "u", Undo: "m"}))
		check(t, f.corrected(t, storage.Correction{ID: "again", Merges: []storage.Merge{{From: b.ID, Into: a.ID}}}))
		check(t, f.LiftHold(t.Context(), storage.HoldLift{ID: h.ID, By: "officer"}, f.now))
		list, err := f.SignalsFor(t.Context(), link.Issuer, link.Issuer, 0, 100)
		check(t, err)
		lies, told := map[string]string{}, map[string][]storage.SignalWhat{}
		for _, s := range list {
			if !s.Personal {
				continue
			}
			if s.What == storage.SignalHeld {
				if before, twice := lies[s.HoldID]; twice {
					t.Errorf("%s was told before, of %s", s.HoldID, before)
				}
				lies[s.HoldID] = s.Subject
			} else if lies[s.HoldID] != s.Subject {
				t.Errorf("the end of %s is told of %s, it was told of %s", s.HoldID, s.Subject, lies[s.HoldID])
			}
			told[s.Subject] = append(told[s.Subject], s.What)
		}
		held, lifted := storage.SignalHeld, storage.SignalLifted
		equal(t, told[link.Subject], []storage.SignalWhat{held, lifted})
		equal(t, told[other.Subject], []storage.SignalWhat{held, lifted, held, lifted})
	},
	"CompleteSignIn/tells the issuer of a new link of what lies on the person already": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		check(t, f.PlaceHold(t.Context(), f.hold(p.ID, storage.HoldStepUp)))
		strong := f.session(p.ID)
		strong.ACR, strong.Epoch = storage.StepUpACR, p.Epoch
		in := f.signIn(t, nil, strong)
		in.Link = &storage.Link{Issuer: issuerOfMove, Subject: "new", PersonID: p.ID, CreatedAt: f.now}
		check(t, f.complete(t, in))
		equal(t, f.hears(t, issuerOfMove, issuerOfMove, 0), []string{"2 held "})
		again := f.signIn(t, nil, strong)
		again.Session.ID = f.session(p.ID).ID
		check(t, f.complete(t, again)) // and coming again says nothing
		equal(t, len(f.hears(t, issuerOfMove, issuerOfMove, 2)), 0)
	},
}
