package correction_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"manyou/federation/correction"
	"manyou/storage"
)

func TestAWrongLinkGoesFromTheComplaintToTheRightPerson(t *testing.T) {
	o := newOffice(t)
	c, wrong, right, link := o.wrongLink()
	if c.State() != correction.Triaged || c.Region != "51" || c.Priority != correction.PriorityHigh || !c.DueAt.Equal(o.now.Add(48*time.Hour)) {
		t.Fatalf("%s %s %d %s", c.State(), c.Region, c.Priority, c.DueAt)
	}
	must(t, o.Take(t.Context(), o.wang, c))
	must(t, o.Freeze(t.Context(), o.wang, c, correction.Target{Person: wrong, Link: &link}, "两条记录出生地不同"))
	if o.stands(wrong) != 0 {
		t.Error("a session stands that may have come by the frozen link")
	}
	if err := o.trySignIn(nil, wrong, &storage.Link{Issuer: link.Issuer, Subject: link.Subject, PersonID: wrong}); err == nil {
		t.Error("somebody signs in by it")
	}
	must(t, o.Propose(t.Context(), o.wang, c, correction.Proposal{Decision: correction.Relink, Link: &link, Other: right, Why: "证件核对"}))
	must(t, o.Approve(t.Context(), o.zhao, o.again(c)))
	c = o.again(c)
	if c.State() != correction.Applied || len(c.Body.Decided) != 1 || c.Body.Proposal != nil {
		t.Fatalf("%s %+v", c.State(), c.Body)
	}
	l, p, err := o.store.Link(t.Context(), link.Issuer, link.Subject)
	must(t, err)
	if p.ID != right || l.Frozen {
		t.Errorf("linked to %s, frozen: %t", p.ID, l.Frozen)
	}
	o.signIn(nil, right, &storage.Link{Issuer: link.Issuer, Subject: link.Subject, PersonID: right})
	must(t, o.Propagate(t.Context(), c))
	must(t, o.Close(t.Context(), c))
	want := "filed triaged held taken held proposed approved applied propagated closed"
	if got := strings.Join(o.whats(c), " "); got != want {
		t.Errorf("%s", got)
	}
	if o.records() != 8-1 { // a record for each step
		t.Errorf("%d records", o.records())
	}
}

func TestWhoProposesDoesNotApprove(t *testing.T) {
	o := newOffice(t)
	c, wrong, right, link := o.wrongLink()
	must(t, o.Take(t.Context(), o.wang, c))
	must(t, o.Propose(t.Context(), o.wang, c, correction.Proposal{Decision: correction.Relink, Link: &link, Other: right}))
	o.refused(o.Approve(t.Context(), o.wang, o.again(c)), correction.ErrSamePerson)
	// Nor by a second record of theirs: one that was found to be the same person, or one with the same phone.
	second := o.person("王")
	must(t, o.store.StepCase(t.Context(), storage.CaseStep{
		Case: storage.Case{ID: "m", Number: "m", UpdatedAt: o.now}, Events: []storage.CaseEvent{{What: "filed"}},
		Correction: &storage.Correction{ID: "m", Merges: []storage.Merge{{From: second, Into: o.wang.PersonID}}},
		Audit:      func(int64) ([]byte, error) { return []byte(`{}`), nil },
	}))
	merged := o.zhao
	merged.PersonID = second
	o.refused(o.Approve(t.Context(), merged, o.again(c)), correction.ErrSamePerson)
	twin := o.zhao
	twin.PersonID = o.person("王")
	for _, id := range []string{o.wang.PersonID, twin.PersonID} {
		must(t, o.store.AddCredential(t.Context(), storage.Credential{ID: "sms-" + id, PersonID: id, Method: "sms", Handle: "+8613800000001", CreatedAt: o.now}))
	}
	o.refused(o.Approve(t.Context(), twin, o.again(c)), correction.ErrSamePerson)
	must(t, o.Approve(t.Context(), o.zhao, o.again(c)))
	_ = wrong
}

func TestAttackOnDecisions(t *testing.T) {
	for name, attack := range map[string]struct {
		by   func(o *office, wrong string) correction.Officer
		want error
	}{
		"by an officer of another region": {func(o *office, _ string) correction.Officer { return o.zhejiang }, correction.ErrRegion},
		"by an auditor":                   {func(o *office, _ string) correction.Officer { return o.auditor }, correction.ErrRole},
		"by a citizen":                    {func(o *office, wrong string) correction.Officer { return correction.Officer{PersonID: wrong} }, correction.ErrRole},
		"about themselves": {func(o *office, wrong string) correction.Officer {
			return correction.Officer{PersonID: wrong, Roles: []string{"officer"}, Regions: []string{"51"}}
		}, correction.ErrSelf},
		"about a record that has their phone": {func(o *office, wrong string) correction.Officer {
			for _, id := range []string{o.wang.PersonID, wrong} {
				must(o, o.store.AddCredential(o.Context(), storage.Credential{ID: "sms-" + id, PersonID: id, Method: "sms", Handle: "+8613800000001", CreatedAt: o.now}))
			}
			return o.wang
		}, correction.ErrSelf},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			c, wrong, right, link := o.wrongLink()
			by := attack.by(o, wrong)
			o.refused(o.Take(t.Context(), by, c), attack.want)
			other := o.zhao
			must(t, o.Take(t.Context(), other, c))
			o.refused(o.Freeze(t.Context(), by, c, correction.Target{Person: wrong}, ""), attack.want)
			o.refused(o.StepUp(t.Context(), by, c, ""), attack.want)
			p := correction.Proposal{Decision: correction.Relink, Link: &link, Other: right}
			o.refused(o.Propose(t.Context(), by, c, p), attack.want)
			o.refused(o.Reject(t.Context(), by, c, ""), attack.want)
			must(t, o.Propose(t.Context(), other, c, p))
			o.refused(o.Approve(t.Context(), by, c), attack.want)
			o.refused(o.Return(t.Context(), by, c, ""), attack.want)
			if o.again(c).State() != correction.Proposed {
				t.Error("it changed something")
			}
		})
	}
}

func TestAnOfficerDoesNotDecideWhatTheyFiled(t *testing.T) {
	o := newOffice(t)
	person := o.person("张三")
	c := o.file(correction.Filing{Filer: correction.Person(o.wang.PersonID), Kind: correction.KindTakeover, Person: person})
	o.refused(o.Take(t.Context(), o.wang, c), correction.ErrSelf)
	must(t, o.Take(t.Context(), o.zhao, c))
	// Nor is a case a way to somebody whom it is not about, least of all to merge oneself with another.
	o.refused(o.Freeze(t.Context(), o.zhao, c, correction.Target{Person: o.chief.PersonID}, ""), correction.ErrHold)
	o.refused(o.Propose(t.Context(), o.zhao, c, correction.Proposal{Decision: correction.Merge, Other: o.zhao.PersonID}), correction.ErrSelf)
	must(t, o.Propose(t.Context(), o.zhao, c, correction.Proposal{Decision: correction.Merge, Other: o.chief.PersonID}))
	o.refused(o.Approve(t.Context(), o.chief, c), correction.ErrSelf)
}

func TestAMergeNeedsThreeOfficers(t *testing.T) {
	o := newOffice(t)
	a, b := o.person("张三"), o.person("张三")
	c := o.file(correction.Filing{Filer: correction.System(), Kind: correction.KindDuplicate, Person: a, Other: b})
	must(t, o.Take(t.Context(), o.wang, c))
	must(t, o.Propose(t.Context(), o.wang, c, correction.Proposal{Decision: correction.Merge, Other: b}))
	must(t, o.Approve(t.Context(), o.zhao, o.again(c)))
	if o.again(c).State() != correction.Proposed {
		t.Fatal("one approval was enough")
	}
	o.refused(o.Approve(t.Context(), o.zhao, o.again(c)), correction.ErrSamePerson)
	must(t, o.Approve(t.Context(), o.chief, o.again(c)))
	p, err := o.store.Person(t.Context(), b)
	must(t, err)
	if p.MergedInto != a || o.stands(a)+o.stands(b) != 0 {
		t.Errorf("%+v, %d stand", p, o.stands(a)+o.stands(b))
	}
	// And it is taken back.
	decided := o.again(c).Body.Decided[0]
	must(t, o.Appeal(t.Context(), correction.Person(a), o.again(c), "我们是两个人"))
	must(t, o.Take(t.Context(), o.chief, o.again(c)))
	must(t, o.Propose(t.Context(), o.chief, o.again(c), correction.Proposal{Decision: correction.Undo, Undo: decided.ID}))
	must(t, o.Approve(t.Context(), o.wang, o.again(c)))
	must(t, o.Approve(t.Context(), o.zhao, o.again(c)))
	if p, err = o.store.Person(t.Context(), b); err != nil || p.MergedInto != "" || p.Status != storage.PersonActive {
		t.Errorf("%+v %v", p, err)
	}
}

func TestTheOtherOneOfTwoIsLetInByTheLinkThatWasFrozen(t *testing.T) {
	o := newOffice(t)
	c, wrong, _, link := o.wrongLink()
	must(t, o.Take(t.Context(), o.wang, c))
	must(t, o.Freeze(t.Context(), o.wang, c, correction.Target{Person: wrong, Link: &link}, ""))
	must(t, o.Propose(t.Context(), o.wang, c, correction.Proposal{
		Decision: correction.Split, Split: &correction.Splitting{Name: "李娜", Links: []correction.Link{link}},
	}))
	must(t, o.Approve(t.Context(), o.zhao, c))
	must(t, o.Approve(t.Context(), o.chief, c))
	l, p, err := o.store.Link(t.Context(), link.Issuer, link.Subject)
	must(t, err)
	if l.Frozen || p.ID != c.Body.Decided[0].Split.ID {
		t.Errorf("%+v", l)
	}
	o.signIn(nil, p.ID, &storage.Link{Issuer: link.Issuer, Subject: link.Subject, PersonID: p.ID})
}

func TestADecisionThatNoLongerFitsChangesNothing(t *testing.T) {
	o := newOffice(t)
	c, wrong, right, link := o.wrongLink()
	must(t, o.Take(t.Context(), o.wang, c))
	must(t, o.Propose(t.Context(), o.wang, c, correction.Proposal{Decision: correction.Relink, Link: &link, Other: right}))
	elsewhere := o.file(correction.Filing{Filer: correction.System(), Kind: correction.KindConflict, Person: wrong})
	must(t, o.Take(t.Context(), o.wang, elsewhere))
	must(t, o.Propose(t.Context(), o.wang, elsewhere, correction.Proposal{Decision: correction.Unlink, Link: &link}))
	must(t, o.Approve(t.Context(), o.zhao, elsewhere))
	o.refused(o.Approve(t.Context(), o.zhao, o.again(c)), storage.ErrConflict)
	if o.again(c).State() != correction.Proposed {
		t.Error("the case moved")
	}
}

func TestABreakGlassFreezeLapsesUnlessASecondConfirms(t *testing.T) {
	for _, confirmed := range []bool{false, true} {
		t.Run(fmt.Sprint(confirmed), func(t *testing.T) {
			o := newOffice(t)
			person := o.person("张三")
			c := o.file(correction.Filing{Filer: correction.System(), Kind: correction.KindTakeover, Person: person})
			must(t, o.Freeze(t.Context(), o.wang, c, correction.Target{Person: person}, "可疑"))
			holds, err := o.store.HoldsOf(t.Context(), person)
			must(t, err)
			id := holds[slices.IndexFunc(holds, func(h storage.Hold) bool { return h.Kind == storage.HoldFreeze })].ID
			watch := holds[slices.IndexFunc(holds, func(h storage.Hold) bool { return h.Kind == storage.HoldWatch })].ID
			o.refused(o.Confirm(t.Context(), o.zhao, o.again(c), watch), correction.ErrHold)
			o.refused(o.Confirm(t.Context(), o.wang, o.again(c), id), correction.ErrSamePerson)
			if confirmed {
				must(t, o.Confirm(t.Context(), o.zhao, o.again(c), id))
			}
			o.now = o.now.Add(59 * time.Minute)
			if n, err := o.Lapse(t.Context()); n != 0 || err != nil {
				t.Fatalf("%d lapsed early, %v", n, err)
			}
			o.now = o.now.Add(2 * time.Minute)
			n, err := o.Lapse(t.Context())
			must(t, err)
			p, err := o.store.Person(t.Context(), person)
			must(t, err)
			if confirmed && (n != 0 || p.Status != storage.PersonFrozen) || !confirmed && (n != 1 || p.Status != storage.PersonActive) {
				t.Errorf("%d lapsed, %s", n, p.Status)
			}
			if !confirmed {
				o.refused(o.Confirm(t.Context(), o.zhao, o.again(c), id), correction.ErrHold)
				// The same officer cannot go on alone by doing it each hour; another one can begin.
				o.refused(o.Freeze(t.Context(), o.wang, o.again(c), correction.Target{Person: person}, "再次"), correction.ErrSamePerson)
				must(t, o.Freeze(t.Context(), o.zhao, o.again(c), correction.Target{Person: person}, "可疑"))
			}
			if o.stands(person) != 0 {
				t.Error("what was void stands again")
			}
		})
	}
}

func TestACaseTakesNoStepThatItsStateDoesNotHave(t *testing.T) {
	o := newOffice(t)
	c, _, right, link := o.wrongLink()
	p := correction.Proposal{Decision: correction.Relink, Link: &link, Other: right}
	steps := map[string]func(c *correction.Case) error{
		"propose":   func(c *correction.Case) error { return o.Propose(t.Context(), o.wang, c, p) },
		"approve":   func(c *correction.Case) error { return o.Approve(t.Context(), o.zhao, c) },
		"return":    func(c *correction.Case) error { return o.Return(t.Context(), o.zhao, c, "") },
		"reject":    func(c *correction.Case) error { return o.Reject(t.Context(), o.wang, c, "") },
		"reopen":    func(c *correction.Case) error { return o.Reopen(t.Context(), o.chief, c, "") },
		"appeal":    func(c *correction.Case) error { return o.Appeal(t.Context(), c.Filer, c, "") },
		"withdraw":  func(c *correction.Case) error { return o.Withdraw(t.Context(), c.Filer, c, "") },
		"propagate": func(c *correction.Case) error { return o.Propagate(t.Context(), c) },
		"close":     func(c *correction.Case) error { return o.Close(t.Context(), c) },
		"take":      func(c *correction.Case) error { return o.Take(t.Context(), o.wang, c) },
		"hold":      func(c *correction.Case) error { return o.StepUp(t.Context(), o.wang, c, "") },
	}
	// What is tried besides is refused in each state on the way; the last word of each is the step that goes on.
	for _, at := range []string{"take hold withdraw reject", "propose take hold withdraw reject", "approve return hold withdraw", "propagate appeal", "close appeal", "reopen appeal", "take hold withdraw reject"} {
		may := strings.Fields(at)
		for name, step := range steps {
			if !slices.Contains(may, name) {
				if err := step(o.again(c)); err == nil {
					t.Fatalf("%s, from %s", name, o.again(c).State())
				}
			}
		}
		must(t, steps[may[0]](o.again(c)))
	}
}

func TestAWithdrawnOrRejectedCaseLeavesNoHold(t *testing.T) {
	o := newOffice(t)
	for _, end := range []func(c *correction.Case) error{
		func(c *correction.Case) error { return o.Withdraw(t.Context(), c.Filer, c, "弄错了") },
		func(c *correction.Case) error { return o.Reject(t.Context(), o.wang, c, "没有依据") },
	} {
		person := o.person("张三")
		c := o.file(correction.Filing{Filer: correction.Person(person), Kind: correction.KindTakeover, Person: person})
		p, err := o.store.Person(t.Context(), person)
		must(t, err)
		if p.Status != storage.PersonFrozen {
			t.Fatalf("who says that their account is stolen is %s", p.Status)
		}
		o.refused(o.Withdraw(t.Context(), correction.Person(o.zhao.PersonID), c, ""), correction.ErrSelf)
		must(t, end(c))
		if p, err = o.store.Person(t.Context(), person); err != nil || p.Status != storage.PersonActive {
			t.Errorf("%s, %v", p.Status, err)
		}
	}
}

func TestAnAppealIsForThoseConcernedAndForATime(t *testing.T) {
	o := newOffice(t)
	c, wrong, _, _ := o.wrongLink()
	must(t, o.Reject(t.Context(), o.wang, c, ""))
	o.refused(o.Appeal(t.Context(), correction.Person(o.person("路人")), o.again(c), ""), correction.ErrSelf)
	before := o.now
	o.now = o.now.Add(61 * 24 * time.Hour)
	o.refused(o.Appeal(t.Context(), correction.Person(wrong), o.again(c), ""), correction.ErrState)
	o.now = before
	must(t, o.Appeal(t.Context(), correction.Person(wrong), o.again(c), "请再看看"))
	o.refused(o.Reopen(t.Context(), o.chief, o.again(c), ""), correction.ErrState)
	must(t, o.Take(t.Context(), o.zhao, o.again(c)))
}
