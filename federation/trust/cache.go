package trust

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// retryAfter is how long whoever could not be reached is left alone.
	retryAfter = 5 * time.Second
	// maxStatements bounds what is remembered. Past it, what has expired is forgotten, and then anything.
	maxStatements = 400_000
)

// statements remembers what entities said, unverified: a signature is checked within a chain.
type statements struct {
	fetch   Fetcher
	clock   func() time.Time
	refresh time.Duration

	mu     sync.RWMutex
	known  map[string]heard
	flight singleflight.Group
}

type heard struct {
	statement *Statement
	next      time.Time // when to ask again
}

func newStatements(f Fetcher, clock func() time.Time, refresh time.Duration) *statements {
	return &statements{fetch: f, clock: clock, refresh: refresh, known: map[string]heard{}}
}

// get returns the statement of an issuer about a subject that stands at an address. It is fetched once, however many wait. Where
// it cannot be fetched, what was said before goes on until it expires.
func (s *statements) get(ctx context.Context, address, issuer, subject string) (*Statement, error) {
	key := issuer + " " + subject
	now := s.clock()
	s.mu.RLock()
	h, ok := s.known[key]
	s.mu.RUnlock()
	if ok && now.Before(h.next) && h.statement.current(now) == nil {
		return h.statement, nil
	}
	type result struct {
		statement *Statement
		err       error
	}
	// Who gives up must not fail those who wait with them.
	done := s.flight.DoChan(key, func() (any, error) {
		got, err := s.ask(context.WithoutCancel(ctx), address, issuer, subject)
		return result{got, err}, nil
	})
	select {
	case <-ctx.Done():
		return nil, errors.Join(ErrUnreachable, ctx.Err())
	case r := <-done:
		got := r.Val.(result)
		return got.statement, got.err
	}
}

func (s *statements) ask(ctx context.Context, address, issuer, subject string) (*Statement, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	key := issuer + " " + subject
	raw, err := s.fetch.Fetch(ctx, address, "application/"+TypeStatement)
	var got *Statement
	if err == nil {
		if got, err = Parse(raw); err == nil && (got.Issuer != issuer || got.Subject != subject) {
			err = untrusted("%s answers with a statement of another, or about another", issuer)
		}
	}
	now := s.clock()
	if err == nil {
		err = got.current(now)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch before, ok := s.known[key]; {
	case err == nil:
		s.makeRoom(now)
		s.known[key] = heard{got, now.Add(s.refresh)}
		return got, nil
	case ok && errors.Is(err, ErrUnreachable) && before.statement.current(now) == nil:
		before.next = now.Add(retryAfter)
		s.known[key] = before
		return before.statement, nil
	}
	delete(s.known, key)
	return nil, err
}

func (s *statements) drop(issuer, subject string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.known, issuer+" "+subject)
}

func (s *statements) makeRoom(now time.Time) {
	if len(s.known) < maxStatements {
		return
	}
	for key, h := range s.known {
		if h.statement.current(now) != nil {
			delete(s.known, key)
		}
	}
	for key := range s.known {
		if len(s.known) < maxStatements*9/10 {
			return
		}
		delete(s.known, key)
	}
}
