package relational

import (
	"context"
	"maps"
	"slices"
	"time"

	"manyou/storage"
)

// StepCase implements [storage.Cases].
func (s *Store) StepCase(ctx context.Context, step storage.CaseStep) error {
	return s.inTx(ctx, func(tx Executor) error {
		touched, signals, err := s.lockTouched(ctx, tx, step)
		if err != nil {
			return err
		}
		if err := goesBy(ctx, tx, step); err != nil {
			return err
		}
		if err := s.stepHolds(ctx, tx, step); err != nil {
			return err
		}
		if step.Correction != nil {
			parting, err := s.correctCase(ctx, tx, step)
			if err != nil {
				return err
			}
			signals = append(signals, parting...)
			if err := leftNothing(ctx, tx, touched); err != nil {
				return err
			}
			if p := step.Correction.Create; p != nil { // with the links that were moved to them
				touched[p.ID] = false
			}
		}
		for person, anyway := range touched {
			if err := settle(ctx, tx, person, anyway, step.Case.UpdatedAt); err != nil {
				return err
			}
		}
		told, err := tellHolds(ctx, tx, slices.Collect(maps.Keys(touched))...)
		if err != nil {
			return err
		}
		signals = append(signals, told...)
		if _, err := appendAudit(ctx, tx, step.Audit); err != nil {
			return err
		}
		if err := together(ctx, tx, step); err != nil {
			return err
		}
		if err := appendSignals(ctx, tx, step.Case.UpdatedAt, signals...); err != nil {
			return err
		}
		if err := remind(ctx, tx, step); err != nil {
			return err
		}
		return s.writeCase(ctx, tx, step)
	})
}

// lockTouched locks the persons that a step changes, before anything else. It returns them with whether their epoch grows anyway, and what
// others have to hear.
func (s *Store) lockTouched(ctx context.Context, tx Executor, step storage.CaseStep) (map[string]bool, []storage.Signal, error) {
	touched, signals := map[string]bool{}, []storage.Signal{}
	var recoded []string // locked, too, though nothing follows for them
	for _, h := range step.Place {
		if h.Kind != storage.HoldWatch {
			touched[h.PersonID] = touched[h.PersonID] || weakens(h)
			signals = append(signals, heard(h, storage.SignalHeld))
		}
	}
	var lifted []storage.Hold
	for _, l := range step.Lift {
		h, err := holdOf(ctx, tx, l.ID)
		if err != nil {
			return nil, nil, err
		}
		lifted = append(lifted, h)
		touched[h.PersonID] = touched[h.PersonID] || false
		if h.Kind != storage.HoldWatch {
			signals = append(signals, heard(h, storage.SignalLifted))
		}
	}
	if c := step.Correction; c != nil {
		named, said, err := s.named(ctx, tx, *c, step.Case)
		if err != nil {
			return nil, nil, err
		}
		for _, person := range named {
			if c.Recodes() {
				recoded = append(recoded, person)
				continue
			}
			touched[person] = true
		}
		signals = append(said, signals...) // what was corrected before what is let in again
	}
	ids := recoded
	for person := range touched {
		ids = append(ids, person)
	}
	if step.Seen != nil {
		ids = append(ids, step.Seen.PersonID)
	}
	for _, m := range step.Still {
		ids = append(ids, m.From)
		if m.Into != "" {
			ids = append(ids, m.Into)
		}
	}
	if err := s.lockPersons(ctx, tx, ids...); err != nil {
		return nil, nil, err
	}
	for _, h := range lifted {
		if err := lies(ctx, tx, h); err != nil {
			return nil, nil, err
		}
	}
	return touched, signals, nil
}

// goesBy makes sure that what a step was decided by is still so. The persons are locked.
func goesBy(ctx context.Context, tx Executor, step storage.CaseStep) error {
	for _, m := range step.Still {
		var so int64
		if err := tx.Row(ctx, `SELECT 1 FROM persons WHERE id = $1 AND merged_into = $2`, []any{m.From, m.Into}, &so); err != nil {
			return conflicting(err)
		}
	}
	if step.Seen == nil {
		return nil
	}
	return noOthers(ctx, tx, *step.Seen)
}

// together makes sure that a case joins one that is open, and that one to which others were joined does not end as if it were its filer's alone. The
// head of the audit log is locked, so that of such steps one sees the other.
func together(ctx context.Context, tx Executor, step storage.CaseStep) error {
	var so int64
	if step.Joins != "" {
		if err := tx.Row(ctx, `SELECT 1 FROM cases WHERE id = $1 AND open`, []any{step.Joins}, &so); err != nil {
			return conflicting(err)
		}
	}
	if !step.Alone {
		return nil
	}
	err := tx.Row(ctx, `SELECT 1 FROM cases WHERE duplicate_of <> '' AND duplicate_of = $1 LIMIT 1`, []any{step.Case.ID}, &so)
	if err == nil {
		return storage.ErrConflict
	}
	if found(err) == storage.ErrNotFound { //nolint:errorlint // as found returns it
		return nil
	}
	return err
}

func (s *Store) stepHolds(ctx context.Context, tx Executor, step storage.CaseStep) error {
	for _, h := range step.Place {
		if _, err := s.placeHold(ctx, tx, h); err != nil {
			return err
		}
	}
	for _, l := range step.Lift {
		n, err := liftHold(ctx, tx, l, step.Case.UpdatedAt)
		if err != nil {
			return err
		}
		if n == 0 {
			return storage.ErrConflict
		}
	}
	for _, id := range step.Confirm {
		if err := one(ctx, tx, storage.ErrConflict, `UPDATE holds SET until = 0 WHERE id = $1 AND lifted_at = 0 AND until > $2`,
			id, millis(step.Case.UpdatedAt)); err != nil {
			return err
		}
	}
	return nil
}

// writeCase writes the case as it is afterwards, what happened, and the counts, last, since everybody counts in the same rows.
func (s *Store) writeCase(ctx context.Context, tx Executor, step storage.CaseStep) error {
	c := step.Case
	body, err := s.seal(c.Body, "cases.body", c.ID)
	if err != nil {
		return err
	}
	if err := s.keepFiles(ctx, tx, step.Files); err != nil {
		return err
	}
	var was storage.CaseCount
	duplicateOf := ""
	if c.Version == 0 {
		_, err = tx.Exec(ctx, `INSERT INTO cases (id, number, kind, topic, state, open, person_id, region, rank, filer, assignee, duplicate_of,
			version, filed_at, due_at, updated_at, body, reason)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
			c.ID, c.Number, c.Kind, c.Topic, c.State, c.Open, c.PersonID, c.Region, -c.Priority, c.Filer, c.Assignee, c.DuplicateOf, len(step.Events),
			millis(c.FiledAt), millis(c.DueAt), millis(c.UpdatedAt), body, c.Reason)
	} else {
		if err := tx.Row(ctx, `SELECT region, kind, state, duplicate_of FROM cases WHERE id = $1 AND version = $2`+s.hot.ForUpdate,
			[]any{c.ID, c.Version}, &was.Region, &was.Kind, &was.State, &duplicateOf); err != nil {
			if found(err) == storage.ErrNotFound { //nolint:errorlint // as found returns it
				return storage.ErrConflict
			}
			return err
		}
		err = one(ctx, tx, storage.ErrConflict, `UPDATE cases SET kind = $3, topic = $4, state = $5, open = $6, person_id = $7, region = $8, rank = $9,
			assignee = $10, duplicate_of = $11, version = version + $12, due_at = $13, updated_at = $14, body = $15, reason = $16 WHERE id = $1 AND version = $2`,
			c.ID, c.Version, c.Kind, c.Topic, c.State, c.Open, c.PersonID, c.Region, -c.Priority, c.Assignee, c.DuplicateOf, len(step.Events),
			millis(c.DueAt), millis(c.UpdatedAt), body, c.Reason)
	}
	if err != nil {
		return err
	}
	for n, e := range step.Events {
		detail, err := s.seal(e.Body, "case_events.body", c.ID)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO case_events (case_id, seq, at, what, actor, body) VALUES ($1, $2, $3, $4, $5, $6)`,
			c.ID, c.Version+int64(n)+1, millis(e.At), e.What, e.Actor, detail); err != nil {
			return err
		}
	}
	is := storage.CaseCount{Region: c.Region, Kind: c.Kind, State: c.State}
	counted, counts := c.Version > 0 && duplicateOf == "", c.DuplicateOf == ""
	if counted && counts && was == is {
		return nil
	}
	if counted {
		if err := count(ctx, tx, was, -1); err != nil {
			return err
		}
	}
	if counts {
		return count(ctx, tx, is, 1)
	}
	return nil
}

func count(ctx context.Context, tx Executor, c storage.CaseCount, n int) error {
	_, err := tx.Exec(ctx, `INSERT INTO case_counts (region, kind, state, n) VALUES ($1, $2, $3, $4)
		ON CONFLICT (region, kind, state) DO UPDATE SET n = case_counts.n + excluded.n`, c.Region, c.Kind, c.State, n)
	return err
}

const caseColumns = `id, number, kind, topic, state, open, person_id, region, rank, filer, assignee, duplicate_of, version, filed_at, due_at, updated_at, reason`

// Case implements [storage.Cases].
func (s *Store) Case(ctx context.Context, id string) (storage.Case, error) {
	return s.oneCase(ctx, `SELECT `+caseColumns+`, body FROM cases WHERE id = $1`, id)
}

// CaseByNumber implements [storage.Cases].
func (s *Store) CaseByNumber(ctx context.Context, number string) (storage.Case, error) {
	return s.oneCase(ctx, `SELECT `+caseColumns+`, body FROM cases WHERE number = $1`, number)
}

func (s *Store) oneCase(ctx context.Context, query, key string) (storage.Case, error) {
	var c storage.Case
	var body []byte
	err := s.read.Row(ctx, query, []any{key}, append(caseDest(&c), &body)...)
	if err != nil {
		return storage.Case{}, found(err)
	}
	c.Body, err = s.unseal(body, "cases.body", c.ID)
	return c, err
}

// caseTime is a column of milliseconds that becomes a time.
type caseTime struct{ to *time.Time }

// Scan implements sql.Scanner.
func (t caseTime) Scan(v any) error {
	ms, _ := v.(int64)
	*t.to = moment(ms)
	return nil
}

// negated is a column that is stored the other way round.
type negated struct{ to *int }

// Scan implements sql.Scanner.
func (n negated) Scan(v any) error {
	i, _ := v.(int64)
	*n.to = -int(i)
	return nil
}

func caseDest(c *storage.Case) []any {
	return []any{
		&c.ID, &c.Number, &c.Kind, &c.Topic, &c.State, &c.Open, &c.PersonID, &c.Region, negated{&c.Priority}, &c.Filer, &c.Assignee, &c.DuplicateOf,
		&c.Version, caseTime{&c.FiledAt}, caseTime{&c.DueAt}, caseTime{&c.UpdatedAt}, &c.Reason,
	}
}

// CaseEvents implements [storage.Cases].
func (s *Store) CaseEvents(ctx context.Context, id string) (list []storage.CaseEvent, err error) {
	err = s.read.Rows(ctx, `SELECT seq, at, what, actor, body FROM case_events WHERE case_id = $1 ORDER BY seq`, []any{id}, func(scan Scan) error {
		var e storage.CaseEvent
		var body []byte
		if err := scan(&e.Seq, caseTime{&e.At}, &e.What, &e.Actor, &body); err != nil {
			return err
		}
		var err error
		e.Body, err = s.unseal(body, "case_events.body", id)
		list = append(list, e)
		return err
	})
	return list, err
}
