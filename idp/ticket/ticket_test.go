package ticket_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"manyou/idp/ticket"
	"manyou/storage"
	"manyou/storage/sqlite"
	"manyou/storage/vault"
)

// node is one node of an issuer on a database of its own, at a time that the test sets.
type node struct {
	*ticket.Tickets
	store storage.Store
	now   time.Time
}

func newNode(t testing.TB) *node {
	t.Helper()
	root, err := vault.NewRoot(rand.Reader)
	must(t, err)
	path := filepath.Join(t.TempDir(), "issuer.db")
	must(t, sqlite.Migrate(t.Context(), path))
	store, _, err := sqlite.Open(t.Context(), path, root)
	must(t, err)
	t.Cleanup(func() { _ = store.Close() })
	n := &node{store: store, now: time.Now().UTC().Truncate(time.Second)}
	n.Tickets = ticket.New(store, func() time.Time { return n.now }, rand.Reader)
	return n
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var (
	question = ticket.Question{Kind: ticket.KindSignIn, Application: map[string]string{"zh": "浙里办"}, Numbered: true}
	answer   = ticket.Answer{PersonID: "p", ACR: 1}
)

// taken is a ticket that the browser "phone" has.
func (n *node) taken(t testing.TB) *ticket.Ticket {
	t.Helper()
	one, err := n.Take(t.Context(), rand.Text(), n.now.Add(time.Hour), question, "phone", time.Minute)
	must(t, err)
	return one
}

func TestTheFirstDeviceToLookHasTheTicket(t *testing.T) {
	n := newNode(t)
	first := n.taken(t)
	again, err := n.Take(t.Context(), first.ID, first.ExpiresAt, question, "phone", time.Minute)
	must(t, err)
	if again.Number != first.Number {
		t.Error("who looks twice is shown another number")
	}
	if _, err := n.Take(t.Context(), first.ID, first.ExpiresAt, question, "stranger", time.Minute); !errors.Is(err, ticket.ErrTaken) {
		t.Errorf("a second device: %v", err)
	}
}

func TestOfManyDevicesThatLookAtOnceOneHasTheTicket(t *testing.T) {
	n := newNode(t)
	id, expiresAt := rand.Text(), n.now.Add(time.Hour)
	var won atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, err := n.Take(t.Context(), id, expiresAt, question, rand.Text(), time.Minute); err == nil {
				won.Add(1)
			} else if !errors.Is(err, ticket.ErrTaken) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Errorf("%d devices have it", won.Load())
	}
}

func TestThereIsOneTryAtTheNumber(t *testing.T) {
	n := newNode(t)
	one := n.taken(t)
	if len(one.Choices) != 3 {
		t.Fatalf("%d numbers to choose from", len(one.Choices))
	}
	before := *one
	wrong := one.Choices[0]
	if wrong == one.Number {
		wrong = one.Choices[1]
	}
	if ok, err := n.Approve(t.Context(), one, "phone", wrong, answer); ok || err != nil {
		t.Fatalf("a wrong number: %t %v", ok, err)
	}
	for name, stale := range map[string]func() *ticket.Ticket{
		"as it is now": func() *ticket.Ticket {
			now, err := n.Read(t.Context(), one.ID, one.ExpiresAt)
			must(t, err)
			return now
		},
		"as it was": func() *ticket.Ticket { return &before },
	} {
		if ok, err := n.Approve(t.Context(), stale(), "phone", one.Number, answer); ok || !errors.Is(err, ticket.ErrTaken) {
			t.Errorf("a second try at a ticket %s: %t %v", name, ok, err)
		}
	}
}

func TestATicketIsApprovedOnceAndByItsHolderOnly(t *testing.T) {
	n := newNode(t)
	one := n.taken(t)
	copied := *one
	if _, err := n.Approve(t.Context(), &copied, "stranger", one.Number, answer); !errors.Is(err, ticket.ErrTaken) {
		t.Errorf("by another browser: %v", err)
	}
	again := *one
	if ok, err := n.Approve(t.Context(), one, "phone", one.Number, answer); !ok || err != nil {
		t.Fatalf("%t %v", ok, err)
	}
	if _, err := n.Approve(t.Context(), &again, "phone", one.Number, ticket.Answer{PersonID: "other"}); !errors.Is(err, ticket.ErrTaken) {
		t.Errorf("twice: %v", err)
	}
	now, err := n.Read(t.Context(), one.ID, one.ExpiresAt)
	must(t, err)
	if now.Status != ticket.Approved || now.Answer.PersonID != "p" {
		t.Errorf("%s by %s", now.Status, now.Answer.PersonID)
	}
}

func TestATicketCannotBeAnsweredTooLate(t *testing.T) {
	n := newNode(t)
	one := n.taken(t)
	n.now = n.now.Add(time.Minute)
	if _, err := n.Approve(t.Context(), one, "phone", one.Number, answer); !errors.Is(err, ticket.ErrOver) {
		t.Errorf("%v", err)
	}
}

func TestARefusedTicketStaysRefused(t *testing.T) {
	n := newNode(t)
	one := n.taken(t)
	must(t, n.Refuse(t.Context(), one, "phone"))
	if _, err := n.Approve(t.Context(), one, "phone", one.Number, answer); !errors.Is(err, ticket.ErrTaken) {
		t.Errorf("%v", err)
	}
}

func TestWhoAsksFirstHasTheOfferedTicket(t *testing.T) {
	n := newNode(t)
	one, err := n.Offer(t.Context(), rand.Text(), n.now.Add(time.Hour), "phone", time.Minute)
	must(t, err)
	other := *one
	must(t, n.Ask(t.Context(), one, ticket.Question{Kind: ticket.KindCounter, ClientID: "a"}, time.Minute))
	if err := n.Ask(t.Context(), &other, ticket.Question{Kind: ticket.KindCounter, ClientID: "b"}, time.Minute); !errors.Is(err, ticket.ErrTaken) {
		t.Errorf("a second counter: %v", err)
	}
	if ok, err := n.Approve(t.Context(), one, "phone", 0, answer); !ok || err != nil {
		t.Errorf("%t %v", ok, err)
	}
	late, err := n.Offer(t.Context(), rand.Text(), n.now.Add(time.Hour), "phone", time.Minute)
	must(t, err)
	n.now = n.now.Add(time.Minute)
	if err := n.Ask(t.Context(), late, question, time.Minute); !errors.Is(err, ticket.ErrOver) {
		t.Errorf("a code that is not shown any more: %v", err)
	}
}

// counting counts how often changes are asked for.
type counting struct {
	storage.Store
	n atomic.Int64
}

func (c *counting) TicketsChangedSince(ctx context.Context, since time.Time, limit int) ([]storage.TicketChange, error) {
	c.n.Add(1)
	return c.Store.TicketsChangedSince(ctx, since, limit)
}

func TestManyWhoWaitAskTheDatabaseNoMoreThanOne(t *testing.T) {
	n := newNode(t)
	counted := &counting{Store: n.store}
	changes := ticket.NewChanges(counted, func() time.Time { return n.now }, slog.New(slog.DiscardHandler))
	one := n.taken(t)
	var stops []func()
	var mine <-chan struct{}
	for k := range 1000 {
		id := rand.Text()
		if k == 500 {
			id = one.ID
		}
		changed, stop := changes.Wait(id, 1)
		if k == 500 {
			mine = changed
		}
		stops = append(stops, stop)
	}
	if ok, err := n.Approve(t.Context(), one, "phone", one.Number, answer); !ok || err != nil {
		t.Fatalf("%t %v", ok, err)
	}
	<-mine
	asked := counted.n.Load()
	for range 3 {
		time.Sleep(300 * time.Millisecond)
	}
	if more := counted.n.Load() - asked; more > 5 {
		t.Errorf("1000 who wait asked %d times in a second", more)
	}
	for _, stop := range stops {
		stop()
	}
	time.Sleep(600 * time.Millisecond)
	before := counted.n.Load()
	time.Sleep(600 * time.Millisecond)
	if after := counted.n.Load(); after != before {
		t.Errorf("nobody waits, and it was asked %d times", after-before)
	}
}

func TestAttackByManyStreamsOfOnePageHoldsAFewConnections(t *testing.T) {
	n := newNode(t)
	changes := ticket.NewChanges(n.store, func() time.Time { return n.now }, slog.New(slog.DiscardHandler))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { changes.Serve(w, r, r.URL.Path, 0) }))
	defer server.Close()
	defer changes.Close()
	held := 0
	for range 50 {
		response, err := http.Get(server.URL + "/one")
		must(t, err)
		defer response.Body.Close()
		if response.StatusCode == http.StatusOK {
			held++
		} else if response.StatusCode != http.StatusServiceUnavailable {
			t.Fatal(response.StatusCode)
		}
	}
	if held == 0 || held > 10 {
		t.Errorf("%d are held", held)
	}
	other, err := http.Get(server.URL + "/another")
	must(t, err)
	defer other.Body.Close()
	if other.StatusCode != http.StatusOK {
		t.Errorf("another page: %d", other.StatusCode)
	}
}

func TestANodeThatStopsEndsItsStreams(t *testing.T) {
	n := newNode(t)
	changes := ticket.NewChanges(n.store, func() time.Time { return n.now }, slog.New(slog.DiscardHandler))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { changes.Serve(w, r, "t", 0) }))
	defer server.Close()
	response, err := http.Get(server.URL)
	must(t, err)
	defer response.Body.Close()
	changes.Close()
	changes.Close()
	if _, err := io.ReadAll(response.Body); err != nil { // to its end
		t.Error(err)
	}
}

func TestAStreamOutlivesTheServersTimeOuts(t *testing.T) {
	n := newNode(t)
	changes := ticket.NewChanges(n.store, func() time.Time { return n.now }, slog.New(slog.DiscardHandler))
	one := n.taken(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { changes.Serve(w, r, one.ID, 1) }))
	server.Config.ReadTimeout, server.Config.WriteTimeout = 200*time.Millisecond, 200*time.Millisecond
	server.Start()
	defer server.Close()
	response, err := http.Get(server.URL)
	must(t, err)
	defer response.Body.Close()
	time.Sleep(600 * time.Millisecond)
	must(t, n.Refuse(t.Context(), one, "phone"))
	b := make([]byte, 4096)
	for text := ""; !strings.Contains(text, "changed"); {
		k, err := response.Body.Read(b)
		must(t, err)
		text += string(b[:k])
	}
}

func TestAStreamTellsOfAChangeAndOfNoneThatIsKnown(t *testing.T) {
	n := newNode(t)
	changes := ticket.NewChanges(n.store, func() time.Time { return n.now }, slog.New(slog.DiscardHandler))
	one := n.taken(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { changes.Serve(w, r, one.ID, 1) }))
	defer server.Close()
	response, err := http.Get(server.URL)
	must(t, err)
	defer response.Body.Close()
	if got := response.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("%s", got)
	}
	b := make([]byte, 4096)
	read := func(want string) {
		t.Helper()
		var text string
		for !strings.Contains(text, want) {
			k, err := response.Body.Read(b)
			must(t, err)
			text += string(b[:k])
			if want == "ready" && strings.Contains(text, "changed") {
				t.Fatal("what is known was told as new")
			}
		}
	}
	read("ready")
	must(t, n.Refuse(t.Context(), one, "phone"))
	read("changed")
}
