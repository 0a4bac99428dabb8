package storagetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"manyou/storage"
)

const issuerOfMove = "https://id.sc.example"

// holding stores a person with one of each thing that can be moved.
func (f *fixture) holding(t *testing.T, name, number string) (*storage.Person, storage.Link, storage.Credential) {
	t.Helper()
	p := f.person(storage.Document{Kind: "passport", Number: number})
	p.Name = name
	in := f.signIn(t, p, f.session(p.ID))
	in.Link = &storage.Link{Issuer: issuerOfMove, Subject: name, PersonID: p.ID, CreatedAt: f.now}
	in.Credential = &storage.Credential{ID: text(), PersonID: p.ID, Method: "sms", Handle: phone, CreatedAt: f.now, LastUsedAt: f.now}
	check(t, f.complete(t, in))
	check(t, f.PutConsent(t.Context(), storage.Consent{PersonID: p.ID, ClientID: "of " + name[:1], Scopes: []string{"document"}, GivenAt: f.now}))
	return p, *in.Link, *in.Credential
}

// corrected files a case that is decided at once.
func (f *fixture) corrected(t *testing.T, c storage.Correction) error {
	t.Helper()
	step := f.filing("")
	step.Correction = &c
	return f.StepCase(t.Context(), step)
}

// owns counts what a person has: links, credentials, documents, consents.
func (f *fixture) owns(t *testing.T, person string) (n [4]int) {
	t.Helper()
	p, err := f.Person(t.Context(), person)
	check(t, err)
	links, err := f.LinksOf(t.Context(), person)
	check(t, err)
	credentials, err := f.CredentialsOf(t.Context(), person)
	check(t, err)
	consents, err := f.ConsentsOf(t.Context(), person)
	check(t, err)
	return [4]int{len(links), len(credentials), len(p.Documents), len(consents)}
}

func (f *fixture) epoch(t *testing.T, person string) int64 {
	t.Helper()
	p, err := f.Person(t.Context(), person)
	check(t, err)
	return p.Epoch
}

var correctionCases = map[string]func(*testing.T, *fixture){
	"Correction/a merge gives one person all that the other has, and is taken back": func(t *testing.T, f *fixture) {
		a, _, _ := f.holding(t, "a", "E00000001")
		b, link, _ := f.holding(t, "b", "E00000002")
		frozen := Freeze(t, f, b.ID, f.now)
		merge := storage.Correction{ID: text(), Merges: []storage.Merge{{From: b.ID, Into: a.ID}}}
		check(t, f.corrected(t, merge))
		equal(t, f.owns(t, a.ID), [4]int{2, 2, 2, 2})
		equal(t, f.owns(t, b.ID), [4]int{0, 0, 0, 1})
		merged, err := f.Person(t.Context(), b.ID)
		check(t, err)
		if merged.Status != storage.PersonMerged || merged.MergedInto != a.ID {
			t.Errorf("%+v", merged)
		}
		for into, want := range map[string][]string{a.ID: {b.ID}, b.ID: nil, "": nil} {
			got, err := f.MergedInto(t.Context(), into)
			check(t, err)
			equal(t, got, want)
		}
		found, err := f.PersonByDocument(t.Context(), b.Documents[0])
		check(t, err)
		equal(t, found.ID, a.ID)
		equal(t, found.Status, storage.PersonFrozen) // what lay on one lies on both: nobody gets rid of a hold so
		_, holder, err := f.Link(t.Context(), link.Issuer, link.Subject)
		check(t, err)
		equal(t, holder.ID, a.ID)
		is(t, f.complete(t, f.signIn(t, nil, f.session(b.ID))), storage.ErrEnded)
		is(t, f.AddCredential(t.Context(), storage.Credential{ID: text(), PersonID: b.ID, Method: "sms"}), storage.ErrNotFound)
		is(t, f.corrected(t, storage.Correction{ID: text(), Merges: []storage.Merge{{From: b.ID, Into: a.ID}}}), storage.ErrConflict)

		undo := storage.Correction{ID: text(), Undo: merge.ID}
		check(t, f.corrected(t, undo))
		equal(t, f.owns(t, a.ID), [4]int{1, 1, 1, 1})
		equal(t, f.owns(t, b.ID), [4]int{1, 1, 1, 1})
		found, err = f.PersonByDocument(t.Context(), b.Documents[0])
		check(t, err)
		if found.ID != b.ID || found.Status != storage.PersonFrozen || found.MergedInto != "" {
			t.Errorf("%+v", found)
		}
		check(t, f.LiftHold(t.Context(), storage.HoldLift{ID: frozen, By: "system"}, f.now))
		for _, p := range []string{a.ID, b.ID} {
			check(t, f.complete(t, f.signIn(t, nil, f.session(p))))
		}
		is(t, f.corrected(t, storage.Correction{ID: text(), Undo: merge.ID}), storage.ErrConflict) // nothing is taken back twice
	},
	"Correction/a split gives the other one what is theirs, and is taken back": func(t *testing.T, f *fixture) {
		a, link, credential := f.holding(t, "a", "E00000001")
		other := f.person()
		split := storage.Correction{ID: text(), Create: other, Of: a.ID, Moves: []storage.Move{
			{What: storage.MoveLink, Issuer: link.Issuer, Subject: link.Subject, From: a.ID, To: other.ID},
			{What: storage.MoveCredential, Key: credential.ID, From: a.ID, To: other.ID},
			{What: storage.MoveDocument, Document: a.Documents[0], From: a.ID, To: other.ID},
		}}
		epoch := f.epoch(t, a.ID)
		check(t, f.corrected(t, split))
		equal(t, f.owns(t, a.ID), [4]int{0, 0, 0, 1})
		equal(t, f.owns(t, other.ID), [4]int{1, 1, 1, 0}) // nobody inherits what another agreed to
		equal(t, f.epoch(t, a.ID), epoch+1)
		got, err := f.PersonByDocument(t.Context(), a.Documents[0])
		check(t, err)
		equal(t, got.ID, other.ID)
		equal(t, got.Documents, a.Documents)
		check(t, f.corrected(t, storage.Correction{ID: text(), Undo: split.ID}))
		equal(t, f.owns(t, a.ID), [4]int{1, 1, 1, 1})
		gone, err := f.Person(t.Context(), other.ID)
		check(t, err)
		if gone.Status != storage.PersonMerged || gone.MergedInto != a.ID {
			t.Errorf("%+v", gone)
		}
	},
	"Correction/a split that is taken back leaves nothing with who began by it": func(t *testing.T, f *fixture) {
		a, link, _ := f.holding(t, "a", "E00000001")
		other := f.person()
		split := storage.Correction{ID: text(), Create: other, Of: a.ID, Moves: []storage.Move{
			{What: storage.MoveLink, Issuer: link.Issuer, Subject: link.Subject, From: a.ID, To: other.ID},
		}}
		check(t, f.corrected(t, split))
		// Meanwhile they add a passkey, and are found to be in danger.
		check(t, f.AddCredential(t.Context(), storage.Credential{ID: text(), PersonID: other.ID, Method: "totp", CreatedAt: f.now}))
		check(t, f.PlaceHold(t.Context(), f.hold(other.ID, storage.HoldFreeze)))
		check(t, f.corrected(t, storage.Correction{ID: text(), Undo: split.ID}))
		got, err := f.Person(t.Context(), a.ID)
		check(t, err)
		if got.Status != storage.PersonFrozen {
			t.Errorf("who is in danger is %s", got.Status)
		}
		left, err := f.CredentialsOf(t.Context(), other.ID)
		check(t, err)
		equal(t, len(left), 0)
	},
	"Correction/nothing is given to a record that was merged, nor back to it": func(t *testing.T, f *fixture) {
		a, link, _ := f.holding(t, "a", "E00000001")
		b, _, _ := f.holding(t, "b", "E00000002")
		c, _, _ := f.holding(t, "c", "E00000003")
		give := func(from, to string) storage.Correction {
			return storage.Correction{ID: text(), Moves: []storage.Move{{What: storage.MoveLink, Issuer: link.Issuer, Subject: link.Subject, From: from, To: to}}}
		}
		given := give(a.ID, b.ID)
		check(t, f.corrected(t, given))
		check(t, f.corrected(t, storage.Correction{ID: text(), Merges: []storage.Merge{{From: a.ID, Into: c.ID}}}))
		is(t, f.corrected(t, storage.Correction{ID: text(), Undo: given.ID}), storage.ErrConflict)
		is(t, f.corrected(t, give(b.ID, a.ID)), storage.ErrConflict)
		check(t, f.corrected(t, give(b.ID, c.ID)))
	},
	"Correction/a link is moved with what lies on it, dropped, and taken back": func(t *testing.T, f *fixture) {
		a, link, _ := f.holding(t, "a", "E00000001")
		b, _, _ := f.holding(t, "b", "E00000002")
		h := f.hold(a.ID, storage.HoldFreeze)
		h.Issuer, h.Subject = link.Issuer, link.Subject
		check(t, f.PlaceHold(t.Context(), h))
		whose := func(want string, frozen bool) {
			t.Helper()
			l, p, err := f.Link(t.Context(), link.Issuer, link.Subject)
			if want == "" {
				is(t, err, storage.ErrNotFound)
				return
			}
			check(t, err)
			if p.ID != want || l.Frozen != frozen {
				t.Errorf("%+v of %s", l, p.ID)
			}
		}
		move := storage.Correction{ID: text(), Moves: []storage.Move{{What: storage.MoveLink, Issuer: link.Issuer, Subject: link.Subject, From: a.ID, To: b.ID}}}
		ea, eb := f.epoch(t, a.ID), f.epoch(t, b.ID)
		check(t, f.corrected(t, move))
		whose(b.ID, true)
		if f.epoch(t, a.ID) != ea+1 || f.epoch(t, b.ID) != eb+1 {
			t.Error("an epoch did not grow by one")
		}
		check(t, f.LiftHold(t.Context(), storage.HoldLift{ID: h.ID, By: "system"}, f.now))
		whose(b.ID, false)
		drop := storage.Correction{ID: text(), Moves: []storage.Move{{What: storage.MoveLink, Issuer: link.Issuer, Subject: link.Subject, From: b.ID}}}
		check(t, f.corrected(t, drop))
		whose("", false)
		check(t, f.corrected(t, storage.Correction{ID: text(), Undo: drop.ID}))
		whose(b.ID, false)
		check(t, f.corrected(t, storage.Correction{ID: text(), Undo: move.ID}))
		whose(a.ID, false)
	},
	"Correction/a name is changed and taken back": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		rename := storage.Correction{ID: text(), Names: []storage.Rename{{PersonID: p.ID, From: p.Name, To: "阿依努爾·買買提"}}}
		check(t, f.corrected(t, rename))
		got, err := f.Person(t.Context(), p.ID)
		check(t, err)
		equal(t, got.Name, "阿依努爾·買買提")
		check(t, f.corrected(t, storage.Correction{ID: text(), Undo: rename.ID}))
		got, err = f.Person(t.Context(), p.ID)
		check(t, err)
		equal(t, got.Name, p.Name)
		equal(t, got.Epoch, p.Epoch+2)
	},
	"Correction/nothing is left with a person who is merged while they sign in": func(t *testing.T, f *fixture) {
		for range 10 {
			a, _ := f.signedIn(t)
			b, _ := f.signedIn(t)
			var group sync.WaitGroup
			start := make(chan struct{})
			subject := text()
			group.Go(func() {
				<-start
				in := f.signIn(t, nil, f.session(b.ID))
				in.Link = &storage.Link{Issuer: issuerOfMove, Subject: subject, PersonID: b.ID, CreatedAt: f.now}
				if err := f.complete(t, in); err != nil && !errors.Is(err, storage.ErrEnded) && !errors.Is(err, storage.ErrConflict) {
					t.Error(err)
				}
			})
			group.Go(func() {
				<-start
				c := storage.Credential{ID: text(), PersonID: b.ID, Method: "passkey", CreatedAt: f.now, LastUsedAt: f.now}
				if err := f.AddCredential(t.Context(), c); err != nil && !errors.Is(err, storage.ErrNotFound) {
					t.Error(err)
				}
			})
			group.Go(func() {
				<-start
				time.Sleep(time.Millisecond)
				if err := f.corrected(t, storage.Correction{ID: text(), Merges: []storage.Merge{{From: b.ID, Into: a.ID}}}); err != nil {
					t.Error(err)
				}
			})
			close(start)
			group.Wait()
			if left := f.owns(t, b.ID); left != [4]int{} {
				t.Fatalf("%v are left", left)
			}
			if list, err := f.SessionsOf(t.Context(), b.ID, f.now); err != nil || len(list) > 0 {
				t.Fatalf("%d sessions stand, %v", len(list), err)
			}
		}
	},
	"Correction/of several that change one person at once each is whole": func(t *testing.T, f *fixture) {
		a, _, _ := f.holding(t, "a", "E00000001")
		b, link, _ := f.holding(t, "b", "E00000002")
		succeeded, _ := race(t, 6, []error{storage.ErrConflict}, func(_ context.Context, i int) error {
			if i%2 == 0 {
				return f.corrected(t, storage.Correction{ID: text(), Merges: []storage.Merge{{From: b.ID, Into: a.ID}}})
			}
			return f.corrected(t, storage.Correction{ID: text(), Moves: []storage.Move{
				{What: storage.MoveLink, Issuer: link.Issuer, Subject: link.Subject, From: b.ID, To: a.ID},
			}})
		})
		got := f.owns(t, a.ID)
		if got[0] != 2 || succeeded == 0 || succeeded > 2 {
			t.Errorf("%d succeeded, %v", succeeded, got)
		}
	},
}
