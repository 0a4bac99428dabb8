package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"manyou/storage"
)

// filing returns the step that files a case.
func (f *fixture) filing(person string) storage.CaseStep {
	return storage.CaseStep{
		Case: storage.Case{
			ID: text(), Number: text()[:8], Kind: "wrong_link", Reason: "people", Topic: "wrong_link", State: "filed", Open: true, PersonID: person, Region: "51",
			Priority: 2, Filer: "application:sc", FiledAt: f.now, DueAt: f.now.Add(72 * time.Hour), UpdatedAt: f.now, Body: []byte(`{"said":"阿依努尔"}`),
		},
		Events: []storage.CaseEvent{{At: f.now, What: "filed", Actor: "application:sc", Body: []byte(`{}`)}},
		Audit:  func(seq int64) ([]byte, error) { return fmt.Appendf(nil, "record %d", seq), nil },
	}
}

// filed files a case and returns it as it was stored.
func (f *fixture) filed(t *testing.T, step storage.CaseStep) storage.Case {
	t.Helper()
	check(t, f.StepCase(t.Context(), step))
	c := step.Case
	c.Version = 1
	return c
}

// next returns a step of a case to a state.
func (f *fixture) next(c storage.Case, state string) storage.CaseStep {
	step := f.filing(c.PersonID)
	step.Case = c
	step.Case.State, step.Events[0].What = state, state
	return step
}

var caseCases = map[string]func(*testing.T, *fixture){
	"StepCase/of two steps at once one is taken, with all that belongs to it": func(t *testing.T, f *fixture) {
		p, s := f.signedIn(t)
		c := f.filed(t, f.filing(p.ID))
		got, err := f.Case(t.Context(), c.ID)
		check(t, err)
		equal(t, got, c)
		oneWinner(t, 6, storage.ErrConflict, func(ctx context.Context, i int) error {
			step := f.next(c, "in_review")
			step.Case.Assignee = fmt.Sprint("officer ", i)
			step.Place = []storage.Hold{f.hold(p.ID, storage.HoldFreeze)}
			return f.StepCase(ctx, step)
		})
		got, err = f.CaseByNumber(t.Context(), c.Number)
		check(t, err)
		if got.Version != 2 || got.State != "in_review" {
			t.Errorf("%+v", got)
		}
		holds, err := f.HoldsOf(t.Context(), p.ID)
		check(t, err)
		events, err := f.CaseEvents(t.Context(), c.ID)
		check(t, err)
		size, _, err := f.AuditRoot(t.Context())
		check(t, err)
		live, err := f.Session(t.Context(), s.ID, s.ExpiresAt)
		check(t, err)
		if len(holds) != 1 || len(events) != 2 || size != 2 || live.Stands(f.now) {
			t.Errorf("%d holds, %d events, %d records, stands: %t", len(holds), len(events), size, live.Stands(f.now))
		}
		equal(t, events[0], storage.CaseEvent{Seq: 1, At: f.now, What: "filed", Actor: "application:sc", Body: []byte(`{}`)})
	},
	"StepCase/writes nothing if a part of it fails": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		c := f.filed(t, f.filing(p.ID))
		refusal := errors.New("no")
		for name, spoil := range map[string]struct {
			how  func(*storage.CaseStep)
			want error
		}{
			"a hold of nobody":         {func(s *storage.CaseStep) { s.Place = append(s.Place, f.hold("nobody", storage.HoldFreeze)) }, storage.ErrNotFound},
			"a hold that does not lie": {func(s *storage.CaseStep) { s.Confirm = []string{"none"} }, storage.ErrConflict},
			"a hold that never was":    {func(s *storage.CaseStep) { s.Lift = []storage.HoldLift{{ID: "none"}} }, storage.ErrNotFound},
			"another name than expected": {func(s *storage.CaseStep) {
				s.Correction = &storage.Correction{ID: "d", Names: []storage.Rename{{PersonID: p.ID, From: "somebody", To: "else"}}}
			}, storage.ErrConflict},
			"a link that is not there": {func(s *storage.CaseStep) {
				s.Correction = &storage.Correction{ID: "d", Moves: []storage.Move{{What: storage.MoveLink, Issuer: "https://none.example", Subject: "s", From: p.ID, To: p.ID}}}
			}, storage.ErrConflict},
			"an earlier version": {func(s *storage.CaseStep) { s.Case.Version = 7 }, storage.ErrConflict},
			"no record":          {func(s *storage.CaseStep) { s.Audit = func(int64) ([]byte, error) { return nil, refusal } }, refusal},
		} {
			step := f.next(c, "in_review")
			step.Place = []storage.Hold{f.hold(p.ID, storage.HoldFreeze)}
			spoil.how(&step)
			if err := f.StepCase(t.Context(), step); !errors.Is(err, spoil.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		got, err := f.Case(t.Context(), c.ID)
		check(t, err)
		equal(t, got, c)
		person, err := f.Person(t.Context(), p.ID)
		check(t, err)
		equal(t, person.Status, storage.PersonActive)
		size, _, err := f.AuditRoot(t.Context())
		check(t, err)
		equal(t, size, int64(1))
	},
	"StepCase/joins what is open, and ends nothing that others joined as if it were one's own": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		first := f.filed(t, f.filing(p.ID))
		joining := func(to string) storage.CaseStep {
			step := f.filing(p.ID)
			step.Case.DuplicateOf, step.Joins = to, to
			return step
		}
		equal(t, f.StepCase(t.Context(), joining("nothing")), storage.ErrConflict)
		f.filed(t, joining(first.ID))
		end := f.next(first, "withdrawn")
		end.Case.Open, end.Alone = false, true
		equal(t, f.StepCase(t.Context(), end), storage.ErrConflict)
		end.Alone = false
		check(t, f.StepCase(t.Context(), end))
		equal(t, f.StepCase(t.Context(), joining(first.ID)), storage.ErrConflict)
		second := f.filed(t, f.filing(p.ID))
		end = f.next(second, "withdrawn")
		end.Case.Open, end.Alone = false, true
		oneWinner(t, 2, storage.ErrConflict, func(ctx context.Context, i int) error {
			if i == 0 {
				return f.StepCase(ctx, end)
			}
			return f.StepCase(ctx, joining(second.ID))
		})
	},
	"StepCase/of many who file about one person and topic one has the case": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		oneWinner(t, 8, storage.ErrConflict, func(ctx context.Context, _ int) error { return f.StepCase(ctx, f.filing(p.ID)) })
		open, err := f.CasesOf(t.Context(), p.ID, 10)
		check(t, err)
		first := open[0]
		again := f.filing(p.ID)
		again.Case.DuplicateOf = first.ID
		f.filed(t, again)
		other := f.filing(p.ID)
		other.Case.Topic = "wrong_attribute name"
		f.filed(t, other)
		joined, err := f.DuplicatesOf(t.Context(), first.ID, 10)
		check(t, err)
		equal(t, len(joined), 1)
		counts, err := f.CountCases(t.Context())
		check(t, err)
		equal(t, counts, []storage.CaseCount{{Region: "51", Kind: "wrong_link", State: "filed", N: 2}})
		closed, err := f.Case(t.Context(), first.ID)
		check(t, err)
		step := f.next(closed, "closed")
		step.Case.Open = false
		check(t, f.StepCase(t.Context(), step))
		f.filed(t, f.filing(p.ID)) // the next one is a case of its own
		counts, err = f.CountCases(t.Context())
		check(t, err)
		equal(t, counts, []storage.CaseCount{
			{Region: "51", Kind: "wrong_link", State: "closed", N: 1}, {Region: "51", Kind: "wrong_link", State: "filed", N: 2},
		})
		mine, err := f.CasesFiledBy(t.Context(), "application:sc", 10)
		check(t, err)
		equal(t, len(mine), 4)
	},
	"ListCases/gives those that were asked for, the most urgent first, page by page": func(t *testing.T, f *fixture) {
		var want []string
		for _, c := range []struct {
			priority int
			due      time.Duration
			region   string
			kind     string
			assignee string
		}{
			{3, 2 * time.Hour, "33", "takeover", ""}, {3, 5 * time.Hour, "51", "takeover", "me"},
			{1, time.Hour, "33", "collision", ""}, {0, 9 * time.Hour, "11", "collision", "me"},
		} {
			step := f.filing("")
			step.Case.Priority, step.Case.DueAt, step.Case.Region, step.Case.Kind = c.priority, f.now.Add(c.due), c.region, c.kind
			step.Case.Assignee = c.assignee
			want = append(want, f.filed(t, step).ID)
		}
		ages, err := f.CaseAges(t.Context(), f.now.Add(3*time.Hour))
		check(t, err)
		equal(t, ages, []storage.CaseAge{
			{Region: "11", Kind: "collision", Open: 1, Oldest: f.now}, {Region: "33", Kind: "collision", Open: 1, Overdue: 1, Oldest: f.now},
			{Region: "33", Kind: "takeover", Open: 1, Overdue: 1, Oldest: f.now}, {Region: "51", Kind: "takeover", Open: 1, Oldest: f.now},
		})
		closed := f.filing("")
		closed.Case.Open, closed.Case.State = false, "closed"
		last := f.filed(t, closed).ID
		for name, c := range map[string]struct {
			filter storage.CaseFilter
			want   []string
		}{
			"all that are open":  {storage.CaseFilter{}, want},
			"of one region":      {storage.CaseFilter{Regions: []string{"33"}}, []string{want[0], want[2]}},
			"of several regions": {storage.CaseFilter{Regions: []string{"33", "11"}}, []string{want[0], want[2], want[3]}},
			"of a kind":          {storage.CaseFilter{Kind: "collision"}, want[2:]},
			"of a reason":        {storage.CaseFilter{Reason: "people"}, want},
			"of no such reason":  {storage.CaseFilter{Reason: "variant"}, nil},
			"mine":               {storage.CaseFilter{Assignee: "me"}, []string{want[1], want[3]}},
			"overdue":            {storage.CaseFilter{Overdue: true, Now: f.now.Add(3 * time.Hour)}, []string{want[0], want[2]}},
			"of a state":         {storage.CaseFilter{State: "closed"}, []string{last}},
		} {
			var got []string
			for {
				page, err := f.ListCases(t.Context(), c.filter, 1)
				check(t, err)
				if len(page) == 0 {
					break
				}
				got = append(got, page[0].ID)
				c.filter.After = &page[0]
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: %v", name, got)
			}
		}
	},
}
