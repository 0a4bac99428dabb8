package authority

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"manyou/federation/trust"
	"manyou/storage"
)

// learnAtOnce is how many subordinates are asked for their keys at once.
const learnAtOnce = 16

// learn looks for new keys again and again, until the context ends.
func (a *Authority) learn(ctx context.Context) {
	for {
		// Not all nodes at the same moment.
		wait := a.LearnEvery*3/4 + rand.N(a.LearnEvery/4+1) //nolint:gosec // no secret
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		a.LearnKeys(ctx)
	}
}

// LearnKeys looks at the configuration of each subordinate and takes its keys over, if one that is known so far signed it.
func (a *Authority) LearnKeys(ctx context.Context) {
	var all errgroup.Group
	all.SetLimit(learnAtOnce)
	for _, b := range *a.below.Load() {
		if b.Status != storage.SubordinateActive || ctx.Err() != nil {
			continue
		}
		all.Go(func() error {
			if err := a.learnKeys(ctx, b); err != nil && ctx.Err() == nil {
				a.Logger.WarnContext(ctx, "a subordinate's keys were not looked at", "entity", b.EntityID, "cause", err)
			}
			return nil
		})
	}
	_ = all.Wait() // they return none
}

func (a *Authority) learnKeys(ctx context.Context, b storage.Subordinate) error {
	jwks, err := trust.NextKeys(ctx, a.Fetcher, b.EntityID, b.JWKS, a.Clock())
	if err != nil || jwks == nil {
		return err
	}
	switch err := a.Store.ReplaceSubordinateKeys(ctx, b.EntityID, b.JWKS, jwks, a.Clock()); {
	case errors.Is(err, storage.ErrConflict): // another node was faster
		return nil
	case err != nil:
		return err
	}
	a.Logger.InfoContext(ctx, "a subordinate has new keys", "entity", b.EntityID)
	return nil
}
