package upstream

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// assertionType is that of a client assertion (RFC 7523 §2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// The types of JWT that are signed for another issuer.
const (
	TypeRequest   = "oauth-authz-req+jwt"       // RFC 9101 §10.8
	TypeAssertion = "client-authentication+jwt" // so that nobody takes it for an ID token (RFC 8725 §3.11)
)

// signedFor is how long a client assertion or a request is good.
const signedFor = 2 * time.Minute

// entity reports whether the client is known to the other issuer by its trust chain: its identifier is its entity's.
func (c Config) entity() bool {
	return c.AuthMethod == authKey && (strings.HasPrefix(c.ClientID, "https://") || strings.HasPrefix(c.ClientID, "http://"))
}

// jwt signs claims for the other issuer, good once and for two minutes.
func (p *Provider) jwt(typ string, claims map[string]any) (string, error) {
	now := p.config.Clock()
	claims["iss"], claims["aud"] = p.config.ClientID, p.config.Issuer // OpenID Federation 1.0 §12.1.1.1.1: the issuer, not an endpoint
	claims["iat"], claims["exp"] = now.Unix(), now.Add(signedFor).Unix()
	jti, err := p.config.unique()
	if err != nil {
		return "", err
	}
	claims["jti"] = jti
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("upstream: sign %s: %w", typ, err)
	}
	return p.config.Sign(typ, payload)
}

// assertion authenticates the client at the token endpoint (RFC 7523 §3, OpenID Connect Core §9).
func (p *Provider) assertion() (string, error) {
	return p.jwt(TypeAssertion, map[string]any{"sub": p.config.ClientID})
}

// signedURL sends the parameters as a request object (RFC 9101 §5.1), as an issuer wants them of a client that nobody registered
// (OpenID Federation 1.0 §12.1.1.1).
func (p *Provider) signedURL(m *metadata, parameters map[string]string) (string, error) {
	claims := map[string]any{}
	for name, value := range parameters {
		if seconds, err := strconv.ParseInt(value, 10, 64); err == nil && name == "max_age" { // RFC 9101 §4: a number is one
			claims[name] = seconds
		} else if value != "" {
			claims[name] = value
		}
	}
	request, err := p.jwt(TypeRequest, claims)
	if err != nil {
		return "", err
	}
	return withParameters(m.Authorization, map[string]string{
		"client_id": p.config.ClientID, "request": request, "response_type": "code", "scope": p.scope(), // RFC 9101 §5, OpenID Connect Core §6.1
	})
}
