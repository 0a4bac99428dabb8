package streams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"manyou/federation/signals"
	"manyou/storage"
)

// ErrNoReceiver reports a client that is none any more.
var ErrNoReceiver = errors.New("no such application")

const (
	deliverEvery = 200 * time.Millisecond
	// deliverLease is how long a process that is killed keeps the others from telling.
	deliverLease = 3 * time.Second
	// listEvery is how old the list of streams may be while nothing happens.
	listEvery    = time.Second
	deliverBatch = 50
	// scanMost is how many signals that are not for a stream are looked through again and again before it is noted that they are not.
	scanMost = 1000
	// deliverAtOnce bounds how many applications are told at once, and how many issuers: those do not wait for applications.
	deliverAtOnce = 64
	// deliverTurn is for which an application is told before others have their turn.
	deliverTurn = 5 * time.Second
	laterMax    = 5 * time.Minute
	// laterRegion bounds the waiting for an issuer: what a region does not know yet, its tokens are still honoured by.
	laterRegion = 30 * time.Second
	// giveUp is how long a signal is told before a stream goes on without it.
	giveUp = 30 * 24 * time.Hour
	// giveUpTried is how long at least: one that is old because there was nobody to tell, or because the stream was paused, was not told before. A
	// node that begins anew counts anew, and many do each day.
	giveUpTried = 6 * time.Hour
	maxAnswer   = 4 << 10
)

// pending is a verification that is to be sent.
type pending struct {
	State string    `json:"state,omitempty"`
	At    time.Time `json:"at"`
}

// Deliver tells until the context ends. node tells this process from others.
func (s *Streams) Deliver(ctx context.Context, node string) {
	tick := time.NewTicker(deliverEvery)
	defer tick.Stop()
	var telling sync.WaitGroup
	defer telling.Wait()
	issuers, applications := make(chan struct{}, deliverAtOnce), make(chan struct{}, deliverAtOnce)
	failing, turn := false, turn{node: node}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		due, err := s.due(ctx, &turn)
		if (err != nil) != failing && ctx.Err() == nil {
			if failing = err != nil; failing {
				s.Logger.ErrorContext(ctx, "signals are not delivered", "cause", err)
			}
		}
		for _, t := range due { // each by itself: one that is slow keeps nobody waiting
			d, free := s.delivery(t), applications
			if t.Issuer {
				free = issuers
			}
			select {
			case free <- struct{}{}:
			default:
				d.busy.Store(false) // the next time
				continue
			}
			telling.Go(func() {
				defer func() { <-free }()
				defer d.busy.Store(false)
				if err := s.tell(ctx, t, d); err != nil && ctx.Err() == nil {
					s.Logger.ErrorContext(ctx, "signals are not delivered", "client_id", t.ClientID, "cause", err)
				}
			})
		}
	}
}

// turn is what the node that tells remembers between two looks.
type turn struct {
	node    string
	leased  time.Time // until then nobody else tells
	head    int64
	listed  time.Time
	streams []storage.Stream // that are pushed, and flow
}

// due lists whom this node has to tell, if it has the lease. Each is busy from now on.
func (s *Streams) due(ctx context.Context, at *turn) (due []storage.Stream, err error) {
	now := s.Clock()
	if now.After(at.leased.Add(-deliverLease / 2)) {
		has, err := s.Store.Lease(ctx, "signals", at.node, now, now.Add(deliverLease))
		if err != nil || !has {
			at.listed = time.Time{}
			s.forget(nil)
			return nil, err
		}
		at.leased = now.Add(deliverLease)
	}
	head, err := s.Store.SignalHead(ctx)
	if err != nil {
		return nil, err
	}
	if head != at.head || now.Sub(at.listed).Abs() >= listEvery { // the clock of a test jumps
		if at.streams, err = s.Store.ListStreams(ctx); err != nil {
			return nil, err
		}
		at.streams = slices.DeleteFunc(at.streams, func(t storage.Stream) bool { return t.Status != storage.StreamEnabled || t.Method != "push" })
		s.forget(at.streams)
		at.head, at.listed = head, now
	}
	for _, t := range at.streams {
		d := s.delivery(t)
		if t.RepeatedAt.Before(d.repeated) { // an older list
			continue
		}
		if !d.busy.CompareAndSwap(false, true) {
			continue
		}
		if d.scanned = max(d.scanned, t.Position); d.scanned >= head && t.Verification == "" || now.Before(d.next) {
			d.busy.Store(false)
			continue
		}
		due = append(due, t)
	}
	slices.SortStableFunc(due, func(a, b storage.Stream) int { return s.delivery(a).began.Compare(s.delivery(b).began) }) // each has its turn
	return due, nil
}

// tell sends what a stream has not heard, to the end. An error is a fault of storage; a receiver that does not answer is none.
func (s *Streams) tell(ctx context.Context, t storage.Stream, d *delivery) error {
	now := s.Clock()
	to, err := s.Receiver(ctx, t.ClientID)
	if errors.Is(err, ErrNoReceiver) {
		d.failures, d.next = 0, now.Add(laterMax)
		return nil
	} else if err != nil {
		return err
	}
	d.began = now
	if t.Verification != "" && !s.sendVerification(ctx, t, to, d, now) {
		return nil
	}
	turn, done := context.WithTimeout(ctx, deliverTurn)
	defer done()
	lost := int64(0) // the signal of which something was given up
	for {
		list, reach, err := s.tokens(ctx, t, to, d.scanned, deliverBatch)
		if err != nil {
			return err
		}
		for _, k := range list {
			if err := s.send(ctx, t, to, k.out); err != nil {
				d.failed(now, to)
				if now.Before(k.since.Add(giveUp)) || now.Before(d.failing.Add(giveUpTried)) {
					s.Logger.WarnContext(ctx, "a signal was not delivered", "client_id", t.ClientID, "signal", k.seq, "failures", d.failures, "cause", err)
					return nil
				}
				s.Logger.ErrorContext(ctx, "a signal was given up after thirty days", "client_id", t.ClientID, "signal", k.seq)
				lost = k.seq
			} else {
				d.failures, d.next = 0, time.Time{}
			}
			if !k.last {
				continue
			}
			came := storage.Acknowledged{Heard: []int64{k.seq}, Position: k.seq}
			if lost == k.seq { // nobody is said to have heard it
				came.Heard, came.Lost = nil, came.Heard
			}
			if err := s.Store.Acknowledge(ctx, t, came, s.Clock()); errors.Is(err, storage.ErrConflict) {
				return nil // it was dropped, or set back: the next round reads it anew
			} else if err != nil {
				return err
			}
			if d.scanned = k.seq; turn.Err() != nil && !t.Issuer {
				return nil // the others wait
			}
		}
		if d.scanned = max(d.scanned, reach); len(list) == 0 {
			return nil
		}
	}
}

// sendVerification reports whether a stream works.
func (s *Streams) sendVerification(ctx context.Context, t storage.Stream, to Receiver, d *delivery, now time.Time) bool {
	out, err := s.verification(t)
	if err == nil {
		err = s.send(ctx, t, to, out)
	}
	if err != nil {
		d.failed(now, to)
		s.Logger.WarnContext(ctx, "a stream was not verified", "client_id", t.ClientID, "cause", err)
		return false
	}
	if err := s.Store.Verified(ctx, t.ClientID, t.Verification); err != nil { // its receiver may have changed the rest meanwhile
		s.Logger.ErrorContext(ctx, "a verification was not noted", "client_id", t.ClientID, "cause", err)
		return false
	}
	return true
}

// verification is the token that proves that a stream works (SSF 1.0 §8.1.4.1).
func (s *Streams) verification(t storage.Stream) (signals.Outgoing, error) {
	var p pending
	if err := json.Unmarshal([]byte(t.Verification), &p); err != nil {
		return signals.Outgoing{}, fmt.Errorf("streams: a verification: %w", err)
	}
	return signals.Outgoing{
		Issuer: s.Issuer, Audience: t.ClientID, ID: fmt.Sprintf("%s-v-%d", t.ID, p.At.UnixMilli()), At: p.At,
		Subject: signals.SubjectID{Format: signals.FormatOpaque, ID: t.ID},
		Event:   signals.Event{Type: signals.EventVerification, Payload: signals.Verification{State: p.State}},
	}, nil
}

// send pushes one token (RFC 8935 §2.1).
func (s *Streams) send(ctx context.Context, t storage.Stream, to Receiver, o signals.Outgoing) error {
	signed, err := s.sign(o)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, t.Endpoint, strings.NewReader(signed))
	if err != nil {
		return fmt.Errorf("streams: %w", err)
	}
	r.Header.Set("Content-Type", "application/secevent+jwt")
	r.Header.Set("Accept", "application/json")
	if t.Authorization != "" {
		r.Header.Set("Authorization", t.Authorization)
	}
	response, err := to.Client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswer)                                                                                  // so that the connection serves again
	if response.StatusCode != http.StatusAccepted && response.StatusCode != http.StatusOK && response.StatusCode != http.StatusNoContent { // RFC 8935 §2.2
		return fmt.Errorf("status %d", response.StatusCode)
	}
	return nil
}
