package idp_test

import (
	"net/http"
	"testing"
	"time"

	"manyou/federation/correction"
	"manyou/federation/signals"
	"manyou/storage"
)

// as gives a token an identifier.
func as(jti string) func(map[string]any) { return func(c map[string]any) { c["jti"] = jti } }

// tellAll tells tokens, each of which is taken.
func (o *teller) tellAll(tokens ...string) {
	o.t.Helper()
	for _, token := range tokens {
		if status := o.tell(token); status != http.StatusAccepted {
			o.t.Fatalf("%d", status)
		}
	}
}

// TestWhatWasTakenBackStaysSoHoweverLateItIsRepeated: after two months nobody remembers which tokens were heard, and they are issued anew.
func TestWhatWasTakenBackStaysSoHoweverLateItIsRepeated(t *testing.T) {
	o, _ := newTeller(t, "00")
	_, twin := o.linked(1)
	into := signals.Of(o.issuer, twin)
	apart := func() bool {
		link, _, err := o.store.Link(t.Context(), o.issuer, "her")
		must(t, err)
		other, _, err := o.store.Link(t.Context(), o.issuer, twin)
		must(t, err)
		return link.PersonID != other.PersonID
	}
	merged := signals.Correction{What: string(storage.SignalMerged), Case: "K7MX-2QF4", Decision: "d", Into: &into}
	undone := signals.Correction{What: string(storage.SignalUndone), Case: "K7MX-2QF4", Decision: "d"}
	for range 2 {
		o.tellAll(o.token(signals.EventCorrection, merged, as("merged")), o.token(signals.EventCorrection, undone, as("undone")))
		if !apart() {
			t.Fatal("they are one")
		}
		o.pass(60 * 24 * time.Hour)
	}
}

// TestWhoCouldNotBeToldForMonthsIsNotGivenUpAtItsFirstFailure: what was never told is not given up because it is old.
func TestWhoCouldNotBeToldForMonthsIsNotGivenUpAtItsFirstFailure(t *testing.T) {
	w := newWorld(t)
	p := newPushed(t, w, "main")
	w.tokens("main", liNa)
	run(t, w.issuer)
	status := func(s storage.StreamStatus) {
		stream, err := w.store.Stream(t.Context(), "main")
		must(t, err)
		stream.Status = s
		must(t, w.store.SetStream(t.Context(), stream))
	}
	status(storage.StreamPaused)
	w.holdInCase(t, liNa, "one")
	w.pass(40 * 24 * time.Hour)
	p.answers(http.StatusServiceUnavailable)
	status(storage.StreamEnabled)
	eventually(t, "it is told", func() bool { w.pass(time.Second); return len(p.heard()) > 0 })
	p.answers(http.StatusAccepted)
	eventually(t, "it is told again, and heard", func() bool { w.pass(time.Minute); return !w.ackedAt(t, "one").IsZero() })
}

// TestWhatAProvinceCarriesOutOnceMoreSinceItWasToldAgainIsNoDispute: it came back from a backup, and has other places for what it tells.
func TestWhatAProvinceCarriesOutOnceMoreSinceItWasToldAgainIsNoDispute(t *testing.T) {
	o, q := newProvinceTeller(t)
	must(t, o.store.PutStream(t.Context(), storage.Stream{
		ClientID: o.issuer, ID: "stream", Method: "push", Endpoint: o.issuer + "/events", Status: storage.StreamEnabled, CreatedAt: o.clock(),
	}))
	began := o.clock()
	c, decision, hold := o.renamed(q, liNa, "李娴")
	held := signals.Correction{What: "held", Case: c.Number, Hold: &signals.Hold{ID: hold, Kind: "freeze"}}
	corrected := signals.Correction{What: "corrected", Case: c.Number, Decision: o.url + " corrected " + decision + " somebody"}
	carriesOut := func(place string) {
		t.Helper()
		in := func(c map[string]any) { c["txn"] = place }
		o.tellAll(o.token(signals.EventCorrection, held, in), o.token(signals.EventAccountDisabled, struct{}{}, in))
		o.tellAll(o.token(signals.EventCorrection, corrected, in), o.token(signals.EventCorrection, corrected, in))
	}
	carriesOut("7")
	for _, after := range []time.Duration{time.Hour, 90 * 24 * time.Hour} {
		o.pass(after)
		o.repeats(o.issuer, began)
		if carriesOut(after.String()); o.filed() != 0 {
			t.Fatalf("after %s: %d cases of what was told from here", after, o.filed())
		}
	}
	if o.tellAll(o.token(signals.EventCorrection, held)); o.filed() != 1 {
		t.Error("it says so once more than it was told, and nobody looks")
	}
}

// TestAnAccountThatWasDisabledIsOneCaseHoweverLateItIsRepeated: also when the case has ended, and nobody remembers the token.
func TestAnAccountThatWasDisabledIsOneCaseHoweverLateItIsRepeated(t *testing.T) {
	o, q := newProvinceTeller(t)
	disabled := func() string { return o.token(signals.EventAccountDisabled, struct{}{}, as("disabled")) }
	o.tellAll(disabled())
	c := o.about(o.person(liNa).ID)
	found, err := q.Find(t.Context(), c.ID)
	must(t, err)
	must(t, q.Take(t.Context(), q.wang, found))
	must(t, q.Reject(t.Context(), q.wang, o.again(q, found), "她本人"))
	o.pass(60 * 24 * time.Hour)
	o.tellAll(disabled())
	if n := o.filed(); n != 1 {
		t.Errorf("it is %d cases", n)
	}
	if o.tellAll(o.token(signals.EventAccountDisabled, struct{}{})); o.filed() != 2 {
		t.Error("another one is no case")
	}
}

// TestWhatAProvinceSaidThatItCarriedOutIsNoDisputeHoweverLateItIsRepeated: when nobody remembers that it said so.
func TestWhatAProvinceSaidThatItCarriedOutIsNoDisputeHoweverLateItIsRepeated(t *testing.T) {
	o, q := newProvinceTeller(t)
	must(t, o.store.PutStream(t.Context(), storage.Stream{
		ClientID: o.issuer, ID: "stream", Method: "push", Endpoint: o.issuer + "/events", Status: storage.StreamEnabled, CreatedAt: o.clock(),
	}))
	c, _, hold := o.renamed(q, liNa, "李娴")
	held := signals.Correction{At: o.clock().Unix(), What: "held", Case: c.Number, Hold: &signals.Hold{ID: hold, Kind: "freeze"}}
	in := func(c map[string]any) { c["txn"] = "7" }
	for range 3 {
		o.tellAll(o.token(signals.EventCorrection, held, as("held"), in), o.token(signals.EventAccountDisabled, struct{}{}, as("disabled"), in))
		if o.filed() != 0 {
			t.Fatalf("%d cases of what was told from here", o.filed())
		}
		o.pass(50 * 24 * time.Hour)
	}
	held.At = o.clock().Unix()
	if o.tellAll(o.token(signals.EventCorrection, held)); o.filed() != 1 {
		t.Error("what happened months after it was told is no case")
	}
}

// TestWhoPollsMissesNothingOfASignalOfWhichThereIsLessToTell: it took a part of it, and then two people were no longer one.
func TestWhoPollsMissesNothingOfASignalOfWhichThereIsLessToTell(t *testing.T) {
	w := newWorld(t)
	w.application("main", func(a *storage.Application) { a.Scopes = append(a.Scopes, signals.ScopeManage, signals.ScopeRead) })
	w.pass(2 * time.Second) // for which a registration is remembered
	p := newPoller(w, "main")
	w.tokens("main", liNa)
	w.tokens("main", aynur)
	one, other := w.person(liNa).ID, w.person(aynur).ID
	heard := map[string]bool{}
	take := func(most int) (n int) {
		t.Helper()
		_, got := p.ask(http.MethodPost, "/ssf/poll", map[string]any{"maxEvents": most, "returnImmediately": true})
		var ack []string
		for jti := range got["sets"].(map[string]any) {
			ack, heard[jti] = append(ack, jti), true
		}
		p.ask(http.MethodPost, "/ssf/poll", map[string]any{"maxEvents": 0, "ack": ack})
		return len(ack)
	}
	must(t, w.store.CorrectAs(t.Context(), storage.Correction{ID: "m", Merges: []storage.Merge{{From: one, Into: other}}}, storage.Case{}, w.clock()))
	for take(100) > 0 {
	}
	w.pass(time.Minute)
	began := w.clock()
	must(t, w.store.PlaceHold(t.Context(), storage.Hold{ID: "h", PersonID: other, Kind: storage.HoldFreeze, PlacedAt: began, PlacedBy: correction.System()}))
	if take(4) != 4 {
		t.Fatal("it is told by one name alone")
	}
	must(t, w.store.CorrectAs(t.Context(), storage.Correction{ID: "u", Undo: "m"}, storage.Case{}, w.clock()))
	for take(100) > 0 {
	}
	was := len(heard)
	w.repeats("main", began)
	for take(100) > 0 {
	}
	if len(heard) > was {
		t.Errorf("%d tokens were never told", len(heard)-was)
	}
}
