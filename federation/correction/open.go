package correction

import (
	"context"
	"slices"
	"strings"
	"time"

	"manyou/storage"
)

// open is the reason as anybody may read it in the database: what says something of the person is left out.
func (c *Case) open() string {
	if c.Body.Reason == ReasonDeceased || c.Body.Reason == ReasonCancelled {
		return ""
	}
	return c.Body.Reason
}

// SafeReasons lists what triage proposes by rule.
func SafeReasons() []string { return []string{ReasonVariant, ReasonPhoneTwice} }

// ByRule reports whether what is proposed is safe: a rule proposed it, and no officer proposed anything since.
func (c *Case) ByRule() bool {
	p := c.Body.Proposal
	return c.State() == Proposed && p != nil && p.By == actorSystem && slices.Contains(SafeReasons(), c.Body.Reason)
}

// Untouched reports whether a proposal waits as it was made: nobody but officers who approved has done or said anything in the case since, and no
// person has complained of the same. Else somebody reads it before they approve.
func (q *Queue) Untouched(ctx context.Context, c *Case) (bool, error) {
	events, err := q.Store.CaseEvents(ctx, c.ID)
	if err != nil {
		return false, err
	}
	since := time.Time{}
	for _, e := range slices.Backward(events) {
		if e.What == EventProposed {
			since = e.At
			break
		}
		if e.Actor != actorSystem && e.What != EventEndorsed {
			return false, nil
		}
	}
	joined, err := q.Store.DuplicatesOf(ctx, c.ID, maxCasesOf)
	said := func(j storage.Case) bool { return strings.HasPrefix(j.Filer, filerPerson) && !j.FiledAt.Before(since) }
	return len(joined) < maxCasesOf && !slices.ContainsFunc(joined, said), err
}

// May reports whether an event can come to the case as it stands, whoever brings it.
func (c *Case) May(event string) bool {
	return c.DuplicateOf == "" && slices.Contains(before[event], c.State())
}

// Persons lists whom the case is, or was, about, each once.
func (c *Case) Persons() (list []string) {
	for _, id := range c.persons() {
		if !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	return list
}

// Works reports whether an officer may change a case; nil if so, else [ErrRole] or [ErrRegion].
func (o Officer) Works(c *Case) error { return o.works(c) }

// Testify adds what an officer found out to the evidence.
func (q *Queue) Testify(ctx context.Context, o Officer, c *Case, said map[string]string) error {
	if err := q.mayDecide(ctx, o, c, nil); err != nil {
		return err
	}
	return q.AddEvidence(ctx, c, Evidence{Source: o.actor(), Said: said})
}

// Needed is how many officers besides the one who proposes have to approve of a decision.
func (q *Queue) Needed(d Decision) int { return q.Policy.approvals(d) }

// MayDecide reports whether an officer may decide a case, as it stands with what is proposed; nil if so, else [ErrRole], [ErrRegion] or
// [ErrSelf].
func (q *Queue) MayDecide(ctx context.Context, o Officer, c *Case) error {
	return q.mayDecide(ctx, o, c, c.Body.Proposal)
}
