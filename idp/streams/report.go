package streams

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"time"

	"manyou/federation/correction"
	"manyou/federation/signals"
	"manyou/idp/signin"
	"manyou/storage"
)

// Bounds of what a province's signals do to the queue.
const (
	// casesAnHour is how many cases the signals of one province open in an hour. Beyond it, what it corrected is noted in the log alone, and an
	// account that it disabled is a case that waits behind all others: its person has to prove more, and somebody has to be able to end that.
	casesAnHour = 600
	// mostAnHour is how many there may be with those. Beyond it the province is to tell again later.
	mostAnHour = 6000
	// mostJoined is how many cases join one before what a province says besides is noted in the log alone.
	mostJoined = 50
)

// errLater reports a signal that cannot be taken now, and that its issuer has to tell again.
var errLater = errors.New("streams: too many signals of that issuer")

// report opens a case of what a province says of a person of its own. Where there is no queue its sessions end, and that is all.
func (s *Streams) report(ctx context.Context, peer signin.Peer, person string, t signals.Token) error {
	if c, err := t.Correction(); err == nil && storage.SignalWhat(c.What) == storage.SignalRecoded {
		return nil // the person is who they were; how the name is written there is compared when they come
	}
	if err := s.endFrom(ctx, person, peer.Issuer); err != nil || s.Cases == nil {
		return err
	}
	if echo, err := s.decidedHere(ctx, peer, person, t); err != nil || echo {
		return err
	}
	f := correction.Filing{
		ID: caseID(t), Filer: correction.Issuer(peer.Issuer), Kind: correction.KindTakeover, Person: person, Link: &correction.Link{Issuer: t.Subject.Issuer, Subject: t.Subject.Subject},
		Evidence: []correction.Evidence{{Source: correction.Issuer(peer.Issuer), At: t.IssuedAt, Chain: []string{peer.Issuer}, Said: map[string]string{"event": t.Event}}},
	}
	if t.Event == signals.EventCorrection {
		f.Kind = correction.KindConflict
	}
	_, err := s.Cases.Find(ctx, f.ID)
	if errors.Is(err, storage.ErrNotFound) {
		if files, err := s.bounded(ctx, peer, t, &f); err != nil || !files {
			return err
		}
	} else if err != nil {
		return err
	}
	if _, err = s.Cases.File(ctx, f); errors.Is(err, correction.ErrRepeated) {
		return nil // it was filed when the subject was somebody else
	}
	return err
}

// caseID is the case that a token opens. A token is known to have been heard for a month; told again after that, it opens no other.
func caseID(t signals.Token) string {
	sum := sha256.Sum256([]byte("signal\x00" + t.Issuer + "\x00" + t.ID + "\x00" + t.Event + "\x00" + t.Subject.Subject))
	return base32.StdEncoding.EncodeToString(sum[:15])
}

// bounded reports whether a signal is to become a case, by how many there are. Of what is not, the sessions have ended, and the open case, or the
// log, says that the province tells more of it. [errLater].
func (s *Streams) bounded(ctx context.Context, peer signin.Peer, t signals.Token, f *correction.Filing) (bool, error) {
	first, joined, err := s.Cases.Joins(ctx, *f, mostJoined)
	if err != nil {
		return false, err
	}
	if first != nil {
		if joined >= mostJoined {
			s.Logger.WarnContext(ctx, "a signal adds nothing to a case that many joined", "issuer", peer.Issuer, "jti", t.ID, "case", first.Number)
		}
		return joined < mostJoined, nil
	}
	end := s.Clock().Truncate(time.Hour).Add(time.Hour)
	totals, err := s.Store.Count(ctx, []string{"signal.cases:" + peer.Issuer}, 1, end)
	if err != nil {
		return false, err
	}
	switch n := totals[0]; {
	case n <= casesAnHour:
		return true, nil
	case t.Event == signals.EventCorrection:
		s.Logger.ErrorContext(ctx, "a province corrects more than becomes cases in an hour", "issuer", peer.Issuer, "jti", t.ID, "cases", n)
		return false, nil
	case n <= mostAnHour:
		f.Last = true
		return true, nil
	}
	s.Logger.ErrorContext(ctx, "a province disables more accounts than become cases in an hour, and has to tell again", "issuer", peer.Issuer, "jti", t.ID)
	return false, errLater
}
