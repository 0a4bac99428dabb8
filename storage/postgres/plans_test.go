package postgres

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"manyou/storage"
	"manyou/storage/relational"
	"manyou/storage/storagetest"
	"manyou/storage/vault"
)

// recorder keeps the statements of an operation.
type recorder struct {
	mu         sync.Mutex
	statements []relational.Statement
}

func (r *recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.statements = append(r.statements, relational.Statement{SQL: d.SQL, Args: d.Args})
	return ctx
}

func (*recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TestListsAreReadByIndex runs operations as a node does and looks at the plan of the one statement that each takes.
func TestListsAreReadByIndex(t *testing.T) {
	url := storagetest.Postgres(t)
	if err := Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	var r recorder
	s, v, err := Open(t.Context(), url, vault.Root{1}, WithTracer(&r))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b, err := connect(t.Context(), url, settings{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()

	now := time.Now()
	ms := func(d time.Duration) int64 { return now.Add(d).UnixMilli() }
	conversation := storage.Conversation{ID: "v1", ExpiresAt: now.Add(time.Hour)}
	for _, sql := range []string{
		`INSERT INTO persons SELECT 'p' || i, '', '33', 'active', 1, 0, 0, 0, '' FROM generate_series(1, 3000) i`,
		`INSERT INTO credentials SELECT 'c' || i, 'p' || i, 'sms', '', decode(md5(i::text), 'hex'), '', '', 0, i, 0
			FROM generate_series(1, 3000) i`,
		// Each of 300 persons has ten sessions and ten events, in two partitions.
		fmt.Sprintf(`INSERT INTO sessions SELECT decode(md5(i::text), 'hex'), %d + i / 300 %% 2 * %d, 'p' || i %% 300, 1, 0, 2, 'otp', '',
			'', '', decode(md5(i::text), 'hex'), i, 0 FROM generate_series(1, 3000) i`, ms(5*day), 20*day.Milliseconds()),
		fmt.Sprintf(`INSERT INTO events SELECT 'p' || i %% 300, %d + i / 300 %% 2 * %d + i, 'e' || i, 'k', ''
			FROM generate_series(1, 3000) i`, ms(time.Hour), 30*day.Milliseconds()),
		fmt.Sprintf(`INSERT INTO tickets SELECT 't' || i, %d + i %% 2 * %d, 1, '', %d + i FROM generate_series(1, 3000) i`,
			ms(time.Hour), day.Milliseconds(), ms(0)),
		fmt.Sprintf(`INSERT INTO conversations SELECT 'v' || i, %d, 1, '' FROM generate_series(1, 3000) i`,
			conversation.ExpiresAt.UnixMilli()),
		`ANALYZE`,
	} {
		if _, err := b.durable.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	lookup := v.Lookup("credentials.handle/sms", "+8613800000001")
	if _, err := b.durable.Exec(t.Context(), `UPDATE credentials SET handle_lookup = $1 WHERE id = 'c1'`, lookup); err != nil {
		t.Fatal(err)
	}

	for _, list := range []struct {
		name string
		want int // rows
		run  func() (int, error)
		read []string // what the names of the indexes begin with
	}{
		{"ConversationAndCredentials", 1, func() (int, error) {
			_, got, err := s.ConversationAndCredentials(t.Context(), conversation.ID, conversation.ExpiresAt, "sms", "+8613800000001")
			return len(got), err
		}, []string{"conversations_", "credentials_by_handle"}},
		{"SessionsOf", 10, func() (int, error) {
			got, err := s.SessionsOf(t.Context(), "p2", now)
			return len(got), err
		}, []string{"sessions_", "persons_pkey"}},
		{"EventsOf", 7, func() (int, error) {
			got, err := s.EventsOf(t.Context(), "p2", now.Add(40*day), 7)
			return len(got), err
		}, []string{"events_"}},
		{"TicketsChangedSince", 5, func() (int, error) {
			got, err := s.TicketsChangedSince(t.Context(), now.Add(2995*time.Millisecond), 5)
			return len(got), err
		}, []string{"tickets_"}},
	} {
		t.Run(list.name, func(t *testing.T) {
			r.statements = nil
			n, err := list.run()
			if err != nil || n != list.want {
				t.Fatalf("%d rows, want %d, %v", n, list.want, err)
			}
			if len(r.statements) != 1 {
				t.Fatalf("%d statements", len(r.statements))
			}
			plan := explain(t, b, r.statements[0].SQL, r.statements[0].Args...)
			t.Log("\n" + plan)
			if err := onlyIndexes(plan, list.read); err != nil {
				t.Error(err)
			}
		})
	}
}

// onlyIndexes reports a plan that reads anything otherwise than by a condition on one of the indexes, or that throws
// rows away. Scans that were never executed do not count.
func onlyIndexes(plan string, indexes []string) error {
	seen := map[string]bool{}
	lines := strings.Split(plan, "\n")
	for i, line := range lines {
		if strings.Contains(line, "Rows Removed") {
			return fmt.Errorf("rows are read in vain: %s", line)
		}
		if strings.Contains(line, "never executed") || !strings.Contains(line, " Scan ") {
			continue
		}
		var name string
		switch {
		case strings.Contains(line, "Bitmap Heap Scan"):
			continue // of what a bitmap of an index names
		case strings.Contains(line, "Bitmap Index Scan on "):
			_, name, _ = strings.Cut(line, "Index Scan on ")
		case strings.Contains(line, "Index Scan"), strings.Contains(line, "Index Only Scan"):
			_, name, _ = strings.Cut(line, " using ")
		default:
			return fmt.Errorf("a scan of something else: %s", line)
		}
		name = strings.Fields(name)[0]
		if i+1 == len(lines) || !strings.Contains(lines[i+1], "Index Cond:") {
			return fmt.Errorf("the whole of an index is read: %s", line)
		}
		known := false
		for _, prefix := range indexes {
			if strings.HasPrefix(name, prefix) {
				known, seen[prefix] = true, true
			}
		}
		if !known {
			return fmt.Errorf("an unexpected index: %s", line)
		}
	}
	for _, prefix := range indexes {
		if !seen[prefix] {
			return fmt.Errorf("no index %s was read", prefix)
		}
	}
	return nil
}

func TestAPlanThatReadsMoreThanItNeedsIsNoticed(t *testing.T) {
	b := newBackend(t)
	for name, sql := range map[string]string{
		"whole table": `SELECT 1 FROM tickets_default WHERE version = 1`,
		"whole index": `SELECT changed_at FROM tickets_default ORDER BY changed_at`,
		"other index": `SELECT 1 FROM persons WHERE id = 'p'`,
	} {
		if onlyIndexes(explain(t, b, sql+` LIMIT $1`, 1), []string{"tickets_"}) == nil {
			t.Errorf("%s: nothing was noticed", name)
		}
	}
}
