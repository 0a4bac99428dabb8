package upstream

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// AuthRequest is one sign-in at the other issuer. The caller keeps it and gives it back with the answer.
type AuthRequest struct {
	// State, Nonce and Verifier are the caller's, random and used once. Verifier has the form of RFC 7636 §4.1.
	State, Nonce, Verifier string
	Prompt                 string // "none" if no page may be shown
	LoginHint, DomainHint  string
	MaxAge                 *time.Duration // how old the authentication may be; nil if any age will do
	ACRValues, UILocales   []string
}

// String gives nothing away.
func (r AuthRequest) String() string { return "authorization request" }

// GoString gives nothing away.
func (r AuthRequest) GoString() string { return r.String() }

var verifierForm = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`) // RFC 7636 §4.1

// check refuses a request whose answer could not be told from a forged one.
func (r AuthRequest) check() error {
	if r.State == "" || r.Nonce == "" || !verifierForm.MatchString(r.Verifier) {
		return errors.New("upstream: state, nonce and verifier are needed")
	}
	return nil
}

// AuthorizationURL is where to send the browser. It fails if the issuer's metadata cannot be had.
func (p *Provider) AuthorizationURL(ctx context.Context, r AuthRequest) (string, error) {
	if err := r.check(); err != nil {
		return "", err
	}
	m, err := p.metadata(ctx)
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256([]byte(r.Verifier))
	parameters := map[string]string{
		"response_type": "code", "client_id": p.config.ClientID, "redirect_uri": p.config.RedirectURI,
		"scope": p.scope(), "state": r.State, "nonce": r.Nonce,
		"code_challenge": base64.RawURLEncoding.EncodeToString(digest[:]), "code_challenge_method": "S256", // RFC 7636 §4.3
		"prompt": r.Prompt, "login_hint": r.LoginHint, "domain_hint": r.DomainHint,
		"acr_values": strings.Join(r.ACRValues, " "), "ui_locales": strings.Join(r.UILocales, " "),
	}
	if r.MaxAge != nil {
		parameters["max_age"] = strconv.FormatInt(max(int64(r.MaxAge.Seconds()), 0), 10)
	}
	if p.config.entity() {
		return p.signedURL(m, parameters)
	}
	return withParameters(m.Authorization, parameters)
}

// scope always asks for openid: without it no ID token comes back (OpenID Connect Core §3.1.2.1).
func (p *Provider) scope() string {
	scopes := p.config.Scopes
	if !slices.Contains(scopes, "openid") {
		scopes = append([]string{"openid"}, scopes...)
	}
	return strings.Join(scopes, " ")
}

// EndSessionURL is where a browser goes to end its session at the other issuer, if that issuer offers it (OpenID Connect
// RP-Initiated Logout §2). Empty arguments are left out.
func (p *Provider) EndSessionURL(ctx context.Context, idTokenHint, returnTo, state string) (string, bool) {
	m, err := p.metadata(ctx)
	if err != nil || m.EndSession == "" {
		return "", false
	}
	location, err := withParameters(m.EndSession, map[string]string{
		"id_token_hint": idTokenHint, "client_id": p.config.ClientID, "post_logout_redirect_uri": returnTo, "state": state,
	})
	return location, err == nil
}

// withParameters adds parameters to an endpoint, which may have some of its own (RFC 6749 §3.1).
func withParameters(endpoint string, parameters map[string]string) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", misbehaved("an endpoint is no address")
	}
	q := u.Query()
	for name, value := range parameters {
		q.Del(name)
		if value != "" {
			q.Set(name, value)
		}
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}
