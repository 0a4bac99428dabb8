package registration

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"

	"manyou/storage"
)

// Bounds of a registration.
const (
	maxName = 50 // characters
	maxURIs = 20
	maxURI  = 512 // bytes
	maxJWKS = 32 << 10
)

// What an application may register for.
var (
	AuthMethods = []string{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"}
	GrantTypes  = []string{
		"urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:grant-type:jwt-bearer",
		"authorization_code", "refresh_token", "client_credentials",
		"urn:ietf:params:oauth:grant-type:device_code", "urn:openid:params:grant-type:ciba",
	}
	Channels   = []string{"app", "mini-program", "kiosk", "counter", "web"}
	Methods    = []string{"passkey", "sms", "totp", "hotp", "recovery", "relative", "qr"}
	Algorithms = []string{"ES256", "RS256"}
)

// NeedsSecret reports whether an application of a token_endpoint_auth_method has a client secret.
func NeedsSecret(method string) bool {
	return method == "client_secret_basic" || method == "client_secret_post"
}

// Check returns everything that keeps an application from being registered, and completes its sector identifier.
func Check(a *storage.Application) error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, lang := range []string{"zh", "en"} {
		if n := utf8.RuneCountInString(a.Name[lang]); n == 0 || n > maxName {
			fail("name in %s: citizens read it; 1 to %d characters", lang, maxName)
		}
	}
	if !slices.Contains(AuthMethods, a.AuthMethod) {
		fail("auth method %q: is none of %s", a.AuthMethod, strings.Join(AuthMethods, ", "))
	}
	for _, g := range a.GrantTypes {
		if !slices.Contains(GrantTypes, g) {
			fail("grant type %q: is none of %s", g, strings.Join(GrantTypes, ", "))
		}
	}
	for _, c := range a.Channels {
		if !slices.Contains(Channels, c) {
			fail("channel %q: is none of %s", c, strings.Join(Channels, ", "))
		}
	}
	for _, m := range a.Methods {
		if !slices.Contains(Methods, m) {
			fail("method %q: is none of %s", m, strings.Join(Methods, ", "))
		}
	}
	public := a.AuthMethod == "none"
	if public && slices.Contains(a.GrantTypes, "urn:openid:params:grant-type:ciba") { // CIBA Core §7.1
		fail("grant type ciba: only for an application that can authenticate")
	}
	if public && slices.Contains(a.GrantTypes, "client_credentials") { // RFC 6749 §4.4
		fail("grant type client_credentials: only for an application that can authenticate")
	}
	if public && a.PKCEOptional {
		fail("a public application always uses PKCE")
	}
	if !slices.Contains(Algorithms, a.IDTokenAlg) {
		fail("ID token algorithm %q: is none of %s", a.IDTokenAlg, strings.Join(Algorithms, ", "))
	}
	signsIn := slices.Contains(a.GrantTypes, "authorization_code")
	switch {
	case signsIn && len(a.RedirectURIs) == 0:
		fail("redirect URI: at least one, for grant authorization_code")
	case len(a.RedirectURIs) > maxURIs || len(a.PostLogoutRedirectURIs) > maxURIs:
		fail("redirect URIs: at most %d", maxURIs)
	}
	for _, uri := range slices.Concat(a.RedirectURIs, a.PostLogoutRedirectURIs) {
		if err := checkRedirectURI(uri, public); err != nil {
			fail("redirect URI %.100q: %w", uri, err)
		}
	}
	if a.BackchannelLogoutURI != "" { // OpenID Connect Back-Channel Logout §2.2
		if err := checkRedirectURI(a.BackchannelLogoutURI, false); err != nil {
			fail("back-channel logout URI %.100q: %w", a.BackchannelLogoutURI, err)
		}
	}
	if signsIn && !slices.Contains(a.Scopes, "openid") {
		fail("scopes: openid is needed to sign citizens in")
	}
	if err := checkJWKS(a); err != nil {
		fail("keys: %w", err)
	}
	if err := setSector(a); err != nil {
		fail("sector: %w", err)
	}
	return errors.Join(errs...)
}

// checkRedirectURI allows https anywhere, http on the own machine, and schemes of its own for a native application
// (RFC 9700 §2.1, RFC 8252 §7).
func checkRedirectURI(uri string, public bool) error {
	u, err := url.Parse(uri)
	switch {
	case err != nil || !u.IsAbs() || len(uri) > maxURI || u.User != nil:
		return fmt.Errorf("not an absolute URI of at most %d bytes", maxURI)
	case strings.Contains(uri, "#"): // RFC 6749 §3.1.2
		return errors.New("must not have a fragment")
	case strings.Contains(uri, "*"):
		return errors.New("is compared as it stands; there are no wildcards")
	case u.Scheme == "https" && u.Host != "", u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	case u.Scheme == "http":
		return errors.New("must be https: codes would cross the network in the clear")
	case public && strings.Contains(u.Scheme, "."): // RFC 8252 §7.1
		return nil
	}
	return errors.New("must be https")
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// checkJWKS demands public keys of an application that authenticates with one.
func checkJWKS(a *storage.Application) error {
	if a.AuthMethod != "private_key_jwt" {
		if len(a.JWKS) > 0 {
			return errors.New("only for private_key_jwt")
		}
		return nil
	}
	if len(a.JWKS) == 0 || len(a.JWKS) > maxJWKS {
		return fmt.Errorf("private_key_jwt needs a JWK set of at most %d bytes", maxJWKS)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(a.JWKS, &set); err != nil || len(set.Keys) == 0 {
		return errors.New("not a JWK set")
	}
	for _, k := range set.Keys {
		if !k.Valid() || !k.IsPublic() {
			return fmt.Errorf("key %.40q is not a public key; private keys stay with the application", k.KeyID)
		}
	}
	return nil
}

// setSector takes the host of the redirect URIs, if it is one (OpenID Connect Core §8.1).
func setSector(a *storage.Application) error {
	if a.SectorIdentifier != "" || len(a.RedirectURIs) == 0 {
		return nil
	}
	for _, uri := range a.RedirectURIs {
		u, err := url.Parse(uri)
		if err != nil {
			continue // reported already
		}
		if a.SectorIdentifier != "" && a.SectorIdentifier != u.Host {
			a.SectorIdentifier = ""
			return errors.New("the redirect URIs have several hosts; say for which host subjects are computed")
		}
		a.SectorIdentifier = u.Host
		if h := u.Hostname(); h == "127.0.0.1" || h == "::1" || h == "localhost" {
			a.SectorIdentifier = "" // every native application is there (RFC 8252 §7.3)
		}
	}
	if a.SectorIdentifier == "" {
		a.SectorIdentifier = a.ClientID // a native application
	}
	return nil
}

// Draw returns n random bytes as text: identifiers and secrets.
func Draw(random io.Reader, n int) (string, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("random: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// steps are the moves of an application's life.
var steps = map[storage.ApplicationStatus][]storage.ApplicationStatus{
	storage.ApplicationDraft:     {storage.ApplicationSubmitted, storage.ApplicationRetired},
	storage.ApplicationSubmitted: {storage.ApplicationApproved, storage.ApplicationRetired},
	storage.ApplicationApproved:  {storage.ApplicationPublished, storage.ApplicationRetired},
	storage.ApplicationPublished: {storage.ApplicationSuspended, storage.ApplicationRetired},
	storage.ApplicationSuspended: {storage.ApplicationPublished, storage.ApplicationRetired},
}

// Step reports whether an application may move from one status to another; the error names those it may move to.
func Step(from, to storage.ApplicationStatus) error {
	if slices.Contains(steps[from], to) {
		return nil
	}
	if len(steps[from]) == 0 {
		return fmt.Errorf("it is %s, and stays so", from)
	}
	next := make([]string, len(steps[from]))
	for i, s := range steps[from] {
		next[i] = string(s)
	}
	return fmt.Errorf("it is %s, and can become %s, not %s", from, strings.Join(next, " or "), to)
}
