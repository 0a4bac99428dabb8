package idp

import (
	"context"
	"errors"
	"slices"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"manyou/storage"
)

// userInfo are the claims of the userinfo endpoint (OpenID Connect Core §5.3.2).
type userInfo struct {
	Subject       string         `json:"sub"`
	Name          string         `json:"name,omitempty"`
	Region        string         `json:"region,omitempty"` // home region, GB/T 2260
	Phone         string         `json:"phone_number,omitempty"`
	PhoneVerified bool           `json:"phone_number_verified,omitempty"`
	Document      *documentClaim `json:"document,omitempty"`
}

// documentClaim is a verified identity document. It is given only to another issuer, for linking, and to an
// application that was approved for it and that the citizen agreed to.
type documentClaim struct {
	Kind     string `json:"kind"`
	Number   string `json:"number"`
	Verified bool   `json:"verified"`
}

// UserInfo answers with the claims that the token's scopes and the claims parameter ask for.
func (i *Issuer) UserInfo(ctx context.Context, r *op.Request[oidc.UserInfoRequest]) (*op.Response, error) {
	p, err := i.present(ctx, r.Data.AccessToken)
	if errors.Is(err, errNotActive) {
		return nil, invalidToken()
	} else if err != nil {
		return nil, serverError(err)
	}
	if p.grant == nil || !slices.Contains(p.Audience, i.Issuer) {
		return nil, invalidToken()
	}
	if !slices.Contains(p.scopes(), scopeOpenID) {
		return nil, insufficientScope()
	}
	info, err := i.userInfo(ctx, p)
	if err != nil {
		return nil, serverError(err)
	}
	return op.NewResponse(info), nil
}

func (i *Issuer) userInfo(ctx context.Context, p *presented) (*userInfo, error) {
	info := &userInfo{Subject: p.Subject}
	request := authorizationRequest{Claims: p.grant.Claims}
	if err := request.parseClaims(); err != nil {
		return nil, err
	}
	scopes := p.app.still(p.scopes())
	// A claim is given for its scope, or if it was asked for by name by an application that may have the scope.
	gives := func(scope, claim string) bool {
		if slices.Contains(scopes, scope) {
			return true
		}
		_, asked := request.claims.UserInfo[claim]
		return asked && scope != scopeDocument && slices.Contains(p.app.Scopes, scope)
	}
	if gives(scopeProfile, "name") {
		info.Name = p.grant.PersonName
	}
	if gives(scopeProfile, "region") {
		info.Region = p.grant.PersonRegion
	}
	if gives(scopePhone, "phone_number") {
		credentials, err := i.Store.CredentialsOf(ctx, p.grant.PersonID)
		if err != nil {
			return nil, err
		}
		for _, c := range credentials {
			if c.Method == "sms" {
				info.Phone, info.PhoneVerified = c.Handle, true
			}
		}
	}
	if slices.Contains(scopes, scopeDocument) && i.agreed(ctx, p) {
		person, err := i.Store.Person(ctx, p.grant.PersonID)
		if err != nil {
			return nil, err
		}
		info.Document = documentOf(person)
	}
	return info, nil
}

// agreed reports whether the citizen still agrees that an application may have the document. Another issuer of the
// federation is not a recipient of its own.
func (i *Issuer) agreed(ctx context.Context, p *presented) bool {
	if p.app.Application.Issuer {
		return true
	}
	c, err := i.Store.Consent(ctx, p.grant.PersonID, p.app.ClientID)
	return err == nil && slices.Contains(c.Scopes, scopeDocument)
}

func documentOf(p storage.Person) *documentClaim {
	if len(p.Documents) == 0 {
		return nil
	}
	return &documentClaim{Kind: p.Documents[0].Kind, Number: p.Documents[0].Number, Verified: true}
}
