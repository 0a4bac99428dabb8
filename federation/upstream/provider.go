package upstream

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Config is a registration at another issuer.
type Config struct {
	Issuer       string // exactly as its metadata spell it
	ClientID     string
	ClientSecret string
	// AuthMethod is client_secret_basic (the default), client_secret_post or none.
	AuthMethod  string
	RedirectURI string
	Scopes      []string // default openid
	// ClaimNames says where the other issuer puts "name", "document_kind", "document_number", "region", if not where
	// ours do. A dot goes into an object.
	ClaimNames map[string]string
	// ACR gives the rung, 1 to 4, of each of the other issuer's acr values. Others count as rung 1.
	ACR map[string]int

	Transport http.RoundTripper // default http.DefaultTransport
	Timeout   time.Duration     // of one request; default 5 seconds
	Clock     func() time.Time  // default time.Now
	Logger    *slog.Logger      // default discards
}

// Provider is another issuer. It is safe for concurrent use.
type Provider struct {
	config    Config
	client    *http.Client
	discovery discovery
	keys      *keySet
	circuit   circuit
}

// New prepares a provider. It contacts nobody.
func New(c Config) (*Provider, error) {
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("upstream: the issuer is not a URL of https")
	}
	if c.ClientID == "" || c.RedirectURI == "" {
		return nil, errors.New("upstream: client ID and redirect URI are needed")
	}
	switch c.AuthMethod {
	case "":
		c.AuthMethod = "client_secret_basic"
	case "client_secret_basic", "client_secret_post", "none":
	default:
		return nil, errors.New("upstream: unknown way of client authentication")
	}
	if len(c.Scopes) == 0 {
		c.Scopes = []string{"openid"}
	}
	if c.Transport == nil {
		c.Transport = http.DefaultTransport
	}
	if c.Timeout == 0 {
		c.Timeout = 5 * time.Second
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Provider{config: c, client: newClient(c)}
	p.keys = &keySet{provider: p}
	return p, nil
}

// AuthRequest is one sign-in at the other issuer. The caller keeps it and gives it back with the answer.
type AuthRequest struct {
	State, Nonce, Verifier string
	Prompt                 string // "none" if no page may be shown
	LoginHint, DomainHint  string
	MaxAge                 *time.Duration
	ACRValues, UILocales   []string
}

// AuthorizationURL is where to send the browser. It fails if the issuer's metadata cannot be had.
func (p *Provider) AuthorizationURL(ctx context.Context, r AuthRequest) (string, error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(m.Authorization)
	if err != nil {
		return "", misbehaved("the authorization endpoint is no address")
	}
	digest := sha256.Sum256([]byte(r.Verifier))
	q := u.Query()
	for name, value := range map[string]string{
		"response_type": "code", "client_id": p.config.ClientID, "redirect_uri": p.config.RedirectURI,
		"scope": strings.Join(p.config.Scopes, " "), "state": r.State, "nonce": r.Nonce,
		"code_challenge": base64.RawURLEncoding.EncodeToString(digest[:]), "code_challenge_method": "S256", // RFC 7636
		"prompt": r.Prompt, "login_hint": r.LoginHint, "domain_hint": r.DomainHint,
		"acr_values": strings.Join(r.ACRValues, " "), "ui_locales": strings.Join(r.UILocales, " "),
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if r.MaxAge != nil {
		q.Set("max_age", strconv.Itoa(int(r.MaxAge.Seconds())))
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// EndSessionURL is where a browser goes to end its session at the other issuer, if that issuer offers it (OpenID Connect
// RP-Initiated Logout §2).
func (p *Provider) EndSessionURL(ctx context.Context, idTokenHint, returnTo, state string) (string, bool) {
	m, err := p.metadata(ctx)
	if err != nil || m.EndSession == "" {
		return "", false
	}
	u, err := url.Parse(m.EndSession)
	if err != nil {
		return "", false
	}
	q := u.Query()
	q.Set("id_token_hint", idTokenHint)
	q.Set("client_id", p.config.ClientID)
	q.Set("post_logout_redirect_uri", returnTo)
	q.Set("state", state)
	u.RawQuery = q.Encode()
	return u.String(), true
}
