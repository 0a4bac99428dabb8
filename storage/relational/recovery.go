package relational

import (
	"context"
	"time"
)

// lostSignals is more than can have been told between a backup and its return.
const lostSignals = 1_000_000_000

// Recover implements [storage.Recovery].
func (s *Store) Recover(ctx context.Context, at time.Time) (sessions int64, err error) {
	err = s.inTx(ctx, func(tx Executor) error {
		if sessions, err = tx.Exec(ctx, `UPDATE sessions SET ended_at = $1 WHERE ended_at = 0 AND expires_at > $1`, millis(at)); err != nil {
			return err
		}
		if _, err = tx.Exec(ctx, `UPDATE grants SET ended_at = $1 WHERE ended_at = 0 AND expires_at > $1`, millis(at)); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE signal_head SET seq = seq + $1`, int64(lostSignals))
		return err
	})
	return sessions, err
}
