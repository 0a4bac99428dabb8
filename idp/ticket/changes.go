package ticket

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"manyou/storage"
)

const (
	// lookEvery is how often a node with somebody waiting asks what changed: once for all who wait there.
	lookEvery = 250 * time.Millisecond
	// lookOverlap is asked for twice, for what was committed late or by a node whose clock is not ours.
	lookOverlap = 5 * time.Second
	// maxChanges bounds one answer. Whoever waits for what lies beyond it learns by the next heartbeat's reload.
	maxChanges = 10_000
	// heartbeat keeps proxies from closing a connection on which nothing happens.
	heartbeat = 20 * time.Second
	// maxWait ends a wait; the browser comes back by itself.
	maxWait = 10 * time.Minute
	// maxStreams bounds the streams of a node, and maxStreamsOfTicket those of one page with its reloads: each is a connection that stays. A page
	// without a stream asks again by itself.
	maxStreams         = 50_000
	maxStreamsOfTicket = 8
)

// Changes tells whoever waits at this node that a ticket changed, at whichever node it did. As long as nobody waits it
// does nothing.
type Changes struct {
	store  Store
	clock  func() time.Time
	logger *slog.Logger

	mu      sync.Mutex
	waiting map[string]map[*wait]struct{} // by ticket
	streams int
	since   time.Time
	looking bool
	closed  chan struct{}
}

// wait is one browser that waits.
type wait struct {
	changed chan struct{}
	known   int64 // the version it was told of
}

// NewChanges returns the changes of tickets in a store.
func NewChanges(s Store, clock func() time.Time, logger *slog.Logger) *Changes {
	return &Changes{store: s, clock: clock, logger: logger, waiting: map[string]map[*wait]struct{}{}, closed: make(chan struct{})}
}

// Close ends every stream, once: a node that stops must not wait for those who wait. Browsers come back to another.
func (c *Changes) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.closed:
	default:
		close(c.closed)
	}
}

// Wait returns a channel that receives when a ticket has a greater version than the one that is known, 0 if none is, and
// a function that ends the wait. A change of the last [lookOverlap] is told as well, so that nothing is missed between
// a page and its stream.
func (c *Changes) Wait(id string, known int64) (changed <-chan struct{}, stop func()) {
	one := &wait{changed: make(chan struct{}, 1), known: known}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting[id] == nil {
		c.waiting[id] = map[*wait]struct{}{}
	}
	c.waiting[id][one] = struct{}{}
	if !c.looking {
		c.looking, c.since = true, c.clock()
		go c.look()
	}
	return one.changed, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.waiting[id], one)
		if len(c.waiting[id]) == 0 {
			delete(c.waiting, id)
		}
	}
}

// look asks what changed until nobody waits any more.
func (c *Changes) look() {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for range tick.C {
		c.mu.Lock()
		since := c.since.Add(-lookOverlap)
		if len(c.waiting) == 0 {
			c.looking = false
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		now := c.clock()
		ctx, cancel := context.WithTimeout(context.Background(), lookOverlap)
		changes, err := c.store.TicketsChangedSince(ctx, since, maxChanges)
		cancel()
		if err != nil {
			c.logger.Error("changes of tickets cannot be read", "cause", err)
			continue
		}
		c.tell(changes, now)
	}
}

func (c *Changes) tell(changes []storage.TicketChange, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.since = at
	for _, change := range changes {
		for one := range c.waiting[change.ID] {
			if one.known >= change.Version {
				continue
			}
			one.known = change.Version
			select {
			case one.changed <- struct{}{}:
			default: // told already, and not yet looked
			}
		}
	}
}

// mayStream counts a stream if there is room for it; streamed takes it from the count.
func (c *Changes) mayStream(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.streams >= maxStreams || len(c.waiting[id]) >= maxStreamsOfTicket {
		return false
	}
	c.streams++
	return true
}

func (c *Changes) streamed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.streams--
}

// Serve streams server-sent events (HTML Standard §9.2) to a browser that waits for a ticket of which it knows a version,
// 0 if there was no ticket: "changed" whenever there is a later one.
func (c *Changes) Serve(w http.ResponseWriter, r *http.Request, id string, known int64) {
	if !c.mayStream(id) {
		http.Error(w, "too many wait here", http.StatusServiceUnavailable)
		return
	}
	defer c.streamed()
	changed, stop := c.Wait(id, known)
	defer stop()
	stream := http.NewResponseController(w)
	// The server's own time-outs are for requests that end.
	if err := errors.Join(stream.SetWriteDeadline(time.Time{}), stream.SetReadDeadline(time.Time{})); err != nil {
		http.Error(w, "no stream", http.StatusNotImplemented) // the page asks again by itself
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx holds a stream back otherwise
	h.Set("X-Content-Type-Options", "nosniff")
	fmt.Fprint(w, "retry: 2000\n\nevent: ready\ndata:\n\n")
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	end := time.NewTimer(maxWait)
	defer end.Stop()
	for stream.Flush() == nil {
		select {
		case <-changed:
			fmt.Fprint(w, "event: changed\ndata:\n\n")
		case <-beat.C:
			fmt.Fprint(w, ": still here\n\n")
		case <-end.C:
			return
		case <-c.closed:
			return
		case <-r.Context().Done():
			return
		}
	}
}
