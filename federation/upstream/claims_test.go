package upstream

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func FuzzClaims(f *testing.F) {
	const honest = `{"sub":"s","name":"张三","region":"33","document":{"kind":"resident_id","number":"330000199001010017","verified":true}}`
	for _, seed := range [][2]string{
		{honest, ""},
		{honest, "document.number"},
		{`{"identity":{"doc_no":"1"}}`, "identity.doc_no"},
		{`{"https://id.example/no":"1"}`, "https://id.example/no"},
		{`{"a":{"a":{"a":null}}}`, "a.a.a.a"},
		{`{"":{"":"x"}}`, "."},
		{`{"document":[1,2],"name":{}}`, "=constant"},
		{`null`, "x"},
		{`{"name":"\u0000\ud800","document":{"verified":"true"}}`, ""},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, path string) {
		var claims map[string]any
		if json.Unmarshal([]byte(text), &claims) != nil {
			return
		}
		for _, names := range []map[string]string{nil, {"document_number": path, "document_kind": "=passport"}, {"name": path, "document_verified": path}} {
			p := &Provider{config: Config{ClaimNames: names}}
			id := p.read(claims)
			if id.HasDocument != (id.Document != Document{}) {
				t.Error("a document that nobody vouches for was left behind")
			}
			if names == nil && id.HasDocument {
				if d, _ := claims["document"].(map[string]any); claims["document.verified"] != true && d["verified"] != true {
					t.Error("a document was taken that the issuer did not verify")
				}
			}
			if names["name"] != "" || names["document_number"] != "" {
				if strings.HasPrefix(path, constant) {
					continue // the operator's own words
				}
			}
			for _, s := range []string{id.Name, id.Region, id.Phone, id.Document.Kind, id.Document.Number} {
				if len(s) > maxNameClaim || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
					t.Errorf("%q was let through", s)
				}
			}
		}
	})
}
