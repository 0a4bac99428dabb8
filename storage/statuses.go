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
	// GrantID and GrantExpiresAt name the grant that the token rests on; nil if it rests on none.
	GrantID        []byte
	GrantExpiresAt time.Time
	// RevokedAs and TokenID are the kind and the value under which [Replays] remember, until TokenExpiresAt, that the token was revoked by
	// itself.
	RevokedAs, TokenID string
	TokenExpiresAt     time.Time
}

// TokenStatuses are the status lists of access tokens, for applications that asked for them.
type TokenStatuses interface {
	// AddTokenStatus gives a token its place, in one durable statement. ErrConflict if the place is taken.
	AddTokenStatus(ctx context.Context, t TokenStatus) error
	// DeadTokens lists, in order, the places of a list whose tokens are not good at now: the grant, or anything that it rests on, does not
	// stand, the token was revoked, or no published application has its client ID. One read.
	DeadTokens(ctx context.Context, listExpiresAt, now time.Time) ([]int, error)
}
