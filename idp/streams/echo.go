package streams

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"manyou/federation/signals"
	"manyou/idp/signin"
	"manyou/storage"
)

const replayEcho = "echo"

// maxApart is how far the clocks of two issuers may be apart.
const maxApart = 5 * time.Minute

// claim is what of this issuer's a province says that it carried out.
type claim struct {
	told storage.SignalWhat // what the province says happened to its own
	what storage.SignalWhat // what it was told from here
	id   string             // of the decision, or of the hold
	kind storage.HoldKind   // of a hold that it placed or lifted as it was told
	at   time.Time          // when it did, as it says
}

// claimed reads it; nil if the province says that something happened by itself. What a province makes of what it is told is [Streams.carryOut]'s:
// a hold keeps its identifier, and what is corrected bears this issuer, what it told, and the identifier, in its own.
func (s *Streams) claimed(c signals.Correction) *claim {
	told := storage.SignalWhat(c.What)
	if c.Hold != nil {
		if told != storage.SignalHeld && told != storage.SignalLifted {
			return nil
		}
		return &claim{told: told, what: told, id: c.Hold.ID, kind: storage.HoldKind(c.Hold.Kind), at: time.Unix(c.At, 0)}
	}
	rest, ours := strings.CutPrefix(c.Decision, s.Issuer+" ")
	words := strings.SplitN(rest, " ", 3)
	if !ours || len(words) < 3 {
		return nil
	}
	k := claim{told: told, what: storage.SignalWhat(words[0]), id: words[1], at: time.Unix(c.At, 0)}
	switch {
	case told == storage.SignalCorrected:
		return &k // whatever it was told: what was issued is void
	case told == storage.SignalMerged && k.what == storage.SignalMerged:
		return &k
	case told == storage.SignalUndone && k.what == storage.SignalMerged: // what is taken back there is the merge
		k.what = storage.SignalUndone
		return &k
	}
	return nil
}

// is reports whether a signal is what a claim says that it carried out.
func (k claim) is(n storage.Signal) bool {
	if k.what == storage.SignalHeld || k.what == storage.SignalLifted {
		return n.What == k.what && n.HoldID == k.id && (k.kind == "" || k.kind == n.HoldKind)
	}
	return n.What == k.what && n.Decision == k.id && n.HoldID == ""
}

// times is how often a province says it of one subject: once, and twice where its own correction may have changed two records that are one.
func (k claim) times() int {
	if k.told == storage.SignalCorrected || k.told == storage.SignalUndone {
		return 2
	}
	return 1
}

// decidedHere reports whether a correction that a province tells of is what it carried out of this issuer's own: no news, and no dispute. It is
// if that was decided here, in the case that the province names, about that person or link, and told to that province; and no oftener than
// carrying it out says so. Everything else is the province's own doing, whatever it calls it.
func (s *Streams) decidedHere(ctx context.Context, peer signin.Peer, person string, t signals.Token) (bool, error) {
	if t.Event == signals.EventAccountDisabled {
		return s.disabledHere(ctx, t)
	}
	c, err := t.Correction()
	if err != nil {
		return false, nil //nolint:nilerr // that it cannot be read is for people to look at
	}
	k := s.claimed(c)
	if k == nil {
		return false, nil
	}
	of, err := s.Cases.FindNumber(ctx, c.Case)
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	told, repeated, err := s.told(ctx, peer, of.ID)
	if err != nil {
		return false, err
	}
	for _, n := range told {
		if !k.is(n) {
			continue
		}
		if about, err := s.concerns(ctx, n, told, person, t.Subject); err != nil {
			return false, err
		} else if !about {
			continue
		}
		if its, err := s.echoed(ctx, *k, n, repeated, t); err != nil || its {
			return its, err
		}
	}
	return false, nil
}

// told lists what a province hears of a case, by whichever client it is here, and when it was last told it again.
func (s *Streams) told(ctx context.Context, peer signin.Peer, caseID string) (list []storage.Signal, repeated time.Time, err error) {
	clients := []string{peer.Issuer}
	app, err := s.Store.IssuerApplication(ctx, peer.Region)
	if err == nil && app.ClientID != peer.Issuer {
		clients = append(clients, app.ClientID)
	} else if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return nil, repeated, err
	}
	for _, client := range clients {
		t, err := s.Store.Stream(ctx, client)
		if errors.Is(err, storage.ErrNotFound) {
			continue
		} else if err != nil {
			return nil, repeated, err
		}
		more, err := s.Store.SignalsOf(ctx, caseID, client)
		if err != nil {
			return nil, repeated, err
		}
		list, repeated = append(list, more...), later(repeated, t.RepeatedAt)
	}
	return list, repeated, nil
}

// concerns reports whether a signal is about a person, whom a link of the province names: about that link, about them or whoever was found to be
// them, or about whom the link was taken from by the same decision.
func (s *Streams) concerns(ctx context.Context, n storage.Signal, told []storage.Signal, person string, link signals.SubjectID) (bool, error) {
	theirs := func(n storage.Signal) bool { return n.Issuer == link.Issuer && n.Subject == link.Subject }
	if theirs(n) || n.PersonID == person || n.Other == person || slices.ContainsFunc(told, func(by storage.Signal) bool {
		return by.What == storage.SignalRelinked && by.Decision == n.Decision && by.PersonID == n.PersonID && theirs(by)
	}) {
		return true, nil
	}
	found, err := s.Cases.Found(ctx, n.PersonID)
	return found == person, err
}

// echoed notes that a province said so, and reports whether it still may. The same token, heard again, is the same. What a province was told again
// since it came back from a backup, it carries out again.
func (s *Streams) echoed(ctx context.Context, k claim, n storage.Signal, repeated time.Time, t signals.Token) (bool, error) {
	until := later(n.At, repeated).Add(2 * heardFor) // it may be told late, and tell late
	its := !s.Clock().Before(until)                  // told again so late that nobody remembers how often: what happened in its time is what it was
	if its && (!k.at.Before(until) || k.at.Before(n.At.Add(-maxApart))) {
		return false, nil
	}
	for turn := 0; turn < k.times() && !its; turn++ {
		place := fmt.Sprintf("%s\x00%s\x00%s\x00%s\x00%s\x00%d", t.Issuer, t.Subject.Subject, k.told, k.what, k.id, turn)
		if !repeated.IsZero() {
			place = fmt.Sprintf("%s\x00%d", place, repeated.UnixMilli())
		}
		var err error
		if its, err = s.once(ctx, place, until, t); err != nil {
			return false, err
		}
	}
	if disables := n.HoldKind == storage.HoldFreeze || n.HoldKind == storage.HoldDeactivate; !its || !disables || k.told != storage.SignalHeld {
		return its, nil
	}
	_, err := s.once(ctx, disabled(t), t.IssuedAt.Add(heardFor), t)
	return true, err
}

// disabledHere reports whether an account was disabled by a hold that this issuer told of: the province says so once, beside saying that it
// placed the hold, of which its token has the txn.
func (s *Streams) disabledHere(ctx context.Context, t signals.Token) (bool, error) {
	until := t.IssuedAt.Add(heardFor)
	if told, err := s.Store.Used(ctx, replayEcho, disabled(t), until); err != nil || !told {
		return false, err
	}
	return s.once(ctx, disabled(t)+"\x00told", until, t)
}

func disabled(t signals.Token) string {
	return "disabled\x00" + t.Issuer + "\x00" + t.Subject.Subject + "\x00" + t.Txn
}

// once reports whether a place is a token's: the first that comes has it, however often it is heard, and whatever died in between.
func (s *Streams) once(ctx context.Context, place string, until time.Time, t signals.Token) (bool, error) {
	return s.Store.Claim(ctx, replayEcho, place, t.ID, until)
}
