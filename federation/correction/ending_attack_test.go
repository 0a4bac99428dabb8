package correction_test

import (
	"testing"

	"manyou/federation/correction"
	"manyou/storage"
)

// TestAnAppealThatIsTurnedDownLeavesTheDecision: that several decided to keep somebody out is not one's to undo by ending the case again.
func TestAnAppealThatIsTurnedDownLeavesTheDecision(t *testing.T) {
	for name, end := range map[string]func(o *office, c *correction.Case) error{
		"turned down": func(o *office, c *correction.Case) error { return o.Reject(t.Context(), o.wang, c, "无新证据") },
		"taken back":  func(o *office, c *correction.Case) error { return o.Withdraw(t.Context(), c.Filer, c, "") },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			person := o.person("张三")
			c := o.decided(correction.Filing{Filer: correction.Application("app-sc"), Kind: correction.KindLifecycle, Person: person},
				correction.Proposal{Decision: correction.Deactivate})
			must(t, o.Approve(t.Context(), o.chief, c))
			by := correction.Person(person)
			if name == "taken back" { // which only who appealed can do
				by = c.Filer
			}
			must(t, o.Appeal(t.Context(), by, o.again(c), "我还在"))
			must(t, end(o, o.again(c)))
			if o.status(person) != storage.PersonDeactivated {
				t.Errorf("what three decided was undone by one: %s", o.status(person))
			}
		})
	}
}

func TestAFreezeThatTwoConfirmedIsNotLiftedByOne(t *testing.T) {
	for name, end := range map[string]func(o *office, c *correction.Case) error{
		"turned down": func(o *office, c *correction.Case) error { return o.Reject(t.Context(), o.wang, c, "没有依据") },
		"taken back":  func(o *office, c *correction.Case) error { return o.Withdraw(t.Context(), c.Filer, c, "") },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			person := o.person("张三")
			c := o.file(correction.Filing{Filer: correction.Application("app-sc"), Kind: correction.KindTakeover, Person: person})
			must(t, o.Freeze(t.Context(), o.wang, c, correction.Target{Person: person}, "可疑"))
			holds, err := o.store.HoldsOf(t.Context(), person)
			must(t, err)
			for _, h := range holds {
				if h.Kind == storage.HoldFreeze {
					must(t, o.Confirm(t.Context(), o.zhao, o.again(c), h.ID))
				}
			}
			o.refused(end(o, o.again(c)), correction.ErrHold)
			if got := o.status(person); got != storage.PersonFrozen {
				t.Errorf("they are %s", got)
			}
			must(t, o.Take(t.Context(), o.wang, o.again(c)))
			must(t, o.Propose(t.Context(), o.wang, o.again(c), correction.Proposal{Decision: correction.Thaw}))
			must(t, o.Approve(t.Context(), o.zhao, o.again(c)))
			if got := o.status(person); got != storage.PersonActive {
				t.Errorf("after the thaw they are %s", got)
			}
		})
	}
}

// TestAttackASupervisorFurthersACaseOfTheirOwn: about them, or that they filed by a record that was found to be theirs since.
func TestAttackASupervisorFurthersACaseOfTheirOwn(t *testing.T) {
	o := newOffice(t)
	second := o.person("长")
	mine := o.file(correction.Filing{Filer: correction.System(), Kind: correction.KindConflict, Person: o.chief.PersonID})
	filed := o.file(correction.Filing{Filer: correction.Person(second), Kind: correction.KindConflict, Statement: "别人的事", Region: "51"})
	must(t, o.store.StepCase(t.Context(), storage.CaseStep{
		Case: storage.Case{ID: second, Number: second, UpdatedAt: o.now}, Events: []storage.CaseEvent{{What: "filed"}},
		Correction: &storage.Correction{ID: second, Merges: []storage.Merge{{From: second, Into: o.chief.PersonID}}},
		Audit:      func(int64) ([]byte, error) { return []byte(`{}`), nil },
	}))
	for _, c := range []*correction.Case{mine, filed} {
		o.refused(o.Escalate(t.Context(), o.chief, o.again(c), "快"), correction.ErrSelf)
		o.refused(o.Assign(t.Context(), o.chief, o.zhao, o.again(c)), correction.ErrSelf)
		o.refused(o.Take(t.Context(), o.chief, o.again(c)), correction.ErrSelf)
		must(t, o.Reject(t.Context(), o.wang, o.again(c), ""))
		o.refused(o.Reopen(t.Context(), o.chief, o.again(c), "再看"), correction.ErrSelf)
	}
}

// TestAttackTwoOfficersAreFoundToBeOneBeforeTheLastApproval: what they agreed on so far is one person's opinion.
func TestAttackTwoOfficersAreFoundToBeOneBeforeTheLastApproval(t *testing.T) {
	o := newOffice(t)
	person := o.person("张三")
	c := o.decided(correction.Filing{Filer: correction.System(), Kind: correction.KindLifecycle, Person: person},
		correction.Proposal{Decision: correction.Deactivate}) // proposed by Wang, and Zhao approved
	must(t, o.store.StepCase(t.Context(), storage.CaseStep{
		Case: storage.Case{ID: "one", Number: "one", UpdatedAt: o.now}, Events: []storage.CaseEvent{{What: "filed"}},
		Correction: &storage.Correction{ID: "one", Merges: []storage.Merge{{From: o.zhao.PersonID, Into: o.wang.PersonID}}},
		Audit:      func(int64) ([]byte, error) { return []byte(`{}`), nil },
	}))
	must(t, o.Approve(t.Context(), o.chief, c))
	if s := o.again(c).State(); s != correction.Proposed {
		t.Errorf("two people decided what needs three: it is %s", s)
	}
	third := correction.Officer{PersonID: o.person("官员"), Roles: []string{correction.RoleOfficer}, Regions: []string{"51"}}
	must(t, o.Approve(t.Context(), third, o.again(c)))
	if s := o.again(c).State(); s != correction.Applied {
		t.Errorf("it is %s", s)
	}
}

// TestAttackAFilerTakesBackTheAppealOfWhomTheyComplainedOf: a decision that was made on a program's word stands until the one whom it hit is heard.
func TestAttackAFilerTakesBackTheAppealOfWhomTheyComplainedOf(t *testing.T) {
	for name, ended := range map[string]func(o *office, c *correction.Case){
		"decided": func(o *office, c *correction.Case) {
			must(o, o.Propose(o.Context(), o.wang, o.again(c), correction.Proposal{Decision: correction.Freeze}))
			must(o, o.Approve(o.Context(), o.zhao, o.again(c)))
		},
		"turned down": func(o *office, c *correction.Case) {
			must(o, o.Reject(o.Context(), o.wang, o.again(c), "没有依据"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			person := o.person("张三")
			c := o.about(correction.KindTakeover, person)
			must(t, o.Take(t.Context(), o.wang, o.again(c)))
			ended(o, c)
			must(t, o.Appeal(t.Context(), correction.Person(person), o.again(c), "不是我"))
			o.refused(o.Withdraw(t.Context(), c.Filer, o.again(c), ""), correction.ErrJoined)
			must(t, o.Take(t.Context(), o.chief, o.again(c)))
			o.refused(o.Withdraw(t.Context(), c.Filer, o.again(c), ""), correction.ErrJoined)
			// What they objected to themselves is theirs to take back.
			c = o.about(correction.KindConflict, person)
			must(t, o.Take(t.Context(), o.wang, o.again(c)))
			must(t, o.Reject(t.Context(), o.wang, o.again(c), "没有依据"))
			must(t, o.Appeal(t.Context(), c.Filer, o.again(c), "有新证据"))
			must(t, o.Withdraw(t.Context(), c.Filer, o.again(c), ""))
		})
	}
}

// TestAFreezeThatWasDecidedLiesUntilAThawIsDecided: it is not ended by the way, by a decision that does not say so and that fewer may want.
func TestAFreezeThatWasDecidedLiesUntilAThawIsDecided(t *testing.T) {
	o := newOffice(t)
	o.Policy.Approvals[correction.Thaw] = 2
	person := o.person("张三")
	c := o.decided(correction.Filing{Filer: correction.Application("app-sc"), Kind: correction.KindTakeover, Person: person},
		correction.Proposal{Decision: correction.Freeze})
	for _, other := range []correction.Proposal{{Decision: correction.Correct, Name: &[2]string{"", "张散"}}, {Decision: correction.Reinstate}} {
		must(t, o.Appeal(t.Context(), c.Filer, o.again(c), "不对"))
		must(t, o.Take(t.Context(), o.wang, o.again(c)))
		must(t, o.StepUp(t.Context(), o.wang, o.again(c), "可疑"))
		must(t, o.Propose(t.Context(), o.wang, o.again(c), other))
		must(t, o.Approve(t.Context(), o.zhao, o.again(c)))
		p, err := o.store.Person(t.Context(), person)
		must(t, err)
		if p.Status != storage.PersonFrozen || p.LeastACR != 0 {
			t.Errorf("after %s they are %s, from %d on", other.Decision, p.Status, p.LeastACR)
		}
	}
	must(t, o.Appeal(t.Context(), c.Filer, o.again(c), "本人已到场"))
	must(t, o.Take(t.Context(), o.wang, o.again(c)))
	must(t, o.Propose(t.Context(), o.wang, o.again(c), correction.Proposal{Decision: correction.Thaw}))
	must(t, o.Approve(t.Context(), o.zhao, o.again(c)))
	must(t, o.Approve(t.Context(), o.chief, o.again(c)))
	if got := o.status(person); got != storage.PersonActive {
		t.Errorf("after the thaw they are %s", got)
	}
}

func TestAFreezeOfALinkThatWasDecidedEndsWhenItIsDecidedWhoseTheLinkIs(t *testing.T) {
	o := newOffice(t)
	wrong, right, link := o.linked()
	c := o.decided(correction.Filing{Filer: correction.Application("app-sc"), Kind: correction.KindLink, Person: wrong, Link: &link},
		correction.Proposal{Decision: correction.Freeze, Link: &link})
	lies := func() (n int) {
		for _, person := range []string{wrong, right} {
			list, err := o.store.HoldsOf(t.Context(), person)
			must(t, err)
			for _, h := range list {
				if h.Lies() {
					n++
				}
			}
		}
		return n
	}
	if lies() == 0 {
		t.Fatal("nothing lies")
	}
	must(t, o.Appeal(t.Context(), c.Filer, o.again(c), "另有其人"))
	must(t, o.Take(t.Context(), o.wang, o.again(c)))
	must(t, o.Propose(t.Context(), o.wang, o.again(c), correction.Proposal{Decision: correction.Relink, Link: &link, Other: right}))
	must(t, o.Approve(t.Context(), o.zhao, o.again(c)))
	if n := lies(); n != 0 || o.owner(link) != right {
		t.Errorf("%d holds lie, and the link is %s's", n, o.owner(link))
	}
}
