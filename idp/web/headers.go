package web

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// formOrigins are the form-action sources of every page. Chromium holds the whole chain of redirects after a form
// against form-action, not its first target alone: the button on the code page leads, by way of the authorization
// response and perhaps of other issuers, to an application on another origin. Which application and which issuers those
// are is decided on the way, so any https origin is allowed, and the loopback addresses of native applications
// (RFC 8252 §7.3). Pages escape all they show, so there is no form for an attacker to add.
func formOrigins(secure bool) string {
	sources := "'self' http://localhost:* http://127.0.0.1:*"
	if secure {
		sources += " https:"
	}
	return sources
}

// contentSecurityPolicy allows nothing but the issuer's own style sheet, images, and the script of a page that has one; a
// page that waits may also listen to the issuer.
func (w *Web) contentSecurityPolicy(script string, targets []string) string {
	var b strings.Builder
	b.WriteString("default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; ")
	if script != "" {
		b.WriteString("script-src 'self'; ")
	}
	if script == assetWait {
		b.WriteString("connect-src 'self'; ")
	}
	b.WriteString("base-uri 'none'; frame-ancestors 'none'; form-action ")
	b.WriteString(w.origins)
	var added []string
	for _, t := range targets {
		if source, ok := formSource(t); ok && !slices.Contains(added, source) {
			added = append(added, source)
			b.WriteByte(' ')
			b.WriteString(source)
		}
	}
	return b.String()
}

var (
	sourceScheme = regexp.MustCompile(`^[a-z][a-z0-9+.-]{0,99}$`)
	sourceHost   = regexp.MustCompile(`^[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?$`)
)

// formSource turns a redirect URI into a source expression: its origin, or its scheme where the host has no place in the
// grammar (IPv6) or there is none (private-use schemes, RFC 8252 §7.1). Nothing of the URI's own text can end the
// directive.
func formSource(uri string) (string, bool) {
	u, err := url.Parse(uri)
	if err != nil {
		return "", false
	}
	scheme := strings.ToLower(u.Scheme)
	if !sourceScheme.MatchString(scheme) || scheme == "javascript" || scheme == "data" {
		return "", false
	}
	if (scheme == "http" || scheme == "https") && sourceHost.MatchString(u.Host) {
		return scheme + "://" + u.Host, true
	}
	return scheme + ":", true
}

// permissionsPolicy turns off what the pages do not use. Passkeys and copying a code are left to the defaults.
const permissionsPolicy = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), " +
	"microphone=(), midi=(), payment=(), usb=()"

// secureHeaders sets the headers of a page.
//
// Referrer-Policy: a page's address names a conversation, so nobody else gets it. It is not "no-referrer", because then
// browsers send "Origin: null" with a form of our own, and [http.CrossOriginProtection] would refuse those that send no
// Sec-Fetch-Site. A form for an application says which origin it comes from, so that the application can tell.
//
// There is no Cross-Origin-Opener-Policy: it would cut the window of an application that opens its sign-in in a window
// of its own from that window for good, also after the answer has brought it back to the application.
func (w *Web) secureHeaders(h http.Header, p Page, care bool) {
	referrer := "same-origin"
	if _, leaves := p.(*FormPostPage); leaves {
		referrer = "strict-origin"
	}
	script := p.script()
	if script == "" && care {
		script = assetSpeak // on every page of care mode
	}
	h.Set("Content-Security-Policy", w.contentSecurityPolicy(script, p.frame().FormTargets))
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", permissionsPolicy)
	h.Set("Referrer-Policy", referrer)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
}
