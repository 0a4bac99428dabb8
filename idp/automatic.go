package idp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	exactjson "github.com/go-jose/go-jose/v4/json"

	"manyou/federation/trust"
	"manyou/idp/keys"
	"manyou/storage"
)

// Bounds of an application that was registered automatically.
const (
	maxAutomaticURIs = 20
	maxAutomaticURI  = 512 // bytes
	maxAutomaticName = 50  // characters; longer ones are cut
)

// The ways in which an application registers (OpenID Federation 1.0 §12).
const (
	registersAutomatically = "automatic"
	registersExplicitly    = "explicit"
)

// automaticGrants are the grants that such an application may have.
var automaticGrants = []string{grantCode, grantRefresh, grantExchange, grantBearer, grantClient}

// entityIdentifier reports whether a client identifier is an entity's: then the federation may know it though no row does.
func entityIdentifier(clientID string) bool {
	return strings.HasPrefix(clientID, "https://") || strings.HasPrefix(clientID, "http://")
}

// automatic finds an application that the federation knows (automatic registration, OpenID Federation 1.0 §12.1). What it is
// follows from its chain each time; nothing is stored.
func (a *applications) automatic(ctx context.Context, clientID string) (*application, error) {
	resolved, err := a.trust.Resolve(ctx, clientID)
	if errors.Is(err, trust.ErrUntrusted) {
		return nil, fmt.Errorf("%w: %w", errNoApplication, err)
	} else if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnresolved, err)
	}
	if app, ok := resolved.Made().(*application); ok {
		return app, nil
	}
	app, err := fromMetadata(clientID, resolved.Metadata[trust.OpenIDRelyingParty], registersAutomatically)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoApplication, err)
	}
	app.resolved = resolved
	app.asIssuer(resolved)
	a.limit(app)
	resolved.Make(app)
	return app, nil
}

// unapprovedScopes are those that an application may have without anybody's approval: what every sign-in tells.
var unapprovedScopes = []string{scopeOpenID, scopeProfile, scopeOffline}

// limit holds an application that declares its scopes itself to those that somebody approved: by the mark that says so, or by name in
// what the anchor states. An issuer is known by the anchor's own word.
func (a *applications) limit(app *application) {
	if app.Application.Issuer || a.approval != "" && app.resolved.Marked(a.approval) {
		return
	}
	named := app.resolved.AnchorNames(trust.OpenIDRelyingParty, "scope")
	app.Scopes = slices.DeleteFunc(app.Scopes, func(s string) bool {
		return !slices.Contains(unapprovedScopes, s) && !slices.Contains(named, s)
	})
}

// relyingParty is the metadata of a client (OpenID Connect Dynamic Client Registration §2, OpenID Federation 1.0 §5.1.2).
type relyingParty struct {
	RegistrationTypes []string        `json:"client_registration_types"`
	RedirectURIs      []string        `json:"redirect_uris"`
	PostLogoutURIs    []string        `json:"post_logout_redirect_uris"`
	ResponseTypes     []string        `json:"response_types"`
	GrantTypes        []string        `json:"grant_types"`
	AuthMethod        string          `json:"token_endpoint_auth_method"`
	Keys              json.RawMessage `json:"jwks"`
	Name              string          `json:"client_name"`
	NameZH            string          `json:"client_name#zh"`
	NameEN            string          `json:"client_name#en"`
	Scope             *string         `json:"scope"`
	SubjectType       string          `json:"subject_type"`
	IDTokenAlg        string          `json:"id_token_signed_response_alg"`
	BackchannelLogout string          `json:"backchannel_logout_uri"`
}

// fromMetadata makes an application of what its superiors let it say. It authenticates with its keys and in no other way.
func fromMetadata(clientID string, metadata map[string]any, registers string) (*application, error) {
	raw, err := json.Marshal(metadata)
	if err != nil || metadata == nil {
		return nil, errors.New("the entity is no relying party")
	}
	m := relyingParty{
		ResponseTypes: []string{"code"}, GrantTypes: []string{grantCode}, AuthMethod: methodPrivateKey, IDTokenAlg: keys.ES256,
	}
	// By exact names, as policies have them: encoding/json would take one for another that differs in case.
	if err := exactjson.Unmarshal(raw, &m); err != nil {
		return nil, errors.New("the metadata cannot be read")
	}
	jwks, err := trust.ParseKeys(m.Keys)
	switch {
	case err != nil:
		return nil, fmt.Errorf("jwks: %w", err)
	case !slices.Contains(m.RegistrationTypes, registers):
		return nil, fmt.Errorf("client_registration_types: not %s", registers)
	case m.AuthMethod != methodPrivateKey:
		return nil, errors.New("token_endpoint_auth_method: not private_key_jwt")
	case !slices.Contains(m.ResponseTypes, "code") || !slices.Contains(m.GrantTypes, grantCode):
		return nil, errors.New("response_types, grant_types: not those of the code")
	case m.SubjectType != "" && m.SubjectType != "pairwise":
		return nil, errors.New("subject_type: not pairwise")
	case m.IDTokenAlg != keys.ES256 && m.IDTokenAlg != keys.RS256:
		return nil, errors.New("id_token_signed_response_alg: not ES256 or RS256")
	}
	sector, err := checkRedirects(m.RedirectURIs)
	if err != nil {
		return nil, err
	}
	if _, err := checkRedirects(m.PostLogoutURIs); err != nil && len(m.PostLogoutURIs) > 0 {
		return nil, err
	}
	if m.BackchannelLogout != "" {
		if _, err := checkRedirects([]string{m.BackchannelLogout}); err != nil {
			return nil, fmt.Errorf("backchannel_logout_uri: %w", err)
		}
	}
	scopes := []string{scopeOpenID, scopeProfile}
	if m.Scope != nil {
		scopes = slices.DeleteFunc(strings.Fields(*m.Scope), func(s string) bool {
			return !slices.Contains(personScopes, s) && !slices.Contains(ownScopes, s)
		})
	}
	return &application{keys: jwks, Application: storage.Application{
		ClientID: clientID, Status: storage.ApplicationPublished, Name: m.names(clientID), AuthMethod: methodPrivateKey, JWKS: m.Keys,
		RedirectURIs: m.RedirectURIs, PostLogoutRedirectURIs: m.PostLogoutURIs, BackchannelLogoutURI: m.BackchannelLogout,
		GrantTypes: slices.DeleteFunc(m.GrantTypes, func(g string) bool { return !slices.Contains(automaticGrants, g) }),
		Scopes:     scopes, SectorIdentifier: sector, IDTokenAlg: m.IDTokenAlg,
	}}, nil
}

// names are what citizens read, by language: never nothing.
func (m *relyingParty) names(clientID string) map[string]string {
	names := map[string]string{}
	for lang, name := range map[string]string{"zh": m.NameZH, "en": m.NameEN} {
		name = cmp.Or(printable(name), printable(m.Name), clientID)
		if utf8.RuneCountInString(name) > maxAutomaticName {
			name = string([]rune(name)[:maxAutomaticName])
		}
		names[lang] = name
	}
	return names
}

// printable leaves out what is not seen, such as what turns the direction of the text around it.
func printable(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s))
}

// checkRedirects holds redirect URIs to https (http on this machine alone) and to one host, which is the sector of the
// application's subjects (OpenID Connect Core §8.1).
func checkRedirects(uris []string) (host string, err error) {
	if len(uris) == 0 || len(uris) > maxAutomaticURIs {
		return "", fmt.Errorf("%d redirect URIs", len(uris))
	}
	for _, uri := range uris {
		u, err := url.Parse(uri)
		if err != nil || len(uri) > maxAutomaticURI || u.Hostname() == "" || u.User != nil || strings.Contains(uri, "#") ||
			u.Scheme != "https" && (u.Scheme != "http" || !onThisMachine(u.Hostname())) {
			return "", errors.New("a redirect URI that is not https, or has a user or a fragment")
		}
		if host != "" && host != u.Host {
			return "", errors.New("redirect URIs of more than one host")
		}
		host = u.Host
	}
	return host, nil
}

func onThisMachine(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
