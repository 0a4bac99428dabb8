package idp

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"manyou/idp/keys"
	"manyou/storage"
)

// Grant types and scopes.
const (
	grantCode    = "authorization_code"
	grantRefresh = "refresh_token"
	grantClient  = "client_credentials"

	scopeOpenID   = "openid"
	scopeOffline  = "offline_access"
	scopeProfile  = "profile"
	scopePhone    = "phone"
	scopeDocument = "document"
)

// tokenResponse is a successful answer of the token endpoint (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3).
type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"` // seconds
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	Scope        string `json:"scope,omitempty"`
}

// isVerifier reports whether a code verifier has the form of RFC 7636 §4.1.
func isVerifier(s string) bool {
	return len(s) >= 43 && len(s) <= 128 && strings.Trim(s, base64URL+".~") == ""
}

const base64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// tokenEndpoint serves the grant that op does not know, and codes, which are the hot path: op's router and form decoder cost
// as much as the rest of it. The other grants are op's to route.
func (i *Issuer) tokenEndpoint(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.PostForm.Get("grant_type") {
		case grantCIBA:
			i.backchannelToken(w, r)
		case grantCode:
			i.codeToken(w, r)
		case grantExchange:
			i.exchangeToken(w, r)
		case grantBearer:
			i.bearerToken(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// codeToken authenticates the client and redeems its code.
func (i *Issuer) codeToken(w http.ResponseWriter, r *http.Request) {
	response, err := i.redeemCode(r)
	if err != nil {
		op.WriteError(w, r, err, nil)
		return
	}
	writeJSON(w, response.Data)
}

func (i *Issuer) redeemCode(r *http.Request) (*op.Response, error) {
	app, err := i.clientOf(r)
	if err != nil {
		return nil, err
	}
	f := r.PostForm
	switch {
	case !grants(&app.Application, grantCode):
		return nil, op.NewStatusError(oidc.ErrUnauthorizedClient().WithDescription("not registered for this grant"), http.StatusBadRequest)
	case f.Get("code") == "" || f.Get("redirect_uri") == "": // RFC 6749 §4.1.3
		return nil, badRequest("code and redirect_uri are required")
	}
	return i.CodeExchange(r.Context(), &op.ClientRequest[oidc.AccessTokenRequest]{
		Request: &op.Request[oidc.AccessTokenRequest]{Data: &oidc.AccessTokenRequest{
			Code: f.Get("code"), RedirectURI: f.Get("redirect_uri"), CodeVerifier: f.Get("code_verifier"),
		}},
		Client: client{app},
	})
}

// CodeExchange redeems an authorization code (RFC 6749 §4.1.3, OpenID Connect Core §3.1.3).
func (i *Issuer) CodeExchange(ctx context.Context, r *op.ClientRequest[oidc.AccessTokenRequest]) (*op.Response, error) {
	app := applicationOf(r.Client)
	c, err := i.openCode(r.Data, app)
	if err != nil {
		return nil, err
	}
	grant, now := c.grant(), i.Clock()
	grant.Offline, grant.CreatedAt = offline(c.Scopes, app), now
	g, err := i.Store.Redeem(ctx, grant, now)
	if err != nil {
		return nil, fromStorage(err)
	}
	if err := i.noteOnward(ctx, g, app); err != nil {
		return nil, serverError(err)
	}
	return i.answer(ctx, g, app, c.Nonce, slices.Contains(c.Scopes, scopeOpenID))
}

// openCode checks everything about a code save whether it was used. Nothing is written before all of it holds, so a
// stolen code without its verifier harms nobody.
func (i *Issuer) openCode(r *oidc.AccessTokenRequest, app *application) (*code, error) {
	body, err := i.Vault.OpenToken(purposeCode, r.Code)
	if err != nil {
		return nil, invalidGrant("the code is not one of this issuer")
	}
	c, ok := decodeCode(body)
	if !ok {
		return nil, invalidGrant("the code is not one of this issuer")
	}
	switch {
	case c.ClientID != app.ClientID: // RFC 6749 §4.1.3
		return nil, invalidGrant("the code was issued to another client")
	case i.Clock().Unix() >= c.ExpiresAt:
		return nil, invalidGrant("the code has expired")
	case c.RedirectURI != r.RedirectURI: // RFC 6749 §4.1.3
		return nil, invalidGrant("redirect_uri is not the one of the authorization request")
	}
	// RFC 7636 §4.6. A verifier without a challenge is refused too: it is a sign of a downgrade (RFC 9700 §2.1.1).
	switch {
	case c.Challenge == "" && r.CodeVerifier != "":
		return nil, invalidGrant("code_verifier is given, but there was no code_challenge")
	case c.Challenge == "":
		return &c, nil
	case !isVerifier(r.CodeVerifier):
		return nil, invalidGrant("code_verifier is missing or malformed")
	}
	digest := sha256.Sum256([]byte(r.CodeVerifier))
	if subtle.ConstantTimeCompare([]byte(encoding.EncodeToString(digest[:])), []byte(c.Challenge)) != 1 {
		return nil, invalidGrant("code_verifier does not match")
	}
	return &c, nil
}

// answer mints what a grant is good for.
func (i *Issuer) answer(ctx context.Context, g storage.Grant, app *application, nonce string, withIDToken bool) (*op.Response, error) {
	g.Scopes = app.still(g.Scopes)
	response := tokenResponse{
		TokenType: "Bearer", ExpiresIn: int64(accessLifetime.Seconds()), Scope: strings.Join(g.Scopes, " "),
	}
	subject := i.subject(g.PersonID, app)
	var err error
	if response.AccessToken, err = i.mintAccessToken(ctx, g, app, subject); err != nil {
		return nil, serverError(err)
	}
	if withIDToken {
		if response.IDToken, err = i.mintIDToken(g, app, subject, nonce); err != nil {
			return nil, serverError(err)
		}
	}
	if grants(&app.Application, grantRefresh) {
		response.RefreshToken, err = i.sealRefreshToken(refreshToken{
			GrantID: g.ID, ExpiresAt: g.ExpiresAt, Generation: g.Generation, ClientID: app.ClientID,
		})
		if err != nil {
			return nil, serverError(err)
		}
	}
	return op.NewResponse(response), nil
}

// still are the scopes that the application may have now: an approval may have been withdrawn since they were granted.
func (a *application) still(scopes []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return !slices.Contains(a.Scopes, s) })
}

// RefreshToken rotates a refresh token (RFC 6749 §6, RFC 9700 §4.14.2). There is no new ID token: nothing was proven
// anew (OpenID Connect Core §12.2 leaves it open).
func (i *Issuer) RefreshToken(ctx context.Context, r *op.ClientRequest[oidc.RefreshTokenRequest]) (*op.Response, error) {
	app := applicationOf(r.Client)
	t, ok := i.openRefreshToken(r.Data.RefreshToken)
	if !ok || t.ClientID != app.ClientID {
		return nil, invalidGrant("the refresh token is not one of this client")
	}
	now := i.Clock()
	if !now.Before(t.ExpiresAt) {
		return nil, invalidGrant("the refresh token has expired")
	}
	if len(r.Data.Scopes) > 0 {
		// Looked at before the token is used up: a request that asks too much loses nothing.
		g, err := i.Store.Grant(ctx, t.GrantID, t.ExpiresAt, now)
		if err != nil {
			return nil, fromStorage(err)
		}
		for _, scope := range r.Data.Scopes {
			if !slices.Contains(g.Scopes, scope) { // RFC 6749 §6
				return nil, op.NewStatusError(oidc.ErrInvalidScope().WithDescription("scope was not granted"), http.StatusBadRequest)
			}
		}
	}
	g, err := i.Store.Rotate(ctx, t.GrantID, t.ExpiresAt, t.Generation, now)
	if err != nil {
		return nil, fromStorage(err)
	}
	if len(r.Data.Scopes) > 0 {
		g.Scopes = r.Data.Scopes
	}
	return i.answer(ctx, g, app, "", false)
}

// ClientCredentialsExchange gives an application a token of its own (RFC 6749 §4.4). It reads and writes nothing, but for a
// place in a status list, if the application asked for one.
func (i *Issuer) ClientCredentialsExchange(ctx context.Context, r *op.ClientRequest[oidc.ClientCredentialsRequest]) (*op.Response, error) {
	app := applicationOf(r.Client)
	scopes := []string{}
	for _, scope := range r.Data.Scope {
		switch {
		case slices.Contains(personScopes, scope): // means nothing without a person; the answer says what was granted
		case slices.Contains(app.Scopes, scope):
			scopes = append(scopes, scope)
		default:
			return nil, op.NewStatusError(oidc.ErrInvalidScope().WithDescription("scope is not open to this client"), http.StatusBadRequest)
		}
	}
	jti, err := i.mintTokenID(tokenID{})
	if err != nil {
		return nil, serverError(err)
	}
	at := i.Clock()
	status, err := i.tokenStatus(ctx, app, nil, true, jti, at.Add(accessLifetime))
	if err != nil {
		return nil, serverError(err)
	}
	now := at.Unix()
	token, err := i.sign(keys.ES256, keys.TypeAccessToken, accessToken{
		Issuer: i.Issuer, Subject: app.ClientID, Audience: i.audienceOf(app), ClientID: app.ClientID, // RFC 9068 §2.2
		Scope: strings.Join(scopes, " "), IssuedAt: now, Expires: now + int64(accessLifetime.Seconds()), ID: jti, Status: status,
	})
	if err != nil {
		return nil, serverError(err)
	}
	return op.NewResponse(tokenResponse{
		AccessToken: token, TokenType: "Bearer", ExpiresIn: int64(accessLifetime.Seconds()), Scope: strings.Join(scopes, " "),
	}), nil
}

var personScopes = []string{scopeOpenID, scopeOffline, scopeProfile, scopePhone, scopeDocument}
