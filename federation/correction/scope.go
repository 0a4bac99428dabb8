package correction

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"manyou/storage"
)

// concerns holds a proposal to the case that it is made in: a case is no way to reach somebody whom it is not about, nor a decision that
// was taken elsewhere. [ErrProposal]; [ErrRegion] where the case names nobody, and the officer does not work for the person's region.
func (q *Queue) concerns(ctx context.Context, o Officer, c *Case, p *Proposal) error {
	if p.Decision == Undo && !slices.ContainsFunc(c.Body.Decided, func(d Proposal) bool { return d.ID == p.Undo }) {
		return ErrProposal
	}
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
	_, err := q.relies(ctx, c, p)
	return err
}

// relies finds the merge by which a proposal is about a person of its case, who was found to be another since; nil if it names the person as
// the case does. [ErrProposal] if the case is about nobody whom it names.
func (q *Queue) relies(ctx context.Context, c *Case, p *Proposal) (*storage.Merge, error) {
	about, named := c.about(), []string{p.Person}
	if p.Decision == Merge { // of two records that are one either may be the one that stays
		named = append(named, p.Other)
	}
	if slices.ContainsFunc(named, func(id string) bool { return slices.Contains(about, id) }) {
		return nil, nil
	}
	for _, id := range about {
		found, err := q.Found(ctx, id)
		if err != nil {
			return nil, err
		}
		if slices.Contains(named, found) {
			return &storage.Merge{From: id, Into: found}, nil
		}
	}
	return nil, ErrProposal
}

// stillConcerned holds a proposal to its case once more, as it is approved. A merge that it goes by has to be so in the transaction that writes
// it, too. [storage.ErrConflict].
func (q *Queue) stillConcerned(ctx context.Context, s *step, p *Proposal) error {
	if s.c.PersonID == "" {
		return nil
	}
	m, err := q.relies(ctx, s.c, p)
	if errors.Is(err, ErrProposal) {
		return fmt.Errorf("%w: whom it is about is no longer whom the case is about", storage.ErrConflict)
	}
	if m != nil {
		s.still = append(s.still, *m)
	}
	return err
}

// Found is who a record was found to be since: itself if it was merged into none. Storage keeps those who were merged before next to the one
// who stays, so that there is one step to follow however many there were.
func (q *Queue) Found(ctx context.Context, id string) (string, error) {
	if id == "" {
		return "", nil
	}
	p, err := q.resolved(ctx, id)
	if err != nil {
		return id, ignoreMissing(err)
	}
	return p.ID, nil
}

// About lists whom a case is, or was, about, as [Case.Persons] does, each followed by whom they were found to be since.
func (q *Queue) About(ctx context.Context, c *Case) (list []string, err error) {
	for _, id := range c.Persons() {
		found, err := q.Found(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, one := range []string{id, found} {
			if !slices.Contains(list, one) {
				list = append(list, one)
			}
		}
	}
	return list, nil
}
