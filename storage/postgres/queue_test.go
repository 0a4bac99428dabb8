package postgres

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"manyou/storage"
	"manyou/storage/storagetest"
	"manyou/storage/vault"
)

// queueOf fills a queue: most cases have ended, a tenth is open, a few are on their way to others.
func queueOf(t *testing.T, b *backend) {
	t.Helper()
	for _, sql := range []string{
		`INSERT INTO persons SELECT 'p' || i, '', '33', 'active', 1, 0, 0, 0, '' FROM generate_series(0, 2999) i`,
		`INSERT INTO cases (id, number, kind, topic, state, open, person_id, region, rank, filer, assignee, duplicate_of, version, filed_at, due_at, updated_at, body)
			SELECT 'c' || i, 'n' || i, 'k' || i % 7, 't' || i, CASE WHEN i % 100 = 1 THEN 'applied' WHEN i % 10 = 1 THEN 'in_review' ELSE 'closed' END,
			i % 10 = 1, 'p' || i % 3000, (11 + i % 31)::text, -(i % 7) / 2, 'f' || i % 50, 'a' || i % 97, '', 1, i, i * 7919 % 20000, i, ''
			FROM generate_series(1, 20000) i`,
		`INSERT INTO cases (id, number, kind, topic, state, open, person_id, region, rank, filer, assignee, duplicate_of, version, filed_at, due_at, updated_at, body)
			SELECT 'd' || i, 'd' || i, 'k1', 't' || i, 'triaged', true, 'p1', '33', 0, 'f', '', 'c' || i % 20, 1, i, i, i, '' FROM generate_series(1, 2000) i`,
		`INSERT INTO streams SELECT 'r' || i, 's' || i, 'push', '', '', '', '', 'enabled', '', '', 0, 0, 0 FROM generate_series(0, 39) i`,
		`INSERT INTO known SELECT 'r' || i % 40, 's' || i, 'p' || i % 3000, 0 FROM generate_series(0, 8999) i`,
		`INSERT INTO signals SELECT i, i, 'held', 'p' || i % 3000, '', '', '', '', '', 'c' || i, '', '' FROM generate_series(1, 20000) i`,
		`INSERT INTO signal_acks SELECT i, 'r' || i % 40, 1 FROM generate_series(1, 20000) i`,
		`INSERT INTO case_reminders SELECT id, due_at FROM cases WHERE state = 'in_review'`,
		`VACUUM ANALYZE`,
	} {
		if _, err := b.durable.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// TestNoListOfTheQueueIsReadWhole looks at the plan of each filter: neither a table nor more of an index is read than a few pages.
func TestNoListOfTheQueueIsReadWhole(t *testing.T) {
	url := storagetest.Postgres(t)
	if err := Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	var r recorder
	s, _, err := Open(t.Context(), url, vault.Root{1}, WithTracer(&r))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b, err := connect(t.Context(), url, settings{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	queueOf(t, b)

	type list struct {
		name string
		run  func() (int, error)
	}
	var lists []list
	later := &storage.Case{ID: "c5", Priority: 1, DueAt: time.UnixMilli(9000)}
	for _, state := range []string{"", "in_review", "closed"} {
		for _, kind := range []string{"", "k5"} {
			for _, regions := range [][]string{nil, {"33"}, {"11", "33", "41"}} {
				for _, assignee := range []string{"", "a7"} {
					for _, after := range []*storage.Case{nil, later} {
						f := storage.CaseFilter{State: state, Kind: kind, Regions: regions, Assignee: assignee, After: after}
						lists = append(lists, list{fmt.Sprintf("%q %q %v %q %t", state, kind, regions, assignee, after != nil), func() (int, error) {
							page, err := s.ListCases(t.Context(), f, 5)
							return len(page), err
						}})
					}
				}
			}
		}
	}
	lists = append(lists,
		list{"duplicates", func() (int, error) {
			page, err := s.DuplicatesOf(t.Context(), "c7", 5)
			return len(page), err
		}}, list{"deliveries", func() (int, error) {
			all, err := s.DeliveriesOf(t.Context(), "c101")
			return len(all), err
		}}, list{"awaited", func() (int, error) {
			all, err := s.AwaitedCases(t.Context(), "applied", &storage.AwaitedCase{}, 5)
			return len(all), err
		}}, list{"reminders", func() (int, error) {
			all, err := s.CasesToRemind(t.Context(), time.UnixMilli(3000), 5)
			return len(all), err
		}})
	found := 0
	for _, l := range lists {
		r.statements = nil
		n, err := l.run()
		if err != nil {
			t.Fatalf("%s: %v", l.name, err)
		}
		found += n
		for _, statement := range r.statements {
			plan := explain(t, b, statement.SQL, statement.Args...)
			for _, table := range []string{"cases", "signals", "signal_acks", "persons", "known", "case_reminders"} {
				if slices.ContainsFunc(strings.Split(plan, "\n"), func(line string) bool {
					return strings.Contains(line, "Seq Scan on "+table+" ") && !strings.Contains(line, "never executed")
				}) {
					t.Errorf("%s: all of %s is read\n%s\n%s", l.name, table, statement.SQL, plan)
				}
			}
		}
	}
	if found < len(lists) {
		t.Errorf("%d rows of %d lists", found, len(lists))
	}
}
