package relational

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"manyou/storage"
)

const applicationColumns = `client_id, status, name, region, auth_method, secret_hash, jwks, redirect_uris,
	post_logout_redirect_uris, grant_types, scopes, audience, sector_identifier, id_token_alg, pkce_optional, issuer,
	created_at, updated_at, channels, methods, backchannel_logout_uri, status_list`

// PutApplication implements [storage.Applications].
func (s *Store) PutApplication(ctx context.Context, a storage.Application) error {
	_, err := s.putApplication(ctx, a, "")
	return err
}

// ChangeApplication implements [storage.Applications].
func (s *Store) ChangeApplication(ctx context.Context, a storage.Application, read time.Time) error {
	n, err := s.putApplication(ctx, a, ` WHERE applications.updated_at = $23 AND applications.status = excluded.status`, millis(read))
	if err == nil && n == 0 {
		err = storage.ErrConflict
	}
	return err
}

// putApplication writes one, over what is there if that is as a condition says.
func (s *Store) putApplication(ctx context.Context, a storage.Application, condition string, args ...any) (int64, error) {
	texts := make([]string, 0, 8)
	for _, v := range []any{
		a.Name, a.RedirectURIs, a.PostLogoutRedirectURIs, a.GrantTypes, a.Scopes, a.Audience, a.Channels, a.Methods,
	} {
		text, err := jsonText(v)
		if err != nil {
			return 0, err
		}
		texts = append(texts, text)
	}
	return s.write.Exec(ctx, `INSERT INTO applications (`+applicationColumns+`) VALUES `+placeholders(1, 22)+`
		ON CONFLICT (client_id) DO UPDATE SET status = excluded.status, name = excluded.name, region = excluded.region,
		auth_method = excluded.auth_method, secret_hash = excluded.secret_hash, jwks = excluded.jwks,
		redirect_uris = excluded.redirect_uris, post_logout_redirect_uris = excluded.post_logout_redirect_uris,
		grant_types = excluded.grant_types, scopes = excluded.scopes, audience = excluded.audience,
		sector_identifier = excluded.sector_identifier, id_token_alg = excluded.id_token_alg,
		pkce_optional = excluded.pkce_optional, issuer = excluded.issuer, created_at = excluded.created_at,
		updated_at = excluded.updated_at, channels = excluded.channels, methods = excluded.methods,
		backchannel_logout_uri = excluded.backchannel_logout_uri, status_list = excluded.status_list`+condition, append([]any{
		a.ClientID, string(a.Status), texts[0], a.Region, a.AuthMethod, a.SecretHash, a.JWKS, texts[1], texts[2], texts[3],
		texts[4], texts[5], a.SectorIdentifier, a.IDTokenAlg, a.PKCEOptional, a.Issuer, millis(a.CreatedAt),
		millis(a.UpdatedAt), texts[6], texts[7], a.BackchannelLogoutURI, a.StatusList,
	}, args...)...)
}

// Application implements [storage.Applications].
func (s *Store) Application(ctx context.Context, clientID string) (storage.Application, error) {
	var r applicationRow
	err := s.read.Row(ctx, `SELECT `+applicationColumns+` FROM applications WHERE client_id = $1`, []any{clientID}, r.dest()...)
	if err != nil {
		return storage.Application{}, found(err)
	}
	return r.application()
}

// IssuerApplication implements [storage.Applications].
func (s *Store) IssuerApplication(ctx context.Context, region string) (storage.Application, error) {
	var r applicationRow
	err := s.read.Row(ctx, `SELECT `+applicationColumns+` FROM applications WHERE issuer AND region = $1 AND status = 'published'
		ORDER BY client_id LIMIT 1`, []any{region}, r.dest()...)
	if err != nil {
		return storage.Application{}, found(err)
	}
	return r.application()
}

// ListApplications implements [storage.Applications].
func (s *Store) ListApplications(ctx context.Context, after string, limit int) ([]storage.Application, error) {
	var applications []storage.Application
	err := s.read.Rows(ctx, `SELECT `+applicationColumns+` FROM applications WHERE client_id > $1
		ORDER BY client_id LIMIT $2`, []any{after, limit}, func(scan Scan) error {
		var r applicationRow
		if err := scan(r.dest()...); err != nil {
			return err
		}
		a, err := r.application()
		applications = append(applications, a)
		return err
	})
	return applications, err
}

// SetApplicationStatus implements [storage.Applications].
func (s *Store) SetApplicationStatus(ctx context.Context, clientID string, status storage.ApplicationStatus, at time.Time) error {
	return one(ctx, s.write, storage.ErrNotFound, `UPDATE applications SET status = $2, updated_at = $3 WHERE client_id = $1`,
		clientID, string(status), millis(at))
}

// applicationRow is a row of applications as it is stored.
type applicationRow struct {
	a                    storage.Application
	texts                [8]string
	createdAt, updatedAt int64
}

func (r *applicationRow) dest() []any {
	a, t := &r.a, &r.texts
	return []any{&a.ClientID, (*string)(&a.Status), &t[0], &a.Region, &a.AuthMethod, &a.SecretHash, &a.JWKS, &t[1], &t[2],
		&t[3], &t[4], &t[5], &a.SectorIdentifier, &a.IDTokenAlg, &a.PKCEOptional, &a.Issuer, &r.createdAt, &r.updatedAt,
		&t[6], &t[7], &a.BackchannelLogoutURI, &a.StatusList}
}

func (r *applicationRow) application() (storage.Application, error) {
	a := &r.a
	for i, dst := range []any{
		&a.Name, &a.RedirectURIs, &a.PostLogoutRedirectURIs, &a.GrantTypes, &a.Scopes, &a.Audience, &a.Channels, &a.Methods,
	} {
		if err := json.Unmarshal([]byte(r.texts[i]), dst); err != nil {
			return storage.Application{}, fmt.Errorf("storage: decode application %s: %w", a.ClientID, err)
		}
	}
	a.CreatedAt, a.UpdatedAt = moment(r.createdAt), moment(r.updatedAt)
	return *a, nil
}
