package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// Presented is a token of another issuer that somebody presented, verified: an access token, or an authorization grant.
type Presented struct {
	Issuer   string
	Subject  string // of the person, as this issuer knows them there
	ClientID string // to whom it was given
	// ClientRegion is the region whose application that is, as the other says; "" if it does not.
	ClientRegion string
	Audience     []string
	Scopes       []string
	AuthTime     time.Time
	ACR          int // the rung here
	AMR          []string
	Origin       string          // the issuer where the person authenticated, as the other says; "" if it does not
	Actor        json.RawMessage // act; nil if nobody acts
	ID           string
	Expires      time.Time
}

// String gives nothing away.
func (p Presented) String() string { return "token of " + p.Issuer }

// GoString gives nothing away.
func (p Presented) GoString() string { return p.String() }

// TypeGrant is the typ of an authorization grant for another issuer (draft-ietf-oauth-rfc7523bis §4).
const TypeGrant = "authorization-grant+jwt"

// Bounds of what is presented.
const (
	maxPresented = 16 << 10
	maxGrantLife = 5 * time.Minute
)

// presentedClaims are those of an access token (RFC 9068 §2.2), of an introspection (RFC 7662 §2.2) and of a grant (RFC 7523 §3).
type presentedClaims struct {
	Active    bool            `json:"active"`
	Issuer    string          `json:"iss"`
	Subject   string          `json:"sub"`
	Audience  oidc.Audience   `json:"aud"`
	ClientID  string          `json:"client_id"`
	Region    string          `json:"client_region"`
	Scope     string          `json:"scope"`
	Expires   float64         `json:"exp"`
	IssuedAt  float64         `json:"iat"`
	NotBefore float64         `json:"nbf"`
	ID        string          `json:"jti"`
	AuthTime  float64         `json:"auth_time"`
	ACR       string          `json:"acr"`
	AMR       []string        `json:"amr"`
	Origin    string          `json:"origin"`
	Actor     json.RawMessage `json:"act"`
}

// AccessToken verifies an access token that the other issuer gave to one of its applications, and asks it whether the token stands and
// whom it is about: the subject in the token is the application's, the one in the answer is ours.
func (p *Provider) AccessToken(ctx context.Context, token string) (Presented, error) {
	said, err := p.openPresented(ctx, token, "at+jwt", "application/at+jwt") // RFC 9068 §4
	if err != nil {
		return Presented{}, err
	}
	m, err := p.metadata(ctx)
	if err != nil {
		return Presented{}, err
	}
	if m.Introspection == "" {
		return Presented{}, misbehaved("the issuer cannot be asked about its tokens")
	}
	a, err := p.postForm(ctx, m.Introspection, url.Values{"token": {token}, "token_type_hint": {"access_token"}})
	if err != nil {
		return Presented{}, err
	}
	var c presentedClaims
	if a.status != http.StatusOK {
		return Presented{}, misbehaved("the introspection endpoint answers with status %d", a.status)
	}
	if err := a.decode(&c); err != nil {
		return Presented{}, err
	}
	if c.Expires == 0 { // RFC 7662 §2.2: optional
		c.Expires = said.Expires
	}
	switch {
	case !c.Active:
		return Presented{}, &RefusedError{Code: "invalid_token"}
	case c.Issuer != said.Issuer || c.ID != said.ID || c.ClientID != said.ClientID:
		return Presented{}, misbehaved("the introspection endpoint speaks of another token")
	case !instant(c.Expires).After(p.config.Clock().Add(-clockSkew)):
		return Presented{}, misbehaved("the introspection endpoint calls a token active that has expired")
	}
	return p.presented(&c)
}

// Grant verifies an authorization grant of the other issuer for this one (RFC 7523 §3). That it is used once is the caller's to see
// to.
func (p *Provider) Grant(ctx context.Context, token, audience string) (Presented, error) {
	c, err := p.openPresented(ctx, token, TypeGrant)
	if err != nil {
		return Presented{}, err
	}
	now := p.config.Clock()
	switch {
	case len(c.Audience) != 1 || c.Audience[0] != audience: // RFC 7523 §3, 3: for nobody besides
		return Presented{}, misbehaved("the grant is for another issuer")
	case instant(c.Expires).After(now.Add(maxGrantLife + clockSkew)):
		return Presented{}, misbehaved("the grant is good too long")
	case c.ID == "" || len(c.ID) > maxSubject:
		return Presented{}, misbehaved("the grant has no usable jti")
	}
	return p.presented(c)
}

// openPresented verifies signature, kind, issuer and times.
func (p *Provider) openPresented(ctx context.Context, token string, types ...string) (*presentedClaims, error) {
	if len(token) > maxPresented {
		return nil, misbehaved("the token is too large")
	}
	jws, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil {
		return nil, misbehaved("the token is malformed or signed with an algorithm that is not accepted")
	}
	typ, _ := jws.Signatures[0].Protected.ExtraHeaders[jose.HeaderType].(string)
	if !slices.Contains(types, strings.ToLower(typ)) { // RFC 8725 §3.11: an ID token, a logout token
		return nil, misbehaved("the token is another kind of JWT")
	}
	payload, err := p.keys.VerifySignature(ctx, jws)
	if errors.Is(err, errNoKey) {
		return nil, misbehaved("the token: %w", err)
	} else if err != nil {
		return nil, err
	}
	var c presentedClaims
	if json.Unmarshal(payload, &c) != nil {
		return nil, misbehaved("the claims of the token are malformed")
	}
	now := p.config.Clock()
	switch {
	case c.Issuer != p.config.Issuer:
		return nil, misbehaved("the token is another issuer's")
	case !instant(c.Expires).After(now.Add(-clockSkew)):
		return nil, misbehaved("the token has expired")
	case instant(c.IssuedAt).After(now.Add(clockSkew)), instant(c.NotBefore).After(now.Add(clockSkew)):
		return nil, misbehaved("the token is not valid yet")
	}
	return &c, nil
}

func instant(seconds float64) time.Time {
	if seconds < 0 || seconds > 1<<40 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

func (p *Provider) presented(c *presentedClaims) (Presented, error) {
	switch {
	case c.Subject == "" || len(c.Subject) > maxSubject, c.ClientID == "" || c.Subject == c.ClientID:
		return Presented{}, misbehaved("the token is nobody's, or an application's own")
	case c.AuthTime <= 0 || instant(c.AuthTime).After(p.config.Clock().Add(clockSkew)):
		return Presented{}, misbehaved("the token does not say when the person authenticated")
	case len(c.Origin) > maxEndpoint:
		return Presented{}, misbehaved("the issuer where the person authenticated is no address")
	}
	return Presented{
		Issuer: c.Issuer, Subject: c.Subject, ClientID: c.ClientID, ClientRegion: c.Region, Audience: c.Audience, Scopes: strings.Fields(c.Scope),
		AuthTime: instant(c.AuthTime), ACR: p.rung(c.ACR), AMR: bounded(c.AMR), Origin: c.Origin, Actor: c.Actor, ID: c.ID, Expires: instant(c.Expires),
	}, nil
}
