package relational

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"manyou/storage"
)

const subordinateColumns = `entity_id, types, jwks, rules, status, created_at, updated_at`

// PutSubordinate implements [storage.Subordinates].
func (s *Store) PutSubordinate(ctx context.Context, b storage.Subordinate) error {
	return s.putSubordinate(ctx, s.write, b)
}

func (s *Store) putSubordinate(ctx context.Context, e Executor, b storage.Subordinate) error {
	types, err := jsonText(b.Types)
	if err != nil {
		return err
	}
	_, err = e.Exec(ctx, `INSERT INTO subordinates (`+subordinateColumns+`) VALUES `+placeholders(1, 7)+`
		ON CONFLICT (entity_id) DO UPDATE SET types = excluded.types, jwks = excluded.jwks, rules = excluded.rules,
		status = excluded.status, created_at = excluded.created_at, updated_at = excluded.updated_at`,
		b.EntityID, types, b.JWKS, b.Rules, string(b.Status), millis(b.CreatedAt), millis(b.UpdatedAt))
	return err
}

// ListSubordinates implements [storage.Subordinates].
func (s *Store) ListSubordinates(ctx context.Context, after string, limit int) ([]storage.Subordinate, error) {
	return s.subordinates(ctx, `entity_id > $1 ORDER BY entity_id LIMIT $2`, after, limit)
}

// SubordinatesSince implements [storage.Subordinates].
func (s *Store) SubordinatesSince(ctx context.Context, since time.Time, limit int) ([]storage.Subordinate, error) {
	return s.subordinates(ctx, `updated_at >= $1 ORDER BY entity_id LIMIT $2`, millis(since), limit)
}

func (s *Store) subordinates(ctx context.Context, where string, args ...any) (list []storage.Subordinate, err error) {
	err = s.read.Rows(ctx, `SELECT `+subordinateColumns+` FROM subordinates WHERE `+where, args, func(scan Scan) error {
		var b storage.Subordinate
		var types string
		var createdAt, updatedAt int64
		if err := scan(&b.EntityID, &types, &b.JWKS, &b.Rules, (*string)(&b.Status), &createdAt, &updatedAt); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(types), &b.Types); err != nil {
			return fmt.Errorf("storage: decode subordinate %s: %w", b.EntityID, err)
		}
		b.CreatedAt, b.UpdatedAt = moment(createdAt), moment(updatedAt)
		list = append(list, b)
		return nil
	})
	return list, err
}

// SetSubordinateStatus implements [storage.Subordinates].
func (s *Store) SetSubordinateStatus(ctx context.Context, entityID string, status storage.SubordinateStatus, at time.Time) error {
	return one(ctx, s.write, storage.ErrNotFound, `UPDATE subordinates SET status = $2, updated_at = $3 WHERE entity_id = $1`,
		entityID, string(status), millis(at))
}

// ReplaceSubordinateKeys implements [storage.Subordinates].
func (s *Store) ReplaceSubordinateKeys(ctx context.Context, entityID string, old, jwks []byte, at time.Time) error {
	return one(ctx, s.write, storage.ErrConflict, `UPDATE subordinates SET jwks = $3, updated_at = $4 WHERE entity_id = $1 AND jwks = $2`,
		entityID, old, jwks, millis(at))
}

const markColumns = `type, subject, issued_at, expires_at, revoked_at`

// PutTrustMark implements [storage.TrustMarks].
func (s *Store) PutTrustMark(ctx context.Context, m storage.TrustMark) error {
	_, err := s.write.Exec(ctx, `INSERT INTO trust_marks (`+markColumns+`) VALUES `+placeholders(1, 5)+`
		ON CONFLICT (type, subject) DO UPDATE SET issued_at = excluded.issued_at, expires_at = excluded.expires_at,
		revoked_at = excluded.revoked_at`, m.Type, m.Subject, millis(m.IssuedAt), millis(m.ExpiresAt), millis(m.RevokedAt))
	return err
}

// TrustMark implements [storage.TrustMarks].
func (s *Store) TrustMark(ctx context.Context, kind, subject string) (storage.TrustMark, error) {
	list, err := s.marks(ctx, `type = $1 AND subject = $2`, kind, subject)
	if err == nil && len(list) == 0 {
		err = storage.ErrNotFound
	}
	if err != nil {
		return storage.TrustMark{}, err
	}
	return list[0], nil
}

// ListTrustMarks implements [storage.TrustMarks].
func (s *Store) ListTrustMarks(ctx context.Context, kind, after string, limit int) ([]storage.TrustMark, error) {
	return s.marks(ctx, `type = $1 AND subject > $2 ORDER BY subject LIMIT $3`, kind, after, limit)
}

func (s *Store) marks(ctx context.Context, where string, args ...any) (list []storage.TrustMark, err error) {
	err = s.read.Rows(ctx, `SELECT `+markColumns+` FROM trust_marks WHERE `+where, args, func(scan Scan) error {
		var m storage.TrustMark
		var at [3]int64
		if err := scan(&m.Type, &m.Subject, &at[0], &at[1], &at[2]); err != nil {
			return err
		}
		m.IssuedAt, m.ExpiresAt, m.RevokedAt = moment(at[0]), moment(at[1]), moment(at[2])
		list = append(list, m)
		return nil
	})
	return list, err
}

// RevokeTrustMark implements [storage.TrustMarks].
func (s *Store) RevokeTrustMark(ctx context.Context, kind, subject string, at time.Time) error {
	return one(ctx, s.write, storage.ErrNotFound, `UPDATE trust_marks SET revoked_at = CASE WHEN revoked_at = 0 THEN $3 ELSE revoked_at END
		WHERE type = $1 AND subject = $2`, kind, subject, millis(at))
}
