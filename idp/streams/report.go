package streams

import (
	"context"

	"manyou/federation/correction"
	"manyou/federation/signals"
	"manyou/idp/signin"
	"manyou/storage"
)

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
	kind := correction.KindTakeover
	if t.Event == signals.EventCorrection {
		kind = correction.KindConflict
	}
	_, err := s.Cases.File(ctx, correction.Filing{
		Filer: correction.Issuer(peer.Issuer), Kind: kind, Person: person, Link: &correction.Link{Issuer: t.Subject.Issuer, Subject: t.Subject.Subject},
		Evidence: []correction.Evidence{{Source: correction.Issuer(peer.Issuer), At: t.IssuedAt, Chain: []string{peer.Issuer}, Said: map[string]string{"event": t.Event}}},
	})
	return err
}
