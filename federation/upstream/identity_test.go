package upstream_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"manyou/federation/upstream"
)

// identityOf signs in and asks who it was.
func identityOf(t *testing.T, p *upstream.Provider) (upstream.Identity, error) {
	t.Helper()
	a, err := signIn(t, p)
	if err != nil {
		t.Fatal(err)
	}
	return p.Identity(t.Context(), a)
}

func TestOurOwnIssuersSayWhatALinkNeedsAtUserInfo(t *testing.T) {
	province := newProvince(t)
	province.userInfo["phone_number"], province.userInfo["phone_number_verified"] = "+8613800000000", true
	got, err := identityOf(t, province.provider())
	if err != nil {
		t.Fatal(err)
	}
	want := upstream.Identity{
		Name: theName, Region: "33", Phone: "+8613800000000",
		Document: upstream.Document{Kind: "resident_id", Number: theNumber}, HasDocument: true,
	}
	if got != want {
		t.Errorf("got name %q region %q phone %q document %t", got.Name, got.Region, got.Phone, got.HasDocument)
	}
}

func TestUserInfoIsNotAskedForWhatTheIDTokenSays(t *testing.T) {
	province := newProvince(t)
	for name, value := range province.userInfo {
		if name != "sub" {
			province.claims[name] = value
		}
	}
	id, err := identityOf(t, province.provider())
	if err != nil || !id.HasDocument || id.Document.Number != theNumber {
		t.Errorf("document %t, %v", id.HasDocument, err)
	}
	if n := province.count(userInfoPath); n != 0 {
		t.Errorf("asked %d times", n)
	}
}

func TestAMissingOrUnverifiedDocumentIsNoErrorAndNoDocument(t *testing.T) {
	document := func(d any) func(*province) {
		return func(p *province) { p.userInfo["document"] = d }
	}
	for name, change := range map[string]func(*province){
		"none":                 func(p *province) { delete(p.userInfo, "document") },
		"no userinfo endpoint": func(p *province) { p.metadata["userinfo_endpoint"] = "" },
		"not verified":         document(map[string]any{"kind": "resident_id", "number": theNumber, "verified": false}),
		"silent about it":      document(map[string]any{"kind": "resident_id", "number": theNumber}),
		"verified in words":    document(map[string]any{"kind": "resident_id", "number": theNumber, "verified": "false"}),
		"no number":            document(map[string]any{"kind": "resident_id", "verified": true}),
		"no kind":              document(map[string]any{"number": theNumber, "verified": true}),
		"too long":             document(map[string]any{"kind": "resident_id", "number": strings.Repeat("1", 129), "verified": true}),
		"with a zero byte":     document(map[string]any{"kind": "resident_id", "number": theNumber + "\x00", "verified": true}),
		"a number":             document(map[string]any{"kind": "resident_id", "number": 330000, "verified": true}),
		"a list":               document([]any{map[string]any{"kind": "resident_id", "number": theNumber, "verified": true}}),
	} {
		t.Run(name, func(t *testing.T) {
			province := newProvince(t)
			change(province)
			id, err := identityOf(t, province.provider())
			if err != nil {
				t.Fatal(err)
			}
			if id.HasDocument || id.Document != (upstream.Document{}) {
				t.Error("a document was taken")
			}
		})
	}
}

func TestAPhoneThatNobodyVerifiedIsNotTaken(t *testing.T) {
	const phone = "+8613800000000"
	for name, c := range map[string]struct {
		names    map[string]string
		verified any
		want     string
	}{
		"verified":                    {nil, true, phone},
		"not verified":                {nil, false, ""},
		"silent about it":             {nil, nil, ""},
		"verified in words":           {nil, "true", ""},
		"renamed and verified":        {map[string]string{"phone": "mobile"}, true, phone},
		"renamed and not verified":    {map[string]string{"phone": "mobile"}, false, ""},
		"renamed and silent about it": {map[string]string{"phone": "mobile"}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			province := newProvince(t)
			province.userInfo["phone_number"], province.userInfo["mobile"] = phone, phone
			if c.verified != nil {
				province.userInfo["phone_number_verified"] = c.verified
			}
			id, err := identityOf(t, province.provider(func(config *upstream.Config) { config.ClaimNames = c.names }))
			if err != nil || id.Phone != c.want {
				t.Errorf("taken: %t, %v", id.Phone != "", err)
			}
		})
	}
}

func TestUserInfoThatMustNotBeReliedOnIsRefused(t *testing.T) {
	for name, change := range map[string]func(*province){
		"somebody else's":   func(p *province) { p.userInfo["sub"] = "somebody-else" },
		"nobody's":          func(p *province) { delete(p.userInfo, "sub") },
		"a number's":        func(p *province) { p.userInfo["sub"] = 7 },
		"ten megabytes":     func(p *province) { p.override[userInfoPath] = flood },
		"a page":            func(p *province) { p.override[userInfoPath] = page },
		"not allowed":       func(p *province) { p.override[userInfoPath] = http.NotFound },
		"null":              func(p *province) { p.userInfo = nil },
		"JSON under a flag": func(p *province) { p.override[userInfoPath] = unlabelled },
	} {
		t.Run(name, func(t *testing.T) {
			province := newProvince(t)
			change(province)
			id, err := identityOf(t, province.provider())
			if !errors.Is(err, upstream.ErrMisbehaved) {
				t.Fatalf("got %v", err)
			}
			if id != (upstream.Identity{}) {
				t.Error("something was taken from it all the same")
			}
			keepsQuiet(t, err.Error())
		})
	}
}

func unlabelled(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write([]byte(`{"sub":"` + theSubject + `"}`))
}

func TestClaimsAreFoundWhereTheRegistrationSaysTheyAre(t *testing.T) {
	for name, c := range map[string]struct {
		names  map[string]string
		claims map[string]any
		has    bool
	}{
		"in an object": {
			map[string]string{"name": "identity.name.full", "document_kind": "=resident_id", "document_number": "identity.doc_no", "document_verified": "=true"},
			map[string]any{"identity": map[string]any{"doc_no": theNumber, "name": map[string]any{"full": theName}}}, true,
		},
		"under a URL": {
			map[string]string{"name": "cn", "document_kind": "https://id.example/kind", "document_number": "https://id.example/no", "document_verified": "=true"},
			map[string]any{"cn": theName, "https://id.example/kind": "resident_id", "https://id.example/no": theNumber}, true,
		},
		"verified, as it says": {
			map[string]string{"name": "cn", "document_kind": "=resident_id", "document_number": "no", "document_verified": "checked"},
			map[string]any{"cn": theName, "no": theNumber, "checked": true}, true,
		},
		"not verified, as it says": {
			map[string]string{"name": "cn", "document_kind": "=resident_id", "document_number": "no", "document_verified": "checked"},
			map[string]any{"cn": theName, "no": theNumber, "checked": false}, false,
		},
		"silent about what it should say": {
			map[string]string{"name": "cn", "document_kind": "=resident_id", "document_number": "no", "document_verified": "checked"},
			map[string]any{"cn": theName, "no": theNumber}, false,
		},
		"nothing is said of verification": {
			map[string]string{"name": "cn", "document_kind": "=resident_id", "document_number": "no"},
			map[string]any{"cn": theName, "no": theNumber}, false,
		},
		"never verified": {
			map[string]string{"name": "cn", "document_kind": "=resident_id", "document_number": "no", "document_verified": "=false"},
			map[string]any{"cn": theName, "no": theNumber}, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			province := newProvince(t)
			province.userInfo = c.claims
			province.userInfo["sub"] = theSubject
			id, err := identityOf(t, province.provider(func(config *upstream.Config) { config.ClaimNames = c.names }))
			if err != nil {
				t.Fatal(err)
			}
			if id.Name != theName || id.HasDocument != c.has {
				t.Errorf("name %q, document %t", id.Name, id.HasDocument)
			}
			if c.has && id.Document != (upstream.Document{Kind: "resident_id", Number: theNumber}) {
				t.Error("another document was taken")
			}
		})
	}
}
