package storage

import (
	"context"
	"time"
)

// Memberships are decisions about whole issuers. Each is one transaction: all of it, or nothing.
type Memberships interface {
	// Admit moves an invitation from requested to approved, registers its issuer and vouches for it. ErrUsed if the invitation does not
	// wait any more, or is not what was looked at: another issuer, other keys, another report. ErrConflict if another issuer holds the
	// region.
	Admit(ctx context.Context, i Invitation, u Upstream, s Subordinate) error
	// SuspendIssuer closes sign-in at an issuer, vouches for it no more if it is a subordinate, and ends what came from there, as
	// [Sessions.EndSessionsFrom]. It returns how many sessions that were. ErrNotFound.
	SuspendIssuer(ctx context.Context, issuer string, at time.Time) (int64, error)
	// ResumeIssuer opens sign-in at an issuer, and vouches for it again if it is a subordinate. ErrNotFound.
	ResumeIssuer(ctx context.Context, issuer string, at time.Time) error
}
