package idp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"manyou/federation/correction"
	"manyou/storage"
)

// Background intervals.
const (
	refreshKeysEvery = 10 * time.Second
	maintainEvery    = 10 * time.Minute
	settleEvery      = time.Second
)

// Run keeps the issuer going until the context ends: it notices rotated keys and drops what expired.
func (i *Issuer) Run(ctx context.Context) error {
	if err := i.Store.Maintain(ctx, i.Clock()); err != nil {
		return fmt.Errorf("maintain storage: %w", err)
	}
	if i.entity != nil {
		watching := make(chan error, 1)
		go func() { watching <- i.entity.Run(ctx) }()
		defer func() {
			if err := <-watching; err != nil {
				i.Logger.ErrorContext(ctx, "the federation ended", "cause", err)
			}
		}()
	}
	telling, err := i.newTeller()
	if err != nil {
		return err
	}
	var told sync.WaitGroup
	told.Go(func() { telling.run(ctx) })
	told.Go(func() { i.streams.Deliver(ctx, telling.node) })
	told.Go(func() { i.streams.Subscribe(ctx) })
	defer told.Wait()
	refresh, maintain, sign := time.NewTicker(refreshKeysEvery), time.NewTicker(maintainEvery), time.NewTicker(checkpointEvery)
	settle := time.NewTicker(settleEvery)
	settled := &settling{seen: map[correction.State]storage.AwaitedCase{}}
	defer settle.Stop()
	defer refresh.Stop()
	defer sign.Stop()
	defer maintain.Stop()
	defer i.changes.Close()
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-refresh.C:
			if err = i.keys.Refresh(ctx); err == nil {
				i.publishKeys()
			}
		case <-sign.C:
			err = i.checkpoint(ctx)
		case <-settle.C:
			err = i.settleCases(ctx, telling.node, settled)
		case <-maintain.C:
			err = errors.Join(i.Store.Maintain(ctx, i.Clock()), i.keys.Drop(ctx))
		}
		if err != nil && ctx.Err() == nil {
			// The next tick tries again; meanwhile what is in memory goes on serving.
			i.Logger.ErrorContext(ctx, "background work failed", "cause", err)
		}
	}
}
