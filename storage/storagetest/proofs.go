package storagetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"manyou/storage"
)

// credential stores a credential of a person.
func (f *fixture) credential(t *testing.T, personID, method string) storage.Credential {
	t.Helper()
	c := storage.Credential{
		ID: text(), PersonID: personID, Method: method, Label: "手机", Secret: []byte("secret"), CreatedAt: f.now,
		CountsFrom: f.now.Add(time.Hour), AtMost: 1,
	}
	check(t, f.AddCredential(t.Context(), c))
	return c
}

// recoveryCodes returns a set of credentials that was never stored.
func (f *fixture) recoveryCodes(personID string, n int) []storage.Credential {
	codes := make([]storage.Credential, n)
	for i := range codes {
		codes[i] = storage.Credential{
			ID: text(), PersonID: personID, Method: "recovery", Secret: []byte("code"),
			CreatedAt: f.now.Add(time.Duration(i) * time.Millisecond),
		}
	}
	return codes
}

var proofCases = map[string]func(*testing.T, *fixture){
	"UseCredential/may leave the counter still": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		c := f.credential(t, p.ID, "passkey")
		still := storage.CredentialUse{ID: c.ID, Still: true}
		check(t, f.UseCredential(t.Context(), still, f.now))
		check(t, f.UseCredential(t.Context(), still, f.now))
		is(t, f.UseCredential(t.Context(), storage.CredentialUse{ID: c.ID}, f.now), storage.ErrUsed)
		check(t, f.UseCredential(t.Context(), storage.CredentialUse{ID: c.ID, Counter: 3, Still: true}, f.now))
		is(t, f.UseCredential(t.Context(), storage.CredentialUse{ID: c.ID, Counter: 2, Still: true}, f.now), storage.ErrUsed)
	},
	"UseCredential/replaces the secret only with the use": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		c := f.credential(t, p.ID, "passkey")
		check(t, f.UseCredential(t.Context(), storage.CredentialUse{ID: c.ID, Counter: 1}, f.now))
		c.Counter, c.LastUsedAt = 1, f.now
		is(t, f.UseCredential(t.Context(), storage.CredentialUse{ID: c.ID, Counter: 1, Secret: []byte("late")}, f.now), storage.ErrUsed)
		got, err := f.CredentialsOf(t.Context(), p.ID)
		check(t, err)
		equal(t, got, []storage.Credential{c})

		c.Counter, c.Secret, c.LastUsedAt = 2, []byte("next"), f.now.Add(time.Second)
		check(t, f.UseCredential(t.Context(), storage.CredentialUse{ID: c.ID, Counter: 2, Secret: c.Secret}, c.LastUsedAt))
		got, err = f.CredentialsOf(t.Context(), p.ID)
		check(t, err)
		equal(t, got, []storage.Credential{c})
	},
	"UseCredential/once deletes it": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		c, other := f.credential(t, p.ID, "recovery"), f.credential(t, p.ID, "recovery")
		once := storage.CredentialUse{ID: c.ID, Once: true}
		check(t, f.UseCredential(t.Context(), once, f.now))
		is(t, f.UseCredential(t.Context(), once, f.now), storage.ErrNotFound)
		got, err := f.CredentialsOf(t.Context(), p.ID)
		check(t, err)
		equal(t, got, []storage.Credential{other})
	},
	"UseCredential/with one counter at once on two nodes accepts one": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		c := f.credential(t, p.ID, "totp")
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		oneWinner(t, 200, storage.ErrUsed, func(ctx context.Context, i int) error {
			return nodes[i%2].UseCredential(ctx, storage.CredentialUse{ID: c.ID, Counter: 9, Secret: fmt.Append(nil, i)}, f.now)
		})
	},
	"UseCredential/once at once on two nodes accepts one": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		c := f.credential(t, p.ID, "recovery")
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		oneWinner(t, 200, storage.ErrNotFound, func(ctx context.Context, i int) error {
			return nodes[i%2].UseCredential(ctx, storage.CredentialUse{ID: c.ID, Once: true}, f.now)
		})
	},
	"LabelCredential/names only that person's": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		c := f.credential(t, p.ID, "passkey")
		is(t, f.LabelCredential(t.Context(), "another", c.ID, "他人"), storage.ErrNotFound)
		is(t, f.LabelCredential(t.Context(), p.ID, "none", "无"), storage.ErrNotFound)
		for _, label := range []string{"母亲的平板", ""} {
			c.Label = label
			check(t, f.LabelCredential(t.Context(), p.ID, c.ID, label))
			got, err := f.CredentialsOf(t.Context(), p.ID)
			check(t, err)
			equal(t, got, []storage.Credential{c})
		}
	},
	"AddCredentials/adds all or none": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		check(t, f.AddCredentials(t.Context(), nil))
		codes := f.recoveryCodes(p.ID, 3)
		check(t, f.AddCredentials(t.Context(), codes))
		more := f.recoveryCodes(p.ID, 2)
		more[1].ID = codes[0].ID
		is(t, f.AddCredentials(t.Context(), more), storage.ErrConflict)
		more[1].ID, more[1].PersonID = text(), "nobody"
		is(t, f.AddCredentials(t.Context(), more), storage.ErrNotFound)
		got, err := f.CredentialsOf(t.Context(), p.ID)
		check(t, err)
		equal(t, got, codes)
	},
	"ReplaceCredentials/leaves the new set, other methods and other persons": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		relative, _ := f.signedIn(t)
		kept, theirs := f.credential(t, p.ID, "totp"), f.credential(t, relative.ID, "recovery")
		check(t, f.ReplaceCredentials(t.Context(), p.ID, "recovery", f.recoveryCodes(p.ID, 3)))
		codes := f.recoveryCodes(p.ID, 2)
		codes[0].CreatedAt = f.now.Add(time.Second)
		codes[1].CreatedAt = f.now.Add(2 * time.Second)
		check(t, f.ReplaceCredentials(t.Context(), p.ID, "recovery", codes))

		foreign := f.recoveryCodes(relative.ID, 1)
		if f.ReplaceCredentials(t.Context(), p.ID, "recovery", foreign) == nil {
			t.Fatal("another person's credential was stored")
		}
		taken := f.recoveryCodes(p.ID, 1)
		taken[0].ID = theirs.ID
		is(t, f.ReplaceCredentials(t.Context(), p.ID, "recovery", taken), storage.ErrConflict)
		is(t, f.ReplaceCredentials(t.Context(), "nobody", "recovery", nil), storage.ErrNotFound)

		got, err := f.CredentialsOf(t.Context(), p.ID)
		check(t, err)
		equal(t, got, append([]storage.Credential{kept}, codes...))
		got, err = f.CredentialsOf(t.Context(), relative.ID)
		check(t, err)
		equal(t, got, []storage.Credential{theirs})

		check(t, f.ReplaceCredentials(t.Context(), p.ID, "recovery", nil))
		got, err = f.CredentialsOf(t.Context(), p.ID)
		check(t, err)
		equal(t, got, []storage.Credential{kept})
	},
	"ReplaceCredentials/at once on two nodes leaves one whole set": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		sets := make([][]storage.Credential, 40)
		of := map[string]int{}
		for i := range sets {
			sets[i] = f.recoveryCodes(p.ID, 3)
			for _, c := range sets[i] {
				of[c.ID] = i
			}
		}
		race(t, len(sets), nil, func(ctx context.Context, i int) error {
			return nodes[i%2].ReplaceCredentials(ctx, p.ID, "recovery", sets[i])
		})
		got, err := f.CredentialsOf(t.Context(), p.ID)
		check(t, err)
		equal(t, len(got), 3)
		equal(t, got, sets[of[got[0].ID]])
	},
	"CompleteSignIn/uses up a ticket and a proof, and writes an event": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		c, k := f.credential(t, p.ID, "passkey"), f.ticket(t)
		in := f.signIn(t, nil, f.session(p.ID))
		in.Ticket, in.Use = &k, &storage.CredentialUse{ID: c.ID, Counter: 4, Secret: []byte("next")}
		in.Event = &storage.Event{ID: text(), PersonID: p.ID, At: f.now, Kind: "signed_in", Detail: map[string]string{"method": "passkey"}}
		epoch, err := f.CompleteSignIn(t.Context(), in)
		check(t, err)
		equal(t, epoch, p.Epoch)
		_, err = f.Ticket(t.Context(), k.ID, k.ExpiresAt)
		is(t, err, storage.ErrNotFound)
		credentials, err := f.CredentialsOf(t.Context(), p.ID)
		check(t, err)
		c.Counter, c.Secret, c.LastUsedAt = 4, []byte("next"), in.Session.CreatedAt
		equal(t, credentials, []storage.Credential{c})
		events, err := f.EventsOf(t.Context(), p.ID, f.now.Add(time.Second), 9)
		check(t, err)
		equal(t, events, []storage.Event{*in.Event})
	},
	"CompleteSignIn/writes nothing when a ticket or a proof is not good": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		other, _ := f.signedIn(t)
		theirs := f.credential(t, other.ID, "recovery")
		for name, c := range map[string]struct {
			want   error
			change func(*storage.SignIn)
		}{
			"ticket of another version": {storage.ErrConflict, func(in *storage.SignIn) { in.Ticket.Version++ }},
			"no ticket":                 {storage.ErrConflict, func(in *storage.SignIn) { in.Ticket.ID = "none" }},
			"counter was used":          {storage.ErrUsed, func(in *storage.SignIn) { in.Use.Counter = 0 }},
			"no credential":             {storage.ErrUsed, func(in *storage.SignIn) { in.Use.ID = "none" }},
			"another person's credential": {storage.ErrUsed, func(in *storage.SignIn) {
				in.Use = &storage.CredentialUse{ID: theirs.ID, Counter: 1}
			}},
			"another person's, once": {storage.ErrUsed, func(in *storage.SignIn) {
				in.Use = &storage.CredentialUse{ID: theirs.ID, Once: true}
			}},
			"event exists": {storage.ErrConflict, func(in *storage.SignIn) { check(t, f.AddEvent(t.Context(), *in.Event)) }},
		} {
			stored, k := f.credential(t, p.ID, name), f.ticket(t)
			changed := k
			in := f.signIn(t, nil, f.session(p.ID))
			in.Ticket, in.Use = &changed, &storage.CredentialUse{ID: stored.ID, Counter: 1}
			in.Event = &storage.Event{ID: text(), PersonID: p.ID, At: f.now, Kind: name}
			c.change(&in)
			if _, err := f.CompleteSignIn(t.Context(), in); err == nil {
				t.Fatalf("%s: no error", name)
			} else {
				is(t, err, c.want)
			}
			_, err := f.Conversation(t.Context(), in.ConversationID, in.ConversationExpiresAt)
			check(t, err)
			_, err = f.Ticket(t.Context(), k.ID, k.ExpiresAt)
			check(t, err)
			_, err = f.Session(t.Context(), in.Session.ID, in.Session.ExpiresAt)
			is(t, err, storage.ErrNotFound)
			check(t, f.UseCredential(t.Context(), storage.CredentialUse{ID: stored.ID, Counter: 1}, f.now))
			events, err := f.EventsOf(t.Context(), p.ID, f.now.Add(time.Second), 9)
			check(t, err)
			for _, e := range events {
				if e.Kind == name && name != "event exists" {
					t.Fatalf("%s: the event was written", name)
				}
			}
		}
		check(t, f.UseCredential(t.Context(), storage.CredentialUse{ID: theirs.ID, Once: true}, f.now))
	},
	"CompleteSignIn/at once with one recovery code begins one session": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		c := f.credential(t, p.ID, "recovery")
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		ins := make([]storage.SignIn, 30)
		for i := range ins {
			ins[i] = f.signIn(t, nil, f.session(p.ID))
			ins[i].Use = &storage.CredentialUse{ID: c.ID, Once: true}
		}
		oneWinner(t, len(ins), storage.ErrUsed, func(ctx context.Context, i int) error {
			_, err := nodes[i%2].CompleteSignIn(ctx, ins[i])
			return err
		})
	},
	"CompleteSignIn/at once with one ticket begins one session": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		k := f.ticket(t)
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		ins := make([]storage.SignIn, 30)
		for i := range ins {
			ins[i] = f.signIn(t, nil, f.session(p.ID))
			ins[i].Ticket = &k
		}
		oneWinner(t, len(ins), storage.ErrConflict, func(ctx context.Context, i int) error {
			_, err := nodes[i%2].CompleteSignIn(ctx, ins[i])
			return err
		})
	},
}
