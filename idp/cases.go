package idp

import (
	"context"
	"errors"

	"manyou/federation/correction"
	"manyou/federation/signals"
	"manyou/federation/upstream"
	"manyou/idp/cases"
	"manyou/idp/signin"
	"manyou/idp/streams"
	"manyou/storage"
)

// newCases is the queue of corrections; nil at a province, whose people file at the nation.
func (i *Issuer) newCases() *correction.Queue {
	if i.Role != National {
		return nil
	}
	return &correction.Queue{Store: i.Store, Register: i.Register, Policy: correction.DefaultPolicy(), Clock: i.Clock, Random: i.Random}
}

// newCaseAPI is where applications say that an identity is wrong.
func (i *Issuer) newCaseAPI() *cases.API {
	return cases.New(cases.Config{
		Issuer: i.Issuer, Store: i.Store, Cases: i.cases, Nation: i.nation, AsNationKnows: i.asNationKnows, Authorize: i.authorizeOwn,
		Filer: func(ctx context.Context, clientID string) (cases.Filer, error) {
			to, err := i.signalReceiver(ctx, clientID)
			return cases.Filer{ClientID: clientID, Issuer: to.Links}, err
		},
		MAC: i.Vault.MAC, Clock: i.Clock, Logger: i.Logger,
	})
}

// nation finds the nation's issuer at a province.
func (i *Issuer) nation(ctx context.Context) (*upstream.Provider, error) {
	list, err := i.Store.ListUpstreams(ctx)
	if err != nil {
		return nil, err
	}
	for _, u := range list {
		if u.Region == NationRegion {
			peer, err := i.signin.Peer(ctx, u.Issuer)
			return peer.Provider, err
		}
	}
	return nil, signin.ErrNoPeer
}

// asNationKnows is how the nation names a person of this province: by its own subject, if they came from there; else by the one that it
// was given here.
func (i *Issuer) asNationKnows(ctx context.Context, person string) (signals.SubjectID, error) {
	list, err := i.Store.ListUpstreams(ctx)
	if err != nil {
		return signals.SubjectID{}, err
	}
	links, err := i.Store.LinksOf(ctx, person)
	if err != nil {
		return signals.SubjectID{}, err
	}
	for _, u := range list {
		if u.Region != NationRegion {
			continue
		}
		for _, l := range links {
			if l.Issuer == u.Issuer {
				return signals.Of(l.Issuer, l.Subject), nil
			}
		}
		app, err := i.apps.get(ctx, u.Issuer) // known by its chain
		if errors.Is(err, errNoApplication) {
			var stored storage.Application
			if stored, err = i.Store.IssuerApplication(ctx, NationRegion); err == nil {
				app, err = i.apps.get(ctx, stored.ClientID)
			}
		}
		if err != nil {
			return signals.SubjectID{}, err
		}
		return signals.Of(i.Issuer, i.subject(person, app)), nil
	}
	return signals.SubjectID{}, storage.ErrNotFound
}

// maxSettled bounds how many cases are looked at in a round.
const maxSettled = 200

// settleCases moves on the cases whose decision has arrived: at all regions, then at all applications; and lifts holds that nobody
// confirmed.
func (i *Issuer) settleCases(ctx context.Context) error {
	if i.cases == nil {
		return nil
	}
	if _, err := i.cases.Lapse(ctx); err != nil {
		return err
	}
	for _, state := range []correction.State{correction.Applied, correction.Propagated} {
		list, err := i.Store.ListCases(ctx, storage.CaseFilter{State: string(state)}, maxSettled)
		if err != nil {
			return err
		}
		for _, stored := range list {
			if err := i.settleCase(ctx, stored.ID, state); err != nil && !errors.Is(err, storage.ErrConflict) {
				return err
			}
		}
	}
	return nil
}

func (i *Issuer) settleCase(ctx context.Context, id string, state correction.State) error {
	deliveries, err := i.Store.DeliveriesOf(ctx, id)
	if err != nil {
		return err
	}
	for _, d := range deliveries {
		if !d.AckedAt.IsZero() {
			continue
		}
		to, err := i.signalReceiver(ctx, d.ClientID)
		if errors.Is(err, streams.ErrNoReceiver) {
			continue // it is none any more
		} else if err != nil {
			return err
		}
		if to.Links != "" || state == correction.Propagated {
			return nil // somebody has not heard
		}
	}
	c, err := i.cases.Find(ctx, id)
	if err != nil {
		return err
	}
	if state == correction.Applied {
		return i.cases.Propagate(ctx, c)
	}
	return i.cases.Close(ctx, c)
}
