package storagetest

import (
	"testing"

	"manyou/storage"
)

// older is a form in which a name may have been received: its last character in the private use area.
func older() *storage.ReceivedName {
	return &storage.ReceivedName{Form: "刘\ue863", Mapping: "GB 18030-2022", Source: "issuer:https://id.zj.example"}
}

// named stores a new person of a name, with a session and a grant.
func (f *fixture) named(t *testing.T, name string, received *storage.ReceivedName) (*storage.Person, storage.Session, storage.Grant) {
	t.Helper()
	p := f.person(document)
	p.Name, p.Received = name, received
	in := f.signIn(t, p, f.session(p.ID))
	in.Link = &storage.Link{Issuer: issuerOfMove, Subject: "subject", PersonID: p.ID, CreatedAt: f.now}
	check(t, f.complete(t, in))
	g := f.grant(in.Session)
	_, err := f.Redeem(t.Context(), g, f.now)
	check(t, err)
	return p, in.Session, g
}

func (f *fixture) received(t *testing.T, person string) (name string, received *storage.ReceivedName) {
	t.Helper()
	p, err := f.Person(t.Context(), person)
	check(t, err)
	return p.Name, p.Received
}

var receivedNameCases = map[string]func(*testing.T, *fixture){
	"Received names/are kept with a person, and read where documents are": func(t *testing.T, f *fixture) {
		p, _, _ := f.named(t, "刘䶮", older())
		got, err := f.Person(t.Context(), p.ID)
		check(t, err)
		equal(t, got, *p)
		got, err = f.PersonByDocument(t.Context(), document)
		check(t, err)
		equal(t, got, *p)
		_, got, err = f.Link(t.Context(), issuerOfMove, "subject")
		check(t, err)
		equal(t, got.Name, p.Name)
		equal(t, got.Received, noForm())
	},
	"Received names/are kept with a row of the register, and go when the row has none any more": func(t *testing.T, f *fixture) {
		e := storage.RegisterEntry{Document: document, Name: "刘䶮", Region: "33", Status: storage.RegisterValid, Received: &storage.ReceivedName{Form: "刘 䶮", Mapping: "GB 18030-2022"}}
		for range 2 {
			check(t, f.PutRegister(t.Context(), []storage.RegisterEntry{e}, storage.ImportProgress{Source: "source"}))
			got, err := f.RegisterEntry(t.Context(), document)
			check(t, err)
			equal(t, got, e)
			e.Received = nil
		}
	},
	"Received names/follow a correction, and it being taken back": func(t *testing.T, f *fixture) {
		p, _, _ := f.named(t, "刘䶮", older())
		other := &storage.ReceivedName{Form: "刘 龑", Mapping: "GB 18030-2022", Source: "officer:wang"}
		change := storage.Correction{ID: text(), Names: []storage.Rename{{PersonID: p.ID, From: p.Name, To: "刘龑", Received: other}}}
		check(t, f.corrected(t, change))
		name, received := f.received(t, p.ID)
		equal(t, name, "刘龑")
		equal(t, received, other)
		check(t, f.corrected(t, storage.Correction{ID: text(), Undo: change.ID}))
		name, received = f.received(t, p.ID)
		equal(t, name, p.Name)
		equal(t, received, p.Received)
		change.ID, change.Names[0].Received = text(), nil
		check(t, f.corrected(t, change))
		_, received = f.received(t, p.ID)
		equal(t, received, noForm())
	},
	"Recoding/ends nothing, and others hear that it was one": func(t *testing.T, f *fixture) {
		p, s, g := f.named(t, older().Form, nil)
		known := f.knownTo(t, "one", "a", s)
		recode := storage.Correction{ID: text(), Names: []storage.Rename{{PersonID: p.ID, From: p.Name, To: "刘䶮", Received: older(), Recoded: true}}}
		check(t, f.corrected(t, recode))
		got, err := f.Person(t.Context(), p.ID)
		check(t, err)
		equal(t, got.Name, "刘䶮")
		equal(t, got.Received, older())
		equal(t, got.Epoch, p.Epoch)
		live, err := f.Grant(t.Context(), g.ID, g.ExpiresAt, f.now)
		check(t, err)
		equal(t, live.SessionStands, true)
		equal(t, live.PersonEpoch, g.Epoch)
		equal(t, live.PersonName, "刘䶮")
		_, err = f.Redeem(t.Context(), f.grant(s), f.now)
		check(t, err)
		equal(t, f.hears(t, "one", "", 0), []string{"1 recoded " + known})
		// It is an ordinary decision otherwise: noted, and taken back with a new epoch.
		check(t, f.CorrectAs(t.Context(), storage.Correction{ID: text(), Undo: recode.ID}, storage.Case{}, f.now))
		name, received := f.received(t, p.ID)
		equal(t, name, p.Name)
		equal(t, received, noForm())
		equal(t, f.epoch(t, p.ID), p.Epoch+1)
	},
	"Recoding/is carried out once for another issuer, and ends nothing": func(t *testing.T, f *fixture) {
		p, _, _ := f.named(t, older().Form, nil)
		recode := storage.Correction{ID: text(), Names: []storage.Rename{{PersonID: p.ID, From: p.Name, To: "刘䶮", Received: older(), Recoded: true}}}
		for range 2 { // told again it would not fit any more
			check(t, f.CorrectAs(t.Context(), recode, storage.Case{}, f.now))
		}
		name, received := f.received(t, p.ID)
		equal(t, name, "刘䶮")
		equal(t, received, older())
		equal(t, f.epoch(t, p.ID), p.Epoch)
	},
	"Recoding/is none together with anything else": func(t *testing.T, f *fixture) {
		p, _, g := f.named(t, older().Form, nil)
		change := storage.Correction{ID: text(), Touch: []string{p.ID}, Names: []storage.Rename{{PersonID: p.ID, From: p.Name, To: "刘䶮", Recoded: true}}}
		check(t, f.corrected(t, change))
		equal(t, f.epoch(t, p.ID), p.Epoch+1)
		live, err := f.Grant(t.Context(), g.ID, g.ExpiresAt, f.now)
		check(t, err)
		equal(t, live.PersonEpoch, g.Epoch+1)
	},
	"Recoding/of a name that is another by now changes nothing": func(t *testing.T, f *fixture) {
		p, _, _ := f.named(t, "刘䶮", nil)
		recode := storage.Correction{ID: text(), Names: []storage.Rename{{PersonID: p.ID, From: older().Form, To: "刘䶮", Received: older(), Recoded: true}}}
		is(t, f.corrected(t, recode), storage.ErrConflict)
		name, received := f.received(t, p.ID)
		equal(t, name, p.Name)
		equal(t, received, noForm())
	},
}

// noForm is no received form, of the type that it has.
func noForm() *storage.ReceivedName { return nil }
