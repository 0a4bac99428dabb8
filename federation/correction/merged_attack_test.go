package correction_test

import (
	"errors"
	"slices"
	"testing"

	"manyou/federation/audit"
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

// merged makes two records one, in a case of its own.
func (o *office) merged(into, from string) *correction.Case {
	o.Helper()
	c := o.decided(correction.Filing{Filer: correction.System(), Kind: correction.KindDuplicate, Person: into, Other: from},
		correction.Proposal{Decision: correction.Merge, Other: from})
	must(o, o.Approve(o.Context(), o.chief, c))
	return o.again(c)
}

// parting is that a merge is taken back, but for the last approval.
func (o *office) parting(merge *correction.Case) *correction.Case {
	o.Helper()
	must(o, o.Appeal(o.Context(), merge.Filer, o.again(merge), "两个人"))
	must(o, o.Take(o.Context(), o.wang, o.again(merge)))
	must(o, o.Propose(o.Context(), o.wang, o.again(merge), correction.Proposal{Decision: correction.Undo, Undo: merge.Body.Decided[0].ID}))
	must(o, o.Approve(o.Context(), o.zhao, o.again(merge)))
	return o.again(merge)
}

// linkedAs gives somebody a link.
func (o *office) linkedAs(person, subject string) correction.Link {
	o.Helper()
	o.signIn(nil, person, &storage.Link{Issuer: issuerZhejiang, Subject: subject, PersonID: person, CreatedAt: o.now})
	return correction.Link{Issuer: issuerZhejiang, Subject: subject}
}

// owner is whose a link is; "" if it is nobody's.
func (o *office) owner(l correction.Link) string {
	o.Helper()
	link, _, err := o.store.Link(o.Context(), l.Issuer, l.Subject)
	if errors.Is(err, storage.ErrNotFound) {
		return ""
	}
	must(o, err)
	return link.PersonID
}

// TestTheLinkOfWhoWasMergedIsReachedFromTheirOldCase: by each decision about a link and by the break-glass, however many merges there were
// since, and however the case names the person. Nobody else is reached by it.
func TestTheLinkOfWhoWasMergedIsReachedFromTheirOldCase(t *testing.T) {
	for name, p := range map[string]func(link correction.Link, other string) correction.Proposal{
		"relink": func(link correction.Link, other string) correction.Proposal {
			return correction.Proposal{Decision: correction.Relink, Link: &link, Other: other}
		},
		"unlink": func(link correction.Link, _ string) correction.Proposal {
			return correction.Proposal{Decision: correction.Unlink, Link: &link}
		},
		"split": func(link correction.Link, _ string) correction.Proposal {
			return correction.Proposal{Decision: correction.Split, Split: &correction.Splitting{Name: "李四", Links: []correction.Link{link}}}
		},
	} {
		for _, named := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				o := newOffice(t)
				from, middle, into, right, stranger := o.person("张三"), o.person("张三"), o.person("张三"), o.person("李四"), o.person("路人")
				hers, own, strangers := o.linkedAs(from, "hers"), o.linkedAs(into, "own"), o.linkedAs(stranger, "a stranger's")
				c := o.file(correction.Filing{Filer: correction.Application("app-sc"), Kind: correction.KindLink, Person: from, Link: &hers})
				o.merged(middle, from)
				o.merged(into, middle)
				about, err := o.About(t.Context(), o.again(c))
				must(t, err)
				if !slices.Equal(about, []string{from, into}) {
					t.Errorf("it is about %v, and not %v", about, []string{from, into})
				}
				must(t, o.Freeze(t.Context(), o.wang, o.again(c), correction.Target{Person: into, Link: &hers}, "核对"))
				o.refused(o.Freeze(t.Context(), o.wang, o.again(c), correction.Target{Person: stranger, Link: &strangers}, "核对"), correction.ErrHold)
				o.refused(o.Freeze(t.Context(), o.wang, o.again(c), correction.Target{Person: middle}, "核对"), correction.ErrHold)
				must(t, o.Take(t.Context(), o.wang, o.again(c)))
				for _, who := range []string{stranger, right, middle} {
					wrong := p(strangers, into)
					wrong.Person = who
					o.refused(o.Propose(t.Context(), o.wang, o.again(c), wrong), correction.ErrProposal)
				}
				good := p(hers, right)
				if named {
					good.Person = into
				}
				must(t, o.Propose(t.Context(), o.wang, o.again(c), good))
				for _, by := range []correction.Officer{o.zhao, o.chief} {
					if o.again(c).State() == correction.Proposed {
						must(t, o.Approve(t.Context(), by, o.again(c)))
					}
				}
				want := map[string]string{"relink": right, "unlink": ""}[name]
				if s := o.again(c).Body.Decided[0].Split; s != nil {
					want = s.ID
				}
				if got := o.owner(hers); got != want || o.owner(own) != into {
					t.Errorf("the link is %s's and not %s's; the other one is %s's", got, want, o.owner(own))
				}
			})
		}
	}
}

// TestAttackAMergeIsTakenBackBeforeWhatWasProposedByItIsApproved: the case is about the other one no more.
func TestAttackAMergeIsTakenBackBeforeWhatWasProposedByItIsApproved(t *testing.T) {
	for name, p := range map[string]func(own correction.Link, into, other string) correction.Proposal{
		"relink": func(own correction.Link, into, other string) correction.Proposal {
			return correction.Proposal{Decision: correction.Relink, Person: into, Link: &own, Other: other}
		},
		"unlink": func(own correction.Link, into, _ string) correction.Proposal {
			return correction.Proposal{Decision: correction.Unlink, Person: into, Link: &own}
		},
		"split": func(own correction.Link, into, _ string) correction.Proposal {
			return correction.Proposal{Decision: correction.Split, Person: into, Split: &correction.Splitting{Name: "李四", Links: []correction.Link{own}}}
		},
		"correct": func(_ correction.Link, into, _ string) correction.Proposal {
			return correction.Proposal{Decision: correction.Correct, Person: into, Name: &[2]string{"", "李四"}}
		},
		"merge": func(_ correction.Link, into, other string) correction.Proposal {
			return correction.Proposal{Decision: correction.Merge, Person: into, Other: other}
		},
		"freeze": func(_ correction.Link, into, _ string) correction.Proposal {
			return correction.Proposal{Decision: correction.Freeze, Person: into}
		},
		"deactivate": func(_ correction.Link, into, _ string) correction.Proposal {
			return correction.Proposal{Decision: correction.Deactivate, Person: into}
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			from, into, other := o.person("张三"), o.person("张三"), o.person("李四")
			own := o.linkedAs(into, "own")
			c := o.file(correction.Filing{Filer: correction.Application("app-sc"), Kind: correction.KindConflict, Person: from})
			merge := o.merged(into, from)
			must(t, o.Take(t.Context(), o.wang, o.again(c)))
			must(t, o.Propose(t.Context(), o.wang, o.again(c), p(own, into, other)))
			must(t, o.Approve(t.Context(), o.chief, o.parting(merge)))
			for _, by := range []correction.Officer{o.zhao, o.chief} {
				o.refused(o.Approve(t.Context(), by, o.again(c)), storage.ErrConflict)
			}
			is, err := o.store.Person(t.Context(), into)
			must(t, err)
			if o.owner(own) != into || is.Name != "张三" || is.Status != storage.PersonActive || is.MergedInto != "" {
				t.Errorf("somebody is reached whom the case is not about: %+v", is)
			}
			must(t, o.Return(t.Context(), o.zhao, o.again(c), "再看")) // and it goes on
			o.refused(o.Propose(t.Context(), o.wang, o.again(c), p(own, into, other)), correction.ErrProposal)
			o.refused(o.Freeze(t.Context(), o.wang, o.again(c), correction.Target{Person: into}, "可疑"), correction.ErrHold)
		})
	}
}

// TestAMergeThatIsTakenBackWhileSomethingIsApprovedByIt: what is approved comes before, or not at all.
func TestAMergeThatIsTakenBackWhileSomethingIsApprovedByIt(t *testing.T) {
	onBoth(t, func(o *office) {
		for n := range rounds {
			from, into := o.person("张三"), o.person("张三")
			own := o.linkedAs(into, into)
			c := o.file(correction.Filing{Filer: correction.Application("app-sc"), Kind: correction.KindConflict, Person: from})
			merge := o.merged(into, from)
			must(o, o.Take(o.Context(), o.wang, o.again(c)))
			must(o, o.Propose(o.Context(), o.wang, o.again(c), correction.Proposal{Decision: correction.Unlink, Person: into, Link: &own}))
			c, merge = o.again(c), o.parting(merge)
			approve := []func() error{
				func() error { return o.Approve(o.Context(), o.zhao, c) }, func() error { return o.Approve(o.Context(), o.chief, merge) },
			}
			if n%2 == 1 {
				slices.Reverse(approve)
			}
			errs := atOnce(approve...)
			if n%2 == 1 {
				slices.Reverse(errs)
			}
			must(o, errs[1])
			var order []string
			must(o, audit.Each(o.Context(), o.store, func(r storage.AuditRecord) error {
				e, err := audit.Parse(r.Body)
				if e.Kind == "case.applied" && (e.Detail["case"] == c.ID || e.Detail["case"] == merge.ID) {
					order = append(order, e.Detail["case"])
				}
				return err
			}))
			if errs[0] != nil {
				o.refused(errs[0], storage.ErrConflict)
			}
			want := []string{merge.ID, merge.ID} // the merge, and its end
			if errs[0] == nil {
				want = []string{merge.ID, c.ID, merge.ID}
			}
			if !slices.Equal(order, want) || (o.owner(own) == into) != (errs[0] != nil) {
				o.Errorf("%v, %v", order, errs[0])
			}
		}
	})
}
