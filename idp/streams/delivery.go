package streams

import (
	"math/rand/v2"
	"sync/atomic"
	"time"

	"manyou/storage"
)

// delivery is what this node remembers of a stream, to spare repetition.
type delivery struct {
	// busy is set while somebody tells; what follows is theirs alone meanwhile.
	busy     atomic.Bool
	scanned  int64 // all up to it was acknowledged, or is not for this one
	repeated time.Time
	began    time.Time // when it was last told
	failures int
	failing  time.Time // since when it fails, without a success
	next     time.Time
}

func (s *Streams) delivery(t storage.Stream) *delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.states[t.ID]
	if !ok || d.repeated.Before(t.RepeatedAt) { // set back since: who still tells by what was read before is refused when it acknowledges
		d = &delivery{repeated: t.RepeatedAt}
		s.states[t.ID] = d
	}
	return d
}

// forget drops what is remembered of streams that this node does not tell now: how one failed before it was paused, or before another node told
// it, says nothing about the next time.
func (s *Streams) forget(told []storage.Stream) {
	keep := map[string]bool{}
	for _, t := range told {
		keep[t.ID] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, d := range s.states {
		if !keep[id] && !d.busy.Load() {
			delete(s.states, id)
		}
	}
}

// failed notes that a receiver was told in vain, and leaves it alone for a while.
func (d *delivery) failed(now time.Time, to Receiver) {
	if d.failures++; d.failures == 1 {
		d.failing = now
	}
	d.next = now.Add(to.later(d.failures))
}

// later is how long a receiver that failed is left alone: twice as long each time, and never all at once.
func (to Receiver) later(failures int) time.Duration {
	most := laterMax
	if to.Links != "" {
		most = laterRegion
	}
	wait := min(500*time.Millisecond<<min(failures-1, 10), most)
	return wait/2 + rand.N(wait/2+1) //nolint:gosec // spreads load, hides nothing
}
