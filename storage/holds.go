package storage

import (
	"context"
	"time"
)

// HoldKind says what a hold does.
type HoldKind string

// The kinds of hold. Several of them may lie on one person at once; the strongest decides.
const (
	// HoldWatch changes nothing; what happens is looked at.
	HoldWatch HoldKind = "watch"
	// HoldStepUp lets only those sessions stand that were begun with a passkey.
	HoldStepUp HoldKind = "step_up"
	// HoldFreeze lets nothing stand, and nobody sign in.
	HoldFreeze HoldKind = "freeze"
	// HoldDeactivate is a freeze that is meant to last: the person died, or the record was cancelled.
	HoldDeactivate HoldKind = "deactivate"
)

// StepUpACR is the rung that a session needs under [HoldStepUp].
const StepUpACR = 3

// Hold is something that interferes with a person, or with one link of theirs. It has a life of its own: placed, perhaps confirmed,
// lifted or lapsed.
type Hold struct {
	ID       string
	PersonID string
	// Issuer and Subject name the link that it lies on; "" if it is the whole person. On a link there are [HoldWatch] and [HoldFreeze].
	Issuer, Subject string
	Kind            HoldKind
	// CaseID and Number are of the case that it belongs to, maybe one of another issuer.
	CaseID, Number string
	// Origin is the issuer that told of it; "" if it was decided here.
	Origin   string
	PlacedAt time.Time
	PlacedBy string
	// Until is when it lapses if nobody confirms it; zero: it does not.
	Until    time.Time
	LiftedAt time.Time // zero while it lies
	LiftedBy string
}

// Lies reports whether the hold has its effect.
func (h Hold) Lies() bool { return h.LiftedAt.IsZero() }

// HoldLift ends a hold.
type HoldLift struct {
	ID string
	By string
}

// HoldsSeen are the holds that lay on a person, or on one of those who were merged into them, when somebody looked, lifted or not.
type HoldsSeen struct {
	PersonID string
	IDs      []string
}

// Holds are what interferes with persons. Placing and lifting is one transaction with what follows from it: the person's status, the
// least rung, the link's status and, where what stood before no longer does, the epoch.
type Holds interface {
	// PlaceHold places a hold of no case of this issuer. One of that ID that exists stays as it is, lifted or not. ErrNotFound if there
	// is no such person or link, ErrConflict if the person was merged into another: there it would hold nobody.
	PlaceHold(ctx context.Context, h Hold) error
	// LiftHold lifts one; lifting again changes nothing. ErrNotFound; ErrConflict if it moves to another person meanwhile.
	LiftHold(ctx context.Context, l HoldLift, at time.Time) error
	// HoldsOf lists what lies on a person or lay there, oldest first.
	HoldsOf(ctx context.Context, personID string) ([]Hold, error)
	// LapsedHolds lists those that lie though their time is over, at most limit.
	LapsedHolds(ctx context.Context, now time.Time, limit int) ([]Hold, error)
}
