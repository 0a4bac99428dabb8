package relational

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"manyou/storage"
)

// Use implements [storage.Replays]. A value is stored as its keyed hash: it comes from outside and may be long.
func (s *Store) Use(ctx context.Context, kind, value string, expiresAt time.Time) error {
	return one(ctx, s.write, storage.ErrUsed, `INSERT INTO replays (id, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
		s.vault.Lookup("replays/"+kind, value), millis(expiresAt))
}

// Used implements [storage.Replays].
func (s *Store) Used(ctx context.Context, kind, value string, expiresAt time.Time) (bool, error) {
	var exists int64
	err := s.read.Row(ctx, `SELECT 1 FROM replays WHERE id = $1 AND expires_at = $2`,
		[]any{s.vault.Lookup("replays/"+kind, value), millis(expiresAt)}, &exists)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// Claim implements [storage.Replays].
func (s *Store) Claim(ctx context.Context, kind, value, holder string, expiresAt time.Time) (its bool, err error) {
	place := func(value string) []any { return []any{s.vault.Lookup("replays/"+kind, value), millis(expiresAt)} }
	const put = `INSERT INTO replays (id, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`
	held := place(value + "\x00held by\x00" + holder)
	return its, s.inTx(ctx, func(tx Executor) error {
		its = false
		first, err := tx.Exec(ctx, put, place(value)...)
		if err != nil {
			return err
		}
		if first > 0 {
			_, err := tx.Exec(ctx, put, held...)
			its = err == nil
			return err
		}
		var exists int64
		err = tx.Row(ctx, `SELECT 1 FROM replays WHERE id = $1 AND expires_at = $2`, held, &exists)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		its = err == nil
		return err
	})
}
