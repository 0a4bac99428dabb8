package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// sample is one measurement of one thing.
type sample struct {
	Operations int64            `json:"operations"`
	Seconds    float64          `json:"seconds"`
	Issuer     float64          `json:"issuer_cpu"`   // seconds; of the limit's process, where that is measured
	Postgres   float64          `json:"postgres_cpu"` // seconds
	Calls      map[string]int64 `json:"calls,omitempty"`
}

// perThousand is the CPU time of a thousand operations, in seconds.
func (s sample) perThousand() float64 { return (s.Issuer + s.Postgres) / float64(s.Operations) * 1000 }

// row is what was measured of one thing, once in each round.
type row struct {
	Name    string   `json:"name"`
	Aim     string   `json:"aim,omitempty"`
	Samples []sample `json:"samples"`
}

// memory is what a process holds, in bytes.
type memory struct {
	Resident int64  `json:"resident"`
	Heap     uint64 `json:"heap"`
}

// result is what was measured of one backend.
type result struct {
	Backend    string `json:"backend"`
	Operations []row  `json:"operations"`
	// Limit are its parts, in the order of limitParts, and then all of it together.
	Limit  []row  `json:"limit"`
	Before memory `json:"memory_before"` // the issuer's, idle, before the first request
	After  memory `json:"memory_after"`  // the issuer's, after the last one
}

// limitParts say how often a hop needs each part of the limit.
var limitParts = []struct {
	name  string
	times float64
}{{"ES256 signature", 2}, {"durable commit", 1}, {"empty request", 2}}

// bench measures one backend.
type bench struct {
	options
	*load
	backend       string
	issuer, limit *child
	postgres      int // process of the server, 0 if there is none
	progress      io.Writer
}

// measureBackend fills a database, starts the issuer and the limit on it, and measures.
func measureBackend(ctx context.Context, o options, backend, database string, postgres int, inboxURL string, in *inbox) (_ *result, err error) {
	b := &bench{options: o, backend: backend, postgres: postgres, progress: os.Stderr}
	t := task{
		Database: database, Root: o.root, Inbox: inboxURL, Sessions: o.citizens,
		Newcomers: int((float64(o.rounds)*o.duration.Seconds() + 2) * newcomersPerSecond),
	}
	b.load = &load{inbox: in, workers: o.workers, client: newClient(o.workers)}
	b.note("filling the database")
	seeding, err := start(ctx, "child:seed", t, &b.world)
	if err != nil {
		return nil, err
	}
	if err := seeding.stop(); err != nil {
		return nil, fmt.Errorf("seed: %w", err)
	}
	for role, c := range map[string]**child{"child:issuer": &b.issuer, "child:limit": &b.limit} {
		started, err := serving(ctx, role, t)
		if err != nil {
			return nil, err
		}
		*c = started
		defer func() { err = errors.Join(err, started.stop()) }()
	}
	b.load.issuer, b.load.limit = b.issuer.URL, b.limit.URL
	return b.run(ctx)
}

// newcomersPerSecond is more than can sign in for the first time.
const newcomersPerSecond = 1000

func (b *bench) note(format string, args ...any) {
	fmt.Fprintf(b.progress, "%s: "+format+"\n", append([]any{b.backend}, args...)...)
}

// settle is how long a process is left alone before its idle memory is read.
const settle = 500 * time.Millisecond

func (b *bench) run(ctx context.Context) (*result, error) {
	operations, err := chosen(b.operations(), b.only)
	if err != nil {
		return nil, err
	}
	res := &result{Backend: b.backend, Operations: make([]row, len(operations)), Limit: make([]row, len(limitParts)+1)}
	time.Sleep(settle)
	if res.Before, err = b.memory(ctx); err != nil {
		return nil, err
	}
	if err := b.readKeys(ctx); err != nil {
		return nil, err
	}
	for n := -1; n < b.rounds; n++ { // the first one warms up and is forgotten
		d := b.duration
		if n < 0 {
			b.note("warming up")
			d = min(d, warmUp)
		} else {
			b.note("round %d of %d", n+1, b.rounds)
		}
		for p := range res.Limit {
			name, s, err := b.measureLimit(ctx, p, d)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", b.backend, name, err)
			}
			res.Limit[p].add(n, name, "", s)
		}
		for p, op := range operations {
			s, err := b.measureOperation(ctx, op, d)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", b.backend, op.name, err)
			}
			res.Operations[p].add(n, op.name, op.aim, s)
		}
	}
	b.client.CloseIdleConnections()
	time.Sleep(settle)
	if res.After, err = b.memory(ctx); err != nil {
		return nil, err
	}
	if b.profiles != "" {
		return res, b.profile(ctx, operations)
	}
	return res, nil
}

const warmUp = 400 * time.Millisecond

func (r *row) add(round int, name, aim string, s sample) {
	if r.Name, r.Aim = name, aim; round >= 0 {
		r.Samples = append(r.Samples, s)
	}
}

// meter runs f and returns the CPU time that a process and Postgres took meanwhile.
func (b *bench) meter(pid int, f func() (int64, error)) (s sample, err error) {
	read := func() (own, postgres time.Duration, err error) {
		if own, err = processTime(pid); err == nil && b.postgres != 0 {
			postgres, err = familyTime(b.postgres)
		}
		return own, postgres, err
	}
	own, postgres, err := read()
	if err != nil {
		return s, err
	}
	began := time.Now()
	if s.Operations, err = f(); err != nil {
		return s, err
	}
	s.Seconds = time.Since(began).Seconds()
	if s.Operations == 0 {
		return s, errors.New("it was not done once")
	}
	ownAfter, postgresAfter, err := read()
	s.Issuer, s.Postgres = (ownAfter - own).Seconds(), (postgresAfter - postgres).Seconds()
	return s, err
}

func (b *bench) measureOperation(ctx context.Context, op operation, d time.Duration) (sample, error) {
	if op.prepare != nil {
		if err := op.prepare(ctx); err != nil {
			return sample{}, err
		}
	}
	before, err := b.stats(ctx, "")
	if err != nil {
		return sample{}, err
	}
	s, err := b.meter(b.issuer.pid, func() (int64, error) { return b.load.run(ctx, d, op.do) })
	if err != nil {
		return sample{}, err
	}
	after, err := b.stats(ctx, "")
	s.Calls = map[string]int64{}
	for call, n := range after.Calls {
		if n -= before.Calls[call]; n > 0 {
			s.Calls[call] = n
		}
	}
	return s, err
}

// measureLimit measures the nth part of the limit, or all of it together after the last part.
func (b *bench) measureLimit(ctx context.Context, n int, d time.Duration) (name string, s sample, err error) {
	if n == len(limitParts) {
		s, err = b.meter(b.limit.pid, func() (int64, error) { return b.load.run(ctx, d, b.together) })
		return "together", s, err
	}
	f := func() (int64, error) { return b.load.run(ctx, d, b.empty("/empty")) }
	if path := []string{"/sign", "/commit", ""}[n]; path != "" {
		f = func() (count int64, err error) {
			r, err := get(ctx, b.load.limit+path+"?"+url.Values{
				"ms": {strconv.FormatInt(d.Milliseconds(), 10)}, "workers": {strconv.Itoa(b.options.workers)},
			}.Encode())
			if err != nil {
				return 0, err
			}
			return count, b.readJSON(r, &count)
		}
	}
	s, err = b.meter(b.limit.pid, f)
	return limitParts[n].name, s, err
}

func (b *bench) stats(ctx context.Context, query string) (stats, error) {
	var s stats
	r, err := get(ctx, b.issuer.Meter+"/stats"+query)
	if err != nil {
		return s, err
	}
	return s, b.readJSON(r, &s)
}

func (b *bench) memory(ctx context.Context) (memory, error) {
	resident, err := residentMemory(b.issuer.pid)
	if err != nil {
		return memory{}, err
	}
	s, err := b.stats(ctx, "?heap=1")
	return memory{Resident: resident, Heap: s.Heap}, err
}

// profile writes a CPU profile of the issuer for each operation, over the time of all rounds.
func (b *bench) profile(ctx context.Context, operations []operation) error {
	if err := os.MkdirAll(b.profiles, 0o755); err != nil { //nolint:gosec // nothing secret
		return err
	}
	took := b.duration * time.Duration(b.rounds)
	for _, op := range operations {
		if op.prepare != nil {
			if err := op.prepare(ctx); err != nil {
				return err
			}
		}
		name := strings.ToLower(strings.ReplaceAll(b.backend+"-"+op.name, " ", "-")) + ".cpu.pprof"
		profiled := make(chan error, 1)
		go func() {
			profiled <- b.download(ctx, "/profile?ms="+strconv.FormatInt(took.Milliseconds(), 10), name)
		}()
		n, err := b.load.run(ctx, took, op.do)
		if err := errors.Join(err, <-profiled); err != nil {
			return err
		}
		b.note("%s is a profile of %d operations", name, n)
	}
	return b.download(ctx, "/allocs", strings.ToLower(b.backend)+".allocs.pprof")
}

func (b *bench) download(ctx context.Context, path, name string) error {
	r, err := get(ctx, b.issuer.Meter+path)
	if err != nil {
		return err
	}
	a, err := b.send(r)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return a.fails(r, "a profile")
	}
	return os.WriteFile(filepath.Join(b.profiles, name), a.body, 0o644) //nolint:gosec // nothing secret
}
