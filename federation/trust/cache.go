package trust

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// retryAfter is how long whoever could not be reached is left alone.
	retryAfter = 5 * time.Second
	// quietFor is how long an issuer that was silent is not waited for: what it said before is used, and it is asked behind.
	quietFor = 30 * time.Second
	// patience is how long one resolution waits in all for newer statements than those that it has.
	patience = time.Second
	// maxRefreshing bounds the statements that are asked for anew at once.
	maxRefreshing = 64
)

// statements remembers what entities said, unverified: a signature is checked within a chain. What stood in a chain that held is
// kept and asked for again; of anything else only so much as those who wait for the same need.
type statements struct {
	fetch   Fetcher
	clock   func() time.Time
	refresh time.Duration
	// withdrawn is told that an issuer has no statement about a subject any more.
	withdrawn  func(subject string)
	refreshing chan struct{}

	mu      sync.RWMutex
	known   kept
	recent  recent
	silent  map[string]time.Time // issuers in chains that held, and when they did not answer
	doubted map[string]time.Time // what was dropped is asked for again before this
	drops   int
	flight  singleflight.Group
}

func newStatements(f Fetcher, clock func() time.Time, refresh time.Duration, budget int, withdrawn func(subject string)) *statements {
	return &statements{
		fetch: f, clock: clock, refresh: refresh, withdrawn: withdrawn, refreshing: make(chan struct{}, maxRefreshing),
		known:  kept{all: map[string]heard{}, budget: budget},
		recent: recent{all: map[string]heard{}}, silent: map[string]time.Time{}, doubted: map[string]time.Time{},
	}
}

func keyOf(issuer, subject string) string { return issuer + " " + subject }

// get returns the statement of an issuer about a subject that stands at an address. It is fetched once, however many wait. What was
// said before and has not expired is used if nothing newer comes before waiting ends; where nothing is known, ctx bounds the wait.
func (s *statements) get(ctx, waiting context.Context, address, issuer, subject string) (*Statement, error) {
	key, now := keyOf(issuer, subject), s.clock()
	before, ok := s.lookup(key, now)
	if ok && now.Before(before.next) {
		return before.parsed()
	}
	resting, quiet := s.quiet(issuer, now)
	switch {
	case resting && ok:
		return before.parsed()
	case resting:
		return nil, unreachable(issuer, errSilent)
	case quiet:
		s.probe(issuer, now)
	}
	// Who gives up must not fail those who wait with them.
	done := s.flight.DoChan(key, func() (any, error) {
		return s.ask(context.WithoutCancel(ctx), address, issuer, subject, ok)
	})
	if !ok {
		select {
		case <-ctx.Done():
			return nil, errors.Join(ErrUnreachable, ctx.Err())
		case r := <-done:
			got, _ := r.Val.(*Statement)
			return got, r.Err
		}
	}
	if quiet {
		return before.parsed()
	}
	select {
	case <-waiting.Done():
		s.slow(issuer, now)
	case r := <-done:
		if got, _ := r.Val.(*Statement); r.Err == nil {
			return got, nil
		}
		if errors.Is(r.Err, ErrNotFound) {
			return nil, r.Err
		}
	}
	return before.parsed() // not expired a moment ago: the chain is checked against the time once more
}

// lookup finds what is known and current.
func (s *statements) lookup(key string, now time.Time) (heard, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	h, ok := s.known.all[key]
	if !ok {
		if h, ok = s.recent.all[key]; ok && !now.Before(h.next) {
			return heard{}, false
		}
	}
	return h, ok && now.Before(time.Unix(h.expires, 0))
}

// quiet reports whether an issuer did not answer lately: it is left alone for a moment, and then not waited for.
func (s *statements) quiet(issuer string, now time.Time) (resting, quiet bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	at, ok := s.silent[issuer]
	return ok && now.Before(at.Add(retryAfter)), ok && now.Before(at.Add(quietFor))
}

// probe lets one ask a silent issuer, and the others leave it alone meanwhile.
func (s *statements) probe(issuer string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isSilent(issuer, now)
}

// slow notes that an issuer let those wait who have an older word of it: the next ones do not.
func (s *statements) slow(issuer string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.silent[issuer]; !ok {
		s.isSilent(issuer, now.Add(-retryAfter))
	}
}

// maxSilent bounds what is remembered of the silent.
const maxSilent = 10_000

func (s *statements) isSilent(issuer string, now time.Time) {
	if len(s.silent) >= maxSilent {
		maps.DeleteFunc(s.silent, func(_ string, at time.Time) bool { return !now.Before(at.Add(quietFor)) })
	}
	if len(s.silent) < maxSilent {
		s.silent[issuer] = now
	}
}

// anySilent reports whether one of some issuers did not answer lately.
func (s *statements) anySilent(issuers []string, now time.Time) bool {
	for _, id := range issuers {
		if _, quiet := s.quiet(id, now); quiet {
			return true
		}
	}
	return false
}

// ask fetches a statement. Only the issuer's own word that there is none ends what it said before; any other answer, of itself or of
// whatever stands in front of it, leaves that as it was.
func (s *statements) ask(ctx context.Context, address, issuer, subject string, again bool) (*Statement, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	if again { // of those who are asked for the first time, resolutions are bounded
		select {
		case s.refreshing <- struct{}{}:
			defer func() { <-s.refreshing }()
		case <-ctx.Done():
			return nil, errors.Join(ErrUnreachable, ctx.Err())
		}
	}
	s.mu.RLock()
	drops := s.drops
	s.mu.RUnlock()
	began := s.clock()
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
	if s.heard(issuer, subject, got, err, began, drops) {
		s.withdrawn(subject)
	}
	if err != nil {
		return nil, err
	}
	return got, nil
}

// heard takes up what became of asking, and reports whether what was known is withdrawn by it.
func (s *statements) heard(issuer, subject string, got *Statement, err error, began time.Time, drops int) (withdrawn bool) {
	key, now := keyOf(issuer, subject), s.clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	before, ok := s.known.all[key]
	if !errors.Is(err, errSilent) {
		delete(s.silent, issuer)
	} else if _, familiar := s.known.all[keyOf(issuer, issuer)]; familiar {
		s.isSilent(issuer, began)
	}
	switch {
	case drops != s.drops: // it may be what was dropped
	case err == nil && ok:
		s.known.drop(key)
		s.known.makeRoom(len(got.raw), now) // it may be longer than it was
		s.known.put(key, s.heardNow(key, got, now, before.lasting))
	case err == nil:
		s.recent.put(key, heard{raw: got.raw, statement: got, expires: got.Expires, at: now, next: now.Add(resolveTimeout)})
	case ok && errors.Is(err, ErrNotFound):
		s.known.drop(key)
		return true
	case ok:
		before.next = now.Add(retryAfter)
		s.known.all[key] = before
	}
	return false
}

// heardNow is a statement with the time to ask for it again.
func (s *statements) heardNow(key string, got *Statement, at time.Time, lasting bool) heard {
	h := heard{raw: got.raw, expires: got.Expires, at: at, next: at.Add(s.refresh), lasting: lasting}
	if doubt, ok := s.doubted[key]; ok && at.Before(doubt) && doubt.Before(h.next) {
		h.next = doubt
	}
	if lasting {
		h.statement = got
	}
	return h
}

// keep remembers statements of a chain that held. Those of superiors last longest, and stay parsed: they stand in many chains.
func (s *statements) keep(all []*Statement, lasting func(*Statement) bool) {
	now := s.clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, got := range all {
		key := keyOf(got.Issuer, got.Subject)
		before, ok := s.known.all[key]
		at := now
		if r, is := s.recent.all[key]; is && r.raw == got.raw {
			at = r.at
			s.recent.drop(key)
		}
		switch lasts := lasting(got) || ok && before.lasting; {
		case ok && before.raw == got.raw && before.lasting == lasts:
		case ok && before.raw == got.raw:
			before.lasting, before.statement = lasts, got
			s.known.all[key] = before
		case !ok || before.at.Before(at):
			s.known.makeRoom(len(got.raw), now)
			s.known.put(key, s.heardNow(key, got, at, lasts))
		}
	}
}

// maxDoubted bounds what is remembered of what was dropped.
const maxDoubted = 1000

// drop forgets a statement. Its issuer may have several nodes, of which one has yet to hear the news: the next answer is believed for
// a short time only.
func (s *statements) drop(issuer, subject string) {
	key, now := keyOf(issuer, subject), s.clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known.drop(key)
	s.recent.drop(key)
	s.flight.Forget(key)
	s.drops++
	if len(s.doubted) >= maxDoubted {
		clear(s.doubted)
	}
	s.doubted[key] = now.Add(retryAfter)
}

// holds reports whether all of some statements are known still: none was withdrawn.
func (s *statements) holds(keys []string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, key := range keys {
		if _, ok := s.known.all[key]; !ok {
			return false
		}
	}
	return true
}

// nextOf is when the first of some statements is asked for again, if that is before another time.
func (s *statements) nextOf(keys []string, until time.Time) time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, key := range keys {
		if h, ok := s.known.all[key]; ok && h.next.Before(until) {
			until = h.next
		}
	}
	return until
}

// knows reports whether an entity stood in a chain that held.
func (s *statements) knows(id string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, ok := s.known.all[keyOf(id, id)]
	return ok
}
