package correction

import (
	"context"
	"fmt"
	"slices"

	"manyou/storage"
)

// Approve agrees to the proposal of another officer. With the last approval that the policy wants, it is applied in the same transaction. If
// what is stored changed since the proposal, so that it does not fit any more: [storage.ErrConflict], and nothing is written. [ErrHold] if two
// officers hold somebody in the case, and a rule proposed what one approves: it would let them in again.
func (q *Queue) Approve(ctx context.Context, o Officer, c *Case) error {
	p := c.Body.Proposal
	if p == nil {
		return ErrState
	}
	if err := q.mayDecide(ctx, o, c, p); err != nil {
		return err
	}
	s, err := begin(c, EventApproved, o.actor(), Proposed)
	if err != nil {
		return err
	}
	for _, earlier := range append([]string{p.By}, approvers(p)...) {
		person, ok := IsOfficer(earlier)
		if !ok {
			continue // a rule proposed it
		}
		same, err := q.same(ctx, o.PersonID, person)
		if err != nil {
			return err
		}
		if same {
			return ErrSamePerson
		}
	}
	agreed := *p
	agreed.Approvals = append(slices.Clone(p.Approvals), Approval{By: o.actor(), At: q.Clock()})
	c.Body.Proposal = &agreed
	if err := q.stillConcerned(ctx, &s, &agreed); err != nil {
		return err
	}
	distinct, err := q.distinct(ctx, &agreed)
	if err != nil {
		return err
	}
	if distinct < q.Policy.approvals(p.Decision) {
		s.note(EventEndorsed, Note{})
		return q.take(ctx, s)
	}
	if _, officer := IsOfficer(agreed.By); !officer {
		if err := q.stillSafe(ctx, c, &agreed, distinct); err != nil {
			return err
		}
	}
	s.note(EventApproved, Note{})
	if err := q.apply(ctx, &s, &agreed); err != nil {
		return err
	}
	return q.take(ctx, s)
}

// stillSafe holds what a rule proposed to what is so as it is applied. [ErrHold] if one officer approved and two hold somebody in the case,
// [storage.ErrConflict] if the number is by now the only way in of whom it is taken from: then people propose.
func (q *Queue) stillSafe(ctx context.Context, c *Case, p *Proposal, approved int) error {
	if approved < 2 {
		if err := q.heldByTwo(ctx, c); err != nil {
			return err
		}
	}
	if p.Credential == "" {
		return nil
	}
	list, err := q.Store.CredentialsOf(ctx, p.Person)
	if err == nil && WaysLeft(list, p.Phone) == 0 {
		err = fmt.Errorf("%w: it is their only way in", storage.ErrConflict)
	}
	return err
}

// distinct is how many people approved besides the one who proposed: of officers who were found to be one person since, one counts.
func (q *Queue) distinct(ctx context.Context, p *Proposal) (n int, err error) {
	for at, a := range p.Approvals {
		person, _ := IsOfficer(a.By)
		counts := true
		for _, earlier := range append([]string{p.By}, approvers(p)[:at]...) {
			other, ok := IsOfficer(earlier)
			if !ok {
				continue // a rule proposed it
			}
			same, err := q.same(ctx, person, other)
			if err != nil {
				return 0, err
			}
			counts = counts && !same
		}
		if counts {
			n++
		}
	}
	return n, nil
}

func approvers(p *Proposal) (list []string) {
	for _, a := range p.Approvals {
		list = append(list, a.By)
	}
	return list
}
