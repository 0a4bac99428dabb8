package application

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"
)

// Membership makes an application known through a federation instead of a registration (OpenID Federation 1.0 §12.1): its client
// ID is its URL, it publishes who it is, and signs what it asks.
type Membership struct {
	Key      jose.JSONWebKey // private
	Superior string          // the entity that vouches for it
}

// configurationPath is where an entity says who it is [OpenID Federation 1.0 §9].
const configurationPath = "/.well-known/openid-federation"

// How long what is signed is good for.
const (
	configurationLife = time.Hour
	messageLife       = time.Minute
)

// configuration publishes the application's entity configuration.
func (a *Application) configuration(w http.ResponseWriter, _ *http.Request) {
	m := a.config.Membership
	now := a.config.Clock()
	keys := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{m.Key.Public()}}
	text, err := a.sign("entity-statement+jwt", map[string]any{
		"iss": a.config.URL, "sub": a.config.URL, "iat": now.Unix(), "exp": now.Add(configurationLife).Unix(),
		"jwks": keys, "authority_hints": []string{m.Superior},
		"metadata": map[string]any{"openid_relying_party": map[string]any{
			"client_registration_types": []string{"automatic"}, "redirect_uris": []string{a.config.URL + CallbackPath},
			"post_logout_redirect_uris": []string{a.config.URL + WelcomePath}, "response_types": []string{"code"},
			"grant_types": []string{"authorization_code"}, "token_endpoint_auth_method": "private_key_jwt", "jwks": keys,
			"client_name": a.config.Name["en"], "client_name#zh": a.config.Name["zh"], "scope": "openid profile",
			"id_token_signed_response_alg": "ES256", "subject_type": "pairwise",
		}},
	})
	if err != nil {
		http.Error(w, "cannot sign", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/entity-statement+jwt")
	fmt.Fprint(w, text)
}

// requestOptions are the parameters of an authorization request, signed (RFC 9101).
func (a *Application) requestOptions(p *provider, in signIn, language string) ([]oauth2.AuthCodeOption, error) {
	jti, err := a.token()
	if err != nil {
		return nil, err
	}
	now := a.config.Clock()
	object, err := a.sign("oauth-authz-req+jwt", map[string]any{
		"iss": a.config.URL, "aud": a.config.Issuer, "iat": now.Unix(), "exp": now.Add(messageLife).Unix(), "jti": jti,
		"client_id": a.config.URL, "redirect_uri": p.oauth2.RedirectURL, "response_type": "code", "scope": "openid profile",
		"state": in.State, "nonce": in.Nonce, "code_challenge": oauth2.S256ChallengeFromVerifier(in.Verifier), "code_challenge_method": "S256",
		"ui_locales": language,
	})
	return []oauth2.AuthCodeOption{oauth2.SetAuthURLParam("request", object)}, err
}

// assertionOptions authenticate the application at the token endpoint (RFC 7523 §2.2).
func (a *Application) assertionOptions() ([]oauth2.AuthCodeOption, error) {
	jti, err := a.token()
	if err != nil {
		return nil, err
	}
	now := a.config.Clock()
	assertion, err := a.sign("JWT", map[string]any{
		"iss": a.config.URL, "sub": a.config.URL, "aud": a.config.Issuer, "iat": now.Unix(), "exp": now.Add(messageLife).Unix(), "jti": jti,
	})
	return []oauth2.AuthCodeOption{
		oauth2.SetAuthURLParam("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
		oauth2.SetAuthURLParam("client_assertion", assertion),
	}, err
}

func (a *Application) sign(typ string, claims map[string]any) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: a.config.Membership.Key},
		(&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return jws.CompactSerialize()
}
