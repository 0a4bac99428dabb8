package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"manyou/federation/correction"
	"manyou/storage"
)

// queuePage is how many cases a page shows.
const queuePage = 50

// pick finds what operations are about: cases far down a list, and some of each kind.
func (q *queueWorld) pick(ctx context.Context) error {
	deep := func(name, where string) error {
		var c storage.Case
		var due int64
		err := q.conn.QueryRow(ctx, `SELECT id, -rank, due_at FROM cases WHERE duplicate_of = '' AND `+where+` ORDER BY rank, due_at, id
			OFFSET (SELECT count(*) * 3 / 4 FROM cases WHERE duplicate_of = '' AND `+where+`) LIMIT 1`).Scan(&c.ID, &c.Priority, &due)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // so small a queue has none
		}
		c.DueAt = time.UnixMilli(due)
		q.deep[name] = &c
		return err
	}
	for name, where := range map[string]string{
		"open": "open", "region": "open AND region = '44'", "kind": "open AND kind = 'duplicate'", "in_review": "state = 'in_review'",
		"closed": "state = 'closed'", "mine": "open AND assignee = 'officer-7'", "overdue": fmt.Sprintf("open AND due_at <= %d", q.now.UnixMilli()),
	} {
		if err := deep(name, where); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	if err := q.conn.QueryRow(ctx, `SELECT duplicate_of FROM cases WHERE duplicate_of <> '' GROUP BY duplicate_of ORDER BY count(*) DESC LIMIT 1`).Scan(&q.longest); err != nil {
		return err
	}
	for sql, to := range map[string]*[]string{
		`SELECT id FROM persons ORDER BY hashtext(id) LIMIT 1000`:                                                      &q.persons,
		`SELECT number FROM cases WHERE open AND duplicate_of = '' ORDER BY hashtext(id) LIMIT 1000`:                   &q.numbers,
		`SELECT id FROM cases WHERE state = 'applied' AND open AND duplicate_of = '' ORDER BY hashtext(id) LIMIT 1000`: &q.awaited,
	} {
		rows, err := q.conn.Query(ctx, sql)
		if err != nil {
			return err
		}
		if *to, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			return err
		}
	}
	return nil
}

// nth takes one of a list after the other.
func nth(list []string, n int) string { return list[n%len(list)] }

// operations are what the pages and the rounds of the queue need.
func (q *queueWorld) operations() []queueOperation {
	list := func(name string, f storage.CaseFilter) queueOperation {
		return queueOperation{name, func(ctx context.Context, _ int) (int, error) {
			f.Now = q.now
			page, err := q.store.ListCases(ctx, f, queuePage)
			return len(page), err
		}}
	}
	all := []queueOperation{
		list("open, first page", storage.CaseFilter{}),
		list("open, three quarters down", storage.CaseFilter{After: q.deep["open"]}),
		list("open of one region", storage.CaseFilter{Regions: []string{"44"}}),
		list("the same, three quarters down", storage.CaseFilter{Regions: []string{"44"}, After: q.deep["region"]}),
		list("open of three regions", storage.CaseFilter{Regions: []string{"11", "44", "65"}}),
		list("open of a kind", storage.CaseFilter{Kind: "duplicate"}),
		list("the same, three quarters down", storage.CaseFilter{Kind: "duplicate", After: q.deep["kind"]}),
		list("in review", storage.CaseFilter{State: "in_review"}),
		list("the same, three quarters down", storage.CaseFilter{State: "in_review", After: q.deep["in_review"]}),
		list("closed", storage.CaseFilter{State: "closed"}),
		list("the same, three quarters down", storage.CaseFilter{State: "closed", After: q.deep["closed"]}),
		list("mine", storage.CaseFilter{Assignee: "officer-7"}),
		list("the same, three quarters down", storage.CaseFilter{Assignee: "officer-7", After: q.deep["mine"]}),
		list("overdue", storage.CaseFilter{Overdue: true}),
		list("the same, three quarters down", storage.CaseFilter{Overdue: true, After: q.deep["overdue"]}),
	}
	return append(all, q.reads()...)
}

// reads are the other operations.
func (q *queueWorld) reads() []queueOperation {
	return []queueOperation{
		{"counts by region, kind and state", func(ctx context.Context, _ int) (int, error) {
			counts, err := q.store.CountCases(ctx)
			return len(counts), err
		}},
		{"ages by region and kind", func(ctx context.Context, _ int) (int, error) {
			ages, err := q.store.CaseAges(ctx, q.now)
			return len(ages), err
		}},
		{"a case by its number", func(ctx context.Context, n int) (int, error) {
			_, err := q.store.CaseByNumber(ctx, nth(q.numbers, n))
			return 1, err
		}},
		{"what happened to a case", func(ctx context.Context, n int) (int, error) {
			events, err := q.store.CaseEvents(ctx, nth(q.awaited, n))
			return len(events), err
		}},
		{"the cases of a person", func(ctx context.Context, n int) (int, error) {
			cases, err := q.store.CasesOf(ctx, nth(q.persons, n), queuePage)
			return len(cases), err
		}},
		{"the cases of the busiest filer", func(ctx context.Context, _ int) (int, error) {
			cases, err := q.store.CasesFiledBy(ctx, correction.Application("app-0"), queuePage)
			return len(cases), err
		}},
		{"the duplicates of the case that has most", func(ctx context.Context, _ int) (int, error) {
			cases, err := q.store.DuplicatesOf(ctx, q.longest, queuePage)
			return len(cases), err
		}},
		{"who has heard of a case", func(ctx context.Context, n int) (int, error) {
			deliveries, err := q.store.DeliveriesOf(ctx, nth(q.awaited, n))
			return len(deliveries), err
		}},
		{"a round of settling: the 100 latest of 9,000", func(ctx context.Context, _ int) (int, error) {
			cases, err := q.store.AwaitedCases(ctx, string(correction.Applied), nil, 100)
			return len(cases), err
		}},
		{"a round of settling: the next 200", func(ctx context.Context, _ int) (int, error) {
			cases, err := q.store.AwaitedCases(ctx, string(correction.Applied), &storage.AwaitedCase{At: q.now.Add(-24 * time.Hour)}, 200)
			return len(cases), err
		}},
		{"overdue ones to escalate, if there are none", func(ctx context.Context, _ int) (int, error) {
			cases, err := q.store.CasesToRemind(ctx, q.now.Add(-1000*24*time.Hour), 100)
			return len(cases), err
		}},
		{"filing a case, triage and all", func(ctx context.Context, _ int) (int, error) {
			q.nextFile++
			_, err := q.queue.File(ctx, correction.Filing{
				Filer: correction.Application("app-1"), Kind: correction.KindCollision, Person: nth(q.persons, q.nextFile),
				Statement: fmt.Sprint("两个人用同一条记录 ", q.nextFile), Attribute: fmt.Sprint(q.nextFile),
			})
			return 1, err
		}},
	}
}

// combinations runs every combination of the filters, and writes which ones took longest.
func (q *queueWorld) combinations(ctx context.Context, w io.Writer) error {
	type one struct {
		name string
		took time.Duration
	}
	var all []one
	states := []string{"", "triaged", "in_review", "proposed", "applied", "closed", "rejected", "withdrawn"}
	kinds := []string{"", "takeover", "duplicate"}
	regions := [][]string{nil, {"11"}, {"82"}, {"11", "44", "65"}}
	for _, state := range states {
		for _, kind := range kinds {
			for _, region := range regions {
				for _, assignee := range []string{"", "officer-7", "nobody"} {
					for _, overdue := range []bool{false, true} {
						f := storage.CaseFilter{State: state, Kind: kind, Regions: region, Assignee: assignee, Overdue: overdue, Now: q.now}
						best := time.Hour // of several, if it was long: the first reads what is not in memory, others share the machine
						for n := 0; n < 4 && (n == 0 || best > time.Millisecond); n++ {
							start := time.Now()
							if _, err := q.store.ListCases(ctx, f, queuePage); err != nil {
								return err
							}
							best = min(best, time.Since(start))
						}
						all = append(all, one{fmt.Sprintf("state %q, kind %q, regions %s, assignee %q, overdue %t", state, kind, strings.Join(region, "+"), assignee, overdue), best})
					}
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b one) int { return int(b.took - a.took) })
	beyond := 0
	for _, o := range all {
		if o.took > queueAim {
			beyond++
		}
	}
	fmt.Fprintf(w, "\n%d combinations of filters, the best of up to four each: median %.2f ms; %d beyond %d ms; the longest:\n", len(all),
		all[len(all)/2].took.Seconds()*1000, beyond, queueAim.Milliseconds())
	for _, o := range all[:min(8, len(all))] {
		fmt.Fprintf(w, "%9.2f ms  %s\n", o.took.Seconds()*1000, o.name)
	}
	return nil
}
