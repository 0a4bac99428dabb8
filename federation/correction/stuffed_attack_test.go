package correction_test

import (
	"errors"
	"strings"
	"testing"

	"manyou/federation/correction"
)

// TestAttackACaseThatIsStuffedWithWordsIsDecidedAllTheSame: whom a case is about may add to it, and may not want it decided.
func TestAttackACaseThatIsStuffedWithWordsIsDecidedAllTheSame(t *testing.T) {
	for name, size := range map[string]int{"a few long texts": 2000, "many short ones": 1} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			person := o.person("张三")
			c := o.file(correction.Filing{Filer: correction.Application("app-sc"), Kind: correction.KindTakeover, Person: person})
			for added := 0; size > 0; {
				err := o.AddEvidence(t.Context(), o.again(c), correction.Evidence{
					Source: correction.Person(person), Said: map[string]string{"text": strings.Repeat("𠮷", size)},
				})
				switch {
				case err == nil:
					added++
				case errors.Is(err, correction.ErrTooLarge):
					size /= 2
				default:
					t.Fatal(err)
				}
				if added > 100 {
					t.Fatal("there is no bound")
				}
			}
			long := strings.Repeat("𠮷", 4000)
			must(t, o.Take(t.Context(), o.wang, o.again(c)))
			must(t, o.Testify(t.Context(), o.wang, o.again(c), map[string]string{"text": long}))
			must(t, o.Propose(t.Context(), o.wang, o.again(c), correction.Proposal{Decision: correction.Freeze, Why: long}))
			must(t, o.Approve(t.Context(), o.zhao, o.again(c)))
		})
	}
}

// TestAttackAnOfficerStuffsACaseSoThatNothingCanBeProposed.
func TestAttackAnOfficerStuffsACaseSoThatNothingCanBeProposed(t *testing.T) {
	o := newOffice(t)
	c := o.about(correction.KindTakeover, o.person("张三"))
	for size := 4000; size > 0; {
		err := o.Testify(t.Context(), o.wang, o.again(c), map[string]string{"text": strings.Repeat("𠮷", size)})
		if errors.Is(err, correction.ErrTooLarge) {
			size /= 2
		} else {
			must(t, err)
		}
	}
	long := strings.Repeat("𠮷", 4000)
	must(t, o.Take(t.Context(), o.zhao, o.again(c)))
	must(t, o.Propose(t.Context(), o.zhao, o.again(c), correction.Proposal{Decision: correction.Freeze, Why: long}))
	must(t, o.Approve(t.Context(), o.chief, o.again(c)))
}
