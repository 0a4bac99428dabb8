package idp

import (
	"context"
	"errors"
	"time"

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
	return &correction.Queue{Store: i.Store, Register: i.Register, Policy: *i.Corrections, Clock: i.Clock, Random: i.Random}
}

// disagree opens a case where another issuer says something else of a person than is known here; nil at a province, which takes the
// nation's word.
func (i *Issuer) disagree() func(context.Context, signin.Disagreement) error {
	if i.Role != National {
		return nil
	}
	return func(ctx context.Context, d signin.Disagreement) error {
		if d.Encoded != "" {
			return i.encodedOtherwise(ctx, d)
		}
		_, err := i.cases.File(ctx, correction.Filing{
			Filer: correction.System(), Kind: correction.KindConflict, Person: d.PersonID, Link: &correction.Link{Issuer: d.Issuer, Subject: d.Subject},
			Evidence: []correction.Evidence{{Source: correction.Issuer(d.Issuer), At: i.Clock(), ACR: d.ACR, Chain: []string{d.Issuer}, Said: d.Said}},
		})
		return err
	}
}

// encodedOtherwise opens a case where another issuer writes the same name in other code points: one for each two forms of a person's name,
// however many issuers still send the other one, and however it ends.
func (i *Issuer) encodedOtherwise(ctx context.Context, d signin.Disagreement) error {
	known, err := i.cases.EncodingKnown(ctx, d.PersonID, d.Encoded, d.Said[correction.AttributeName])
	if err != nil || known {
		return err
	}
	_, err = i.cases.File(ctx, correction.Filing{
		Filer: correction.System(), Kind: correction.KindEncoding, Person: d.PersonID, Attribute: correction.AttributeName,
		Evidence: []correction.Evidence{{Source: correction.Issuer(d.Issuer), At: i.Clock(), ACR: d.ACR, Chain: []string{d.Issuer}, Said: d.Said}},
	})
	return err
}

// passedOn opens a case where a number is another's now: somebody proved so here, and the register says so, too. A province hands on what it
// saw; the nation asks the register itself.
func (i *Issuer) passedOn(ctx context.Context, p signin.PassedOn) error {
	if i.cases == nil {
		return i.caseAPI.ReportPhone(ctx, p.PersonID, p.Phone, p.ACR, p.WaysLeft)
	}
	proven := func() map[string]string { return map[string]string{correction.SaidPhoneProven: p.Phone} }
	_, err := i.cases.File(ctx, correction.Filing{
		Filer: correction.System(), Kind: correction.KindAttribute, Person: p.PersonID, Attribute: correction.AttributePhone, Expected: p.Phone,
		Evidence: []correction.Evidence{
			{Source: correction.SourceRegister, At: i.Clock(), Said: proven()},
			{Source: correction.Issuer(i.Issuer), At: i.Clock(), ACR: p.ACR, Chain: []string{i.Issuer}, Said: proven()},
		},
	})
	return err
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

// A round of settling looks at the cases that changed last, and at the next ones of all that wait: most are heard of everywhere within a
// second, and ten thousand that wait for a province that is down cost no more than a page of them.
const (
	maxFresh   = 100
	maxWaiting = 200
	settleEach = 10 * time.Second // for which one node settles
)

// settling is what this node remembers between the rounds.
type settling struct {
	leased time.Time
	// seen is the last case of each state that was looked at.
	seen map[correction.State]storage.AwaitedCase
}

// settleCases moves on the cases whose decision has arrived: at all regions, then at all applications; lifts holds that nobody confirmed,
// and makes overdue cases more urgent. One node does.
func (i *Issuer) settleCases(ctx context.Context, node string, s *settling) error {
	if i.cases == nil {
		return nil
	}
	if now := i.Clock(); now.After(s.leased.Add(-settleEach / 2)) {
		has, err := i.Store.Lease(ctx, "cases", node, now, now.Add(settleEach))
		if err != nil || !has {
			return err
		}
		s.leased = now.Add(settleEach)
	}
	_, lapsing := i.cases.Lapse(ctx)
	_, escalating := i.cases.EscalateOverdue(ctx)
	return errors.Join(lapsing, escalating, i.settleHeard(ctx, s)) // one that fails keeps no other waiting
}

// settleHeard looks at the cases of a round.
func (i *Issuer) settleHeard(ctx context.Context, s *settling) error {
	receivers := map[string]streams.Receiver{}
	for _, state := range []correction.State{correction.Applied, correction.Propagated} {
		last := s.seen[state]
		fresh, err := i.Store.AwaitedCases(ctx, string(state), nil, maxFresh)
		if err != nil {
			return err
		}
		list := fresh
		if len(fresh) == maxFresh {
			next, err := i.Store.AwaitedCases(ctx, string(state), &last, maxWaiting)
			if err != nil {
				return err
			}
			if last = (storage.AwaitedCase{}); len(next) == maxWaiting { // else from the beginning, the next time
				last = next[maxWaiting-1]
			}
			list = append(list, next...)
		}
		s.seen[state] = last
		for _, a := range list {
			waits, err := i.waits(ctx, state, a.Unheard, receivers)
			if err != nil {
				return err
			}
			if waits {
				continue
			}
			if err := i.settleCase(ctx, a.ID, state); err != nil && !errors.Is(err, storage.ErrConflict) && !errors.Is(err, correction.ErrState) {
				return err
			}
		}
	}
	return nil
}

// waits reports whether one of those who have not heard is waited for in a state: first the issuers, then everybody. The receivers found
// are remembered for the round.
func (i *Issuer) waits(ctx context.Context, state correction.State, unheard []string, receivers map[string]streams.Receiver) (bool, error) {
	for _, client := range unheard {
		to, known := receivers[client]
		if !known {
			var err error
			if to, err = i.signalReceiver(ctx, client); err != nil && !errors.Is(err, streams.ErrNoReceiver) {
				return false, err
			}
			receivers[client] = to // without a name if it is none any more
		}
		if to.ClientID != "" && (to.Links != "" || state == correction.Propagated) {
			return true, nil
		}
	}
	return false, nil
}

// settleCase moves one on, if what is stored of it says so.
func (i *Issuer) settleCase(ctx context.Context, id string, state correction.State) error {
	deliveries, err := i.Store.DeliveriesOf(ctx, id)
	if err != nil {
		return err
	}
	var unheard []string
	for _, d := range deliveries {
		if d.Waits() {
			unheard = append(unheard, d.ClientID)
		}
	}
	if waits, err := i.waits(ctx, state, unheard, map[string]streams.Receiver{}); err != nil || waits {
		return err
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
