package relational

import (
	"context"
	"time"
)

// Executor runs statements. Outside a transaction each of them is committed by itself.
//
// A violated unique constraint is [storage.ErrConflict], a violated foreign key is [storage.ErrNotFound].
type Executor interface {
	// Exec runs a statement and returns how many rows it wrote.
	Exec(ctx context.Context, sql string, args ...any) (int64, error)
	// Row runs a statement and scans its first row; [sql.ErrNoRows] if there is none.
	Row(ctx context.Context, sql string, args []any, dest ...any) error
	// Rows runs a statement and calls each for every row.
	Rows(ctx context.Context, sql string, args []any, each func(Scan) error) error
	// Batch runs statements in order, in one round trip where the database allows it, and returns how many rows each
	// wrote. If there are destinations, the last statement returns one row at most, which is scanned into them. Within a
	// transaction only.
	Batch(ctx context.Context, statements []Statement, last ...any) ([]int64, error)
}

// Scan copies the columns of a row.
type Scan func(dest ...any) error

// Statement is SQL with its arguments.
type Statement struct {
	SQL  string
	Args []any
}

// Backend is a database.
type Backend interface {
	// Reader runs statements that only read.
	Reader() Executor
	// Writer runs statements that are durable when they return.
	Writer() Executor
	// RelaxedWriter runs statements whose effect a crash may undo for a moment. They are atomic nevertheless.
	RelaxedWriter() Executor
	// InTx runs f in one durable transaction, which is rolled back if f fails.
	InTx(ctx context.Context, f func(Executor) error) error
	// Retryable reports whether a statement or transaction failed only because another was in its way.
	Retryable(err error) bool
	// Statements are the hot statements in the form that suits the database.
	Statements() Statements
	// Maintain is [storage.Store.Maintain].
	Maintain(ctx context.Context, now time.Time) error
	Ping(ctx context.Context) error
	Close() error
}
