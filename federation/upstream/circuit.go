package upstream

import (
	"sync"
	"time"
)

// How often an issuer may fail in a row before it is left alone, and for how long.
const (
	failuresToOpen = 5
	openFor        = 5 * time.Second
)

// circuit leaves an issuer alone that fails again and again, so that a dead province does not hold every request for the
// whole time-out.
type circuit struct {
	mu        sync.Mutex
	failures  int
	openUntil time.Time
}

// allow returns ErrUnreachable while the issuer is left alone. After that one request may probe it, and another one each
// time that openFor has passed without an answer.
func (c *circuit) allow(now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failures < failuresToOpen {
		return nil
	}
	if now.Before(c.openUntil) {
		return ErrUnreachable
	}
	c.openUntil = now.Add(openFor) // the others wait while this one probes
	return nil
}

// failed counts a failure and reports whether it opened the circuit.
func (c *circuit) failed(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failures++; c.failures >= failuresToOpen {
		c.openUntil = now.Add(openFor)
	}
	return c.failures == failuresToOpen
}

// succeeded closes the circuit and reports whether it was open.
func (c *circuit) succeeded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	open := c.failures >= failuresToOpen
	c.failures = 0
	return open
}
