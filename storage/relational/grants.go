package relational

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"manyou/storage"
)

// Redeem implements [storage.Grants].
//
// The happy case is one statement. When it writes nothing, the code was redeemed before or its session does not
// stand; whether there is an earlier grant tells which.
func (s *Store) Redeem(ctx context.Context, g storage.Grant, now time.Time) (storage.Grant, error) {
	n, err := s.write.Exec(ctx, s.hot.Redeem,
		g.ID, millis(g.ExpiresAt), g.SessionID, millis(g.SessionExpiresAt), g.ClientID, g.PersonID, g.Epoch,
		words(g.Scopes), millis(g.AuthTime), g.ACR, words(g.AMR), g.Claims, g.Offline, millis(g.CreatedAt), millis(now))
	if err != nil {
		return storage.Grant{}, err
	}
	if n == 0 {
		return storage.Grant{}, s.refuseRedeem(ctx, g, now)
	}
	g.Generation, g.EndedAt = 0, time.Time{}
	for _, t := range []*time.Time{&g.ExpiresAt, &g.SessionExpiresAt, &g.AuthTime, &g.CreatedAt} {
		*t = moment(millis(*t)) // as it was stored
	}
	return g, nil
}

// refuseRedeem ends the grant of a code that was redeemed before (RFC 6749 §4.1.2) and returns the reason.
func (s *Store) refuseRedeem(ctx context.Context, g storage.Grant, now time.Time) error {
	n, err := s.write.Exec(ctx, endGrant+` WHERE id = $1 AND expires_at = $2`, g.ID, millis(g.ExpiresAt), millis(now))
	switch {
	case err != nil:
		return err
	case n > 0:
		return storage.ErrUsed
	default:
		return storage.ErrEnded
	}
}

// endGrant keeps the moment of the first end.
const endGrant = `UPDATE grants SET ended_at = CASE WHEN ended_at = 0 THEN $3 ELSE ended_at END`

// Rotate implements [storage.Grants].
func (s *Store) Rotate(ctx context.Context, id []byte, expiresAt time.Time, generation int64, now time.Time) (storage.Grant, error) {
	row := newGrantRow(id, expiresAt)
	err := s.write.Row(ctx, s.hot.Rotate, []any{id, millis(expiresAt), generation, millis(now)}, row.dest()...)
	if errors.Is(err, sql.ErrNoRows) {
		return storage.Grant{}, s.refuseRotate(ctx, id, expiresAt, generation, now)
	}
	if err != nil {
		return storage.Grant{}, err
	}
	return row.grant(), nil
}

// refuseRotate ends the grant of a refresh token that was rotated before (RFC 9700 §4.14.2) and returns the reason.
func (s *Store) refuseRotate(ctx context.Context, id []byte, expiresAt time.Time, generation int64, now time.Time) error {
	n, err := s.write.Exec(ctx, endGrant+` WHERE id = $1 AND expires_at = $2 AND generation > $4`,
		id, millis(expiresAt), millis(now), generation)
	if err != nil {
		return err
	}
	if n > 0 {
		return storage.ErrUsed
	}
	var exists int64
	err = s.read.Row(ctx, `SELECT 1 FROM grants WHERE id = $1 AND expires_at = $2`, []any{id, millis(expiresAt)}, &exists)
	if err != nil {
		return found(err)
	}
	return storage.ErrEnded
}

// Grant implements [storage.Grants].
func (s *Store) Grant(ctx context.Context, id []byte, expiresAt, now time.Time) (storage.LiveGrant, error) {
	row := newGrantRow(id, expiresAt)
	var l storage.LiveGrant
	var region string
	var name []byte
	err := s.read.Row(ctx, s.hot.Grant, []any{id, millis(expiresAt), millis(now)},
		append(row.dest(), &region, &name, (*string)(&l.PersonStatus), &l.PersonEpoch, &l.PersonLeastACR, &l.SessionStands)...)
	if err != nil {
		return storage.LiveGrant{}, found(err)
	}
	l.Grant = row.grant()
	l.PersonRegion = region
	if l.PersonName, err = s.unsealText(name, "persons.name", l.PersonID); err != nil {
		return storage.LiveGrant{}, err
	}
	return l, nil
}

// EndGrant implements [storage.Grants].
func (s *Store) EndGrant(ctx context.Context, id []byte, expiresAt time.Time, clientID string, at time.Time) error {
	return one(ctx, s.write, storage.ErrNotFound, endGrant+` WHERE id = $1 AND expires_at = $2 AND client_id = $4`,
		id, millis(expiresAt), millis(at), clientID)
}

// grantRow is a row of grants as it is stored.
type grantRow struct {
	g                                              storage.Grant
	sessionExpiresAt, authTime, createdAt, endedAt int64
	scopes, amr                                    string
}

func newGrantRow(id []byte, expiresAt time.Time) *grantRow {
	return &grantRow{g: storage.Grant{ID: id, ExpiresAt: moment(millis(expiresAt))}}
}

func (r *grantRow) dest() []any {
	g := &r.g
	return []any{&g.SessionID, &r.sessionExpiresAt, &g.ClientID, &g.PersonID, &g.Epoch, &r.scopes, &r.authTime, &g.ACR,
		&r.amr, &g.Claims, &g.Offline, &g.Generation, &r.createdAt, &r.endedAt}
}

func (r *grantRow) grant() storage.Grant {
	g := r.g
	g.SessionExpiresAt, g.AuthTime = moment(r.sessionExpiresAt), moment(r.authTime)
	g.CreatedAt, g.EndedAt = moment(r.createdAt), moment(r.endedAt)
	g.Scopes, g.AMR = list(r.scopes), list(r.amr)
	return g
}
