package correction

import "time"

// Policy is what a nation may set.
type Policy struct {
	// Approvals is how many officers besides the one who proposes have to approve, by decision; 1 if it is not listed.
	Approvals map[Decision]int
	// Due is how long a case may take, by kind.
	Due map[Kind]time.Duration
	// BreakGlass is how long a hold lies that one officer placed alone.
	BreakGlass time.Duration
	// Appeal is how long after its end a case can be appealed against.
	Appeal time.Duration
}

const day = 24 * time.Hour

// DefaultPolicy returns the policy of an issuer that sets none.
func DefaultPolicy() Policy {
	return Policy{
		Approvals: map[Decision]int{Merge: 2, Split: 2, Deactivate: 2, Undo: 2},
		Due: map[Kind]time.Duration{
			KindTakeover: day, KindLink: 2 * day, KindCollision: 3 * day, KindLifecycle: 5 * day, KindAttribute: 10 * day, KindDuplicate: 10 * day,
			KindConflict: 10 * day, KindEncoding: 30 * day,
		},
		BreakGlass: time.Hour,
		Appeal:     60 * day,
	}
}

func (p Policy) approvals(d Decision) int { return max(1, p.Approvals[d]) }

// Priorities: the higher the sooner.
const (
	PriorityLow    = 0
	PriorityNormal = 1
	PriorityHigh   = 2
	PriorityUrgent = 3
)

// priority is where a case of a kind begins.
func priority(k Kind) int {
	switch k {
	case KindTakeover:
		return PriorityUrgent
	case KindLink, KindCollision:
		return PriorityHigh
	case KindEncoding: // everybody is who they are, and signs in
		return PriorityLow
	case KindAttribute, KindDuplicate, KindLifecycle, KindConflict:
	}
	return PriorityNormal
}
