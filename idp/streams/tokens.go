package streams

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"time"

	"manyou/federation/signals"
	"manyou/storage"
)

// token is one that is to be sent.
type token struct {
	seq int64
	// since is for how long it is to be told.
	since time.Time
	out   signals.Outgoing
	// last is set on the last one of a signal.
	last bool
}

// tokens are those of a stream behind its position, in order, and the signal up to which they reach. If something concerns the stream of
// which it wants to hear nothing, that is noted as heard; so are many that do not concern it.
func (s *Streams) tokens(ctx context.Context, t storage.Stream, to Receiver, after int64, limit int) (list []token, reach int64, err error) {
	if reach, err = s.Store.SignalHead(ctx); err != nil || reach <= after {
		return nil, after, err
	}
	addressed, err := s.Store.SignalsFor(ctx, t.ClientID, to.Links, after, limit)
	if err != nil {
		return nil, after, err
	}
	defer func() {
		if err == nil && len(list) == 0 && (len(addressed) > 0 || reach-after > scanMost) {
			if err = s.Store.Acknowledge(ctx, t, storage.Acknowledged{Position: reach}, s.Clock()); errors.Is(err, storage.ErrConflict) {
				err = nil // it was dropped or set back: who reads it anew goes on from there
			}
		}
	}()
	if len(addressed) == limit { // the last one may go on behind
		last := addressed[limit-1].Seq
		for len(addressed) > 0 && addressed[len(addressed)-1].Seq == last && addressed[0].Seq != last {
			addressed = addressed[:len(addressed)-1]
		}
		reach = addressed[len(addressed)-1].Seq
	}
	requested := signals.Requested(t.Events)
	for n, a := range addressed {
		list, err = s.add(ctx, list, t, to, a, requested)
		if err != nil {
			return nil, after, err
		}
		if end := n == len(addressed)-1 || addressed[n+1].Seq != a.Seq; end && len(list) > 0 && list[len(list)-1].seq == a.Seq {
			list[len(list)-1].last = true
		}
	}
	return list, reach, nil
}

// add adds the tokens of one signal for one subject.
func (s *Streams) add(ctx context.Context, list []token, t storage.Stream, to Receiver, a storage.Addressed, requested []string) ([]token, error) {
	subject := signals.Of(s.Issuer, a.Known)
	if a.Known == "" { // it is told as the issuer of the link
		subject = signals.Of(a.Issuer, a.Subject)
	}
	more, err := s.more(ctx, to, a)
	if err != nil {
		return nil, err
	}
	at := s.issued(a.At) // of all of them: a receiver may go by that
	for _, e := range signals.Events(a.Signal, more, requested) {
		list = append(list, token{seq: a.Seq, since: later(a.At, t.RepeatedAt), out: signals.Outgoing{
			Issuer: s.Issuer, Audience: t.ClientID, ID: tokenID(t, a.Seq, subject, e), Txn: fmt.Sprintf("%d", a.Seq), At: at,
			Subject: subject, Event: e,
		}})
	}
	return list, nil
}

// issued is when a token about something that happened is issued: then, so that told again it is the same; now, if receivers would not believe it
// any more. So old is what was not told to whom there was no way for a month, and what is repeated.
func (s *Streams) issued(happened time.Time) time.Time {
	if now := s.Clock(); now.After(happened.Add(giveUp)) {
		return now
	}
	return happened
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// tokenID follows from what a token says, and to whom: told again, it is the same, whatever else the stream is about by then.
func tokenID(t storage.Stream, seq int64, subject signals.SubjectID, e signals.Event) string {
	sum := sha256.Sum256([]byte(subject.Issuer + "\x00" + subject.Subject + "\x00" + e.Type))
	return fmt.Sprintf("%s-%d-%s", t.ID, seq, base32.StdEncoding.EncodeToString(sum[:10]))
}

func (s *Streams) sign(o signals.Outgoing) (string, error) {
	claims, err := o.Encode()
	if err != nil {
		return "", err
	}
	return s.Sign(signals.Type, claims)
}
