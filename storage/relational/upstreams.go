package relational

import (
	"context"
	"encoding/json"
	"fmt"

	"manyou/storage"
)

const upstreamColumns = `issuer, region, name, client_id, client_secret, auth_method, scopes, claims, acr, status, created_at, dialect`

// PutUpstream implements [storage.Upstreams]. That one issuer holds a region at most is a constraint of the table.
func (s *Store) PutUpstream(ctx context.Context, u storage.Upstream) error {
	return s.putUpstream(ctx, s.write, u)
}

func (s *Store) putUpstream(ctx context.Context, e Executor, u storage.Upstream) error {
	secret, err := s.sealText(u.ClientSecret, "upstreams.client_secret", u.Issuer)
	if err != nil {
		return err
	}
	texts := make([]string, 0, 4)
	for _, v := range []any{u.Name, u.Scopes, u.Claims, u.ACR} {
		text, err := jsonText(v)
		if err != nil {
			return err
		}
		texts = append(texts, text)
	}
	_, err = e.Exec(ctx, `INSERT INTO upstreams (`+upstreamColumns+`) VALUES `+placeholders(1, 12)+`
		ON CONFLICT (issuer) DO UPDATE SET region = excluded.region, name = excluded.name, client_id = excluded.client_id,
		client_secret = excluded.client_secret, auth_method = excluded.auth_method, scopes = excluded.scopes,
		claims = excluded.claims, acr = excluded.acr, status = excluded.status, created_at = excluded.created_at,
		dialect = excluded.dialect`,
		u.Issuer, u.Region, texts[0], u.ClientID, secret, u.AuthMethod, texts[1], texts[2], texts[3], string(u.Status),
		millis(u.CreatedAt), u.Dialect)
	return err
}

// ListUpstreams implements [storage.Upstreams].
func (s *Store) ListUpstreams(ctx context.Context) ([]storage.Upstream, error) {
	var upstreams []storage.Upstream
	err := s.read.Rows(ctx, `SELECT `+upstreamColumns+`, EXISTS (SELECT 1 FROM subordinates b
		WHERE b.entity_id = upstreams.issuer) FROM upstreams ORDER BY region`, nil, func(scan Scan) error {
		u, err := s.scanUpstream(scan)
		upstreams = append(upstreams, u)
		return err
	})
	return upstreams, err
}

func (s *Store) scanUpstream(scan Scan) (u storage.Upstream, err error) {
	var texts [4]string
	var secret []byte
	var createdAt int64
	if err := scan(&u.Issuer, &u.Region, &texts[0], &u.ClientID, &secret, &u.AuthMethod, &texts[1], &texts[2], &texts[3],
		(*string)(&u.Status), &createdAt, &u.Dialect, &u.Below); err != nil {
		return u, err
	}
	for i, dst := range []any{&u.Name, &u.Scopes, &u.Claims, &u.ACR} {
		if err := json.Unmarshal([]byte(texts[i]), dst); err != nil {
			return u, fmt.Errorf("storage: decode upstream %s: %w", u.Issuer, err)
		}
	}
	u.CreatedAt = moment(createdAt)
	u.ClientSecret, err = s.unsealText(secret, "upstreams.client_secret", u.Issuer)
	return u, err
}

// SetUpstreamStatus implements [storage.Upstreams].
func (s *Store) SetUpstreamStatus(ctx context.Context, issuer string, status storage.UpstreamStatus) error {
	return one(ctx, s.write, storage.ErrNotFound, `UPDATE upstreams SET status = $2 WHERE issuer = $1`, issuer, string(status))
}
