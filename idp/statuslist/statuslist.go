package statuslist

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"manyou/storage"
)

const (
	// window is how long tokens are put into one list.
	window = time.Minute
	// size is how many places a list has. The more, the less a list tells, and the rarer a place is drawn twice.
	size = 1 << 20
	// draws is how many places are tried. Of a list that is half full, one in 65,000 tokens finds none.
	draws = 16
	// late is how much longer than its tokens a list is read, for those whose clock is behind.
	late = 2 * time.Minute
	// early is how far the clock of another node may be ahead.
	early = 30 * time.Second

	// ttl is how long a list is good to rely on, from its iat: what was decided longer ago than that is in it.
	ttl = 15 * time.Second
	// life is when a list may not be used any more, though no other can be had.
	life = time.Minute
	// every is how often a list is made at most.
	every = 3 * time.Second
	// timeout bounds a query that others wait for.
	timeout = 5 * time.Second
)

// Store is what this room needs of storage.
type Store interface {
	AddTokenStatus(ctx context.Context, t storage.TokenStatus) error
	DeadTokens(ctx context.Context, listExpiresAt, now time.Time) ([]int, error)
}

// Config is what [Lists] need.
type Config struct {
	Issuer string
	// Life is that of a token, at most.
	Life   time.Duration
	Store  Store
	Sign   func(payload []byte) (string, error)
	Clock  func() time.Time
	Random io.Reader
	Logger *slog.Logger
}

// Lists are the status lists of an issuer.
type Lists struct {
	Config
	mu    sync.Mutex
	lists map[int64]*list
}

// New returns them.
func New(c Config) *Lists { return &Lists{Config: c, lists: map[int64]*list{}} }

// Claim is the claim "status" of a token (§6.2).
type Claim struct {
	List Reference `json:"status_list"`
}

// Reference says where the status of a token is read.
type Reference struct {
	Index int    `json:"idx"`
	URI   string `json:"uri"`
}

// errFull reports that no place was free.
var errFull = errors.New("status list: no place is free")

// Place gives a token its place. t says all but that.
func (l *Lists) Place(ctx context.Context, t storage.TokenStatus) (*Claim, error) {
	n := l.Clock().UnixMilli() / window.Milliseconds()
	t.ListExpiresAt = l.end(n)
	for range draws {
		var b [4]byte
		if _, err := io.ReadFull(l.Random, b[:]); err != nil {
			return nil, fmt.Errorf("status list: %w", err)
		}
		t.Index = int(binary.BigEndian.Uint32(b[:]) % size) // a power of two: none is likelier
		switch err := l.Store.AddTokenStatus(ctx, t); {
		case err == nil:
			return &Claim{Reference{t.Index, l.uri(n)}}, nil
		case !errors.Is(err, storage.ErrConflict):
			return nil, err
		}
	}
	return nil, errFull
}

// end is when a list ceases to be.
func (l *Lists) end(n int64) time.Time {
	return time.UnixMilli((n + 1) * window.Milliseconds()).UTC().Add(l.Life + late)
}

func (l *Lists) uri(n int64) string { return l.Issuer + Path + "/" + strconv.FormatInt(n, 10) }

// find reads the name of a list that there is.
func (l *Lists) find(name string, now time.Time) (n int64, ok bool) {
	n, err := strconv.ParseInt(name, 10, 64)
	first, last := l.span(now.Add(early))
	return n, err == nil && strconv.FormatInt(n, 10) == name && first <= n && n <= last && now.Before(l.end(n))
}

// span are the first and the last list that there are.
func (l *Lists) span(now time.Time) (first, last int64) {
	last = now.UnixMilli() / window.Milliseconds()
	return last - int64((l.Life+late+early)/window) - 1, last
}

// list is one list as it was made last.
type list struct {
	mu   sync.Mutex // held while it is made: whoever asks meanwhile waits for it
	made time.Time
	document
}

// current returns a list that was made a moment ago, or makes it.
func (l *Lists) current(ctx context.Context, n int64) (document, time.Time, error) {
	now := l.Clock()
	l.mu.Lock()
	for old := range l.lists {
		if !now.Before(l.end(old)) {
			delete(l.lists, old)
		}
	}
	one, ok := l.lists[n]
	if !ok {
		one = &list{}
		l.lists[n] = one
	}
	l.mu.Unlock()

	one.mu.Lock()
	defer one.mu.Unlock()
	if now = l.Clock(); now.Sub(one.made) < every {
		return one.document, one.made, nil
	}
	// Whoever gives up must not fail those who wait.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	dead, err := l.Store.DeadTokens(ctx, l.end(n), now) // now is before the query: all that was committed by then is in it
	if err != nil {
		return document{}, now, err
	}
	d, err := l.encode(n, dead, now)
	if err != nil {
		return document{}, now, err
	}
	one.document, one.made = d, now
	return d, now, nil
}
