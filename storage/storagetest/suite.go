package storagetest

import (
	"context"
	"crypto/rand"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"manyou/storage"
)

// Database is a fresh, migrated, empty database that belongs to one test.
type Database interface {
	// Node opens a store as one more node does. The test closes it.
	Node(t testing.TB) storage.Store
	// Dump returns all bytes that somebody who steals the database gets.
	Dump(t testing.TB) []byte
}

// Run runs the suite. Each case gets a database of its own.
func Run(t *testing.T, open func(t testing.TB) Database) {
	for _, group := range []map[string]func(*testing.T, *fixture){
		personCases, registerCases, linkCases, credentialCases, sessionCases, signInCases, grantCases, conversationCases,
		ticketCases, proofCases, eventCases, sessionListCases, consentListCases, enrolledCases, ownSecrecyCases,
		onwardCases, statusCases, exchangeCases, invitationCases, membershipCases, registrationCases, staffCases, noteCases, auditCases,
		receivedNameCases, holdCases, caseCases, caseProgressCases, caseFileCases, correctionCases, modelCases, signalCases, streamCases, recoveryCases, heldLinkCases,
		applicationCases, upstreamCases, federationCases, keyCases, consentCases, limitCases, replayCases, maintenanceCases, secrecyCases,
	} {
		for name, test := range group {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				db := open(t)
				test(t, &fixture{Store: db.Node(t), db: db, now: time.Now().UTC().Truncate(time.Millisecond)})
			})
		}
	}
}

// fixture is a store under test and a moment to test it at.
type fixture struct {
	storage.Store
	db  Database
	now time.Time
}

// id draws an identifier.
func id() []byte {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return b
}

func text() string { return rand.Text() }

// The persons of the suite are invented: nobody's number begins with a province's code.
var (
	document = storage.Document{Kind: "resident_id", Number: "330000199003070014"}
	passport = storage.Document{Kind: "passport", Number: "E00000000"}
)

const phone = "+8613800000001"

// person returns a person who was never stored.
func (f *fixture) person(documents ...storage.Document) *storage.Person {
	return &storage.Person{
		ID: text(), Name: "阿依努尔·买买提", Region: "33", Status: storage.PersonActive, Epoch: 1, Documents: documents,
		CreatedAt: f.now,
	}
}

// session returns a session that was never stored.
func (f *fixture) session(personID string) storage.Session {
	return storage.Session{
		ID: id(), ExpiresAt: f.now.Add(30 * 24 * time.Hour), PersonID: personID, Epoch: 1, AuthTime: f.now.Add(-time.Minute),
		ACR: 2, AMR: []string{"otp", "sms"}, Origin: "https://id.zj.example", UpstreamIDToken: "head.body.tail",
		UserAgent: "Mozilla/5.0", Family: id(), CreatedAt: f.now,
	}
}

// signIn returns a sign-in whose conversation is under way.
func (f *fixture) signIn(t *testing.T, p *storage.Person, s storage.Session) storage.SignIn {
	t.Helper()
	c := storage.Conversation{ID: text(), ExpiresAt: f.now.Add(time.Hour), Body: []byte("{}")}
	check(t, f.CreateConversation(t.Context(), c))
	return storage.SignIn{
		ConversationID: c.ID, ConversationExpiresAt: c.ExpiresAt, ConversationVersion: 1, Person: p, Session: s,
	}
}

// complete completes a sign-in whose epoch does not matter.
func (f *fixture) complete(t *testing.T, in storage.SignIn) error {
	_, err := f.CompleteSignIn(t.Context(), in)
	return err
}

// signedIn stores a new person with a session.
func (f *fixture) signedIn(t *testing.T, documents ...storage.Document) (*storage.Person, storage.Session) {
	t.Helper()
	p := f.person(documents...)
	s := f.session(p.ID)
	check(t, f.complete(t, f.signIn(t, p, s)))
	return p, s
}

// grant returns a grant of a session that was never stored.
func (f *fixture) grant(s storage.Session) storage.Grant {
	return storage.Grant{
		ID: id()[:16], ExpiresAt: f.now.Add(90 * 24 * time.Hour), SessionID: s.ID, SessionExpiresAt: s.ExpiresAt,
		ClientID: "client", PersonID: s.PersonID, Epoch: s.Epoch, Scopes: []string{"openid", "profile"},
		AuthTime: s.AuthTime, ACR: s.ACR, AMR: s.AMR, Claims: `{"userinfo":{"name":null}}`, CreatedAt: f.now,
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t testing.TB, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("error %v, want %v", got, want)
	}
}

func equal(t testing.TB, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

// race runs f n times at once and counts the outcomes; any error not in known fails the test.
func race(t *testing.T, n int, known []error, f func(ctx context.Context, i int) error) (succeeded int, failed map[error]int) {
	t.Helper()
	failed = map[error]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			err := f(t.Context(), i)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				succeeded++
				return
			}
			for _, k := range known {
				if errors.Is(err, k) {
					failed[k]++
					return
				}
			}
			t.Errorf("attempt %d: %v", i, err)
		})
	}
	close(start)
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return succeeded, failed
}

// oneWinner races f and requires one success, all others failing with the error.
func oneWinner(t *testing.T, n int, others error, f func(ctx context.Context, i int) error) {
	t.Helper()
	succeeded, failed := race(t, n, []error{others}, f)
	if succeeded != 1 || failed[others] != n-1 {
		t.Fatalf("%d of %d succeeded, %d failed with %v", succeeded, n, failed[others], others)
	}
}
