package relational

import (
	"context"
	"fmt"
	"slices"

	"manyou/storage"
)

// AddCredentials implements [storage.Credentials].
func (s *Store) AddCredentials(ctx context.Context, cs []storage.Credential) error {
	statements, err := s.insertCredentials(cs)
	if err != nil || len(statements) == 0 {
		return err
	}
	return s.inTx(ctx, func(tx Executor) error {
		written, err := tx.Batch(ctx, statements)
		if err == nil && slices.Contains(written, 0) {
			return storage.ErrNotFound
		}
		return err
	})
}

// ReplaceCredentials implements [storage.Credentials]. The person's row is held throughout: of two replacements at
// once the second deletes what the first stored.
func (s *Store) ReplaceCredentials(ctx context.Context, personID, method string, cs []storage.Credential) error {
	for _, c := range cs {
		if c.PersonID != personID || c.Method != method {
			return fmt.Errorf("storage: credential %s is not of this person and method", c.ID)
		}
	}
	inserts, err := s.insertCredentials(cs)
	if err != nil {
		return err
	}
	statements := append([]Statement{
		{`UPDATE persons SET epoch = epoch WHERE id = $1`, []any{personID}},
		{`DELETE FROM credentials WHERE person_id = $1 AND method = $2`, []any{personID, method}},
	}, inserts...)
	return s.inTx(ctx, func(tx Executor) error {
		written, err := tx.Batch(ctx, statements)
		if err == nil && written[0] == 0 {
			return storage.ErrNotFound
		}
		return err
	})
}

func (s *Store) insertCredentials(cs []storage.Credential) ([]Statement, error) {
	statements := make([]Statement, len(cs))
	for i, c := range cs {
		var err error
		if statements[i], err = s.insertCredential(c); err != nil {
			return nil, err
		}
	}
	return statements, nil
}

// LabelCredential implements [storage.Credentials].
func (s *Store) LabelCredential(ctx context.Context, personID, id, label string) error {
	sealed, err := s.sealText(label, "credentials.label", id)
	if err != nil {
		return err
	}
	return one(ctx, s.write, storage.ErrNotFound, `UPDATE credentials SET label = $3 WHERE id = $1 AND person_id = $2`,
		id, personID, sealed)
}
