package streams

import (
	"context"
	"crypto/subtle"
	"errors"

	"manyou/federation/identity"
	"manyou/federation/register"
	"manyou/federation/signals"
	"manyou/idp/signin"
	"manyou/storage"
)

// methodSMS is the method whose credentials are numbers.
const methodSMS = "sms"

// more is what a receiver hears of a correction besides that there was one. What is called or numbered so is told to issuers alone.
func (s *Streams) more(ctx context.Context, to Receiver, a storage.Addressed) (c signals.Correction, err error) {
	if a.What == storage.SignalMerged {
		into := signals.Of(s.Issuer, to.Subject(a.Other))
		c.Into = &into
	}
	if a.What != storage.SignalCorrected && a.What != storage.SignalRecoded || to.Links == "" {
		return c, nil
	}
	if a.Known != "" {
		p, err := s.Store.Person(ctx, a.PersonID)
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return c, err
		}
		c.Name = p.Name
	}
	if s.Cases == nil || a.CaseID == "" {
		return c, nil
	}
	of, err := s.Cases.Find(ctx, a.CaseID)
	if err != nil {
		return c, err
	}
	if phone := of.TakenPhone(a.Decision); phone != "" {
		c.Phone, err = s.marks.Of(a.Decision, phone)
	}
	return c, err
}

// correct gives a person the name that the nation has verified, takes from them the number that is another's, and voids what was issued.
func (s *Streams) correct(ctx context.Context, peer signin.Peer, about signals.SubjectID, person string, c signals.Correction, of storage.Case) error {
	p, err := s.Store.Person(ctx, person)
	if err != nil {
		return err
	}
	change := storage.Correction{ID: peer.Issuer + " " + c.What + " " + c.Decision + " " + person, Touch: []string{person}}
	if _, err := identity.NormalizeName(c.Name); err == nil && about.Issuer == peer.Issuer && p.Name != c.Name {
		change.Names = []storage.Rename{{PersonID: person, From: p.Name, To: c.Name}}
	}
	if r := recoded(p, c); r != nil {
		if p.Name == c.Name {
			return nil
		}
		change.Touch, change.Names = nil, []storage.Rename{*r}
	}
	if change.Moves, err = s.marked(ctx, person, c); err != nil {
		return err
	}
	return s.Store.CorrectAs(ctx, change, of, s.Clock())
}

// recoded is a change of a name to the same one in other code points, which ends nothing; nil if it is more than the nation says it is.
func recoded(p storage.Person, c signals.Correction) *storage.Rename {
	was, errWas := identity.NormalizeName(p.Name)
	is, errIs := identity.NormalizeName(c.Name)
	if storage.SignalWhat(c.What) != storage.SignalRecoded || errWas != nil || errIs != nil || !identity.SameName(was, is) {
		return nil
	}
	r := storage.Rename{PersonID: p.ID, From: p.Name, To: c.Name, Received: p.Received, Recoded: true}
	if r.Received == nil || r.Received.Form == c.Name {
		r.Received = register.Received(p.Name, c.Name, "here")
	}
	return &r
}

// marked finds what a person enrolled here of the number that the nation took from them.
func (s *Streams) marked(ctx context.Context, person string, c signals.Correction) (moves []storage.Move, err error) {
	if c.Phone == "" {
		return nil, nil
	}
	list, err := s.Store.CredentialsOf(ctx, person)
	if err != nil {
		return nil, err
	}
	for _, one := range list {
		if one.Method != methodSMS {
			continue
		}
		mark, err := s.marks.Of(c.Decision, one.Handle)
		if err != nil {
			return nil, err
		}
		if subtle.ConstantTimeCompare([]byte(mark), []byte(c.Phone)) == 1 {
			moves = append(moves, storage.Move{What: storage.MoveCredential, Key: one.ID, From: person})
		}
	}
	return moves, nil
}
