package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"syscall"
)

var (
	// ErrUnreachable reports that the issuer cannot be reached, or has failed so often that it is left alone.
	ErrUnreachable = errors.New("upstream: unreachable")
	// ErrSlow reports that the issuer did not answer in time.
	ErrSlow = errors.New("upstream: too slow")
	// ErrMisbehaved reports an answer that must not be relied on.
	ErrMisbehaved = errors.New("upstream: misbehaved")
)

// RefusedError is an error that the issuer sent in due form (OpenID Connect Core §3.1.2.6): "login_required",
// "access_denied". Code has the form of an error code and is otherwise what came in an address, so it may be anything; the
// text of the error repeats it only if a specification knows it.
type RefusedError struct{ Code string }

func (e *RefusedError) Error() string { return "upstream: refused: " + known(e.Code) }

// errorCodes are those of RFC 6749 §4.1.2.1 and §5.2 and of OpenID Connect Core §3.1.2.6.
var errorCodes = []string{
	"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope",
	"access_denied", "unsupported_response_type", "server_error", "temporarily_unavailable", "interaction_required",
	"login_required", "account_selection_required", "consent_required", "invalid_request_uri", "invalid_request_object",
	"request_not_supported", "request_uri_not_supported", "registration_not_supported",
}

// known keeps other words than error codes out of our errors: whoever sends them could make them a code or a number.
func known(code string) string {
	if slices.Contains(errorCodes, code) {
		return code
	}
	return "an error of its own"
}

// misbehaved says what was wrong, in words of ours: what the other side wrote is not repeated.
func misbehaved(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrMisbehaved}, args...)...)
}

// transportError sorts what the network said. It repeats addresses at most, never a URL or a header: there may be a code
// in it.
func transportError(err error) error {
	var (
		network     net.Error
		operation   *net.OpError
		resolution  *net.DNSError
		certificate *tls.CertificateVerificationError
	)
	switch {
	case errors.Is(err, errRedirect):
		return misbehaved("%w", errRedirect)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return ErrSlow
	case errors.As(err, &certificate):
		return misbehaved("the certificate does not hold")
	case errors.As(err, &resolution):
		return fmt.Errorf("%w: %w", ErrUnreachable, resolution)
	case errors.As(err, &operation):
		return fmt.Errorf("%w: %w", ErrUnreachable, operation)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return fmt.Errorf("%w: the connection broke", ErrUnreachable)
	}
	return misbehaved("the answer is no HTTP")
}

// abandoned is the error of a request whose own caller stopped waiting. It says nothing about the other issuer, unless
// time ran out.
func abandoned(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ErrSlow
	}
	return fmt.Errorf("upstream: given up: %w", ctx.Err())
}
