package idp

import (
	"context"
	"time"

	"manyou/idp/keys"
	"manyou/idp/statuslist"
	"manyou/storage"
)

// newStatuses are the status lists of this issuer's access tokens.
func (i *Issuer) newStatuses() *statuslist.Lists {
	return statuslist.New(statuslist.Config{
		Issuer: i.Issuer, Life: accessLifetime, Store: i.Store, Clock: i.Clock, Random: i.Random, Logger: i.Logger,
		Sign: func(payload []byte) (string, error) { return i.signAs(keys.TypeStatusList, payload) },
	})
}

// tokenStatus gives an access token its place in a status list, if the application asked for it; else it costs nothing. g is what the token
// rests on, nil if on nothing; byItself is set if the token may be revoked without that.
func (i *Issuer) tokenStatus(ctx context.Context, app *application, g *storage.Grant, byItself bool, jti string, expires time.Time) (*statuslist.Claim, error) {
	if !app.StatusList {
		return nil, nil //nolint:nilnil // the claim is left out
	}
	t := storage.TokenStatus{ClientID: app.ClientID, Grant: g, TokenID: jti, TokenExpiresAt: seconds(expires.Unix())}
	if byItself {
		t.RevokedAs = replayRevoked
	}
	return i.statuses.Place(ctx, t)
}
