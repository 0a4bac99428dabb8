package upstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
)

var (
	// ErrUnreachable reports that the issuer cannot be reached, or has failed so often that it is left alone.
	ErrUnreachable = errors.New("upstream: unreachable")
	// ErrSlow reports that the issuer did not answer in time.
	ErrSlow = errors.New("upstream: too slow")
	// ErrMisbehaved reports an answer that must not be relied on.
	ErrMisbehaved = errors.New("upstream: misbehaved")
)

// RefusedError is an error that the issuer sent in due form (OpenID Connect Core §3.1.2.6).
type RefusedError struct{ Code string }

func (e *RefusedError) Error() string { return "upstream: refused: " + e.Code }

func misbehaved(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrMisbehaved, fmt.Errorf(format, args...))
}

// transportError sorts what the network said. It carries no URL: there may be a code in it.
func transportError(err error) error {
	var network net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout() {
		return ErrSlow
	}
	var inURL *url.Error
	if errors.As(err, &inURL) {
		err = inURL.Err
	}
	if errors.Is(err, errForeignRedirect) {
		return misbehaved("%w", err)
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}
