package correction_test

import (
	"slices"
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

// TestADecisionAboutSomebodyWhoWasMergedMeanwhileIsNotAppliedToWhatIsLeftOfThem: it would be said to be decided, and change nothing.
func TestADecisionAboutSomebodyWhoWasMergedMeanwhileIsNotAppliedToWhatIsLeftOfThem(t *testing.T) {
	for name, p := range map[string]correction.Proposal{
		"a name": {Decision: correction.Correct, Name: &[2]string{"", "李纳"}}, "a number": {Decision: correction.Correct, Phone: passedOn},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			from, into := o.person("李娜"), o.person("李娜")
			c := o.about(correction.KindConflict, from)
			must(t, o.Take(t.Context(), o.wang, c))
			must(t, o.Propose(t.Context(), o.wang, o.again(c), p))
			o.merged(into, from)
			o.refused(o.Approve(t.Context(), o.zhao, o.again(c)), storage.ErrConflict)
			if got := o.again(c).State(); got != correction.Proposed {
				t.Errorf("it is %s", got)
			}
			// Proposed anew, it is about who they were found to be.
			must(t, o.Return(t.Context(), o.wang, o.again(c), "已合并"))
			must(t, o.Propose(t.Context(), o.wang, o.again(c), p))
			must(t, o.Approve(t.Context(), o.zhao, o.again(c)))
			if d := o.again(c).Body.Decided; len(d) != 1 || d[0].Person != into {
				t.Errorf("%+v", d)
			}
		})
	}
}

// TestAttackAMergeIsTakenBackSoThatWhoIsHeldGoesFree: what lies on somebody by a case about them stays with them, and not with whom they were taken for.
func TestAttackAMergeIsTakenBackSoThatWhoIsHeldGoesFree(t *testing.T) {
	onBoth(t, whoIsHeldStaysHeld)
}

func whoIsHeldStaysHeld(o *office) {
	o.Helper()
	before, from, into := o.person("张三"), o.person("张三"), o.person("张三")
	c, other := o.about(correction.KindTakeover, from), o.about(correction.KindConflict, into)
	earlier := o.about(correction.KindConflict, before)
	o.merged(from, before)
	merge := o.merged(into, from)
	must(o, o.Take(o.Context(), o.wang, o.again(c)))
	must(o, o.Propose(o.Context(), o.wang, o.again(c), correction.Proposal{Decision: correction.Freeze}))
	must(o, o.Approve(o.Context(), o.zhao, o.again(c)))
	must(o, o.StepUp(o.Context(), o.wang, o.again(other), "可疑"))
	must(o, o.StepUp(o.Context(), o.wang, o.again(earlier), "可疑"))
	must(o, o.Approve(o.Context(), o.chief, o.parting(merge)))
	for _, want := range []struct {
		who    string
		status storage.PersonStatus
		lies   []string // the cases whose holds
	}{{from, storage.PersonFrozen, []string{earlier.ID, c.ID}}, {into, storage.PersonActive, []string{other.ID}}} {
		if got := o.status(want.who); got != want.status {
			o.Errorf("they are %s, not %s", got, want.status)
		}
		holds, err := o.store.HoldsOf(o.Context(), want.who)
		must(o, err)
		var lies []string
		for _, h := range holds {
			if h.Lies() && h.Kind != storage.HoldWatch {
				lies = append(lies, h.CaseID)
			}
		}
		slices.Sort(lies)
		slices.Sort(want.lies)
		if !slices.Equal(lies, want.lies) {
			o.Errorf("there lies what %v placed, not %v", lies, want.lies)
		}
	}
	// The officers of the case end it there.
	must(o, o.Appeal(o.Context(), c.Filer, o.again(c), "已核实"))
	must(o, o.Take(o.Context(), o.wang, o.again(c)))
	must(o, o.Propose(o.Context(), o.wang, o.again(c), correction.Proposal{Decision: correction.Thaw}))
	must(o, o.Approve(o.Context(), o.zhao, o.again(c)))
	if got := o.status(from); got != storage.PersonActive {
		o.Errorf("after the thaw they are %s", got)
	}
}

// TestANumberThatCameToBeTheOnlyWayInIsNotTakenByRule: they had another one as the rule looked.
func TestANumberThatCameToBeTheOnlyWayInIsNotTakenByRule(t *testing.T) {
	o := newOffice(t)
	person := o.holder(newPhone, "sms", "passkey")
	c := o.file(correction.Filing{
		Filer: zj, Kind: correction.KindAttribute, Attribute: correction.AttributePhone, Expected: passedOn, Person: person,
		Evidence: []correction.Evidence{provenTo(zj)},
	})
	if !c.ByRule() {
		t.Fatalf("%s %s", c.State(), c.Body.Reason)
	}
	must(t, o.store.RemoveCredential(t.Context(), person, person+"passkey"))
	o.refused(o.Approve(t.Context(), o.wang, o.again(c)), storage.ErrConflict)
	if list, err := o.store.CredentialsOf(t.Context(), person); err != nil || len(list) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	// People may decide it all the same.
	must(t, o.Return(t.Context(), o.wang, o.again(c), "再看"))
	must(t, o.Propose(t.Context(), o.wang, o.again(c), correction.Proposal{Decision: correction.Correct, Phone: passedOn}))
	must(t, o.Approve(t.Context(), o.zhao, o.again(c)))
}
