package e2e

import (
	"crypto/rand"
	mathrand "math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"manyou/federation/correction"
	"manyou/storage"
)

// filed is a case about a person, at the nation.
func (w *world) filed(person string) storage.Case {
	w.t.Helper()
	q := &correction.Queue{Store: w.Issuer(nation).Store, Policy: correction.DefaultPolicy(), Clock: time.Now, Random: rand.Reader}
	c, err := q.File(w.t.Context(), correction.Filing{Filer: correction.System(), Kind: correction.KindConflict, Person: person})
	must(w.t, err)
	return c.Case
}

// TestKillingTheNationLosesNoSignalAndRepeatsNone: holds are placed and lifted at the nation, and its process is killed at some moment
// between the commit and the acknowledgement of the last province, again and again.
func TestKillingTheNationLosesNoSignalAndRepeatsNone(t *testing.T) {
	w := newWorldApart(t)
	b := newBrowser(t).newTab(t)
	w.atHome(t, b)
	b.open(w.application(sichuan))
	w.isSignedIn(b, sichuan, "李娜")
	li := w.citizen("李娜")
	at := func(region string) storage.Person {
		p, err := w.Issuer(region).Store.PersonByDocument(t.Context(), storage.Document{Kind: li.DocumentKind, Number: li.DocumentNumber})
		must(t, err)
		return p
	}
	there := at(sichuan).ID
	w.eventually("Sichuan is told by the nation", func() bool {
		list, err := w.Issuer(nation).Store.ListStreams(t.Context())
		return err == nil && slices.ContainsFunc(list, func(s storage.Stream) bool { return s.ClientID == "issuer-51" })
	})
	before, err := w.Issuer(sichuan).Store.SignalHead(t.Context())
	must(t, err)

	const rounds = 8
	person := at(nation).ID
	of := w.filed(person)
	var placed []string
	for n := range rounds {
		id := rand.Text()
		placed = append(placed, id)
		must(t, w.Issuer(nation).Store.PlaceHold(t.Context(), storage.Hold{
			ID: id, PersonID: person, Kind: storage.HoldFreeze, CaseID: of.ID, Number: of.Number, PlacedAt: time.Now(), PlacedBy: "system",
		}))
		if n%2 == 0 {
			must(t, w.Issuer(nation).Store.LiftHold(t.Context(), storage.HoldLift{ID: id, By: "system"}, time.Now()))
		}
		time.Sleep(mathrand.N(450 * time.Millisecond)) // before, while and after it is told
		pid, _ := w.Apart()
		must(t, syscall.Kill(pid, syscall.SIGKILL))
		must(t, w.Restart(t.Context()))
	}
	w.eventually("Sichuan has heard all", func() bool {
		holds, err := w.Issuer(sichuan).Store.HoldsOf(t.Context(), there)
		return err == nil && len(holds) == rounds
	})
	holds, err := w.Issuer(sichuan).Store.HoldsOf(t.Context(), there)
	must(t, err)
	for n, h := range holds {
		if h.ID != placed[n] {
			t.Errorf("hold %d came out of order", n)
		}
	}
	w.eventually("each is as it is at the nation", func() bool {
		holds, err := w.Issuer(sichuan).Store.HoldsOf(t.Context(), there)
		must(t, err)
		for n, h := range holds {
			if h.Lies() == (n%2 == 0) {
				return false
			}
		}
		return true
	})
	// What Sichuan tells in turn is written once for each thing that it carried out.
	head, err := w.Issuer(sichuan).Store.SignalHead(t.Context())
	must(t, err)
	if got := head - before; got != rounds+rounds/2 {
		t.Errorf("%d things were done for %d", got, rounds+rounds/2)
	}
	if p := at(sichuan); p.Status != storage.PersonFrozen {
		t.Errorf("%s", p.Status)
	}
}
