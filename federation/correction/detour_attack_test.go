package correction_test

import (
	"testing"

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
