package relational

import (
	"context"
	"time"

	"manyou/storage"
)

// AddTokenStatus implements [storage.TokenStatuses].
func (s *Store) AddTokenStatus(ctx context.Context, t storage.TokenStatus) error {
	var g storage.Grant
	var session, revocation []byte
	until := t.TokenExpiresAt
	if t.Grant != nil {
		g, until = *t.Grant, t.Grant.ExpiresAt
		if !g.Offline {
			session = g.SessionID
			until = time.UnixMilli(min(millis(until), millis(g.SessionExpiresAt)))
		}
	}
	if t.RevokedAs != "" {
		revocation = s.vault.Lookup("replays/"+t.RevokedAs, t.TokenID)
	}
	return one(ctx, s.write, storage.ErrConflict, `INSERT INTO statuses (expires_at, idx, client_id, grant_id, session_id, person_id, epoch, acr,
		stands_until, revocation, token_expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING`,
		millis(t.ListExpiresAt), t.Index, t.ClientID, g.ID, session, g.PersonID, g.Epoch, g.ACR, millis(until), revocation, millis(t.TokenExpiresAt))
}

// DeadTokens implements [storage.TokenStatuses]. A token was issued on what stood. So it is dead only if its time is over, or if its person,
// session or grant is among the few that changed since, which the partial indexes find; that these indexes are asked from that moment on
// changes what it costs, and nothing else.
func (s *Store) DeadTokens(ctx context.Context, listExpiresAt, now time.Time) (dead []int, err error) {
	err = s.read.Rows(ctx, `SELECT t.idx FROM statuses t WHERE t.expires_at = $1 AND (t.stands_until <= $2
			OR t.client_id NOT IN (SELECT a.client_id FROM applications a WHERE a.status = 'published'))
		UNION SELECT t.idx FROM statuses t JOIN persons p ON p.id = t.person_id WHERE t.expires_at = $1 AND p.changed_at > 0 AND p.changed_at >= $3
			AND (p.status <> 'active' OR p.epoch <> t.epoch OR p.least_acr > t.acr)
		UNION SELECT t.idx FROM statuses t JOIN sessions s ON s.id = t.session_id WHERE t.expires_at = $1 AND s.ended_at > 0 AND s.ended_at >= $3
		UNION SELECT t.idx FROM statuses t JOIN grants g ON g.id = t.grant_id WHERE t.expires_at = $1 AND g.ended_at > 0 AND g.ended_at >= $3
		UNION SELECT t.idx FROM statuses t JOIN replays r ON r.id = t.revocation AND r.expires_at = t.token_expires_at
			WHERE t.expires_at = $1 AND t.revocation IS NOT NULL
		ORDER BY idx`,
		[]any{millis(listExpiresAt), millis(now), millis(listExpiresAt.Add(-storage.StatusListKept))}, func(scan Scan) error {
			var index int
			if err := scan(&index); err != nil {
				return err
			}
			dead = append(dead, index)
			return nil
		})
	return dead, err
}
