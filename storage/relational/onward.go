package relational

import (
	"context"
	"strconv"
	"time"

	"manyou/storage"
)

// NoteOnward implements [storage.Onwards].
func (s *Store) NoteOnward(ctx context.Context, o storage.Onward, at time.Time) error {
	return s.inTx(ctx, func(tx Executor) error {
		if _, err := tx.Exec(ctx, `INSERT INTO deliveries (client_id, position) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
			o.ClientID, millis(at)); err != nil {
			return err
		}
		if o.Known != "" {
			if _, err := tx.Exec(ctx, `INSERT INTO known (client_id, subject, person_id, since) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
				o.ClientID, o.Known, o.PersonID, millis(at)); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `INSERT INTO onward (session_id, expires_at, client_id, person_id) VALUES ($1, $2, $3, $4)
			ON CONFLICT DO NOTHING`, o.SessionID, millis(o.SessionExpiresAt), o.ClientID, o.PersonID)
		return err
	})
}

// EndedOnward implements [storage.Onwards].
func (s *Store) EndedOnward(ctx context.Context, clientID string, since time.Time, after []byte, limit int) (list []storage.Onward, err error) {
	if after == nil {
		after = []byte{}
	}
	// The conditions of the partial indexes are spelled out, so that a generic plan may use them.
	err = s.read.Rows(ctx, `SELECT o.session_id, o.expires_at, o.person_id, s.ended_at AS moment
		FROM sessions s JOIN onward o ON o.session_id = s.id AND o.expires_at = s.expires_at AND o.client_id = $1
		WHERE s.ended_at > 0 AND s.ended_at >= $2 AND (s.ended_at > $2 OR o.session_id > $4)
		UNION ALL SELECT o.session_id, o.expires_at, o.person_id, p.changed_at AS moment
		FROM persons p JOIN onward o ON o.person_id = p.id AND o.client_id = $1
		JOIN sessions s ON s.id = o.session_id AND s.expires_at = o.expires_at
		AND (s.epoch <> p.epoch OR p.status <> 'active' OR s.acr < p.least_acr)
		WHERE p.changed_at > 0 AND p.changed_at >= $2 AND (p.changed_at > $2 OR o.session_id > $4)
		ORDER BY moment, session_id LIMIT $3`,
		[]any{clientID, millis(since), limit, after}, func(scan Scan) error {
			o := storage.Onward{ClientID: clientID}
			var expiresAt, endedAt int64
			if err := scan(&o.SessionID, &expiresAt, &o.PersonID, &endedAt); err != nil {
				return err
			}
			o.SessionExpiresAt, o.EndedAt = moment(expiresAt), moment(endedAt)
			list = append(list, o)
			return nil
		})
	return list, err
}

// Deliveries implements [storage.Onwards].
func (s *Store) Deliveries(ctx context.Context) (list []storage.Delivery, err error) {
	err = s.read.Rows(ctx, `SELECT client_id, position FROM deliveries ORDER BY client_id`, nil, func(scan Scan) error {
		var d storage.Delivery
		var position int64
		if err := scan(&d.ClientID, &position); err != nil {
			return err
		}
		d.Position = moment(position)
		list = append(list, d)
		return nil
	})
	return list, err
}

// Delivered implements [storage.Onwards].
func (s *Store) Delivered(ctx context.Context, d storage.Delivery) error {
	_, err := s.write.Exec(ctx, `UPDATE deliveries SET position = $2 WHERE client_id = $1 AND position < $2`, d.ClientID, millis(d.Position))
	return err
}

// Lease implements [storage.Onwards].
func (s *Store) Lease(ctx context.Context, task, node string, now, until time.Time) (bool, error) {
	n, err := s.write.Exec(ctx, `INSERT INTO leases (task, node, until) VALUES ($1, $2, $4)
		ON CONFLICT (task) DO UPDATE SET node = excluded.node, until = excluded.until
		WHERE leases.node = $2 OR leases.until <= $3`, task, node, millis(now), millis(until))
	return n == 1, err
}

// EndSessionsOutside implements [storage.Sessions].
func (s *Store) EndSessionsOutside(ctx context.Context, origins []string, at time.Time) (ended int64, err error) {
	in, args := "''", []any{millis(at)}
	for _, o := range origins {
		args = append(args, o)
		in += ", $" + strconv.Itoa(len(args))
	}
	in = ` NOT IN (` + in + `)`
	return s.endSessionsWhere(ctx, `s.origin`+in, `issuer`+in+` OR origin`+in, args)
}

// EndSessionsFrom implements [storage.Sessions].
func (s *Store) EndSessionsFrom(ctx context.Context, origin string, at time.Time) (ended int64, err error) {
	condition, word, args := fromIssuer(origin, at)
	return s.endSessionsWhere(ctx, condition, word, args)
}

// fromIssuer is what rests on an issuer, as endSessions takes it.
func fromIssuer(issuer string, at time.Time) (condition, word string, args []any) {
	return `s.origin = $2`, `issuer = $2 OR origin = $2`, []any{millis(at), issuer}
}

func (s *Store) endSessionsWhere(ctx context.Context, condition, word string, args []any) (ended int64, err error) {
	err = s.inTx(ctx, func(tx Executor) error {
		ended, err = endSessions(ctx, tx, condition, word, args)
		return err
	})
	return ended, err
}

// endSessions ends, at $1, the sessions s that a condition holds of, and the grants without a session that another one holds of.
func endSessions(ctx context.Context, tx Executor, condition, word string, args []any) (int64, error) {
	if _, err := tx.Exec(ctx, `UPDATE grants SET ended_at = $1 WHERE issuer <> '' AND expires_at > $1 AND ended_at = 0 AND (`+word+`)`,
		args...); err != nil {
		return 0, err
	}
	// What outlives the session, too: while the session is there it is known where it came from.
	if _, err := tx.Exec(ctx, `UPDATE grants SET ended_at = $1 WHERE ended_at = 0 AND offline AND EXISTS (SELECT 1 FROM sessions s
		WHERE s.id = grants.session_id AND s.expires_at = grants.session_expires_at AND `+condition+`)`, args...); err != nil {
		return 0, err
	}
	return tx.Exec(ctx, `UPDATE sessions AS s SET ended_at = $1 WHERE s.ended_at = 0 AND s.expires_at > $1 AND `+condition, args...)
}
