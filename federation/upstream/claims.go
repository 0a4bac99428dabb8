package upstream

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of claims, in bytes.
const (
	maxNameClaim  = 1 << 10
	maxShortClaim = 128
)

// constant marks a claim name that is the value itself: "=passport".
const constant = "="

// ours is where our own issuers put what a link needs.
var ours = map[string]string{
	"name": "name", "region": "region", "phone": "phone_number",
	"document_kind": "document.kind", "document_number": "document.number", "document_verified": "document.verified",
}

// read takes what a link needs out of claims.
func (p *Provider) read(claims map[string]any) Identity {
	id := Identity{
		Name:   p.text(claims, "name", maxNameClaim),
		Region: p.text(claims, "region", maxShortClaim),
		Document: Document{
			Kind:   p.text(claims, "document_kind", maxShortClaim),
			Number: p.text(claims, "document_number", maxShortClaim),
		},
	}
	if verified, _ := claims["phone_number_verified"].(bool); verified { // OpenID Connect Core §5.1, whatever the phone is called
		id.Phone = p.text(claims, "phone", maxShortClaim)
	}
	id.HasDocument = id.Document.Kind != "" && id.Document.Number != "" && p.documentVerified(claims)
	if !id.HasDocument {
		id.Document = Document{} // one that nobody verified must not be used by mistake
	}
	return id
}

// documentVerified reports whether the issuer vouches for the document. It must say so: in a claim, or by the registration
// of an issuer that is known to assert verified documents only ("document_verified": "=true").
func (p *Provider) documentVerified(claims map[string]any) bool {
	named := p.config.ClaimNames
	if value, ok := strings.CutPrefix(named["document_verified"], constant); ok {
		return value == "true"
	}
	verified, _ := lookup(claims, p.path("document_verified")).(bool)
	return verified
}

func (p *Provider) path(what string) string {
	if path := p.config.ClaimNames[what]; path != "" {
		return path
	}
	return ours[what]
}

// text is a claim of bounded length, "" if there is none.
func (p *Provider) text(claims map[string]any, what string, bound int) string {
	path := p.path(what)
	if value, ok := strings.CutPrefix(path, constant); ok {
		return value
	}
	s, _ := lookup(claims, path).(string)
	if len(s) > bound || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return ""
	}
	return s
}

// lookup follows a dotted path into claims. A claim that has the whole path for its name comes first: there are issuers
// whose claims are called "https://id.example/document".
func lookup(claims map[string]any, path string) any {
	if value, ok := claims[path]; ok {
		return value
	}
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
