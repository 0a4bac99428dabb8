package idp

import (
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// client shows an application to op. Only what op asks of it at the token endpoints matters: who it is, how it
// authenticates, which grants it has.
type client struct{ *application }

var _ op.Client = client{}

func (c client) GetID() string                       { return c.ClientID }
func (c client) RedirectURIs() []string              { return c.Application.RedirectURIs }
func (c client) PostLogoutRedirectURIs() []string    { return c.Application.PostLogoutRedirectURIs }
func (c client) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }
func (c client) AuthMethod() oidc.AuthMethod         { return oidc.AuthMethod(c.Application.AuthMethod) }
func (c client) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (c client) LoginURL(string) string               { return "" }
func (c client) AccessTokenType() op.AccessTokenType  { return op.AccessTokenTypeJWT }
func (c client) IDTokenLifetime() time.Duration       { return idTokenLifetime }
func (c client) DevMode() bool                        { return false }
func (c client) IsScopeAllowed(string) bool           { return false }
func (c client) IDTokenUserinfoClaimsAssertion() bool { return false }
func (c client) ClockSkew() time.Duration             { return 0 }

func (c client) GrantTypes() []oidc.GrantType {
	types := make([]oidc.GrantType, len(c.Application.GrantTypes))
	for i, g := range c.Application.GrantTypes {
		types[i] = oidc.GrantType(g)
	}
	return types
}

func (c client) RestrictAdditionalIdTokenScopes() func([]string) []string {
	return func(scopes []string) []string { return scopes }
}

func (c client) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return func(scopes []string) []string { return scopes }
}

// applicationOf is the application behind a client that op hands back.
func applicationOf(c op.Client) *application { return c.(client).application }
