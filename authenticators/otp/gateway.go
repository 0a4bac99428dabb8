package otp

import (
	"context"
	"errors"
)

var (
	// ErrUnavailable reports that a gateway could not be reached, took too long or made no sense. The same request
	// may succeed later.
	ErrUnavailable = errors.New("otp: gateway unavailable")
	// ErrRefused reports that a gateway understood the message and will not deliver it.
	ErrRefused = errors.New("otp: message refused by the gateway")
)

// Gateway hands messages to a carrier.
type Gateway interface {
	// Send returns nil once the gateway has accepted the message for delivery; it does not wait for the phone.
	//
	// One call delivers at most one message: a gateway that retries by itself marks both tries as the same
	// message. Another call is another message, even with equal content. After an error the message may
	// have been delivered or not. Send ends soon after ctx does, and in bounded time if ctx never does. It is safe
	// for concurrent use.
	//
	// An error is ErrRefused or ErrUnavailable, wrapped, and holds neither the phone number nor the code.
	Send(ctx context.Context, m Message) error
}
