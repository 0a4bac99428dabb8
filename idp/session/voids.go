package session

import (
	"context"
	"encoding/binary"
	"hash/maphash"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"manyou/storage"
)

const (
	// voidsAge is how long what is known of voids is relied on, and so how long an end at another node takes to be
	// noticed here. A reading that failed is not tried again any sooner.
	voidsAge = 250 * time.Millisecond
	// voidsOverlap is read twice, for what was committed late or by a node whose clock is not ours.
	voidsOverlap = 10 * time.Second
	// maxVoids bounds what is read at once. What lies before a reading that met it is not known.
	maxVoids = 100_000
)

// voids knows what ceased to stand since this node first asked, at any node. However many requests want to know, it is
// read once for all of them.
//
// Marks are kept in two generations, so that old ones go without being looked for. A mark may be another's that looks
// the same: it costs a read and nothing else.
type voids struct {
	store  Store
	clock  func() time.Time
	logger *slog.Logger
	seed   maphash.Seed
	flight singleflight.Group

	mu             sync.RWMutex
	knownFrom      time.Time // everything since then is marked; zero: nothing is known
	readAt         time.Time // when the last reading that succeeded began
	triedAt        time.Time // when the last reading began, which may have failed
	marks, earlier map[uint64]struct{}
	marksSince     time.Time
}

func newVoids(s Store, clock func() time.Time, logger *slog.Logger) *voids {
	return &voids{store: s, clock: clock, logger: logger, seed: maphash.MakeSeed(), marks: map[uint64]struct{}{}}
}

// exclude reports whether a session that stood at a time is known to stand still.
func (v *voids) exclude(ctx context.Context, s storage.Session, stoodAt time.Time) bool {
	v.mu.RLock()
	now := v.clock()
	due := now.Sub(v.triedAt) >= voidsAge || now.Before(v.triedAt)
	v.mu.RUnlock()
	if due {
		// A request that gives up must not fail those that wait with it.
		_, _, _ = v.flight.Do("", func() (any, error) { v.read(context.WithoutCancel(ctx)); return nil, nil })
	}
	session, person := v.ofSession(s.ID), v.ofPerson(s.PersonID)
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.knownFrom.IsZero() || stoodAt.Before(v.knownFrom) || v.readAt.Before(v.triedAt) {
		return false
	}
	for _, marks := range []map[uint64]struct{}{v.marks, v.earlier} {
		_, ended := marks[session]
		_, changed := marks[person]
		if ended || changed {
			return false
		}
	}
	return true
}

// read marks what ceased to stand since the last reading.
func (v *voids) read(ctx context.Context) {
	now := v.clock()
	v.mu.RLock()
	since := v.readAt
	v.mu.RUnlock()
	if since.IsZero() || since.After(now) {
		since = now
	}
	list, err := v.store.VoidedSince(ctx, since.Add(-voidsOverlap), maxVoids)
	defer func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.triedAt = now
	}()
	if err != nil {
		v.logger.ErrorContext(ctx, "what ceased to stand cannot be read; every session is read instead", "cause", err)
		return
	}
	for _, void := range list {
		if void.SessionID != nil {
			v.mark(v.ofSession(void.SessionID))
		} else {
			v.mark(v.ofPerson(void.PersonID))
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.knownFrom.IsZero() || len(list) == maxVoids {
		v.knownFrom = now.Truncate(time.Millisecond) // as a browser carries it
	}
	v.readAt = now
}

// mark keeps a mark for longer than any browser's word is taken.
func (v *voids) mark(m uint64) {
	now := v.clock()
	v.mu.Lock()
	defer v.mu.Unlock()
	if now.Sub(v.marksSince) > standingLife+2*voidsOverlap {
		v.marks, v.earlier, v.marksSince = map[uint64]struct{}{}, v.marks, now
	}
	v.marks[m] = struct{}{}
}

// ofSession takes the mark from the identifier, which is a hash already.
func (v *voids) ofSession(id []byte) uint64 { return binary.BigEndian.Uint64(id) }

func (v *voids) ofPerson(id string) uint64 { return maphash.String(v.seed, id) }
