package relational

import (
	"context"
	"time"

	"manyou/storage"
)

// AddGrant implements [storage.Exchanges].
func (s *Store) AddGrant(ctx context.Context, g storage.Grant) error {
	n, err := s.write.Exec(ctx, `INSERT INTO grants (id, expires_at, session_id, session_expires_at, client_id, person_id, epoch, scopes,
		auth_time, acr, amr, claims, offline, generation, created_at, ended_at, issuer, origin)
		SELECT $1, $2, $3, 0, $4, p.id, p.epoch, $7, $8, $9, $10, '', $11, 0, $12, 0, $13, $14
		FROM persons p WHERE p.id = $5 AND p.status = 'active' AND p.epoch = $6 AND p.least_acr <= $9
		AND NOT EXISTS (SELECT 1 FROM upstreams u WHERE u.issuer IN ($13, $14) AND u.status <> 'active') ON CONFLICT DO NOTHING`,
		g.ID, millis(g.ExpiresAt), []byte{}, g.ClientID, g.PersonID, g.Epoch, words(g.Scopes), millis(g.AuthTime), g.ACR, words(g.AMR), true,
		millis(g.CreatedAt), g.Issuer, g.Origin)
	if err != nil || n == 1 {
		return err
	}
	var exists int64
	if err := s.read.Row(ctx, `SELECT 1 FROM grants WHERE id = $1 AND expires_at = $2`, []any{g.ID, millis(g.ExpiresAt)}, &exists); err == nil {
		return storage.ErrUsed
	} else if found(err) != storage.ErrNotFound { //nolint:errorlint // as found returns it
		return err
	}
	return storage.ErrEnded
}

// PutExchange implements [storage.Exchanges].
func (s *Store) PutExchange(ctx context.Context, e storage.Exchange) error {
	detail, err := s.sealText(string(e.Detail), "exchanges.detail", e.ID)
	if err != nil {
		return err
	}
	return s.inTx(ctx, func(tx Executor) error {
		for _, token := range e.Tokens {
			if _, err := tx.Exec(ctx, `INSERT INTO exchanges (token, at, id, detail) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
				token, millis(e.At), e.ID, detail); err != nil {
				return err
			}
		}
		return nil
	})
}

// ExchangesOf implements [storage.Exchanges].
func (s *Store) ExchangesOf(ctx context.Context, token []byte, limit int) (list []storage.Exchange, err error) {
	err = s.read.Rows(ctx, `SELECT at, id, detail FROM exchanges WHERE token = $1 ORDER BY at DESC, id LIMIT $2`, []any{token, limit}, func(scan Scan) error {
		e := storage.Exchange{Tokens: [][]byte{token}}
		var at int64
		var sealed []byte
		if err := scan(&at, &e.ID, &sealed); err != nil {
			return err
		}
		detail, err := s.unsealText(sealed, "exchanges.detail", e.ID)
		e.At, e.Detail = time.UnixMilli(at).UTC(), []byte(detail)
		list = append(list, e)
		return err
	})
	return list, err
}
