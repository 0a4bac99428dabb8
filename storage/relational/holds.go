package relational

import (
	"context"
	"slices"
	"time"

	"manyou/storage"
)

const holdColumns = `id, person_id, issuer, subject, kind, case_id, number, origin, placed_at, placed_by, until, lifted_at, lifted_by`

// PlaceHold implements [storage.Holds].
func (s *Store) PlaceHold(ctx context.Context, h storage.Hold) error {
	return s.inTx(ctx, func(tx Executor) error {
		if err := s.lockPersons(ctx, tx, h.PersonID); err != nil {
			return err
		}
		placed, err := s.placeHold(ctx, tx, h)
		if err != nil || !placed {
			return err
		}
		if err := settle(ctx, tx, h.PersonID, weakens(h), h.PlacedAt); err != nil {
			return err
		}
		told, err := tellHolds(ctx, tx, h.PersonID)
		if err != nil {
			return err
		}
		return appendSignals(ctx, tx, h.PlacedAt, append([]storage.Signal{heard(h, storage.SignalHeld)}, told...)...)
	})
}

// LiftHold implements [storage.Holds].
func (s *Store) LiftHold(ctx context.Context, l storage.HoldLift, at time.Time) error {
	return s.inTx(ctx, func(tx Executor) error {
		h, err := holdOf(ctx, tx, l.ID)
		if err != nil {
			return err
		}
		if err := s.lockPersons(ctx, tx, h.PersonID); err != nil {
			return err
		}
		if err := lies(ctx, tx, h); err != nil {
			return err
		}
		if n, err := liftHold(ctx, tx, l, at); err != nil || n == 0 {
			return err
		}
		if err := settle(ctx, tx, h.PersonID, false, at); err != nil {
			return err
		}
		told, err := tellHolds(ctx, tx, h.PersonID)
		if err != nil {
			return err
		}
		return appendSignals(ctx, tx, at, append([]storage.Signal{heard(h, storage.SignalLifted)}, told...)...)
	})
}

// HoldsOf implements [storage.Holds].
func (s *Store) HoldsOf(ctx context.Context, personID string) ([]storage.Hold, error) {
	return s.holds(ctx, `SELECT `+holdColumns+` FROM holds WHERE person_id = $1 ORDER BY placed_at, id`, personID)
}

// LapsedHolds implements [storage.Holds].
func (s *Store) LapsedHolds(ctx context.Context, now time.Time, limit int) ([]storage.Hold, error) {
	return s.holds(ctx, `SELECT `+holdColumns+` FROM holds WHERE until > 0 AND lifted_at = 0 AND until <= $1 ORDER BY until, id LIMIT $2`, millis(now), limit)
}

// holdOf reads one within a transaction. [storage.ErrNotFound].
func holdOf(ctx context.Context, tx Executor, id string) (storage.Hold, error) {
	list, err := holdsBy(ctx, tx, `SELECT `+holdColumns+` FROM holds WHERE id = $1`, id)
	if err == nil && len(list) == 0 {
		err = storage.ErrNotFound
	}
	if err != nil {
		return storage.Hold{}, err
	}
	return list[0], nil
}

// lies makes sure that a hold lies on whom it was read to lie on: before they were locked, it may have moved. [storage.ErrConflict].
func lies(ctx context.Context, tx Executor, was storage.Hold) error {
	is, err := holdOf(ctx, tx, was.ID)
	if err == nil && is.PersonID != was.PersonID {
		err = storage.ErrConflict
	}
	return err
}

// noOthers makes sure that the holds of a person, who is locked, and of those merged into them, are those that somebody saw.
// [storage.ErrConflict].
func noOthers(ctx context.Context, tx Executor, seen storage.HoldsSeen) error {
	return tx.Rows(ctx, `SELECT id FROM holds WHERE person_id = $1
		UNION ALL SELECT h.id FROM persons m JOIN holds h ON h.person_id = m.id WHERE m.merged_into <> '' AND m.merged_into = $1`,
		[]any{seen.PersonID}, func(scan Scan) error {
			var id string
			if err := scan(&id); err != nil {
				return err
			}
			if !slices.Contains(seen.IDs, id) {
				return storage.ErrConflict
			}
			return nil
		})
}

func (s *Store) holds(ctx context.Context, query string, args ...any) ([]storage.Hold, error) {
	return holdsBy(ctx, s.read, query, args...)
}

func holdsBy(ctx context.Context, from Executor, query string, args ...any) (list []storage.Hold, err error) {
	err = from.Rows(ctx, query, args, func(scan Scan) error {
		var h storage.Hold
		if err := scan(holdDest(&h)...); err != nil {
			return err
		}
		list = append(list, h)
		return nil
	})
	return list, err
}

// holdDest are where the columns of a hold go.
func holdDest(h *storage.Hold) []any {
	return []any{
		&h.ID, &h.PersonID, &h.Issuer, &h.Subject, (*string)(&h.Kind), &h.CaseID, &h.Number, &h.Origin, caseTime{&h.PlacedAt}, &h.PlacedBy,
		caseTime{&h.Until}, caseTime{&h.LiftedAt}, &h.LiftedBy,
	}
}

// weakens reports whether what stood before a hold no longer does, even if the person's status stays: a frozen link may have brought
// any of the person's sessions.
func weakens(h storage.Hold) bool { return h.Issuer != "" && h.Kind == storage.HoldFreeze }

// lockPersons makes persons this transaction's alone, in one order. [storage.ErrNotFound] if one is not there.
func (s *Store) lockPersons(ctx context.Context, tx Executor, ids ...string) error {
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		var epoch int64
		if err := tx.Row(ctx, `SELECT epoch FROM persons WHERE id = $1`+s.hot.ForUpdate, []any{id}, &epoch); err != nil {
			return found(err)
		}
	}
	return nil
}

// placeHold writes a hold. false: one of that ID exists. A record that was merged into another would hold nobody: [storage.ErrConflict].
func (s *Store) placeHold(ctx context.Context, tx Executor, h storage.Hold) (bool, error) {
	var still int64
	if err := tx.Row(ctx, `SELECT 1 FROM persons WHERE id = $1 AND merged_into = ''`, []any{h.PersonID}, &still); err != nil {
		return false, conflicting(err)
	}
	n, err := tx.Exec(ctx, `INSERT INTO holds (`+holdColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, '') ON CONFLICT DO NOTHING`,
		h.ID, h.PersonID, h.Issuer, h.Subject, string(h.Kind), h.CaseID, h.Number, h.Origin, millis(h.PlacedAt), h.PlacedBy, millis(h.Until))
	if err != nil || n == 0 {
		return false, err
	}
	if h.Issuer == "" {
		return true, nil
	}
	return true, one(ctx, tx, storage.ErrNotFound, `UPDATE links SET status = status WHERE issuer = $1 AND subject = $2 AND person_id = $3`,
		h.Issuer, h.Subject, h.PersonID)
}

// liftHold ends a hold that lies.
func liftHold(ctx context.Context, tx Executor, l storage.HoldLift, at time.Time) (n int64, err error) {
	return tx.Exec(ctx, `UPDATE holds SET lifted_at = $2, lifted_by = $3 WHERE id = $1 AND lifted_at = 0`, l.ID, millis(at), l.By)
}

// derived is the status that follows from what lies on a person.
const derived = `CASE
	WHEN merged_into <> '' THEN 'merged'
	WHEN EXISTS (SELECT 1 FROM holds h WHERE h.person_id = persons.id AND h.lifted_at = 0 AND h.issuer = '' AND h.kind = 'deactivate') THEN 'deactivated'
	WHEN EXISTS (SELECT 1 FROM holds h WHERE h.person_id = persons.id AND h.lifted_at = 0 AND h.issuer = '' AND h.kind = 'freeze') THEN 'frozen'
	ELSE 'active' END`

// settle writes what follows from the holds that lie on a person and on their links. The epoch grows if the status changes, and if it is
// to grow anyway.
func settle(ctx context.Context, tx Executor, person string, anyway bool, at time.Time) error {
	if err := one(ctx, tx, storage.ErrNotFound, `UPDATE persons SET
		epoch = epoch + CASE WHEN $2 OR status <> `+derived+` THEN 1 ELSE 0 END,
		status = `+derived+`,
		least_acr = CASE WHEN EXISTS (SELECT 1 FROM holds h
			WHERE h.person_id = persons.id AND h.lifted_at = 0 AND h.issuer = '' AND h.kind = 'step_up') THEN $3 ELSE 0 END,
		changed_at = $4 WHERE id = $1`, person, anyway, storage.StepUpACR, millis(at)); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `UPDATE links SET status = CASE WHEN EXISTS (SELECT 1 FROM holds h WHERE h.issuer = links.issuer AND h.subject = links.subject
			AND h.person_id = $1 AND h.lifted_at = 0 AND h.kind = 'freeze') THEN 'frozen' ELSE 'active' END
		WHERE person_id = $1`, person)
	return err
}
