package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"os"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// measureSpread measures how long after the commit of a freeze no token of the person works in any region: with all of them up; with some
// down, for the others; and for those that were down, from the moment when they are back.
func measureSpread(ctx context.Context, regions, changes, down int, w io.Writer) error {
	return apart(ctx, func(ctx context.Context, g *errgroup.Group, dir string) error {
		s, err := newSpreading(ctx, g, dir, regions)
		if err != nil {
			return err
		}
		return s.measure(ctx, changes, down, w)
	})
}

// measure freezes so many persons with all regions up, and as many with some down.
func (s *spreading) measure(ctx context.Context, changes, down int, w io.Writer) error {
	for n := range 2*changes + 1 {
		if err := s.person(ctx, n); err != nil {
			return err
		}
	}
	up, err := s.each(ctx, 0, changes, s.regions)
	if err != nil {
		return err
	}
	for _, r := range s.regions[:down] {
		r.gate.down.Store(true)
	}
	others, err := s.each(ctx, changes, changes, s.regions[down:])
	if err != nil {
		return err
	}
	// An hour passes, in which they are asked at intervals that grow to their longest. Then they are back.
	for range int(time.Hour / (5 * time.Minute)) {
		s.later.Add(int64(5 * time.Minute))
		time.Sleep(500 * time.Millisecond)
	}
	for _, r := range s.regions[:down] {
		r.gate.down.Store(false)
	}
	returned, err := s.returning(ctx, changes, s.regions[:down])
	if err != nil {
		return err
	}
	if err := s.exact(ctx, 2*changes); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nFrom the commit of a freeze until no token of the person works in any region: %d regions, %d freezes, one machine\n\n", len(s.regions), changes)
	for _, r := range []struct {
		name string
		list []time.Duration
	}{{"all up", up}, {fmt.Sprintf("%d down, the others", down), others}, {fmt.Sprintf("the %d, back after an hour", down), returned}} {
		writeSpread(w, r.name, r.list)
	}
	fmt.Fprintln(w, "\nEvery region carried out every freeze once, in the order of the commits.")
	return nil
}

// apart has something measured in a folder of its own, with goroutines that end before it is removed.
func apart(ctx context.Context, measure func(ctx context.Context, g *errgroup.Group, dir string) error) (err error) {
	dir, err := os.MkdirTemp("", "spread")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	running, stop := context.WithCancel(ctx)
	g, running := errgroup.WithContext(running)
	defer func() {
		stop()
		err = errors.Join(err, g.Wait())
	}()
	return measure(running, g, dir)
}

// returnStep is by how much the clock of those who return is put forward at a time.
const returnStep = 5 * time.Second

// returning puts the clock forward until regions that are back have heard all, and returns how long that took for each, by that clock.
func (s *spreading) returning(ctx context.Context, changes int, regions []*spreadIssuer) (took []time.Duration, err error) {
	began, heard := s.clock(), map[*spreadIssuer]bool{}
	return took, s.wait(ctx, "all is heard by those who are back", func() (bool, error) {
		for _, r := range regions {
			if _, ok := r.heldAt(fmt.Sprintf("hold-%d", 2*changes-1)); ok && !heard[r] {
				heard[r] = true
				took = append(took, s.clock().Sub(began))
			}
		}
		if len(took) == len(regions) {
			return true, nil
		}
		s.later.Add(int64(returnStep))
		time.Sleep(300 * time.Millisecond) // for a round of the nation's
		return false, nil
	})
}

// exact reports what a region lost, did twice, or did in another order.
func (s *spreading) exact(ctx context.Context, changes int) error {
	for n, r := range s.regions {
		if err := s.wait(ctx, "every region has heard all", func() (bool, error) {
			_, ok := r.heldAt(fmt.Sprintf("hold-%d", changes-1))
			return ok, nil
		}); err != nil {
			return err
		}
		written, err := r.SignalHead(ctx) // one for each thing that was done
		if err != nil {
			return err
		}
		r.mu.Lock()
		order := slices.Clone(r.order)
		r.mu.Unlock()
		if len(order) != changes || written != int64(changes) {
			return fmt.Errorf("region %d: %d freezes of %d, carried out %d times", n, len(order), changes, written)
		}
		for k, id := range order {
			if id != fmt.Sprintf("hold-%d", k) {
				return fmt.Errorf("region %d: %s came in place %d", n, id, k)
			}
		}
	}
	return nil
}

// each freezes one person after the other, and returns how long each freeze took to arrive.
func (s *spreading) each(ctx context.Context, from, changes int, regions []*spreadIssuer) (took []time.Duration, err error) {
	for n := from; n < from+changes; n++ {
		time.Sleep(mathrand.N(200 * time.Millisecond)) //nolint:gosec // at any moment between two rounds; hides nothing
		id, at, err := s.freeze(ctx, n)
		if err != nil {
			return nil, err
		}
		last, err := s.arrived(ctx, id, regions)
		if err != nil {
			return nil, err
		}
		took = append(took, last.Sub(at))
	}
	return took, nil
}
