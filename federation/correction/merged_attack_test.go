package correction_test

import (
	"testing"

	"manyou/federation/correction"
	"manyou/storage"
)

func (o *office) status(person string) storage.PersonStatus {
	o.Helper()
	p, err := o.store.Person(o.Context(), person)
	must(o, err)
	return p.Status
}

// TestAHoldOnWhoWasMergedHoldsWhoTheyAre: a case goes on while another one finds that its person is somebody else's second record.
func TestAHoldOnWhoWasMergedHoldsWhoTheyAre(t *testing.T) {
	for name, hold := range map[string]func(o *office, c *correction.Case, merge func()) error{
		"break glass": func(o *office, c *correction.Case, merge func()) error {
			merge()
			return o.Freeze(t.Context(), o.wang, c, correction.Target{Person: c.PersonID}, "可疑")
		},
		"frozen before": func(o *office, c *correction.Case, merge func()) error {
			defer merge()
			return o.Freeze(t.Context(), o.wang, c, correction.Target{Person: c.PersonID}, "可疑")
		},
		"proposed before": func(o *office, c *correction.Case, merge func()) error {
			must(o, o.Take(t.Context(), o.wang, c))
			must(o, o.Propose(t.Context(), o.wang, o.again(c), correction.Proposal{Decision: correction.Freeze}))
			merge()
			return o.Approve(t.Context(), o.zhao, o.again(c))
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			into, from := o.person("张三"), o.person("张三")
			c := o.file(correction.Filing{Filer: correction.Application("app-sc"), Kind: correction.KindTakeover, Person: from})
			err := hold(o, c, func() {
				d := o.decided(correction.Filing{Filer: correction.System(), Kind: correction.KindDuplicate, Person: into, Other: from},
					correction.Proposal{Decision: correction.Merge, Other: from})
				must(t, o.Approve(t.Context(), o.chief, d))
			})
			must(t, err)
			if got := o.status(into); got != storage.PersonFrozen || o.stands(into) != 0 {
				t.Errorf("they are %s", got)
			}
			if name == "proposed before" { // and it can be taken back
				must(t, o.Appeal(t.Context(), c.Filer, o.again(c), ""))
			}
			must(t, o.Take(t.Context(), o.wang, o.again(c)))
			must(t, o.Propose(t.Context(), o.wang, o.again(c), correction.Proposal{Decision: correction.Thaw}))
			must(t, o.Approve(t.Context(), o.zhao, o.again(c)))
			if got := o.status(into); got != storage.PersonActive {
				t.Errorf("after the thaw they are %s", got)
			}
		})
	}
}
