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

// EndSessionsOf implements [storage.Sessions]. No family is empty.
func (s *Store) EndSessionsOf(ctx context.Context, personID string, except []byte, at time.Time) (int64, error) {
	if except == nil {
		except = []byte{}
	}
	return s.write.Exec(ctx, `UPDATE sessions SET ended_at = $3
		WHERE person_id = $1 AND family <> $2 AND ended_at = 0 AND expires_at > $3`, personID, except, millis(at))
}
