package relational

import (
	"context"
	"time"

	"manyou/storage"
)

// Admit implements [storage.Memberships]. The invitation is moved first: of a decision and its opposite at once, one finds it moved.
func (s *Store) Admit(ctx context.Context, i storage.Invitation, u storage.Upstream, b storage.Subordinate) error {
	return s.inTx(ctx, func(tx Executor) error {
		if err := one(ctx, tx, storage.ErrUsed, `UPDATE invitations SET status = $2, updated_at = $3
			WHERE id = $1 AND status = $4 AND issuer = $5 AND jwks = $6 AND report = $7`,
			i.ID, string(storage.InvitationApproved), millis(b.UpdatedAt), string(storage.InvitationRequested), i.Issuer, i.JWKS, i.Report); err != nil {
			return err
		}
		if err := s.putUpstream(ctx, tx, u); err != nil {
			return err
		}
		return s.putSubordinate(ctx, tx, b)
	})
}

// SuspendIssuer implements [storage.Memberships].
func (s *Store) SuspendIssuer(ctx context.Context, issuer string, at time.Time) (ended int64, err error) {
	condition, word, args := fromIssuer(issuer, at)
	err = s.inTx(ctx, func(tx Executor) error {
		if err := standing(ctx, tx, issuer, storage.UpstreamSuspended, storage.SubordinateSuspended, at); err != nil {
			return err
		}
		ended, err = endSessions(ctx, tx, condition, word, args)
		return err
	})
	if err != nil {
		return 0, err
	}
	// What was being written while it was decided did not see the decision. It is there by now.
	late, err := s.endSessionsWhere(ctx, condition, word, args)
	return ended + late, err
}

// ResumeIssuer implements [storage.Memberships].
func (s *Store) ResumeIssuer(ctx context.Context, issuer string, at time.Time) error {
	return s.inTx(ctx, func(tx Executor) error {
		return standing(ctx, tx, issuer, storage.UpstreamActive, storage.SubordinateActive, at)
	})
}

// standing changes what an issuer is here, and as what it is vouched for if it is an entity.
func standing(ctx context.Context, tx Executor, issuer string, u storage.UpstreamStatus, b storage.SubordinateStatus, at time.Time) error {
	if err := one(ctx, tx, storage.ErrNotFound, `UPDATE upstreams SET status = $2 WHERE issuer = $1`, issuer, string(u)); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE subordinates SET status = $2, updated_at = $3 WHERE entity_id = $1`, issuer, string(b), millis(at))
	return err
}
