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

// tokenStatus gives an access token its place in a status list, if the application asked for it; else it costs nothing. What rests on the
// token's identifier is what introspection looks at.
func (i *Issuer) tokenStatus(ctx context.Context, app *application, id tokenID, jti string, expires time.Time) (*statuslist.Claim, error) {
	if !app.StatusList {
		return nil, nil //nolint:nilnil // the claim is left out
	}
	return i.statuses.Place(ctx, storage.TokenStatus{
		ClientID: app.ClientID, GrantID: id.GrantID, GrantExpiresAt: id.ExpiresAt, RevokedAs: replayRevoked, TokenID: jti,
		TokenExpiresAt: seconds(expires.Unix()),
	})
}
