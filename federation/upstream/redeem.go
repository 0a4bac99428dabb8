package upstream

import (
	"context"
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Authentication is a sign-in at the other issuer that was verified.
type Authentication struct {
	Issuer, Subject string
	// AuthTime is when the person authenticated. An issuer that does not say, and was not asked by MaxAge, gives only the
	// time of its ID token.
	AuthTime time.Time
	ACR      int      // the rung here, 1 to 4
	AMR      []string // at most 16 values
	IDToken  string   // the hint for signing out there; at most 64 KiB

	accessToken string
	claims      map[string]any
}

// String gives nothing away.
func (a Authentication) String() string { return "authentication at " + a.Issuer }

// GoString gives nothing away.
func (a Authentication) GoString() string { return a.String() }

// Redeem exchanges the code that the browser brought for tokens and verifies them. r is the request that the caller
// kept. An error that the issuer sent comes back as a *RefusedError, after it is certain that this issuer sent it.
func (p *Provider) Redeem(ctx context.Context, c Callback, r AuthRequest) (Authentication, error) {
	if err := r.check(); err != nil {
		return Authentication{}, err
	}
	m, err := p.metadata(ctx)
	if err != nil {
		return Authentication{}, err
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(c.State), []byte(r.State)) == 0: // RFC 6749 §10.12
		return Authentication{}, misbehaved("the answer has another state")
	case c.From != "": // it came to the address of an issuer that speaks a dialect
		return Authentication{}, misbehaved("the answer is another issuer's")
	case c.Issuer != "" && c.Issuer != p.config.Issuer: // RFC 9207 §2.4: a mix-up
		return Authentication{}, misbehaved("the answer is another issuer's")
	case c.Issuer == "" && m.SendsIssuer: // RFC 9207 §2.4: promised and not kept
		return Authentication{}, misbehaved("the answer does not name its issuer")
	case c.Error != "":
		return Authentication{}, &RefusedError{Code: c.Error}
	case c.Code == "":
		return Authentication{}, misbehaved("the answer has no code")
	}
	t, err := p.exchange(ctx, m, c.Code, r.Verifier)
	if err != nil {
		return Authentication{}, err
	}
	return p.verify(ctx, m, t, r)
}

// tokens is the answer of the token endpoint (OpenID Connect Core §3.1.3.3).
type tokens struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	IDToken     string `json:"id_token"`
	Error       string `json:"error"`
}

func (p *Provider) exchange(ctx context.Context, m *metadata, code, verifier string) (tokens, error) {
	a, err := p.postForm(ctx, m.Token, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {p.config.RedirectURI}, "code_verifier": {verifier},
	})
	if err != nil {
		return tokens{}, err
	}
	var t tokens
	if err := a.decode(&t); err != nil {
		return tokens{}, err
	}
	switch {
	case a.status != http.StatusOK && t.Error != "": // RFC 6749 §5.2
		return tokens{}, misbehaved("the token endpoint answers %s", known(t.Error))
	case a.status != http.StatusOK:
		return tokens{}, misbehaved("the token endpoint answers with status %d", a.status)
	case t.IDToken == "" || t.AccessToken == "":
		return tokens{}, misbehaved("the token endpoint gives no tokens")
	case !strings.EqualFold(t.TokenType, "Bearer"): // OpenID Connect Core §3.1.3.3
		return tokens{}, misbehaved("the access token is no bearer token")
	}
	return t, nil
}
