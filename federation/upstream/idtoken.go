package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/client/rp"
	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// algorithms that an ID token may be signed with: never none, never one whose key is the client secret.
var algorithms = []jose.SignatureAlgorithm{
	jose.ES256, jose.ES384, jose.ES512, jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.EdDSA,
}

// Bounds of what is taken from an ID token.
const (
	maxIDToken = 64 << 10         // bytes
	maxSubject = 255              // bytes, OpenID Connect Core §2
	maxAMR     = 16               // values
	clockSkew  = 30 * time.Second // between the issuer's clock and ours, either way
	maxIATAge  = 10 * time.Minute // the token was made for the code just redeemed
	minRung    = 1
	maxRung    = 4
)

// idToken is an ID token whose signature was verified.
type idToken struct {
	oidc.TokenClaims
	AccessTokenHash string `json:"at_hash"`
	all             map[string]any
}

// verify checks the ID token (OpenID Connect Core §3.1.3.7) and takes from it what the caller needs.
func (p *Provider) verify(ctx context.Context, m *metadata, t tokens, r AuthRequest) (Authentication, error) {
	claims, err := p.open(ctx, m, t.IDToken)
	if err != nil {
		return Authentication{}, err
	}
	if err := p.checkParties(claims, r); err != nil {
		return Authentication{}, err
	}
	if rp.VerifyAccessToken(t.AccessToken, claims.AccessTokenHash, claims.SignatureAlg) != nil { // §3.1.3.8
		return Authentication{}, misbehaved("the access token is not the ID token's")
	}
	at, err := p.checkTimes(claims, r)
	if err != nil {
		return Authentication{}, err
	}
	return Authentication{
		Issuer: p.config.Issuer, Subject: claims.Subject, AuthTime: at, ACR: p.rung(claims.AuthenticationContextClassReference),
		AMR: bounded(claims.AuthenticationMethodsReferences), IDToken: t.IDToken, accessToken: t.AccessToken, claims: claims.all,
	}, nil
}

// open verifies the signature and only then reads the claims.
func (p *Provider) open(ctx context.Context, m *metadata, token string) (*idToken, error) {
	if len(token) > maxIDToken {
		return nil, misbehaved("the ID token is too large")
	}
	accepted := p.accepted(m)
	if len(accepted) == 0 {
		return nil, misbehaved("the issuer offers no algorithm that is accepted")
	}
	jws, err := jose.ParseSignedCompact(token, accepted)
	if err != nil {
		return nil, misbehaved("the ID token is malformed or signed with an algorithm that is not accepted")
	}
	payload, err := p.keys.VerifySignature(ctx, jws)
	if errors.Is(err, errNoKey) {
		return nil, misbehaved("the ID token: %w", err)
	} else if err != nil {
		return nil, err
	}
	var claims idToken
	if json.Unmarshal(payload, &claims) != nil || json.Unmarshal(payload, &claims.all) != nil {
		return nil, misbehaved("the claims of the ID token are malformed")
	}
	claims.SignatureAlg = jose.SignatureAlgorithm(jws.Signatures[0].Header.Algorithm)
	return &claims, nil
}

// accepted are the algorithms that both sides accept.
func (p *Provider) accepted(m *metadata) []jose.SignatureAlgorithm {
	if len(m.Algorithms) == 0 {
		return algorithms
	}
	return slices.DeleteFunc(slices.Clone(algorithms), func(a jose.SignatureAlgorithm) bool {
		return !slices.Contains(m.Algorithms, string(a))
	})
}

// checkParties checks who speaks, about whom, to whom, and in answer to what.
func (p *Provider) checkParties(c *idToken, r AuthRequest) error {
	switch {
	case oidc.CheckIssuerWithISSVerifier(c, p.config.Issuer, nil) != nil: // §3.1.3.7, 2
		return misbehaved("the ID token is another issuer's")
	case oidc.CheckAudience(c, p.config.ClientID) != nil: // 3
		return misbehaved("the ID token is for another client")
	case oidc.CheckAuthorizedParty(c, p.config.ClientID) != nil: // 3 and 4
		return misbehaved("the ID token was given to another client")
	case c.Nonce != r.Nonce: // 11
		return misbehaved("the ID token has no nonce or another one")
	case oidc.CheckSubject(c) != nil, len(c.Subject) > maxSubject, strings.ContainsFunc(c.Subject, unicode.IsControl): // §2
		return misbehaved("the subject is missing or malformed")
	}
	return nil
}

// checkTimes returns when the person authenticated.
func (p *Provider) checkTimes(c *idToken, r AuthRequest) (time.Time, error) {
	now := p.config.Clock()
	earliest, latest := now.Add(-clockSkew), now.Add(clockSkew)
	switch iat := c.GetIssuedAt(); {
	case !c.GetExpiration().After(earliest): // §3.1.3.7, 9
		return time.Time{}, misbehaved("the ID token has expired")
	case iat.After(latest):
		return time.Time{}, misbehaved("the ID token was issued in the future")
	case iat.Before(earliest.Add(-maxIATAge)): // 10
		return time.Time{}, misbehaved("the ID token was issued too long ago, or does not say when")
	case c.NotBefore.AsTime().After(latest):
		return time.Time{}, misbehaved("the ID token is not valid yet")
	}
	at := c.GetAuthTime()
	switch {
	case at.After(latest), c.AuthTime < 0:
		return time.Time{}, misbehaved("the authentication lies in the future, or at no time")
	case r.MaxAge != nil && at.Before(earliest.Add(-*r.MaxAge)): // 13; no auth_time is the zero time
		return time.Time{}, misbehaved("the authentication is older than was asked for, or has no time")
	case at.IsZero():
		at = c.GetIssuedAt()
	}
	return at.UTC(), nil
}

// rung is the place of another issuer's acr value on the ladder here.
func (p *Provider) rung(acr string) int { return max(p.config.ACR[acr], minRung) }

var methodForm = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,32}$`)

// bounded keeps what looks like values of RFC 8176, each once.
func bounded(amr []string) []string {
	kept := []string{}
	for _, method := range amr {
		if len(kept) < maxAMR && methodForm.MatchString(method) && !slices.Contains(kept, method) {
			kept = append(kept, method)
		}
	}
	return kept
}
