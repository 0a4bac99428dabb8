package trust_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"manyou/federation/trust"
)

// here is what a node says itself, and how often it was asked to.
type here struct {
	t      *testing.T
	f      *federation
	e      *entity
	signed atomic.Int32
}

func (h *here) say(sub string) (*trust.Statement, error) {
	h.signed.Add(1)
	text, ok := h.f.statement(h.e, sub)
	if !ok {
		return nil, trust.ErrNotFound
	}
	return trust.Parse(text)
}

func (h *here) Configuration(context.Context) (*trust.Statement, error)       { return h.say(h.e.id) }
func (h *here) About(_ context.Context, sub string) (*trust.Statement, error) { return h.say(sub) }
func (h *here) Stands(string) bool                                            { return true }
func (h *here) MarkStands(context.Context, trust.Mark) (bool, error)          { return true, nil }
func (h *here) change(c *trust.Config)                                        { c.Self, c.Local = h.e.id, h }
func repeated(id string, times int) (ids []string) {
	for range times {
		ids = append(ids, id)
	}
	return ids
}

func TestAttackByNamingTheNationAsSuperiorAThousandTimesSignsNextToNothing(t *testing.T) {
	for _, times := range []int{1600, 32} {
		f := newFederation(t)
		nation := f.add("nation")
		evil := f.application("evil")
		evil.hints = repeated(nation.id, times)
		h := &here{t: t, f: f, e: nation}
		if _, err := f.resolver(nation, h.change).Resolve(t.Context(), evil.id); !errors.Is(err, trust.ErrUntrusted) {
			t.Errorf("%d: %v", times, err)
		}
		if n := h.signed.Load(); n > 4 {
			t.Errorf("%d hints: the nation signed %d times", times, n)
		}
	}
}

func TestAttackByWhomNobodyVouchesForTakesNoMemory(t *testing.T) {
	f := newFederation(t)
	nation, _, _, app := f.nation()
	r := f.resolver(nation)
	if _, err := r.Resolve(t.Context(), app.id); err != nil {
		t.Fatal(err)
	}
	before, _, _ := r.Remembered()
	pad := strings.Repeat("x", 40<<10)
	for n := range 150 { // six megabytes
		e := f.application(fmt.Sprintf("stranger%d", n))
		e.hints = []string{nation.id}
		e.claims = func(_ string, c map[string]any) { c["padding"] = pad }
		if _, err := r.Resolve(t.Context(), e.id); !errors.Is(err, trust.ErrUntrusted) {
			t.Fatal(err)
		}
	}
	kept, recent, _ := r.Remembered()
	if kept != before || recent > trust.MaxRecent || recent == 0 {
		t.Errorf("%d bytes are kept, of %d before, and %d of strangers", kept, before, recent)
	}
}

func TestMemoryHasABudgetAndSuperiorsAreRememberedLongest(t *testing.T) {
	f := newFederation(t)
	nation, province, city, _ := f.nation()
	const budget = 24 << 10
	r := f.resolver(nation, func(c *trust.Config) { c.Budget = budget })
	var apps []*entity
	for n := range 60 {
		apps = append(apps, f.application(fmt.Sprintf("app%d", n), city))
		if _, err := r.Resolve(t.Context(), apps[n].id); err != nil {
			t.Fatal(err)
		}
		if kept, _, _ := r.Remembered(); kept > budget || kept == 0 {
			t.Fatalf("%d bytes are kept", kept)
		}
	}
	f.pass(6 * time.Minute)
	down(nation, province)
	for _, app := range apps {
		if _, err := r.Resolve(t.Context(), app.id); err != nil {
			t.Errorf("what superiors said is forgotten: %v", err)
		}
	}
}

// nobody answers for everybody but those of a federation.
type nobody struct {
	trust.Fetcher
	base string
}

func (n nobody) Fetch(ctx context.Context, target, media string) (string, error) {
	if strings.HasPrefix(target, n.base) {
		return n.Fetcher.Fetch(ctx, target, media)
	}
	return "", trust.ErrNotFound
}

func TestAttackWithAnyNumberOfNamesDisplacesNobodyWhoIsTrusted(t *testing.T) {
	f := newFederation(t)
	nation, _, _, app := f.nation()
	r := f.resolver(nation, func(c *trust.Config) { c.Fetcher = nobody{c.Fetcher, f.base} })
	if _, err := r.Resolve(t.Context(), app.id); err != nil {
		t.Fatal(err)
	}
	for n := range trust.MaxRefusals + 2000 {
		if _, err := r.Resolve(t.Context(), fmt.Sprintf("https://s%d.example", n)); !errors.Is(err, trust.ErrUntrusted) {
			t.Fatal(err)
		}
	}
	if _, _, refusals := r.Remembered(); refusals > trust.MaxRefusals {
		t.Errorf("%d refusals are remembered", refusals)
	}
	before := f.requests()
	if _, err := r.Resolve(t.Context(), app.id); err != nil || f.requests() != before {
		t.Errorf("%d requests: %v", f.requests()-before, err)
	}
}

// stuck lets those wait for ever who ask for some targets.
type stuck struct {
	trust.Fetcher
	holds  func(target string) bool
	asking chan string
}

func newStuck(holds func(target string) bool) stuck {
	return stuck{trust.NewFetcher(true, nil), holds, make(chan string, 1000)}
}

// beyond are the targets that are not of a federation.
func (f *federation) beyond(target string) bool { return !strings.HasPrefix(target, f.base) }

// answered makes sure that an entity is resolved in less time than those take who are stuck.
func (f *federation) answered(r *trust.Resolver, e *entity) {
	f.t.Helper()
	waiting, stop := context.WithTimeout(f.t.Context(), 7*time.Second)
	defer stop()
	if _, err := r.Resolve(waiting, e.id); err != nil {
		f.t.Error(err)
	}
}

func (s stuck) Fetch(ctx context.Context, target, media string) (string, error) {
	if !s.holds(target) {
		return s.Fetcher.Fetch(ctx, target, media)
	}
	s.asking <- target
	<-ctx.Done()
	return "", ctx.Err()
}

func TestAttackByManyWhoAreSlowKeepsNobodyWaitingWhoWasTrustedBefore(t *testing.T) {
	f := newFederation(t)
	nation, _, _, app := f.nation()
	s := newStuck(f.beyond)
	r := f.resolver(nation, func(c *trust.Config) { c.Fetcher = s })
	if _, err := r.Resolve(t.Context(), app.id); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for n := range 200 {
		all.Go(func() { _, _ = r.Resolve(ctx, fmt.Sprintf("https://s%d.example", n)) })
	}
	for range 32 {
		<-s.asking
	}
	f.pass(6 * time.Minute)
	f.answered(r, app)
	cancel()
	all.Wait()
}

// metered counts the bytes of answers that are read.
type metered struct{ read *atomic.Int64 }

func (m metered) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		answer.Body = meter{answer.Body, m.read}
	}
	return answer, err
}

type meter struct {
	io.ReadCloser
	read *atomic.Int64
}

func (m meter) Read(b []byte) (int, error) {
	n, err := m.ReadCloser.Read(b)
	m.read.Add(int64(n))
	return n, err
}

func TestAttackByAStatementOfTenMegabytesThatHoldsOtherwiseIsNeitherReadNorTrusted(t *testing.T) {
	for name, c := range map[string]struct {
		padding int
		trusted bool
	}{
		"as large as may be": {40 << 10, true},
		"ten megabytes":      {10 << 20, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFederation(t)
			nation, _, city, app := f.nation()
			var read atomic.Int64
			pad := strings.Repeat("x", c.padding)
			city.claims = func(_ string, claims map[string]any) { claims["padding"] = pad }
			r := f.resolver(nation, func(c *trust.Config) { c.Fetcher = trust.NewFetcher(true, metered{&read}) })
			if _, err := r.Resolve(t.Context(), app.id); (err == nil) != c.trusted {
				t.Errorf("%v", err)
			}
			if n := read.Load(); n > 4*trust.MaxStatement {
				t.Errorf("%d bytes were read", n)
			}
		})
	}
}

func TestWhatStandsInFrontOfASuperiorEndsNothingThatItSaid(t *testing.T) {
	answer := func(status int, media, body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", media)
			w.WriteHeader(status)
			fmt.Fprint(w, body)
			return true
		}
	}
	for name, serve := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"not found, as a page":           answer(http.StatusNotFound, "text/html", "<h1>404</h1>"),
		"not found, as another JSON":     answer(http.StatusNotFound, "application/json", `{"error":"no route"}`),
		"forbidden":                      answer(http.StatusForbidden, "text/html", "<h1>403</h1>"),
		"an invalid request":             answer(http.StatusBadRequest, "application/json", `{"error":"invalid_request"}`),
		"a page of maintenance":          answer(http.StatusOK, "text/html", "<h1>soon</h1>"),
		"a page that claims much":        answer(http.StatusOK, "application/"+trust.TypeStatement, "<h1>soon</h1>"),
		"somewhere else":                 answer(http.StatusFound, "text/html", ""),
		"nothing":                        answer(http.StatusOK, "application/"+trust.TypeStatement, ""),
		"more than a statement may have": answer(http.StatusOK, "application/"+trust.TypeStatement, strings.Repeat("x", 100<<10)),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFederation(t)
			nation, province, city, app := f.nation()
			r := f.resolver(nation)
			before, err := r.Resolve(t.Context(), app.id)
			if err != nil {
				t.Fatal(err)
			}
			nation.serve, province.serve, city.serve = serve, serve, serve
			for range 5 {
				f.pass(11 * time.Minute)
				if got, err := r.Resolve(t.Context(), app.id); err != nil || !got.ExpiresAt.Equal(before.ExpiresAt) {
					t.Fatalf("%v", err)
				}
			}
			f.pass(11 * time.Minute)
			if _, err := r.Resolve(t.Context(), app.id); err == nil {
				t.Error("trusted past its expiry")
			}
		})
	}
}

func TestASuperiorsOwnWordThatThereIsNobodyEndsWhatItSaid(t *testing.T) {
	f := newFederation(t)
	nation, _, city, app := f.nation()
	r := f.resolver(nation)
	if _, err := r.Resolve(t.Context(), app.id); err != nil {
		t.Fatal(err)
	}
	city.serve = func(w http.ResponseWriter, r *http.Request) bool {
		if !r.URL.Query().Has("sub") {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"error":"not_found","error_description":"no such subordinate"}`)
		return true
	}
	f.pass(6 * time.Minute)
	if _, err := r.Resolve(t.Context(), app.id); !errors.Is(err, trust.ErrUntrusted) {
		t.Errorf("%v", err)
	}
}
