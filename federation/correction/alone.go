package correction

import (
	"context"
	"time"

	"manyou/storage"
)

// aloneAgain is how long an officer places no freeze alone on somebody whom they froze alone before, unless a second one looked at that.
const aloneAgain = 30 * day

// alone bounds what one officer does to a person alone, in whichever cases: who could freeze them again each hour would need no second one.
// It returns when the hold that they are about to place has to lapse, with the first of theirs that lies on something else of the person, and
// the holds by which that was found. [ErrSamePerson] if such a hold of theirs ended, in the last thirty days, and no second officer had confirmed it
// or lifted it, or if one lies on the same.
func (q *Queue) alone(ctx context.Context, o Officer, t Target, until time.Time) (time.Time, *storage.HoldsSeen, error) {
	now, seen := q.Clock(), &storage.HoldsSeen{PersonID: t.Person}
	records, err := q.Store.MergedInto(ctx, t.Person) // what ended before they were merged stayed there
	if err != nil {
		return until, nil, err
	}
	for _, id := range append([]string{t.Person}, records...) {
		holds, err := q.Store.HoldsOf(ctx, id)
		if err != nil {
			return until, nil, err
		}
		for _, h := range holds {
			seen.IDs = append(seen.IDs, h.ID)
			if h.Kind != storage.HoldFreeze || h.Until.IsZero() || now.Sub(h.PlacedAt) > aloneAgain {
				continue // it is no freeze, a second one confirmed it, or it is long ago
			}
			theirs, err := q.unseen(ctx, o, h)
			switch {
			case err != nil:
				return until, nil, err
			case !theirs:
			case !h.Lies(), !now.Before(h.Until), t.within(h):
				return until, nil, ErrSamePerson
			case h.Until.Before(until):
				until = h.Until
			}
		}
	}
	return until, seen, nil
}

// unseen reports whether a hold is an officer's own, by any record of theirs, and nobody else lifted it.
func (q *Queue) unseen(ctx context.Context, o Officer, h storage.Hold) (bool, error) {
	placer, ok := IsOfficer(h.PlacedBy)
	if !ok {
		return false, nil
	}
	if own, err := q.same(ctx, o.PersonID, placer); err != nil || !own {
		return false, err
	}
	lifter, ok := IsOfficer(h.LiftedBy)
	if !ok {
		return true, nil
	}
	return q.same(ctx, o.PersonID, lifter)
}

// within reports whether a hold lies on all of a target.
func (t Target) within(h storage.Hold) bool {
	return h.Issuer == "" || t.Link != nil && h.Issuer == t.Link.Issuer && h.Subject == t.Link.Subject
}
