package idp

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"manyou/federation/correction"
	"manyou/idp/streams"
	"manyou/storage"
)

// newStreams is the transmitter and the receiver of this issuer.
func (i *Issuer) newStreams() *streams.Streams {
	c := streams.Config{
		Issuer: i.Issuer, Nation: NationRegion, Store: i.Store, Receiver: i.signalReceiver, Authorize: i.authorizeSignals, Sign: i.signAs,
		Peer: i.signin.Peer, Cases: i.cases, Clock: i.Clock, Random: i.Random, Logger: i.Logger,
	}
	if i.Role == National {
		c.Nation = ""
	}
	return streams.New(c)
}

// newCases is the queue of corrections; nil at a province, whose people file at the nation.
func (i *Issuer) newCases() *correction.Queue {
	if i.Role != National {
		return nil
	}
	return &correction.Queue{Store: i.Store, Register: i.Register, Policy: correction.DefaultPolicy(), Clock: i.Clock, Random: i.Random}
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
	if app.automatic() {
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

// authorizeSignals takes an access token of an application's own (RFC 6750 §2.1) with a scope; who may manage may read.
func (i *Issuer) authorizeSignals(w http.ResponseWriter, r *http.Request, scope string) (clientID string, ok bool) {
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
	if !slices.Contains(scopes, scope) && !slices.Contains(scopes, signalScopes[0]) {
		refuse(http.StatusForbidden, "insufficient_scope")
		return "", false
	}
	return p.ClientID, true
}

// maxSettled bounds how many cases are looked at in a round.
const maxSettled = 200

// settleCases moves on the cases whose decision has arrived: at all regions, then at all applications; and lifts holds that nobody
// confirmed.
func (i *Issuer) settleCases(ctx context.Context) error {
	if i.cases == nil {
		return nil
	}
	if _, err := i.cases.Lapse(ctx); err != nil {
		return err
	}
	for _, state := range []correction.State{correction.Applied, correction.Propagated} {
		list, err := i.Store.ListCases(ctx, storage.CaseFilter{State: string(state)}, maxSettled)
		if err != nil {
			return err
		}
		for _, stored := range list {
			if err := i.settleCase(ctx, stored.ID, state); err != nil && !errors.Is(err, storage.ErrConflict) {
				return err
			}
		}
	}
	return nil
}

func (i *Issuer) settleCase(ctx context.Context, id string, state correction.State) error {
	deliveries, err := i.Store.DeliveriesOf(ctx, id)
	if err != nil {
		return err
	}
	for _, d := range deliveries {
		if !d.AckedAt.IsZero() {
			continue
		}
		to, err := i.signalReceiver(ctx, d.ClientID)
		if errors.Is(err, streams.ErrNoReceiver) {
			continue // it is none any more
		} else if err != nil {
			return err
		}
		if to.Links != "" || state == correction.Propagated {
			return nil // somebody has not heard
		}
	}
	c, err := i.cases.Find(ctx, id)
	if err != nil {
		return err
	}
	if state == correction.Applied {
		return i.cases.Propagate(ctx, c)
	}
	return i.cases.Close(ctx, c)
}
