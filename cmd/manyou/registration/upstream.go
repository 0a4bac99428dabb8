package registration

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"manyou/federation/identity"
	"manyou/federation/upstream"
	"manyou/storage"
)

// linkClaims are what a link needs of an upstream's ID token.
var linkClaims = []string{"name", "region", "phone", "document_kind", "document_number", "document_verified"}

// topRung is the highest rung of the ladder of assurance.
const topRung = 4

// CheckUpstream returns everything that keeps another issuer from being registered.
func CheckUpstream(u storage.Upstream) error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch p, err := url.Parse(u.Issuer); {
	case err != nil || p.Host == "" || p.User != nil || p.RawQuery != "" || p.Fragment != "":
		fail("issuer %.100q: not a URL", u.Issuer)
	case p.Scheme != "https" && (p.Scheme != "http" || !loopback(p.Hostname())):
		fail("issuer %.100q: must be https", u.Issuer)
	}
	if _, ok := identity.LookupRegion(u.Region); !ok && u.Region != identity.Nation {
		fail("region %.10q: two digits, such as 33; 00 is the nation", u.Region)
	}
	for _, lang := range []string{"zh", "en"} {
		if n := utf8.RuneCountInString(u.Name[lang]); n == 0 || n > maxName {
			fail("name in %s: citizens read it; 1 to %d characters", lang, maxName)
		}
	}
	if u.ClientID == "" {
		fail("client ID: the one that the other issuer gave us")
	}
	byKey := u.AuthMethod == "private_key_jwt"
	if !byKey && !slices.Contains([]string{"client_secret_basic", "client_secret_post"}, u.AuthMethod) {
		fail("auth method %q: is none of client_secret_basic, client_secret_post, private_key_jwt", u.AuthMethod)
	}
	switch {
	case byKey && u.ClientSecret != "":
		fail("client secret: with private_key_jwt there is none")
	case byKey && len(u.Dialect) > 0:
		fail("dialect: it knows no private_key_jwt")
	case !byKey && u.ClientSecret == "":
		fail("client secret: the one that the other issuer gave us")
	}
	if len(u.Dialect) > 0 {
		if _, err := upstream.ParseDialect(u.Dialect); err != nil {
			fail("dialect: %w", err)
		}
	} else if !slices.Contains(u.Scopes, "openid") {
		fail("scopes: openid is needed")
	}
	for name := range u.Claims {
		if !slices.Contains(linkClaims, name) {
			fail("claim %.40q: a link needs only %s", name, strings.Join(linkClaims, ", "))
		}
	}
	for value, rung := range u.ACR {
		if rung < 1 || rung > topRung {
			fail("acr %.60q: rung %d is not between 1 and %d", value, rung, topRung)
		}
	}
	return errors.Join(errs...)
}
