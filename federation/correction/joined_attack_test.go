package correction_test

import (
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
