package correction_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"manyou/federation/correction"
	"manyou/storage"
	"manyou/storage/postgres"
	"manyou/storage/relational"
	"manyou/storage/storagetest"
	"manyou/storage/vault"
)

// onBoth runs a test of what happens at once on both databases.
func onBoth(t *testing.T, test func(o *office)) {
	t.Helper()
	for name, open := range map[string]func(t *testing.T, root vault.Root) (*relational.Store, error){
		"SQLite": newSQLite,
		"Postgres": func(t *testing.T, root vault.Root) (*relational.Store, error) {
			url := storagetest.Postgres(t)
			must(t, postgres.Migrate(t.Context(), url))
			s, _, err := postgres.Open(t.Context(), url, root)
			return s, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root, err := vault.NewRoot(rand.Reader)
			must(t, err)
			s, err := open(t, root)
			must(t, err)
			t.Cleanup(func() { _ = s.Close() })
			test(newOfficeIn(t, s))
		})
	}
}

// atOnce starts all of them at the same moment and returns what each said.
func atOnce(all ...func() error) []error {
	errs, start := make([]error, len(all)), make(chan struct{})
	var group sync.WaitGroup
	for n, f := range all {
		group.Go(func() {
			<-start
			errs[n] = f()
		})
	}
	close(start)
	group.Wait()
	return errs
}

func TestOfTwoOfficersWhoActAtOnceOneDoes(t *testing.T) {
	type act = func(o *office, by correction.Officer, c *correction.Case) error
	approve := func(o *office, by correction.Officer, c *correction.Case) error { return o.Approve(o.Context(), by, c) }
	returned := func(o *office, by correction.Officer, c *correction.Case) error {
		return o.Return(o.Context(), by, c, "")
	}
	take := func(o *office, by correction.Officer, c *correction.Case) error { return o.Take(o.Context(), by, c) }
	reject := func(o *office, by correction.Officer, c *correction.Case) error {
		return o.Reject(o.Context(), by, c, "")
	}
	unlink := func(o *office, by correction.Officer, c *correction.Case) error {
		return o.Propose(o.Context(), by, c, correction.Proposal{Decision: correction.Unlink, Link: c.Body.Link})
	}
	for name, race := range map[string]struct {
		proposed bool
		one, two act
	}{
		"both approve":          {true, approve, approve},
		"approve and return":    {true, approve, returned},
		"both take":             {false, take, take},
		"propose and reject":    {false, unlink, reject},
		"both propose the same": {false, unlink, unlink},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(o *office) {
				c, _, right, link := o.wrongLink()
				must(o, o.Take(o.Context(), o.wang, c))
				if race.proposed {
					must(o, o.Propose(o.Context(), o.wang, c, correction.Proposal{Decision: correction.Relink, Link: &link, Other: right}))
				}
				before := o.again(c)
				one, two := o.again(c), o.again(c)
				errs := atOnce(func() error { return race.one(o, o.zhao, one) }, func() error { return race.two(o, o.chief, two) })
				if (errs[0] == nil) == (errs[1] == nil) {
					o.Fatalf("%v", errs)
				}
				for _, err := range errs {
					if err != nil {
						o.refused(err, storage.ErrConflict)
					}
				}
				after := o.again(c)
				if len(after.Body.Decided) > 1 || after.Version == before.Version || len(o.whats(c)) != int(after.Version) {
					o.Errorf("%+v, events %v", after.Case, o.whats(c))
				}
			})
		})
	}
}

// decided is a case with a proposal that wants one more approval.
func (o *office) decided(f correction.Filing, p correction.Proposal) *correction.Case {
	o.Helper()
	c := o.file(f)
	must(o, o.Take(o.Context(), o.wang, c))
	must(o, o.Propose(o.Context(), o.wang, c, p))
	must(o, o.Approve(o.Context(), o.zhao, o.again(c)))
	return o.again(c)
}

const rounds = 8

func TestWhoSignsInWhileTheirRecordIsMergedHasNothingThatStands(t *testing.T) {
	onBoth(t, func(o *office) {
		for n := range rounds {
			into, from := o.person("张三"), o.person("张三")
			link := &storage.Link{Issuer: issuerZhejiang, Subject: fmt.Sprint("zhang-", n), PersonID: from, CreatedAt: o.now}
			o.signIn(nil, from, link)
			c := o.decided(correction.Filing{Filer: correction.System(), Kind: correction.KindDuplicate, Person: into, Other: from},
				correction.Proposal{Decision: correction.Merge, Other: from})
			in := func() error { return o.trySignIn(nil, from, link) }
			errs := atOnce(in, func() error { return o.Approve(o.Context(), o.chief, c) }, in)
			must(o, errs[1])
			for _, err := range []error{errs[0], errs[2]} {
				if err != nil && !errors.Is(err, storage.ErrEnded) && !errors.Is(err, storage.ErrConflict) {
					o.Errorf("%v", err)
				}
			}
			if o.stands(from)+o.stands(into) != 0 {
				o.Error("something stands of who was merged meanwhile")
			}
			l, p, err := o.store.Link(o.Context(), link.Issuer, link.Subject)
			must(o, err)
			if l.PersonID != into || p.ID != into {
				o.Errorf("the link is %s's", l.PersonID)
			}
			if err := in(); err == nil {
				o.Error("who was merged signs in")
			}
		}
	})
}

func TestATokenThatIsRefreshedWhileItsPersonIsSplitDiesWithTheSplit(t *testing.T) {
	onBoth(t, func(o *office) {
		for n := range rounds {
			person := o.person("李娜")
			link := correction.Link{Issuer: issuerZhejiang, Subject: fmt.Sprint("li-", n)}
			o.signIn(nil, person, &storage.Link{Issuer: link.Issuer, Subject: link.Subject, PersonID: person, CreatedAt: o.now})
			sessions, err := o.store.SessionsOf(o.Context(), person, o.now)
			must(o, err)
			s, err := o.store.Session(o.Context(), sessions[0].ID, sessions[0].ExpiresAt)
			must(o, err)
			g := storage.Grant{
				ID: []byte(rand.Text()), ExpiresAt: o.now.Add(time.Hour), SessionID: s.Session.ID, SessionExpiresAt: s.Session.ExpiresAt, PersonID: person,
				Epoch: s.Session.Epoch, ClientID: "app", Scopes: []string{"openid"}, Generation: 1, Offline: n%2 == 0, ACR: 2, CreatedAt: o.now,
			}
			_, err = o.store.Redeem(o.Context(), g, o.now)
			must(o, err)
			c := o.decided(correction.Filing{Filer: correction.System(), Kind: correction.KindCollision, Person: person},
				correction.Proposal{Decision: correction.Split, Split: &correction.Splitting{Name: "李娜", Links: []correction.Link{link}}})
			refresh := func() error {
				for generation := g.Generation; ; generation++ {
					if _, err := o.store.Rotate(context.WithoutCancel(o.Context()), g.ID, g.ExpiresAt, generation, o.now); err != nil {
						return err
					}
				}
			}
			errs := atOnce(refresh, func() error { return o.Approve(o.Context(), o.chief, c) })
			must(o, errs[1])
			o.refused(errs[0], storage.ErrEnded) // it went on until the split, and then no more
			live, err := o.store.Grant(o.Context(), g.ID, g.ExpiresAt, o.now)
			must(o, err)
			if live.Stands(o.now) || o.stands(person) != 0 {
				o.Error("something stands of who was split meanwhile")
			}
		}
	})
}

func TestAHundredWhoReportOnePersonAtOnceMakeOneCase(t *testing.T) {
	onBoth(t, func(o *office) {
		wrong, _, link := o.linked()
		const many = 100
		cases, all := make([]*correction.Case, many), make([]func() error, many)
		for n := range many {
			all[n] = func() (err error) {
				cases[n], err = o.File(o.Context(), correction.Filing{
					Filer: correction.Application(fmt.Sprint("app-", n)), Kind: correction.KindLink, Person: wrong, Link: &link,
				})
				return err
			}
		}
		if err := errors.Join(atOnce(all...)...); err != nil {
			o.Fatal(err)
		}
		numbers, first := map[string]bool{}, ""
		for _, c := range cases {
			numbers[c.Number] = true
			if c.DuplicateOf == "" {
				first += c.ID
			}
		}
		joined, err := o.store.DuplicatesOf(o.Context(), first, many)
		must(o, err)
		counts, err := o.store.CountCases(o.Context())
		must(o, err)
		if len(joined) != many-1 || len(numbers) != many || len(counts) != 1 || counts[0].N != 1 || o.records() != many {
			o.Errorf("%d joined, %d numbers, %v, %d records", len(joined), len(numbers), counts, o.records())
		}
	})
}
