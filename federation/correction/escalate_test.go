package correction_test

import (
	"testing"
	"time"

	"manyou/federation/correction"
)

func TestAnOverdueCaseBecomesMoreUrgentOnceInEachPeriod(t *testing.T) {
	o := newOffice(t)
	person := o.person("张三")
	c := o.file(correction.Filing{Filer: correction.Person(person), Kind: correction.KindConflict, Person: person})
	due := c.DueAt
	round := func(want int) {
		t.Helper()
		for n, want := range []int{want, 0} { // again at once changes nothing
			if got, err := o.EscalateOverdue(t.Context()); err != nil || got != want {
				t.Fatalf("round %d: %d escalated, want %d, %v", n, got, want, err)
			}
		}
	}
	round(0)
	o.now = due.Add(-time.Millisecond)
	round(0)
	for n := range 4 { // beyond the most urgent, too, it is written down
		o.now = due.Add(time.Duration(n) * 10 * 24 * time.Hour)
		round(1)
		c = o.again(c)
		if want := min(correction.PriorityNormal+1+n, correction.PriorityUrgent); c.Priority != want || !c.DueAt.Equal(due) {
			t.Errorf("priority %d, want %d; due %s", c.Priority, want, c.DueAt)
		}
	}
	events, err := o.store.CaseEvents(t.Context(), c.ID)
	must(t, err)
	if e := events[len(events)-1]; e.What != correction.EventEscalated || e.Actor != correction.System() {
		t.Errorf("%+v", e)
	}
	// Work on it neither resets nor doubles what it is reminded of.
	must(t, o.Take(t.Context(), o.wang, c))
	must(t, o.Note(t.Context(), o.wang, o.again(c), "等待回函"))
	round(0)
	o.now = o.now.Add(10 * 24 * time.Hour)
	round(1)
}

func TestOnlyCasesThatWaitForPeopleAreEscalated(t *testing.T) {
	o := newOffice(t)
	late := func() {
		o.now = o.now.Add(100 * 24 * time.Hour)
	}
	expect := func(what string, want int) {
		t.Helper()
		if got, err := o.EscalateOverdue(t.Context()); err != nil || got != want {
			t.Errorf("%s: %d escalated, want %d, %v", what, got, want, err)
		}
	}
	c, wrong, right, link := o.wrongLink()
	joined := o.file(correction.Filing{Filer: correction.Application("other"), Kind: correction.KindLink, Person: wrong, Link: &link})
	if joined.DuplicateOf != c.ID {
		t.Fatal("it was not joined")
	}
	must(t, o.Take(t.Context(), o.wang, c))
	must(t, o.Propose(t.Context(), o.wang, c, correction.Proposal{Decision: correction.Relink, Link: &link, Other: right}))
	late()
	expect("proposed", 1)
	must(t, o.Approve(t.Context(), o.zhao, o.again(c)))
	late()
	expect("applied", 0)
	must(t, o.Propagate(t.Context(), o.again(c)))
	must(t, o.Close(t.Context(), o.again(c)))
	late()
	expect("closed", 0)
	must(t, o.Reopen(t.Context(), o.chief, o.again(c), "新材料"))
	expect("just reopened", 0)
	late()
	expect("reopened", 1)
	must(t, o.Reject(t.Context(), o.zhao, o.again(c), "无误"))
	late()
	expect("rejected", 0)
	again := o.file(correction.Filing{Filer: correction.Person(wrong), Kind: correction.KindConflict, Person: wrong})
	must(t, o.Withdraw(t.Context(), correction.Person(wrong), again, ""))
	late()
	expect("withdrawn", 0)
}

func TestThePolicyThatIsSetIsTheOneThatHolds(t *testing.T) {
	o := newOffice(t)
	o.Policy.Approvals = map[correction.Decision]int{correction.Relink: 2}
	o.Policy.Due[correction.KindLink] = 5 * time.Hour
	o.Policy.BreakGlass = 10 * time.Minute
	c, wrong, right, link := o.wrongLink()
	if !c.DueAt.Equal(o.now.Add(5 * time.Hour)) {
		t.Errorf("due at %s", c.DueAt)
	}
	must(t, o.Take(t.Context(), o.wang, c))
	must(t, o.Freeze(t.Context(), o.wang, c, correction.Target{Person: wrong}, ""))
	must(t, o.Propose(t.Context(), o.wang, c, correction.Proposal{Decision: correction.Relink, Link: &link, Other: right}))
	must(t, o.Approve(t.Context(), o.zhao, o.again(c)))
	if o.again(c).State() != correction.Proposed {
		t.Error("one approval was enough, where two are wanted")
	}
	o.now = o.now.Add(11 * time.Minute)
	if n, err := o.Lapse(t.Context()); n != 1 || err != nil {
		t.Errorf("%d lapsed, %v", n, err)
	}
	must(t, o.Approve(t.Context(), o.chief, o.again(c)))
	if o.again(c).State() != correction.Applied {
		t.Error("two approvals were not enough")
	}
}
