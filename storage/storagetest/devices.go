package storagetest

import (
	"bytes"
	"context"
	"testing"
	"time"

	"manyou/storage"
)

var ticketCases = map[string]func(*testing.T, *fixture){
	"Tickets/are created once and changed by who read the latest": func(t *testing.T, f *fixture) {
		one := storage.Ticket{ID: "t", ExpiresAt: f.now.Add(time.Hour), Version: 1, Body: []byte("a")}
		check(t, f.CreateTicket(t.Context(), one, f.now))
		is(t, f.CreateTicket(t.Context(), one, f.now), storage.ErrConflict)
		got, err := f.Ticket(t.Context(), "t", one.ExpiresAt)
		check(t, err)
		equal(t, got, one)
		one.Body = []byte("b")
		check(t, f.AdvanceTicket(t.Context(), one, f.now))
		is(t, f.AdvanceTicket(t.Context(), one, f.now), storage.ErrConflict)
		got, err = f.Ticket(t.Context(), "t", one.ExpiresAt)
		check(t, err)
		one.Version = 2
		equal(t, got, one)
		_, err = f.Ticket(t.Context(), "another", one.ExpiresAt)
		is(t, err, storage.ErrNotFound)
		_, err = f.Ticket(t.Context(), "t", one.ExpiresAt.Add(time.Second))
		is(t, err, storage.ErrNotFound)
	},
	"AdvanceTicket/at once on two nodes accepts one": func(t *testing.T, f *fixture) {
		one := storage.Ticket{ID: "t", ExpiresAt: f.now.Add(time.Hour), Version: 1}
		check(t, f.CreateTicket(t.Context(), one, f.now))
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		oneWinner(t, 200, storage.ErrConflict, func(ctx context.Context, i int) error {
			return nodes[i%2].AdvanceTicket(ctx, one, f.now)
		})
	},
	"TicketsChangedSince/lists what another node changed": func(t *testing.T, f *fixture) {
		old := storage.Ticket{ID: "old", ExpiresAt: f.now.Add(time.Hour), Version: 1}
		check(t, f.CreateTicket(t.Context(), old, f.now.Add(-time.Minute)))
		one := storage.Ticket{ID: "t", ExpiresAt: f.now.Add(time.Hour), Version: 1}
		check(t, f.CreateTicket(t.Context(), one, f.now.Add(-time.Minute)))
		check(t, f.db.Node(t).AdvanceTicket(t.Context(), one, f.now))
		got, err := f.TicketsChangedSince(t.Context(), f.now, 10)
		check(t, err)
		equal(t, got, []storage.TicketChange{{ID: "t", Version: 2}})
		got, err = f.TicketsChangedSince(t.Context(), f.now.Add(-time.Hour), 1)
		check(t, err)
		equal(t, len(got), 1)
	},
	"CompleteSignIn/uses a ticket up once": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t, document)
		one := storage.Ticket{ID: "t", ExpiresAt: f.now.Add(time.Hour), Version: 1}
		check(t, f.CreateTicket(t.Context(), one, f.now))
		stale := f.signIn(t, nil, f.session(p.ID))
		stale.Ticket = &storage.Ticket{ID: "t", ExpiresAt: one.ExpiresAt, Version: 2}
		is(t, complete(f, t.Context(), stale), storage.ErrConflict)
		first, second := f.signIn(t, nil, f.session(p.ID)), f.signIn(t, nil, f.session(p.ID))
		first.Ticket, second.Ticket = &one, &one
		check(t, complete(f, t.Context(), first))
		is(t, complete(f, t.Context(), second), storage.ErrConflict)
	},
}

var eventCases = map[string]func(*testing.T, *fixture){
	"EventsOf/lists a person's own, newest first": func(t *testing.T, f *fixture) {
		var want []storage.Event
		for n := range 5 {
			e := storage.Event{ID: text(), PersonID: "p", At: f.now.Add(-time.Duration(n) * time.Hour), Kind: "signed_in", Detail: map[string]string{"device": "Chrome"}}
			check(t, f.AddEvent(t.Context(), e))
			want = append(want, e)
		}
		check(t, f.AddEvent(t.Context(), storage.Event{ID: text(), PersonID: "another", At: f.now, Kind: "signed_in"}))
		got, err := f.EventsOf(t.Context(), "p", f.now.Add(time.Second), 3)
		check(t, err)
		equal(t, got, want[:3])
		got, err = f.EventsOf(t.Context(), "p", got[2].At, 3)
		check(t, err)
		equal(t, got, want[3:])
	},
	"Maintain/keeps events for four hundred days": func(t *testing.T, f *fixture) {
		for _, age := range []time.Duration{0, storage.EventLife - time.Hour, storage.EventLife + 61*24*time.Hour} {
			check(t, f.AddEvent(t.Context(), storage.Event{ID: text(), PersonID: "p", At: f.now.Add(-age), Kind: "signed_in"}))
		}
		check(t, f.Maintain(t.Context(), f.now))
		got, err := f.EventsOf(t.Context(), "p", f.now.Add(time.Second), 9)
		check(t, err)
		equal(t, len(got), 2)
	},
	"CompleteSignIn/writes its event or nothing": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t, document)
		in := f.signIn(t, nil, f.session(p.ID))
		in.Event = &storage.Event{ID: text(), PersonID: p.ID, At: f.now, Kind: "signed_in", Detail: map[string]string{"device": "Chrome"}}
		check(t, complete(f, t.Context(), in))
		refused := f.signIn(t, nil, f.session(p.ID))
		refused.ConversationVersion++
		refused.Event = &storage.Event{ID: text(), PersonID: p.ID, At: f.now, Kind: "signed_in"}
		is(t, complete(f, t.Context(), refused), storage.ErrConflict)
		got, err := f.EventsOf(t.Context(), p.ID, f.now.Add(time.Second), 9)
		check(t, err)
		equal(t, got, []storage.Event{*in.Event})
	},
}

var deviceCases = map[string]func(*testing.T, *fixture){
	"UseCredential/may stay where it is and changes the record": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t, document)
		check(t, f.AddCredential(t.Context(), storage.Credential{ID: "c", PersonID: p.ID, Method: "passkey", Secret: []byte("a"), CreatedAt: f.now}))
		check(t, f.UseCredential(t.Context(), storage.CredentialUse{ID: "c", Still: true, Secret: []byte("b")}, f.now))
		check(t, f.UseCredential(t.Context(), storage.CredentialUse{ID: "c", Counter: 3, Still: true}, f.now))
		is(t, f.UseCredential(t.Context(), storage.CredentialUse{ID: "c", Counter: 2, Still: true}, f.now), storage.ErrUsed)
		got, err := f.CredentialsOf(t.Context(), p.ID)
		check(t, err)
		if len(got) != 1 || got[0].Counter != 3 || !bytes.Equal(got[0].Secret, []byte("b")) {
			t.Fatalf("%+v", got)
		}
	},
	"UseCredential/that is good once is gone, and of many one has it": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t, document)
		check(t, f.AddCredential(t.Context(), storage.Credential{ID: "c", PersonID: p.ID, Method: "recovery", CreatedAt: f.now}))
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		oneWinner(t, 200, storage.ErrNotFound, func(ctx context.Context, i int) error {
			return nodes[i%2].UseCredential(ctx, storage.CredentialUse{ID: "c", Once: true}, f.now)
		})
	},
	"CompleteSignIn/uses a credential or writes nothing": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t, document)
		check(t, f.AddCredential(t.Context(), storage.Credential{ID: "c", PersonID: p.ID, Method: "totp", Counter: 5, CreatedAt: f.now}))
		in := f.signIn(t, nil, f.session(p.ID))
		in.Use = &storage.CredentialUse{ID: "c", Counter: 6}
		epoch, err := f.CompleteSignIn(t.Context(), in)
		check(t, err)
		equal(t, epoch, p.Epoch)
		again := f.signIn(t, nil, f.session(p.ID))
		again.Use = &storage.CredentialUse{ID: "c", Counter: 6}
		is(t, complete(f, t.Context(), again), storage.ErrUsed)
		_, err = f.Session(t.Context(), again.Session.ID, again.Session.ExpiresAt)
		is(t, err, storage.ErrNotFound)
		gone := f.signIn(t, nil, f.session(p.ID))
		gone.Use = &storage.CredentialUse{ID: "gone", Once: true}
		is(t, complete(f, t.Context(), gone), storage.ErrUsed)
	},
	"CompleteSignIn/rests on a session that stands and is the same person's": func(t *testing.T, f *fixture) {
		p, before := f.signedIn(t, document)
		_, strangers := f.signedIn(t)
		resting := func(on storage.Session) error {
			in := f.signIn(t, nil, f.session(p.ID))
			in.Rests = &storage.SessionRef{ID: on.ID, ExpiresAt: on.ExpiresAt}
			return complete(f, t.Context(), in)
		}
		check(t, resting(before))
		is(t, resting(strangers), storage.ErrEnded)
		is(t, resting(storage.Session{ID: id(), ExpiresAt: before.ExpiresAt}), storage.ErrEnded)
		check(t, f.SetPersonStatus(t.Context(), p.ID, storage.PersonActive, f.now)) // a new epoch
		is(t, resting(before), storage.ErrEnded)
		_, ended := f.signedIn(t)
		check(t, f.EndSession(t.Context(), ended.ID, ended.ExpiresAt, f.now))
		in := f.signIn(t, nil, f.session(ended.PersonID))
		in.Rests = &storage.SessionRef{ID: ended.ID, ExpiresAt: ended.ExpiresAt}
		is(t, complete(f, t.Context(), in), storage.ErrEnded)
	},
	"LabelCredential/renames only that person's": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t, document)
		check(t, f.AddCredential(t.Context(), storage.Credential{ID: "c", PersonID: p.ID, Method: "passkey", CreatedAt: f.now}))
		is(t, f.LabelCredential(t.Context(), "another", "c", "x"), storage.ErrNotFound)
		check(t, f.LabelCredential(t.Context(), p.ID, "c", "我的手机"))
		got, err := f.CredentialsOf(t.Context(), p.ID)
		check(t, err)
		equal(t, got[0].Label, "我的手机")
	},
	"ReplaceCredentials/replaces one method of one person": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t, document)
		for _, c := range []storage.Credential{{ID: "a", Method: "recovery"}, {ID: "b", Method: "recovery"}, {ID: "c", Method: "totp"}} {
			c.PersonID, c.CreatedAt = p.ID, f.now
			check(t, f.AddCredential(t.Context(), c))
		}
		check(t, f.ReplaceCredentials(t.Context(), p.ID, "recovery", []storage.Credential{{ID: "d", PersonID: p.ID, Method: "recovery", CreatedAt: f.now.Add(time.Second)}}))
		got, err := f.CredentialsOf(t.Context(), p.ID)
		check(t, err)
		var ids string
		for _, c := range got {
			ids += c.ID
		}
		equal(t, ids, "cd")
	},
	"ConversationAndCredentials/finds both in one read": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t, document)
		c := storage.Conversation{ID: "v", ExpiresAt: f.now.Add(time.Hour), Version: 1, Body: []byte("body")}
		check(t, f.CreateConversation(t.Context(), c))
		k := storage.Credential{ID: "k", PersonID: p.ID, Method: "passkey", Handle: "handle", Secret: []byte("s"), Counter: 7, Label: "手机", CreatedAt: f.now, LastUsedAt: f.now}
		check(t, f.AddCredential(t.Context(), k))
		got, credentials, err := f.ConversationAndCredentials(t.Context(), "v", c.ExpiresAt, "passkey", "handle")
		check(t, err)
		equal(t, got, c)
		equal(t, credentials, []storage.Credential{k})
		got, credentials, err = f.ConversationAndCredentials(t.Context(), "v", c.ExpiresAt, "passkey", "another")
		check(t, err)
		equal(t, got, c)
		equal(t, len(credentials), 0)
		_, credentials, err = f.ConversationAndCredentials(t.Context(), "v", c.ExpiresAt, "sms", "handle")
		check(t, err)
		equal(t, len(credentials), 0)
		_, _, err = f.ConversationAndCredentials(t.Context(), "w", c.ExpiresAt, "passkey", "handle")
		is(t, err, storage.ErrNotFound)
	},
	"SessionsOf/lists those that live, and EndSessionsOf spares a family": func(t *testing.T, f *fixture) {
		p, here := f.signedIn(t, document)
		other := f.session(p.ID)
		other.CreatedAt = f.now.Add(time.Second)
		over := f.session(p.ID)
		over.ExpiresAt = f.now.Add(-time.Second)
		for _, s := range []storage.Session{other, over} {
			check(t, complete(f, t.Context(), f.signIn(t, nil, s)))
		}
		_, _ = f.signedIn(t)
		got, err := f.SessionsOf(t.Context(), p.ID, f.now)
		check(t, err)
		if len(got) != 2 || !bytes.Equal(got[0].ID, other.ID) || !bytes.Equal(got[1].ID, here.ID) || got[1].PersonID != p.ID {
			t.Fatalf("%d sessions", len(got))
		}
		n, err := f.EndSessionsOf(t.Context(), p.ID, got[1].Family, f.now)
		check(t, err)
		if n < 1 {
			t.Fatalf("%d ended", n)
		}
		got, err = f.SessionsOf(t.Context(), p.ID, f.now)
		check(t, err)
		if len(got) != 1 || !bytes.Equal(got[0].ID, here.ID) {
			t.Fatalf("%d sessions are left", len(got))
		}
		if _, err = f.EndSessionsOf(t.Context(), p.ID, nil, f.now); err != nil {
			t.Fatal(err)
		}
		got, err = f.SessionsOf(t.Context(), p.ID, f.now)
		check(t, err)
		equal(t, len(got), 0)
	},
	"ConsentsOf/lists them, and WithdrawConsent takes one back": func(t *testing.T, f *fixture) {
		for _, client := range []string{"b", "a"} {
			check(t, f.PutConsent(t.Context(), storage.Consent{PersonID: "p", ClientID: client, Scopes: []string{"document"}, GivenAt: f.now}))
		}
		got, err := f.ConsentsOf(t.Context(), "p")
		check(t, err)
		equal(t, got, []storage.Consent{
			{PersonID: "p", ClientID: "a", Scopes: []string{"document"}, GivenAt: f.now}, {PersonID: "p", ClientID: "b", Scopes: []string{"document"}, GivenAt: f.now},
		})
		check(t, f.WithdrawConsent(t.Context(), "p", "a"))
		is(t, f.WithdrawConsent(t.Context(), "p", "a"), storage.ErrNotFound)
		_, err = f.Consent(t.Context(), "p", "a")
		is(t, err, storage.ErrNotFound)
	},
	"PutApplication/keeps channels and methods": func(t *testing.T, f *fixture) {
		a := storage.Application{ClientID: "c", Status: storage.ApplicationPublished, Channels: []string{"web"}, Methods: []string{"passkey"}, CreatedAt: f.now, UpdatedAt: f.now}
		check(t, f.PutApplication(t.Context(), a))
		got, err := f.Application(t.Context(), "c")
		check(t, err)
		equal(t, got.Channels, a.Channels)
		equal(t, got.Methods, a.Methods)
	},
}
