package relational

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"manyou/storage"
	"manyou/storage/vault"
)

// Store is a [storage.Store] on a relational database.
type Store struct {
	backend Backend
	vault   *vault.Vault
	read    Executor
	write   Executor
	relaxed Executor
	hot     Statements
}

var _ storage.Store = (*Store)(nil)

// New returns the store on a backend whose keysets the vault was opened from.
func New(b Backend, v *vault.Vault) *Store {
	return &Store{
		backend: b,
		vault:   v,
		read:    retrying{b.Reader(), b.Retryable},
		write:   retrying{b.Writer(), b.Retryable},
		relaxed: retrying{b.RelaxedWriter(), b.Retryable},
		hot:     b.Statements(),
	}
}

// Maintain implements [storage.Store].
func (s *Store) Maintain(ctx context.Context, now time.Time) error {
	return retry(ctx, s.backend.Retryable, func() error { return s.backend.Maintain(ctx, now) })
}

// Ping implements [storage.Store].
func (s *Store) Ping(ctx context.Context) error { return s.backend.Ping(ctx) }

// Close implements [storage.Store].
func (s *Store) Close() error { return s.backend.Close() }

func (s *Store) inTx(ctx context.Context, f func(Executor) error) error {
	return retry(ctx, s.backend.Retryable, func() error { return s.backend.InTx(ctx, f) })
}

// one runs a statement that must write a row; otherwise none is the error.
func one(ctx context.Context, e Executor, none error, sql string, args ...any) error {
	n, err := e.Exec(ctx, sql, args...)
	if err != nil {
		return err
	}
	if n == 0 {
		return none
	}
	return nil
}

// found turns the absence of a row into [storage.ErrNotFound].
func found(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return storage.ErrNotFound
	}
	return err
}

// millis is the stored form of a time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// moment is the time of a stored form.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// words is the stored form of OAuth scopes or AMR values.
func words(list []string) string { return strings.Join(list, " ") }

// list is the reverse of words.
func list(words string) []string {
	if words == "" {
		return nil
	}
	return strings.Split(words, " ")
}

// jsonText is the stored form of lists and maps whose strings may contain anything.
func jsonText(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("storage: encode: %w", err)
	}
	return string(b), nil
}

// seal seals a value of a row; the empty value is stored as it is, since there is nothing to hide.
func (s *Store) seal(plaintext []byte, column, row string) ([]byte, error) {
	if len(plaintext) == 0 {
		return []byte{}, nil
	}
	return s.vault.Seal(plaintext, column+"/"+row)
}

func (s *Store) sealText(plaintext, column, row string) ([]byte, error) {
	return s.seal([]byte(plaintext), column, row)
}

// unseal is the reverse of seal.
func (s *Store) unseal(sealed []byte, column, row string) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	p, err := s.vault.Open(sealed, column+"/"+row)
	if err != nil {
		return nil, fmt.Errorf("storage: open %s: %w", column, err)
	}
	return p, nil
}

func (s *Store) unsealText(sealed []byte, column, row string) (string, error) {
	p, err := s.unseal(sealed, column, row)
	return string(p), err
}
