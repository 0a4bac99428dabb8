package idp

import (
	"context"
	"errors"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"manyou/federation/exchange"
	"manyou/storage"
)

// introspection is the answer of the introspection endpoint (RFC 7662 §2.2).
type introspection struct {
	Active    bool     `json:"active"`
	TokenType string   `json:"token_type,omitempty"`
	Issuer    string   `json:"iss,omitempty"`
	Subject   string   `json:"sub,omitempty"`
	Audience  audience `json:"aud,omitempty"`
	ClientID  string   `json:"client_id,omitempty"`
	Scope     string   `json:"scope,omitempty"`
	IssuedAt  int64    `json:"iat,omitempty"`
	Expires   int64    `json:"exp,omitempty"`
	ID        string   `json:"jti,omitempty"`
	AuthTime  int64    `json:"auth_time,omitempty"`
	ACR       string   `json:"acr,omitempty"`
	AMR       []string `json:"amr,omitempty"`

	// Region is whose application the client is; for issuers alone.
	Region string          `json:"client_region,omitempty"`
	Origin string          `json:"origin,omitempty"`
	Actor  *exchange.Actor `json:"act,omitempty"`
}

// Introspect tells an application about a token of its own or addressed to it. Of any other token, good or not, it
// learns only that it is not active (RFC 7662 §4).
func (i *Issuer) Introspect(ctx context.Context, r *op.Request[op.IntrospectionRequest]) (*op.Response, error) {
	asker, err := i.authenticate(ctx, r.Data.ClientCredentials, strings.HasPrefix(r.Header.Get("Authorization"), "Basic "))
	if err != nil {
		return nil, err
	}
	if asker.AuthMethod == methodNone { // RFC 7662 §2.1
		return nil, invalidClient(errors.New("a public client may not introspect"))
	}
	p, err := i.present(ctx, r.Data.Token)
	if errors.Is(err, errNotActive) {
		return i.introspectRefreshToken(ctx, asker, r.Data.Token)
	} else if err != nil {
		return nil, serverError(err)
	}
	if !mayInspect(asker, p) {
		return op.NewResponse(introspection{}), nil
	}
	subject, origin, region := p.Subject, p.Origin, ""
	if asker.Application.Issuer && p.grant != nil { // as it knows the person
		subject, region = i.subject(p.grant.PersonID, asker), p.app.Region
		if origin, err = i.originOf(ctx, p); err != nil {
			return nil, serverError(err)
		}
	}
	return op.NewResponse(introspection{
		Active: true, TokenType: "Bearer", Issuer: p.Issuer, Subject: subject, Audience: p.Audience, ClientID: p.ClientID,
		Scope: p.Scope, IssuedAt: p.IssuedAt, Expires: p.Expires, ID: p.ID, AuthTime: p.AuthTime, ACR: p.ACR, AMR: p.AMR, Region: region, Origin: origin, Actor: p.Actor,
	}), nil
}

func (i *Issuer) introspectRefreshToken(ctx context.Context, asker *application, token string) (*op.Response, error) {
	t, ok := i.openRefreshToken(token)
	if !ok || t.ClientID != asker.ClientID {
		return op.NewResponse(introspection{}), nil
	}
	now := i.Clock()
	g, err := i.Store.Grant(ctx, t.GrantID, t.ExpiresAt, now)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return op.NewResponse(introspection{}), nil
	case err != nil:
		return nil, serverError(err)
	case !g.Stands(now) || g.Generation != t.Generation:
		return op.NewResponse(introspection{}), nil
	}
	return op.NewResponse(introspection{
		Active: true, TokenType: "refresh_token", Issuer: i.Issuer, Subject: i.subject(g.PersonID, asker),
		ClientID: asker.ClientID, Scope: strings.Join(g.Scopes, " "), Expires: g.ExpiresAt.Unix(),
		AuthTime: g.AuthTime.Unix(), ACR: acrOf(g.ACR), AMR: g.AMR,
	}), nil
}

// Revocation ends the grant that a token belongs to: access and refresh tokens of it die together (RFC 7009 §2.1). A
// token that is not one, or is another client's, is answered in the same way and nothing happens (§2.2).
func (i *Issuer) Revocation(ctx context.Context, r *op.ClientRequest[oidc.RevocationRequest]) (*op.Response, error) {
	app := applicationOf(r.Client)
	done := op.NewResponse(struct{}{})
	if t, ok := i.openRefreshToken(r.Data.Token); ok {
		if t.ClientID != app.ClientID {
			return done, nil
		}
		return done, ignoreNotFound(i.Store.EndGrant(ctx, t.GrantID, t.ExpiresAt, app.ClientID, i.Clock()))
	}
	p, err := i.present(ctx, r.Data.Token)
	switch {
	case errors.Is(err, errNotActive) || err == nil && p.ClientID != app.ClientID:
		return done, nil
	case err != nil:
		return nil, serverError(err)
	case p.grant != nil && p.Actor == nil:
		return done, ignoreNotFound(i.Store.EndGrant(ctx, p.grant.ID, p.grant.ExpiresAt, app.ClientID, i.Clock()))
	}
	if err := i.Store.Use(ctx, replayRevoked, p.ID, seconds(p.Expires)); err != nil && !errors.Is(err, storage.ErrUsed) {
		return nil, serverError(err)
	}
	return done, nil
}

func ignoreNotFound(err error) error {
	if err == nil || errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	return serverError(err)
}
