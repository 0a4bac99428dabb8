package idp

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"manyou/federation/exchange"
	"manyou/federation/upstream"
	"manyou/idp/keys"
	"manyou/idp/signin"
	"manyou/storage"
)

// Exchanging tokens (RFC 8693), within this issuer or for an authorization grant that another issuer takes (RFC 7523,
// draft-ietf-oauth-identity-chaining). federation/exchange says what may become what.
const (
	grantExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
	grantBearer   = "urn:ietf:params:oauth:grant-type:jwt-bearer" //nolint:gosec // a name

	typeAccessToken = "urn:ietf:params:oauth:token-type:access_token" //nolint:gosec // a name
	typeJWT         = "urn:ietf:params:oauth:token-type:jwt"

	// chainLife is how long an authorization grant for another issuer is good: to be sent there at once.
	chainLife = time.Minute
)

// exchangeResponse is a successful answer (RFC 8693 §2.2.1).
type exchangeResponse struct {
	AccessToken string `json:"access_token"`
	IssuedType  string `json:"issued_token_type"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
	Scope       string `json:"scope,omitempty"`
}

// subject is what was presented, verified: whose token it is, and what it was good for.
type subject struct {
	issuer, region, origin string
	person                 string
	epoch                  int64
	grant                  *storage.LiveGrant // of a token of this issuer
	client                 clientName
	audience               []string
	scopes                 []string
	authTime               time.Time
	rung                   int
	amr                    []string
	actor                  *exchange.Actor
	expires                time.Time
}

// exchangeToken serves the grant of RFC 8693 §2.1. Whatever becomes of it is recorded.
func (i *Issuer) exchangeToken(w http.ResponseWriter, r *http.Request) {
	app, err := i.exchangingClient(r, grantExchange)
	if err != nil {
		i.keepUnadmitted(r, app, "exchange", r.PostForm.Get("subject_token"), err)
		op.WriteError(w, r, err, nil)
		return
	}
	record := i.newRecord(app, "exchange", r.PostForm.Get("subject_token"))
	answer, err := i.exchange(r.Context(), r.PostForm, app, record)
	if err := i.keep(r.Context(), record, answer, err); err != nil {
		op.WriteError(w, r, serverError(err), nil) // what cannot be explained afterwards is not done
		return
	}
	if err != nil {
		op.WriteError(w, r, err, nil)
		return
	}
	writeJSON(w, answer)
}

// exchangingClient authenticates a client that may use a grant. A public client may not: nothing binds a token to it. With an error there
// is a client only if it is that one's.
func (i *Issuer) exchangingClient(r *http.Request, grant string) (*application, error) {
	app, err := i.clientOf(r)
	if err != nil {
		return nil, err
	}
	if !grants(&app.Application, grant) || app.AuthMethod == methodNone {
		return app, op.NewStatusError(oidc.ErrUnauthorizedClient().WithDescription("not registered for this grant"), http.StatusBadRequest)
	}
	return app, nil
}

func invalidTarget(description string) error { // RFC 8693 §2.2.2
	return op.NewStatusError(&oidc.Error{ErrorType: "invalid_target", Description: description}, http.StatusBadRequest)
}

func invalidScope(description string) error {
	return op.NewStatusError(oidc.ErrInvalidScope().WithDescription("%s", description), http.StatusBadRequest)
}

func accessDenied(cause error) error {
	return op.NewStatusError(&oidc.Error{ErrorType: oidc.AccessDenied, Description: cause.Error()}, http.StatusBadRequest)
}

func (i *Issuer) exchange(ctx context.Context, f url.Values, app *application, record *exchangeRecord) (*exchangeResponse, error) {
	switch {
	case f.Has("actor_token"): // who acts is who authenticated
		return nil, badRequest("actor_token is not taken: the client itself is the actor")
	case f.Get("subject_token_type") != typeAccessToken:
		return nil, badRequest("subject_token_type must be that of an access token")
	case f.Has("resource"):
		return nil, badRequest("resource is not taken: name an audience")
	}
	s, err := i.subjectOf(ctx, f.Get("subject_token"))
	if err != nil {
		return nil, err
	}
	record.of(s)
	if !i.belongs(s, app) {
		// Whoever found a token cannot make another of it.
		return nil, badRequest("the subject token is neither this client's nor addressed to it")
	}
	if s.actor, err = s.actor.Then(app.ClientID, i.Issuer); err != nil {
		return nil, badRequest("too many have acted on this token already")
	}
	audience := f.Get("audience")
	if audience != "" && !slices.Contains(s.audience, audience) { // it only narrows
		return nil, invalidTarget("the subject token is not good for this audience")
	}
	scopes, err := narrowed(f, s.scopes)
	if err != nil {
		return nil, err
	}
	if audience == "" {
		return i.exchangeHere(ctx, f, app, s, s.audience, scopes, record)
	}
	peer, err := i.signin.Peer(ctx, audience)
	switch {
	case errors.Is(err, signin.ErrNoPeer):
		return i.exchangeHere(ctx, f, app, s, []string{audience}, scopes, record)
	case err != nil:
		return nil, serverError(err)
	}
	if t := f.Get("requested_token_type"); t != typeJWT {
		return nil, badRequest("for another issuer an authorization grant is given: requested_token_type must be that of a JWT")
	}
	if err := i.decide(record, s, peer.Region, app, scopes); err != nil {
		return nil, err
	}
	target, err := i.issuerApplication(ctx, peer)
	if err != nil {
		return nil, err
	}
	return i.mintChainGrant(app, s, target, audience, scopes)
}

// narrowed are the scopes that go on: those asked for, or all, and never one that the token does not have. What is about the person
// does not cross: an application that wants it signs the citizen in.
func narrowed(f url.Values, has []string) ([]string, error) {
	asked := strings.Fields(f.Get("scope"))
	for _, scope := range asked {
		if !slices.Contains(has, scope) || slices.Contains(personScopes, scope) {
			return nil, invalidScope("a scope that the token does not have, or that is about the person")
		}
	}
	if len(asked) > 0 {
		return asked, nil
	}
	return slices.DeleteFunc(slices.Clone(has), func(s string) bool { return slices.Contains(personScopes, s) }), nil
}

// decide asks the policy, and remembers what it said.
func (i *Issuer) decide(record *exchangeRecord, s *subject, to string, app *application, scopes []string) error {
	record.To, record.Scopes, record.Actor = to, scopes, s.actor
	rule, err := i.Config.Exchange.Decide(exchange.Request{
		From: s.region, To: to, Application: app.ClientID, Scopes: scopes, Rung: s.rung, AuthTime: s.authTime,
	}, i.Clock())
	record.Rule = rule
	if err != nil {
		return accessDenied(err)
	}
	return nil
}

// subjectOf verifies a subject token: one of this issuer's, or of another that is trusted.
func (i *Issuer) subjectOf(ctx context.Context, token string) (*subject, error) {
	bad := badRequest("the subject token is not valid") // RFC 8693 §2.2.2
	issuer := upstream.IssuerOf(token)
	if issuer == i.Issuer {
		p, err := i.present(ctx, token)
		if errors.Is(err, errNotActive) || err == nil && p.grant == nil {
			return nil, bad
		} else if err != nil {
			return nil, serverError(err)
		}
		s := &subject{
			issuer: i.Issuer, region: i.Region, person: p.grant.PersonID, epoch: p.grant.Epoch, grant: p.grant, client: clientName{p.ClientID, ""},
			audience: p.Audience, scopes: p.app.still(p.scopes()), authTime: p.grant.AuthTime, rung: p.grant.ACR, amr: p.grant.AMR, actor: p.Actor,
			expires: seconds(p.Expires),
		}
		if s.origin, err = i.originOf(ctx, p); err != nil {
			return nil, serverError(err)
		}
		return s, nil
	}
	peer, err := i.signin.Peer(ctx, issuer)
	if errors.Is(err, signin.ErrNoPeer) {
		return nil, bad
	} else if err != nil {
		return nil, serverError(err)
	}
	said, err := peer.Provider.AccessToken(ctx, token)
	if err != nil {
		return nil, i.refusedPeer(ctx, peer, err, bad)
	}
	return i.subjectFrom(ctx, peer, said, bad)
}

// refusedPeer maps what is wrong with another issuer's token.
func (i *Issuer) refusedPeer(ctx context.Context, peer signin.Peer, cause, bad error) error {
	i.Logger.InfoContext(ctx, "a token of another issuer is not taken", "issuer", peer.Issuer, "cause", cause)
	if errors.Is(cause, upstream.ErrUnreachable) || errors.Is(cause, upstream.ErrSlow) {
		return op.NewStatusError(&oidc.Error{ErrorType: "temporarily_unavailable", Description: "the issuer of the token cannot be reached"}, http.StatusServiceUnavailable)
	}
	return bad
}

// subjectFrom finds the person whom another issuer speaks of.
func (i *Issuer) subjectFrom(ctx context.Context, peer signin.Peer, said upstream.Presented, bad error) (*subject, error) {
	link, person, err := i.Store.Link(ctx, said.Issuer, said.Subject)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return nil, invalidGrant("the person is not known here from that issuer: they have to sign in once")
	case err != nil:
		return nil, serverError(err)
	case person.Status != storage.PersonActive, link.Frozen, said.ACR < person.LeastACR: // a hold lies on the person or the link
		return nil, invalidGrant("it is no longer valid")
	case peer.Beside && person.Region != peer.Region: // it speaks for its own people alone
		return nil, bad
	}
	s := &subject{
		issuer: peer.Issuer, region: peer.Region, origin: said.Origin, person: person.ID, epoch: person.Epoch, client: foreignClient(peer, said),
		audience: said.Audience, scopes: said.Scopes, authTime: said.AuthTime, rung: said.ACR, amr: said.AMR, expires: said.Expires,
	}
	if s.origin == "" {
		s.origin = peer.Issuer
	}
	if s.actor, err = exchange.ParseActor(said.Actor); err != nil {
		return nil, badRequest("too many have acted on this token already")
	}
	return s, nil
}

// originOf is the issuer where the person of a token authenticated.
func (i *Issuer) originOf(ctx context.Context, p *presented) (string, error) {
	if p.Origin != "" {
		return p.Origin, nil
	}
	if len(p.grant.SessionID) == 0 {
		return i.Issuer, nil
	}
	s, err := i.Store.Session(ctx, p.grant.SessionID, p.grant.SessionExpiresAt)
	if errors.Is(err, storage.ErrNotFound) || err == nil && s.Origin == "" {
		return i.Issuer, nil
	}
	return s.Origin, err
}

// issuerApplication is another issuer as an application of this one, for which its subjects are computed.
func (i *Issuer) issuerApplication(ctx context.Context, peer signin.Peer) (*application, error) {
	stored, err := i.Store.IssuerApplication(ctx, peer.Region)
	if err == nil {
		return &application{Application: stored}, nil
	}
	if !errors.Is(err, storage.ErrNotFound) {
		return nil, serverError(err)
	}
	app, err := i.apps.get(ctx, peer.Issuer)
	if errors.Is(err, errNoApplication) || err == nil && !app.Application.Issuer {
		return nil, invalidTarget("that issuer does not take this one's people")
	} else if err != nil {
		return nil, serverError(err)
	}
	return app, nil
}

// chainGrant are the claims of an authorization grant for another issuer (RFC 7523 §3).
type chainGrant struct {
	Issuer   string          `json:"iss"`
	Subject  string          `json:"sub"`
	Audience string          `json:"aud"`
	ClientID string          `json:"client_id"`
	Region   string          `json:"client_region,omitempty"` // whose application that is
	Scope    string          `json:"scope,omitempty"`
	IssuedAt int64           `json:"iat"`
	Expires  int64           `json:"exp"`
	ID       string          `json:"jti"`
	AuthTime int64           `json:"auth_time"`
	ACR      string          `json:"acr"`
	AMR      []string        `json:"amr"`
	Origin   string          `json:"origin"`
	Actor    *exchange.Actor `json:"act"`
}

// mintChainGrant makes what another issuer takes, once, of this client.
func (i *Issuer) mintChainGrant(app *application, s *subject, target *application, audience string, scopes []string) (*exchangeResponse, error) {
	jti, err := i.mintTokenID(tokenID{})
	if err != nil {
		return nil, serverError(err)
	}
	now := i.Clock()
	token, err := i.sign(keys.ES256, upstream.TypeGrant, chainGrant{
		Issuer: i.Issuer, Subject: i.subject(s.person, target), Audience: audience, ClientID: app.ClientID, Region: app.Region, Scope: strings.Join(scopes, " "),
		IssuedAt: now.Unix(), Expires: now.Add(chainLife).Unix(), ID: jti, AuthTime: s.authTime.Unix(), ACR: acrOf(s.rung), AMR: s.amr,
		Origin: s.origin, Actor: s.actor,
	})
	if err != nil {
		return nil, serverError(err)
	}
	return &exchangeResponse{ // RFC 8693 §2.2.1: it is no access token
		AccessToken: token, IssuedType: typeJWT, TokenType: "N_A", ExpiresIn: int64(chainLife.Seconds()), Scope: strings.Join(scopes, " "),
	}, nil
}
