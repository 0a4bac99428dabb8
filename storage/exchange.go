package storage

import (
	"context"
	"time"
)

// ExchangesKept is how long the record of an exchange is kept at least.
const ExchangesKept = 400 * 24 * time.Hour

// Exchange is the record of a token that was exchanged, or was not.
type Exchange struct {
	// Tokens are the SHA-256 of the tokens that it can be found by: what was presented, what was given.
	Tokens [][]byte
	ID     string
	At     time.Time
	Detail []byte // why, as JSON; sealed at rest
}

// Exchanges are the records of exchanges. They are dropped some time after [ExchangesKept].
type Exchanges interface {
	// AddGrant writes a grant that rests on no session, but on its person and on the word of other issuers, in one durable statement: it
	// must be offline and name its issuer. ErrEnded if the person is not active, or of another epoch, or if one of those issuers is
	// suspended; ErrUsed if there is a grant of its ID.
	AddGrant(ctx context.Context, g Grant) error
	// PutExchange writes a record, durably.
	PutExchange(ctx context.Context, e Exchange) error
	// ExchangesOf lists the records that a token is found in, newest first, at most limit. One read.
	ExchangesOf(ctx context.Context, token []byte, limit int) ([]Exchange, error)
}
