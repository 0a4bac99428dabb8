package idp

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/op"

	"manyou/federation/upstream"
	"manyou/storage"
)

// Methods of client authentication (OpenID Connect Core §9, RFC 7591 §2).
const (
	methodBasic      = "client_secret_basic"
	methodPost       = "client_secret_post"
	methodPrivateKey = "private_key_jwt"
	methodNone       = "none"
)

// assertionAlgorithms are those a client may sign an assertion with.
var assertionAlgorithms = []jose.SignatureAlgorithm{jose.ES256, jose.ES384, jose.PS256, jose.RS256, jose.EdDSA}

// assertionTypes are what the header's typ may say: an issuer of the federation signs much else with the same keys.
var assertionTypes = []string{"", "JWT", "jwt", upstream.TypeAssertion}

// Bounds of a client assertion.
const (
	maxAssertion     = 8 << 10
	maxAssertionLife = 10 * time.Minute
	clockSkew        = 30 * time.Second
)

const purposeClientSecret = "client_secret"

// HashSecret is what is stored of a client secret: secrets are random and long, so a keyed hash needs no slowness.
func HashSecret(v interface {
	MAC(purpose string, data []byte) []byte
}, secret string) []byte {
	return v.MAC(purposeClientSecret, []byte(secret))
}

// VerifyClient authenticates a client by the one method it is registered for.
func (i *Issuer) VerifyClient(ctx context.Context, r *op.Request[op.ClientCredentials]) (op.Client, error) {
	app, err := i.authenticate(ctx, r.Data, strings.HasPrefix(r.Header.Get("Authorization"), "Basic "))
	if err != nil {
		return nil, err
	}
	return client{app}, nil
}

func (i *Issuer) authenticate(ctx context.Context, cc *op.ClientCredentials, basic bool) (*application, error) {
	if cc.ClientAssertion != "" {
		return i.authenticateByKey(ctx, cc)
	}
	app, err := i.apps.get(ctx, cc.ClientID)
	if errors.Is(err, errNoApplication) {
		return nil, invalidClient(err)
	} else if err != nil {
		return nil, serverError(err)
	}
	used := methodNone
	switch {
	case basic:
		used = methodBasic
	case cc.ClientSecret != "":
		used = methodPost
	}
	// A secret sent in the body instead of the header is the same secret: both are accepted of a client registered
	// for either (RFC 6749 §2.3.1), but never a secret of a client registered for keys, nor none of one with a secret.
	secret := func(m string) bool { return m == methodBasic || m == methodPost }
	if used != app.AuthMethod && (!secret(used) || !secret(app.AuthMethod)) {
		return nil, invalidClient(fmt.Errorf("registered for %s, tried %s", app.AuthMethod, used))
	}
	if secret(used) && subtle.ConstantTimeCompare(HashSecret(i.Vault, cc.ClientSecret), app.SecretHash) != 1 {
		return nil, invalidClient(errors.New("wrong secret"))
	}
	return app, nil
}

// assertionClaims are the claims of a client assertion (RFC 7523 §3).
type assertionClaims struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  audience `json:"aud"`
	Expires   float64  `json:"exp"`
	NotBefore float64  `json:"nbf"`
	IssuedAt  float64  `json:"iat"`
	ID        string   `json:"jti"`
}

// audience is one string or a list of them (RFC 7519 §4.1.3).
type audience []string

// UnmarshalJSON implements json.Unmarshaler.
func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// authenticateByKey checks a client assertion (RFC 7523 §3, OpenID Connect Core §9) and uses it up.
func (i *Issuer) authenticateByKey(ctx context.Context, cc *op.ClientCredentials) (*application, error) {
	if len(cc.ClientAssertion) > maxAssertion {
		return nil, invalidClient(errors.New("assertion is too long"))
	}
	jws, err := jose.ParseSignedCompact(cc.ClientAssertion, assertionAlgorithms)
	if err != nil {
		return nil, invalidClient(errors.New("assertion is not a JWS with an accepted algorithm"))
	}
	if typ, _ := jws.Signatures[0].Protected.ExtraHeaders[jose.HeaderType].(string); !slices.Contains(assertionTypes, typ) {
		return nil, invalidClient(errors.New("assertion is another kind of JWT"))
	}
	var claims assertionClaims
	if err := json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &claims); err != nil {
		return nil, invalidClient(errors.New("assertion carries no claims"))
	}
	if claims.Issuer != claims.Subject || (cc.ClientID != "" && cc.ClientID != claims.Subject) {
		return nil, invalidClient(errors.New("assertion is not the client's own"))
	}
	app, err := i.apps.get(ctx, claims.Subject)
	if errors.Is(err, errNoApplication) {
		return nil, invalidClient(err)
	} else if err != nil {
		return nil, serverError(err)
	}
	if app.AuthMethod != methodPrivateKey {
		return nil, invalidClient(fmt.Errorf("registered for %s, tried %s", app.AuthMethod, methodPrivateKey))
	}
	if !verifiedBy(jws, app.keys) {
		return nil, invalidClient(errors.New("assertion is not signed by a key of the client"))
	}
	now := i.Clock()
	expires := time.Unix(int64(claims.Expires), 0)
	switch {
	case !i.isAudience(claims.Audience):
		err = errors.New("assertion is for another audience")
	case !now.Before(expires.Add(clockSkew)):
		err = errors.New("assertion has expired")
	case expires.After(now.Add(maxAssertionLife + clockSkew)):
		err = errors.New("assertion lives too long")
	case claims.NotBefore != 0 && now.Add(clockSkew).Before(time.Unix(int64(claims.NotBefore), 0)):
		err = errors.New("assertion is not valid yet")
	case claims.ID == "" || len(claims.ID) > 256:
		err = errors.New("assertion has no usable jti")
	default:
		err = i.Store.Use(ctx, "client_assertion", app.ClientID+"\x00"+claims.ID, expires.Add(2*clockSkew))
		if err != nil && !errors.Is(err, storage.ErrUsed) {
			return nil, serverError(err)
		}
	}
	if err != nil {
		return nil, invalidClient(err)
	}
	return app, nil
}

// isAudience reports whether an assertion is for this issuer and nobody else: by its identifier or its token endpoint.
func (i *Issuer) isAudience(aud audience) bool {
	foreign := func(a string) bool { return a != i.Issuer && a != i.Issuer+pathToken }
	return len(aud) > 0 && !slices.ContainsFunc(aud, foreign)
}

func verifiedBy(jws *jose.JSONWebSignature, keys jose.JSONWebKeySet) bool {
	candidates := keys.Keys
	if kid := jws.Signatures[0].Protected.KeyID; kid != "" {
		candidates = keys.Key(kid)
	}
	for _, k := range candidates {
		if !k.IsPublic() {
			continue
		}
		if _, err := jws.Verify(k.Key); err == nil {
			return true
		}
	}
	return false
}
