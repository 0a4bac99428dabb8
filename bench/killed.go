package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"manyou/idp"
	"manyou/storage"
)

// How often the nation is killed at each step.
const killRounds = 15

const (
	killedRole = "child:killed" // measures how a correction spreads from a nation that is killed
	nationRole = "child:nation" // is that nation
)

// serveNation is a nation that may be killed.
func serveNation(ctx context.Context, t task, say func(any) error) error {
	store, v, err := t.open(ctx)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", t.Listen)
	if err != nil {
		return err
	}
	url := localURL(listener)
	issuer, err := newSpreadIssuer(ctx, spreadConfig{url: url, name: "nation", role: idp.National, region: "00", store: store, vault: v, clock: time.Now})
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return issuer.Run(ctx) })
	serve(ctx, g, listener, issuer.Handler())
	if err := say(ready{URL: url}); err != nil {
		return err
	}
	return g.Wait()
}

// killable are regions in this process, and a nation in another, whose database is open here too.
type killable struct {
	*spreading
	task    task
	process *child
	tokens  int // how many tell a region of a freeze
}

// run starts the nation's process, or starts it again.
func (k *killable) run(ctx context.Context) (err error) {
	k.process, err = serving(ctx, nationRole, k.task)
	return err
}

func (k *killable) send(s syscall.Signal) error { return syscall.Kill(k.process.pid, s) }

// newKillable starts the nation, then its regions.
func newKillable(ctx context.Context, g *errgroup.Group, dir string, regions int) (*killable, error) {
	k := &killable{spreading: &spreading{dir: dir}}
	var err error
	if k.task, err = k.database(ctx, "nation"); err != nil {
		return nil, err
	}
	store, v, err := k.task.open(ctx)
	if err != nil {
		return nil, err
	}
	free, err := loopback(ctx)
	if err != nil {
		return nil, err
	}
	k.task.Listen = free.Addr().String()
	k.nation = &spreadIssuer{Store: store, held: map[string]time.Time{}, url: localURL(free)}
	if err := errors.Join(free.Close(), k.nation.seedHash(ctx, v), k.run(ctx)); err != nil {
		return nil, err
	}
	return k, k.addRegions(ctx, g, regions)
}

// quiet waits until every region has acknowledged everything.
func (k *killable) quiet(ctx context.Context) error {
	return k.wait(ctx, "every acknowledgement", func() (bool, error) {
		head, err := k.nation.SignalHead(ctx)
		if err != nil {
			return false, err
		}
		list, err := k.nation.ListStreams(ctx)
		return !slices.ContainsFunc(list, func(t storage.Stream) bool { return t.Position < head }), err
	})
}

// learn lets the first freeze through, and counts its tokens.
func (k *killable) learn(ctx context.Context) error {
	watch := &killing{dead: make(chan struct{})}
	k.regions[0].gate.set(watch)
	id, _, err := k.freeze(ctx, 0)
	if err != nil {
		return err
	}
	if _, err := k.arrived(ctx, id, k.regions); err != nil {
		return err
	}
	if err := k.quiet(ctx); err != nil {
		return err
	}
	k.regions[0].gate.set(nil)
	watch.mu.Lock()
	defer watch.mu.Unlock()
	k.tokens = watch.passed
	return nil
}

// round freezes the nth person, kills the nation on the way to a region, starts it again at once, and returns how long after the commit the last
// region carried the freeze out, and which person is next.
func (k *killable) round(ctx context.Context, step killStep, n, region int) (took time.Duration, next int, err error) {
	watch := &killing{step: step, tokens: k.tokens, store: k.nation.Store, dead: make(chan struct{})}
	watch.kill = func() { _ = k.send(syscall.SIGKILL) }
	at := k.regions[region].gate
	at.set(watch)
	defer at.set(nil)
	var id string
	var began time.Time
	place := func() {
		if err == nil {
			id, began, err = k.freeze(ctx, n)
			n++
		}
	}
	switch step {
	case killCommitted, killBetween:
		if err := k.send(syscall.SIGSTOP); err != nil {
			return 0, n, err
		}
		place()
		if step == killCommitted {
			watch.end()
			break
		}
		place() // so that both are told in one go
		if err := k.send(syscall.SIGCONT); err != nil {
			return 0, n, err
		}
	default:
		place()
	}
	if err != nil {
		return 0, n, err
	}
	select {
	case <-watch.dead:
	case <-time.After(time.Minute):
		return 0, n, fmt.Errorf("%w: %s", errSpread, step)
	}
	_ = k.process.stop() // it was killed, and says so
	if err := k.run(ctx); err != nil {
		return 0, n, err
	}
	last, err := k.arrived(ctx, id, k.regions)
	return last.Sub(began), n, errors.Join(err, k.quiet(ctx))
}

// measureKilled measures how long after the commit of a freeze no token of the person works in any region, where the nation's process is killed in
// between and started again at once.
func measureKilled(ctx context.Context, regions, rounds int, w io.Writer) error {
	return apart(ctx, func(ctx context.Context, g *errgroup.Group, dir string) error {
		k, err := newKillable(ctx, g, dir, regions)
		if err != nil {
			return err
		}
		defer func() { _ = k.process.stop() }()
		return k.measure(ctx, rounds, w)
	})
}

// measure kills the nation at each step, so many times.
func (k *killable) measure(ctx context.Context, rounds int, w io.Writer) (err error) {
	freezes := 1 + rounds*(len(killSteps)+1)
	for n := range freezes {
		if err := k.person(ctx, n); err != nil {
			return err
		}
	}
	if err := k.learn(ctx); err != nil {
		return err
	}
	var all []time.Duration
	of, next := map[killStep][]time.Duration{}, 1
	for range rounds {
		for _, step := range killSteps {
			var took time.Duration
			if took, next, err = k.round(ctx, step, next, len(all)%len(k.regions)); err != nil {
				return err
			}
			of[step], all = append(of[step], took), append(all, took)
		}
	}
	if err := k.exact(ctx, freezes); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nThe same, the nation killed (kill -9) in between and started again at once: %d regions, %d times at each step\n\n", len(k.regions), rounds)
	for _, step := range killSteps {
		writeSpread(w, string(step), of[step])
	}
	writeSpread(w, "all steps", all)
	fmt.Fprintln(w, "\nEvery region carried out every freeze once, in the order of the commits.")
	return nil
}

// writeSpread writes a line of the table.
func writeSpread(w io.Writer, name string, list []time.Duration) {
	slices.Sort(list)
	fmt.Fprintf(w, "%-34s %7d ms median, %7d ms at the 99th percentile, %7d ms at most\n", name,
		list[len(list)/2].Milliseconds(), list[len(list)*99/100].Milliseconds(), list[len(list)-1].Milliseconds())
}
