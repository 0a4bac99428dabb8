package storagetest

import (
	"context"
	"testing"
	"time"

	"manyou/storage"
)

var personCases = map[string]func(*testing.T, *fixture){
	"Person/returns what was stored, with documents": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t, passport, document)
		got, err := f.Person(t.Context(), p.ID)
		check(t, err)
		equal(t, got, *p)
	},
	"Person/is not found": func(t *testing.T, f *fixture) {
		_, err := f.Person(t.Context(), "nobody")
		is(t, err, storage.ErrNotFound)
	},
	"PersonByDocument/finds by kind and number": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t, document)
		got, err := f.PersonByDocument(t.Context(), document)
		check(t, err)
		equal(t, got, *p)
		for _, d := range []storage.Document{
			{Kind: "passport", Number: document.Number}, {Kind: document.Kind, Number: "330000199003070015"}, {},
		} {
			_, err = f.PersonByDocument(t.Context(), d)
			is(t, err, storage.ErrNotFound)
		}
	},
}

var registerCases = map[string]func(*testing.T, *fixture){
	"PutRegister/stores entries and progress, replacing by document": func(t *testing.T, f *fixture) {
		e := storage.RegisterEntry{Document: document, Name: "王小明", Phone: phone, Region: "33", Status: storage.RegisterValid}
		other := storage.RegisterEntry{Document: passport, Name: "李小红", Region: "51", Status: storage.RegisterDeceased}
		progress := storage.ImportProgress{Source: "source", Line: 2, Imported: 2, Rejected: 1}
		check(t, f.PutRegister(t.Context(), []storage.RegisterEntry{e, other}, progress))
		got, err := f.RegisterEntry(t.Context(), document)
		check(t, err)
		equal(t, got, e)
		got, err = f.RegisterEntry(t.Context(), passport)
		check(t, err)
		equal(t, got, other)

		e.Name, e.Phone, e.Status = "王晓明", "", storage.RegisterCancelled
		progress.Line, progress.Done = 3, true
		check(t, f.PutRegister(t.Context(), []storage.RegisterEntry{other, {Document: document, Name: "earlier"}, e}, progress))
		got, err = f.RegisterEntry(t.Context(), document)
		check(t, err)
		equal(t, got, e)
		n, err := f.RegisterCount(t.Context())
		check(t, err)
		equal(t, n, int64(2))
		gotProgress, err := f.ImportProgress(t.Context(), "source")
		check(t, err)
		equal(t, gotProgress, progress)
	},
	"PutRegister/takes a batch of thousands": func(t *testing.T, f *fixture) {
		entries := make([]storage.RegisterEntry, 2000)
		for i := range entries {
			entries[i] = storage.RegisterEntry{
				Document: storage.Document{Kind: "passport", Number: text()}, Name: "王小明", Region: "33", Status: storage.RegisterValid,
			}
		}
		check(t, f.PutRegister(t.Context(), entries, storage.ImportProgress{Source: "source", Line: 2000}))
		n, err := f.RegisterCount(t.Context())
		check(t, err)
		equal(t, n, int64(2000))
	},
	"RegisterEntry and ImportProgress/are not found": func(t *testing.T, f *fixture) {
		_, err := f.RegisterEntry(t.Context(), document)
		is(t, err, storage.ErrNotFound)
		_, err = f.ImportProgress(t.Context(), "nothing")
		is(t, err, storage.ErrNotFound)
		n, err := f.RegisterCount(t.Context())
		check(t, err)
		equal(t, n, int64(0))
	},
}

var linkCases = map[string]func(*testing.T, *fixture){
	"Link/returns the person, without documents": func(t *testing.T, f *fixture) {
		p := f.person(document)
		in := f.signIn(t, p, f.session(p.ID))
		in.Link = &storage.Link{Issuer: "https://id.zj.example", Subject: "subject", PersonID: p.ID, CreatedAt: f.now}
		check(t, f.complete(t, in))
		l, got, err := f.Link(t.Context(), in.Link.Issuer, in.Link.Subject)
		check(t, err)
		equal(t, l, *in.Link)
		p.Documents = nil
		equal(t, got, *p)
		_, _, err = f.Link(t.Context(), in.Link.Issuer, "another")
		is(t, err, storage.ErrNotFound)
		_, _, err = f.Link(t.Context(), "https://id.sc.example", in.Link.Subject)
		is(t, err, storage.ErrNotFound)
	},
	"LinksOf/lists the oldest first": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t, document)
		var want []storage.Link
		for i, issuer := range []string{"https://id.zj.example", "https://id.sc.example"} {
			in := f.signIn(t, nil, f.session(p.ID))
			in.Link = &storage.Link{Issuer: issuer, Subject: "s", PersonID: p.ID, CreatedAt: f.now.Add(time.Duration(i) * time.Second)}
			check(t, f.complete(t, in))
			want = append(want, *in.Link)
		}
		got, err := f.LinksOf(t.Context(), p.ID)
		check(t, err)
		equal(t, got, want)
		got, err = f.LinksOf(t.Context(), "nobody")
		check(t, err)
		equal(t, len(got), 0)
	},
}

var credentialCases = map[string]func(*testing.T, *fixture){
	"Credentials/are listed by person and by handle, oldest first": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t, document)
		relative, _ := f.signedIn(t, passport)
		totp := storage.Credential{ID: "b", PersonID: p.ID, Method: "totp", Label: "手机", Secret: []byte("secret"), CreatedAt: f.now}
		sms := storage.Credential{
			ID: "a", PersonID: p.ID, Method: "sms", Handle: phone, Counter: 7, CreatedAt: f.now.Add(time.Second), LastUsedAt: f.now,
		}
		shared := storage.Credential{ID: "c", PersonID: relative.ID, Method: "sms", Handle: phone, CreatedAt: f.now}
		for _, c := range []storage.Credential{sms, shared, totp} {
			check(t, f.AddCredential(t.Context(), c))
		}
		got, err := f.CredentialsOf(t.Context(), p.ID)
		check(t, err)
		equal(t, got, []storage.Credential{totp, sms})
		got, err = f.CredentialsByHandle(t.Context(), "sms", phone)
		check(t, err)
		equal(t, got, []storage.Credential{shared, sms})
		for _, key := range [][2]string{{"totp", phone}, {"sms", "+8613800000002"}, {"totp", ""}} {
			got, err = f.CredentialsByHandle(t.Context(), key[0], key[1])
			check(t, err)
			equal(t, len(got), 0)
		}
	},
	"AddCredential/refuses a taken ID and a person who is not there": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t, document)
		c := storage.Credential{ID: "c", PersonID: p.ID, Method: "sms", Handle: phone, CreatedAt: f.now}
		check(t, f.AddCredential(t.Context(), c))
		is(t, f.AddCredential(t.Context(), c), storage.ErrConflict)
		c.ID, c.PersonID = "d", "nobody"
		is(t, f.AddCredential(t.Context(), c), storage.ErrNotFound)
	},
	"UseCredential/accepts a counter once": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t, document)
		check(t, f.AddCredential(t.Context(), storage.Credential{ID: "c", PersonID: p.ID, Method: "totp", CreatedAt: f.now}))
		check(t, f.UseCredential(t.Context(), storage.CredentialUse{ID: "c", Counter: 5}, f.now))
		for _, earlier := range []int64{5, 4, 0, -1} {
			is(t, f.UseCredential(t.Context(), storage.CredentialUse{ID: "c", Counter: earlier}, f.now), storage.ErrUsed)
		}
		check(t, f.UseCredential(t.Context(), storage.CredentialUse{ID: "c", Counter: 6}, f.now.Add(time.Second)))
		got, err := f.CredentialsOf(t.Context(), p.ID)
		check(t, err)
		if len(got) != 1 || got[0].Counter != 6 || !got[0].LastUsedAt.Equal(f.now.Add(time.Second)) {
			t.Fatalf("%+v", got)
		}
		is(t, f.UseCredential(t.Context(), storage.CredentialUse{ID: "d", Counter: 1}, f.now), storage.ErrNotFound)
	},
	"UseCredential/at once on two nodes accepts one": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t, document)
		check(t, f.AddCredential(t.Context(), storage.Credential{ID: "c", PersonID: p.ID, Method: "totp", CreatedAt: f.now}))
		nodes := []storage.Store{f.Store, f.db.Node(t)}
		oneWinner(t, 50, storage.ErrUsed, func(ctx context.Context, i int) error {
			return nodes[i%2].UseCredential(ctx, storage.CredentialUse{ID: "c", Counter: 9}, f.now)
		})
	},
	"RemoveCredential/removes only that person's": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t, document)
		check(t, f.AddCredential(t.Context(), storage.Credential{ID: "c", PersonID: p.ID, Method: "totp", CreatedAt: f.now}))
		is(t, f.RemoveCredential(t.Context(), "another", "c"), storage.ErrNotFound)
		check(t, f.RemoveCredential(t.Context(), p.ID, "c"))
		is(t, f.RemoveCredential(t.Context(), p.ID, "c"), storage.ErrNotFound)
	},
}
