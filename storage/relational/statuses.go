package relational

import (
	"context"
	"time"

	"manyou/storage"
)

// AddTokenStatus implements [storage.TokenStatuses].
func (s *Store) AddTokenStatus(ctx context.Context, t storage.TokenStatus) error {
	return one(ctx, s.write, storage.ErrConflict, `INSERT INTO statuses (expires_at, idx, client_id, grant_id, grant_expires_at, revocation, token_expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
		millis(t.ListExpiresAt), t.Index, t.ClientID, t.GrantID, millis(t.GrantExpiresAt), s.vault.Lookup("replays/"+t.RevokedAs, t.TokenID),
		millis(t.TokenExpiresAt))
}

// DeadTokens implements [storage.TokenStatuses]. What stands is said in the words of the statement Rotate; whatever is missing does not.
func (s *Store) DeadTokens(ctx context.Context, listExpiresAt, now time.Time) (dead []int, err error) {
	err = s.read.Rows(ctx, `SELECT t.idx FROM statuses t
		LEFT JOIN applications a ON a.client_id = t.client_id
		LEFT JOIN replays r ON r.id = t.revocation AND r.expires_at = t.token_expires_at
		LEFT JOIN grants g ON g.id = t.grant_id AND g.expires_at = t.grant_expires_at
		LEFT JOIN persons p ON p.id = g.person_id
		LEFT JOIN sessions s ON s.id = g.session_id AND s.expires_at = g.session_expires_at
		WHERE t.expires_at = $1 AND NOT COALESCE(a.status = 'published' AND r.id IS NULL AND (t.grant_id IS NULL OR
			(g.ended_at = 0 AND g.expires_at > $2 AND p.status = 'active' AND p.epoch = g.epoch AND g.acr >= p.least_acr
			AND (g.offline OR (s.ended_at = 0 AND s.expires_at > $2)))), FALSE)
		ORDER BY t.idx`, []any{millis(listExpiresAt), millis(now)}, func(scan Scan) error {
		var index int
		if err := scan(&index); err != nil {
			return err
		}
		dead = append(dead, index)
		return nil
	})
	return dead, err
}
