package passkey

import (
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
)

const (
	// defaultTimeout is what Web Authentication Level 3 §15.1 recommends where the person is verified; minTimeout and
	// maxTimeout are generous to people who need longer.
	defaultTimeout = 5 * time.Minute
	minTimeout     = time.Minute
	maxTimeout     = 10 * time.Minute
	// maxRPName bounds the name of the relying party, in characters.
	maxRPName = 64
)

// Config says for whom passkeys are made.
type Config struct {
	// RPID is the domain that passkeys belong to (Web Authentication Level 3 §4): that of the issuer, or a parent of it
	// that is nobody else's. It can never be changed without losing every passkey.
	RPID string
	// RPName is what the person's device calls the issuer: 1 to 64 characters.
	RPName string
	// Origins are the pages that may use a passkey, written as a browser writes them: "https://id.example",
	// "https://id.example:8443", or on the developer's own machine "http://localhost:9033". Those outside of the RPID
	// are related origins; see [RelatedOrigins]. They are compared exactly.
	Origins []string
	// Attestation says which authenticators reach the fourth rung; nil for none, and nobody is asked what they use.
	Attestation *Attestation
	// Timeout bounds a ceremony: 1 to 10 minutes, 5 if zero.
	Timeout time.Duration
}

// Attestation is a policy: which makers' word is taken that a key cannot leave its authenticator. Others may still be
// enrolled, and reach the third rung. Statements in the format "packed" are read (Web Authentication Level 3 §8.2),
// which security keys send; what is synced between devices has none.
type Attestation struct {
	// Roots are the makers' certificates that an attestation must lead to.
	Roots []*x509.Certificate
	// AAGUIDs are the models that are trusted: "cb69481e-8ff7-4039-93ec-0a2729a154a8".
	AAGUIDs []string
}

// Authenticator accepts passkeys. It is safe for concurrent use and asks nobody over the network.
type Authenticator struct {
	config Config
	roots  *x509.CertPool
	models map[string]bool // AAGUIDs as 16 raw bytes
}

// New returns the authenticator of passkeys, or an error that says what is wrong with its configuration.
func New(c Config) (*Authenticator, error) {
	if c.RPID != strings.ToLower(c.RPID) || protocol.ValidateRPID(c.RPID) != nil {
		return nil, fmt.Errorf("passkey: RP ID %q is not a domain in lower case", c.RPID)
	}
	if c.RPName == "" || !utf8.ValidString(c.RPName) || utf8.RuneCountInString(c.RPName) > maxRPName {
		return nil, fmt.Errorf("passkey: the name of the relying party needs 1 to %d characters", maxRPName)
	}
	if len(c.Origins) == 0 {
		return nil, errors.New("passkey: no origin may use a passkey")
	}
	for _, origin := range c.Origins {
		if err := checkOrigin(origin); err != nil {
			return nil, err
		}
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Timeout < minTimeout || c.Timeout > maxTimeout {
		return nil, fmt.Errorf("passkey: timeout %s is not between %s and %s", c.Timeout, minTimeout, maxTimeout)
	}
	c.Origins = slices.Clone(c.Origins)
	a := &Authenticator{config: c}
	if c.Attestation == nil {
		return a, nil
	}
	if len(c.Attestation.Roots) == 0 || len(c.Attestation.AAGUIDs) == 0 {
		return nil, errors.New("passkey: an attestation policy needs roots and AAGUIDs")
	}
	a.roots, a.models = x509.NewCertPool(), make(map[string]bool)
	for _, root := range c.Attestation.Roots {
		if root == nil {
			return nil, errors.New("passkey: a root of the attestation policy is missing")
		}
		a.roots.AddCert(root)
	}
	for _, text := range c.Attestation.AAGUIDs {
		aaguid, err := parseAAGUID(text)
		if err != nil {
			return nil, err
		}
		a.models[string(aaguid)] = true
	}
	return a, nil
}

// checkOrigin demands the serialisation of a tuple origin (HTML §7.1.1), as collected client data holds it: without
// user, path or default port, over TLS or on this machine.
func checkOrigin(origin string) error {
	u, err := url.Parse(origin)
	switch {
	case err != nil || u.Hostname() == "" || origin != u.Scheme+"://"+u.Host || origin != strings.ToLower(origin):
		return fmt.Errorf("passkey: %q is not an origin as a browser writes it", origin)
	case u.Scheme != "https" && (u.Scheme != "http" || !isLocal(u.Hostname())):
		return fmt.Errorf("passkey: origin %q is neither https nor local", origin)
	case strings.HasSuffix(u.Host, ":") || (u.Scheme == "https" && u.Port() == "443") || (u.Scheme == "http" && u.Port() == "80"):
		return fmt.Errorf("passkey: origin %q names the port that a browser leaves out", origin)
	}
	return nil
}

// isLocal reports whether a host is this machine in the eyes of a browser that looks for a secure context.
func isLocal(host string) bool { return host == "localhost" || strings.HasSuffix(host, ".localhost") }

// parseAAGUID reads a model's identifier. Sixteen zeros are no model (Web Authentication Level 3 §6.5.1).
func parseAAGUID(text string) ([]byte, error) {
	b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(b) != aaguidLength || len(text) != 36 || isZero(b) {
		return nil, fmt.Errorf("passkey: %q is not an AAGUID", text)
	}
	return b, nil
}

func isZero(b []byte) bool { return !slices.ContainsFunc(b, func(c byte) bool { return c != 0 }) }
