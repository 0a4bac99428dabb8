package otp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
)

// connectionError is a connection that failed before an answer arrived, so that another try may help.
type connectionError struct{ cause error }

func (e *connectionError) Error() string { return e.cause.Error() }
func (e *connectionError) Unwrap() error { return e.cause }

// unavailable turns the error of an HTTP client into ErrUnavailable with a cause an operator can act on. Of the
// client's own error only known kinds go in: others quote what the peer sent, and that may be the message itself, or
// the URL, which may hold a secret.
func unavailable(err error) error {
	var (
		timeout     net.Error
		operation   *net.OpError
		certificate *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &operation): // names the step, the address and the system's error
		return fmt.Errorf("%w: %w", ErrUnavailable, &connectionError{operation})
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%w: %w", ErrUnavailable, context.Canceled)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", ErrUnavailable, context.DeadlineExceeded)
	case errors.As(err, &certificate):
		return fmt.Errorf("%w: %w", ErrUnavailable, certificate)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: %w", ErrUnavailable, &connectionError{errors.New("the connection was closed without an answer")})
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("%w: %w", ErrUnavailable, context.DeadlineExceeded)
	default:
		return fmt.Errorf("%w: the answer is not HTTP, or breaks a bound", ErrUnavailable)
	}
}
