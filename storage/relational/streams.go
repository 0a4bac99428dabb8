package relational

import (
	"context"
	"time"

	"manyou/storage"
)

// PutStream implements [storage.Signals].
func (s *Store) PutStream(ctx context.Context, t storage.Stream) error {
	auth, err := s.sealText(t.Authorization, "streams.auth", t.ID)
	if err != nil {
		return err
	}
	_, err = s.write.Exec(ctx, `INSERT INTO streams (client_id, id, method, endpoint, auth, events, description, status, reason, verification, position, partial, created_at)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, seq, 0, $11 FROM signal_head`,
		t.ClientID, t.ID, t.Method, t.Endpoint, auth, words(t.Events), t.Description, string(t.Status), t.Reason, t.Verification, millis(t.CreatedAt))
	return err
}

// SetStream implements [storage.Signals]. What happened while it was disabled was not kept for it.
func (s *Store) SetStream(ctx context.Context, t storage.Stream) error {
	auth, err := s.sealText(t.Authorization, "streams.auth", t.ID)
	if err != nil {
		return err
	}
	return one(ctx, s.write, storage.ErrNotFound, `UPDATE streams SET
		position = CASE WHEN status = 'disabled' AND $7 <> 'disabled' THEN (SELECT seq FROM signal_head) ELSE position END,
		partial = CASE WHEN events = $5 THEN partial ELSE 0 END,
		method = $2, endpoint = $3, auth = $4, events = $5, description = $6, status = $7, reason = $8, verification = $9 WHERE client_id = $1`,
		t.ClientID, t.Method, t.Endpoint, auth, words(t.Events), t.Description, string(t.Status), t.Reason, t.Verification)
}

// Acknowledge implements [storage.Signals].
func (s *Store) Acknowledge(ctx context.Context, t storage.Stream, a storage.Acknowledged, at time.Time) error {
	return s.inTx(ctx, func(tx Executor) error {
		for _, of := range []struct {
			seqs []int64
			lost bool
		}{{a.Heard, false}, {a.Lost, true}} {
			for _, seq := range of.seqs {
				if _, err := tx.Exec(ctx, `INSERT INTO signal_acks (seq, client_id, at, lost) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
					seq, t.ClientID, millis(at), of.lost); err != nil {
					return err
				}
			}
		}
		const forward = `position < $4 OR position = $4 AND partial < $5`
		return one(ctx, tx, storage.ErrConflict, `UPDATE streams SET position = CASE WHEN `+forward+` THEN $4 ELSE position END,
			partial = CASE WHEN `+forward+` THEN $5 ELSE partial END WHERE client_id = $1 AND id = $2 AND repeated_at = $3`,
			t.ClientID, t.ID, millis(t.RepeatedAt), a.Position, a.Partial)
	})
}

// tellWhole has signals of which a part was acknowledged told from their first token, where there are more or fewer of them than there were: a person
// is told of by every name that they are known by.
func tellWhole(ctx context.Context, tx Executor) error {
	_, err := tx.Exec(ctx, `UPDATE streams SET partial = 0 WHERE partial > 0`)
	return err
}

// RepeatStream implements [storage.Signals]. Clocks of nodes differ, so that places and moments are not in one order: nothing since then is left out.
// What happened before is told again if it was heard since: whoever lost what it heard since then may have been told late.
func (s *Store) RepeatStream(ctx context.Context, clientID string, since, at time.Time) error {
	return s.inTx(ctx, func(tx Executor) error {
		var status string
		if err := tx.Row(ctx, `UPDATE streams SET repeated_at = CASE WHEN repeated_at < $2 THEN $2 ELSE repeated_at + 1 END
			WHERE client_id = $1 RETURNING status`, []any{clientID, millis(at)}, &status); err != nil {
			return found(err)
		}
		if storage.StreamStatus(status) == storage.StreamDisabled { // it would begin anew behind all that
			return storage.ErrConflict
		}
		var first int64
		if err := tx.Row(ctx, `SELECT COALESCE((SELECT seq FROM signals WHERE at >= $1 ORDER BY seq LIMIT 1), (SELECT seq + 1 FROM signal_head))`,
			[]any{millis(since)}, &first); err != nil {
			return err
		}
		if err := tx.Row(ctx, `SELECT COALESCE((SELECT seq FROM signal_acks WHERE client_id = $1 AND at >= $2 AND seq < $3 ORDER BY seq LIMIT 1), $3)`,
			[]any{clientID, millis(since), first}, &first); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE streams SET position = CASE WHEN position >= $2 THEN $2 - 1 ELSE position END, partial = 0,
			created_at = CASE WHEN created_at > $3 THEN $3 ELSE created_at END WHERE client_id = $1`, clientID, first, millis(since)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM signal_acks WHERE client_id = $1 AND seq >= $2`, clientID, first)
		return err
	})
}

// Unheard implements [storage.Signals].
func (s *Store) Unheard(ctx context.Context, t storage.Stream, issuer string) (u storage.Unheard, err error) {
	if err = s.read.Row(ctx, `SELECT COUNT(DISTINCT seq), COALESCE(MIN(at), 0) FROM (`+told+`) waits`, []any{t.ClientID, issuer, t.Position},
		&u.Signals, caseTime{&u.Oldest}); err != nil {
		return u, err
	}
	return u, s.read.Row(ctx, `SELECT COUNT(*) FROM signal_acks WHERE client_id = $1 AND lost`, []any{t.ClientID}, &u.Lost)
}

// Verified implements [storage.Signals].
func (s *Store) Verified(ctx context.Context, clientID, verification string) error {
	_, err := s.write.Exec(ctx, `UPDATE streams SET verification = '' WHERE client_id = $1 AND verification = $2`, clientID, verification)
	return err
}

// DropStream implements [storage.Signals].
func (s *Store) DropStream(ctx context.Context, clientID string) error {
	return one(ctx, s.write, storage.ErrNotFound, `DELETE FROM streams WHERE client_id = $1`, clientID)
}

// Stream implements [storage.Signals].
func (s *Store) Stream(ctx context.Context, clientID string) (storage.Stream, error) {
	list, err := s.streams(ctx, `WHERE client_id = $1`, clientID)
	if err == nil && len(list) == 0 {
		err = storage.ErrNotFound
	}
	if err != nil {
		return storage.Stream{}, err
	}
	return list[0], nil
}

// ListStreams implements [storage.Signals].
func (s *Store) ListStreams(ctx context.Context) ([]storage.Stream, error) {
	return s.streams(ctx, `ORDER BY client_id`)
}

func (s *Store) streams(ctx context.Context, rest string, args ...any) (all []storage.Stream, err error) {
	err = s.read.Rows(ctx, `SELECT client_id, id, method, endpoint, auth, events, description, status, reason, verification, position, partial, created_at, repeated_at,
		EXISTS (SELECT 1 FROM upstreams u WHERE u.issuer = streams.client_id)
			OR EXISTS (SELECT 1 FROM applications a WHERE a.client_id = streams.client_id AND a.issuer)
		FROM streams `+rest, args, func(scan Scan) error {
		var t storage.Stream
		var auth []byte
		var events string
		if err := scan(&t.ClientID, &t.ID, &t.Method, &t.Endpoint, &auth, &events, &t.Description, (*string)(&t.Status), &t.Reason, &t.Verification,
			&t.Position, &t.Partial, caseTime{&t.CreatedAt}, caseTime{&t.RepeatedAt}, &t.Issuer); err != nil {
			return err
		}
		var err error
		t.Events = list(events)
		t.Authorization, err = s.unsealText(auth, "streams.auth", t.ID)
		all = append(all, t)
		return err
	})
	return all, err
}
