package correction

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"manyou/storage"
)

// Take gives a case to the officer who takes it.
func (q *Queue) Take(ctx context.Context, o Officer, c *Case) error {
	if err := q.mayDecide(ctx, o, c, nil); err != nil {
		return err
	}
	s, err := begin(c, EventTaken, o.actor(), InReview)
	if err != nil {
		return err
	}
	c.Assignee = o.PersonID
	s.note(EventTaken, Note{})
	return q.take(ctx, s)
}

// Assign gives a case to another officer. Who may give: a supervisor, or who has it.
func (q *Queue) Assign(ctx context.Context, o, to Officer, c *Case) error {
	if err := o.supervises(c); err != nil && (c.Assignee != o.PersonID || o.works(c) != nil) {
		return err
	}
	if err := q.mayDecide(ctx, o, c, nil); err != nil {
		return err // nor does anybody choose who decides about them
	}
	if err := q.mayDecide(ctx, to, c, nil); err != nil {
		return err
	}
	s, err := begin(c, EventTaken, o.actor(), InReview)
	if err != nil {
		return err
	}
	c.Assignee = to.PersonID
	s.note(EventTaken, Note{To: to.PersonID})
	return q.take(ctx, s)
}

// Note writes something down. It changes nothing. [ErrSelf] if the case is about the officer.
func (q *Queue) Note(ctx context.Context, o Officer, c *Case, text string) error {
	if err := o.works(c); err != nil {
		return err
	}
	if err := q.unconcerned(ctx, o, c.persons()); err != nil { // each note has others look anew before they decide
		return err
	}
	return q.say(ctx, c, EventNoted, o.actor(), text)
}

func (q *Queue) say(ctx context.Context, c *Case, what, actor, text string) error {
	if err := checkText(text); err != nil {
		return err
	}
	s, err := begin(c, what, actor, "")
	if err != nil {
		return err
	}
	s.note(what, Note{Text: text})
	return q.take(ctx, s)
}

func checkText(text string) error {
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxText {
		return ErrTooLarge
	}
	return nil
}

// AddEvidence adds what a source says. Who adds it is its source.
func (q *Queue) AddEvidence(ctx context.Context, c *Case, e Evidence) error {
	e.File = nil // a file comes with its bytes: [Queue.AddFile]
	return q.addEvidence(ctx, c, e)
}

func (q *Queue) addEvidence(ctx context.Context, c *Case, e Evidence, files ...storage.CaseFile) error {
	if err := e.check(); err != nil {
		return err
	}
	s, err := begin(c, EventEvidence, e.Source, "")
	if err != nil {
		return err
	}
	if e.At.IsZero() {
		e.At = q.Clock()
	}
	c.Body.Evidence = append(slices.Clone(c.Body.Evidence), e)
	size, items := maxBody-keptDecision, maxEvidence
	if _, officer := IsOfficer(e.Source); !officer {
		size, items = maxBody-keptBody, maxEvidence-keptItems
	}
	raw, err := c.Body.encode()
	if err != nil {
		return err
	}
	if len(raw) > size || len(c.Body.Evidence) > items {
		return ErrTooLarge
	}
	s.files = files
	s.note(EventEvidence, Note{Evidence: &e})
	return q.take(ctx, s)
}

// Reject ends a case without a change. Its holds are lifted, but for those that were decided in it before; [ErrHold] if two officers
// confirmed one: then a thaw is proposed first.
func (q *Queue) Reject(ctx context.Context, o Officer, c *Case, why string) error {
	if err := q.mayDecide(ctx, o, c, nil); err != nil {
		return err
	}
	return q.end(ctx, c, EventRejected, o.actor(), why, Rejected)
}

// ErrJoined reports a case that is others' complaint, too, or another's appeal.
var ErrJoined = errors.New("correction: others complained of the same")

// Withdraw ends a case for the one who filed it. [ErrSelf] if that was somebody else, [ErrJoined] if it is others' case, too, or if others
// appealed against how it ended: they are to be heard. [ErrHold] if an officer holds somebody in it: that was not the filer's to begin, nor to end.
func (q *Queue) Withdraw(ctx context.Context, filer string, c *Case, why string) error {
	if filer != c.Filer {
		return ErrSelf
	}
	joined, err := q.Store.DuplicatesOf(ctx, c.ID, 1)
	if err != nil {
		return err
	}
	events, err := q.Store.CaseEvents(ctx, c.ID)
	if err != nil {
		return err
	}
	others := func(e storage.CaseEvent) bool { return e.What == EventAppealed && e.Actor != filer }
	if len(joined) > 0 || slices.ContainsFunc(events, others) {
		return ErrJoined
	}
	holds, err := q.holdsOf(ctx, c)
	if err != nil {
		return err
	}
	for _, h := range holds {
		if _, officer := IsOfficer(h.PlacedBy); officer && h.Lies() {
			return ErrHold
		}
	}
	return q.end(ctx, c, EventWithdrawn, filer, why, Withdrawn)
}

func (q *Queue) end(ctx context.Context, c *Case, what, actor, why string, to State) error {
	if err := checkText(why); err != nil {
		return err
	}
	s, err := begin(c, what, actor, to)
	if err != nil {
		return err
	}
	if err := q.liftEnding(ctx, &s); err != nil {
		return err
	}
	s.alone = to == Withdrawn // somebody may be joining it now
	c.Body.Proposal = nil
	s.note(what, Note{Text: why})
	return q.take(ctx, s)
}

// Reopen takes up a case again that had ended.
func (q *Queue) Reopen(ctx context.Context, o Officer, c *Case, why string) error {
	if err := o.supervises(c); err != nil {
		return err
	}
	if err := q.mayDecide(ctx, o, c, nil); err != nil {
		return err
	}
	if err := checkText(why); err != nil {
		return err
	}
	s, err := begin(c, EventReopened, o.actor(), Reopened)
	if err != nil {
		return err
	}
	c.Assignee, c.DueAt = "", q.due(c)
	s.note(EventReopened, Note{Text: why})
	return q.take(ctx, s)
}

func (q *Queue) due(c *Case) time.Time { return q.Clock().Add(q.Policy.Due[Kind(c.Kind)]) }

// Propagate notes that all regions have acknowledged what was decided, and Close that all applications have.
func (q *Queue) Propagate(ctx context.Context, c *Case) error {
	s, err := begin(c, EventPropagated, actorSystem, Propagated)
	if err != nil {
		return err
	}
	s.note(EventPropagated, Note{})
	return q.take(ctx, s)
}

// Close ends a case whose decision has arrived everywhere.
func (q *Queue) Close(ctx context.Context, c *Case) error {
	s, err := begin(c, EventClosed, actorSystem, Closed)
	if err != nil {
		return err
	}
	s.note(EventClosed, Note{})
	return q.take(ctx, s)
}

// IsOfficer reports whether an actor of the history is an officer, and who.
func IsOfficer(actor string) (person string, ok bool) { return strings.CutPrefix(actor, filerOfficer) }
