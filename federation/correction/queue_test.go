package correction_test

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"manyou/federation/audit"
	"manyou/federation/correction"
	"manyou/federation/register"
	"manyou/storage"
	"manyou/storage/relational"
	"manyou/storage/sqlite"
	"manyou/storage/storagetest"
	"manyou/storage/vault"
)

// office is a queue with people in it.
type office struct {
	*testing.T
	*correction.Queue
	store *relational.Store
	now   time.Time
	n     int
	// Two officers and a supervisor of Sichuan, an auditor, and an officer of Zhejiang.
	wang, zhao, chief, auditor, zhejiang correction.Officer
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (o *office) refused(err, want error) {
	o.Helper()
	if !errors.Is(err, want) {
		o.Errorf("got %v, want %v", err, want)
	}
}

func newOffice(t *testing.T) *office {
	t.Helper()
	root, err := vault.NewRoot(rand.Reader)
	must(t, err)
	s, err := newSQLite(t, root)
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return newOfficeIn(t, s)
}

// migrated is a database that is up to date, which tests copy.
var migrated = sync.OnceValues(func() ([]byte, error) { return storagetest.MadeFile(sqlite.Migrate) })

func newSQLite(t *testing.T, root vault.Root) (*relational.Store, error) {
	t.Helper()
	made, err := migrated()
	must(t, err)
	path := filepath.Join(t.TempDir(), "db")
	must(t, os.WriteFile(path, made, 0o600))
	s, _, err := sqlite.Open(t.Context(), path, root)
	return s, err
}

// newOfficeIn is one whose cases are in that database.
func newOfficeIn(t *testing.T, s *relational.Store) *office {
	t.Helper()
	o := &office{T: t, store: s, now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	o.Queue = &correction.Queue{
		Store: s, Policy: correction.DefaultPolicy(), Clock: func() time.Time { return o.now }, Random: rand.Reader,
		Register: register.NewTable(s),
	}
	officer := func(region string, roles ...string) correction.Officer {
		return correction.Officer{PersonID: o.person("官员"), Roles: roles, Regions: []string{region}}
	}
	o.wang, o.zhao = officer("51", correction.RoleOfficer), officer("51", correction.RoleOfficer)
	o.chief, o.auditor = officer("51", correction.RoleSupervisor), officer("00", correction.RoleAuditor)
	o.zhejiang = officer("33", correction.RoleOfficer)
	return o
}

// person stores somebody who has signed in, and returns the ID.
func (o *office) person(name string, documents ...storage.Document) string {
	o.Helper()
	o.n++
	p := storage.Person{ID: rand.Text(), Name: name, Region: "51", Status: storage.PersonActive, Epoch: 1, Documents: documents, CreatedAt: o.now}
	o.signIn(&p, p.ID, nil)
	return p.ID
}

func (o *office) signIn(create *storage.Person, person string, link *storage.Link) {
	o.Helper()
	must(o, o.trySignIn(create, person, link))
}

func (o *office) trySignIn(create *storage.Person, person string, link *storage.Link) error {
	o.Helper()
	c := storage.Conversation{ID: rand.Text(), ExpiresAt: o.now.Add(time.Hour), Body: []byte("{}")}
	must(o, o.store.CreateConversation(o.Context(), c))
	origin := ""
	if link != nil {
		origin = link.Issuer
	}
	_, err := o.store.CompleteSignIn(o.Context(), storage.SignIn{
		ConversationID: c.ID, ConversationExpiresAt: c.ExpiresAt, ConversationVersion: 1, Person: create, Link: link,
		Session: storage.Session{
			ID: []byte(rand.Text()), ExpiresAt: o.now.Add(12 * time.Hour), PersonID: person, AuthTime: o.now, ACR: 2, Origin: origin, CreatedAt: o.now,
		},
	})
	return err
}

// stands is how many sessions of a person stand.
func (o *office) stands(person string) int {
	o.Helper()
	list, err := o.store.SessionsOf(o.Context(), person, o.now)
	must(o, err)
	return len(list)
}

func (o *office) file(f correction.Filing) *correction.Case {
	o.Helper()
	c, err := o.File(o.Context(), f)
	must(o, err)
	return c
}

// again reads a case anew.
func (o *office) again(c *correction.Case) *correction.Case {
	o.Helper()
	c, err := o.Find(o.Context(), c.ID)
	must(o, err)
	return c
}

// whats are the events of a case.
func (o *office) whats(c *correction.Case) (list []string) {
	o.Helper()
	events, err := o.store.CaseEvents(o.Context(), c.ID)
	must(o, err)
	for n, e := range events {
		if e.Seq != int64(n+1) {
			o.Errorf("event %d is numbered %d", n+1, e.Seq)
		}
		list = append(list, e.What)
	}
	return list
}

// records are how many lines the audit log has.
func (o *office) records() int {
	o.Helper()
	n := 0
	must(o, audit.Each(o.Context(), o.store, func(r storage.AuditRecord) error {
		_, err := audit.Parse(r.Body)
		n++
		return err
	}))
	return n
}

const issuerZhejiang = "https://id.zj.example"

// linked is Li Na, whose subject of Zhejiang is linked to the record of another woman of that name.
func (o *office) linked() (wrong, right string, link correction.Link) {
	o.Helper()
	wrong = o.person("李娜", storage.Document{Kind: "resident_id", Number: "51000019900520002X"})
	right = o.person("李娜", storage.Document{Kind: "resident_id", Number: "330000199005200026"})
	link = correction.Link{Issuer: issuerZhejiang, Subject: "li-na"}
	o.signIn(nil, wrong, &storage.Link{Issuer: link.Issuer, Subject: link.Subject, PersonID: wrong, CreatedAt: o.now})
	return wrong, right, link
}

// wrongLink is the case about it.
func (o *office) wrongLink() (c *correction.Case, wrong, right string, link correction.Link) {
	o.Helper()
	wrong, right, link = o.linked()
	c = o.file(correction.Filing{
		Filer: correction.Application("app-sc"), Kind: correction.KindLink, Person: wrong, Link: &link, Statement: "她不是我们档案里的那个人。",
		Evidence: []correction.Evidence{{Source: "application:app-sc", Said: map[string]string{"birth_date": "1990-05-20"}}},
	})
	return c, wrong, right, link
}
