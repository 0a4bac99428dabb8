package upstream

import (
	"context"
	"sync"
	"time"
)

// How long a document of another issuer is believed, and how soon it is asked for again.
const (
	freshFor   = 10 * time.Minute
	usableFor  = 2 * time.Hour    // while it cannot be fetched anew
	retryAfter = 2 * time.Second  // a failure
	cooldown   = 10 * time.Second // between renewals on demand
)

// cached is a document of another issuer. It is fetched at first use, so that an issuer which is down stops nobody from
// starting, and by one request however many wait for it.
type cached[T any] struct {
	fetch func(context.Context) (T, error)
	clock func() time.Time
	// stale hears why a document that is there could not be fetched anew.
	stale func(error)

	mu         sync.Mutex
	value      T
	generation uint64 // of value; 0 if there is none
	fetchedAt  time.Time
	failure    error     // of the last attempt; nil if it succeeded
	retryAt    time.Time // not before, after a failure
	renewAt    time.Time // not on demand before
	flight     *flight   // nil if nobody is fetching
}

// flight is one fetch that is under way. err is set before done is closed.
type flight struct {
	done chan struct{}
	err  error
}

// get returns the document and its generation. A stale one is returned at once while a fresh one is fetched behind.
func (c *cached[T]) get(ctx context.Context) (T, uint64, error) {
	now := c.clock()
	c.mu.Lock()
	age, waiting := now.Sub(c.fetchedAt), now.Before(c.retryAt)
	usable := c.generation > 0 && age < usableFor
	switch {
	case usable:
		defer c.mu.Unlock()
		if age >= freshFor && !waiting {
			c.join(ctx)
		}
		return c.value, c.generation, nil
	case waiting, c.failure != nil && c.flight != nil:
		// It failed a moment ago, or another request is trying again: that one may wait, the others need not.
		defer c.mu.Unlock()
		var none T
		return none, 0, c.failure
	}
	f := c.join(ctx)
	c.mu.Unlock()
	return c.wait(ctx, f)
}

// renew fetches the document anew because the one of that generation does not serve. Within a cooldown of the last time
// it returns what there is.
func (c *cached[T]) renew(ctx context.Context, seen uint64) (T, uint64, error) {
	now := c.clock()
	c.mu.Lock()
	if c.generation != seen || c.flight == nil && (now.Before(c.renewAt) || now.Before(c.retryAt)) {
		defer c.mu.Unlock()
		return c.value, c.generation, nil
	}
	if c.flight == nil {
		c.renewAt = now.Add(cooldown)
	}
	f := c.join(ctx)
	c.mu.Unlock()
	return c.wait(ctx, f)
}

// join returns the fetch that is under way, and starts one if there is none. The caller holds the lock. The fetch outlives
// its caller, since others may wait for it; the time-out of the client ends it.
func (c *cached[T]) join(ctx context.Context) *flight {
	if c.flight == nil {
		c.flight = &flight{done: make(chan struct{})}
		go c.fly(context.WithoutCancel(ctx), c.flight)
	}
	return c.flight
}

func (c *cached[T]) fly(ctx context.Context, f *flight) {
	value, err := c.fetch(ctx)
	c.mu.Lock()
	old := c.generation > 0
	if err != nil {
		c.failure, c.retryAt = err, c.clock().Add(retryAfter)
	} else {
		c.value, c.fetchedAt, c.failure, c.retryAt = value, c.clock(), nil, time.Time{}
		c.generation++
	}
	c.flight, f.err = nil, err
	c.mu.Unlock()
	close(f.done)
	if err != nil && old {
		c.stale(err)
	}
}

func (c *cached[T]) wait(ctx context.Context, f *flight) (T, uint64, error) {
	var none T
	select {
	case <-ctx.Done():
		return none, 0, abandoned(ctx)
	case <-f.done:
	}
	if f.err != nil {
		return none, 0, f.err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.value, c.generation, nil
}
