package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"manyou/storage"
	"manyou/storage/relational"
)

// The SQLSTATE codes that are acted upon.
const (
	uniqueViolation     = "23505"
	foreignKeyViolation = "23503"
	checkViolation      = "23514"
	serialization       = "40001"
	deadlock            = "40P01"
	lockNotAvailable    = "55P03"
)

// querier is what a pool and a transaction have in common.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func exec(ctx context.Context, q querier, sql string, args []any) (int64, error) {
	tag, err := q.Exec(ctx, sql, args...)
	return tag.RowsAffected(), classify(err)
}

func row(ctx context.Context, q querier, sql string, args, dest []any) error {
	return classify(q.QueryRow(ctx, sql, args...).Scan(dest...))
}

func rows(ctx context.Context, q querier, sql string, args []any, each func(relational.Scan) error) error {
	rs, err := q.Query(ctx, sql, args...)
	if err != nil {
		return classify(err)
	}
	defer rs.Close()
	for rs.Next() {
		if err := each(rs.Scan); err != nil {
			return err
		}
	}
	return classify(rs.Err())
}

// pool executes statements, each in a transaction of its own.
type pool struct{ *pgxpool.Pool }

var _ relational.Executor = pool{}

// Exec implements [relational.Executor].
func (p pool) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	return exec(ctx, p.Pool, sql, args)
}

// Row implements [relational.Executor].
func (p pool) Row(ctx context.Context, sql string, args []any, dest ...any) error {
	return row(ctx, p.Pool, sql, args, dest)
}

// Rows implements [relational.Executor].
func (p pool) Rows(ctx context.Context, sql string, args []any, each func(relational.Scan) error) error {
	return rows(ctx, p.Pool, sql, args, each)
}

// Batch implements [relational.Executor].
func (p pool) Batch(context.Context, []relational.Statement, ...any) ([]int64, error) {
	return nil, errors.New("postgres: a batch runs within a transaction")
}

// inTx runs f in one transaction.
func (p pool) inTx(ctx context.Context, f func(relational.Executor) error) error {
	conn, err := p.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	t := &transaction{conn: conn.Conn()}
	defer t.rollback(ctx)
	if err := f(t); err != nil {
		return err
	}
	if t.tx == nil {
		return nil
	}
	return classify(t.tx.Commit(ctx))
}

// transaction executes within a transaction, which begins with its first statement: if that is a batch, both travel
// together.
type transaction struct {
	conn *pgx.Conn
	tx   pgx.Tx
}

var _ relational.Executor = (*transaction)(nil)

func (t *transaction) begin(ctx context.Context) (err error) {
	if t.tx == nil {
		t.tx, err = t.conn.Begin(ctx)
	}
	return err
}

// rollback ends a transaction that was not committed. It must reach the server even if the request was given up;
// pgx bounds the wait.
func (t *transaction) rollback(ctx context.Context) {
	if t.tx != nil {
		_ = t.tx.Rollback(context.WithoutCancel(ctx))
	}
}

// Exec implements [relational.Executor].
func (t *transaction) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	if err := t.begin(ctx); err != nil {
		return 0, err
	}
	return exec(ctx, t.tx, sql, args)
}

// Row implements [relational.Executor].
func (t *transaction) Row(ctx context.Context, sql string, args []any, dest ...any) error {
	if err := t.begin(ctx); err != nil {
		return err
	}
	return row(ctx, t.tx, sql, args, dest)
}

// Rows implements [relational.Executor].
func (t *transaction) Rows(ctx context.Context, sql string, args []any, each func(relational.Scan) error) error {
	if err := t.begin(ctx); err != nil {
		return err
	}
	return rows(ctx, t.tx, sql, args, each)
}

// Batch implements [relational.Executor].
func (t *transaction) Batch(ctx context.Context, statements []relational.Statement, last ...any) (_ []int64, err error) {
	var batch pgx.Batch
	first := t.tx == nil
	if first {
		batch.BeginTx(pgx.TxOptions{})
	}
	for _, s := range statements {
		batch.Queue(s.SQL, s.Args...)
	}
	results := t.conn.SendBatch(ctx, &batch)
	if first {
		t.tx = results.Tx()
	}
	defer func() { err = errors.Join(err, closeErr(results, err)) }()
	if first {
		if _, err := results.Exec(); err != nil {
			return nil, classify(err)
		}
	}
	written := make([]int64, len(statements))
	for i := range statements {
		var dest []any
		if i == len(statements)-1 {
			dest = last
		}
		if written[i], err = result(results, dest); err != nil {
			return nil, classify(err)
		}
	}
	return written, nil
}

// result reads the next result of a batch: how many rows were written and, if there are destinations, the first of them.
func result(results pgx.BatchResults, dest []any) (int64, error) {
	if len(dest) == 0 {
		tag, err := results.Exec()
		return tag.RowsAffected(), err
	}
	rs, err := results.Query()
	if err != nil {
		return 0, err
	}
	defer rs.Close()
	if rs.Next() {
		if err := rs.Scan(dest...); err != nil {
			return 0, err
		}
	}
	rs.Close()
	return rs.CommandTag().RowsAffected(), rs.Err()
}

// closeErr closes the results of a batch. After a failure it repeats that failure, which is known already.
func closeErr(results pgx.BatchResults, failed error) error {
	if err := results.Close(); failed == nil {
		return classify(err)
	}
	return nil
}

// classify names the errors that the store acts upon.
func classify(err error) error {
	var e *pgconn.PgError
	if err == nil || !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case uniqueViolation:
		return fmt.Errorf("%w: %w", storage.ErrConflict, err)
	case foreignKeyViolation:
		return fmt.Errorf("%w: %w", storage.ErrNotFound, err)
	}
	return err
}

// retryable reports whether a transaction failed only because another was in its way. No table has a check
// constraint, so a violated one is that of a default partition: the row's own partition has just been created.
func retryable(err error) bool {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case serialization, deadlock, lockNotAvailable, checkViolation:
		return true
	}
	return false
}
