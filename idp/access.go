package idp

import (
	"context"
	"errors"
	"slices"
	"strings"

	"manyou/idp/keys"
	"manyou/storage"
)

// errNotActive reports a token that is not good, whatever the reason.
var errNotActive = errors.New("token is not active")

// presented is an access token that was presented and holds: signed here, of the right type, not expired, not revoked,
// and all that it rests on stands.
type presented struct {
	accessToken
	grant *storage.LiveGrant // nil for client credentials
	app   *application
}

func (p *presented) scopes() []string { return strings.Fields(p.Scope) }

// present checks an access token (RFC 9068 §4) in at most one read. errNotActive, or a fault of storage.
func (i *Issuer) present(ctx context.Context, token string) (*presented, error) {
	var p presented
	if err := i.keys.Claims(keys.TypeAccessToken, token, &p.accessToken); err != nil {
		return nil, errNotActive
	}
	now := i.Clock()
	if p.Issuer != i.Issuer || now.Unix() >= p.Expires || p.ID == "" {
		return nil, errNotActive
	}
	var err error
	if p.app, err = i.apps.get(ctx, p.ClientID); errors.Is(err, errNoApplication) {
		return nil, errNotActive
	} else if err != nil {
		return nil, err
	}
	id := parseTokenID(p.ID)
	if id.GrantID == nil {
		revoked, err := i.Store.Used(ctx, replayRevoked, p.ID, seconds(p.Expires))
		if err != nil {
			return nil, err
		}
		if revoked {
			return nil, errNotActive
		}
		return &p, nil
	}
	g, err := i.Store.Grant(ctx, id.GrantID, id.ExpiresAt, now)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, errNotActive
	} else if err != nil {
		return nil, err
	}
	// A token that was exchanged rests on the grant of the one that it was exchanged for, another application's.
	if g.ClientID != p.ClientID && p.Actor == nil || !g.Stands(now) {
		return nil, errNotActive
	}
	if p.Actor != nil { // it may have been revoked without what it was exchanged for
		revoked, err := i.Store.Used(ctx, replayRevoked, p.ID, seconds(p.Expires))
		if err != nil {
			return nil, err
		}
		if revoked {
			return nil, errNotActive
		}
	}
	p.grant = &g
	return &p, nil
}

// replayRevoked is the kind under which revoked tokens are remembered that have no grant of their own.
const replayRevoked = "revoked_token"

// mayInspect reports whether an application may learn about a token: its own, or one addressed to it (RFC 7662 §4). Another issuer
// of the federation may of any that it was shown, to exchange it.
func mayInspect(asker *application, p *presented) bool {
	return asker.Application.Issuer && p.grant != nil || asker.ClientID == p.ClientID || slices.Contains(p.Audience, asker.ClientID)
}
