package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"manyou/storage"
)

// The steps of the outbox, at each of which the nation's process is killed:
//
//	commit ─ leased, read, signed ─ sent ─ carried out ─ the first of three answered ─ all answered ─ acknowledged ─ the next signal
//	      ▲                      ▲      ▲             ▲                           ▲              ▲              ▲
//	      committed     connecting   sent    carriedOut                      within       answered        between
type outboxStep string

const (
	running    outboxStep = ""           // nobody is killed
	committed  outboxStep = "committed"  // the process does not run between the commit and its death
	connecting outboxStep = "connecting" // the receiver has read nothing
	sent       outboxStep = "sent"       // the receiver has read it and does nothing
	carriedOut outboxStep = "carriedOut" // the receiver has done it, and has not answered
	within     outboxStep = "within"     // one token of the signal was answered
	answered   outboxStep = "answered"   // the receiver has answered; the nation cannot write that down
	between    outboxStep = "between"    // the first of two signals is acknowledged
)

// tokensOf is how many tokens tell Sichuan of a freeze.
const tokensOf = 3

// crossing stands between the nation and Sichuan, and kills the nation at a step.
type crossing struct {
	*world
	t      *testing.T
	behind string // where Sichuan hears

	mu     sync.Mutex
	step   outboxStep
	passed int      // since the step was set
	heard  []string // the tokens that Sichuan answered, by what they are called
	dead   chan struct{}
}

func (c *crossing) arm(step outboxStep) (dead chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.step, c.passed, c.dead = step, 0, make(chan struct{})
	return c.dead
}

// kill ends the nation's process, once.
func (c *crossing) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.step == running {
		return
	}
	pid, _ := c.Apart()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		c.t.Error(err)
	}
	c.step = running
	close(c.dead)
}

// at reports whether the nation is to be killed at a step, which the nth token since then has come to.
func (c *crossing) at(step outboxStep, nth int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.step == step && c.passed == nth
}

// connected is told of every connection.
func (c *crossing) connected(_ net.Conn, s http.ConnState) {
	if s == http.StateNew && c.at(connecting, 0) {
		c.kill()
	}
}

func (c *crossing) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return // whoever sent it is dead
	}
	if c.at(sent, 0) || c.at(within, 1) || c.at(between, tokensOf) {
		c.kill()
		panic(http.ErrAbortHandler)
	}
	out, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.behind, bytes.NewReader(body))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	out.Header = r.Header.Clone()
	response, err := http.DefaultClient.Do(out)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_ = response.Body.Close()
	c.mu.Lock()
	c.heard = append(c.heard, jti(c.t, string(body)))
	c.mu.Unlock()
	if c.at(carriedOut, 0) {
		c.kill()
		panic(http.ErrAbortHandler)
	}
	if c.at(answered, tokensOf-1) {
		// Nothing is written at the nation while this stands; it is rolled back.
		locked, release, written := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		go func() {
			refused := errors.New("rolled back")
			written <- c.Issuer(nation).Store.StepCase(c.t.Context(), storage.CaseStep{Audit: func(int64) ([]byte, error) {
				close(locked)
				<-release
				return nil, refused
			}})
		}()
		<-locked
		defer func() { // once the answer is on its way
			go func() {
				time.Sleep(300 * time.Millisecond)
				c.kill()
				close(release)
				<-written
			}()
		}()
	}
	c.mu.Lock()
	c.passed++
	c.mu.Unlock()
	w.WriteHeader(response.StatusCode)
}

// jti is what a token is called.
func jti(t *testing.T, token string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Errorf("no token: %s", token)
		return ""
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	must(t, err)
	var claims struct {
		ID string `json:"jti"`
	}
	must(t, json.Unmarshal(raw, &claims))
	return claims.ID
}

// told is a token by the signal that it tells of, and which of its tokens it is.
func told(t *testing.T, name string) (seq int, what string) {
	t.Helper()
	parts := strings.Split(name, "-")
	seq, err := strconv.Atoi(parts[len(parts)-2])
	must(t, err)
	return seq, parts[len(parts)-1]
}

// TestTheNationIsKilledAtEveryStepOfTheOutbox: whatever it had come to, what was decided arrives, once, and in order.
func TestTheNationIsKilledAtEveryStepOfTheOutbox(t *testing.T) {
	w := newWorldApart(t)
	b := newBrowser(t).newTab(t)
	w.atHome(t, b)
	b.open(w.application(sichuan))
	w.isSignedIn(b, sichuan, "李娜")
	li := w.citizen("李娜")
	at := func(region string) storage.Person {
		p, err := w.Issuer(region).Store.PersonByDocument(t.Context(), storage.Document{Kind: li.DocumentKind, Number: li.DocumentNumber})
		must(t, err)
		return p
	}
	own := w.Issuer(nation).Store
	stream := func() (s storage.Stream) {
		list, err := own.ListStreams(t.Context())
		must(t, err)
		if n := slices.IndexFunc(list, func(s storage.Stream) bool { return s.ClientID == "issuer-51" }); n >= 0 {
			s = list[n]
		}
		return s
	}
	w.eventually("Sichuan is told by the nation", func() bool { return stream().ID != "" && stream().Verification == "" })
	there, person := at(sichuan).ID, at(nation).ID
	of := w.filed(person)
	before, err := w.Issuer(sichuan).Store.SignalHead(t.Context())
	must(t, err)

	s := stream()
	c := &crossing{world: w, t: t, behind: s.Endpoint}
	server := httptest.NewUnstartedServer(c)
	server.Config.ConnState = c.connected
	server.Start()
	defer server.Close()
	s.Endpoint = server.URL
	must(t, own.SetStream(t.Context(), s))

	var placed []string
	var began time.Time
	place := func() {
		id := rand.Text()
		began = time.Now()
		placed = append(placed, id)
		must(t, own.PlaceHold(t.Context(), storage.Hold{ID: id, PersonID: person, Kind: storage.HoldFreeze, CaseID: of.ID, Number: of.Number, PlacedAt: time.Now(), PlacedBy: "system"}))
	}
	holds := func() []storage.Hold {
		list, err := w.Issuer(sichuan).Store.HoldsOf(t.Context(), there)
		must(t, err)
		return list
	}
	for _, step := range []outboxStep{committed, connecting, sent, carriedOut, within, answered, between} {
		t.Logf("killed when %s", step)
		acknowledged := stream().Position
		server.CloseClientConnections() // so that the next token begins with one
		dead := c.arm(step)
		if step == committed || step == between {
			pid, _ := w.Apart()
			must(t, syscall.Kill(pid, syscall.SIGSTOP))
			place()
			if step == committed {
				c.kill()
			} else {
				place() // so that both are told in one go
				must(t, syscall.Kill(pid, syscall.SIGCONT))
			}
		} else {
			place()
		}
		select {
		case <-dead:
		case <-time.After(patience):
			t.Fatalf("%s: it never came to that", step)
		}
		if now := stream().Position; (now > acknowledged) != (step == between) {
			t.Errorf("%s: acknowledged up to %d, before %d", step, now, acknowledged)
		}
		if n := len(holds()); step != between && (n == len(placed)) != (step == carriedOut || step == within || step == answered) {
			t.Errorf("%s: Sichuan has %d of %d", step, n, len(placed))
		}
		must(t, w.Restart(t.Context()))
		w.eventually("what was decided is acknowledged", func() bool {
			s := stream()
			ahead, err := own.SignalsFor(t.Context(), s.ClientID, "", s.Position, 1)
			must(t, err)
			return len(ahead) == 0
		})
		t.Logf("acknowledged %.1f s after the commit", time.Since(began).Seconds())
	}
	got := holds()
	if len(got) != len(placed) {
		t.Fatalf("%d arrived of %d", len(got), len(placed))
	}
	for n, h := range got {
		if h.ID != placed[n] {
			t.Errorf("hold %d came out of order", n)
		}
	}
	// What Sichuan tells in turn is written once for each thing that it carried out.
	head, err := w.Issuer(sichuan).Store.SignalHead(t.Context())
	must(t, err)
	if done := head - before; done != int64(len(placed)) {
		t.Errorf("%d things were done for %d", done, len(placed))
	}
	// Each token follows the one before, or its signal is told again from the first on, under the same names.
	c.mu.Lock()
	defer c.mu.Unlock()
	addressed, err := own.SignalsFor(t.Context(), s.ClientID, "", 0, 1000)
	must(t, err)
	nth, heard := map[int]int{}, 0 // of the signals that Sichuan has to hear, from 1
	for n, a := range addressed {
		nth[int(a.Seq)] = n + 1
		if a.Seq <= s.Position {
			heard = n + 1
		}
	}
	again, seq, first, pass := 0, heard, "", make([]string, tokensOf)
	for _, name := range c.heard {
		at, what := told(t, name)
		now := nth[at]
		switch {
		case now == seq+1 && len(pass) == tokensOf:
			first, pass = what, []string{what}
		case now == seq && len(pass) < tokensOf && !slices.Contains(pass, what):
			pass = append(pass, what)
		case now == seq && what == first:
			again, pass = again+1, []string{what}
		default:
			t.Errorf("%s came after signal %d, %v", name, seq, pass)
		}
		seq = now
	}
	if again < 3 { // when carried out, within, when answered
		t.Errorf("%d signals were told again: %s", again, strings.Join(c.heard, " "))
	}
}
