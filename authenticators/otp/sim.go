package otp

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Errors about SIM changes. None holds the number.
var (
	// ErrSIMUnknown reports that whoever was asked does not know the number's SIM: another network's, or one that keeps
	// no record. It is an answer, and will be the same later; [ErrUnavailable] is none.
	ErrSIMUnknown = errors.New("otp: SIM change unknown")
	// ErrSIMChanged reports that a code was not sent, because the number's SIM changed lately.
	ErrSIMChanged = errors.New("otp: the SIM changed lately")
)

// SIMChange is when the SIM card behind a number last changed: by theft of the number, but also with a new phone or a
// new owner.
type SIMChange struct {
	// At is the time of the last change; zero if there was none as far back as is known.
	At time.Time
	// Monitored says how far back that is, where At is zero.
	Monitored time.Duration
}

// SIMChanges knows when the SIM behind a number changed.
type SIMChanges interface {
	// LastSIMChange asks for the last change. An error is ErrSIMUnknown or ErrUnavailable, wrapped, and does not hold
	// the number. It ends soon after ctx does, and in bounded time if ctx never does. It is safe for concurrent use.
	LastSIMChange(ctx context.Context, phone string) (SIMChange, error)
}

// Bounds of a SIMPolicy.
const (
	minSIMWindow = time.Hour
	maxSIMWindow = 100 * 24 * time.Hour // what operators look back at least that look back at all
)

// SIMPolicy says when a code is not sent.
type SIMPolicy struct {
	// Window is how long after a change no code is sent: 1 hour to 100 days.
	Window time.Duration
	// SendIfUnknown and SendIfUnavailable send the code all the same when nobody knows of the number's SIM, and when
	// nobody can be asked.
	SendIfUnknown, SendIfUnavailable bool
}

// SIMGuard is a gateway that asks, before it hands on a message, whether the number's SIM changed lately. So a number
// that was just moved to a thief's card receives no code.
type SIMGuard struct {
	next    Gateway
	changes SIMChanges
	policy  SIMPolicy
	now     func() time.Time
}

var _ Gateway = (*SIMGuard)(nil)

// NewSIMGuard puts a guard in front of a gateway.
func NewSIMGuard(next Gateway, changes SIMChanges, p SIMPolicy, now func() time.Time) (*SIMGuard, error) {
	if p.Window < minSIMWindow || p.Window > maxSIMWindow {
		return nil, fmt.Errorf("otp: a SIM window of %s is not between %s and %s", p.Window, minSIMWindow, maxSIMWindow)
	}
	if next == nil || changes == nil || now == nil {
		return nil, errors.New("otp: a SIM guard needs a gateway, somebody to ask and a clock")
	}
	return &SIMGuard{next: next, changes: changes, policy: p, now: now}, nil
}

// Send hands on the message if [SIMGuard.Check] allows. Its errors are also [ErrRefused] where the SIM changed or is
// unknown.
func (g *SIMGuard) Send(ctx context.Context, m Message) error {
	switch err := g.Check(ctx, m.Phone); {
	case errors.Is(err, ErrSIMChanged), errors.Is(err, ErrSIMUnknown):
		return fmt.Errorf("%w: %w", ErrRefused, err)
	case err != nil:
		return err
	}
	return g.next.Send(ctx, m)
}

// Check asks whether a code may be sent to a number now, so that a page can offer something else before it promises
// one. An error is ErrSIMChanged; ErrSIMUnknown or ErrUnavailable, if the policy does not send then; or ErrPhone.
func (g *SIMGuard) Check(ctx context.Context, phone string) error {
	if !validPhone(phone) {
		return ErrPhone
	}
	change, err := g.changes.LastSIMChange(ctx, phone)
	switch {
	case errors.Is(err, ErrSIMUnknown):
		return unless(g.policy.SendIfUnknown, err)
	case err != nil:
		return unless(g.policy.SendIfUnavailable, err)
	case !change.At.IsZero() && g.now().Sub(change.At) < g.policy.Window:
		return ErrSIMChanged
	case change.At.IsZero() && change.Monitored < g.policy.Window:
		return unless(g.policy.SendIfUnknown, fmt.Errorf("%w: nobody looks back as far", ErrSIMUnknown))
	}
	return nil
}

// unless returns the error unless it does not matter.
func unless(allowed bool, err error) error {
	if allowed {
		return nil
	}
	return err
}
