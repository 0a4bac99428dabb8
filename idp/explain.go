package idp

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"manyou/federation/exchange"
	"manyou/idp/keys"
	"manyou/storage"
)

// TokenExplanation is what an operator is told of a token: what it is, whether it stands and why not, and what it was exchanged for.
// It names no person.
type TokenExplanation struct {
	Type      string          `json:"typ"`
	Issuer    string          `json:"iss,omitempty"`
	Client    string          `json:"client_id,omitempty"`
	Audience  audience        `json:"aud,omitempty"`
	Scope     string          `json:"scope,omitempty"`
	ExpiresAt time.Time       `json:"expires_at,omitzero"`
	ACR       string          `json:"acr,omitempty"`
	AuthTime  time.Time       `json:"auth_time,omitzero"`
	Origin    string          `json:"origin,omitempty"`
	Actor     *exchange.Actor `json:"act,omitempty"`
	// Signature is "verified", "not of this issuer's keys", or "of another issuer".
	Signature string `json:"signature"`
	// State is "stands", or why it does not; "" of what is no access token of this issuer.
	State     string        `json:"state,omitempty"`
	Exchanges []Explanation `json:"exchanges,omitempty"`
}

// Why a token does not stand.
const (
	stateStands    = "stands"
	stateExpired   = "expired"
	stateRevoked   = "revoked"
	stateClient    = "its application is not published any more"
	stateNoGrant   = "what it rests on is gone"
	stateEnded     = "its grant was ended: revoked, its refresh token or code used twice, or a province suspended"
	stateSession   = "its session ended"
	statePerson    = "its person is on hold or deactivated"
	stateStepUp    = "a hold on its person asks for a passkey"
	stateCorrected = "its person was corrected since"
)

// ErrNoToken reports a text that is no JWT.
var ErrNoToken = errors.New("this is no token: a JWT has three parts with points between them")

// Explain tells what is known at an issuer of a token. [ErrNoToken] if it is none.
func Explain(ctx context.Context, s storage.Store, ring *keys.Ring, issuer, token string, now time.Time) (*TokenExplanation, error) {
	header, payload, err := unverified(token)
	if err != nil {
		return nil, err
	}
	var claims accessToken
	_ = json.Unmarshal(payload, &claims) // of another kind of token some are missing
	e := &TokenExplanation{
		Type: header.Type, Issuer: claims.Issuer, Client: claims.ClientID, Audience: claims.Audience, Scope: claims.Scope, ACR: claims.ACR,
		Origin: claims.Origin, Actor: claims.Actor, Signature: "of another issuer",
	}
	if claims.Expires > 0 {
		e.ExpiresAt = seconds(claims.Expires)
	}
	if claims.AuthTime > 0 {
		e.AuthTime = seconds(claims.AuthTime)
	}
	if e.Exchanges, err = ExplainExchanges(ctx, s, token); err != nil || claims.Issuer != issuer {
		return e, err
	}
	if _, err := ring.Verify(header.Type, token); err != nil {
		e.Signature = "not of this issuer's keys"
		return e, nil //nolint:nilerr // that is what is told
	}
	e.Signature = "verified"
	if header.Type == keys.TypeAccessToken {
		e.State, err = stateOf(ctx, s, &claims, now)
	}
	return e, err
}

// stateOf is whether an access token of this issuer stands, and why not.
func stateOf(ctx context.Context, s storage.Store, t *accessToken, now time.Time) (string, error) {
	if now.Unix() >= t.Expires {
		return stateExpired, nil
	}
	// Of one that no row registers its chain decides, which is not looked at here.
	if app, err := s.Application(ctx, t.ClientID); err == nil && app.Status != storage.ApplicationPublished {
		return stateClient, nil
	} else if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return "", err
	}
	id := parseTokenID(t.ID)
	if id.GrantID == nil {
		revoked, err := s.Used(ctx, replayRevoked, t.ID, seconds(t.Expires))
		if revoked {
			return stateRevoked, err
		}
		return stateStands, err
	}
	g, err := s.Grant(ctx, id.GrantID, id.ExpiresAt, now)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return stateNoGrant, nil
	case err != nil:
		return "", err
	case g.PersonStatus != storage.PersonActive:
		return statePerson, nil
	case g.PersonEpoch != g.Epoch:
		return stateCorrected, nil
	case g.ACR < g.PersonLeastACR:
		return stateStepUp, nil
	case !g.EndedAt.IsZero():
		return stateEnded, nil
	case !g.Offline && !g.SessionStands:
		return stateSession, nil
	case !g.Stands(now):
		return stateExpired, nil
	case t.Actor != nil:
		revoked, err := s.Used(ctx, replayRevoked, t.ID, seconds(t.Expires))
		if err != nil || revoked {
			return stateRevoked, err
		}
	}
	return stateStands, nil
}

// unverified reads the parts of a JWT. Nothing in them is to be believed.
func unverified(token string) (header struct {
	Type string `json:"typ"`
}, payload []byte, err error) {
	parts := strings.Split(token, ".")
	if len(token) > keys.MaxToken || len(parts) != 3 {
		return header, nil, ErrNoToken
	}
	protected, err := encoding.DecodeString(parts[0])
	if err != nil || json.Unmarshal(protected, &header) != nil {
		return header, nil, ErrNoToken
	}
	if payload, err = encoding.DecodeString(parts[1]); err != nil || !json.Valid(payload) {
		return header, nil, ErrNoToken
	}
	return header, payload, nil
}
