package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"

	"manyou/storage"
	"manyou/storage/relational"
	"manyou/storage/vault"
)

// mode is what a pool of connections is for.
type mode int

const (
	reading mode = iota
	durable
	relaxed
)

// busyTimeout is how long a statement waits for another process, in milliseconds.
const busyTimeout = 10_000

// Open opens the store in a migrated file; [ErrNotMigrated] if it is not. With the path "" the store is temporary:
// it is migrated, and removed by Close.
func Open(ctx context.Context, path string, root vault.Root, opts ...vault.Option) (*relational.Store, *vault.Vault, error) {
	b, err := open(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	v, err := vault.Open(ctx, root, relational.Keysets{Backend: b}, opts...)
	if err != nil {
		return nil, nil, errors.Join(err, b.Close())
	}
	return relational.New(b, v), v, nil
}

// Version returns the version of the database and the newest one that this program knows.
func Version(ctx context.Context, path string) (current, newest int64, err error) {
	if _, err := os.Stat(path); err != nil {
		return 0, 0, fmt.Errorf("sqlite: %w", err)
	}
	db, err := openDB(path, reading)
	if err != nil {
		return 0, 0, err
	}
	defer db.Close()
	return version(ctx, db)
}

// backend is a [relational.Backend].
type backend struct {
	reader, writer, relaxed connection
	temporary               string // directory to remove, "" if none
}

var _ relational.Backend = (*backend)(nil)

func open(ctx context.Context, path string) (_ *backend, err error) {
	b := &backend{}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
		}
	}()
	if path == "" {
		if b.temporary, err = os.MkdirTemp("", "manyou-"); err != nil {
			return nil, fmt.Errorf("sqlite: %w", err)
		}
		path = filepath.Join(b.temporary, "manyou.db")
		if err = Migrate(ctx, path); err != nil {
			return nil, err
		}
	} else if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w (there is no file %s)", ErrNotMigrated, path)
	}
	writing := make(chan struct{}, 1)
	for m, c := range map[mode]*connection{reading: &b.reader, durable: &b.writer, relaxed: &b.relaxed} {
		db, err := openDB(path, m)
		if err != nil {
			return nil, err
		}
		*c = connection{db: db, statements: &sync.Map{}}
		if m != reading {
			c.writing = writing
		}
	}
	if err := checkMigrated(ctx, b.reader.db); err != nil {
		return nil, err
	}
	return b, nil
}

func openDB(path string, m mode) (*sql.DB, error) {
	q := url.Values{"_pragma": {
		"busy_timeout(" + strconv.Itoa(busyTimeout) + ")", "journal_mode(WAL)", "foreign_keys(1)", "cache_size(-8000)",
	}}
	switch m {
	case reading:
		q.Add("_pragma", "query_only(1)")
	case durable:
		q.Add("_pragma", "synchronous(FULL)")
	case relaxed:
		q.Add("_pragma", "synchronous(NORMAL)")
	}
	// A transaction takes the write lock at once, so that it never fails for having read first.
	q.Set("_txlock", "immediate")
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, fmt.Errorf("sqlite: open: %w", err)
	}
	connections := 1
	if m == reading {
		connections = max(4, 2*runtime.GOMAXPROCS(0))
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

func (b *backend) Reader() relational.Executor        { return b.reader }
func (b *backend) Writer() relational.Executor        { return b.writer }
func (b *backend) RelaxedWriter() relational.Executor { return b.relaxed }
func (b *backend) Retryable(err error) bool           { return retryable(err) }

func (b *backend) Statements() relational.Statements { return relational.Portable }

func (b *backend) InTx(ctx context.Context, f func(relational.Executor) error) error {
	return b.writer.inTx(ctx, f)
}

// Maintain deletes what expired. A table of a small issuer is small enough to be looked through.
func (b *backend) Maintain(ctx context.Context, now time.Time) error {
	for _, table := range []string{"sessions", "grants", "onward", "conversations", "tickets", "limits", "replays", "statuses"} {
		if _, err := b.relaxed.Exec(ctx, `DELETE FROM `+table+` WHERE expires_at <= $1`, now.UnixMilli()); err != nil {
			return fmt.Errorf("sqlite: maintain %s: %w", table, err)
		}
	}
	for table, kept := range map[string]time.Duration{"events": storage.EventsKept, "exchanges": storage.ExchangesKept} {
		if _, err := b.relaxed.Exec(ctx, `DELETE FROM `+table+` WHERE at <= $1`, now.Add(-kept).UnixMilli()); err != nil {
			return fmt.Errorf("sqlite: maintain %s: %w", table, err)
		}
	}
	return nil
}

func (b *backend) Ping(ctx context.Context) error {
	var one int
	return b.reader.Row(ctx, `SELECT 1`, nil, &one)
}

func (b *backend) Close() error {
	var errs []error
	for _, c := range []connection{b.reader, b.relaxed, b.writer} {
		if c.db == nil {
			continue
		}
		c.statements.Range(func(_, s any) bool {
			errs = append(errs, s.(*sql.Stmt).Close())
			return true
		})
		errs = append(errs, c.db.Close())
	}
	if b.temporary != "" {
		errs = append(errs, os.RemoveAll(b.temporary))
	}
	return errors.Join(errs...)
}
