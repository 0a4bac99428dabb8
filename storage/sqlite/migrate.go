package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNotMigrated reports a database that lacks migrations of this version of the program.
var ErrNotMigrated = errors.New("sqlite: the database is not up to date; run `manyou migrate`")

// migrateAttempts bounds how often a migration is tried while another process migrates the same file.
const migrateAttempts = 20

// Migrate creates the file if it is missing and brings it up to date. Several processes may do so at once: each
// migration is one transaction, and who comes second finds it done.
func Migrate(ctx context.Context, path string) error {
	db, err := openDB(path, durable)
	if err != nil {
		return err
	}
	defer db.Close()
	return migrate(ctx, db)
}

func migrate(ctx context.Context, db *sql.DB) error {
	p, err := provider(db)
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		_, err := p.Up(ctx)
		if err == nil {
			return nil
		}
		if n == migrateAttempts {
			return fmt.Errorf("sqlite: migrate: %w", err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("sqlite: migrate: %w", ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// checkMigrated returns [ErrNotMigrated] if migrations are missing, and an error of its own if the file is newer than
// this program.
func checkMigrated(ctx context.Context, db *sql.DB) error {
	current, target, err := version(ctx, db)
	switch {
	case err != nil:
		return err
	case current < target:
		return ErrNotMigrated
	case current > target:
		return fmt.Errorf("sqlite: the database has version %d, this program knows versions up to %d; run a newer one", current, target)
	}
	return nil
}

// version returns the version of the database, 0 if it has none, and the newest one known.
func version(ctx context.Context, db *sql.DB) (current, target int64, err error) {
	p, err := provider(db)
	if err != nil {
		return 0, 0, err
	}
	for _, s := range p.ListSources() {
		target = max(target, s.Version)
	}
	var exists int
	err = db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE name = 'goose_db_version'`).Scan(&exists)
	if err != nil {
		return 0, 0, fmt.Errorf("sqlite: read version: %w", err)
	}
	if exists == 0 {
		return 0, target, nil
	}
	err = db.QueryRowContext(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version`).Scan(&current)
	if err != nil {
		return 0, 0, fmt.Errorf("sqlite: read version: %w", err)
	}
	return current, target, nil
}

func provider(db *sql.DB) (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("sqlite: migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, dir, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("sqlite: migrations: %w", err)
	}
	return p, nil
}
