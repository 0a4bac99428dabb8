package relational

import (
	"context"
	"slices"
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
	if f.Overdue {
		where = append(where, `due_at <= `+arg(millis(f.Now)))
	}
	// One range of an index for each region; and two behind an earlier page, since of a comparison of rows Postgres guesses the number
	// by the first column alone, and then reads another index. The limit is written out: whoever plans has to know that it is small.
	const order = ` ORDER BY rank, due_at, id LIMIT `
	ranges := [][]string{where}
	if len(f.Regions) > 0 {
		ranges = nil
		for _, r := range f.Regions {
			ranges = append(ranges, append(slices.Clone(where), `region = `+arg(r)))
		}
	}
	if a := f.After; a != nil {
		rank, due, id := arg(-a.Priority), arg(millis(a.DueAt)), arg(a.ID)
		for n := range ranges {
			ranges = append(ranges, append(slices.Clone(ranges[n]), `rank > `+rank))
			ranges[n] = append(ranges[n], `rank = `+rank, `(due_at, id) > (`+due+`, `+id+`)`)
		}
	}
	if len(ranges) == 1 {
		return s.cases(ctx, `WHERE `+strings.Join(ranges[0], ` AND `)+order+strconv.Itoa(limit), args...)
	}
	parts := make([]string, len(ranges))
	for n, r := range ranges {
		parts[n] = `SELECT * FROM (SELECT ` + caseColumns + ` FROM cases WHERE ` + strings.Join(r, ` AND `) + order + strconv.Itoa(limit) + `) r` + strconv.Itoa(n)
	}
	return s.casesIn(ctx, `(`+strings.Join(parts, ` UNION ALL `)+`) r`, order+strconv.Itoa(limit), args...)
}

func (s *Store) cases(ctx context.Context, rest string, args ...any) (list []storage.Case, err error) {
	return s.casesIn(ctx, `cases`, rest, args...)
}

func (s *Store) casesIn(ctx context.Context, from, rest string, args ...any) (list []storage.Case, err error) {
	err = s.read.Rows(ctx, `SELECT `+caseColumns+` FROM `+from+` `+rest, args, func(scan Scan) error {
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
