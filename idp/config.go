package idp

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"manyou/authenticators"
	"manyou/authenticators/otp"
	"manyou/federation/correction"
	"manyou/federation/exchange"
	"manyou/federation/register"
	"manyou/idp/entity"
	"manyou/storage"
	"manyou/storage/vault"
)

// Role is what an issuer is in the federation.
type Role string

// The roles.
const (
	National Role = "national"
	Province Role = "province"
)

// NationRegion is the region code of the national issuer.
const NationRegion = "00"

// Config is all that an issuer needs from outside. Required unless a default is given.
type Config struct {
	Issuer string // the issuer identifier: a URL without query or fragment (OpenID Connect Discovery §3)
	Role   Role
	Region string // GB/T 2260 province-level code; "00" for the nation
	Name   map[string]string

	Store    storage.Store
	Vault    *vault.Vault
	Methods  *authenticators.Set
	Messages otp.Gateway
	Register register.Source

	Clock  func() time.Time // default time.Now
	Random io.Reader        // default crypto/rand
	Logger *slog.Logger     // default: discards

	// Transport carries back-channel requests to other issuers. Default http.DefaultTransport, which reads no more than a bounded head.
	Transport http.RoundTripper
	// SessionLifetime is absolute. Default 12 hours.
	SessionLifetime time.Duration
	// PasskeyOrigins are the pages of other issuers that use this issuer's domain for their passkeys (Web Authentication
	// Level 3 §5.11). Default none.
	PasskeyOrigins []string
	// TrustedProxies may say in X-Forwarded-For whom they speak for.
	TrustedProxies []netip.Prefix
	// Federation makes the issuer an entity of OpenID Federation. Default nil: it is none.
	Federation *entity.Federation
	// Exchange says whose tokens may become tokens of whom. Default [exchange.Default].
	Exchange *exchange.Policy
	// Corrections say how disputes about identities are decided, at the nation. Default [correction.DefaultPolicy].
	Corrections *correction.Policy
	// Limits bound attempts at signing in. Default DefaultLimits.
	Limits *Limits
}

// Limits bound attempts at signing in.
type Limits struct {
	// MessagesPerPhone, -PerDevice and -PerAddress bound one-time codes sent in an hour.
	MessagesPerPhone, MessagesPerDevice, MessagesPerAddress int64
	// ProofsPerPerson, -PerDevice and -PerAddress bound wrong proofs (codes, names and documents) in an hour.
	ProofsPerPerson, ProofsPerDevice, ProofsPerAddress int64
}

// DefaultLimits leave room for a family behind one address and a clerk at one counter.
func DefaultLimits() Limits {
	return Limits{
		MessagesPerPhone: 8, MessagesPerDevice: 20, MessagesPerAddress: 300,
		ProofsPerPerson: 15, ProofsPerDevice: 30, ProofsPerAddress: 500,
	}
}

func (c *Config) check(ctx context.Context) error {
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || u.Fragment != "" || u.Path != "" {
		return errors.New("issuer: must be an https origin without path, query or fragment")
	}
	if c.Role != National && c.Role != Province {
		return errors.New(`role: must be "national" or "province"`)
	}
	if c.Store == nil || c.Vault == nil || c.Messages == nil || c.Methods == nil || c.Register == nil {
		return errors.New("issuer: store, vault, methods, message gateway and register are required")
	}
	return c.Store.Ping(ctx)
}
