package trust

import (
	"crypto"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Types of the JWTs of a federation, as their header names them.
const (
	TypeStatement      = "entity-statement+jwt"               // [OpenID Federation 1.0 §3.1]
	TypeResolve        = "resolve-response+jwt"               // [§8.3.2]
	TypeMark           = "trust-mark+jwt"                     // [§7.1]
	TypeDelegation     = "trust-mark-delegation+jwt"          // [§7.2.1]
	TypeMarkStatus     = "trust-mark-status-response+jwt"     // [§8.4.2]
	TypeHistoricalKeys = "jwk-set+jwt"                        // [§8.7.2]
	TypeKeys           = "jwk-set+jwt"                        // [§5.2.1.1]
	TypeRegistration   = "explicit-registration-response+jwt" // [§12.2.3]
)

// Entity types that are spoken of here [OpenID Federation 1.0 §5.1].
const (
	FederationEntity   = "federation_entity"
	OpenIDProvider     = "openid_provider"
	OpenIDRelyingParty = "openid_relying_party"
)

// ConfigurationPath is where an entity publishes its configuration, below its identifier [OpenID Federation 1.0 §9].
const ConfigurationPath = "/.well-known/openid-federation"

// Bounds of a statement.
const (
	MaxStatement  = 64 << 10 // bytes
	maxIdentifier = 1024     // bytes
	maxKeys       = 20
	maxMarks      = 32
	maxAuthority  = 32   // authority_hints
	maxModulus    = 8192 // bits of an RSA key: checking one must not cost much
	// skew is how far clocks may differ; it lets a statement begin early and never end late.
	skew = 30 * time.Second
)

// algorithms are those that statements may be signed with.
var algorithms = []jose.SignatureAlgorithm{jose.ES256, jose.ES384, jose.ES512, jose.PS256, jose.RS256, jose.EdDSA}

// ErrUntrusted is wrapped by every error that says something about an entity: that it is not to be trusted.
var ErrUntrusted = errors.New("not trusted")

// ErrUnreachable is wrapped by every error of asking: nothing is known.
var ErrUnreachable = errors.New("cannot be reached")

// ErrNotFound says that an entity knows nothing of what it was asked about.
var ErrNotFound = fmt.Errorf("%w: it does not exist", ErrUntrusted)

func untrusted(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrUntrusted}, args...)...)
}

// Statement is an entity statement [OpenID Federation 1.0 §3]: of an entity about itself, or of a superior about a subordinate.
type Statement struct {
	Issuer         string             `json:"iss"`
	Subject        string             `json:"sub"`
	IssuedAt       int64              `json:"iat"` // seconds
	Expires        int64              `json:"exp"` // seconds
	Keys           jose.JSONWebKeySet `json:"jwks"`
	AuthorityHints []string           `json:"authority_hints,omitempty"`
	// Metadata is by entity type.
	Metadata       map[string]json.RawMessage `json:"metadata,omitempty"`
	MetadataPolicy json.RawMessage            `json:"metadata_policy,omitempty"`
	PolicyCritical []string                   `json:"metadata_policy_crit,omitempty"`
	Constraints    *Constraints               `json:"constraints,omitempty"`
	Critical       []string                   `json:"crit,omitempty"`
	Marks          []MarkEntry                `json:"trust_marks,omitempty"`
	// MarkIssuers says who may issue marks of a type; of a trust anchor.
	MarkIssuers map[string][]string `json:"trust_mark_issuers,omitempty"`
	// MarkOwners says whose marks of a type are, where their owner lets others issue them; of a trust anchor.
	MarkOwners     map[string]json.RawMessage `json:"trust_mark_owners,omitempty"`
	SourceEndpoint string                     `json:"source_endpoint,omitempty"`

	raw string
	// signed is the key that was found to have signed it. Statements near the anchor stand in many chains.
	signed atomic.Pointer[jose.JSONWebKey]
}

// MarkEntry is a trust mark as an entity shows it.
type MarkEntry struct {
	Type string `json:"trust_mark_type"`
	Mark string `json:"trust_mark"`
}

// String is the statement as it was signed.
func (s *Statement) String() string { return s.raw }

// ExpiresAt is when the statement ends.
func (s *Statement) ExpiresAt() time.Time { return time.Unix(s.Expires, 0) }

// about reports whether the statement is an entity's about itself.
func (s *Statement) ownConfiguration() bool { return s.Issuer == s.Subject }

// Parse reads a statement without trusting it: bounds, type and form are checked, the signature is not.
func Parse(raw string) (*Statement, error) {
	_, payload, err := open(raw, TypeStatement)
	if err != nil {
		return nil, err
	}
	s := &Statement{raw: raw}
	if json.Unmarshal(payload, s) != nil {
		return nil, untrusted("a statement whose claims cannot be read")
	}
	return s, s.form()
}

// open reads a JWT of a type, unverified. Its header names a key [OpenID Federation 1.0 §3.1].
func open(raw, typ string) (*jose.JSONWebSignature, []byte, error) {
	if len(raw) > MaxStatement {
		return nil, nil, untrusted("a statement of more than %d bytes", MaxStatement)
	}
	jws, err := jose.ParseSignedCompact(raw, algorithms)
	if err != nil {
		return nil, nil, untrusted("not a JWS with an accepted algorithm")
	}
	header := jws.Signatures[0].Protected
	if got, _ := header.ExtraHeaders[jose.HeaderType].(string); got != typ || header.KeyID == "" {
		return nil, nil, untrusted("a JWT that is not %s, or names no key", typ)
	}
	return jws, jws.UnsafePayloadWithoutVerification(), nil
}

// form checks what every statement needs [OpenID Federation 1.0 §3.1, §3.2].
func (s *Statement) form() error {
	switch {
	case !identifierFits(s.Issuer) || !identifierFits(s.Subject):
		return untrusted("a statement without iss or sub")
	case s.Expires <= s.IssuedAt:
		return untrusted("a statement that ends before it begins")
	case len(s.Keys.Keys) == 0 || len(s.Keys.Keys) > maxKeys:
		return untrusted("a statement with %d keys", len(s.Keys.Keys))
	case slices.ContainsFunc(s.Keys.Keys, unusable):
		return untrusted("a statement with a key that is private, broken or nameless")
	case len(s.Critical) > 0:
		return untrusted("critical claims that are not understood: %.80q", s.Critical)
	case len(s.Marks) > maxMarks:
		return untrusted("more than %d trust marks", maxMarks)
	case s.ownConfiguration() && (s.MetadataPolicy != nil || s.Constraints != nil || s.SourceEndpoint != ""):
		return untrusted("an entity that makes rules for itself")
	case !s.ownConfiguration() && (s.AuthorityHints != nil || s.Marks != nil || s.MarkIssuers != nil || s.MarkOwners != nil):
		return untrusted("a statement about another with claims of its own configuration")
	case s.AuthorityHints != nil && len(s.AuthorityHints) == 0:
		return untrusted("empty authority_hints")
	case len(s.AuthorityHints) > maxAuthority:
		return untrusted("more than %d authority_hints", maxAuthority)
	}
	return nil
}

// unusable reports whether a key is private, broken, nameless, or costs too much to check with.
func unusable(k jose.JSONWebKey) bool {
	if rsa, ok := k.Key.(*rsa.PublicKey); ok && (rsa.N == nil || rsa.N.BitLen() > maxModulus) {
		return true
	}
	return !k.IsPublic() || !k.Valid() || k.KeyID == ""
}

func identifierFits(id string) bool { return id != "" && len(id) <= maxIdentifier }

// verify checks a statement's signature against keys, and its time.
func (s *Statement) verify(keys jose.JSONWebKeySet, now time.Time) error {
	if known := s.signed.Load(); known != nil && slices.ContainsFunc(keys.Key(known.KeyID), func(k jose.JSONWebKey) bool { return sameKey(k, *known) }) {
		return s.current(now)
	}
	jws, _, err := open(s.raw, TypeStatement)
	if err != nil {
		return err
	}
	key, err := signedBy(jws, keys)
	if err != nil {
		return fmt.Errorf("%s about %s: %w", s.Issuer, s.Subject, err)
	}
	s.signed.Store(&key)
	return s.current(now)
}

// sameKey reports whether two public keys are the same and good for the same.
func sameKey(a, b jose.JSONWebKey) bool {
	one, ok := a.Key.(interface{ Equal(crypto.PublicKey) bool })
	return ok && one.Equal(b.Key) && a.Algorithm == b.Algorithm && a.Use == b.Use
}

// current checks the time alone.
func (s *Statement) current(now time.Time) error {
	switch {
	case !now.Before(time.Unix(s.Expires, 0)):
		return untrusted("%s about %s: it has expired", s.Issuer, s.Subject)
	case now.Add(skew).Before(time.Unix(s.IssuedAt, 0)):
		return untrusted("%s about %s: it is not valid yet", s.Issuer, s.Subject)
	}
	return nil
}

// signedBy checks a signature against the keys of the name that the header gives, and returns the one that holds.
func signedBy(jws *jose.JSONWebSignature, keys jose.JSONWebKeySet) (jose.JSONWebKey, error) {
	header := jws.Signatures[0].Protected
	for _, k := range keys.Key(header.KeyID) {
		if k.Algorithm != "" && k.Algorithm != header.Algorithm || k.Use != "" && k.Use != "sig" {
			continue
		}
		if _, err := jws.Verify(k.Key); err == nil {
			return k, nil
		}
	}
	return jose.JSONWebKey{}, untrusted("not signed by a known key")
}

// CheckIdentifier reports what is wrong with an entity identifier [OpenID Federation 1.0 §1.2]: an https URL with a host and
// without user, query and fragment. http is for this machine, where loopback allows it.
func CheckIdentifier(id string, loopback bool) error {
	if !identifierFits(id) {
		return untrusted("an entity identifier of %d bytes", len(id))
	}
	u, err := checkURL(id, loopback)
	if err != nil {
		return err
	}
	if u.RawQuery != "" || u.ForceQuery {
		return untrusted("an entity identifier with a query")
	}
	return nil
}

func checkURL(raw string, loopback bool) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || len(raw) > 2*maxIdentifier || strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, untrusted("an address that cannot be read")
	case u.Scheme != "https" && (!loopback || u.Scheme != "http"):
		return nil, untrusted("an address that is not https")
	case u.Hostname() == "" || u.User != nil || u.Fragment != "" || strings.Contains(raw, "#"):
		return nil, untrusted("an address without host, or with user or fragment")
	case !plainHost(u.Hostname()):
		return nil, untrusted("an address whose host is written in another way than names are compared")
	}
	return u, nil
}

// plainHost reports whether a host is an address, or a name of letters, digits, hyphens and single dots within. A resolver of names
// takes other spellings for the same name, a dot at the end or letters of another width, and rules about names would not.
func plainHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return !strings.Contains(host, "%")
	}
	return !slices.ContainsFunc(strings.Split(host, "."), func(label string) bool {
		return label == "" || strings.ContainsFunc(label, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
		})
	})
}

// configurationURL is where an entity's configuration is [OpenID Federation 1.0 §9].
func configurationURL(id string) string { return strings.TrimSuffix(id, "/") + ConfigurationPath }
