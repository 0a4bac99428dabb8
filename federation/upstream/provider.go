package upstream

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// Ways of client authentication at the token endpoint (OpenID Connect Core §9).
const (
	authBasic = "client_secret_basic"
	authPost  = "client_secret_post"
	authNone  = "none"
	authKey   = "private_key_jwt"
)

// defaultTimeout bounds one request, its body included.
const defaultTimeout = 5 * time.Second

// Config is a registration at another issuer.
type Config struct {
	Issuer       string // exactly as its metadata spell it; https, or http in a demonstration
	ClientID     string
	ClientSecret string
	// AuthMethod is client_secret_basic (the default), client_secret_post, private_key_jwt or none.
	AuthMethod string
	// Sign signs a payload as this issuer, for private_key_jwt. A client whose identifier is an entity's signs its requests too.
	Sign func(typ string, payload []byte) (string, error)
	// Metadata is the other issuer's, as JSON, where it is known by a trust chain; nil: it is discovered.
	Metadata []byte
	// Resolve finds that out instead, whenever the metadata are asked for anew; nil: they do not change, or are discovered. What the
	// issuer's discovery says counts for nothing then.
	Resolve     func(ctx context.Context) ([]byte, error)
	RedirectURI string
	Scopes      []string // default openid; openid is always among them
	// ClaimNames says where the other issuer puts "name", "document_kind", "document_number", "document_verified",
	// "region" and "phone", if not where ours do. A dot goes into an object, "=passport" is a constant. A document
	// counts only if the issuer says that it verified it, or is registered with "document_verified" as "=true"; a phone
	// only with the claim "phone_number_verified".
	ClaimNames map[string]string
	// ACR gives the rung, 1 to 4, of each of the other issuer's acr values. Others count as rung 1.
	ACR map[string]int

	Transport http.RoundTripper // default: one with time-outs of its own
	Timeout   time.Duration     // of one request; default 5 seconds
	Clock     func() time.Time  // default time.Now
	Random    io.Reader         // default crypto/rand
	Logger    *slog.Logger      // default discards
}

// String gives nothing away.
func (c Config) String() string { return "registration at " + c.Issuer }

// GoString gives nothing away.
func (c Config) GoString() string { return c.String() }

// Provider is another issuer. It is safe for concurrent use.
type Provider struct {
	config    Config
	client    *http.Client
	circuit   circuit
	discovery cached[*metadata]
	keys      keySet
	reach     reach
}

// String gives nothing away.
func (p *Provider) String() string { return p.config.Issuer }

// GoString gives nothing away.
func (p *Provider) GoString() string { return p.String() }

// New prepares a provider. It contacts nobody. The error says what is wrong with the configuration.
func New(c Config) (*Provider, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	p := &Provider{config: c, client: newClient(c)}
	p.discovery.fetch, p.keys.fetch = p.fetchMetadata, p.fetchKeys
	p.discovery.clock, p.keys.clock = c.Clock, c.Clock
	p.discovery.stale, p.keys.stale = p.logStale("metadata"), p.logStale("keys")
	return p, nil
}

func (c Config) check() error {
	u, err := url.Parse(c.Issuer)
	switch {
	case err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http"),
		u.RawQuery != "", u.ForceQuery, u.Fragment != "": // OpenID Connect Discovery §3
		return errors.New("upstream: the issuer is not a URL of https")
	case c.ClientID == "":
		return errors.New("upstream: a client ID is needed")
	case c.RedirectURI == "":
		return errors.New("upstream: a redirect URI is needed")
	}
	switch c.AuthMethod {
	case "", authBasic, authPost:
		if c.ClientSecret == "" {
			return errors.New("upstream: a client secret is needed")
		}
	case authNone:
	case authKey:
		if c.Sign == nil {
			return errors.New("upstream: a key is needed")
		}
	default:
		return errors.New("upstream: unknown way of client authentication")
	}
	for _, rung := range c.ACR {
		if rung < minRung || rung > maxRung {
			return errors.New("upstream: a rung is not between 1 and 4")
		}
	}
	return nil
}

func (c Config) withDefaults() Config {
	if c.AuthMethod == "" {
		c.AuthMethod = authBasic
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.Transport == nil {
		c.Transport = newTransport(c.Timeout)
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// unique is an identifier of a JWT.
func (c Config) unique() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(c.Random, b[:]); err != nil {
		return "", fmt.Errorf("upstream: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// logStale tells the log that an old document goes on being used.
func (p *Provider) logStale(what string) func(error) {
	return func(err error) {
		p.config.Logger.WarnContext(context.Background(), "issuer's "+what+" are stale", "issuer", p.config.Issuer, "cause", err)
	}
}
