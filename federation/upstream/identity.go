package upstream

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
)

// Bounds of claims, in bytes.
const (
	maxNameClaim  = 1 << 10
	maxShortClaim = 128
)

// Document is an identity document that the other issuer verified.
type Document struct{ Kind, Number string }

// Identity is what the other issuer says of a person, as far as a link needs it. It is not compared with anything yet.
type Identity struct {
	Name        string
	Region      string
	Document    Document
	HasDocument bool // false is no error: not every provider knows documents
}

// String gives nothing away.
func (i Identity) String() string { return "identity" }

// GoString gives nothing away.
func (i Identity) GoString() string { return i.String() }

// Identity returns what the other issuer says of a person who was authenticated. It asks its userinfo endpoint only if
// the ID token does not say it all.
func (p *Provider) Identity(ctx context.Context, a Authentication) (Identity, error) {
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
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, m.UserInfo, nil)
	if err != nil {
		return Identity{}, misbehaved("the userinfo endpoint is no address")
	}
	r.Header.Set("Authorization", "Bearer "+a.accessToken)
	status, contentType, body, err := p.call(r)
	var claims map[string]any
	switch {
	case err != nil:
		return Identity{}, err
	case status >= http.StatusInternalServerError:
		return Identity{}, ErrUnreachable
	case status != http.StatusOK || contentType != "application/json" || json.Unmarshal(body, &claims) != nil:
		return Identity{}, misbehaved("the userinfo endpoint answers nonsense")
	case claims["sub"] != a.Subject: // OpenID Connect Core §5.3.4
		return Identity{}, misbehaved("the userinfo endpoint speaks of somebody else")
	}
	for name, value := range a.claims {
		if _, ok := claims[name]; !ok {
			claims[name] = value
		}
	}
	return p.read(claims), nil
}

// read takes what a link needs out of claims.
func (p *Provider) read(claims map[string]any) Identity {
	id := Identity{
		Name: p.text(claims, "name", "name", maxNameClaim), Region: p.text(claims, "region", "region", maxShortClaim),
		Document: Document{
			Kind:   p.text(claims, "document_kind", "document.kind", maxShortClaim),
			Number: p.text(claims, "document_number", "document.number", maxShortClaim),
		},
	}
	// A document is taken only as verified. An issuer with claims of its own is registered with the knowledge that it
	// verifies them.
	verified, _ := lookup(claims, "document.verified").(bool)
	if p.config.ClaimNames["document_number"] != "" {
		verified = true
	}
	id.HasDocument = verified && id.Document.Kind != "" && id.Document.Number != ""
	if !id.HasDocument {
		id.Document = Document{}
	}
	return id
}

// text is a claim of bounded length, "" if there is none. A kind may be given as a constant: "=passport".
func (p *Provider) text(claims map[string]any, what, usual string, bound int) string {
	path := p.config.ClaimNames[what]
	if constant, ok := strings.CutPrefix(path, "="); ok {
		return constant
	}
	if path == "" {
		path = usual
	}
	s, _ := lookup(claims, path).(string)
	if len(s) > bound {
		return ""
	}
	return s
}

// lookup follows a dotted path into claims.
func lookup(claims map[string]any, path string) any {
	var at any = claims
	for name := range strings.SplitSeq(path, ".") {
		object, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = object[name]
	}
	return at
}
