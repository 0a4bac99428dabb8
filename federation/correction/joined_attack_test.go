package correction_test

import (
	"context"
	"testing"

	"manyou/federation/correction"
	"manyou/storage"
)

// TestAComplaintOfWhomACaseIsAboutIsHeardThoughTheDecisionIsStillOnItsWay: a province that is down keeps a decided case open for weeks, and what is
// filed about the same meanwhile joins it.
func TestAComplaintOfWhomACaseIsAboutIsHeardThoughTheDecisionIsStillOnItsWay(t *testing.T) {
	for _, propagated := range []bool{false, true} {
		o := newOffice(t)
		person := o.person("张三")
		c := o.decided(correction.Filing{Filer: correction.Application("app-sc"), Kind: correction.KindTakeover, Person: person},
			correction.Proposal{Decision: correction.Thaw})
		if propagated {
			must(t, o.Propagate(t.Context(), o.again(c)))
		}
		// What a program still says is no news.
		o.file(correction.Filing{Filer: correction.Application("app-zj"), Kind: correction.KindTakeover, Person: person})
		if got := o.again(c).State(); got != map[bool]correction.State{false: correction.Applied, true: correction.Propagated}[propagated] {
			t.Fatalf("%s", got)
		}
		own := correction.Filing{ID: "own", Filer: correction.Person(person), Kind: correction.KindTakeover, Person: person, Statement: "又有人登录了我的账号"}
		if joined := o.file(own); joined.DuplicateOf != c.ID {
			t.Fatalf("%+v", joined)
		}
		if again := o.again(c); again.State() != correction.Appealed || o.status(person) != storage.PersonFrozen {
			t.Errorf("nobody looks at it: %s, %s", again.State(), o.status(person))
		}
		must(t, o.Take(t.Context(), o.wang, o.again(c)))
		o.file(own)
		if got := o.again(c).State(); got != correction.InReview {
			t.Errorf("filed again, it is %s", got)
		}
	}
}

// meanwhile is a store in which something happens between what the next step was decided by and its transaction.
type meanwhile struct {
	correction.Store
	do func()
}

func (m *meanwhile) StepCase(ctx context.Context, s storage.CaseStep) error {
	if do := m.do; do != nil {
		m.do = nil
		do()
	}
	return m.Store.StepCase(ctx, s)
}

// TestAttackAFilerWithdrawsInTheMomentInWhichAnotherJoins: of no two orders does the other complaint end unheard.
func TestAttackAFilerWithdrawsInTheMomentInWhichAnotherJoins(t *testing.T) {
	for _, first := range []string{"withdraws", "joins"} {
		t.Run("the one who "+first+" is first", func(t *testing.T) {
			o := newOffice(t)
			person := o.person("张三")
			mine := correction.Filing{Filer: correction.Application("app-sc"), Kind: correction.KindConflict, Person: person}
			theirs := correction.Filing{Filer: correction.Issuer(issuerZhejiang), Kind: correction.KindConflict, Person: person}
			c, m := o.file(mine), &meanwhile{Store: o.store}
			o.Store = m
			var joined *correction.Case
			if first == "withdraws" {
				m.do = func() { must(t, o.Withdraw(t.Context(), c.Filer, o.again(c), "")) }
				joined = o.file(theirs)
			} else {
				m.do = func() { joined = o.file(theirs) }
				o.refused(o.Withdraw(t.Context(), c.Filer, o.again(c), ""), storage.ErrConflict)
			}
			if joined.DuplicateOf != "" {
				joined = o.again(&correction.Case{Case: storage.Case{ID: joined.DuplicateOf}})
			}
			if !joined.Open {
				t.Errorf("it is %s", joined.State())
			}
		})
	}
}
