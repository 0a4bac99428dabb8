package relational

import (
	"context"
	"strconv"
	"strings"
	"time"

	"manyou/storage"
)

// ListCases implements [storage.Cases]. The texts of its statements are few: they depend on which conditions there are.
func (s *Store) ListCases(ctx context.Context, f storage.CaseFilter, limit int) ([]storage.Case, error) {
	where, args := []string{`duplicate_of = ''`}, []any{}
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	if f.State == "" {
		where = append(where, `open`)
	} else {
		where = append(where, `state = `+arg(f.State))
	}
	if f.Kind != "" {
		where = append(where, `kind = `+arg(f.Kind))
	}
	if f.Reason != "" {
		where = append(where, `reason = `+arg(f.Reason))
	}
	if f.Assignee != "" {
		where = append(where, `assignee <> '' AND assignee = `+arg(f.Assignee))
	}
	switch len(f.Regions) {
	case 0:
	case 1:
		where = append(where, `region = `+arg(f.Regions[0]))
	default:
		in := make([]string, len(f.Regions))
		for n, r := range f.Regions {
			in[n] = arg(r)
		}
		where = append(where, `region IN (`+strings.Join(in, ", ")+`)`)
	}
	if f.Overdue {
		where = append(where, `due_at <= `+arg(millis(f.Now)))
	}
	if a := f.After; a != nil {
		where = append(where, `(rank, due_at, id) > (`+arg(-a.Priority)+`, `+arg(millis(a.DueAt))+`, `+arg(a.ID)+`)`)
	}
	return s.cases(ctx, `WHERE `+strings.Join(where, ` AND `)+` ORDER BY rank, due_at, id LIMIT `+arg(limit), args...)
}

func (s *Store) cases(ctx context.Context, rest string, args ...any) (list []storage.Case, err error) {
	err = s.read.Rows(ctx, `SELECT `+caseColumns+` FROM cases `+rest, args, func(scan Scan) error {
		var c storage.Case
		if err := scan(caseDest(&c)...); err != nil {
			return err
		}
		list = append(list, c)
		return nil
	})
	return list, err
}

// CountCases implements [storage.Cases].
func (s *Store) CountCases(ctx context.Context) (list []storage.CaseCount, err error) {
	err = s.read.Rows(ctx, `SELECT region, kind, state, n FROM case_counts WHERE n > 0 ORDER BY region, kind, state`, nil, func(scan Scan) error {
		var c storage.CaseCount
		if err := scan(&c.Region, &c.Kind, &c.State, &c.N); err != nil {
			return err
		}
		list = append(list, c)
		return nil
	})
	return list, err
}

// CaseAges implements [storage.Cases].
func (s *Store) CaseAges(ctx context.Context, now time.Time) (list []storage.CaseAge, err error) {
	err = s.read.Rows(ctx, `SELECT region, kind, COUNT(*), SUM(CASE WHEN due_at <= $1 THEN 1 ELSE 0 END), MIN(filed_at) FROM cases
		WHERE open AND duplicate_of = '' GROUP BY region, kind ORDER BY region, kind`, []any{millis(now)}, func(scan Scan) error {
		var a storage.CaseAge
		if err := scan(&a.Region, &a.Kind, &a.Open, &a.Overdue, caseTime{&a.Oldest}); err != nil {
			return err
		}
		list = append(list, a)
		return nil
	})
	return list, err
}

// CasesOf implements [storage.Cases].
func (s *Store) CasesOf(ctx context.Context, personID string, limit int) ([]storage.Case, error) {
	return s.cases(ctx, `WHERE person_id = $1 ORDER BY filed_at DESC, id LIMIT $2`, personID, limit)
}

// CasesFiledBy implements [storage.Cases].
func (s *Store) CasesFiledBy(ctx context.Context, filer string, limit int) ([]storage.Case, error) {
	return s.cases(ctx, `WHERE filer = $1 ORDER BY filed_at DESC, id LIMIT $2`, filer, limit)
}

// DuplicatesOf implements [storage.Cases].
func (s *Store) DuplicatesOf(ctx context.Context, id string, limit int) ([]storage.Case, error) {
	return s.cases(ctx, `WHERE duplicate_of <> '' AND duplicate_of = $1 ORDER BY filed_at, id LIMIT $2`, id, limit)
}
