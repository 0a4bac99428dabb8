package correction

import (
	"context"
	"errors"
	"slices"

	"manyou/storage"
)

// Appeal objects to how a case ended: by whom it is about or by who filed it, within [Policy.Appeal].
func (q *Queue) Appeal(ctx context.Context, by string, c *Case, why string) error {
	if by != c.Filer && by != filerPerson+c.PersonID {
		return ErrSelf
	}
	if q.Clock().After(c.UpdatedAt.Add(q.Policy.Appeal)) {
		return ErrState
	}
	return q.appeal(ctx, by, c, why)
}

func (q *Queue) appeal(ctx context.Context, by string, c *Case, why string) error {
	if err := checkText(why); err != nil {
		return err
	}
	s, err := begin(c, EventAppealed, by, Appealed)
	if err != nil {
		return err
	}
	c.Assignee, c.Priority, c.DueAt = "", max(c.Priority, PriorityHigh), q.due(c)
	s.note(EventAppealed, Note{Text: why})
	return q.take(ctx, s)
}

// hear takes what a person complains of as an appeal if it joined a case about them whose decision is on its way. There nobody would look at it
// any more, and that may be for as long as a region does not answer.
func (q *Queue) hear(ctx context.Context, to, person string, joined *Case) error {
	found, err := q.Found(ctx, person)
	if err != nil {
		return err
	}
	for range fileAttempts {
		c, err := q.Find(ctx, to)
		if err != nil {
			return err
		}
		later := func(d Proposal) bool { return d.AppliedAt.After(joined.FiledAt) } // it was heard, and decided again
		if c.PersonID != found || c.State() != Applied && c.State() != Propagated || slices.ContainsFunc(c.Body.Decided, later) {
			return nil
		}
		if err := q.appeal(ctx, filerPerson+found, c, joined.Body.Statement); !errors.Is(err, storage.ErrConflict) {
			return err
		}
	}
	return nil // it goes from step to step, and somebody sees that this one joined it
}
