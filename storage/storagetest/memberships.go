package storagetest

import (
	"context"
	"testing"
	"time"

	"manyou/storage"
)

// asking is a province that waits for a decision, and what the decision writes.
func (f *fixture) asking(t *testing.T, issuer string) (storage.Invitation, storage.Upstream, storage.Subordinate) {
	t.Helper()
	name := map[string]string{"zh": "浙江", "en": "Zhejiang"}
	v := storage.Invitation{
		ID: id(), Region: "33", Name: name, Status: storage.InvitationRequested, Issuer: issuer, JWKS: []byte(`{"keys":[]}`), Report: []byte(`{"checks":[]}`),
		ExpiresAt: f.now.Add(time.Hour), UpdatedAt: f.now,
	}
	check(t, f.PutInvitation(t.Context(), v))
	return v, storage.Upstream{Issuer: issuer, Region: "33", Name: name, ClientID: "us", AuthMethod: "private_key_jwt", Status: storage.UpstreamActive, CreatedAt: f.now},
		storage.Subordinate{EntityID: issuer, JWKS: v.JWKS, Status: storage.SubordinateActive, CreatedAt: f.now, UpdatedAt: f.now}
}

// in reports whether an issuer is registered, and whether it is vouched for.
func (f *fixture) in(t *testing.T, issuer string) (registered storage.UpstreamStatus, vouched storage.SubordinateStatus) {
	t.Helper()
	all, err := f.ListUpstreams(t.Context())
	check(t, err)
	for _, u := range all {
		if u.Issuer == issuer {
			registered = u.Status
		}
	}
	below, err := f.ListSubordinates(t.Context(), "", 100)
	check(t, err)
	for _, b := range below {
		if b.EntityID == issuer {
			vouched = b.Status
		}
	}
	return registered, vouched
}

var membershipCases = map[string]func(*testing.T, *fixture){
	"Admit/lets in what was looked at, once, and whole or not at all": func(t *testing.T, f *fixture) {
		const issuer = "https://id.zj.example"
		v, u, s := f.asking(t, issuer)
		for _, change := range []func(*storage.Invitation){
			func(v *storage.Invitation) { v.Issuer = "https://evil.example" },
			func(v *storage.Invitation) { v.JWKS = []byte(`{"keys":[{}]}`) },
			func(v *storage.Invitation) { v.Report = []byte(`{"checks":[{}]}`) },
			func(v *storage.Invitation) { v.ID = id() },
		} {
			other := v
			change(&other)
			is(t, f.Admit(t.Context(), other, u, s), storage.ErrUsed)
		}
		// The region is another's: nothing is written, and it can be decided still.
		taken, _, _ := f.asking(t, "https://other.example")
		check(t, f.PutUpstream(t.Context(), storage.Upstream{Issuer: "https://first.example", Region: "33", Name: v.Name, Status: storage.UpstreamActive, CreatedAt: f.now}))
		is(t, f.Admit(t.Context(), v, u, s), storage.ErrConflict)
		if registered, vouched := f.in(t, issuer); registered != "" || vouched != "" {
			t.Errorf("half of it was written: %q, %q", registered, vouched)
		}
		check(t, f.PutUpstream(t.Context(), storage.Upstream{Issuer: "https://first.example", Region: "34", Name: v.Name, Status: storage.UpstreamActive, CreatedAt: f.now}))
		check(t, f.Admit(t.Context(), v, u, s))
		if registered, vouched := f.in(t, issuer); registered != storage.UpstreamActive || vouched != storage.SubordinateActive {
			t.Errorf("%q, %q", registered, vouched)
		}
		all, err := f.ListUpstreams(t.Context())
		check(t, err)
		for _, u := range all {
			equal(t, u.Below, u.Issuer == issuer)
		}
		got, err := f.Invitation(t.Context(), v.ID)
		check(t, err)
		equal(t, got.Status, storage.InvitationApproved)
		is(t, f.Admit(t.Context(), v, u, s), storage.ErrUsed)
		got, err = f.Invitation(t.Context(), taken.ID)
		check(t, err)
		equal(t, got.Status, storage.InvitationRequested)
	},
	"Admit/and its opposite at once: one of them is done": func(t *testing.T, f *fixture) {
		const issuer = "https://id.zj.example"
		for range 10 {
			v, u, s := f.asking(t, issuer)
			declined := v
			declined.Status = storage.InvitationDeclined
			won := make([]bool, 2)
			race(t, 2, []error{storage.ErrUsed, storage.ErrConflict}, func(ctx context.Context, n int) (err error) {
				if n == 0 {
					err = f.Admit(ctx, v, u, s)
				} else {
					err = f.MoveInvitation(ctx, declined, storage.InvitationRequested)
				}
				won[n] = err == nil
				return err
			})
			registered, vouched := f.in(t, issuer)
			if won[0] == won[1] || won[0] != (registered != "") || won[0] != (vouched != "") {
				t.Fatalf("admitted: %t, declined: %t, %q, %q", won[0], won[1], registered, vouched)
			}
			if won[0] {
				return
			}
		}
	},
	"SuspendIssuer/is felt by all that rests on it, until ResumeIssuer": func(t *testing.T, f *fixture) {
		const issuer = "https://gone.example"
		v, u, s := f.asking(t, issuer)
		check(t, f.Admit(t.Context(), v, u, s))
		session, grant := f.redeemedOffline(t, issuer)
		exchanged := f.grant(session)
		exchanged.SessionID, exchanged.SessionExpiresAt, exchanged.Offline, exchanged.Issuer = []byte{}, time.Time{}, true, issuer
		check(t, f.AddGrant(t.Context(), exchanged))
		at := f.now.Add(time.Minute)
		n, err := f.SuspendIssuer(t.Context(), issuer, at)
		check(t, err)
		equal(t, n, int64(1))
		registered, vouched := f.in(t, issuer)
		equal(t, registered, storage.UpstreamSuspended)
		equal(t, vouched, storage.SubordinateSuspended)
		for _, g := range []storage.Grant{grant, exchanged} {
			got, err := f.Grant(t.Context(), g.ID, g.ExpiresAt, f.now)
			check(t, err)
			equal(t, got.Stands(f.now), false)
		}
		live, err := f.Session(t.Context(), session.ID, session.ExpiresAt)
		check(t, err)
		equal(t, live.Stands(f.now), false)
		changed, err := f.SubordinatesSince(t.Context(), at, 10)
		check(t, err)
		equal(t, len(changed), 1)
		check(t, f.ResumeIssuer(t.Context(), issuer, at))
		registered, vouched = f.in(t, issuer)
		equal(t, registered, storage.UpstreamActive)
		equal(t, vouched, storage.SubordinateActive)
		// One that is no entity, and one that nobody registered.
		check(t, f.PutUpstream(t.Context(), storage.Upstream{Issuer: "https://plain.example", Region: "34", Name: v.Name, Status: storage.UpstreamActive, CreatedAt: f.now}))
		_, err = f.SuspendIssuer(t.Context(), "https://plain.example", at)
		check(t, err)
		check(t, f.ResumeIssuer(t.Context(), "https://plain.example", at))
		_, err = f.SuspendIssuer(t.Context(), "https://nobody.example", at)
		is(t, err, storage.ErrNotFound)
		is(t, f.ResumeIssuer(t.Context(), "https://nobody.example", at), storage.ErrNotFound)
	},
}
