package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"manyou/cmd/manyou/demo/application"
	"manyou/federation/signals"
	"manyou/idp"
	"manyou/idp/cases"
	"manyou/idp/membership"
	"manyou/storage"
)

// Redirect URIs of the clients that programs attach with; nobody listens there.
const (
	attachRedirectURI   = "http://127.0.0.1:8765/cb"
	attachPostLogoutURI = "http://127.0.0.1:8765/"
)

// Scopes and grants of the registrations.
var (
	allScopes    = []string{"openid", "profile", "phone", "offline_access"}
	issuerScopes = []string{"openid", "profile", "phone", "document"}
	ownScopes    = []string{signals.ScopeManage, signals.ScopeRead, cases.ScopeFile}
	ownGrants    = []string{"client_credentials"}
	codeGrants   = []string{"authorization_code", "refresh_token"}
	deviceGrants = []string{"urn:ietf:params:oauth:grant-type:device_code"}
	askingGrants = []string{"urn:ietf:params:oauth:grant-type:device_code", "urn:openid:params:grant-type:ciba"}
)

// registrar registers everybody with everybody. It replaces what is there, so that a restart repairs.
type registrar struct {
	state    *state
	urls     map[string]string // of places
	citizens []Citizen
	hash     func(i *Issuer, secret string) []byte
}

// register fills the database of one issuer and returns the clients that programs attach with.
func (r registrar) register(ctx context.Context, i *Issuer) ([]ClientDescription, error) {
	if err := i.Store.PutRegister(ctx, entries(i.Region, r.citizens), storage.ImportProgress{Source: "demo", Done: true}); err != nil {
		return nil, fmt.Errorf("register of %s: %w", i.Region, err)
	}
	neighbours := []string{zhejiang, sichuan}
	if i.Region != nation {
		neighbours = []string{nation}
		if err := r.application(ctx, i); err != nil {
			return nil, fmt.Errorf("application of %s: %w", i.Region, err)
		}
	}
	for _, other := range neighbours {
		if err := r.neighbour(ctx, i, other); err != nil {
			return nil, fmt.Errorf("%s at %s: %w", other, i.Region, err)
		}
	}
	return r.clients(ctx, i)
}

// issuerClientID is the client ID of one issuer at another.
func issuerClientID(region string) string { return "issuer-" + region }

// neighbour makes another issuer an application of this one, and an upstream of it.
func (r registrar) neighbour(ctx context.Context, i *Issuer, other string) error {
	secret, err := r.state.secret(i.Region, issuerClientID(other))
	if err != nil {
		return err
	}
	url := r.urls["issuer/"+other]
	if err := i.Store.PutApplication(ctx, storage.Application{
		ClientID: issuerClientID(other), Status: storage.ApplicationPublished,
		Name: issuerNames[other], Region: other, AuthMethod: "client_secret_basic", SecretHash: r.hash(i, secret),
		RedirectURIs: []string{url + idp.CallbackPath}, PostLogoutRedirectURIs: []string{url + idp.SignedOutPath},
		BackchannelLogoutURI: url + idp.BackchannelLogoutPath,
		GrantTypes:           slices.Concat(codeGrants, ownGrants), Scopes: slices.Concat(issuerScopes, ownScopes), SectorIdentifier: host(url),
		IDTokenAlg: "ES256", Issuer: true,
		CreatedAt: r.state.now(), UpdatedAt: r.state.now(),
	}); err != nil {
		return err
	}
	if secret, err = r.state.secret(other, issuerClientID(i.Region)); err != nil {
		return err
	}
	return i.Store.PutUpstream(ctx, storage.Upstream{
		Issuer: url, Region: other, Name: issuerNames[other],
		ClientID: issuerClientID(i.Region), ClientSecret: secret, AuthMethod: "client_secret_basic",
		Scopes: issuerScopes, ACR: membership.Ladder(), Status: storage.UpstreamActive, CreatedAt: r.state.now(),
	})
}

// applicationClientID is the client ID of the province's application at the province's issuer.
func applicationClientID(region string) string { return "application-" + region }

func (r registrar) application(ctx context.Context, i *Issuer) error {
	id := applicationClientID(i.Region)
	secret, err := r.state.secret(i.Region, id)
	if err != nil {
		return err
	}
	url := r.urls["application/"+i.Region]
	return i.Store.PutApplication(ctx, storage.Application{
		ClientID: id, Status: storage.ApplicationPublished, Name: applicationNames[i.Region], Region: i.Region,
		AuthMethod: "client_secret_basic", SecretHash: r.hash(i, secret),
		RedirectURIs:           []string{url + application.CallbackPath},
		PostLogoutRedirectURIs: []string{url + application.WelcomePath},
		GrantTypes:             slices.Concat(codeGrants, ownGrants), Scopes: slices.Concat([]string{"openid", "profile"}, ownScopes), SectorIdentifier: host(url), IDTokenAlg: "ES256",
		CreatedAt: r.state.now(), UpdatedAt: r.state.now(),
	})
}

// clients registers those that programs attach with.
func (r registrar) clients(ctx context.Context, i *Issuer) ([]ClientDescription, error) {
	list := []ClientDescription{
		{Name: "main", TokenEndpointAuthMethod: "client_secret_basic"},
		{Name: "second", TokenEndpointAuthMethod: "client_secret_basic"},
		{Name: "nopkce", TokenEndpointAuthMethod: "client_secret_basic"},
		{Name: "public", TokenEndpointAuthMethod: "none"},
		{Name: "jwt", TokenEndpointAuthMethod: "private_key_jwt"},
	}
	for n := range list {
		c := &list[n]
		c.Issuer, c.ClientID = i.URL, "attach-"+c.Name
		c.RedirectURIs, c.PostLogoutRedirectURIs = []string{attachRedirectURI}, []string{attachPostLogoutURI}
		app := storage.Application{
			ClientID: c.ClientID, Status: storage.ApplicationPublished,
			Name: map[string]string{"zh": "测试程序 " + c.Name, "en": "Test program " + c.Name}, Region: i.Region,
			AuthMethod: c.TokenEndpointAuthMethod, RedirectURIs: c.RedirectURIs, PostLogoutRedirectURIs: c.PostLogoutRedirectURIs,
			GrantTypes: slices.Concat(codeGrants, deviceGrants), Scopes: allScopes, IDTokenAlg: "ES256", PKCEOptional: c.Name == "nopkce",
			// A sector of its own each, although they share a redirect URI, so that pairwise subjects differ.
			SectorIdentifier: c.Name + ".attach.invalid",
			CreatedAt:        r.state.now(), UpdatedAt: r.state.now(),
		}
		if err := r.credentials(i, c, &app); err != nil {
			return nil, fmt.Errorf("client %s: %w", c.Name, err)
		}
		if err := i.Store.PutApplication(ctx, app); err != nil {
			return nil, fmt.Errorf("client %s: %w", c.Name, err)
		}
	}
	return list, nil
}

// credentials gives a client what its authentication method needs.
func (r registrar) credentials(i *Issuer, c *ClientDescription, app *storage.Application) (err error) {
	if app.AuthMethod != "none" {
		app.GrantTypes = slices.Concat([]string{"client_credentials"}, codeGrants, askingGrants)
	}
	switch app.AuthMethod {
	case "client_secret_basic":
		if c.ClientSecret, err = r.state.secret(i.Region, c.ClientID); err != nil {
			return err
		}
		app.SecretHash = r.hash(i, c.ClientSecret)
	case "private_key_jwt":
		key, err := r.state.jwtKey(i.Region)
		if err != nil {
			return err
		}
		if c.JWK, err = key.MarshalJSON(); err != nil {
			return err
		}
		app.JWKS, err = json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}})
		return err
	}
	return nil
}
