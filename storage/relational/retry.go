package relational

import (
	"context"
	"math/rand/v2"
	"time"
)

// attempts and firstPause bound the retries: pauses double from the first one, each by a random share.
const (
	attempts   = 8
	firstPause = 2 * time.Millisecond
)

// retry runs f again while it fails only because another transaction was in its way.
func retry(ctx context.Context, retryable func(error) bool, f func() error) error {
	pause := firstPause
	for n := 1; ; n++ {
		err := f()
		if err == nil || n == attempts || !retryable(err) {
			return err
		}
		// Jitter keeps those who collided from colliding again. It is no secret.
		t := time.NewTimer(pause/2 + rand.N(pause))
		select {
		case <-ctx.Done():
			t.Stop()
			return err
		case <-t.C:
		}
		pause *= 2
	}
}

// retrying is an executor outside a transaction that retries each statement.
type retrying struct {
	Executor
	retryable func(error) bool
}

func (r retrying) Exec(ctx context.Context, sql string, args ...any) (n int64, err error) {
	err = retry(ctx, r.retryable, func() error {
		n, err = r.Executor.Exec(ctx, sql, args...)
		return err
	})
	return n, err
}

func (r retrying) Row(ctx context.Context, sql string, args []any, dest ...any) error {
	return retry(ctx, r.retryable, func() error { return r.Executor.Row(ctx, sql, args, dest...) })
}

func (r retrying) Rows(ctx context.Context, sql string, args []any, each func(Scan) error) error {
	delivered := false
	return retry(ctx, func(err error) bool { return !delivered && r.retryable(err) }, func() error {
		return r.Executor.Rows(ctx, sql, args, func(s Scan) error {
			delivered = true
			return each(s)
		})
	})
}
