package relational

import (
	"context"
	"time"

	"manyou/storage"
)

// SigningKeys implements [storage.SigningKeys].
func (s *Store) SigningKeys(ctx context.Context) ([]storage.SigningKey, error) {
	var keys []storage.SigningKey
	err := s.read.Rows(ctx, `SELECT key_id, algorithm, private, created_at, active_from, retire_at FROM signing_keys
		ORDER BY created_at, serial, key_id`, nil, func(scan Scan) error {
		k, err := s.scanSigningKey(scan)
		keys = append(keys, k)
		return err
	})
	return keys, err
}

func (s *Store) scanSigningKey(scan Scan) (k storage.SigningKey, err error) {
	var private []byte
	var createdAt, activeFrom, retireAt int64
	if err := scan(&k.KeyID, &k.Algorithm, &private, &createdAt, &activeFrom, &retireAt); err != nil {
		return k, err
	}
	k.CreatedAt, k.ActiveFrom, k.RetireAt = moment(createdAt), moment(activeFrom), moment(retireAt)
	k.Private, err = s.unseal(private, "signing_keys.private", k.KeyID)
	return k, err
}

// AddSigningKey implements [storage.SigningKeys]. Keys of an algorithm carry consecutive serials, which are unique:
// of two nodes that follow the same newest key, one finds the serial taken.
func (s *Store) AddSigningKey(ctx context.Context, k storage.SigningKey, newest string, retireOlderAt time.Time) error {
	private, err := s.seal(k.Private, "signing_keys.private", k.KeyID)
	if err != nil {
		return err
	}
	return s.inTx(ctx, func(tx Executor) error {
		err := one(ctx, tx, storage.ErrConflict, `INSERT INTO signing_keys
			(key_id, algorithm, serial, private, created_at, active_from, retire_at)
			SELECT $1, $2, n.serial + 1, $3, $4, $5, $6
			FROM (SELECT COALESCE(MAX(serial), 0) AS serial FROM signing_keys WHERE algorithm = $2) n
			WHERE $7 = COALESCE((SELECT key_id FROM signing_keys WHERE algorithm = $2 AND serial = n.serial), '')
			ON CONFLICT DO NOTHING`,
			k.KeyID, k.Algorithm, private, millis(k.CreatedAt), millis(k.ActiveFrom), millis(k.RetireAt), newest)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE signing_keys SET retire_at = $3 WHERE algorithm = $1 AND key_id <> $2
			AND (retire_at = 0 OR retire_at > $3)`,
			k.Algorithm, k.KeyID, millis(retireOlderAt))
		return err
	})
}

// DropSigningKeys implements [storage.SigningKeys].
func (s *Store) DropSigningKeys(ctx context.Context, before time.Time) error {
	_, err := s.write.Exec(ctx, `DELETE FROM signing_keys WHERE retire_at <> 0 AND retire_at < $1`, millis(before))
	return err
}

// KeepRetiredKeys implements [storage.SigningKeys].
func (s *Store) KeepRetiredKeys(ctx context.Context, keys []storage.RetiredKey) error {
	if len(keys) == 0 {
		return nil
	}
	args := make([]any, 0, 4*len(keys))
	for _, k := range keys {
		args = append(args, k.KeyID, k.JWK, millis(k.CreatedAt), millis(k.RetiredAt))
	}
	_, err := s.write.Exec(ctx, `INSERT INTO retired_keys (key_id, jwk, created_at, retired_at) VALUES `+placeholders(len(keys), 4)+`
		ON CONFLICT (key_id) DO NOTHING`, args...)
	return err
}

// RetiredKeys implements [storage.SigningKeys].
func (s *Store) RetiredKeys(ctx context.Context, limit int) (keys []storage.RetiredKey, err error) {
	err = s.read.Rows(ctx, `SELECT key_id, jwk, created_at, retired_at FROM retired_keys ORDER BY retired_at DESC, key_id LIMIT $1`, []any{limit},
		func(scan Scan) error {
			var k storage.RetiredKey
			var createdAt, retiredAt int64
			err := scan(&k.KeyID, &k.JWK, &createdAt, &retiredAt)
			k.CreatedAt, k.RetiredAt = moment(createdAt), moment(retiredAt)
			keys = append(keys, k)
			return err
		})
	return keys, err
}
