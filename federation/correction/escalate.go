package correction

import (
	"context"
	"errors"
	"time"

	"manyou/storage"
)

// Escalate makes a case more urgent, by one.
func (q *Queue) Escalate(ctx context.Context, o Officer, c *Case, why string) error {
	if err := q.mayDecide(ctx, o, c, nil); err != nil {
		return err
	}
	c.Priority = min(c.Priority+1, PriorityUrgent)
	return q.say(ctx, c, EventEscalated, o.actor(), why)
}

// EscalateOverdue makes cases whose time is over more urgent, by one, and returns how many: each once in every period that a case of its
// kind may take, so that a case that nobody takes up does not stay behind for ever. It is called again and again. The time by which the
// case was due stays as it is.
func (q *Queue) EscalateOverdue(ctx context.Context) (n int, err error) {
	list, err := q.Store.CasesToRemind(ctx, q.Clock(), maxEscalated)
	if err != nil {
		return 0, err
	}
	var bad error // one case that cannot be read keeps no other waiting
	for _, id := range list {
		c, err := q.Find(ctx, id)
		if err != nil {
			bad = err
			continue
		}
		s, err := begin(c, EventEscalated, actorSystem, "")
		if err != nil {
			if !errors.Is(err, ErrState) { // decided since the list was read
				bad = err
			}
			continue
		}
		c.Priority = min(c.Priority+1, PriorityUrgent)
		next := q.due(c)
		s.remind = &next
		s.system(EventEscalated, Note{})
		if err := q.take(ctx, s); err != nil && !errors.Is(err, storage.ErrConflict) { // another node, or an officer, was faster
			bad = err
		} else if err == nil {
			n++
		}
	}
	return n, bad
}

// maxEscalated bounds how many cases are made more urgent in a round.
const maxEscalated = 100

// reminder says when a case is overdue that people begin to wait for with a step, and that nobody does any more.
func (s *step) reminder() {
	switch what := s.events[len(s.events)-1].What; {
	case s.remind != nil, s.c.DuplicateOf != "":
	case s.c.Version == 0, what == EventAppealed, what == EventReopened:
		s.remind = &s.c.DueAt
	case s.state != "" && !s.state.waits():
		s.remind = &time.Time{}
	}
}
