package postgres

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"manyou/storage"
	"manyou/storage/relational"
	"manyou/storage/storagetest"
	"manyou/storage/vault"
)

func newBackend(t *testing.T) *backend {
	t.Helper()
	url := storagetest.Postgres(t)
	if err := Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	b, err := connect(t.Context(), url, settings{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// explain returns the plan of a statement as a node runs it: prepared, with a generic plan.
func explain(t *testing.T, b *backend, sql string, args ...any) string {
	t.Helper()
	conn, err := b.durable.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(t.Context(), `PREPARE hot AS `+sql); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = conn.Exec(t.Context(), `DEALLOCATE hot`) }()
	literals := make([]string, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case []byte:
			literals[i] = `'\x` + hex.EncodeToString(a) + `'`
		case string:
			literals[i] = `'` + a + `'`
		default:
			literals[i] = fmt.Sprint(a)
		}
	}
	execute := `EXPLAIN (ANALYZE, BUFFERS) EXECUTE hot`
	if len(args) > 0 {
		execute += `(` + strings.Join(literals, ", ") + `)`
	}
	rows, err := conn.Query(t.Context(), execute)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func TestHotStatementsReadOnePartitionByPrimaryKey(t *testing.T) {
	b := newBackend(t)
	now := time.Now()
	ms := func(d time.Duration) int64 { return now.Add(d).UnixMilli() }
	sessionExpiry, grantExpiry := ms(29*day), ms(30*day)
	for _, sql := range []string{
		`INSERT INTO persons SELECT 'p' || i, '', '33', 'active', 1, 0, 0, 0, '' FROM generate_series(1, 3000) i`,
		fmt.Sprintf(`INSERT INTO sessions SELECT decode(md5(i::text), 'hex'), %d, 'p' || i, 1, 0, 2, 'otp', '', '', '', decode(md5(i::text), 'hex'), 0, 0
			FROM generate_series(1, 3000) i`, sessionExpiry),
		fmt.Sprintf(`INSERT INTO grants SELECT decode(md5(i::text), 'hex'), %d, decode(md5(i::text), 'hex'), %d, 'c', 'p' || i, 1,
			'openid', 0, 2, 'otp', '', false, 0, 0, 0 FROM generate_series(1, 3000) i`, grantExpiry, sessionExpiry),
		`ANALYZE`,
	} {
		if _, err := b.durable.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	id, err := hex.DecodeString("c4ca4238a0b923820dcc509a6f75849b") // MD5 of "1"
	if err != nil {
		t.Fatal(err)
	}
	hot := b.Statements()
	for name, plan := range map[string]string{
		"Session": explain(t, b, hot.Session, id, sessionExpiry),
		"Grant":   explain(t, b, hot.Grant, id, grantExpiry, ms(0)),
		"Rotate":  explain(t, b, hot.Rotate, id, grantExpiry, 0, ms(0)),
		"Redeem": explain(t, b, hot.Redeem, []byte{1}, grantExpiry, id, sessionExpiry, "c", "p1", 1, "openid", 0, 2, "otp", "",
			false, 0, ms(0)),
	} {
		t.Logf("%s\n%s", name, plan)
		executed := map[string]bool{} // partitions by index
		for line := range strings.Lines(plan) {
			if strings.Contains(line, "never executed") {
				continue
			}
			if strings.Contains(line, "Seq Scan") {
				t.Errorf("%s reads a whole table: %s", name, line)
			}
			if _, index, ok := strings.Cut(line, "Index Scan using "); ok {
				executed[strings.Fields(index)[0]] = true
			}
		}
		for _, table := range []string{"sessions_", "grants_"} {
			n := 0
			for index := range executed {
				if strings.HasPrefix(index, table) && strings.HasSuffix(index, "_pkey") {
					n++
				}
			}
			if n > 1 {
				t.Errorf("%s reads %d partitions %s", name, n, table)
			}
		}
		if len(executed) < 2 {
			t.Errorf("%s: expected index scans, got %v", name, executed)
		}
	}
}

// counter counts statements.
type counter struct{ n atomic.Int64 }

func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.n.Add(1)
	return ctx
}

func (*counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func TestHotOperationsAreOneStatementEach(t *testing.T) {
	url := storagetest.Postgres(t)
	if err := Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	var c counter
	s, _, err := Open(t.Context(), url, vault.Root{1}, WithTracer(&c))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	now := time.Now()
	conversation := storage.Conversation{ID: "c", ExpiresAt: now.Add(time.Hour)}
	p := storage.Person{ID: "p", Region: "33", Status: storage.PersonActive, Epoch: 1}
	credential := storage.Credential{ID: "c", PersonID: "p", Method: "totp"}
	ticket := storage.Ticket{ID: "t", ExpiresAt: now.Add(time.Minute), Version: 1}
	session := storage.Session{ID: []byte("s"), ExpiresAt: now.Add(day), PersonID: "p", ACR: 2}
	g := storage.Grant{
		ID: []byte("g"), ExpiresAt: now.Add(day), SessionID: session.ID, SessionExpiresAt: session.ExpiresAt, PersonID: "p", Epoch: 1,
	}
	for _, step := range []struct {
		name string
		want int64
		f    func() error
	}{
		{"CreateConversation", 1, func() error { return s.CreateConversation(t.Context(), conversation) }},
		{"CreateConversation", 1, func() error {
			return s.CreateConversation(t.Context(), storage.Conversation{ID: "d", ExpiresAt: conversation.ExpiresAt})
		}},
		{"CompleteSignIn", 1, func() error { // and a batch, which is traced as such
			_, err := s.CompleteSignIn(t.Context(), storage.SignIn{ConversationID: "c",
				ConversationExpiresAt: conversation.ExpiresAt, ConversationVersion: 1, Person: &p, Credential: &credential,
				Event: &storage.Event{ID: "begun", PersonID: "p", At: now}, Session: session})
			return err
		}},
		{"ConversationAndCredentials", 1, func() error {
			_, _, err := s.ConversationAndCredentials(t.Context(), "d", conversation.ExpiresAt, "sms", "+8613800000001")
			return err
		}},
		{"UseCredential", 1, func() error {
			return s.UseCredential(t.Context(), storage.CredentialUse{ID: credential.ID, Counter: 1}, now)
		}},
		{"CreateTicket", 1, func() error { return s.CreateTicket(t.Context(), ticket, now) }},
		{"AdvanceTicket", 1, func() error { return s.AdvanceTicket(t.Context(), ticket, now) }},
		{"AddEvent", 1, func() error { return s.AddEvent(t.Context(), storage.Event{ID: "e", PersonID: "p", At: now}) }},
		{"EndSessionsOf", 1, func() error { _, err := s.EndSessionsOf(t.Context(), "q", nil, now); return err }},
		{"Session", 1, func() error { _, err := s.Session(t.Context(), session.ID, session.ExpiresAt); return err }},
		{"Redeem", 1, func() error { _, err := s.Redeem(t.Context(), g, now); return err }},
		{"Rotate", 1, func() error { _, err := s.Rotate(t.Context(), g.ID, g.ExpiresAt, 0, now); return err }},
		{"Grant", 1, func() error { _, err := s.Grant(t.Context(), g.ID, g.ExpiresAt, now); return err }},
		{"Count", 1, func() error { _, err := s.Count(t.Context(), []string{"a", "b"}, 1, now); return err }},
		{"Use", 1, func() error { return s.Use(t.Context(), "jti", "v", now) }},
	} {
		before := c.n.Load()
		if err := step.f(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if n := c.n.Load() - before; n != step.want {
			t.Errorf("%s took %d statements, want %d", step.name, n, step.want)
		}
	}
}

func TestOnlyTheRelaxedPoolRisksTheLastMoments(t *testing.T) {
	b := newBackend(t)
	for want, e := range map[string]relational.Executor{"on": b.Writer(), "off": b.RelaxedWriter()} {
		var got string
		if err := e.Row(t.Context(), `SHOW synchronous_commit`, nil, &got); err != nil || got != want {
			t.Errorf("synchronous_commit %q, want %q (%v)", got, want, err)
		}
	}
}

func TestRowsLieInPartitionsAndPartitionsGoAway(t *testing.T) {
	b := newBackend(t)
	now := time.Now()
	partitions := func(table string) (n int64) {
		err := b.Reader().Row(t.Context(), `SELECT count(*) FROM pg_inherits WHERE inhparent = $1::text::regclass`, []any{table}, &n)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := map[string]int64{}
	for _, p := range partitionedTables {
		before[p.table] = partitions(p.table)
	}
	for d := time.Duration(0); d <= 30*day; d += 3 * day {
		_, err := b.durable.Exec(t.Context(), `INSERT INTO grants SELECT decode(md5($1::bigint::text), 'hex'), $1, '', 0, '', '', 0, '', 0,
			0, '', '', false, 0, 0, 0`, now.Add(d).UnixMilli())
		if err != nil {
			t.Fatal(err)
		}
	}
	var strays int64
	if err := b.Reader().Row(t.Context(), `SELECT count(*) FROM grants_default`, nil, &strays); err != nil || strays != 0 {
		t.Fatalf("%d rows in the default partition, %v", strays, err)
	}
	for _, later := range []time.Duration{0, 40 * day, 200 * day, 700 * day} {
		if err := b.Maintain(t.Context(), now.Add(later)); err != nil {
			t.Fatal(err)
		}
		for _, p := range partitionedTables {
			most := before[p.table] + 1
			if later < p.keep {
				most += int64(later / p.width)
			}
			if n := partitions(p.table); n < before[p.table]-1 || n > most {
				t.Errorf("%s has %d partitions after %v, had %d", p.table, n, later, before[p.table])
			}
		}
	}
}

func TestADeadlockIsRetryable(t *testing.T) {
	b := newBackend(t)
	if _, err := b.durable.Exec(t.Context(), `INSERT INTO persons VALUES ('a', '', '', '', 0, 0), ('b', '', '', '', 0, 0)`); err != nil {
		t.Fatal(err)
	}
	var met, wg sync.WaitGroup
	met.Add(2)
	errs := make([]error, 2)
	for i, order := range [][]string{{"a", "b"}, {"b", "a"}} {
		wg.Go(func() {
			errs[i] = b.InTx(t.Context(), func(tx relational.Executor) error {
				for n, id := range order {
					if n == 1 {
						met.Done()
						met.Wait()
					}
					if _, err := tx.Exec(t.Context(), `UPDATE persons SET epoch = epoch + 1 WHERE id = $1`, id); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
	wg.Wait()
	err := errors.Join(errs...)
	if err == nil || !b.Retryable(err) {
		t.Fatalf("got %v", err)
	}
}
