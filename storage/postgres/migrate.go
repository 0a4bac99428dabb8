package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"manyou/storage/relational"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNotMigrated reports a database that lacks migrations of this version of the program.
var ErrNotMigrated = errors.New("postgres: the database is not up to date; run `manyou migrate`")

// Migrate brings the database up to date and creates the partitions of the next days. Several nodes may do so at once.
func Migrate(ctx context.Context, url string) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	db := stdlib.OpenDB(*config)
	defer db.Close()
	if err := createLocks(ctx, db); err != nil {
		return fmt.Errorf("postgres: migrate: %w", err)
	}
	// Whoever holds this row migrates; if it dies, so does its transaction.
	lock, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("postgres: migrate: %w", err)
	}
	defer func() { _ = lock.Rollback() }()
	if _, err := lock.ExecContext(ctx, `SELECT name FROM locks WHERE name = 'migrate' FOR UPDATE`); err != nil {
		return fmt.Errorf("postgres: migrate: %w", err)
	}
	p, err := provider(db)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("postgres: migrate: %w", err)
	}
	if err := lock.Rollback(); err != nil {
		return fmt.Errorf("postgres: migrate: %w", err)
	}
	b, err := connect(ctx, url, settings{})
	if err != nil {
		return err
	}
	defer b.Close()
	return relational.New(b, nil).Maintain(ctx, time.Now())
}

// createLocks creates the rows that nodes lock. Two nodes that create a table at once may fail over the catalogue,
// even with IF NOT EXISTS; the second attempt finds it there.
func createLocks(ctx context.Context, db *sql.DB) (err error) {
	for range 5 {
		_, err = db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS locks (name TEXT NOT NULL PRIMARY KEY)`)
		if err == nil {
			_, err = db.ExecContext(ctx, `INSERT INTO locks (name) VALUES ('migrate'), ('maintain') ON CONFLICT DO NOTHING`)
		}
		if err == nil || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// Version returns the version of the database, 0 if it has none, and the newest one that this program knows.
func Version(ctx context.Context, url string) (current, newest int64, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, 0, fmt.Errorf("postgres: %w", err)
	}
	defer conn.Close(ctx)
	return version(ctx, conn)
}

func version(ctx context.Context, q querier) (current, newest int64, err error) {
	if newest, err = newestVersion(); err != nil {
		return 0, 0, err
	}
	var exists bool
	if err := q.QueryRow(ctx, `SELECT to_regclass('goose_db_version') IS NOT NULL`).Scan(&exists); err != nil {
		return 0, 0, fmt.Errorf("postgres: read version: %w", err)
	}
	if !exists {
		return 0, newest, nil
	}
	err = q.QueryRow(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&current)
	if err != nil {
		return 0, 0, fmt.Errorf("postgres: read version: %w", err)
	}
	return current, newest, nil
}

// checkMigrated returns [ErrNotMigrated] if migrations are missing, and an error of its own if the database is newer
// than this program.
func checkMigrated(ctx context.Context, q querier) error {
	current, newest, err := version(ctx, q)
	switch {
	case err != nil:
		return err
	case current < newest:
		return ErrNotMigrated
	case current > newest:
		return fmt.Errorf("postgres: the database has version %d, this program knows versions up to %d; run a newer one", current, newest)
	}
	return nil
}

func newestVersion() (newest int64, err error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return 0, fmt.Errorf("postgres: migrations: %w", err)
	}
	for _, f := range files {
		n, err := goose.NumericComponent(f)
		if err != nil {
			return 0, fmt.Errorf("postgres: migrations: %w", err)
		}
		newest = max(newest, n)
	}
	return newest, nil
}

func provider(db *sql.DB) (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("postgres: migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, dir, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("postgres: migrations: %w", err)
	}
	return p, nil
}
