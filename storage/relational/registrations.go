package relational

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"manyou/storage"
)

// PutRegistration implements [storage.Registrations].
func (s *Store) PutRegistration(ctx context.Context, r storage.Registration, most int, now time.Time) error {
	path, err := jsonText(r.Path)
	if err != nil {
		return err
	}
	marks, err := jsonText(r.Marks)
	if err != nil {
		return err
	}
	return s.inTx(ctx, func(tx Executor) error {
		if _, err := tx.Exec(ctx, `DELETE FROM registrations WHERE below = $1 AND expires_at < $2`,
			r.Below, millis(now.Add(-storage.RegistrationsKept))); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `INSERT INTO registrations (client_id, below, path, marks, metadata, issued_at, expires_at)
			SELECT $1, $2, $3, $4, $5, $6, $7
			WHERE (SELECT COUNT(*) FROM registrations o WHERE o.below = $2 AND o.expires_at > $8 AND o.client_id <> $1) < $9
			ON CONFLICT (client_id) DO UPDATE SET below = excluded.below, path = excluded.path, marks = excluded.marks,
			metadata = excluded.metadata, issued_at = excluded.issued_at, expires_at = excluded.expires_at
			WHERE registrations.issued_at <= excluded.issued_at`,
			r.ClientID, r.Below, path, marks, r.Metadata, millis(r.IssuedAt), millis(r.ExpiresAt), millis(now), most)
		if err != nil || n == 1 {
			return err
		}
		var newer int64
		err = found(tx.Row(ctx, `SELECT 1 FROM registrations WHERE client_id = $1 AND issued_at > $2`, []any{r.ClientID, millis(r.IssuedAt)}, &newer))
		switch {
		case err == nil:
			return storage.ErrConflict
		case errors.Is(err, storage.ErrNotFound):
			return storage.ErrUsed
		}
		return err
	})
}

// Registration implements [storage.Registrations].
func (s *Store) Registration(ctx context.Context, clientID string) (storage.Registration, error) {
	r := storage.Registration{ClientID: clientID}
	var path, marks string
	var issuedAt, expiresAt int64
	err := s.read.Row(ctx, `SELECT below, path, marks, metadata, issued_at, expires_at FROM registrations WHERE client_id = $1`,
		[]any{clientID}, &r.Below, &path, &marks, &r.Metadata, &issuedAt, &expiresAt)
	if err != nil {
		return storage.Registration{}, found(err)
	}
	if err := json.Unmarshal([]byte(path), &r.Path); err != nil {
		return storage.Registration{}, fmt.Errorf("storage: decode registration %s: %w", clientID, err)
	}
	if err := json.Unmarshal([]byte(marks), &r.Marks); err != nil {
		return storage.Registration{}, fmt.Errorf("storage: decode registration %s: %w", clientID, err)
	}
	r.IssuedAt, r.ExpiresAt = moment(issuedAt), moment(expiresAt)
	return r, nil
}
