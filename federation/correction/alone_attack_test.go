package correction_test

import (
	"errors"
	"testing"
	"time"

	"manyou/federation/correction"
	"manyou/storage"
)

// about files a case of a kind about a person, so that there are several at once.
func (o *office) about(kind correction.Kind, person string) *correction.Case {
	o.Helper()
	return o.file(correction.Filing{Filer: correction.System(), Kind: kind, Person: person})
}

// frozenBy is the last freeze that an officer placed on a person.
func (o *office) frozenBy(by correction.Officer, person string) (last storage.Hold, n int) {
	o.Helper()
	holds, err := o.store.HoldsOf(o.Context(), person)
	must(o, err)
	for _, h := range holds {
		if id, ok := correction.IsOfficer(h.PlacedBy); ok && id == by.PersonID && h.Kind == storage.HoldFreeze {
			last, n = h, n+1
		}
	}
	return last, n
}

// TestAttackAnOfficerFreezesSomebodyAloneAgainAndAgain: in another case, under another target, by another record, or by ending it themselves in
// time. Another officer may, whoever looked at it with another may, and two together may at any time.
func TestAttackAnOfficerFreezesSomebodyAloneAgainAndAgain(t *testing.T) {
	for name, attack := range map[string]func(o *office, person string, first *correction.Case, lapse func()) (correction.Officer, correction.Target){
		"in another case, after it lapsed": func(o *office, person string, _ *correction.Case, lapse func()) (correction.Officer, correction.Target) {
			lapse()
			return o.wang, correction.Target{Person: person}
		},
		"in another case, before it lapses": func(o *office, person string, _ *correction.Case, _ func()) (correction.Officer, correction.Target) {
			o.now = o.now.Add(59 * time.Minute)
			return o.wang, correction.Target{Person: person}
		},
		"before anybody noticed that its time is over": func(o *office, person string, _ *correction.Case, _ func()) (correction.Officer, correction.Target) {
			o.now = o.now.Add(61 * time.Minute)
			return o.wang, correction.Target{Person: person}
		},
		"a link of theirs, after the person": func(o *office, person string, _ *correction.Case, lapse func()) (correction.Officer, correction.Target) {
			link := &storage.Link{Issuer: issuerZhejiang, Subject: "zhang", PersonID: person, CreatedAt: o.now}
			lapse()
			o.signIn(nil, person, link)
			return o.wang, correction.Target{Person: person, Link: &correction.Link{Issuer: link.Issuer, Subject: link.Subject}}
		},
		"after they lifted it": func(o *office, person string, first *correction.Case, _ func()) (correction.Officer, correction.Target) {
			h, _ := o.frozenBy(o.wang, person)
			must(o, o.Lift(o.Context(), o.wang, o.again(first), h.ID, ""))
			return o.wang, correction.Target{Person: person}
		},
		"after they ended its case": func(o *office, person string, first *correction.Case, _ func()) (correction.Officer, correction.Target) {
			must(o, o.Reject(o.Context(), o.wang, o.again(first), ""))
			return o.wang, correction.Target{Person: person}
		},
		"by a record that was found to be theirs": func(o *office, person string, _ *correction.Case, lapse func()) (correction.Officer, correction.Target) {
			lapse()
			twin := o.wang
			twin.PersonID = o.secondRecord(o.wang.PersonID, true)
			return twin, correction.Target{Person: person}
		},
		"by a record with their phone": func(o *office, person string, _ *correction.Case, lapse func()) (correction.Officer, correction.Target) {
			lapse()
			twin := o.wang
			twin.PersonID = o.secondRecord(o.wang.PersonID, false)
			return twin, correction.Target{Person: person}
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			person := o.person("张三")
			first, second := o.about(correction.KindTakeover, person), o.about(correction.KindConflict, person)
			must(t, o.Freeze(t.Context(), o.wang, first, correction.Target{Person: person}, "可疑"))
			by, target := attack(o, person, first, func() {
				o.now = o.now.Add(time.Hour)
				if n, err := o.Lapse(t.Context()); n != 1 || err != nil {
					t.Fatalf("%d lapsed, %v", n, err)
				}
			})
			o.refused(o.Freeze(t.Context(), by, o.again(second), target, "再次"), correction.ErrSamePerson)
			if _, n := o.frozenBy(by, person); by.PersonID == o.wang.PersonID && n != 1 {
				t.Errorf("%d freezes", n)
			}
			must(t, o.Freeze(t.Context(), o.zhao, o.again(second), target, "可疑"))
			must(t, o.Take(t.Context(), o.wang, o.again(second)))
			must(t, o.Propose(t.Context(), o.wang, o.again(second), correction.Proposal{Decision: correction.Freeze}))
			must(t, o.Approve(t.Context(), o.chief, o.again(second)))
		})
	}
}

func TestWhatEndedUnseenStaysWithWhoWasMerged(t *testing.T) {
	o := newOffice(t)
	into, from := o.person("张三"), o.person("张三")
	must(t, o.Freeze(t.Context(), o.wang, o.about(correction.KindTakeover, from), correction.Target{Person: from}, "可疑"))
	o.now = o.now.Add(time.Hour)
	_, err := o.Lapse(t.Context())
	must(t, err)
	merge := o.decided(correction.Filing{Filer: correction.System(), Kind: correction.KindDuplicate, Person: into, Other: from},
		correction.Proposal{Decision: correction.Merge, Other: from})
	must(t, o.Approve(t.Context(), o.chief, merge))
	o.refused(o.Freeze(t.Context(), o.wang, o.about(correction.KindConflict, into), correction.Target{Person: into}, "再次"), correction.ErrSamePerson)
}

func TestAnOfficerFreezesAloneAgainAfterASecondLookedOrAMonth(t *testing.T) {
	for name, passes := range map[string]func(o *office, person string, c *correction.Case){
		"another lifted it": func(o *office, person string, c *correction.Case) {
			h, _ := o.frozenBy(o.wang, person)
			must(o, o.Lift(o.Context(), o.zhao, o.again(c), h.ID, ""))
		},
		"another confirmed it, and two let them in again": func(o *office, person string, c *correction.Case) {
			h, _ := o.frozenBy(o.wang, person)
			must(o, o.Confirm(o.Context(), o.zhao, o.again(c), h.ID))
			must(o, o.Take(o.Context(), o.wang, o.again(c)))
			must(o, o.Propose(o.Context(), o.wang, o.again(c), correction.Proposal{Decision: correction.Thaw}))
			must(o, o.Approve(o.Context(), o.zhao, o.again(c)))
		},
		"a month went by": func(o *office, _ string, _ *correction.Case) {
			o.now = o.now.Add(time.Hour)
			_, err := o.Lapse(o.Context())
			must(o, err)
			o.now = o.now.Add(30 * 24 * time.Hour)
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			person := o.person("张三")
			first, second := o.about(correction.KindTakeover, person), o.about(correction.KindConflict, person)
			must(t, o.Freeze(t.Context(), o.wang, first, correction.Target{Person: person}, "可疑"))
			passes(o, person, first)
			must(t, o.Freeze(t.Context(), o.wang, o.again(second), correction.Target{Person: person}, "又可疑"))
		})
	}
}

// TestOneOfficerAloneHoldsSomebodyForAnHourInAll: what they freeze of the person besides, while the first of it lies, lapses with it.
func TestOneOfficerAloneHoldsSomebodyForAnHourInAll(t *testing.T) {
	o := newOffice(t)
	wrong, _, link := o.linked()
	first, second := o.about(correction.KindTakeover, wrong), o.about(correction.KindConflict, wrong)
	must(t, o.Freeze(t.Context(), o.wang, first, correction.Target{Person: wrong, Link: &link}, "可疑"))
	until := o.now.Add(time.Hour)
	o.now = o.now.Add(50 * time.Minute)
	must(t, o.Freeze(t.Context(), o.wang, second, correction.Target{Person: wrong}, "不止这一处"))
	if h, n := o.frozenBy(o.wang, wrong); n != 2 || !h.Until.Equal(until) {
		t.Errorf("%d, until %s", n, h.Until)
	}
	o.now = until
	if n, err := o.Lapse(t.Context()); n != 2 || err != nil || o.status(wrong) != storage.PersonActive {
		t.Errorf("%d lapsed, %v, they are %s", n, err, o.status(wrong))
	}
}

// TestAttackAnOfficerFreezesSomebodyInManyCasesAtOnce: of what is placed in the same moment in several cases one is placed.
func TestAttackAnOfficerFreezesSomebodyInManyCasesAtOnce(t *testing.T) {
	onBoth(t, func(o *office) {
		for range rounds {
			person := o.person("张三")
			var all []func() error
			for _, kind := range []correction.Kind{
				correction.KindTakeover, correction.KindConflict, correction.KindCollision, correction.KindLifecycle, correction.KindDuplicate,
			} {
				c := o.about(kind, person)
				all = append(all, func() error { return o.Freeze(o.Context(), o.wang, c, correction.Target{Person: person}, "可疑") })
			}
			placed := 0
			for _, err := range atOnce(all...) {
				if err == nil {
					placed++
				} else if !errors.Is(err, storage.ErrConflict) && !errors.Is(err, correction.ErrSamePerson) {
					o.Errorf("%v", err)
				}
			}
			if _, n := o.frozenBy(o.wang, person); n != 1 || placed != 1 {
				o.Errorf("%d placed, %d there", placed, n)
			}
		}
	})
}
