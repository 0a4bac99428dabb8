package relational

import (
	"context"
	"time"

	"manyou/storage"
)

// Session implements [storage.Sessions].
func (s *Store) Session(ctx context.Context, id []byte, expiresAt time.Time) (storage.LiveSession, error) {
	l := storage.LiveSession{Session: storage.Session{ID: id, ExpiresAt: moment(millis(expiresAt))}}
	var authTime, createdAt, endedAt int64
	var amr string
	var upstreamIDToken []byte
	err := s.read.Row(ctx, s.hot.Session, []any{id, millis(expiresAt)},
		&l.PersonID, &l.Epoch, &authTime, &l.ACR, &amr, &l.Origin, &upstreamIDToken, &l.UserAgent, &l.Family, &createdAt,
		&endedAt,
		(*string)(&l.PersonStatus), &l.PersonEpoch, &l.PersonLeastACR)
	if err != nil {
		return storage.LiveSession{}, found(err)
	}
	l.AuthTime, l.CreatedAt, l.EndedAt, l.AMR = moment(authTime), moment(createdAt), moment(endedAt), list(amr)
	l.UpstreamIDToken, err = s.unsealText(upstreamIDToken, "sessions.upstream_id_token", string(id))
	if err != nil {
		return storage.LiveSession{}, err
	}
	return l, nil
}

// EndSession implements [storage.Sessions].
func (s *Store) EndSession(ctx context.Context, id []byte, expiresAt, at time.Time) error {
	st := endSession(id, expiresAt, at)
	return one(ctx, s.write, storage.ErrNotFound, st.SQL, st.Args...)
}

// VoidedSince implements [storage.Sessions].
func (s *Store) VoidedSince(ctx context.Context, since time.Time, limit int) (voids []storage.Void, err error) {
	// The conditions of the partial indexes are spelled out, so that a generic plan may use them.
	err = s.read.Rows(ctx, `SELECT id, '' FROM sessions WHERE ended_at > 0 AND ended_at >= $1
		UNION ALL SELECT NULL, id FROM persons WHERE changed_at > 0 AND changed_at >= $1 LIMIT $2`,
		[]any{millis(since), limit}, func(scan Scan) error {
			var v storage.Void
			if err := scan(&v.SessionID, &v.PersonID); err != nil {
				return err
			}
			voids = append(voids, v)
			return nil
		})
	return voids, err
}

// family are the sessions that end with one, as a condition on sessions.
const family = `family = (SELECT e.family FROM sessions e WHERE e.id = $1 AND e.expires_at = $2)`

// endFamily keeps the moment of the first end.
const endFamily = `UPDATE sessions SET ended_at = CASE WHEN ended_at = 0 THEN $3 ELSE ended_at END WHERE ` + family

// endSession ends a session with its family.
func endSession(id []byte, expiresAt, at time.Time) Statement {
	return Statement{endFamily, []any{id, millis(expiresAt), millis(at)}}
}

// endOthersSession ends a session with its family if it is not that person's.
func endOthersSession(id []byte, expiresAt, at time.Time, personID string) Statement {
	return Statement{endFamily + ` AND person_id <> $4`, []any{id, millis(expiresAt), millis(at), personID}}
}

// insertSession writes a session of an active person, with that person's epoch, and returns that; no row if the person is
// not active, if a hold wants more than was proven or lies on the link that it came by, if the issuer that it came from
// is suspended, or if the session that it rests on does not stand.
func (s *Store) insertSession(n storage.Session, rests *storage.SessionRef) (Statement, error) {
	upstreamIDToken, err := s.sealText(n.UpstreamIDToken, "sessions.upstream_id_token", string(n.ID))
	if err != nil {
		return Statement{}, err
	}
	own := n.Family
	if len(own) == 0 {
		own = n.ID // a family of one
	}
	insert := Statement{`INSERT INTO sessions (id, expires_at, person_id, epoch, auth_time, acr, amr, origin,
		upstream_id_token, user_agent, family, created_at, ended_at)
		SELECT $1, $2, p.id, p.epoch, $4, $5, $6, $7, $8, $9, $10, $11, 0
		FROM persons p WHERE p.id = $3 AND p.status = 'active' AND p.least_acr <= $5 AND NOT EXISTS (SELECT 1 FROM links l
			WHERE l.person_id = p.id AND l.issuer = $7 AND l.status = 'frozen')
			AND NOT EXISTS (SELECT 1 FROM upstreams u WHERE u.issuer = $7 AND u.status <> 'active')`,
		[]any{n.ID, millis(n.ExpiresAt), n.PersonID, millis(n.AuthTime), n.ACR, words(n.AMR), n.Origin, upstreamIDToken,
			n.UserAgent, own, millis(n.CreatedAt)}}
	if rests != nil {
		insert.SQL += ` AND EXISTS (SELECT 1 FROM sessions r WHERE r.id = $12 AND r.expires_at = $13
			AND r.person_id = p.id AND r.epoch = p.epoch AND r.ended_at = 0 AND r.expires_at > $11)`
		insert.Args = append(insert.Args, rests.ID, millis(rests.ExpiresAt))
	}
	insert.SQL += ` RETURNING epoch`
	return insert, nil
}
