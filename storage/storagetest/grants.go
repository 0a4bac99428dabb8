package storagetest

import (
	"context"
	"testing"
	"time"

	"manyou/storage"
)

// live is what a grant looks like while all that it rests on stands.
func live(p *storage.Person, g storage.Grant) storage.LiveGrant {
	return storage.LiveGrant{
		Grant: g, PersonStatus: storage.PersonActive, PersonEpoch: p.Epoch, SessionStands: true, PersonName: p.Name,
		PersonRegion: p.Region,
	}
}

// redeemed stores a grant of a new person's session.
func (f *fixture) redeemed(t *testing.T) (*storage.Person, storage.Session, storage.Grant) {
	t.Helper()
	p, s := f.signedIn(t, document)
	g := f.grant(s)
	_, err := f.Redeem(t.Context(), g, f.now)
	check(t, err)
	return p, s, g
}

var grantCases = map[string]func(*testing.T, *fixture){
	"Redeem/returns the grant, and Grant finds it": func(t *testing.T, f *fixture) {
		p, s := f.signedIn(t, document)
		g := f.grant(s)
		redeemed, err := f.Redeem(t.Context(), g, f.now)
		check(t, err)
		equal(t, redeemed, g)
		got, err := f.Grant(t.Context(), g.ID, g.ExpiresAt, f.now)
		check(t, err)
		equal(t, got, live(p, g))
		if !got.Stands(f.now) || got.Stands(g.ExpiresAt) {
			t.Fatal("it stands until it expires")
		}
	},
	"Redeem/a second time is refused and ends the first grant": func(t *testing.T, f *fixture) {
		_, _, g := f.redeemed(t)
		for range 2 {
			_, err := f.Redeem(t.Context(), g, f.now.Add(time.Second))
			is(t, err, storage.ErrUsed)
		}
		got, err := f.Grant(t.Context(), g.ID, g.ExpiresAt, f.now)
		check(t, err)
		equal(t, got.EndedAt, f.now.Add(time.Second))
		_, err = f.Rotate(t.Context(), g.ID, g.ExpiresAt, 0, f.now)
		is(t, err, storage.ErrEnded)
	},
	"Redeem/a second time is refused even if the session ended since": func(t *testing.T, f *fixture) {
		_, s, g := f.redeemed(t)
		check(t, f.EndSession(t.Context(), s.ID, s.ExpiresAt, f.now))
		_, err := f.Redeem(t.Context(), g, f.now)
		is(t, err, storage.ErrUsed)
	},
	"Redeem/needs a session and a person that stand": func(t *testing.T, f *fixture) {
		_, ended := f.signedIn(t)
		check(t, f.EndSession(t.Context(), ended.ID, ended.ExpiresAt, f.now))
		frozen, ofFrozen := f.signedIn(t)
		Freeze(t, f, frozen.ID, f.now)
		corrected, ofCorrected := f.signedIn(t)
		NewEpoch(t, f, corrected.ID, f.now)
		_, standing := f.signedIn(t)
		foreign := f.grant(standing)
		foreign.PersonID = corrected.ID
		epoch := f.grant(standing)
		epoch.Epoch++
		unknown := f.grant(standing)
		unknown.SessionID = id()
		correctedNow := f.grant(ofCorrected)
		correctedNow.Epoch++
		for name, c := range map[string]struct {
			g   storage.Grant
			now time.Time
		}{
			"ended session":               {f.grant(ended), f.now},
			"expired session":             {f.grant(standing), standing.ExpiresAt},
			"frozen person":               {f.grant(ofFrozen), f.now},
			"corrected person":            {f.grant(ofCorrected), f.now},
			"corrected, the person's own": {correctedNow, f.now},
			"another person's session":    {foreign, f.now},
			"epoch of neither":            {epoch, f.now},
			"unknown session":             {unknown, f.now},
		} {
			if _, err := f.Redeem(t.Context(), c.g, c.now); err == nil {
				t.Fatalf("%s: no error", name)
			} else {
				is(t, err, storage.ErrEnded)
			}
			_, err := f.Grant(t.Context(), c.g.ID, c.g.ExpiresAt, f.now)
			is(t, err, storage.ErrNotFound)
		}
	},
	"Redeem/200 at once on two nodes yield one grant, which ends": func(t *testing.T, f *fixture) {
		_, s := f.signedIn(t, document)
		g := f.grant(s)
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		oneWinner(t, 200, storage.ErrUsed, func(ctx context.Context, i int) error {
			_, err := nodes[i%2].Redeem(ctx, g, f.now)
			return err
		})
		got, err := f.Grant(t.Context(), g.ID, g.ExpiresAt, f.now)
		check(t, err)
		if got.Stands(f.now) {
			t.Fatal("a code that was redeemed twice left tokens behind")
		}
	},
	"Rotate/raises the generation": func(t *testing.T, f *fixture) {
		p, _, g := f.redeemed(t)
		for n := range int64(3) {
			got, err := f.Rotate(t.Context(), g.ID, g.ExpiresAt, n, f.now)
			check(t, err)
			g.Generation = n + 1
			equal(t, got, g)
		}
		got, err := f.Grant(t.Context(), g.ID, g.ExpiresAt, f.now)
		check(t, err)
		equal(t, got, live(p, g))
	},
	"Rotate/of an earlier generation ends the family": func(t *testing.T, f *fixture) {
		_, _, g := f.redeemed(t)
		_, err := f.Rotate(t.Context(), g.ID, g.ExpiresAt, 0, f.now)
		check(t, err)
		_, err = f.Rotate(t.Context(), g.ID, g.ExpiresAt, 0, f.now)
		is(t, err, storage.ErrUsed)
		_, err = f.Rotate(t.Context(), g.ID, g.ExpiresAt, 1, f.now)
		is(t, err, storage.ErrEnded)
	},
	"Rotate/of a generation that never was changes nothing": func(t *testing.T, f *fixture) {
		_, _, g := f.redeemed(t)
		_, err := f.Rotate(t.Context(), g.ID, g.ExpiresAt, 1, f.now)
		is(t, err, storage.ErrEnded)
		_, err = f.Rotate(t.Context(), g.ID, g.ExpiresAt, 0, f.now)
		check(t, err)
	},
	"Rotate/needs all that the grant rests on": func(t *testing.T, f *fixture) {
		for name, c := range map[string]struct {
			offline bool
			end     func(*storage.Person, storage.Session, storage.Grant) error
			now     time.Duration
			want    error
		}{
			"session ended": {false, func(_ *storage.Person, s storage.Session, _ storage.Grant) error {
				return f.EndSession(t.Context(), s.ID, s.ExpiresAt, f.now)
			}, 0, storage.ErrEnded},
			"session ended, offline": {true, func(_ *storage.Person, s storage.Session, _ storage.Grant) error {
				return f.EndSession(t.Context(), s.ID, s.ExpiresAt, f.now)
			}, 0, nil},
			"session expired":          {false, nil, 31 * 24 * time.Hour, storage.ErrEnded},
			"session expired, offline": {true, nil, 31 * 24 * time.Hour, nil},
			"grant expired, offline":   {true, nil, 91 * 24 * time.Hour, storage.ErrEnded},
			"person frozen, offline": {true, func(p *storage.Person, _ storage.Session, _ storage.Grant) error {
				Freeze(t, f, p.ID, f.now)
				return nil
			}, 0, storage.ErrEnded},
			"person corrected, offline": {true, func(p *storage.Person, _ storage.Session, _ storage.Grant) error {
				NewEpoch(t, f, p.ID, f.now)
				return nil
			}, 0, storage.ErrEnded},
			"grant ended": {true, func(_ *storage.Person, _ storage.Session, g storage.Grant) error {
				return f.EndGrant(t.Context(), g.ID, g.ExpiresAt, g.ClientID, f.now)
			}, 0, storage.ErrEnded},
		} {
			p, s := f.signedIn(t)
			g := f.grant(s)
			g.Offline = c.offline
			_, err := f.Redeem(t.Context(), g, f.now)
			check(t, err)
			if c.end != nil {
				check(t, c.end(p, s, g))
			}
			_, err = f.Rotate(t.Context(), g.ID, g.ExpiresAt, 0, f.now.Add(c.now))
			if (c.want == nil) != (err == nil) {
				t.Fatalf("%s: %v", name, err)
			}
			is(t, err, c.want)
			got, err := f.Grant(t.Context(), g.ID, g.ExpiresAt, f.now.Add(c.now))
			check(t, err)
			if got.Stands(f.now.Add(c.now)) != (c.want == nil) {
				t.Fatalf("%s: Stands says otherwise than Rotate", name)
			}
		}
	},
	"Rotate/at once on two nodes succeeds once and ends the family": func(t *testing.T, f *fixture) {
		_, _, g := f.redeemed(t)
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		oneWinner(t, 100, storage.ErrUsed, func(ctx context.Context, i int) error {
			_, err := nodes[i%2].Rotate(ctx, g.ID, g.ExpiresAt, 0, f.now)
			return err
		})
		got, err := f.Grant(t.Context(), g.ID, g.ExpiresAt, f.now)
		check(t, err)
		if got.Stands(f.now) || got.Generation != 1 {
			t.Fatalf("stands %v, generation %d", got.Stands(f.now), got.Generation)
		}
	},
	"Rotate and Grant/are not found": func(t *testing.T, f *fixture) {
		_, _, g := f.redeemed(t)
		_, err := f.Rotate(t.Context(), id(), g.ExpiresAt, 0, f.now)
		is(t, err, storage.ErrNotFound)
		_, err = f.Grant(t.Context(), id(), g.ExpiresAt, f.now)
		is(t, err, storage.ErrNotFound)
		_, err = f.Grant(t.Context(), g.ID, g.ExpiresAt.Add(time.Hour), f.now)
		is(t, err, storage.ErrNotFound)
	},
	"EndGrant/ends it for its client only": func(t *testing.T, f *fixture) {
		_, _, g := f.redeemed(t)
		is(t, f.EndGrant(t.Context(), g.ID, g.ExpiresAt, "another", f.now), storage.ErrNotFound)
		check(t, f.EndGrant(t.Context(), g.ID, g.ExpiresAt, g.ClientID, f.now))
		check(t, f.EndGrant(t.Context(), g.ID, g.ExpiresAt, g.ClientID, f.now.Add(time.Hour)))
		got, err := f.Grant(t.Context(), g.ID, g.ExpiresAt, f.now)
		check(t, err)
		equal(t, got.EndedAt, f.now)
	},
}
