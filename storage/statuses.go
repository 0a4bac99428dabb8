package storage

import (
	"context"
	"time"
)

// TokenStatus is the place of one access token in a status list.
type TokenStatus struct {
	// ListExpiresAt is when the list ceases to be, and its only name.
	ListExpiresAt time.Time
	Index         int
	ClientID      string
	// Grant is what the token rests on; nil if it rests on none.
	Grant *Grant
	// RevokedAs and TokenID are the kind and the value under which [Replays] remember, until TokenExpiresAt, that the token was revoked by
	// itself; "" if its grant ends instead.
	RevokedAs, TokenID string
	TokenExpiresAt     time.Time
}

// StatusListKept bounds how long a status list is there.
const StatusListKept = 30 * time.Minute

// TokenStatuses are the status lists of access tokens, for applications that asked for them.
type TokenStatuses interface {
	// AddTokenStatus gives a token its place, in one durable statement. ErrConflict if the place is taken. The token was issued, on a grant
	// that stood, not longer than StatusListKept before the list ceases to be.
	AddTokenStatus(ctx context.Context, t TokenStatus) error
	// DeadTokens lists, in order, the places of a list whose tokens are not good at now: the grant, or anything that it rests on, does not
	// stand, the token was revoked, or no published application has its client ID. One read.
	DeadTokens(ctx context.Context, listExpiresAt, now time.Time) ([]int, error)
}
