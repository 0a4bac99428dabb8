package relational

import (
	"context"
	"time"

	"manyou/storage"
)

// maxSessions bounds a list of sessions.
const maxSessions = 50

// SessionsOf implements [storage.Sessions].
func (s *Store) SessionsOf(ctx context.Context, personID string, now time.Time) (sessions []storage.Session, err error) {
	err = s.read.Rows(ctx, `SELECT id, expires_at, epoch, auth_time, acr, amr, origin, user_agent, family, created_at
		FROM sessions WHERE person_id = $1 AND ended_at = 0 AND expires_at > $2
		AND EXISTS (SELECT 1 FROM persons p WHERE p.id = $1 AND p.epoch = sessions.epoch AND p.least_acr <= sessions.acr)
		ORDER BY created_at DESC LIMIT $3`, []any{personID, millis(now), maxSessions}, func(scan Scan) error {
		n := storage.Session{PersonID: personID}
		var expiresAt, authTime, createdAt int64
		var amr string
		if err := scan(&n.ID, &expiresAt, &n.Epoch, &authTime, &n.ACR, &amr, &n.Origin, &n.UserAgent, &n.Family,
			&createdAt); err != nil {
			return err
		}
		n.ExpiresAt, n.AuthTime, n.CreatedAt, n.AMR = moment(expiresAt), moment(authTime), moment(createdAt), list(amr)
		sessions = append(sessions, n)
		return nil
	})
	return sessions, err
}

// EndSessionsOf implements [storage.Sessions]. No family is empty. A grant whose session is gone is of no family.
func (s *Store) EndSessionsOf(ctx context.Context, personID string, except []byte, at time.Time) (ended int64, err error) {
	if except == nil {
		except = []byte{}
	}
	args := []any{personID, except, millis(at)}
	statements := []Statement{{`UPDATE grants SET ended_at = $3 WHERE person_id = $1 AND offline AND issuer = '' AND ended_at = 0
		AND expires_at > $3 AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = grants.session_id
			AND s.expires_at = grants.session_expires_at AND s.family = $2)`, args}, {`UPDATE sessions SET ended_at = $3
		WHERE person_id = $1 AND family <> $2 AND ended_at = 0 AND expires_at > $3`, args}}
	err = s.inTx(ctx, func(tx Executor) error {
		written, err := tx.Batch(ctx, statements)
		if err == nil {
			ended = written[1]
		}
		return err
	})
	return ended, err
}
