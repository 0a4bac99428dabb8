package storagetest

import (
	"context"
	"testing"
	"time"

	"manyou/storage"
)

var sessionCases = map[string]func(*testing.T, *fixture){
	"Session/returns what was stored, with the person's state": func(t *testing.T, f *fixture) {
		p, s := f.signedIn(t, document)
		got, err := f.Session(t.Context(), s.ID, s.ExpiresAt)
		check(t, err)
		equal(t, got, storage.LiveSession{Session: s, PersonStatus: p.Status, PersonEpoch: p.Epoch})
		if !got.Stands(f.now) || got.Stands(s.ExpiresAt) {
			t.Fatal("it stands until it expires")
		}
	},
	"Session/is not found by another id or expiry": func(t *testing.T, f *fixture) {
		_, s := f.signedIn(t, document)
		_, err := f.Session(t.Context(), id(), s.ExpiresAt)
		is(t, err, storage.ErrNotFound)
		_, err = f.Session(t.Context(), s.ID, s.ExpiresAt.Add(time.Hour))
		is(t, err, storage.ErrNotFound)
	},
	"Session/begins no more where it came from a suspended issuer": func(t *testing.T, f *fixture) {
		u := storage.Upstream{Issuer: "https://id.zj.example", Region: "33", Name: map[string]string{"zh": "浙江"}, Status: storage.UpstreamActive, CreatedAt: f.now}
		check(t, f.PutUpstream(t.Context(), u))
		p := f.person()
		s := f.session(p.ID)
		s.Origin = u.Issuer
		check(t, f.complete(t, f.signIn(t, p, s)))
		check(t, f.SetUpstreamStatus(t.Context(), u.Issuer, storage.UpstreamSuspended))
		s.ID = id()
		is(t, f.complete(t, f.signIn(t, nil, s)), storage.ErrEnded)
		s.Origin = ""
		check(t, f.complete(t, f.signIn(t, nil, s)))
	},
	"EndSession/ends it once and for all": func(t *testing.T, f *fixture) {
		_, s := f.signedIn(t, document)
		check(t, f.EndSession(t.Context(), s.ID, s.ExpiresAt, f.now))
		check(t, f.EndSession(t.Context(), s.ID, s.ExpiresAt, f.now.Add(time.Hour)))
		got, err := f.Session(t.Context(), s.ID, s.ExpiresAt)
		check(t, err)
		equal(t, got.EndedAt, f.now)
		if got.Stands(f.now) {
			t.Fatal("it stands")
		}
		is(t, f.EndSession(t.Context(), id(), s.ExpiresAt, f.now), storage.ErrNotFound)
	},
	"EndSession/ends the family and nobody else's": func(t *testing.T, f *fixture) {
		p, one := f.signedIn(t)
		two, other := f.session(p.ID), f.session(p.ID)
		two.Family = one.Family
		for _, s := range []storage.Session{two, other} {
			check(t, f.complete(t, f.signIn(t, nil, s)))
		}
		check(t, f.EndSession(t.Context(), two.ID, two.ExpiresAt, f.now))
		for s, stands := range map[*storage.Session]bool{&one: false, &two: false, &other: true} {
			got, err := f.Session(t.Context(), s.ID, s.ExpiresAt)
			check(t, err)
			if got.Stands(f.now) != stands {
				t.Fatalf("stands: %t, want %t", !stands, stands)
			}
		}
	},
	"VoidedSince/lists ended sessions and changed persons": func(t *testing.T, f *fixture) {
		_, ended := f.signedIn(t, document)
		changed, _ := f.signedIn(t)
		_, _ = f.signedIn(t)
		check(t, f.EndSession(t.Context(), ended.ID, ended.ExpiresAt, f.now))
		Freeze(t, f, changed.ID, f.now.Add(time.Second))
		list := func(since time.Time, limit int) []storage.Void {
			got, err := f.VoidedSince(t.Context(), since, limit)
			check(t, err)
			return got
		}
		equal(t, list(f.now, 9), []storage.Void{{SessionID: ended.ID}, {PersonID: changed.ID}})
		equal(t, list(f.now.Add(time.Millisecond), 9), []storage.Void{{PersonID: changed.ID}})
		equal(t, len(list(f.now, 1)), 1)
		equal(t, len(list(f.now.Add(time.Minute), 9)), 0)
	},
	"Session/of any expiry is kept, also beyond the partitions": func(t *testing.T, f *fixture) {
		for _, days := range []int{-400, -1, 0, 1, 29, 31, 400} {
			p := f.person()
			s := f.session(p.ID)
			s.ExpiresAt = f.now.Add(time.Duration(days) * 24 * time.Hour)
			check(t, f.complete(t, f.signIn(t, p, s)))
			_, err := f.Session(t.Context(), s.ID, s.ExpiresAt)
			check(t, err)
		}
	},
}

var signInCases = map[string]func(*testing.T, *fixture){
	"CompleteSignIn/writes everything": func(t *testing.T, f *fixture) {
		p := f.person(document, passport)
		_, earlier := f.signedIn(t)
		in := f.signIn(t, p, f.session(p.ID))
		in.Link = &storage.Link{Issuer: "https://id.zj.example", Subject: "s", PersonID: p.ID, CreatedAt: f.now}
		in.Credential = &storage.Credential{ID: "c", PersonID: p.ID, Method: "sms", Handle: phone, CreatedAt: f.now}
		in.ReplacesID, in.ReplacesExpiresAt = earlier.ID, earlier.ExpiresAt
		check(t, f.complete(t, in))

		got, err := f.PersonByDocument(t.Context(), passport)
		check(t, err)
		equal(t, len(got.Documents), 2)
		_, _, err = f.Link(t.Context(), in.Link.Issuer, in.Link.Subject)
		check(t, err)
		credentials, err := f.CredentialsOf(t.Context(), p.ID)
		check(t, err)
		equal(t, credentials, []storage.Credential{*in.Credential})
		ended, err := f.Session(t.Context(), earlier.ID, earlier.ExpiresAt)
		check(t, err)
		if ended.Stands(f.now) {
			t.Fatal("the earlier session stands")
		}
		_, err = f.Session(t.Context(), in.Session.ID, in.Session.ExpiresAt)
		check(t, err)
		_, err = f.Conversation(t.Context(), in.ConversationID, in.ConversationExpiresAt)
		is(t, err, storage.ErrNotFound)
	},
	"CompleteSignIn/leaves the same person's earlier session and its family alone": func(t *testing.T, f *fixture) {
		p, earlier := f.signedIn(t)
		in := f.signIn(t, nil, f.session(p.ID))
		in.ReplacesID, in.ReplacesExpiresAt = earlier.ID, earlier.ExpiresAt
		check(t, f.complete(t, in))
		got, err := f.Session(t.Context(), earlier.ID, earlier.ExpiresAt)
		check(t, err)
		if !got.Stands(f.now) {
			t.Fatal("a step-up ended what other applications rely on")
		}
	},
	"CompleteSignIn/rests on a session that stands and is the same person's": func(t *testing.T, f *fixture) {
		p, before := f.signedIn(t, document)
		_, strangers := f.signedIn(t)
		resting := func(on storage.Session) error {
			in := f.signIn(t, nil, f.session(p.ID))
			in.Rests = &storage.SessionRef{ID: on.ID, ExpiresAt: on.ExpiresAt}
			_, err := f.CompleteSignIn(t.Context(), in)
			return err
		}
		check(t, resting(before))
		is(t, resting(strangers), storage.ErrEnded)
		is(t, resting(storage.Session{ID: id(), ExpiresAt: before.ExpiresAt}), storage.ErrEnded)
		NewEpoch(t, f, p.ID, f.now) // a new epoch
		is(t, resting(before), storage.ErrEnded)
		_, ended := f.signedIn(t)
		check(t, f.EndSession(t.Context(), ended.ID, ended.ExpiresAt, f.now))
		in := f.signIn(t, nil, f.session(ended.PersonID))
		in.Rests = &storage.SessionRef{ID: ended.ID, ExpiresAt: ended.ExpiresAt}
		_, err := f.CompleteSignIn(t.Context(), in)
		is(t, err, storage.ErrEnded)
	},
	"CompleteSignIn/takes the epoch from the person": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t, document)
		NewEpoch(t, f, p.ID, f.now)
		s := f.session(p.ID)
		s.Epoch = 99
		epoch, err := f.CompleteSignIn(t.Context(), f.signIn(t, nil, s))
		check(t, err)
		equal(t, epoch, p.Epoch+2)
		got, err := f.Session(t.Context(), s.ID, s.ExpiresAt)
		check(t, err)
		if got.Epoch != p.Epoch+2 || !got.Stands(f.now) {
			t.Fatalf("epoch %d", got.Epoch)
		}
	},
	"CompleteSignIn/writes nothing when it refuses": func(t *testing.T, f *fixture) {
		existing, _ := f.signedIn(t, document)
		frozen, _ := f.signedIn(t)
		Freeze(t, f, frozen.ID, f.now)
		linked := f.signIn(t, nil, f.session(existing.ID))
		linked.Link = &storage.Link{Issuer: "i", Subject: "s", PersonID: existing.ID, CreatedAt: f.now}
		check(t, f.complete(t, linked))

		for name, c := range map[string]struct {
			want   error
			change func(*storage.SignIn)
		}{
			"conversation of another version": {storage.ErrConflict, func(in *storage.SignIn) { in.ConversationVersion++ }},
			"no conversation":                 {storage.ErrConflict, func(in *storage.SignIn) { in.ConversationID = "none" }},
			"document of another person": {storage.ErrConflict, func(in *storage.SignIn) {
				in.Person.Documents = []storage.Document{document}
			}},
			"person exists": {storage.ErrConflict, func(in *storage.SignIn) { in.Person.ID = existing.ID }},
			"subject of another person": {storage.ErrConflict, func(in *storage.SignIn) {
				in.Link = &storage.Link{Issuer: "i", Subject: "s", PersonID: in.Person.ID, CreatedAt: f.now}
			}},
			"person is frozen":    {storage.ErrEnded, func(in *storage.SignIn) { in.Session.PersonID = frozen.ID }},
			"person is not there": {storage.ErrEnded, func(in *storage.SignIn) { in.Session.PersonID = "nobody" }},
		} {
			p := f.person(passport)
			in := f.signIn(t, p, f.session(p.ID))
			in.Credential = &storage.Credential{ID: text(), PersonID: p.ID, Method: "totp", CreatedAt: f.now}
			conversation, expiresAt := in.ConversationID, in.ConversationExpiresAt
			c.change(&in)
			if err := f.complete(t, in); err == nil {
				t.Fatalf("%s: no error", name)
			} else {
				is(t, err, c.want)
			}
			_, err := f.Conversation(t.Context(), conversation, expiresAt)
			check(t, err)
			_, err = f.PersonByDocument(t.Context(), passport)
			is(t, err, storage.ErrNotFound)
			_, err = f.Session(t.Context(), in.Session.ID, in.Session.ExpiresAt)
			is(t, err, storage.ErrNotFound)
		}
	},
	"CompleteSignIn/of the same link again is no conflict": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t, document)
		for range 2 {
			in := f.signIn(t, nil, f.session(p.ID))
			in.Link = &storage.Link{Issuer: "i", Subject: "s", PersonID: p.ID, CreatedAt: f.now}
			check(t, f.complete(t, in))
		}
	},
	"CompleteSignIn/at once with one document creates one person": func(t *testing.T, f *fixture) {
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		ins := make([]storage.SignIn, 30)
		for i := range ins {
			documents := []storage.Document{document, passport}
			if i%2 == 1 {
				documents = []storage.Document{passport, document}
			}
			p := f.person(documents...)
			ins[i] = f.signIn(t, p, f.session(p.ID))
		}
		oneWinner(t, len(ins), storage.ErrConflict, func(ctx context.Context, i int) error {
			_, err := nodes[i%2].CompleteSignIn(ctx, ins[i])
			return err
		})
		persons := 0
		for _, in := range ins {
			if _, err := f.Person(t.Context(), in.Person.ID); err == nil {
				persons++
			}
		}
		equal(t, persons, 1)
	},
	"CompleteSignIn/at once of one conversation begins one session": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t, document)
		in := f.signIn(t, nil, f.session(p.ID))
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		oneWinner(t, 30, storage.ErrConflict, func(ctx context.Context, i int) error {
			in := in
			in.Session.ID = id()
			_, err := nodes[i%2].CompleteSignIn(ctx, in)
			return err
		})
	},
}
