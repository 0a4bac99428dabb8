package idp_test

import (
	"crypto/rand"
	"net/http"
	"testing"
	"time"

	"manyou/federation/correction"
	"manyou/federation/signals"
	"manyou/idp"
	"manyou/storage"
)

// newProvinceTeller is a province that the nation tells what it decides, and that knows Li Na and has a link to her.
func newProvinceTeller(t *testing.T) (*teller, office) {
	t.Helper()
	o, _ := newTeller(t, "51", func(c *idp.Config) { c.Role, c.Region = idp.National, "00" })
	officer := func(id string) correction.Officer {
		return correction.Officer{PersonID: id, Roles: []string{correction.RoleOfficer}, Regions: []string{"00"}}
	}
	must(t, o.store.NoteOnward(t.Context(), storage.Onward{
		ClientID: o.issuer, SessionID: []byte("s"), SessionExpiresAt: o.clock().Add(time.Hour), PersonID: o.person(liNa).ID, Known: "hers",
	}, o.clock()))
	return o, office{&correction.Queue{
		Store: o.store, Policy: correction.DefaultPolicy(), Clock: o.clock, Random: rand.Reader,
	}, officer("wang"), officer("zhao")}
}

// renamed is a case in which somebody's name was corrected, with the decision, and a freeze that was placed and confirmed in it before.
func (o *teller) renamed(q office, c citizen, name string) (of *correction.Case, decision, hold string) {
	o.t.Helper()
	of, err := q.File(o.t.Context(), correction.Filing{
		Filer: correction.System(), Kind: correction.KindAttribute, Attribute: correction.AttributeName, Person: o.person(c).ID,
	})
	must(o.t, err)
	must(o.t, q.Take(o.t.Context(), q.wang, of))
	must(o.t, q.Freeze(o.t.Context(), q.wang, of, correction.Target{Person: of.PersonID}, "核对"))
	must(o.t, q.Propose(o.t.Context(), q.wang, of, correction.Proposal{Decision: correction.Correct, Name: &[2]string{"", name}}))
	must(o.t, q.Approve(o.t.Context(), q.zhao, o.again(q, of)))
	holds, err := o.store.HoldsOf(o.t.Context(), of.PersonID)
	must(o.t, err)
	for _, h := range holds {
		if h.CaseID == of.ID {
			hold = h.ID
		}
	}
	of = o.again(q, of)
	return of, of.Body.Decided[0].ID, hold
}

func (o *teller) again(q office, c *correction.Case) *correction.Case {
	o.t.Helper()
	found, err := q.Find(o.t.Context(), c.ID)
	must(o.t, err)
	return found
}

// filed is how many cases the province has filed, joined ones among them.
func (o *teller) filed() int {
	o.t.Helper()
	list, err := o.store.CasesFiledBy(o.t.Context(), correction.Issuer(o.issuer), 100)
	must(o.t, err)
	return len(list)
}

// TestAttackAProvinceHidesItsOwnCorrectionsBehindTheNationsDecision: what claims to carry one out, and does not, is a case.
func TestAttackAProvinceHidesItsOwnCorrectionsBehindTheNationsDecision(t *testing.T) {
	o, q := newProvinceTeller(t)
	early, before, held := o.renamed(q, liNa, "李嫻")
	must(t, q.Reject(t.Context(), q.wang, o.endedCase(q, early), ""))
	o.pass(time.Minute)
	must(t, o.store.PutStream(t.Context(), storage.Stream{
		ClientID: o.issuer, ID: "stream", Method: "push", Endpoint: o.issuer + "/events", Status: storage.StreamEnabled, CreatedAt: o.clock(),
	}))
	c, decision, hold := o.renamed(q, liNa, "李娴")
	o.tokens("main", aynur)
	other, others, othersHold := o.renamed(q, aynur, "阿依努尔")
	says := func(what storage.SignalWhat, number, d string) signals.Correction {
		return signals.Correction{What: string(what), Case: number, Decision: d}
	}
	holds := func(what, number, id string, kind storage.HoldKind) signals.Correction {
		return signals.Correction{What: what, Case: number, Hold: &signals.Hold{ID: id, Kind: string(kind)}}
	}
	mine := o.url + " corrected " + decision + " somebody"
	for name, claim := range map[string]signals.Correction{
		"a decision that never was":                 says(storage.SignalCorrected, c.Number, o.url+" corrected none somebody"),
		"the nation's name alone":                   says(storage.SignalCorrected, c.Number, o.url+" "),
		"no decision of the nation's":               says(storage.SignalCorrected, c.Number, decision),
		"the nation's name within":                  says(storage.SignalCorrected, c.Number, "https://evil.example "+mine),
		"another issuer's":                          says(storage.SignalCorrected, c.Number, o.issuer+" corrected "+decision+" somebody"),
		"a decision about another":                  says(storage.SignalCorrected, other.Number, o.url+" corrected "+others+" somebody"),
		"a decision, in another case":               says(storage.SignalCorrected, other.Number, mine),
		"a decision, in no case":                    says(storage.SignalCorrected, "", mine),
		"a decision before it was told anything":    says(storage.SignalCorrected, early.Number, o.url+" corrected "+before+" somebody"),
		"a decision of another kind":                says(storage.SignalCorrected, c.Number, o.url+" relinked "+decision+" somebody"),
		"a merge, by a correction":                  says(storage.SignalMerged, c.Number, mine),
		"a merge that was none":                     says(storage.SignalMerged, c.Number, o.url+" merged "+decision+" somebody"),
		"a link that goes elsewhere, by the same":   says(storage.SignalRelinked, c.Number, mine),
		"that it was undone, which it was not":      says(storage.SignalUndone, c.Number, o.url+" merged "+decision+" somebody"),
		"a hold as a decision":                      says(storage.SignalCorrected, c.Number, o.url+" corrected "+hold+" somebody"),
		"a hold that never was":                     holds("held", c.Number, "none", storage.HoldFreeze),
		"a hold of another":                         holds("held", other.Number, othersHold, storage.HoldFreeze),
		"a hold in another case":                    holds("held", other.Number, hold, storage.HoldFreeze),
		"a hold of another kind":                    holds("held", c.Number, hold, storage.HoldDeactivate),
		"a hold before it was told anything":        holds("held", early.Number, held, storage.HoldFreeze),
		"something else that happened under a hold": holds("corrected", c.Number, hold, storage.HoldFreeze),
	} {
		was := o.filed()
		if status := o.tell(o.token(signals.EventCorrection, claim)); status != http.StatusAccepted || o.filed() != was+1 {
			t.Errorf("%s: %d, and it is not in the queue", name, status)
		}
	}
}

// endedCase ends a case that was decided, so that another about the same can be opened, and returns it as it can be rejected.
func (o *teller) endedCase(q office, c *correction.Case) *correction.Case {
	o.t.Helper()
	must(o.t, q.Appeal(o.t.Context(), correction.Person(c.PersonID), c, ""))
	return o.again(q, c)
}

// TestWhatAProvinceCarriesOutIsNoDisputeAndOnlyAsOftenAsItDoes: each hold once, its end once, and a decision once for each record that may be
// the person's there. The same token again is no other.
func TestWhatAProvinceCarriesOutIsNoDisputeAndOnlyAsOftenAsItDoes(t *testing.T) {
	o, q := newProvinceTeller(t)
	must(t, o.store.PutStream(t.Context(), storage.Stream{
		ClientID: o.issuer, ID: "stream", Method: "push", Endpoint: o.issuer + "/events", Status: storage.StreamEnabled, CreatedAt: o.clock(),
	}))
	c, decision, hold := o.renamed(q, liNa, "李娴")
	for name, says := range map[string]struct {
		correction signals.Correction
		times      int
	}{
		"held":      {signals.Correction{What: "held", Case: c.Number, Hold: &signals.Hold{ID: hold, Kind: "freeze"}}, 1},
		"lifted":    {signals.Correction{What: "lifted", Case: c.Number, Hold: &signals.Hold{ID: hold, Kind: "freeze"}}, 1},
		"corrected": {signals.Correction{What: "corrected", Case: c.Number, Decision: o.url + " corrected " + decision + " somebody"}, 2},
	} {
		was := o.filed()
		var tokens []string
		for n := range says.times {
			if n > 0 { // whatever it calls the person
				says.correction.Decision += " else"
			}
			tokens = append(tokens, o.token(signals.EventCorrection, says.correction))
			for range 2 {
				if status := o.tell(tokens[n]); status != http.StatusAccepted {
					t.Fatalf("%s: %d", name, status)
				}
			}
		}
		if o.filed() != was {
			t.Errorf("%s: what was carried out is a dispute", name)
		}
		o.tell(o.token(signals.EventCorrection, says.correction))
		if o.filed() != was+1 {
			t.Errorf("%s: it says so once more than it can, and nobody looks", name)
		}
		for _, token := range tokens {
			o.tell(token)
		}
		if o.filed() != was+1 {
			t.Errorf("%s: the same token is another", name)
		}
	}
}

// TestAnAccountThatAHoldOfTheNationDisabledIsNoTakeover: a province that froze somebody as it was told says so in two tokens of one txn. What it
// disables besides is a case.
func TestAnAccountThatAHoldOfTheNationDisabledIsNoTakeover(t *testing.T) {
	o, q := newProvinceTeller(t)
	must(t, o.store.PutStream(t.Context(), storage.Stream{
		ClientID: o.issuer, ID: "stream", Method: "push", Endpoint: o.issuer + "/events", Status: storage.StreamEnabled, CreatedAt: o.clock(),
	}))
	c, _, hold := o.renamed(q, liNa, "李娴")
	txn := func(n string) func(map[string]any) { return func(c map[string]any) { c["txn"] = n } }
	held := signals.Correction{What: "held", Case: c.Number, Hold: &signals.Hold{ID: hold, Kind: "freeze"}}
	o.tell(o.token(signals.EventAccountDisabled, struct{}{}, txn("7")))
	if n := o.filed(); n != 1 {
		t.Fatalf("%d cases of an account that was disabled by nobody here", n)
	}
	o.tell(o.token(signals.EventCorrection, held, txn("7")))
	disabled := o.token(signals.EventAccountDisabled, struct{}{}, txn("7"))
	for range 2 {
		o.tell(disabled)
	}
	if n := o.filed(); n != 1 {
		t.Errorf("%d cases of what was told from here", n)
	}
	for n, other := range []string{"7", "8", ""} {
		if o.tell(o.token(signals.EventAccountDisabled, struct{}{}, txn(other))); o.filed() != n+2 {
			t.Errorf("an account that was disabled besides, in txn %q, is no case", other)
		}
	}
}
