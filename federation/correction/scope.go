package correction

import (
	"context"
	"slices"
)

// concerns holds a proposal to the case that it is made in: a case is no way to reach somebody whom it is not about, nor a decision that
// was taken elsewhere. [ErrProposal]; [ErrRegion] where the case names nobody, and the officer does not work for the person's region.
func (q *Queue) concerns(ctx context.Context, o Officer, c *Case, p *Proposal) error {
	if p.Decision == Undo && !slices.ContainsFunc(c.Body.Decided, func(d Proposal) bool { return d.ID == p.Undo }) {
		return ErrProposal
	}
	about := c.persons()
	if c.PersonID == "" {
		person, err := q.Store.Person(ctx, p.Person)
		if err != nil {
			if ignoreMissing(err) == nil {
				return ErrProposal
			}
			return err
		}
		if !slices.Contains(o.Regions, everywhere) && !slices.Contains(o.Regions, person.Region) {
			return ErrRegion
		}
		return nil
	}
	for _, id := range slices.Clone(about) {
		found, err := q.resolved(ctx, id)
		if err != nil {
			if err = ignoreMissing(err); err != nil {
				return err
			}
			continue
		}
		about = append(about, found.ID)
	}
	// Of two records that are one either may be the one that stays.
	if !slices.Contains(about, p.Person) && (p.Decision != Merge || !slices.Contains(about, p.Other)) {
		return ErrProposal
	}
	return nil
}
