package correction_test

import (
	"strings"
	"testing"
	"time"

	"manyou/federation/correction"
	"manyou/storage"
)

// confirmedFreeze is one that two officers want, in a case.
func (o *office) confirmedFreeze(c *correction.Case) {
	o.Helper()
	must(o, o.Freeze(o.Context(), o.wang, o.again(c), correction.Target{Person: c.PersonID}, "可疑"))
	holds, err := o.store.HoldsOf(o.Context(), c.PersonID)
	must(o, err)
	must(o, o.Confirm(o.Context(), o.zhao, o.again(c), holds[len(holds)-1].ID))
}

// TestAttackOneOfficerEndsWhatTwoConfirmedByApprovingWhatARuleProposed: the rule knows nothing of the hold.
func TestAttackOneOfficerEndsWhatTwoConfirmedByApprovingWhatARuleProposed(t *testing.T) {
	o := newOffice(t)
	c := o.byRule()
	o.confirmedFreeze(c)
	o.refused(o.Approve(t.Context(), o.wang, o.again(c)), correction.ErrHold)
	if got := o.status(c.PersonID); got != storage.PersonFrozen {
		t.Errorf("they are %s", got)
	}
	// What an officer proposes two want.
	must(t, o.Return(t.Context(), o.wang, o.again(c), "先核实"))
	must(t, o.Propose(t.Context(), o.wang, o.again(c), correction.Proposal{Decision: correction.Thaw}))
	must(t, o.Approve(t.Context(), o.zhao, o.again(c)))
	if got := o.status(c.PersonID); got != storage.PersonActive {
		t.Errorf("after the thaw they are %s", got)
	}
}

// byRule is a case in which a rule proposed what is done.
func (o *office) byRule() *correction.Case {
	o.Helper()
	c := o.file(correction.Filing{
		Filer: correction.Application("app-sc"), Kind: correction.KindAttribute, Attribute: correction.AttributeName, Expected: "李\u4DAE",
		Person: o.person("李\uE863", o.registered("李\u4DAE", number, storage.RegisterValid)),
	})
	if c.State() != correction.Proposed {
		o.Fatalf("%s %s", c.State(), c.Body.Reason)
	}
	return c
}

// TestWhatARuleProposedIsUntouchedUntilSomebodySaysOrDoesSomething: it is approved with others unread.
func TestWhatARuleProposedIsUntouchedUntilSomebodySaysOrDoesSomething(t *testing.T) {
	for name, touch := range map[string]func(o *office, c *correction.Case) error{
		"whom it is about adds words": func(o *office, c *correction.Case) error {
			return o.AddEvidence(t.Context(), c, correction.Evidence{Source: correction.Person(c.PersonID), Said: map[string]string{"text": "这不是我的名字"}})
		},
		"they complain themselves": func(o *office, c *correction.Case) error {
			f := correction.Filing{Filer: correction.Person(c.PersonID), Kind: correction.Kind(c.Kind), Attribute: "name", Expected: "李\u4DAE", Person: c.PersonID}
			if joined := o.file(f); joined.DuplicateOf != c.ID {
				o.Errorf("a case by itself: %+v", joined)
			}
			return nil
		},
		"an officer finds something out": func(o *office, c *correction.Case) error {
			return o.Testify(t.Context(), o.wang, c, map[string]string{"text": "电话里否认"})
		},
		"an officer notes something": func(o *office, c *correction.Case) error { return o.Note(t.Context(), o.wang, c, "等等") },
		"an officer holds them": func(o *office, c *correction.Case) error {
			return o.Freeze(t.Context(), o.wang, c, correction.Target{Person: c.PersonID}, "可疑")
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			c := o.byRule()
			o.file(correction.Filing{
				Filer: correction.Application("another"), Kind: correction.Kind(c.Kind), Attribute: "name", Expected: "李\u4DAE", Person: c.PersonID,
			})
			o.now = o.now.Add(90 * 24 * time.Hour)
			_, err := o.EscalateOverdue(t.Context())
			must(t, err)
			if ok, err := o.Untouched(t.Context(), o.again(c)); err != nil || !ok {
				t.Fatalf("to begin with: %t, %v", ok, err)
			}
			must(t, touch(o, o.again(c)))
			if ok, err := o.Untouched(t.Context(), o.again(c)); err != nil || ok {
				t.Errorf("%t, %v", ok, err)
			}
			must(t, o.Approve(t.Context(), o.zhao, o.again(c))) // by whoever looks at it
		})
	}
}

// TestAttackAnOfficerPilesUpHoldsSoThatACaseIsNotDecided.
func TestAttackAnOfficerPilesUpHoldsSoThatACaseIsNotDecided(t *testing.T) {
	const many = 80
	o := newOffice(t)
	person := o.person("张三")
	c := o.file(correction.Filing{Filer: correction.Application("app-sc"), Kind: correction.KindTakeover, Person: person})
	for n := range many {
		o.linkedAs(person, strings.Repeat("z", n+1))
	}
	must(t, o.StepUp(t.Context(), o.wang, o.again(c), "可疑"))
	o.refused(o.StepUp(t.Context(), o.wang, o.again(c), "可疑"), correction.ErrHold)
	for n := range many {
		l := correction.Link{Issuer: issuerZhejiang, Subject: strings.Repeat("z", n+1)}
		must(t, o.Freeze(t.Context(), o.wang, o.again(c), correction.Target{Person: person, Link: &l}, "可疑"))
	}
	must(t, o.Reject(t.Context(), o.zhao, o.again(c), "没有依据"))
	holds, err := o.store.HoldsOf(t.Context(), person)
	must(t, err)
	for _, h := range holds {
		if h.Lies() {
			t.Errorf("%s lies still", h.Kind)
		}
	}
}
