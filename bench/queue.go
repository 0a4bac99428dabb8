package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"manyou/federation/correction"
	"manyou/federation/register"
	"manyou/storage"
	pg "manyou/storage/postgres"
	"manyou/storage/vault"
)

// queueCases is how many cases the queue holds that is measured.
const queueCases = 1_000_000

// queueRole is the argument by which the queue alone is measured; "plans" behind it writes the plans of what is read, too.
const queueRole = "child:queue"

// queueSamples is how often each operation is measured.
const queueSamples = 300

// queueAim is what the issue allows for a page, of server time.
const queueAim = 50 * time.Millisecond

// A queueWorld is a queue of corrections in Postgres, filled.
type queueWorld struct {
	store    storage.Store
	conn     *pgx.Conn // for looking at plans
	seen     *statements
	now      time.Time
	process  int // of Postgres
	queue    *correction.Queue
	cases    int
	deep     map[string]*storage.Case // cases far down a list, by the list's name
	longest  string                   // the case with the most duplicates
	persons  []string
	numbers  []string
	awaited  []string
	nextFile int
}

// statements keeps what is sent to Postgres.
type statements struct {
	mu   sync.Mutex
	sql  []string
	args [][]any
}

// TraceQueryStart implements [pgx.QueryTracer].
func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sql) < 1000 {
		s.sql, s.args = append(s.sql, d.SQL), append(s.args, d.Args)
	}
	return ctx
}

// TraceQueryEnd implements [pgx.QueryTracer].
func (*statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart implements [pgx.BatchTracer].
func (s *statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceBatchStartData) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range d.Batch.QueuedQueries {
		s.sql, s.args = append(s.sql, q.SQL), append(s.args, q.Arguments)
	}
	return ctx
}

// TraceBatchQuery implements [pgx.BatchTracer].
func (*statements) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements [pgx.BatchTracer].
func (*statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// take returns what was sent since the last time.
func (s *statements) take() (sql []string, args [][]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sql, args = s.sql, s.args
	s.sql, s.args = nil, nil
	return sql, args
}

// operation is something that a page or a round needs of storage.
type queueOperation struct {
	name string
	run  func(ctx context.Context, n int) (rows int, err error)
}

// queueTime is what one took.
type queueTime struct {
	name         string
	p50, p99     time.Duration
	cpu          float64 // seconds per 1,000
	statements   int
	transactions int
	rows         int
}

// measureQueue fills a queue in the database, and says what each operation on it takes. Plans are written, too, if wanted.
func measureQueue(ctx context.Context, database string, process, cases, samples int, plans bool, w io.Writer) error {
	began := time.Now()
	q, err := newQueueWorld(ctx, database, process, cases)
	if err != nil {
		return err
	}
	defer func() {
		_ = q.conn.Close(ctx)
		_ = q.store.Close()
	}()
	fmt.Fprintf(w, "\nThe queue of corrections: %d cases, Postgres, one after the other; filled in %.0f s\n\n", cases, time.Since(began).Seconds())
	const head, line = "%-48s %9s %9s %12s %11s %13s %6s\n", "%-48s %9.2f %9.2f %12.3f %11d %13d %6d\n"
	fmt.Fprintf(w, head, "operation", "median ms", "99 % ms", "CPU-s/1,000", "statements", "transactions", "rows")
	for _, o := range q.operations() {
		t, err := q.measure(ctx, o, samples)
		if err != nil {
			return fmt.Errorf("%s: %w", o.name, err)
		}
		ms := func(d time.Duration) float64 { return d.Seconds() * 1000 }
		fmt.Fprintf(w, line, t.name, ms(t.p50), ms(t.p99), t.cpu, t.statements, t.transactions, t.rows)
		if plans {
			if err := q.explain(ctx, o, w); err != nil {
				return fmt.Errorf("%s: %w", o.name, err)
			}
		}
	}
	return q.combinations(ctx, w)
}

// measure runs an operation again and again.
func (q *queueWorld) measure(ctx context.Context, o queueOperation, samples int) (t queueTime, err error) {
	t.name = o.name
	took := make([]time.Duration, samples)
	for n := range 10 { // plans are made and pages are read
		if _, err := o.run(ctx, n); err != nil {
			return t, err
		}
	}
	q.seen.take()
	before, err := q.spent()
	if err != nil {
		return t, err
	}
	for n := range samples {
		start := time.Now()
		if t.rows, err = o.run(ctx, n); err != nil {
			return t, err
		}
		took[n] = time.Since(start)
		if sql, _ := q.seen.take(); n == 0 {
			for _, s := range sql {
				switch word := strings.ToLower(strings.Fields(s)[0]); word {
				case "begin":
					t.transactions++
				case "commit", "rollback":
				default:
					t.statements++
				}
			}
		}
	}
	after, err := q.spent()
	if err != nil {
		return t, err
	}
	slices.Sort(took)
	t.p50, t.p99 = took[samples/2], took[samples*99/100]
	t.cpu = (after - before).Seconds() / float64(samples) * 1000
	return t, nil
}

// spent is the CPU time of this process and of Postgres so far.
func (q *queueWorld) spent() (time.Duration, error) {
	own, err := processTime(0)
	if err != nil {
		return 0, err
	}
	server, err := familyTime(q.process)
	return own + server, err
}

// explain writes the plans of what an operation reads.
func (q *queueWorld) explain(ctx context.Context, o queueOperation, w io.Writer) error {
	q.seen.take()
	if _, err := o.run(ctx, 0); err != nil {
		return err
	}
	sql, args := q.seen.take()
	for n, s := range sql {
		if !strings.HasPrefix(s, "SELECT") {
			continue
		}
		fmt.Fprintf(w, "\n%s %v\n", s, args[n])
		rows, err := q.conn.Query(ctx, "EXPLAIN (ANALYZE, BUFFERS) "+s, args[n]...)
		if err != nil {
			return err
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		fmt.Fprintln(w, "  "+strings.Join(lines, "\n  "))
	}
	return nil
}

// newQueueWorld migrates and fills a database.
func newQueueWorld(ctx context.Context, database string, process, cases int) (*queueWorld, error) {
	root, err := vault.NewRoot(rand.Reader)
	if err != nil {
		return nil, err
	}
	if err := pg.Migrate(ctx, database); err != nil {
		return nil, err
	}
	q := &queueWorld{seen: &statements{}, now: time.Now(), process: process, cases: cases, deep: map[string]*storage.Case{}}
	store, v, err := pg.Open(ctx, database, root, pg.WithTracer(q.seen))
	if err != nil {
		return nil, err
	}
	q.store = store
	q.queue = &correction.Queue{
		Store: store, Register: register.NewTable(store), Policy: correction.DefaultPolicy(), Clock: time.Now, Random: rand.Reader,
	}
	if q.conn, err = pgx.Connect(ctx, database); err == nil {
		err = q.fill(ctx, v)
	}
	if err != nil {
		return nil, fmt.Errorf("fill the queue: %w", err)
	}
	return q, nil
}
