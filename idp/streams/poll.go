package streams

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"manyou/federation/signals"
	"manyou/storage"
)

// Bounds of a poll.
const (
	pollDefault = 25 // tokens
	pollMost    = 100
	pollWait    = 20 * time.Second // how long a request waits for something to happen (RFC 8936 §2.4)
	pollLook    = 250 * time.Millisecond
	// pollsWaiting is how many requests of one application wait at a node: one, and those that it has given up and the node has not noticed. Each
	// looks into the database again and again.
	pollsWaiting = 4
)

// poll gives a receiver what it has not acknowledged (RFC 8936 §2). What it acknowledges counts in order: of a token that it leaves out,
// and of those behind it, it is told again.
func (s *Streams) poll(w http.ResponseWriter, r *http.Request) {
	clientID, raw, ok := s.posted(w, r, signals.ScopeRead)
	if !ok {
		return
	}
	p, err := signals.ParsePoll(raw)
	if err != nil {
		refuse(w, http.StatusBadRequest, "invalid_request", err.Error())
		return
	}
	t, ok := s.mine(w, r, clientID, "")
	if !ok {
		return
	}
	if t.Method != "poll" {
		refuse(w, http.StatusBadRequest, "invalid_request", "this stream is pushed")
		return
	}
	to, err := s.Receiver(r.Context(), clientID)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	heard := p.Ack
	for jti := range p.Errors { // it will not be better the second time (RFC 8936 §2.4.4)
		heard = append(heard, jti)
		s.Logger.WarnContext(r.Context(), "a receiver refuses a signal", "client_id", clientID, "jti", jti)
	}
	if t, err = s.heard(r.Context(), t, to, heard); err != nil {
		s.fault(w, r, err)
		return
	}
	most := pollDefault
	if p.MaxEvents != nil {
		most = min(*p.MaxEvents, pollMost)
	}
	wait := !p.Immediately && most > 0 // RFC 8936 §2.2: unless it says otherwise
	if wait = wait && s.mayWait(clientID); wait {
		defer s.waited(clientID)
	}
	told, more, err := s.waiting(r.Context(), t, to, most, wait)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	answer(w, http.StatusOK, struct {
		Sets sets `json:"sets"`
		More bool `json:"moreAvailable,omitempty"`
	}{told, more})
}

// mayWait counts a request that wants to wait; waited takes it from the count.
func (s *Streams) mayWait(clientID string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.polls[clientID] >= pollsWaiting {
		return false
	}
	s.polls[clientID]++
	return true
}

func (s *Streams) waited(clientID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.polls[clientID]--; s.polls[clientID] == 0 {
		delete(s.polls, clientID)
	}
}

// heard moves a stream behind the tokens that its receiver acknowledges.
func (s *Streams) heard(ctx context.Context, t storage.Stream, to Receiver, acked []string) (storage.Stream, error) {
	if len(acked) == 0 {
		return t, nil
	}
	if t.Verification != "" {
		if v, err := s.verification(t); err == nil && slices.Contains(acked, v.ID) {
			if err := s.Store.Verified(ctx, t.ClientID, t.Verification); err != nil {
				return t, err
			}
			t.Verification = ""
		}
	}
	for t.Status == storage.StreamEnabled {
		list, _, err := s.tokens(ctx, t, to, t.Position, deliverBatch)
		if err != nil || len(list) == 0 {
			return t, err
		}
		var seqs []int64
		position, partial, n := t.Position, t.Partial, t.Partial
		for ; n < len(list) && slices.Contains(acked, list[n].out.ID); n++ {
			if partial++; list[n].last {
				seqs, position, partial = append(seqs, list[n].seq), list[n].seq, 0
			}
		}
		if n == t.Partial {
			return t, nil
		}
		came := storage.Acknowledged{Heard: seqs, Position: position, Partial: partial}
		if err := s.Store.Acknowledge(ctx, t, came, s.Clock()); errors.Is(err, storage.ErrConflict) {
			return s.Store.Stream(ctx, t.ClientID) // it was set back meanwhile: what was heard before is told again
		} else if err != nil {
			return t, err
		}
		t.Position, t.Partial = position, partial
		if n < len(list) {
			return t, nil
		}
	}
	return t, nil
}

// waiting are the tokens that a receiver has not acknowledged; if there are none and it wants to wait, the first that come.
func (s *Streams) waiting(ctx context.Context, t storage.Stream, to Receiver, most int, wait bool) (told sets, more bool, err error) {
	until := s.Clock().Add(pollWait)
	for {
		if t.Status == storage.StreamEnabled { // else nothing is told, a verification neither (SSF 1.0 §8.1.2.1)
			if told, more, err = s.some(ctx, &t, to, most); err != nil {
				return nil, false, err
			}
		}
		if len(told) > 0 || !wait || !s.Clock().Before(until) {
			return told, more, nil
		}
		select {
		case <-ctx.Done():
			return told, false, nil
		case <-time.After(pollLook):
		}
	}
}

// some are the first tokens that a receiver has not acknowledged, and whether there are more. What is not for it, t is behind afterwards.
func (s *Streams) some(ctx context.Context, t *storage.Stream, to Receiver, most int) (told sets, more bool, err error) {
	if t.Verification != "" && most > 0 {
		v, err := s.verification(*t)
		if err != nil {
			return nil, false, err
		}
		if told, err = told.with(s, v); err != nil {
			return nil, false, err
		}
	}
	list, reach, err := s.tokens(ctx, *t, to, t.Position, deliverBatch)
	if err != nil {
		return nil, false, err
	}
	if len(list) == 0 {
		t.Position, t.Partial = reach, 0
	}
	for _, k := range list[min(t.Partial, len(list)):] {
		if len(told) >= most {
			return told, true, nil
		}
		if told, err = told.with(s, k.out); err != nil {
			return nil, false, err
		}
	}
	head, err := s.Store.SignalHead(ctx)
	return told, len(list) > 0 && reach < head, err
}

// sets are tokens by their identifiers, in order: what is written in an object of JSON is read in that order by most.
type sets []set

type set struct{ id, token string }

func (list sets) with(s *Streams, o signals.Outgoing) (sets, error) {
	token, err := s.sign(o)
	return append(list, set{o.ID, token}), err
}

// MarshalJSON implements json.Marshaler.
func (list sets) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for n, one := range list {
		if n > 0 {
			b = append(b, ',')
		}
		for i, text := range []string{one.id, one.token} {
			raw, err := json.Marshal(text)
			if err != nil {
				return nil, err
			}
			if b = append(b, raw...); i == 0 {
				b = append(b, ':')
			}
		}
	}
	return append(b, '}'), nil
}
