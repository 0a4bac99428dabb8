package main

import (
	"context"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"time"
)

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
