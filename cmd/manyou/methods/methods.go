// Package methods registers the ways to prove oneself that an issuer offers. A new way is a package below authenticators
// and a line here.
package methods

import (
	"crypto/x509"
	"fmt"
	"io"
	"net/netip"
	"net/url"

	"manyou/authenticators"
	"manyou/authenticators/otp"
	"manyou/authenticators/passkey"
	"manyou/authenticators/recovery"
	"manyou/authenticators/relative"
)

// Config says for whom the methods are.
type Config struct {
	Issuer string            // its URL
	Name   map[string]string // by language; "zh" is what a citizen's own device shows
	// RPID is the domain that passkeys belong to; "" is the issuer's host. Provinces that name the nation's host share
	// its passkeys, if the nation lists their origins (Web Authentication Level 3 §5.11).
	RPID string
	// Roots and AAGUIDs are the attestation policy for the fourth rung; empty: no authenticator reaches it.
	Roots   []*x509.Certificate
	AAGUIDs []string
	Random  io.Reader // safe for concurrent use
}

// New returns the methods in the order in which they are offered.
func New(c Config) (*authenticators.Set, error) {
	issuer, err := url.Parse(c.Issuer)
	if err != nil || issuer.Hostname() == "" {
		return nil, fmt.Errorf("methods: issuer %q is not a URL", c.Issuer)
	}
	name := c.Name["zh"]
	sms, err := otp.NewSMS(c.Random, otp.DefaultPolicy())
	if err != nil {
		return nil, err
	}
	totp, err := otp.NewTOTP(name)
	if err != nil {
		return nil, err
	}
	hotp, err := otp.NewHOTP(name)
	if err != nil {
		return nil, err
	}
	relatives, err := relative.New(c.Random, otp.DefaultPolicy())
	if err != nil {
		return nil, err
	}
	all := []authenticators.Authenticator{sms, totp, hotp, recovery.New(c.Random), relatives}
	// A passkey belongs to a domain: an issuer that is reached by its address alone has none.
	if _, err := netip.ParseAddr(issuer.Hostname()); err != nil {
		passkeys, err := newPasskey(c, issuer)
		if err != nil {
			return nil, err
		}
		all = append([]authenticators.Authenticator{passkeys}, all...)
	}
	return authenticators.NewSet(all...)
}

func newPasskey(c Config, issuer *url.URL) (*passkey.Authenticator, error) {
	keys := passkey.Config{RPID: c.RPID, RPName: c.Name["zh"], Origins: []string{issuer.Scheme + "://" + issuer.Host}}
	if keys.RPID == "" {
		keys.RPID = issuer.Hostname()
	}
	if len(c.Roots) > 0 {
		keys.Attestation = &passkey.Attestation{Roots: c.Roots, AAGUIDs: c.AAGUIDs}
	}
	return passkey.New(keys)
}
