package idp

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"manyou/federation/exchange"
	"manyou/idp/keys"
	"manyou/idp/statuslist"
	"manyou/storage"
)

// accessToken are the claims of an access token (RFC 9068 §2.2).
type accessToken struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience audience `json:"aud"`
	ClientID string   `json:"client_id"`
	Scope    string   `json:"scope,omitempty"`
	IssuedAt int64    `json:"iat"`
	Expires  int64    `json:"exp"`
	ID       string   `json:"jti"`
	AuthTime int64    `json:"auth_time,omitempty"`
	ACR      string   `json:"acr,omitempty"`
	AMR      []string `json:"amr,omitempty"`
	// Of a token that was exchanged: the issuer where the person authenticated, and who acts for them (RFC 8693 §4.1).
	Origin string          `json:"origin,omitempty"`
	Actor  *exchange.Actor `json:"act,omitempty"`
	// Status is where it is read whether the token is dead; only of applications that asked for it.
	Status *statuslist.Claim `json:"status,omitempty"`
}

// idToken are the claims of an ID token (OpenID Connect Core §2).
type idToken struct {
	Issuer     string   `json:"iss"`
	Subject    string   `json:"sub"`
	Audience   string   `json:"aud"`
	Authorized string   `json:"azp"`
	IssuedAt   int64    `json:"iat"`
	Expires    int64    `json:"exp"`
	AuthTime   int64    `json:"auth_time"`
	Nonce      string   `json:"nonce,omitempty"`
	ACR        string   `json:"acr"`
	AMR        []string `json:"amr"`
	SessionID  string   `json:"sid,omitempty"` // OpenID Connect Back-Channel Logout §2.1
}

func (i *Issuer) mintAccessToken(ctx context.Context, g storage.Grant, app *application, subject string) (string, error) {
	at := i.Clock()
	jti, err := i.mintTokenID(tokenID{GrantID: g.ID, ExpiresAt: g.ExpiresAt})
	if err != nil {
		return "", err
	}
	status, err := i.tokenStatus(ctx, app, &g, false, jti, at.Add(accessLifetime))
	if err != nil {
		return "", err
	}
	now := at.Unix()
	return i.sign(keys.ES256, keys.TypeAccessToken, accessToken{
		Issuer: i.Issuer, Subject: subject, Audience: i.audienceOf(app), ClientID: app.ClientID,
		Scope: strings.Join(g.Scopes, " "), IssuedAt: now, Expires: now + int64(accessLifetime.Seconds()), ID: jti,
		AuthTime: g.AuthTime.Unix(), ACR: acrOf(g.ACR), AMR: g.AMR, Status: status,
	})
}

func (i *Issuer) mintIDToken(g storage.Grant, app *application, subject, nonce string) (string, error) {
	now := i.Clock().Unix()
	alg := keys.ES256
	if app.IDTokenAlg == keys.RS256 {
		alg = keys.RS256
	}
	return i.sign(alg, keys.TypeIDToken, idToken{
		Issuer: i.Issuer, Subject: subject, Audience: app.ClientID, Authorized: app.ClientID,
		IssuedAt: now, Expires: now + int64(idTokenLifetime.Seconds()), AuthTime: g.AuthTime.Unix(), Nonce: nonce,
		ACR: acrOf(g.ACR), AMR: g.AMR, SessionID: i.sessionID(g.SessionID, app),
	})
}

func (i *Issuer) sign(alg, typ string, claims any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("mint token: %w", err)
	}
	key, err := i.keys.Signer(alg)
	if err != nil {
		return "", fmt.Errorf("mint token: %w", err)
	}
	return key.Sign(typ, payload)
}

// audienceOf are the audiences of an application's access tokens: the issuer, for userinfo, and what it is registered
// to call.
func (i *Issuer) audienceOf(app *application) audience {
	return append(audience{i.Issuer}, app.Audience...)
}

// subject is the pairwise subject of a person for an application's sector (OpenID Connect Core §8.1). Nobody without
// the key can compute it, or join the subjects of two sectors.
func (i *Issuer) subject(personID string, app *application) string {
	sector := app.SectorIdentifier
	if sector == "" {
		sector = app.ClientID
	}
	return encoding.EncodeToString(i.Vault.MAC("pairwise", []byte(sector+"\x00"+personID)))
}

// sessionID is the sid of a session for one application: two applications cannot join theirs.
func (i *Issuer) sessionID(session []byte, app *application) string {
	if len(session) == 0 {
		return ""
	}
	return encoding.EncodeToString(i.Vault.MAC("sid", append([]byte(app.ClientID+"\x00"), session...))[:16])
}
