package streams

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"manyou/federation/correction"
	"manyou/federation/signals"
	"manyou/federation/upstream"
	"manyou/idp/signin"
	"manyou/storage"
)

// heardFor is how long a token is known to have been heard: longer than one may be old.
const heardFor = 33 * 24 * time.Hour

const replayHeard = "secevent"

// ErrNotVouched reports an issuer that is not, or no longer, of the federation.
var ErrNotVouched = errors.New("the federation does not vouch for the issuer")

// receive takes one token (RFC 8935 §2). What cannot be believed is refused; what is not about anybody here is accepted.
func (s *Streams) receive(w http.ResponseWriter, r *http.Request) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/secevent+jwt" {
		refuse(w, http.StatusUnsupportedMediaType, "invalid_request", "the body is a security event token")
		return
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, signals.MaxToken))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "invalid_request", "the token is too large")
		return
	}
	text := strings.TrimSpace(string(raw))
	peer, err := s.Peer(r.Context(), upstream.IssuerOf(text))
	if errors.Is(err, signin.ErrNoPeer) || err == nil && peer.Beside {
		refuse(w, http.StatusBadRequest, "invalid_issuer", "nobody is told by that issuer here")
		return
	} else if err != nil {
		s.fault(w, r, err)
		return
	}
	switch err := s.Vouched(r.Context(), peer); {
	case errors.Is(err, ErrNotVouched):
		s.Logger.WarnContext(r.Context(), "a signal of an issuer that nobody vouches for", "issuer", peer.Issuer, "cause", err)
		refuse(w, http.StatusBadRequest, "invalid_issuer", "nobody vouches for that issuer")
		return
	case err != nil:
		s.Logger.WarnContext(r.Context(), "a signal could not be verified", "issuer", peer.Issuer, "cause", err)
		refuse(w, http.StatusServiceUnavailable, "server_error", "those who vouch for the issuer cannot be asked now")
		return
	}
	t, err := peer.Provider.Signal(r.Context(), text)
	switch {
	case errors.Is(err, upstream.ErrUnreachable), errors.Is(err, upstream.ErrSlow):
		s.Logger.WarnContext(r.Context(), "a signal could not be verified", "issuer", peer.Issuer, "cause", err)
		refuse(w, http.StatusServiceUnavailable, "server_error", "the keys of the issuer cannot be read now")
		return
	case err != nil:
		s.Logger.WarnContext(r.Context(), "a signal was refused", "issuer", peer.Issuer, "cause", err)
		refuse(w, http.StatusBadRequest, "authentication_failed", "the token is not to be believed")
		return
	}
	switch err := s.hear(r.Context(), peer, t); {
	case errors.Is(err, errLater): // no error of the token's (RFC 8935 §2.4): it is told again
		w.Header().Set("Retry-After", strconv.Itoa(int(time.Hour/time.Second)))
		refuse(w, http.StatusServiceUnavailable, "server_error", "too many signals in an hour; tell it again later")
		return
	case err != nil:
		s.fault(w, r, err) // it is told again
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// hear carries out what a token says, once: first it is done, then noted, and doing it twice changes nothing.
func (s *Streams) hear(ctx context.Context, peer signin.Peer, t signals.Token) error {
	id, until := t.Issuer+"\x00"+t.ID, t.IssuedAt.Add(heardFor)
	used, err := s.Store.Used(ctx, replayHeard, id, until)
	if err != nil || used {
		return err
	}
	if err := s.act(ctx, peer, t); err != nil {
		return err
	}
	if err := s.Store.Use(ctx, replayHeard, id, until); err != nil && !errors.Is(err, storage.ErrUsed) {
		return err
	}
	return nil
}

func (s *Streams) act(ctx context.Context, peer signin.Peer, t signals.Token) error {
	if t.Subject.Format != signals.FormatIssuerSubject {
		return nil // a verification; a subject that nobody here has
	}
	person, err := s.about(ctx, peer, t.Subject)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	switch {
	case t.Event == signals.EventCorrection && s.Nation != "" && peer.Region == s.Nation:
		c, err := t.Correction()
		if err != nil {
			s.Logger.WarnContext(ctx, "a correction cannot be read", "issuer", peer.Issuer, "cause", err)
			return nil // nor can it the next time
		}
		return s.carryOut(ctx, peer, t.Subject, person, c)
	case t.Subject.Issuer != peer.Issuer:
		return nil // a province speaks of its own subjects alone
	case t.Event == signals.EventSessionRevoked:
		return s.endFrom(ctx, person, peer.Issuer)
	case t.Event == signals.EventAccountDisabled, t.Event == signals.EventCorrection:
		return s.report(ctx, peer, person, t)
	}
	return nil
}

// about finds whom a subject names: one of the peer's, by its link; or one of this issuer's own, by which the peer knows the person.
func (s *Streams) about(ctx context.Context, peer signin.Peer, id signals.SubjectID) (person string, err error) {
	switch id.Issuer {
	case peer.Issuer:
		link, _, err := s.Store.Link(ctx, id.Issuer, id.Subject)
		return link.PersonID, err
	case s.Issuer:
		person, err = s.Store.KnownAs(ctx, peer.Issuer, id.Subject)
		if !errors.Is(err, storage.ErrNotFound) {
			return person, err
		}
		app, err := s.Store.IssuerApplication(ctx, peer.Region)
		if err != nil {
			return "", err
		}
		return s.Store.KnownAs(ctx, app.ClientID, id.Subject)
	}
	return "", storage.ErrNotFound
}

// carryOut does here what the nation decided.
func (s *Streams) carryOut(ctx context.Context, peer signin.Peer, about signals.SubjectID, person string, c signals.Correction) error {
	now := s.Clock()
	of := storage.Case{Number: c.Case}
	void := func(id string) error {
		return s.Store.CorrectAs(ctx, storage.Correction{ID: peer.Issuer + " " + id + " " + person, Touch: []string{person}}, of, now)
	}
	switch what := storage.SignalWhat(c.What); {
	case c.Hold != nil && c.Link && about.Issuer == s.Issuer: // how the nation knows our person is in doubt, not who the person is
		return void(c.What + " " + c.Hold.ID)
	case c.Hold != nil && what == storage.SignalHeld:
		h := storage.Hold{
			ID: c.Hold.ID, PersonID: person, Kind: storage.HoldKind(c.Hold.Kind), Number: c.Case, Origin: peer.Issuer, PlacedAt: now,
			PlacedBy: correction.Issuer(peer.Issuer),
		}
		if c.Link { // only the way by which the person comes here
			h.Issuer, h.Subject = about.Issuer, about.Subject
		}
		err := s.Store.PlaceHold(ctx, h)
		s.Logger.InfoContext(ctx, "a hold was placed elsewhere", "kind", c.Hold.Kind, "case", c.Case, "cause", err)
		return err
	case c.Hold != nil && what == storage.SignalLifted:
		err := s.Store.LiftHold(ctx, storage.HoldLift{ID: c.Hold.ID, By: correction.Issuer(peer.Issuer)}, now)
		if errors.Is(err, storage.ErrNotFound) {
			return nil // it was placed before anybody here was concerned
		}
		return err
	case what == storage.SignalMerged && c.Into != nil && about.Issuer == peer.Issuer:
		return s.merge(ctx, peer, about, person, c, of)
	case what == storage.SignalUndone:
		return s.undo(ctx, peer, about, person, c, of)
	case what == storage.SignalRecoded && (c.Name == "" || about.Issuer != peer.Issuer):
		return nil // how the nation writes our person's name: it is who it was
	case what == storage.SignalCorrected, what == storage.SignalRecoded:
		return s.correct(ctx, peer, about, person, c, of)
	}
	return void(c.What + " " + c.Decision)
}

// merge makes those one who are one at the nation, if both are known here; else what was issued is void, and they come again as who they are.
func (s *Streams) merge(ctx context.Context, peer signin.Peer, about signals.SubjectID, person string, c signals.Correction, of storage.Case) error {
	change := storage.Correction{ID: peer.Issuer + " merged " + c.Decision + " " + about.Subject, Touch: []string{person}}
	link, _, err := s.Store.Link(ctx, c.Into.Issuer, c.Into.Subject)
	switch {
	case err == nil && link.PersonID != person:
		change.Merges = []storage.Merge{{From: person, Into: link.PersonID}}
	case err != nil && !errors.Is(err, storage.ErrNotFound):
		return err
	}
	return s.Store.CorrectAs(ctx, change, of, s.Clock())
}

// undo takes back here what was carried out of a decision.
func (s *Streams) undo(ctx context.Context, peer signin.Peer, about signals.SubjectID, person string, c signals.Correction, of storage.Case) error {
	merged := peer.Issuer + " merged " + c.Decision + " " + about.Subject
	err := s.Store.CorrectAs(ctx, storage.Correction{ID: "undone " + merged, Undo: merged}, of, s.Clock())
	if errors.Is(err, storage.ErrConflict) { // there was none, or it does not fit any more
		err = nil
	}
	if err != nil {
		return err
	}
	return s.Store.CorrectAs(ctx, storage.Correction{ID: peer.Issuer + " undone " + c.Decision + " " + person, Touch: []string{person}}, of, s.Clock())
}

// endFrom ends the sessions of a person that came from an issuer.
func (s *Streams) endFrom(ctx context.Context, person, issuer string) error {
	list, err := s.Store.SessionsOf(ctx, person, s.Clock())
	if err != nil {
		return err
	}
	for _, one := range list {
		if one.Origin != issuer {
			continue
		}
		if err := s.Store.EndSession(ctx, one.ID, one.ExpiresAt, s.Clock()); err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
	}
	return nil
}
