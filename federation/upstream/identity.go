package upstream

import (
	"context"
	"errors"
	"maps"
	"net/http"
)

// Document is an identity document that the other issuer verified.
type Document struct{ Kind, Number string }

// Identity is what the other issuer says of a person, as far as a link needs it. It is not compared with anything yet.
// Every field is bounded; what is too long or unprintable is as if it had not been said.
type Identity struct {
	Name        string // at most 1 KiB
	Region      string
	Phone       string // only one that the issuer verified
	Document    Document
	HasDocument bool // false is no error: not every provider knows documents
}

// String gives nothing away.
func (i Identity) String() string { return "identity" }

// GoString gives nothing away.
func (i Identity) GoString() string { return i.String() }

// Identity returns what the other issuer says of a person who was authenticated. It asks its userinfo endpoint only if
// the ID token does not say what a link needs: a name and a document. The authentication must be this issuer's.
func (p *Provider) Identity(ctx context.Context, a Authentication) (Identity, error) {
	if a.Issuer != p.config.Issuer { // or its access token would go to somebody else (RFC 9700 §4.9.1)
		return Identity{}, errors.New("upstream: the authentication is another issuer's")
	}
	if id := p.read(a.claims); id.HasDocument && id.Name != "" {
		return id, nil
	}
	m, err := p.metadata(ctx)
	if err != nil {
		return Identity{}, err
	}
	if m.UserInfo == "" {
		return p.read(a.claims), nil
	}
	said, err := p.userInfo(ctx, m, a)
	if err != nil {
		return Identity{}, err
	}
	claims := make(map[string]any, len(a.claims)+len(said))
	maps.Copy(claims, a.claims)
	maps.Copy(claims, said)
	return p.read(claims), nil
}

// userInfo asks for claims about the person of an authentication (OpenID Connect Core §5.3).
func (p *Provider) userInfo(ctx context.Context, m *metadata, a Authentication) (map[string]any, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, m.UserInfo, nil)
	if err != nil {
		return nil, misbehaved("the userinfo endpoint is no address")
	}
	r.Header.Set("Authorization", "Bearer "+a.accessToken) // RFC 6750 §2.1
	r.Header.Set("Accept", "application/json")
	response, err := p.call(r)
	if err != nil {
		return nil, err
	}
	if response.status != http.StatusOK || response.mediaType != "application/json" {
		return nil, misbehaved("the userinfo endpoint answers %d, or not in JSON", response.status)
	}
	var claims map[string]any
	if err := response.decode(&claims); err != nil {
		return nil, err
	}
	if claims["sub"] != a.Subject { // OpenID Connect Core §5.3.4: else it may be somebody else's
		return nil, misbehaved("the userinfo endpoint speaks of somebody else")
	}
	return claims, nil
}
