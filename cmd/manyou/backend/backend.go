// Package backend opens the database that a URL names. It is the one place, outside of tests, that knows which
// storage backends there are; it holds no state and no statements.
package backend

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"manyou/storage"
	"manyou/storage/postgres"
	"manyou/storage/sqlite"
	"manyou/storage/vault"
)

// errUnknown reports a URL of no backend. It never repeats the URL, which may hold a password.
var errUnknown = errors.New("the database URL begins with neither \"postgres://\" nor \"sqlite:\"")

// Open opens a migrated database, and the vault whose keysets are in it.
func Open(ctx context.Context, url string, root vault.Root) (storage.Store, *vault.Vault, error) {
	path, pg, err := parse(url)
	switch {
	case err != nil:
		return nil, nil, err
	case pg:
		s, v, err := postgres.Open(ctx, url, root)
		if err != nil { // a nil *Store in the interface would not be nil
			return nil, nil, err
		}
		return s, v, nil
	default:
		s, v, err := sqlite.Open(ctx, path, root)
		if err != nil {
			return nil, nil, err
		}
		return s, v, nil
	}
}

// Migrate brings a database up to date. A file of SQLite is created if it is missing.
func Migrate(ctx context.Context, url string) error {
	path, pg, err := parse(url)
	switch {
	case err != nil:
		return err
	case pg:
		return postgres.Migrate(ctx, url)
	default:
		return sqlite.Migrate(ctx, path)
	}
}

// Version returns the version of a database and the newest one that this program knows.
func Version(ctx context.Context, url string) (current, newest int64, err error) {
	path, pg, err := parse(url)
	switch {
	case err != nil:
		return 0, 0, err
	case pg:
		return postgres.Version(ctx, url)
	default:
		return sqlite.Version(ctx, path)
	}
}

// parse tells the backends apart; path is that of an SQLite file.
func parse(url string) (path string, pg bool, err error) {
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		return "", true, nil
	}
	path, ok := strings.CutPrefix(url, "sqlite:")
	if !ok || path == "" {
		return "", false, fmt.Errorf("backend: %w", errUnknown)
	}
	return path, false, nil
}
