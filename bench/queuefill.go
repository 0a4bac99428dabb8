package main

import (
	"context"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"manyou/federation/correction"
	"manyou/federation/identity"
	"manyou/storage/vault"
)

// How the queue is filled, in parts of a million: what is open and waits for people, what is on its way to others, and what others had
// reported before. The rest has ended.
const (
	queueWaiting    = 20_000
	queueOnTheWay   = 10_000
	queueDuplicates = 80_000
	queueOfficers   = 300
	queueReceivers  = 40 // 34 of them issuers
)

// queueColumns are the columns of a case as it is copied.
var queueColumns = []string{
	"id", "number", "kind", "topic", "state", "open", "person_id", "region", "rank", "filer", "assignee", "duplicate_of", "version", "filed_at", "due_at",
	"updated_at", "body",
}

// drawn is a case as it is drawn.
type drawn struct {
	id, person, kind, state, duplicateOf string
	open                                 bool
	updated                              time.Time
	events                               int
}

// fill copies persons, cases, events, signals and who heard of them.
func (q *queueWorld) fill(ctx context.Context, v *vault.Vault) error {
	r := mathrand.New(mathrand.NewPCG(1, 2)) //nolint:gosec // the same queue each time
	indexes, err := q.withoutIndexes(ctx, "cases")
	if err != nil {
		return err
	}
	persons := max(q.cases/10, 100)
	if err := q.fillPersons(ctx, v, persons); err != nil {
		return err
	}
	list := q.draw(r, persons)
	n := 0
	if _, err := q.conn.CopyFrom(ctx, pgx.Identifier{"cases"}, queueColumns, pgx.CopyFromFunc(func() ([]any, error) {
		if n == len(list) {
			return nil, nil
		}
		n++
		return q.row(r, v, n-1, &list[n-1])
	})); err != nil {
		return err
	}
	if err := q.fillEvents(ctx, v, list); err != nil {
		return err
	}
	for _, sql := range append(indexes,
		`INSERT INTO case_counts SELECT region, kind, state, count(*) FROM cases WHERE duplicate_of = '' GROUP BY region, kind, state`,
		`INSERT INTO case_reminders SELECT id, due_at FROM cases WHERE open AND duplicate_of = '' AND state NOT IN ('applied', 'propagated')`,
		// Everybody is known to two issuers and an application; what was decided of the last cases was told.
		fmt.Sprintf(`INSERT INTO streams SELECT 'client-' || n, 'stream-' || n, 'push', 'http://localhost', '', '', '', 'enabled', '', '', 0, 0, 0
			FROM generate_series(0, %d) n`, queueReceivers-1),
		fmt.Sprintf(`INSERT INTO known SELECT 'client-' || (n + k * 13) %% %d, 's-' || n || '-' || k, 'p' || n, 0
			FROM generate_series(0, %d) n, generate_series(0, 2) k`, queueReceivers, persons-1),
		`INSERT INTO signals SELECT row_number() OVER (ORDER BY updated_at, id), updated_at, 'corrected', person_id, '', '', '', '', '', id, number, 'd'
			FROM cases WHERE duplicate_of = '' AND (state IN ('applied', 'propagated') OR state = 'closed' AND hashtext(id) % 4 = 0)`,
		`UPDATE signal_head SET seq = (SELECT max(seq) FROM signals)`,
		// Of what is on its way one receiver has not heard; of what has ended all have.
		`INSERT INTO signal_acks SELECT s.seq, k.client_id, s.at FROM signals s JOIN known k ON k.person_id = s.person_id JOIN cases c ON c.id = s.case_id
			WHERE c.state = 'closed' OR right(k.subject, 1) <> '1'`,
		`VACUUM ANALYZE`,
	) {
		if _, err := q.conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return q.pick(ctx)
}

// withoutIndexes drops the indexes of a table that no constraint needs, and returns the statements that make them anew.
func (q *queueWorld) withoutIndexes(ctx context.Context, table string) ([]string, error) {
	rows, err := q.conn.Query(ctx, `SELECT i.indexname, i.indexdef FROM pg_indexes i WHERE i.tablename = $1 AND NOT EXISTS
		(SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)`, table)
	if err != nil {
		return nil, err
	}
	type index struct{ Name, Definition string }
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[index])
	if err != nil {
		return nil, err
	}
	again := []string{`SET maintenance_work_mem = '256MB'`}
	for _, i := range list {
		if _, err := q.conn.Exec(ctx, "DROP INDEX "+i.Name); err != nil {
			return nil, err
		}
		again = append(again, i.Definition)
	}
	return again, nil
}

func (q *queueWorld) fillPersons(ctx context.Context, v *vault.Vault, persons int) error {
	n := 0
	_, err := q.conn.CopyFrom(ctx, pgx.Identifier{"persons"}, []string{"id", "name", "region", "status", "epoch", "created_at"}, pgx.CopyFromFunc(func() ([]any, error) {
		if n == persons {
			return nil, nil
		}
		id := fmt.Sprintf("p%d", n)
		n++
		name, err := v.Seal([]byte("某人"), "persons.name/"+id)
		return []any{id, name, queueRegion(n), "active", 1, 0}, err
	}))
	return err
}

// queueRegion is the region of the nth: some have many people, and some few.
func queueRegion(n int) string {
	regions := identity.Regions()
	k := n * 7919 % (len(regions) * (len(regions) + 1) / 2) // the first has one part of them, the last as many as there are regions
	for i := range regions {
		if k <= i {
			return regions[i].Code
		}
		k -= i + 1
	}
	return regions[0].Code
}

// draw says what each case is.
func (q *queueWorld) draw(r *mathrand.Rand, persons int) []drawn {
	kinds := correction.Kinds()
	list := make([]drawn, q.cases)
	part := func(n int) int { return n * q.cases / 1_000_000 }
	waiting, away, joined := part(queueWaiting), part(queueOnTheWay), part(queueDuplicates)
	for n := range list {
		d := drawn{id: fmt.Sprintf("%026X", r.Uint64()), kind: string(kinds[r.IntN(len(kinds))]), events: 0}
		d.id = strings.ReplaceAll(d.id, "0", "A") // as long as a real one, and as scattered
		d.person = fmt.Sprintf("p%d", r.IntN(persons))
		switch {
		case n < waiting:
			d.open, d.events, d.person = true, 4, fmt.Sprintf("p%d", n)
			d.state = []string{"triaged", "triaged", "triaged", "in_review", "in_review", "proposed", "appealed", "reopened"}[r.IntN(8)]
		case n < waiting+away:
			d.open, d.events, d.state = true, 6, "applied"
			if n%10 == 0 {
				d.state = "propagated"
			}
			d.person = fmt.Sprintf("p%d", n)
		case n < waiting+away+joined:
			of := list[r.IntN(max(waiting, 1))]
			if n%50 == 0 {
				of = list[0] // that everybody reports
			}
			d.open, d.events, d.state, d.duplicateOf, d.person, d.kind = true, 2, "triaged", of.id, of.person, of.kind
		default:
			d.state = []string{"closed", "closed", "closed", "closed", "closed", "rejected", "rejected", "withdrawn"}[r.IntN(8)]
			if n%20 == 0 {
				d.events = 7
			}
		}
		list[n] = d
	}
	return list
}

// row is a case as it is copied.
func (q *queueWorld) row(r *mathrand.Rand, v *vault.Vault, n int, d *drawn) ([]any, error) {
	policy := correction.DefaultPolicy()
	filed := q.now.Add(-time.Duration(r.Int64N(int64(3 * 365 * 24 * time.Hour))))
	due := policy.Due[correction.Kind(d.kind)]
	if d.open { // a part of them is overdue
		filed = q.now.Add(-time.Duration(r.Int64N(int64(due * 5 / 4))))
	}
	d.updated = filed.Add(time.Duration(r.Int64N(int64(time.Hour))))
	rank := map[string]int{"takeover": -3, "wrong_link": -2, "collision": -2}[d.kind]
	if rank == 0 {
		rank = -1
	}
	filer, assignee := "person:"+d.person, ""
	if r.IntN(5) > 1 {
		filer = fmt.Sprintf("application:app-%d", r.IntN(1+r.IntN(500)))
	}
	if d.state != "triaged" && d.state != "appealed" && d.state != "reopened" {
		assignee = fmt.Sprintf("officer-%d", r.IntN(queueOfficers))
	}
	body, err := json.Marshal(correction.Body{
		Statement: "这不是我的记录，请核对。", Reason: correction.ReasonPeople,
		Evidence: []correction.Evidence{{Source: "here", At: filed, Said: map[string]string{"name": "某人", "region": "51"}}},
	})
	if err != nil {
		return nil, err
	}
	if body, err = v.Seal(body, "cases.body/"+d.id); err != nil {
		return nil, err
	}
	return []any{
		d.id, fmt.Sprintf("N%08d", n), d.kind, fmt.Sprintf("%s %d", d.kind, n), d.state, d.open, d.person, queueRegion(r.IntN(1 << 20)), rank, filer, assignee,
		d.duplicateOf, max(d.events, 1), filed.UnixMilli(), filed.Add(due).UnixMilli(), d.updated.UnixMilli(), body,
	}, nil
}

// fillEvents copies what happened to those cases of which something is kept.
func (q *queueWorld) fillEvents(ctx context.Context, v *vault.Vault, list []drawn) error {
	n, seq := 0, 0
	columns := []string{"case_id", "seq", "at", "what", "actor", "body"}
	_, err := q.conn.CopyFrom(ctx, pgx.Identifier{"case_events"}, columns, pgx.CopyFromFunc(func() ([]any, error) {
		for n < len(list) && seq == list[n].events {
			n, seq = n+1, 0
		}
		if n == len(list) {
			return nil, nil
		}
		seq++
		body, err := v.Seal([]byte(`{"text":"核对中"}`), "case_events.body/"+list[n].id)
		return []any{list[n].id, seq, list[n].updated.UnixMilli(), "noted", "officer:officer-1", body}, err
	}))
	return err
}
