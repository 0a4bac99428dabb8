package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"manyou/storage"
	"manyou/storage/relational"
)

// connection is a pool of connections together with the statements prepared on it.
type connection struct {
	db         *sql.DB
	writing    chan struct{} // held while writing; nil for readers
	statements *sync.Map     // SQL → *sql.Stmt
}

var _ relational.Executor = connection{}

// acquire waits for the right to write. Release it by calling the result.
func (c connection) acquire(ctx context.Context) (release func(), err error) {
	if c.writing == nil {
		return func() {}, nil
	}
	select {
	case c.writing <- struct{}{}:
		return func() { <-c.writing }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// prepare returns the prepared statement of a text. Texts are few: none contains a value.
func (c connection) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	if s, ok := c.statements.Load(text); ok {
		return s.(*sql.Stmt), nil
	}
	s, err := c.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if earlier, loaded := c.statements.LoadOrStore(text, s); loaded {
		s.Close()
		return earlier.(*sql.Stmt), nil
	}
	return s, nil
}

// Exec implements [relational.Executor].
func (c connection) Exec(ctx context.Context, text string, args ...any) (int64, error) {
	release, err := c.acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer release()
	s, err := c.prepare(ctx, text)
	if err != nil {
		return 0, classify(err)
	}
	return exec(ctx, s, args)
}

// Row implements [relational.Executor].
func (c connection) Row(ctx context.Context, text string, args []any, dest ...any) error {
	found := false
	err := c.Rows(ctx, text, args, func(scan relational.Scan) error {
		if found {
			return nil
		}
		found = true
		return scan(dest...)
	})
	if err == nil && !found {
		return sql.ErrNoRows
	}
	return err
}

// Rows implements [relational.Executor].
func (c connection) Rows(ctx context.Context, text string, args []any, each func(relational.Scan) error) error {
	release, err := c.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	s, err := c.prepare(ctx, text)
	if err != nil {
		return classify(err)
	}
	return rows(ctx, s, args, each)
}

// Batch implements [relational.Executor].
func (c connection) Batch(context.Context, []relational.Statement, ...any) ([]int64, error) {
	return nil, errors.New("sqlite: a batch runs within a transaction")
}

// inTx runs f in one transaction, which takes the write lock when it begins.
func (c connection) inTx(ctx context.Context, f func(relational.Executor) error) error {
	release, err := c.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return classify(err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := f(transaction{c, tx}); err != nil {
		return err
	}
	return classify(tx.Commit())
}

// transaction executes within a transaction of a connection.
type transaction struct {
	c  connection
	tx *sql.Tx
}

var _ relational.Executor = transaction{}

// prepare uses the statement of the connection if there is one. It prepares others on the transaction: the only
// connection of the pool is taken by it.
func (t transaction) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	if s, ok := t.c.statements.Load(text); ok {
		return t.tx.StmtContext(ctx, s.(*sql.Stmt)), nil
	}
	return t.tx.PrepareContext(ctx, text)
}

// Exec implements [relational.Executor].
func (t transaction) Exec(ctx context.Context, text string, args ...any) (int64, error) {
	s, err := t.prepare(ctx, text)
	if err != nil {
		return 0, classify(err)
	}
	return exec(ctx, s, args)
}

// Row implements [relational.Executor].
func (t transaction) Row(ctx context.Context, text string, args []any, dest ...any) error {
	s, err := t.prepare(ctx, text)
	if err != nil {
		return classify(err)
	}
	return classify(s.QueryRowContext(ctx, args...).Scan(dest...))
}

// Rows implements [relational.Executor].
func (t transaction) Rows(ctx context.Context, text string, args []any, each func(relational.Scan) error) error {
	s, err := t.prepare(ctx, text)
	if err != nil {
		return classify(err)
	}
	return rows(ctx, s, args, each)
}

// Batch implements [relational.Executor]; there are no round trips to save.
func (t transaction) Batch(ctx context.Context, statements []relational.Statement, last ...any) ([]int64, error) {
	written := make([]int64, len(statements))
	for i, s := range statements {
		var err error
		if i == len(statements)-1 && len(last) > 0 {
			err = t.Rows(ctx, s.SQL, s.Args, func(scan relational.Scan) error {
				written[i]++
				return scan(last...)
			})
		} else {
			written[i], err = t.Exec(ctx, s.SQL, s.Args...)
		}
		if err != nil {
			return nil, err
		}
	}
	return written, nil
}

func exec(ctx context.Context, s *sql.Stmt, args []any) (int64, error) {
	r, err := s.ExecContext(ctx, args...)
	if err != nil {
		return 0, classify(err)
	}
	return r.RowsAffected()
}

// rows reads to the end: only then has a writing statement committed.
func rows(ctx context.Context, s *sql.Stmt, args []any, each func(relational.Scan) error) error {
	rs, err := s.QueryContext(ctx, args...)
	if err != nil {
		return classify(err)
	}
	defer rs.Close()
	for rs.Next() {
		if err := each(rs.Scan); err != nil {
			return err
		}
	}
	return classify(errors.Join(rs.Err(), rs.Close()))
}

// classify names the errors that the store acts upon.
func classify(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return fmt.Errorf("%w: %w", storage.ErrConflict, err)
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return fmt.Errorf("%w: %w", storage.ErrNotFound, err)
	}
	return err
}

// retryable reports whether another process held a lock for too long.
func retryable(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code()&0xff == sqlite3.SQLITE_BUSY || e.Code()&0xff == sqlite3.SQLITE_LOCKED)
}
