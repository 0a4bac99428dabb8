package register

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
)

// unavailable turns the error of an HTTP client into ErrUnavailable with a cause an operator can act on. Of the
// client's own error only known kinds go in: others quote what the peer sent, which may repeat the claim.
func unavailable(err error) error {
	var (
		timeout     net.Error
		operation   *net.OpError
		certificate *tls.CertificateVerificationError
	)
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%w: %w", ErrUnavailable, context.Canceled)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("%w: %w", ErrUnavailable, context.DeadlineExceeded)
	case errors.As(err, &operation): // names the step, the address and the system's error
		return fmt.Errorf("%w: %w", ErrUnavailable, operation)
	case errors.As(err, &certificate):
		return fmt.Errorf("%w: %w", ErrUnavailable, certificate)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: the connection was closed before the answer ended", ErrUnavailable)
	default:
		return fmt.Errorf("%w: the answer is not HTTP, or breaks a bound", ErrUnavailable)
	}
}
