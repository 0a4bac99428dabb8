package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// Logout is another issuer's word that a session of a subject ended (OpenID Connect Back-Channel Logout §2.4).
type Logout struct {
	Issuer, Subject string
	SessionID       string // sid of the session's ID tokens; "": all of the subject's
	ID              string // good once
	Expires         time.Time
}

// String gives nothing away.
func (l Logout) String() string { return "logout at " + l.Issuer }

// GoString gives nothing away.
func (l Logout) GoString() string { return l.String() }

// typeLogout is the typ of a logout token (§2.4, RFC 8725 §3.11). Those who do not say it are told apart by their events.
const typeLogout = "logout+jwt"

const eventLogout = "http://schemas.openid.net/event/backchannel-logout"

// maxLogoutLife bounds how long a logout token may be good, and so how long its jti is remembered.
const maxLogoutLife = 15 * time.Minute

type logoutClaims struct {
	oidc.TokenClaims
	SessionID string                     `json:"sid"`
	ID        string                     `json:"jti"`
	Events    map[string]json.RawMessage `json:"events"`
	Nonce     *json.RawMessage           `json:"nonce"`
}

// IssuerOf is whose a JWT says to be, to find the provider that verifies it; "" if it is none. Nothing in it is to be believed
// yet.
func IssuerOf(token string) string {
	if len(token) > maxIDToken {
		return ""
	}
	jws, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil {
		return ""
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	if json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &claims) != nil {
		return ""
	}
	return claims.Issuer
}

// VerifyLogout checks a logout token (§2.6). That it is used once is the caller's to see to.
func (p *Provider) VerifyLogout(ctx context.Context, token string) (Logout, error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return Logout{}, err
	}
	if len(token) > maxIDToken {
		return Logout{}, misbehaved("the logout token is too large")
	}
	jws, err := jose.ParseSignedCompact(token, p.accepted(m))
	if err != nil {
		return Logout{}, misbehaved("the logout token is malformed or signed with an algorithm that is not accepted")
	}
	typ, _ := jws.Signatures[0].Protected.ExtraHeaders[jose.HeaderType].(string)
	if typ != "" && !strings.EqualFold(typ, typeLogout) && !strings.EqualFold(typ, "JWT") {
		return Logout{}, misbehaved("the logout token is another kind of JWT")
	}
	payload, err := p.keys.VerifySignature(ctx, jws)
	if errors.Is(err, errNoKey) {
		return Logout{}, misbehaved("the logout token: %w", err)
	} else if err != nil {
		return Logout{}, err
	}
	var c logoutClaims
	if json.Unmarshal(payload, &c) != nil {
		return Logout{}, misbehaved("the claims of the logout token are malformed")
	}
	now := p.config.Clock()
	_, event := c.Events[eventLogout]
	expires := c.GetExpiration()
	switch {
	case c.Issuer != p.config.Issuer:
		return Logout{}, misbehaved("the logout token is another issuer's")
	case oidc.CheckAudience(&c, p.config.ClientID) != nil:
		return Logout{}, misbehaved("the logout token is for another client")
	case !event: // §2.6, 5
		return Logout{}, misbehaved("the logout token says nothing of a logout")
	case c.Nonce != nil: // §2.6, 6: it would be an ID token
		return Logout{}, misbehaved("the logout token has a nonce")
	case !expires.After(now.Add(-clockSkew)), expires.After(now.Add(maxLogoutLife + clockSkew)):
		return Logout{}, misbehaved("the logout token has expired, or is good too long")
	case c.GetIssuedAt().After(now.Add(clockSkew)), c.GetIssuedAt().Before(now.Add(-maxLogoutLife - clockSkew)):
		return Logout{}, misbehaved("the logout token is of another time")
	case c.Subject == "" || len(c.Subject) > maxSubject || len(c.SessionID) > maxSubject:
		return Logout{}, misbehaved("the logout token names nobody")
	case c.ID == "" || len(c.ID) > maxSubject:
		return Logout{}, misbehaved("the logout token has no usable jti")
	}
	return Logout{Issuer: c.Issuer, Subject: c.Subject, SessionID: c.SessionID, ID: c.ID, Expires: expires}, nil
}
