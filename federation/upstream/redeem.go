package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// algorithms that an ID token may be signed with: never none, never one whose key is the client secret.
var algorithms = []string{"ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"}

// Bounds of what is taken from an ID token.
const (
	maxIDToken = 64 << 10 // bytes
	maxSubject = 255      // bytes, OpenID Connect Core §2
	maxAMR     = 16
	clockSkew  = 30 * time.Second
	maxIATAge  = time.Hour
)

// Authentication is a sign-in at the other issuer that was verified.
type Authentication struct {
	Issuer, Subject string
	AuthTime        time.Time
	ACR             int // the rung here
	AMR             []string
	IDToken         string

	accessToken string
	claims      map[string]any
}

// String gives nothing away.
func (a Authentication) String() string { return "authentication at " + a.Issuer }

// GoString gives nothing away.
func (a Authentication) GoString() string { return a.String() }

// Redeem exchanges the code that the browser brought for tokens and verifies them. r is the request that the caller
// kept; its state was compared by finding it.
func (p *Provider) Redeem(ctx context.Context, c Callback, r AuthRequest) (Authentication, error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return Authentication{}, err
	}
	// RFC 9207 §2.4: an answer of another issuer is a mix-up, an issuer that promises iss must send it.
	if c.Issuer != "" && c.Issuer != p.config.Issuer || c.Issuer == "" && m.SendsIssuer {
		return Authentication{}, misbehaved("the answer does not come from this issuer")
	}
	if c.State != r.State {
		return Authentication{}, misbehaved("state differs")
	}
	if c.Error != "" {
		return Authentication{}, &RefusedError{Code: c.Error}
	}
	tokens, err := p.exchange(ctx, m, c.Code, r.Verifier)
	if err != nil {
		return Authentication{}, err
	}
	return p.verify(ctx, m, tokens, r)
}

// tokens is the answer of the token endpoint (OpenID Connect Core §3.1.3.3).
type tokens struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	IDToken     string `json:"id_token"`
	Error       string `json:"error"`
}

func (p *Provider) exchange(ctx context.Context, m *metadata, code, verifier string) (tokens, error) {
	status, body, err := p.postForm(ctx, m.Token, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {p.config.RedirectURI}, "code_verifier": {verifier},
	})
	var t tokens
	switch {
	case err != nil:
		return t, err
	case status >= http.StatusInternalServerError:
		return t, ErrUnreachable
	case json.Unmarshal(body, &t) != nil:
		return t, misbehaved("the token endpoint answers no JSON")
	case status != http.StatusOK && errorForm.MatchString(t.Error):
		return t, misbehaved("the token endpoint answers %s", t.Error)
	case status != http.StatusOK || t.IDToken == "" || t.AccessToken == "" || len(t.IDToken) > maxIDToken:
		return t, misbehaved("the token endpoint answers without tokens")
	}
	return t, nil
}

// verify checks the ID token (OpenID Connect Core §3.1.3.7).
func (p *Provider) verify(ctx context.Context, m *metadata, t tokens, r AuthRequest) (Authentication, error) {
	accepted := algorithms
	if len(m.Algorithms) > 0 {
		accepted = slices.DeleteFunc(slices.Clone(algorithms), func(a string) bool { return !slices.Contains(m.Algorithms, a) })
	}
	verifier := rp.NewIDTokenVerifier(p.config.Issuer, p.config.ClientID, p.keys,
		rp.WithIssuedAtOffset(clockSkew), rp.WithIssuedAtMaxAge(maxIATAge), rp.WithSupportedSigningAlgorithms(accepted...),
		rp.WithNonce(func(context.Context) string { return r.Nonce }))
	claims, err := rp.VerifyTokens[*oidc.IDTokenClaims](ctx, t.AccessToken, t.IDToken, verifier)
	if errors.Is(err, ErrUnreachable) || errors.Is(err, ErrSlow) {
		return Authentication{}, err
	} else if err != nil {
		return Authentication{}, misbehaved("the ID token does not hold: %w", err)
	}
	now := p.config.Clock()
	switch {
	case len(claims.Subject) > maxSubject:
		return Authentication{}, misbehaved("the subject is too long")
	case len(claims.Audience) > 1 && claims.AuthorizedParty == "": // §3.1.3.7, 4
		return Authentication{}, misbehaved("several audiences and no azp")
	case claims.AuthorizedParty != "" && claims.AuthorizedParty != p.config.ClientID:
		return Authentication{}, misbehaved("azp is another client")
	}
	at := claims.AuthTime.AsTime()
	if r.MaxAge != nil { // §3.1.3.7, 13
		if claims.AuthTime == 0 || now.After(at.Add(*r.MaxAge+clockSkew)) {
			return Authentication{}, misbehaved("the authentication is older than was asked for")
		}
	}
	if claims.AuthTime == 0 {
		at = claims.IssuedAt.AsTime()
	}
	if at.After(now.Add(clockSkew)) {
		return Authentication{}, misbehaved("the authentication lies in the future")
	}
	return Authentication{
		Issuer: p.config.Issuer, Subject: claims.Subject, AuthTime: at.UTC(), ACR: p.rung(claims.AuthenticationContextClassReference),
		AMR: boundedAMR(claims.AuthenticationMethodsReferences), IDToken: t.IDToken, accessToken: t.AccessToken, claims: claims.Claims,
	}, nil
}

// rung is the place of another issuer's acr value on the ladder here.
func (p *Provider) rung(acr string) int {
	return min(max(p.config.ACR[acr], 1), 4)
}

func boundedAMR(amr []string) []string {
	out := []string{}
	for _, method := range amr[:min(len(amr), maxAMR)] {
		if len(method) <= 32 {
			out = append(out, method)
		}
	}
	return out
}
