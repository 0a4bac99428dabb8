package storagetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"manyou/storage"
)

// The states, kinds and regions among which cases are moved to see that they are counted.
var (
	countedStates  = []string{"filed", "in_review", "applied", "closed"}
	countedKinds   = []string{"wrong_link", "takeover"}
	countedRegions = []string{"33", "51"}
)

// recount counts the cases one by one.
func (f *fixture) recount(t testing.TB) (counts []storage.CaseCount) {
	t.Helper()
	by := map[storage.CaseCount]int64{}
	for _, state := range countedStates {
		filter := storage.CaseFilter{State: state}
		for {
			page, err := f.ListCases(t.Context(), filter, 50)
			check(t, err)
			for _, c := range page {
				by[storage.CaseCount{Region: c.Region, Kind: c.Kind, State: c.State}]++
			}
			if len(page) < 50 {
				break
			}
			filter.After = &page[49]
		}
	}
	for c, n := range by {
		c.N = n
		counts = append(counts, c)
	}
	slices.SortFunc(counts, func(a, b storage.CaseCount) int {
		return slices.Compare([]string{a.Region, a.Kind, a.State}, []string{b.Region, b.Kind, b.State})
	})
	return counts
}

// wander takes a case one step on to anywhere, by a version that may be an earlier one, in a step that may fail.
func (f *fixture) wander(ctx context.Context, c *storage.Case, r *rand.Rand) error {
	step := f.next(*c, countedStates[r.IntN(len(countedStates))])
	step.Case.Kind, step.Case.Region = countedKinds[r.IntN(len(countedKinds))], countedRegions[r.IntN(len(countedRegions))]
	step.Case.Open = step.Case.State != "closed"
	if r.IntN(8) == 0 && c.DuplicateOf == "" {
		step.Case.DuplicateOf = "another"
	}
	if r.IntN(5) == 0 {
		step.Lift = []storage.HoldLift{{ID: "none"}} // refused, after others were locked
	}
	err := f.StepCase(ctx, step)
	if err == nil {
		*c = step.Case
		c.Version++
	}
	return err
}

var caseProgressCases = map[string]func(*testing.T, *fixture){
	"CountCases/is what a recount gives, whatever happens at once": func(t *testing.T, f *fixture) {
		const workers, cases, steps = 4, 6, 12
		shared := make([]storage.Case, cases) // all workers move the same ones: most lose
		for n := range shared {
			shared[n] = f.filed(t, f.filing(""))
		}
		var group sync.WaitGroup
		for w := range workers {
			group.Go(func() {
				r := rand.New(rand.NewPCG(uint64(w), 1)) //nolint:gosec // the same steps each time; hides nothing
				mine := slices.Clone(shared)
				for range steps {
					n := r.IntN(cases)
					if r.IntN(3) == 0 {
						now, err := f.Case(t.Context(), mine[n].ID)
						if err != nil {
							t.Error(err)
							return
						}
						mine[n] = now
					}
					if err := f.wander(t.Context(), &mine[n], r); err != nil && !errors.Is(err, storage.ErrConflict) && !errors.Is(err, storage.ErrNotFound) {
						t.Error(err)
						return
					}
				}
			})
		}
		group.Wait()
		counts, err := f.CountCases(t.Context())
		check(t, err)
		equal(t, counts, f.recount(t))
	},
	"CasesToRemind/are those whose time is over, until they are reminded of later or never": func(t *testing.T, f *fixture) {
		reminded := func(at time.Duration, want ...string) {
			t.Helper()
			got, err := f.CasesToRemind(t.Context(), f.now.Add(at), 10)
			check(t, err)
			if !slices.Equal(got, want) {
				t.Errorf("after %v: %v, want %v", at, got, want)
			}
		}
		var filed []storage.Case
		for n := range 3 {
			step := f.filing("")
			at := f.now.Add(time.Duration(3-n) * time.Hour)
			step.Remind = &at
			filed = append(filed, f.filed(t, step))
		}
		f.filed(t, f.filing("")) // nobody is reminded of it
		reminded(time.Hour - time.Millisecond)
		reminded(3*time.Hour, filed[2].ID, filed[1].ID, filed[0].ID)
		later, never := f.now.Add(9*time.Hour), time.Time{}
		for n, to := range []*time.Time{&later, &never, nil} {
			step := f.next(filed[n], "in_review")
			step.Remind = to
			check(t, f.StepCase(t.Context(), step))
			stale := f.next(filed[n], "closed") // of an earlier version: changes nothing
			stale.Remind = &never
			is(t, f.StepCase(t.Context(), stale), storage.ErrConflict)
		}
		reminded(3*time.Hour, filed[2].ID)
		reminded(9*time.Hour, filed[2].ID, filed[0].ID)
		got, err := f.CasesToRemind(t.Context(), later, 1)
		check(t, err)
		equal(t, len(got), 1)
	},
	"AwaitedCases/names who has not heard, those that changed last or all of them page by page": func(t *testing.T, f *fixture) {
		const many = 5
		var ids []string
		for _, client := range []string{"one", "two", "off"} {
			s := f.stream(client)
			check(t, f.PutStream(t.Context(), s))
		}
		off, err := f.Stream(t.Context(), "off")
		check(t, err)
		off.Status = storage.StreamDisabled
		check(t, f.SetStream(t.Context(), off))
		for n := range many {
			p, s := f.signedIn(t)
			for _, client := range []string{"one", "two", "off"} {
				f.knownTo(t, client, fmt.Sprint(client, n), s)
			}
			c := f.filed(t, f.filing(p.ID))
			step := f.next(c, "applied")
			h := f.hold(p.ID, storage.HoldFreeze)
			h.CaseID = c.ID
			step.Place = []storage.Hold{h}
			step.Case.UpdatedAt = f.now.Add(time.Duration(n) * time.Second)
			check(t, f.StepCase(t.Context(), step))
			ids = append(ids, c.ID)
		}
		f.filed(t, f.filing("")) // awaits nothing
		check(t, f.heard(t, "one", storage.Acknowledged{Heard: []int64{1, 2}, Position: 2}))
		check(t, f.heard(t, "two", storage.Acknowledged{Heard: []int64{1}, Position: 1}))
		want := [][]string{nil, {"two"}, {"one", "two"}, {"one", "two"}, {"one", "two"}}
		fresh, err := f.AwaitedCases(t.Context(), "applied", nil, 2)
		check(t, err)
		equal(t, []string{fresh[0].ID, fresh[1].ID}, []string{ids[4], ids[3]})
		var got []storage.AwaitedCase
		for after := (storage.AwaitedCase{}); ; after = got[len(got)-1] {
			page, err := f.AwaitedCases(t.Context(), "applied", &after, 2)
			check(t, err)
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
		}
		for n, a := range got {
			equal(t, a, storage.AwaitedCase{ID: ids[n], At: f.now.Add(time.Duration(n) * time.Second), Unheard: want[n]})
		}
		equal(t, len(got), many)
		none, err := f.AwaitedCases(t.Context(), "propagated", nil, 10)
		check(t, err)
		equal(t, len(none), 0)
	},
}
