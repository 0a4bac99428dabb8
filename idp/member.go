package idp

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"manyou/federation/signals"
	"manyou/federation/trust"
	"manyou/federation/upstream"
	"manyou/idp/cases"
	"manyou/idp/keys"
	"manyou/idp/signin"
	"manyou/storage"
)

// What an issuer is in its federation: a provider, and a client of the other issuers, which know it by its chain.

// issuerScopes are what issuers ask of one another.
var issuerScopes = []string{scopeOpenID, scopeProfile, scopePhone, scopeDocument}

// ownScopes are what an application asks for itself: streams, and cases.
var ownScopes = []string{signals.ScopeManage, signals.ScopeRead, cases.ScopeFile}

// entityMetadata is what the issuer says of itself, by entity type.
func (i *Issuer) entityMetadata() map[string]any {
	client := map[string]any{
		"client_registration_types": []string{"automatic"}, "application_type": "web",
		"redirect_uris": []string{i.Issuer + CallbackPath}, "post_logout_redirect_uris": []string{i.Issuer + SignedOutPath},
		"response_types": []string{"code"}, "grant_types": []string{grantCode, grantClient}, "token_endpoint_auth_method": methodPrivateKey,
		"jwks": json.RawMessage(i.keys.JWKS()), "scope": strings.Join(slices.Concat(issuerScopes, ownScopes), " "), "subject_type": "pairwise",
		"id_token_signed_response_alg": keys.ES256, "backchannel_logout_uri": i.Issuer + signin.BackchannelLogoutPath,
		"backchannel_logout_session_required": true,
	}
	for lang, name := range i.Name {
		client["client_name#"+lang] = name
	}
	client["client_name"] = i.Name["zh"]
	return map[string]any{trust.OpenIDProvider: i.metadata(), trust.OpenIDRelyingParty: client}
}

// Neighbours are the issuers beside this one that the nation vouches for, as far as they are known at this moment.
func (i *Issuer) Neighbours() []trust.Neighbour {
	if i.entity == nil {
		return nil
	}
	return i.entity.Neighbours()
}

// chain finds out what the chain of another issuer makes of it as a provider; nil where there are no chains.
func (i *Issuer) chain() func(context.Context, string) ([]byte, error) {
	if i.entity == nil {
		return nil
	}
	return func(ctx context.Context, issuer string) ([]byte, error) {
		resolved, err := i.entity.Resolver.Resolve(ctx, issuer)
		if errors.Is(err, trust.ErrUnreachable) {
			return nil, errors.Join(upstream.ErrUnreachable, err)
		} else if err != nil {
			return nil, err
		}
		provider, ok := resolved.Metadata[trust.OpenIDProvider]
		if !ok {
			return nil, errors.New("the entity is no OpenID provider")
		}
		return json.Marshal(provider)
	}
}

// settle ends what came from issuers that nobody vouches for any more: of those whom the nation vouches for the list is given, and
// of those registered here it is known.
func (i *Issuer) settle(ctx context.Context, standing []string) error {
	registered, err := i.Store.ListUpstreams(ctx)
	if err != nil {
		return err
	}
	origins := slices.Clone(standing)
	for _, u := range registered {
		if u.Status == storage.UpstreamActive {
			origins = append(origins, u.Issuer)
		} else {
			origins = slices.DeleteFunc(origins, func(o string) bool { return o == u.Issuer })
		}
	}
	n, err := i.Store.EndSessionsOutside(ctx, origins, i.Clock())
	if n > 0 {
		i.Logger.WarnContext(ctx, "sessions from suspended issuers ended", "sessions", n)
	}
	return err
}

// signAs signs a JWT of this issuer's.
func (i *Issuer) signAs(typ string, payload []byte) (string, error) {
	key, err := i.keys.Signer(keys.ES256)
	if err != nil {
		return "", err
	}
	return key.Sign(typ, payload)
}

// asIssuer makes an application of the issuer that it is, if the anchor states so: it may receive documents, for linking.
func (a *application) asIssuer(r *trust.Resolved) {
	region := r.Region()
	if _, provides := r.Metadata[trust.OpenIDProvider]; region == "" || !provides {
		return
	}
	a.Application.Issuer, a.Region = true, region
}
