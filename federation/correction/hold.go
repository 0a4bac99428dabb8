package correction

import (
	"context"
	"errors"
	"strings"
	"time"

	"manyou/storage"
)

// Target is what a hold lies on: a person, or one link of theirs.
type Target struct {
	Person string `json:"person"`
	Link   *Link  `json:"link,omitempty"`
}

// ErrHold reports a hold that cannot be placed so.
var ErrHold = errors.New("correction: no such hold on that")

// Freeze is the break-glass: one officer freezes a person or a link at once. If no second one confirms it in [Policy.BreakGlass], it lapses, and
// the same officer places no other in any case about the person, until a second one looked, for thirty days: [ErrSamePerson].
func (q *Queue) Freeze(ctx context.Context, o Officer, c *Case, t Target, why string) error {
	return q.hold(ctx, o, c, t, storage.HoldFreeze, q.Clock().Add(q.Policy.BreakGlass), why)
}

// StepUp asks a person for a passkey from now on.
func (q *Queue) StepUp(ctx context.Context, o Officer, c *Case, why string) error {
	return q.hold(ctx, o, c, Target{Person: c.PersonID}, storage.HoldStepUp, time.Time{}, why)
}

func (q *Queue) hold(ctx context.Context, o Officer, c *Case, t Target, kind storage.HoldKind, until time.Time, why string) error {
	if err := checkText(why); err != nil {
		return err
	}
	still, err := q.holdable(ctx, c, t.Person)
	if err != nil {
		return err
	}
	if err := q.mayDecide(ctx, o, c, &Proposal{Person: t.Person}); err != nil {
		return err
	}
	s, err := begin(c, EventHeld, o.actor(), "")
	if err != nil {
		return err
	}
	if t.Person = still.Into; still.From != still.Into {
		s.still = append(s.still, still)
	}
	if until.IsZero() {
		err = q.heldSo(ctx, c, t, kind)
	} else {
		until, s.seen, err = q.alone(ctx, o, t, until)
	}
	if err != nil {
		return err
	}
	if err := q.place(&s, t, kind, until, o.actor()); err != nil {
		return err
	}
	s.notes[len(s.notes)-1].Text = why
	return q.take(ctx, s)
}

// heldSo refuses with [ErrHold] what lies there in the case already.
func (q *Queue) heldSo(ctx context.Context, c *Case, t Target, kind storage.HoldKind) error {
	list, err := q.Store.HoldsOf(ctx, t.Person)
	if err != nil {
		return err
	}
	for _, h := range list {
		if h.CaseID == c.ID && h.Kind == kind && h.Issuer == "" && h.Lies() {
			return ErrHold
		}
	}
	return nil
}

// holdable finds whom a hold in a case would lie on: one of the two whom it is about, or whoever they were found to be since it was filed. A case
// is no way to reach anybody else: [ErrHold].
func (q *Queue) holdable(ctx context.Context, c *Case, person string) (storage.Merge, error) {
	for _, id := range []string{c.PersonID, c.Body.Other} {
		if id == "" || person == "" {
			continue
		}
		found, err := q.Found(ctx, id)
		if err != nil {
			return storage.Merge{}, err
		}
		if person == id || person == found {
			return storage.Merge{From: id, Into: found}, nil
		}
	}
	return storage.Merge{}, ErrHold
}

// place adds a hold to a step.
func (q *Queue) place(s *step, t Target, kind storage.HoldKind, until time.Time, by string) error {
	id, err := q.newID()
	if err != nil {
		return err
	}
	h := storage.Hold{
		ID: id, PersonID: t.Person, Kind: kind, CaseID: s.c.ID, Number: s.c.Number, PlacedAt: q.Clock(), PlacedBy: by, Until: until,
	}
	if t.Link != nil {
		if kind != storage.HoldFreeze && kind != storage.HoldWatch {
			return ErrHold
		}
		h.Issuer, h.Subject = t.Link.Issuer, t.Link.Subject
	}
	s.place = append(s.place, h)
	s.events = append(s.events, storage.CaseEvent{What: EventHeld, Actor: by})
	s.notes = append(s.notes, Note{Hold: &HoldNote{ID: id, Kind: string(kind), Until: until}})
	return nil
}

// Confirm makes a hold stay that another officer placed alone. [ErrSamePerson] if it was the same one; [storage.ErrConflict] if it is too late.
func (q *Queue) Confirm(ctx context.Context, o Officer, c *Case, hold string) error {
	if err := q.mayDecide(ctx, o, c, nil); err != nil {
		return err
	}
	s, err := begin(c, EventConfirmed, o.actor(), "")
	if err != nil {
		return err
	}
	h, err := q.lying(ctx, c, hold)
	if err != nil {
		return err
	}
	if h.Until.IsZero() {
		return ErrHold
	}
	placer, _ := IsOfficer(h.PlacedBy)
	same, err := q.same(ctx, o.PersonID, placer)
	if err != nil {
		return err
	}
	if same {
		return ErrSamePerson
	}
	s.confirm = []string{h.ID}
	s.note(EventConfirmed, Note{Hold: &HoldNote{ID: h.ID, Kind: string(h.Kind)}})
	return q.take(ctx, s)
}

// Lift ends a hold of a case.
func (q *Queue) Lift(ctx context.Context, o Officer, c *Case, hold, why string) error {
	if err := checkText(why); err != nil {
		return err
	}
	if err := q.mayDecide(ctx, o, c, nil); err != nil {
		return err
	}
	s, err := begin(c, EventLifted, o.actor(), "")
	if err != nil {
		return err
	}
	h, err := q.lying(ctx, c, hold)
	if err != nil {
		return err
	}
	if byTwo(h) {
		return ErrHold // so two have to: a thaw or a reinstatement is proposed
	}
	s.lift = []storage.HoldLift{{ID: h.ID, By: o.actor()}}
	s.note(EventLifted, Note{Text: why, Hold: &HoldNote{ID: h.ID, Kind: string(h.Kind)}})
	return q.take(ctx, s)
}

// decided reports whether a hold is what a decision placed, and byTwo whether more than one decided that it stays.
func decided(h storage.Hold) bool { return strings.HasPrefix(h.PlacedBy, actorSystem+":") }

func byTwo(h storage.Hold) bool {
	return h.Kind == storage.HoldDeactivate || h.Kind == storage.HoldFreeze && h.Until.IsZero() && h.PlacedBy != actorSystem
}

// liftEnding adds the lifting of what a case held, as it ends without a decision. What was decided in it before stays as it is: turning an
// appeal down changes nothing. [ErrHold] if two officers confirmed a hold, which is no one's to lift alone.
func (q *Queue) liftEnding(ctx context.Context, s *step) error {
	if err := q.heldByTwo(ctx, s.c); err != nil {
		return err
	}
	return q.liftAll(ctx, s, func(h storage.Hold) bool { return !byTwo(h) })
}

// heldByTwo refuses with [ErrHold] what one person is about to end if two officers confirmed a hold in it.
func (q *Queue) heldByTwo(ctx context.Context, c *Case) error {
	list, err := q.holdsOf(ctx, c)
	if err != nil {
		return err
	}
	for _, h := range list {
		if h.Lies() && byTwo(h) && !decided(h) {
			return ErrHold
		}
	}
	return nil
}

// lying finds a hold of a case that lies. [ErrHold].
func (q *Queue) lying(ctx context.Context, c *Case, id string) (storage.Hold, error) {
	list, err := q.holdsOf(ctx, c)
	if err != nil {
		return storage.Hold{}, err
	}
	for _, h := range list {
		if h.ID == id && h.Lies() {
			return h, nil
		}
	}
	return storage.Hold{}, ErrHold
}

// holdsOf lists the holds that a case placed, on whomever they lie now.
func (q *Queue) holdsOf(ctx context.Context, c *Case) (list []storage.Hold, err error) {
	seen := map[string]bool{}
	for _, person := range c.persons() {
		p, err := q.resolved(ctx, person)
		if err != nil {
			if err = ignoreMissing(err); err != nil {
				return nil, err
			}
			continue
		}
		for _, id := range []string{person, p.ID} {
			if seen[id] {
				continue
			}
			seen[id] = true
			holds, err := q.Store.HoldsOf(ctx, id)
			if err != nil {
				return nil, err
			}
			for _, h := range holds {
				if h.CaseID == c.ID {
					list = append(list, h)
				}
			}
		}
	}
	return list, nil
}

// persons are those whom a case is, or was, about, and whom what is proposed in it would change.
func (c *Case) persons() []string {
	list := c.about()
	if c.Body.Proposal != nil {
		for _, id := range c.Body.Proposal.persons() {
			if id != "" {
				list = append(list, id)
			}
		}
	}
	return list
}

// about are those whom a case is about, and those whom decisions in it have changed.
func (c *Case) about() []string {
	list := []string{}
	add := func(ids ...string) {
		for _, id := range ids {
			if id != "" {
				list = append(list, id)
			}
		}
	}
	add(c.PersonID, c.Body.Other)
	for _, p := range c.Body.Decided {
		add(p.persons()...)
	}
	return list
}

// liftAll adds the lifting of a case's holds to a step.
func (q *Queue) liftAll(ctx context.Context, s *step, which func(storage.Hold) bool) error {
	list, err := q.holdsOf(ctx, s.c)
	if err != nil {
		return err
	}
	for _, h := range list {
		if h.Lies() && which(h) {
			s.lift = append(s.lift, storage.HoldLift{ID: h.ID, By: s.actor})
		}
	}
	return nil
}

// Lapse lifts the holds that nobody confirmed in time, and returns how many. It is called again and again.
func (q *Queue) Lapse(ctx context.Context) (n int, err error) {
	list, err := q.Store.LapsedHolds(ctx, q.Clock(), maxLapse)
	if err != nil {
		return 0, err
	}
	var bad error // one case that cannot be read keeps no other waiting
	for _, h := range list {
		c, err := q.Find(ctx, h.CaseID)
		if err != nil {
			bad = err
			continue
		}
		s := step{c: c, actor: actorSystem, lift: []storage.HoldLift{{ID: h.ID, By: actorSystem}}}
		s.system(EventLapsed, Note{Hold: &HoldNote{ID: h.ID, Kind: string(h.Kind)}})
		// Somebody confirmed it, or another node was faster.
		if err := q.take(ctx, s); err != nil && !errors.Is(err, storage.ErrConflict) {
			bad = err
		} else if err == nil {
			n++
		}
	}
	return n, bad
}

const maxLapse = 100
