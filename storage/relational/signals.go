package relational

import (
	"context"
	"time"

	"manyou/storage"
)

// heard is what others hear of a hold.
func heard(h storage.Hold, what storage.SignalWhat) storage.Signal {
	return storage.Signal{
		What: what, PersonID: h.PersonID, Issuer: h.Issuer, Subject: h.Subject, HoldID: h.ID, HoldKind: h.Kind, CaseID: h.CaseID, Number: h.Number,
	}
}

// appendSignals writes signals within a transaction. The head's row is locked until it ends, so that places are given out in the order of
// the commits: whoever has heard all up to a place misses nothing.
func appendSignals(ctx context.Context, tx Executor, at time.Time, signals ...storage.Signal) error {
	for _, n := range signals {
		if n.HoldKind == storage.HoldWatch {
			continue
		}
		var seq int64
		if err := tx.Row(ctx, `UPDATE signal_head SET seq = seq + 1 RETURNING seq`, nil, &seq); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO signals (seq, at, what, person_id, other, issuer, subject, hold_id, hold_kind, case_id, number, decision, personal)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, seq, millis(at), string(n.What), n.PersonID, n.Other, n.Issuer, n.Subject,
			n.HoldID, string(n.HoldKind), n.CaseID, n.Number, n.Decision, n.Personal); err != nil {
			return err
		}
	}
	return nil
}

// SignalHead implements [storage.Signals].
func (s *Store) SignalHead(ctx context.Context) (seq int64, err error) {
	return seq, s.read.Row(ctx, `SELECT seq FROM signal_head`, nil, &seq)
}

const signalColumns = `s.seq, s.at, s.what, s.person_id, s.other, s.issuer, s.subject, s.hold_id, s.hold_kind, s.case_id, s.number, s.decision, s.personal`

func signalDest(n *storage.Signal) []any {
	return []any{
		&n.Seq, caseTime{&n.At}, (*string)(&n.What), &n.PersonID, &n.Other, &n.Issuer, &n.Subject, &n.HoldID, (*string)(&n.HoldKind), &n.CaseID, &n.Number,
		&n.Decision, &n.Personal,
	}
}

// knew holds what is told to an application to what happened since it knew the person: who they were, and what was done to them before, is not its to
// know, however far back its stream is. Clocks of nodes differ, and a decision may take a while from its moment to its commit: five minutes more.
const knew = ` AND s.at >= k.since - 300000`

// told is what the application $1, the issuer $2 of links, has to hear behind the place $3. The signals are few that lie behind a position, so they
// are read first; who was merged into the person of a signal is known by that person, too.
const told = `SELECT ` + signalColumns + `, k.subject AS known FROM signals s JOIN known k ON k.person_id = s.person_id AND k.client_id = $1 AND NOT k.removed
		WHERE s.seq > $3 AND NOT s.personal` + knew + `
		UNION SELECT ` + signalColumns + `, k.subject FROM signals s JOIN persons m ON m.merged_into = s.person_id AND m.merged_into <> ''
		JOIN known k ON k.person_id = m.id AND k.client_id = $1 AND NOT k.removed WHERE s.seq > $3 AND NOT s.personal` + knew + `
		UNION SELECT ` + signalColumns + `, '' FROM signals s WHERE s.seq > $3 AND s.issuer <> '' AND s.issuer = $2`

// SignalsFor implements [storage.Signals].
func (s *Store) SignalsFor(ctx context.Context, clientID, issuer string, after int64, limit int) (list []storage.Addressed, err error) {
	err = s.read.Rows(ctx, told+` ORDER BY seq, known LIMIT $4`, []any{clientID, issuer, after, limit}, func(scan Scan) error {
		var a storage.Addressed
		err := scan(append(signalDest(&a.Signal), &a.Known)...)
		list = append(list, a)
		return err
	})
	return list, err
}

// DeliveriesOf implements [storage.Signals].
func (s *Store) DeliveriesOf(ctx context.Context, caseID string) (list []storage.SignalDelivery, err error) {
	err = s.read.Rows(ctx, `SELECT DISTINCT d.client_id, d.seq, d.what, COALESCE(a.at, 0), COALESCE(a.lost, FALSE) FROM (`+addressed(`= $1`)+`) d
		LEFT JOIN signal_acks a ON a.seq = d.seq AND a.client_id = d.client_id WHERE a.at IS NOT NULL OR d.seq > d.position ORDER BY d.seq, d.client_id`,
		[]any{caseID}, func(scan Scan) error {
			var d storage.SignalDelivery
			var at time.Time
			var lost bool
			if err := scan(&d.ClientID, &d.Seq, (*string)(&d.What), caseTime{&at}, &lost); err != nil {
				return err
			}
			if d.AckedAt = at; lost {
				d.AckedAt, d.LostAt = time.Time{}, at
			}
			list = append(list, d)
			return nil
		})
	return list, err
}

// SignalsOf implements [storage.Signals].
func (s *Store) SignalsOf(ctx context.Context, caseID, clientID string) (list []storage.Signal, err error) {
	err = s.read.Rows(ctx, `SELECT `+signalColumns+` FROM signals s WHERE s.seq IN (SELECT d.seq FROM (`+addressed(`= $1`)+`) d WHERE d.client_id = $2)
		AND s.at >= (SELECT created_at FROM streams WHERE client_id = $2) ORDER BY s.seq`, []any{caseID, clientID}, func(scan Scan) error {
		var n storage.Signal
		err := scan(signalDest(&n)...)
		list = append(list, n)
		return err
	})
	return list, err
}

// KnownAs implements [storage.Signals].
func (s *Store) KnownAs(ctx context.Context, clientID, subject string) (person string, err error) {
	err = s.read.Row(ctx, `SELECT CASE WHEN p.merged_into = '' THEN p.id ELSE p.merged_into END FROM known k JOIN persons p ON p.id = k.person_id
		WHERE k.client_id = $1 AND k.subject = $2`, []any{clientID, subject}, &person)
	return person, found(err)
}

// SetKnown implements [storage.Signals].
func (s *Store) SetKnown(ctx context.Context, clientID, subject string, removed bool) error {
	return s.inTx(ctx, func(tx Executor) error {
		if err := one(ctx, tx, storage.ErrNotFound, `UPDATE known SET removed = $3 WHERE client_id = $1 AND subject = $2`, clientID, subject, removed); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE streams SET partial = 0 WHERE client_id = $1`, clientID) // it counts tokens that there may be no more
		return err
	})
}
