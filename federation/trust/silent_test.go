package trust_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"manyou/federation/trust"
)

// hang makes entities swallow requests: they are taken, and nothing comes back.
func hang(t *testing.T, es ...*entity) (answer func()) {
	free := make(chan struct{})
	for _, e := range es {
		e.serve = func(_ http.ResponseWriter, r *http.Request) bool {
			select {
			case <-r.Context().Done():
				return true
			case <-free:
				return false
			}
		}
	}
	answer = sync.OnceFunc(func() { close(free) })
	t.Cleanup(answer)
	return answer
}

func TestSuperiorsThatSwallowRequestsCostNothingWhileTheChainIsValidAndEverythingAfter(t *testing.T) {
	f := newFederation(t)
	nation, province, city, app := f.nation()
	r := f.resolver(nation)
	before, err := r.Resolve(t.Context(), app.id)
	if err != nil {
		t.Fatal(err)
	}
	answer := hang(t, nation, province, city)
	f.pass(6 * time.Minute)
	for range 10 {
		got, err := r.Resolve(t.Context(), app.id)
		if err != nil || !got.ExpiresAt.Equal(before.ExpiresAt) {
			t.Fatalf("refused although the chain is valid, or it grew: %v", err)
		}
		f.pass(5 * time.Minute)
	}
	f.pass(5 * time.Minute) // sixty-one minutes
	if _, err := r.Resolve(t.Context(), app.id); !errors.Is(err, trust.ErrUnreachable) {
		t.Errorf("past its expiry: %v", err)
	}
	answer()
	for range 20 { // what was under way may have been given up just now
		f.pass(10 * time.Second)
		if _, err = r.Resolve(t.Context(), app.id); err == nil {
			return
		}
	}
	t.Errorf("they answer again: %v", err)
}

// waits counts who waits for an answer that never comes.
type waits struct {
	trust.Fetcher
	mu    sync.Mutex
	asked map[string]int
	dead  bool
}

func (w *waits) Fetch(ctx context.Context, target, media string) (string, error) {
	w.mu.Lock()
	dead := w.dead
	w.asked[target]++
	w.mu.Unlock()
	if !dead {
		return w.Fetcher.Fetch(ctx, target, media)
	}
	<-ctx.Done()
	return "", fmt.Errorf("%w: %w", trust.ErrUnreachable, ctx.Err())
}

func TestAResolutionWaitsForAllThatAreSilentTogetherAndNotForEach(t *testing.T) {
	f := newFederation(t)
	nation, _, _, app := f.nation()
	w := &waits{Fetcher: trust.NewFetcher(true, nil), asked: map[string]int{}}
	r := f.resolver(nation, func(c *trust.Config) { c.Fetcher = w })
	if _, err := r.Resolve(t.Context(), app.id); err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	w.dead, w.asked = true, map[string]int{}
	w.mu.Unlock()
	f.pass(6 * time.Minute)
	// Less than one request may take: who waits for one after the other does not get so far.
	ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
	defer cancel()
	if _, err := r.Resolve(ctx, app.id); err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for target, n := range w.asked {
		if n > 1 {
			t.Errorf("%s was asked %d times", target, n)
		}
	}
	if len(w.asked) != 7 {
		t.Errorf("%d statements were asked for, of seven that are old", len(w.asked))
	}
}

func TestASuspensionIsFeltAtTheNextLookThoughAnotherSuperiorIsSilent(t *testing.T) {
	f := newFederation(t)
	nation, province, city, app := f.nation()
	r := f.resolver(nation)
	if _, err := r.Resolve(t.Context(), app.id); err != nil {
		t.Fatal(err)
	}
	hang(t, nation)
	delete(province.about, city.id)
	f.pass(5*time.Minute + time.Second)
	if _, err := r.Resolve(t.Context(), app.id); !errors.Is(err, trust.ErrUntrusted) {
		t.Errorf("the city was taken back: %v", err)
	}
}

// TestKeysRolledWhileTheSuperiorIsSilent: the superior cannot say that the new keys are the leaf's, and what it said before stands.
func TestALeafThatRollsItsKeysWhileItsSuperiorIsSilentIsKnownByTheChainThatStands(t *testing.T) {
	f := newFederation(t)
	nation, _, city, app := f.nation()
	r := f.resolver(nation)
	before, err := r.Resolve(t.Context(), app.id)
	if err != nil {
		t.Fatal(err)
	}
	answer := hang(t, city)
	app.key, app.kid = newKey(t), "app-2"
	f.pass(6 * time.Minute)
	if got, err := r.Resolve(t.Context(), app.id); err != nil || !got.ExpiresAt.Equal(before.ExpiresAt) {
		t.Fatalf("%v", err)
	}
	answer()
	f.pass(time.Minute)
	if _, err := r.Resolve(t.Context(), app.id); err != nil {
		t.Errorf("the city answers: %v", err)
	}
}

// memory keeps what it is given.
type memory struct {
	mu   sync.Mutex
	body []byte
}

func (m *memory) Load(context.Context) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.body, nil
}

func (m *memory) Save(_ context.Context, body []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.body = body
	return nil
}

// neighbouring is a nation with many provinces, and one that looks at them.
func neighbouring(t *testing.T, f *federation, many int) (nation *entity, provinces []*entity) {
	nation = f.add("nation")
	nation.metadata[trust.FederationEntity].(map[string]any)["federation_list_endpoint"] = nation.id + "/list"
	for n := range many {
		p := f.add(fmt.Sprintf("p%d", n), nation)
		p.metadata[trust.OpenIDProvider] = map[string]any{"issuer": p.id}
		nation.about[p.id] = map[string]any{"metadata": map[string]any{trust.FederationEntity: map[string]any{"region": fmt.Sprintf("%d", 11+n)}}}
		provinces = append(provinces, p)
	}
	return nation, provinces
}

func TestManyNeighboursAreKnownStillAndKeptWhenTheNationSwallowsRequests(t *testing.T) {
	f := newFederation(t)
	nation, provinces := neighbouring(t, f, 33)
	kept := &memory{}
	settled := func(context.Context, []string) error { return nil }
	n := trust.NewNeighbours(f.resolver(nation), nation.id, nil, slog.New(slog.DiscardHandler), kept, settled)
	if err := n.Look(t.Context()); err != nil || len(n.All()) != len(provinces) {
		t.Fatalf("%d are known: %v", len(n.All()), err)
	}
	hang(t, nation, provinces[0], provinces[1])
	f.pass(10 * time.Minute)
	for range 2 {
		if err := n.Look(t.Context()); !errors.Is(err, trust.ErrUnreachable) {
			t.Errorf("the nation answers: %v", err)
		}
		if len(n.All()) != len(provinces) {
			t.Fatalf("%d are known", len(n.All()))
		}
		f.pass(10 * time.Second)
	}
	// Another node, which knows only what was kept.
	ctx, cancel := context.WithCancel(t.Context())
	again := trust.NewNeighbours(f.resolver(nation), nation.id, nil, slog.New(slog.DiscardHandler), kept, settled)
	done := make(chan struct{})
	go func() {
		defer close(done)
		again.Run(ctx)
	}()
	eventually(t, "all are known after a restart", func() bool { return len(again.All()) == len(provinces) })
	cancel()
	<-done
}

// list answers as the list endpoint of an entity with those that it vouches for.
func (f *federation) list(w http.ResponseWriter, e *entity) {
	ids := "["
	for id := range e.about {
		if len(ids) > 1 {
			ids += ","
		}
		ids += fmt.Sprintf("%q", id)
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, ids+"]")
}

func TestAChainThroughASuspendedProvinceIsRefusedAtAnotherProvinceAtItsNextLook(t *testing.T) {
	f := newFederation(t)
	nation, provinces := neighbouring(t, f, 3)
	city := f.add("city", provinces[0])
	app := f.application("app", city)
	r := f.resolver(nation)
	var standing []string
	n := trust.NewNeighbours(r, nation.id, nil, slog.New(slog.DiscardHandler), nil, func(_ context.Context, s []string) error {
		standing = s
		return nil
	})
	look := func() {
		t.Helper()
		if err := n.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	look()
	if _, err := r.Resolve(t.Context(), app.id); err != nil {
		t.Fatal(err)
	}
	delete(nation.about, provinces[0].id)
	look() // two seconds later at most, and long before anything has to be asked again
	if _, err := r.Resolve(t.Context(), app.id); !errors.Is(err, trust.ErrUntrusted) {
		t.Errorf("an application below it: %v", err)
	}
	if len(n.All()) != 2 || len(standing) != 3 {
		t.Errorf("%d neighbours, %v stand", len(n.All()), standing)
	}
	nation.about[provinces[0].id] = map[string]any{"metadata": map[string]any{trust.FederationEntity: map[string]any{"region": "11"}}}
	look()
	if _, err := r.Resolve(t.Context(), app.id); err != nil {
		t.Errorf("it is vouched for again: %v", err)
	}
}

func TestASuspensionThatOneNodeOfTheNationHasYetToHearIsFeltSecondsLater(t *testing.T) {
	f := newFederation(t)
	nation, provinces := neighbouring(t, f, 2)
	app := f.application("app", provinces[0])
	r := f.resolver(nation)
	n := trust.NewNeighbours(r, nation.id, nil, slog.New(slog.DiscardHandler), nil, func(context.Context, []string) error { return nil })
	if err := n.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Resolve(t.Context(), app.id); err != nil {
		t.Fatal(err)
	}
	// The node that is asked for the list knows; the one that is asked for the statement does not.
	nation.serve = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/list") {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, "[%q]", provinces[1].id)
		return true
	}
	if err := n.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Resolve(t.Context(), app.id); err != nil {
		t.Fatalf("the node vouches for it still: %v", err)
	}
	delete(nation.about, provinces[0].id)
	f.pass(6 * time.Second)
	if _, err := r.Resolve(t.Context(), app.id); !errors.Is(err, trust.ErrUntrusted) {
		t.Errorf("seconds later: %v", err)
	}
}
