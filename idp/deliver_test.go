package idp_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"manyou/federation/correction"
	"manyou/federation/signals"
	"manyou/storage"
)

// pushed is an application that is pushed to.
type pushed struct {
	mu     sync.Mutex
	answer int
	head   string // besides
	got    []map[string]any
}

func (p *pushed) answers(status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = status
}

func (p *pushed) heard() []map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.got)
}

// newPushed gives an application a stream by push.
func newPushed(t *testing.T, w *world, client string) *pushed {
	t.Helper()
	p := &pushed{answer: http.StatusAccepted}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.got = append(p.got, payload(t, string(b)))
		rw.Header().Set("Besides", p.head)
		rw.WriteHeader(p.answer)
	}))
	t.Cleanup(server.Close)
	w.application(client, func(a *storage.Application) {
		a.Scopes = append(a.Scopes, signals.ScopeManage, signals.ScopeRead)
		a.RedirectURIs = append(a.RedirectURIs, server.URL+"/cb")
	})
	w.pass(2 * time.Second) // for which a registration is remembered
	status, got := (&poller{world: w, client: client}).ask(http.MethodPost, "/ssf/streams", map[string]any{
		"delivery":         map[string]string{"method": signals.DeliveryPush, "endpoint_url": server.URL + "/events"},
		"events_requested": []string{signals.EventCorrection},
	})
	if status != http.StatusCreated {
		t.Fatalf("%d %v", status, got)
	}
	return p
}

// holdInCase places a hold on a citizen in a case of its own.
func (w *world) holdInCase(t *testing.T, c citizen, id string) {
	t.Helper()
	must(t, w.store.PlaceHold(t.Context(), storage.Hold{
		ID: id, PersonID: w.person(c).ID, Kind: storage.HoldStepUp, CaseID: id, Number: id, PlacedAt: w.clock(), PlacedBy: correction.System(),
	}))
}

func (w *world) ackedAt(t *testing.T, id string) time.Time {
	t.Helper()
	list, err := w.store.DeliveriesOf(t.Context(), id)
	must(t, err)
	for _, d := range list {
		return d.AckedAt
	}
	return time.Time{}
}

func TestASignalIsToldForThirtyDaysAndThenTheStreamGoesOnWithoutIt(t *testing.T) {
	w := newWorld(t)
	p := newPushed(t, w, "main")
	w.tokens("main", liNa)
	p.answers(http.StatusServiceUnavailable)
	run(t, w.issuer)
	began := w.clock()
	w.holdInCase(t, liNa, "first")
	eventually(t, "it is told", func() bool { return len(p.heard()) > 0 })

	// Later and later: once it has failed often, it is left alone for at least half of five minutes, and for no more than five.
	for range 14 {
		n := len(p.heard())
		eventually(t, "it is told again within minutes", func() bool { w.pass(10 * time.Second); return len(p.heard()) > n })
	}
	time.Sleep(300 * time.Millisecond) // until what was under way is done
	n := len(p.heard())
	w.pass(90 * time.Second)
	time.Sleep(time.Second) // five rounds
	if got := len(p.heard()); got > n {
		t.Errorf("it is told %d times within minutes, after %d failures", got-n, n)
	}
	// What happens later waits behind it.
	w.pass(20 * 24 * time.Hour)
	w.holdInCase(t, liNa, "second")
	w.pass(10*24*time.Hour - time.Hour - w.clock().Sub(began)%time.Hour - 5*time.Minute)
	n = len(p.heard())
	eventually(t, "it is told still, a month later", func() bool { w.pass(time.Second); return len(p.heard()) > n })
	first := p.heard()[0]["jti"]
	for _, claims := range p.heard() {
		if claims["jti"] != first {
			t.Errorf("%v overtakes, or the jti of one token changes", claims["jti"])
		}
	}
	if w.clock().After(began.Add(30 * 24 * time.Hour)) {
		t.Fatal("it is no month yet")
	}
	// After thirty days it is given up, and nobody is said to have heard it.
	w.pass(3 * time.Hour)
	eventually(t, "the next one is tried", func() bool {
		w.pass(time.Minute)
		list := p.heard()
		return list[len(list)-1]["jti"] != first
	})
	p.answers(http.StatusAccepted)
	eventually(t, "the next one is heard", func() bool { w.pass(time.Minute); return !w.ackedAt(t, "second").IsZero() })
	list, err := w.store.DeliveriesOf(t.Context(), "first")
	must(t, err)
	if len(list) != 1 || !list[0].AckedAt.IsZero() || list[0].LostAt.Before(began.Add(30*24*time.Hour)) {
		t.Errorf("what was given up counts as heard: %+v", list)
	}
	// Repeated, it is heard after all, and what came behind it once more.
	n = len(p.heard())
	w.repeats("main", began)
	eventually(t, "both are heard", func() bool {
		w.pass(time.Second)
		return !w.ackedAt(t, "first").IsZero() && !w.ackedAt(t, "second").IsZero()
	})
	if again := p.heard()[n:]; len(again) != 2 || again[0]["jti"] != first || again[1]["jti"] == first {
		t.Errorf("%v", again)
	}
}

func TestWhoIsAwayKeepsNobodyElseWaitingAndEachAcknowledgesForItself(t *testing.T) {
	w := newWorld(t)
	away, there := newPushed(t, w, "main"), newPushed(t, w, "second")
	w.tokens("main", liNa)
	w.tokens("second", liNa)
	away.answers(http.StatusInternalServerError)
	run(t, w.issuer)
	w.holdInCase(t, liNa, "one")
	eventually(t, "who is there hears", func() bool { return len(there.heard()) == 1 })
	var acked map[string]bool
	look := func() map[string]bool {
		acked = map[string]bool{}
		list, err := w.store.DeliveriesOf(t.Context(), "one")
		must(t, err)
		for _, d := range list {
			acked[d.ClientID] = !d.AckedAt.IsZero()
		}
		return acked
	}
	eventually(t, "it has acknowledged, and the other not", func() bool { return look()["second"] })
	if acked["main"] || len(acked) != 2 {
		t.Errorf("%v", acked)
	}
	away.answers(http.StatusAccepted)
	eventually(t, "so does the other, when it is back", func() bool { w.pass(time.Minute); return look()["main"] })
	if n := len(there.heard()); n != 1 {
		t.Errorf("who had heard was told %d times", n)
	}
}

func TestWhoPollsAndIsConcernedByNothingIsNotLookedForFromTheBeginningEachTime(t *testing.T) {
	w := newWorld(t)
	w.application("main", func(a *storage.Application) { a.Scopes = append(a.Scopes, signals.ScopeManage, signals.ScopeRead) })
	w.pass(2 * time.Second) // for which a registration is remembered
	p := newPoller(w, "main")
	w.tokens("second", liNa)
	position := func() int64 {
		s, err := w.store.Stream(t.Context(), "main")
		must(t, err)
		return s.Position
	}
	w.holdInCase(t, liNa, "one")
	if p.poll(); position() != 0 {
		t.Error("each signal that does not concern it is a write")
	}
	_, err := w.store.Recover(t.Context(), w.clock()) // many places lie behind it
	must(t, err)
	head, err := w.store.SignalHead(t.Context())
	must(t, err)
	if p.poll(); position() != head {
		t.Errorf("it is at %d of %d", position(), head)
	}
}

func TestAttackAReceiverWhoseAnswerHasAHeadOfMegabytesIsNotReadToItsEnd(t *testing.T) {
	w := newWorld(t)
	p := newPushed(t, w, "main")
	w.tokens("main", liNa)
	p.head = strings.Repeat("x", 2<<20)
	run(t, w.issuer)
	w.holdInCase(t, liNa, "one")
	eventually(t, "it is told in vain, and again", func() bool { w.pass(time.Minute); return len(p.heard()) > 1 })
	if !w.ackedAt(t, "one").IsZero() {
		t.Error("the answer was read")
	}
}
