package relational

import (
	"context"
	"database/sql"
	"errors"

	"manyou/storage/vault"
)

// Keysets is the table of keysets of a backend.
type Keysets struct{ Backend Backend }

var _ vault.Keysets = Keysets{}

// LoadKeyset implements [vault.Keysets].
func (k Keysets) LoadKeyset(ctx context.Context, name string) ([]byte, error) {
	var sealed []byte
	err := k.Backend.Reader().Row(ctx, `SELECT sealed FROM keysets WHERE name = $1`, []any{name}, &sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return sealed, err
}

// InsertKeyset implements [vault.Keysets].
func (k Keysets) InsertKeyset(ctx context.Context, name string, sealed []byte) error {
	_, err := k.writer().Exec(ctx, `INSERT INTO keysets (name, sealed) VALUES ($1, $2) ON CONFLICT DO NOTHING`, name, sealed)
	return err
}

// ReplaceKeyset implements [vault.Keysets].
func (k Keysets) ReplaceKeyset(ctx context.Context, name string, previous, next []byte) (bool, error) {
	n, err := k.writer().Exec(ctx, `UPDATE keysets SET sealed = $3 WHERE name = $1 AND sealed = $2`, name, previous, next)
	return n == 1, err
}

func (k Keysets) writer() Executor { return retrying{k.Backend.Writer(), k.Backend.Retryable} }
