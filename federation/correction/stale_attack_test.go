package correction_test

import (
	"testing"

	"manyou/federation/correction"
	"manyou/storage"
)

// TestALinkThatIsFrozenStaysSoThoughItIsTakenAwayAndMadeAgain.
func TestALinkThatIsFrozenStaysSoThoughItIsTakenAwayAndMadeAgain(t *testing.T) {
	o := newOffice(t)
	wrong, _, link := o.linked()
	frozen := o.decided(correction.Filing{Filer: correction.System(), Kind: correction.KindTakeover, Person: wrong},
		correction.Proposal{Decision: correction.Freeze, Link: &link})
	o.decided(correction.Filing{Filer: correction.System(), Kind: correction.KindLink, Person: wrong, Link: &link},
		correction.Proposal{Decision: correction.Unlink, Link: &link})
	again := storage.Link{Issuer: link.Issuer, Subject: link.Subject, PersonID: wrong, CreatedAt: o.now}
	o.refused(o.trySignIn(nil, wrong, &again), storage.ErrEnded)
	must(t, o.Reopen(t.Context(), o.chief, o.closed(frozen), "已核实"))
	must(t, o.Take(t.Context(), o.wang, o.again(frozen)))
	must(t, o.Propose(t.Context(), o.wang, o.again(frozen), correction.Proposal{Decision: correction.Thaw}))
	must(t, o.Approve(t.Context(), o.zhao, o.again(frozen)))
	must(t, o.trySignIn(nil, wrong, &again))
}

// closed is a decided case whose decision has arrived everywhere.
func (o *office) closed(c *correction.Case) *correction.Case {
	o.Helper()
	must(o, o.Propagate(o.Context(), o.again(c)))
	must(o, o.Close(o.Context(), o.again(c)))
	return o.again(c)
}
