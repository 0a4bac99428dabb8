package idp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"manyou/federation/signals"
	"manyou/federation/trust"
	"manyou/idp/signin"
	"manyou/idp/streams"
)

// newStreams is the transmitter and the receiver of this issuer.
func (i *Issuer) newStreams() *streams.Streams {
	c := streams.Config{
		Issuer: i.Issuer, Nation: NationRegion, Store: i.Store, Receiver: i.signalReceiver, Authorize: i.authorizeOwn, Sign: i.signAs,
		Peer: i.signin.Peer, Vouched: i.vouched, Cases: i.cases, Clock: i.Clock, Random: i.Random, Logger: i.Logger,
	}
	if i.Role == National {
		c.Nation = ""
	}
	return streams.New(c)
}

// vouched holds an issuer that is known by its chain to that chain: it stands now, and names the keys that its tokens are checked by. The
// anchor itself was trusted before there was a chain; one that was registered with a secret is known by that.
func (i *Issuer) vouched(ctx context.Context, peer signin.Peer) error {
	if i.entity == nil || !peer.Chained || peer.Region == NationRegion {
		return nil
	}
	r, err := i.entity.Resolver.Resolve(ctx, peer.Issuer)
	if errors.Is(err, trust.ErrUntrusted) {
		return fmt.Errorf("%w: %w", streams.ErrNotVouched, err)
	} else if err != nil {
		return err
	}
	keys, err := peer.Provider.KeySet(ctx)
	if err != nil {
		return err
	}
	if named, _ := r.Metadata[trust.OpenIDProvider]["jwks_uri"].(string); named != keys || r.Region() != peer.Region {
		return fmt.Errorf("%w: its chain says otherwise of its keys or its region", streams.ErrNotVouched)
	}
	return nil
}

// signalReceiver is an application, as far as it is told what happens to people.
func (i *Issuer) signalReceiver(ctx context.Context, clientID string) (streams.Receiver, error) {
	app, err := i.apps.get(ctx, clientID)
	if errors.Is(err, errNoApplication) {
		return streams.Receiver{}, streams.ErrNoReceiver
	} else if err != nil {
		return streams.Receiver{}, err
	}
	to := streams.Receiver{
		ClientID: clientID, Subject: func(person string) string { return i.subject(person, app) }, Client: i.tellRegistered,
	}
	if app.chained() {
		to.Client = i.tellNamed
	}
	for _, address := range append(slices.Clone(app.RedirectURIs), app.BackchannelLogoutURI) {
		if u, err := url.Parse(address); err == nil && u.Host != "" {
			to.Hosts = append(to.Hosts, u.Host)
		}
	}
	if !app.Application.Issuer {
		return to, nil
	}
	if to.Links = clientID; entityIdentifier(clientID) {
		return to, nil
	}
	upstreams, err := i.Store.ListUpstreams(ctx)
	if err != nil {
		return streams.Receiver{}, err
	}
	for _, u := range upstreams {
		if u.Region == app.Region {
			to.Links = u.Issuer
		}
	}
	return to, nil
}

// authorizeOwn takes an access token of an application's own (RFC 6750 §2.1) with a scope; who may manage streams may read them.
func (i *Issuer) authorizeOwn(w http.ResponseWriter, r *http.Request, scope string) (clientID string, ok bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	refuse := func(status int, code string) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="manyou", error="`+code+`"`)
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, code, status)
	}
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		refuse(http.StatusUnauthorized, "invalid_token")
		return "", false
	}
	p, err := i.present(r.Context(), token)
	switch {
	case errors.Is(err, errNotActive), err == nil && (p.grant != nil || !slices.Contains(p.Audience, i.Issuer)): // a person's opens nothing here
		refuse(http.StatusUnauthorized, "invalid_token")
		return "", false
	case err != nil:
		i.Logger.ErrorContext(r.Context(), "a token could not be checked", "cause", err)
		http.Error(w, "try again later", http.StatusInternalServerError)
		return "", false
	}
	scopes := p.app.still(p.scopes())
	if !slices.Contains(scopes, scope) && (scope != signals.ScopeRead || !slices.Contains(scopes, signals.ScopeManage)) {
		refuse(http.StatusForbidden, "insufficient_scope")
		return "", false
	}
	return p.ClientID, true
}
