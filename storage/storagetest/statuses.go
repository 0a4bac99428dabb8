package storagetest

import (
	"context"
	"testing"
	"time"

	"manyou/storage"
)

// list is a status list that is served now.
func (f *fixture) list() time.Time { return f.now.Add(8 * time.Minute) }

// tokenStatus is the place of a token that rests on a grant.
func (f *fixture) tokenStatus(index int, g storage.Grant) storage.TokenStatus {
	return storage.TokenStatus{
		ListExpiresAt: f.list(), Index: index, ClientID: g.ClientID, Grant: &g,
		RevokedAs: "revoked", TokenID: text(), TokenExpiresAt: f.now.Add(5 * time.Minute),
	}
}

// published registers the application of the suite's grants.
func (f *fixture) published(t *testing.T) {
	t.Helper()
	app := f.application("client")
	app.Status = storage.ApplicationPublished
	check(t, f.PutApplication(t.Context(), app))
}

// dead checks which places of the list are dead.
func (f *fixture) dead(t *testing.T, what string, want ...int) {
	t.Helper()
	got, err := f.DeadTokens(t.Context(), f.list(), f.now)
	check(t, err)
	if len(got) != len(want) {
		t.Fatalf("%s: dead are %v, want %v", what, got, want)
	}
	equal(t, append([]int{}, got...), append([]int{}, want...))
}

var statusCases = map[string]func(*testing.T, *fixture){
	"AddTokenStatus/gives a place once": func(t *testing.T, f *fixture) {
		_, _, g := f.redeemed(t)
		check(t, f.AddTokenStatus(t.Context(), f.tokenStatus(7, g)))
		is(t, f.AddTokenStatus(t.Context(), f.tokenStatus(7, g)), storage.ErrConflict)
		other := f.tokenStatus(7, g)
		other.ListExpiresAt = other.ListExpiresAt.Add(time.Minute)
		check(t, f.AddTokenStatus(t.Context(), other))
	},
	"AddTokenStatus/of 50 at once on two nodes one gets the place": func(t *testing.T, f *fixture) {
		_, _, g := f.redeemed(t)
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		oneWinner(t, 50, storage.ErrConflict, func(ctx context.Context, i int) error { return nodes[i%2].AddTokenStatus(ctx, f.tokenStatus(1, g)) })
	},
	"DeadTokens/are those whose grant, session or person does not stand": func(t *testing.T, f *fixture) {
		f.published(t)
		f.dead(t, "a list that nobody is in")
		for n, kill := range []func(*storage.Person, storage.Session, storage.Grant){
			func(*storage.Person, storage.Session, storage.Grant) {},
			func(_ *storage.Person, _ storage.Session, g storage.Grant) {
				check(t, f.EndGrant(t.Context(), g.ID, g.ExpiresAt, g.ClientID, f.now))
			},
			func(_ *storage.Person, s storage.Session, _ storage.Grant) {
				check(t, f.EndSession(t.Context(), s.ID, s.ExpiresAt, f.now))
			},
			func(p *storage.Person, _ storage.Session, _ storage.Grant) { Freeze(t, f, p.ID, f.now) },
			func(p *storage.Person, _ storage.Session, _ storage.Grant) { NewEpoch(t, f, p.ID, f.now) },
			func(p *storage.Person, _ storage.Session, _ storage.Grant) {
				check(t, f.PlaceHold(t.Context(), f.hold(p.ID, storage.HoldStepUp)))
			},
			func(p *storage.Person, _ storage.Session, _ storage.Grant) {
				check(t, f.PlaceHold(t.Context(), f.hold(p.ID, storage.HoldWatch)))
			},
		} {
			p, s := f.signedIn(t)
			g := f.grant(s)
			_, err := f.Redeem(t.Context(), g, f.now)
			check(t, err)
			check(t, f.AddTokenStatus(t.Context(), f.tokenStatus(n, g)))
			kill(p, s, g)
		}
		f.dead(t, "one of each", 1, 2, 3, 4, 5)
		got, err := f.DeadTokens(t.Context(), f.list().Add(time.Minute), f.now)
		check(t, err)
		equal(t, len(got), 0)
	},
	"DeadTokens/an offline grant outlives its session, and nothing outlives itself": func(t *testing.T, f *fixture) {
		f.published(t)
		_, s := f.signedIn(t)
		for n, offline := range []bool{true, false} {
			g := f.grant(s)
			g.Offline = offline
			_, err := f.Redeem(t.Context(), g, f.now)
			check(t, err)
			check(t, f.AddTokenStatus(t.Context(), f.tokenStatus(n, g)))
		}
		f.dead(t, "both stand")
		got, err := f.DeadTokens(t.Context(), f.list(), s.ExpiresAt)
		check(t, err)
		equal(t, got, []int{1})
		got, err = f.DeadTokens(t.Context(), f.list(), f.now.Add(90*24*time.Hour))
		check(t, err)
		equal(t, got, []int{0, 1})
	},
	"DeadTokens/are those that were revoked by themselves": func(t *testing.T, f *fixture) {
		f.published(t)
		own := f.tokenStatus(0, storage.Grant{ClientID: "client"})
		own.Grant = nil
		check(t, f.AddTokenStatus(t.Context(), own))
		_, _, g := f.redeemed(t)
		byGrant := f.tokenStatus(1, g)
		byGrant.RevokedAs = ""
		check(t, f.AddTokenStatus(t.Context(), byGrant))
		f.dead(t, "both are good")
		check(t, f.Use(t.Context(), "another kind", own.TokenID, own.TokenExpiresAt))
		check(t, f.Use(t.Context(), "revoked", byGrant.TokenID, own.TokenExpiresAt))
		f.dead(t, "something else is used")
		check(t, f.Use(t.Context(), own.RevokedAs, own.TokenID, own.TokenExpiresAt))
		f.dead(t, "it is revoked", 0)
	},
	"DeadTokens/are all of an application that is not published": func(t *testing.T, f *fixture) {
		_, _, g := f.redeemed(t)
		check(t, f.AddTokenStatus(t.Context(), f.tokenStatus(3, g)))
		f.dead(t, "nobody registered it", 3)
		f.published(t)
		f.dead(t, "it is published")
		check(t, f.SetApplicationStatus(t.Context(), "client", storage.ApplicationSuspended, f.now))
		f.dead(t, "it is suspended", 3)
	},
	"Maintain/drops status lists that ceased to be": func(t *testing.T, f *fixture) {
		_, _, g := f.redeemed(t)
		check(t, f.AddTokenStatus(t.Context(), f.tokenStatus(3, g)))
		check(t, f.Maintain(t.Context(), f.now))
		f.dead(t, "its application is not there", 3)
		check(t, f.Maintain(t.Context(), f.now.Add(48*time.Hour)))
		f.dead(t, "the list is gone")
	},
}
