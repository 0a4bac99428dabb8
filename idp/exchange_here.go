package idp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"

	"manyou/federation/upstream"
	"manyou/idp/keys"
	"manyou/idp/signin"
	"manyou/storage"
)

// exchangeHere makes an access token of this issuer for audiences that the token that was presented has: one of them, or all.
func (i *Issuer) exchangeHere(ctx context.Context, f url.Values, app *application, s *subject, aud, scopes []string, record *exchangeRecord) (*exchangeResponse, error) {
	if t := f.Get("requested_token_type"); t != "" && t != typeAccessToken {
		return nil, badRequest("requested_token_type must be that of an access token")
	}
	// Of another issuer's audiences only those are this one's to speak for that are registered here.
	if s.grant == nil && slices.ContainsFunc(aud, func(a string) bool { return !slices.Contains(i.audienceOf(app), a) }) {
		return nil, invalidTarget("that audience is not registered here")
	}
	scopes, err := opened(f, app, scopes)
	if err != nil {
		return nil, err
	}
	if err := i.decide(record, s, i.Region, app, scopes); err != nil {
		return nil, err
	}
	return i.mintExchanged(ctx, app, s, aud, scopes)
}

// opened are the scopes that this issuer opened to the client: it signs no others for it, whatever the token has.
func opened(f url.Values, app *application, scopes []string) ([]string, error) {
	open := app.still(scopes)
	if f.Get("scope") != "" && len(open) < len(scopes) {
		return nil, invalidScope("a scope that is not open to this client")
	}
	return open, nil
}

// bearerToken serves the grant of RFC 7523 §2.1: an authorization grant that another issuer gave to this client for this issuer.
func (i *Issuer) bearerToken(w http.ResponseWriter, r *http.Request) {
	app, err := i.exchangingClient(r, grantBearer)
	if err != nil {
		i.keepUnadmitted(r, app, "grant", r.PostForm.Get("assertion"), err)
		op.WriteError(w, r, err, nil)
		return
	}
	record := i.newRecord(app, "grant", r.PostForm.Get("assertion"))
	answer, err := i.bearer(r.Context(), r.PostForm, app, record)
	if err := i.keep(r.Context(), record, answer, err); err != nil {
		op.WriteError(w, r, serverError(err), nil)
		return
	}
	if err != nil {
		op.WriteError(w, r, err, nil)
		return
	}
	answer.IssuedType = "" // of RFC 8693 alone
	writeJSON(w, tokenResponse{AccessToken: answer.AccessToken, TokenType: answer.TokenType, ExpiresIn: answer.ExpiresIn, Scope: answer.Scope})
}

func (i *Issuer) bearer(ctx context.Context, f url.Values, app *application, record *exchangeRecord) (*exchangeResponse, error) {
	bad := invalidGrant("the assertion is not valid") // RFC 7523 §3.1
	token := f.Get("assertion")
	peer, err := i.signin.Peer(ctx, upstream.IssuerOf(token))
	if errors.Is(err, signin.ErrNoPeer) {
		return nil, bad
	} else if err != nil {
		return nil, serverError(err)
	}
	said, err := peer.Provider.Grant(ctx, token, i.Issuer)
	if err != nil {
		return nil, i.refusedPeer(ctx, peer, err, bad)
	}
	if !foreignClient(peer, said).is(app) {
		return nil, invalidGrant("the assertion was given to another client")
	}
	s, err := i.subjectFrom(ctx, peer, said, bad)
	if err != nil {
		return nil, err
	}
	s.expires = time.Time{} // of the assertion: good to be sent, and no longer
	record.of(s)
	scopes, err := narrowed(f, s.scopes)
	if err != nil {
		return nil, err
	}
	if scopes, err = opened(f, app, scopes); err != nil {
		return nil, err
	}
	if err := i.decide(record, s, i.Region, app, scopes); err != nil {
		return nil, err
	}
	if s.actor == nil { // the other issuer did not name who acts
		if s.actor, err = s.actor.Then(app.ClientID, peer.Issuer); err != nil {
			return nil, serverError(err)
		}
	}
	err = i.Store.Use(ctx, "authorization_grant", said.Issuer+"\x00"+said.ID, said.Expires.Add(2*clockSkew))
	if errors.Is(err, storage.ErrUsed) {
		return nil, invalidGrant("it was used before")
	} else if err != nil {
		return nil, serverError(err)
	}
	return i.mintExchanged(ctx, app, s, i.audienceOf(app), scopes)
}

// mintExchanged makes an access token for what was presented. It falls with the grant of the token that was presented, where that is
// this issuer's, and with its person in any case; it does not outlive what was presented, nor is it ever renewed.
func (i *Issuer) mintExchanged(ctx context.Context, app *application, s *subject, aud audience, scopes []string) (*exchangeResponse, error) {
	now := i.Clock()
	life := accessLifetime
	if !s.expires.IsZero() {
		life = min(life, s.expires.Sub(now))
	}
	var g storage.Grant
	if s.grant != nil {
		g = s.grant.Grant
	} else {
		g = storage.Grant{
			ID: make([]byte, grantIDBytes), ExpiresAt: now.Add(life).Truncate(time.Second), ClientID: app.ClientID, PersonID: s.person, Epoch: s.epoch,
			Scopes: scopes, AuthTime: s.authTime, ACR: s.rung, AMR: s.amr, Offline: true, CreatedAt: now,
			Issuer: s.issuer, Origin: s.origin,
		}
		if g.Origin == i.Issuer { // that nobody here ceases to trust
			g.Origin = ""
		}
		if _, err := io.ReadFull(i.Random, g.ID); err != nil {
			return nil, serverError(err)
		}
		if err := i.Store.AddGrant(ctx, g); err != nil {
			return nil, fromStorage(err)
		}
	}
	jti, err := i.mintTokenID(tokenID{GrantID: g.ID, ExpiresAt: g.ExpiresAt})
	if err != nil {
		return nil, serverError(err)
	}
	status, err := i.tokenStatus(ctx, app, &g, true, jti, now.Add(life))
	if err != nil {
		return nil, serverError(err)
	}
	of := app
	if len(aud) == 1 && aud[0] != i.Issuer {
		// The client chose the name: nobody is asked about it who is not here.
		if target, err := i.apps.registered(ctx, aud[0]); err == nil {
			of = target // who is addressed knows the person by a subject of its own
		} else if !errors.Is(err, errNoApplication) {
			return nil, serverError(err)
		}
	}
	token, err := i.sign(keys.ES256, keys.TypeAccessToken, accessToken{
		Issuer: i.Issuer, Subject: i.subject(s.person, of), Audience: aud, ClientID: app.ClientID, Scope: strings.Join(scopes, " "),
		IssuedAt: now.Unix(), Expires: now.Add(life).Unix(), ID: jti, AuthTime: s.authTime.Unix(), ACR: acrOf(s.rung), AMR: s.amr,
		Origin: s.origin, Actor: s.actor, Status: status,
	})
	if err != nil {
		return nil, serverError(err)
	}
	return &exchangeResponse{
		AccessToken: token, IssuedType: typeAccessToken, TokenType: "Bearer", ExpiresIn: int64(life.Seconds()), Scope: strings.Join(scopes, " "),
	}, nil
}
