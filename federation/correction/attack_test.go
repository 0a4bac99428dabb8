package correction_test

import (
	"strings"
	"testing"
	"time"

	"manyou/federation/audit"
	"manyou/federation/correction"
	"manyou/storage"
)

// secondRecord gives an officer another record: one that was found to be theirs, or one with the same phone.
func (o *office) secondRecord(of string, merged bool) string {
	o.Helper()
	second := o.person("王")
	if merged {
		must(o, o.store.StepCase(o.Context(), storage.CaseStep{
			Case: storage.Case{ID: second, Number: second, UpdatedAt: o.now}, Events: []storage.CaseEvent{{What: "filed"}},
			Correction: &storage.Correction{ID: second, Merges: []storage.Merge{{From: second, Into: of}}},
			Audit:      func(int64) ([]byte, error) { return []byte(`{}`), nil },
		}))
		return second
	}
	for _, id := range []string{of, second} {
		must(o, o.store.AddCredential(o.Context(), storage.Credential{ID: "sms-" + id, PersonID: id, Method: "sms", Handle: "+8613800000009", CreatedAt: o.now}))
	}
	return second
}

// TestAttackAnOfficerMergesThemselves: with somebody whose case it is, in either direction, by any record of theirs, as the one who proposes
// or as one of those who approve.
func TestAttackAnOfficerMergesThemselves(t *testing.T) {
	for name, own := range map[string]func(o *office) string{
		"their record":                       func(o *office) string { return o.zhao.PersonID },
		"a record with their phone":          func(o *office) string { return o.secondRecord(o.zhao.PersonID, false) },
		"what is left of their other record": func(o *office) string { return o.secondRecord(o.zhao.PersonID, true) },
	} {
		for direction, proposal := range map[string]func(victim, own string) correction.Proposal{
			"is taken in": func(victim, own string) correction.Proposal {
				return correction.Proposal{Decision: correction.Merge, Person: victim, Other: own}
			},
			"takes the other in": func(victim, own string) correction.Proposal {
				return correction.Proposal{Decision: correction.Merge, Person: own, Other: victim}
			},
		} {
			t.Run(name+" "+direction, func(t *testing.T) {
				o := newOffice(t)
				victim, mine := o.person("张三"), own(o)
				c := o.file(correction.Filing{Filer: correction.System(), Kind: correction.KindDuplicate, Person: victim})
				must(t, o.Take(t.Context(), o.zhao, c))
				p := proposal(victim, mine)
				o.refused(o.Propose(t.Context(), o.zhao, o.again(c), p), correction.ErrSelf)
				// Somebody else proposes it for them: they do not approve, and nobody approves twice.
				err := o.Propose(t.Context(), o.wang, o.again(c), p)
				if mergedAway := strings.HasPrefix(name, "what is left"); mergedAway {
					o.refused(err, correction.ErrProposal) // it is no record any more
					return
				}
				must(t, err)
				o.refused(o.Approve(t.Context(), o.zhao, o.again(c)), correction.ErrSelf)
				must(t, o.Approve(t.Context(), o.chief, o.again(c)))
				o.refused(o.Approve(t.Context(), o.chief, o.again(c)), correction.ErrSamePerson)
				o.refused(o.Approve(t.Context(), o.zhao, o.again(c)), correction.ErrSelf)
				if s := o.again(c).State(); s != correction.Proposed {
					t.Errorf("it is %s", s)
				}
			})
		}
	}
}

// TestAttackADecisionReachesSomebodyWhomTheCaseIsNotAbout: by naming them in the proposal, or by taking back what was decided elsewhere.
func TestAttackADecisionReachesSomebodyWhomTheCaseIsNotAbout(t *testing.T) {
	o := newOffice(t)
	elsewhere, wrong, right, link := o.wrongLink()
	must(t, o.Take(t.Context(), o.wang, elsewhere))
	must(t, o.Propose(t.Context(), o.wang, elsewhere, correction.Proposal{Decision: correction.Relink, Link: &link, Other: right}))
	must(t, o.Approve(t.Context(), o.zhao, o.again(elsewhere)))
	decided := o.again(elsewhere).Body.Decided[0].ID

	victim, stranger := o.person("张三"), o.person("路人")
	c := o.file(correction.Filing{Filer: correction.System(), Kind: correction.KindConflict, Person: victim})
	must(t, o.Take(t.Context(), o.wang, c))
	for name, p := range map[string]correction.Proposal{
		"a freeze of a stranger":           {Decision: correction.Freeze, Person: stranger},
		"a deactivation":                   {Decision: correction.Deactivate, Person: stranger},
		"a stranger's link":                {Decision: correction.Relink, Person: right, Link: &link, Other: victim},
		"a merge of two strangers":         {Decision: correction.Merge, Person: stranger, Other: wrong},
		"a stranger's name":                {Decision: correction.Correct, Person: stranger, Name: &[2]string{"", "李四"}},
		"a decision of another case":       {Decision: correction.Undo, Undo: decided},
		"the same, with the other's names": {Decision: correction.Undo, Person: right, Undo: decided},
		"a decision that never was":        {Decision: correction.Undo, Undo: "none"},
	} {
		if err := o.Propose(t.Context(), o.wang, o.again(c), p); err == nil {
			t.Fatalf("%s is proposed", name)
		} else {
			o.refused(err, correction.ErrProposal)
		}
	}
	// What the case is about can be decided, with a stranger as the other one.
	must(t, o.Propose(t.Context(), o.wang, o.again(c), correction.Proposal{Decision: correction.Merge, Person: stranger, Other: victim}))

	// Where the case names nobody, the region of whom it is found to be about counts.
	open := o.file(correction.Filing{Filer: correction.System(), Kind: correction.KindConflict, Statement: "某人", Region: "33"})
	must(t, o.Take(t.Context(), o.zhejiang, open))
	o.refused(o.Propose(t.Context(), o.zhejiang, o.again(open), correction.Proposal{Decision: correction.Freeze, Person: stranger}), correction.ErrRegion)
	o.refused(o.Propose(t.Context(), o.zhejiang, o.again(open), correction.Proposal{Decision: correction.Freeze, Person: "nobody"}), correction.ErrProposal)
}

// TestAttackAnOfficerTakesBackADecisionAboutThemselves: the case is about another, and the decision changed a record of theirs.
func TestAttackAnOfficerTakesBackADecisionAboutThemselves(t *testing.T) {
	o := newOffice(t)
	c, _, _, link := o.wrongLink()
	must(t, o.Take(t.Context(), o.wang, c))
	must(t, o.Propose(t.Context(), o.wang, c, correction.Proposal{Decision: correction.Relink, Link: &link, Other: o.zhao.PersonID}))
	must(t, o.Approve(t.Context(), o.chief, o.again(c)))
	must(t, o.Propagate(t.Context(), o.again(c)))
	must(t, o.Close(t.Context(), o.again(c)))
	must(t, o.Reopen(t.Context(), o.chief, o.again(c), "再看"))
	undo := correction.Proposal{Decision: correction.Undo, Undo: o.again(c).Body.Decided[0].ID}
	o.refused(o.Take(t.Context(), o.zhao, o.again(c)), correction.ErrSelf)
	must(t, o.Take(t.Context(), o.wang, o.again(c)))
	o.refused(o.Propose(t.Context(), o.zhao, o.again(c), undo), correction.ErrSelf)
	must(t, o.Propose(t.Context(), o.wang, o.again(c), undo))
	o.refused(o.Approve(t.Context(), o.zhao, o.again(c)), correction.ErrSelf)
}

// TestAttackAnOfficerOfAnotherRegionTakesNoStep holds every step to the regions of those who take it.
func TestAttackAnOfficerOfAnotherRegionTakesNoStep(t *testing.T) {
	o := newOffice(t)
	c, wrong, right, link := o.wrongLink()
	stranger := o.zhejiang
	stranger.Roles = []string{correction.RoleOfficer, correction.RoleSupervisor}
	must(t, o.Take(t.Context(), o.wang, c))
	must(t, o.Freeze(t.Context(), o.wang, c, correction.Target{Person: wrong}, ""))
	holds, err := o.store.HoldsOf(t.Context(), wrong)
	must(t, err)
	before := o.again(c)
	for name, step := range map[string]func(c *correction.Case) error{
		"take":     func(c *correction.Case) error { return o.Take(t.Context(), stranger, c) },
		"assign":   func(c *correction.Case) error { return o.Assign(t.Context(), stranger, stranger, c) },
		"be given": func(c *correction.Case) error { return o.Assign(t.Context(), o.chief, stranger, c) },
		"note":     func(c *correction.Case) error { return o.Note(t.Context(), stranger, c, "看") },
		"escalate": func(c *correction.Case) error { return o.Escalate(t.Context(), stranger, c, "") },
		"freeze": func(c *correction.Case) error {
			return o.Freeze(t.Context(), stranger, c, correction.Target{Person: wrong}, "")
		},
		"step up": func(c *correction.Case) error { return o.StepUp(t.Context(), stranger, c, "") },
		"confirm": func(c *correction.Case) error { return o.Confirm(t.Context(), stranger, c, holds[len(holds)-1].ID) },
		"lift":    func(c *correction.Case) error { return o.Lift(t.Context(), stranger, c, holds[0].ID, "") },
		"reject":  func(c *correction.Case) error { return o.Reject(t.Context(), stranger, c, "") },
		"reopen":  func(c *correction.Case) error { return o.Reopen(t.Context(), stranger, c, "") },
		"propose": func(c *correction.Case) error {
			return o.Propose(t.Context(), stranger, c, correction.Proposal{Decision: correction.Relink, Link: &link, Other: right})
		},
	} {
		if err := step(o.again(c)); err == nil {
			t.Errorf("%s is possible", name)
		} else {
			o.refused(err, correction.ErrRegion)
		}
	}
	if o.again(c).Version != before.Version {
		t.Error("something happened")
	}
}

// TestAnOfficerNotesNothingInACaseAboutThemselves: with each note whoever decides has to look anew, and the time to appeal begins again.
func TestAnOfficerNotesNothingInACaseAboutThemselves(t *testing.T) {
	o := newOffice(t)
	c := o.file(correction.Filing{Filer: correction.Application("app-sc"), Kind: correction.KindTakeover, Person: o.wang.PersonID})
	o.refused(o.Note(t.Context(), o.wang, c, "我看没有问题"), correction.ErrSelf)
	must(t, o.Note(t.Context(), o.zhao, o.again(c), "等待回函"))
}

// TestTheAuditLogSaysNothingPersonal runs a case with everything that can be said in it, and looks for it in the log.
func TestTheAuditLogSaysNothingPersonal(t *testing.T) {
	o := newOffice(t)
	number := "51000019900520002X"
	person := o.person("欧阳娜娜", storage.Document{Kind: "resident_id", Number: number})
	personal := []string{"欧阳娜娜", "欧阳娜", number, "+8613800000007", "绝密陈述", "附言", "理由", "1990-05-20", "https://id.zj.example", "li-na"}
	o.signIn(nil, person, &storage.Link{Issuer: issuerZhejiang, Subject: "li-na", PersonID: person, CreatedAt: o.now})
	c := o.file(correction.Filing{
		Filer: correction.Application("app-sc"), Kind: correction.KindAttribute, Attribute: correction.AttributeName, Expected: "欧阳娜", Person: person,
		Statement: "绝密陈述", Evidence: []correction.Evidence{{Source: "application:app-sc", Said: map[string]string{"birth_date": "1990-05-20", "phone": "+8613800000007"}}},
	})
	must(t, o.Take(t.Context(), o.wang, c))
	must(t, o.Note(t.Context(), o.wang, o.again(c), "附言"))
	must(t, o.AddEvidence(t.Context(), o.again(c), correction.Evidence{Source: "officer:w", Said: map[string]string{"text": "理由"}}))
	must(t, o.Freeze(t.Context(), o.wang, o.again(c), correction.Target{Person: person, Link: &correction.Link{Issuer: issuerZhejiang, Subject: "li-na"}}, "理由"))
	must(t, o.Propose(t.Context(), o.wang, o.again(c), correction.Proposal{Decision: correction.Correct, Name: &[2]string{"", "欧阳娜"}, Why: "理由"}))
	must(t, o.Approve(t.Context(), o.zhao, o.again(c)))
	o.now = o.now.Add(time.Hour)
	must(t, o.Appeal(t.Context(), correction.Person(person), o.again(c), "理由"))
	n := 0
	must(t, audit.Each(t.Context(), o.store, func(r storage.AuditRecord) error {
		n++
		for _, p := range personal {
			if strings.Contains(string(r.Body), p) {
				t.Errorf("the log says %q: %s", p, r.Body)
			}
		}
		return nil
	}))
	if n < 8 {
		t.Errorf("%d records", n)
	}
}
