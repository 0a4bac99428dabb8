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
