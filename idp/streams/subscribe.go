package streams

import (
	"context"
	"errors"
	"time"

	"manyou/federation/signals"
	"manyou/federation/upstream"
	"manyou/idp/signin"
	"manyou/storage"
)

const (
	subscribeFirst = 500 * time.Millisecond
	subscribeEvery = 5 * time.Second
	// subscribeAgain is how long a stream is taken to exist: whoever lost it is asked anew.
	subscribeAgain = 10 * time.Minute
)

// Subscribe asks every issuer whose people sign in here to tell what happens to them, until the context ends.
func (s *Streams) Subscribe(ctx context.Context) {
	due := map[string]time.Time{}
	for wait := subscribeFirst; ; wait = subscribeEvery {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		list, err := s.Store.ListUpstreams(ctx)
		if err != nil {
			continue // the next time
		}
		for _, u := range list {
			if u.Status == storage.UpstreamActive && !s.Clock().Before(due[u.Issuer]) {
				due[u.Issuer] = s.Clock().Add(s.subscribe(ctx, u))
			}
		}
	}
}

// subscribe asks one issuer, and says when to ask again.
func (s *Streams) subscribe(ctx context.Context, u storage.Upstream) time.Duration {
	peer, err := s.Peer(ctx, u.Issuer)
	if errors.Is(err, signin.ErrNoPeer) {
		return subscribeAgain // it speaks a dialect of before
	}
	if err == nil {
		err = peer.Provider.Subscribe(ctx, signals.Configuration{
			Delivery:        &signals.Delivery{Method: signals.DeliveryPush, Endpoint: s.Issuer + PathReceive},
			EventsRequested: []string{signals.EventCorrection, signals.EventAccountDisabled, signals.EventSessionRevoked},
			Description:     &s.Issuer,
		})
	}
	switch {
	case errors.Is(err, upstream.ErrNoSignals):
		return subscribeAgain
	case err != nil && ctx.Err() == nil:
		s.Logger.InfoContext(ctx, "an issuer does not tell what happens to people yet", "issuer", u.Issuer, "cause", err)
		return subscribeEvery
	}
	return subscribeAgain
}
