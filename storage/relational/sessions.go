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
		&l.PersonID, &l.Epoch, &authTime, &l.ACR, &amr, &l.Origin, &upstreamIDToken, &l.UserAgent, &createdAt, &endedAt,
		(*string)(&l.PersonStatus), &l.PersonEpoch)
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

// endSession keeps the moment of the first end.
func endSession(id []byte, expiresAt, at time.Time) Statement {
	return Statement{`UPDATE sessions SET ended_at = CASE WHEN ended_at = 0 THEN $3 ELSE ended_at END
		WHERE id = $1 AND expires_at = $2`, []any{id, millis(expiresAt), millis(at)}}
}

// insertSession writes a session of an active person, with that person's epoch; no row if the person is not active.
func (s *Store) insertSession(n storage.Session) (Statement, error) {
	upstreamIDToken, err := s.sealText(n.UpstreamIDToken, "sessions.upstream_id_token", string(n.ID))
	if err != nil {
		return Statement{}, err
	}
	return Statement{`INSERT INTO sessions (id, expires_at, person_id, epoch, auth_time, acr, amr, origin,
		upstream_id_token, user_agent, created_at, ended_at)
		SELECT $1, $2, p.id, p.epoch, $4, $5, $6, $7, $8, $9, $10, 0
		FROM persons p WHERE p.id = $3 AND p.status = 'active'`,
		[]any{n.ID, millis(n.ExpiresAt), n.PersonID, millis(n.AuthTime), n.ACR, words(n.AMR), n.Origin, upstreamIDToken,
			n.UserAgent, millis(n.CreatedAt)}}, nil
}
