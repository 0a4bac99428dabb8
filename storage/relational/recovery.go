package relational

import (
	"context"
	"time"
)

// lostSignals is more than can have been told between a backup and its return, once places count milliseconds.
const lostSignals = 1_000_000_000

// Recover implements [storage.Recovery]. Places go on from the moment, in milliseconds: the same backup may come back twice, and what was told after
// the first time has places, too.
func (s *Store) Recover(ctx context.Context, at time.Time) (sessions int64, err error) {
	err = s.inTx(ctx, func(tx Executor) error {
		if sessions, err = tx.Exec(ctx, `UPDATE sessions SET ended_at = $1 WHERE ended_at = 0 AND expires_at > $1`, millis(at)); err != nil {
			return err
		}
		if _, err = tx.Exec(ctx, `UPDATE grants SET ended_at = $1 WHERE ended_at = 0 AND expires_at > $1`, millis(at)); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE signal_head SET seq = CASE WHEN seq < $1 THEN $1 ELSE seq + $2 END`, millis(at), int64(lostSignals))
		return err
	})
	return sessions, err
}
