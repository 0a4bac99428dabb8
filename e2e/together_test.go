package e2e

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"manyou/cmd/manyou/demo"
)

// traffic holds requests to issuers back, so that what happens at the same time happens in a known order.
type traffic struct {
	mu    sync.Mutex
	stops map[string]stop // by region and path
	seen  map[string]int
}

// stop is called for the first request, the second, and so on; the request goes on when it returns.
type stop func(r context.Context, nth int)

func newTraffic() *traffic { return &traffic{stops: map[string]stop{}, seen: map[string]int{}} }

// steer makes the traffic of a nation pass the stops.
func (f *traffic) steer(o *demo.Options) {
	o.WrapIssuer = func(region string, h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			at := region + r.URL.Path
			f.mu.Lock()
			hold := f.stops[at]
			if hold != nil {
				f.seen[at]++
			}
			nth := f.seen[at]
			f.mu.Unlock()
			if hold != nil {
				hold(r.Context(), nth)
			}
			h.ServeHTTP(w, r)
		})
	}
}

func (f *traffic) at(region, path string, s stop) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stops[region+path] = s
}

// wait waits for a channel to be closed, or for the request to be given up.
func wait(r context.Context, closed <-chan struct{}) {
	select {
	case <-closed:
	case <-r.Done():
	}
}

// meet lets two requests go on together.
func meet() stop {
	both := make(chan struct{})
	return func(r context.Context, nth int) {
		if nth == 2 {
			close(both)
		}
		wait(r, both)
	}
}

// beside opens another tab of the same window: it shares the cookies.
func (b *tab) beside() *tab {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.t.Cleanup(cancel)
	return attach(b.t, ctx)
}

// A browser that restores its tabs opens all of them at once. Each of the applications has to find the citizen, although
// the browser never was at the issuers in between and the nation never heard of the citizen.
func TestTwoApplicationsThatAreOpenedAtOnceBothKnowTheCitizen(t *testing.T) {
	f := newTraffic()
	w := newWorld(t, f.steer)
	c := w.newClient(t, sichuan)
	one := newBrowser(t).newTab(t)
	w.atHome(t, one)
	two := one.beside()
	f.at(sichuan, "/authorize", meet())
	f.at(nation, "/authorize", meet())
	f.at(nation, "/upstream/callback", meet())
	var both sync.WaitGroup
	both.Go(func() { one.open(w.application(sichuan)) })
	both.Go(func() { two.open(c.start()) })
	both.Wait()
	bothKnow(t, one, two)
}

// The answer to the first tab is on its way to the application when the second tab gets a session.
func TestASignInInAnotherTabDoesNotVoidAnAnswerOnItsWay(t *testing.T) {
	f := newTraffic()
	w := newWorld(t, f.steer)
	c := w.newClient(t, sichuan)
	one := newBrowser(t).newTab(t)
	w.atHome(t, one)
	one.open(w.application(sichuan)) // all issuers know the browser and the citizen
	w.leaveSichuan(one)
	one.forget(w.issuer(nation), w.cookie("session", nation))
	two := one.beside()

	first, second, redeeming, over := make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan struct{})
	f.at(nation, "/authorize", func(r context.Context, nth int) {
		switch nth {
		case 1: // until the second has left Sichuan, where it had no session either
			close(first)
			wait(r, second)
		case 2: // until the first has its session in Sichuan
			close(second)
			wait(r, redeeming)
		}
	})
	f.at(sichuan, "/token", func(r context.Context, nth int) {
		if nth == 1 {
			close(redeeming)
			wait(r, over)
		}
	})
	var both sync.WaitGroup
	both.Go(func() { one.open(w.application(sichuan)) })
	both.Go(func() {
		<-first
		two.open(c.start())
		close(over)
	})
	both.Wait()
	bothKnow(t, one, two)
}

func bothKnow(t *testing.T, one, two *tab) {
	t.Helper()
	if !one.has(citizenPage) {
		t.Errorf("the first tab does not know the citizen:\n%s", excerpt(one.told()))
	}
	if !two.has("#told") {
		t.Errorf("the second tab does not know the citizen:\n%s", excerpt(two.told()))
	}
}

// excerpt leaves the redirects out, which are long.
func excerpt(told string) string {
	_, page, _ := strings.Cut(told, "\nat ")
	return page
}
