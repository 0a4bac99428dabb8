package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"manyou/cmd/manyou/demo"
	"manyou/storage/storagetest"
)

func TestKillingTheIssuerLosesNoSessionOnSQLite(t *testing.T) {
	kill9(t, "")
}

func TestKillingTheIssuerLosesNoSessionOnPostgres(t *testing.T) {
	kill9(t, storagetest.Postgres(t))
}

const (
	signIns = 1000
	deaths  = 5 // of the process, spread evenly over the sign-ins
	hands   = 8 // citizens who sign in at the same time
)

// kill9 signs a thousand citizens in while the process is killed again and again. Every session cookie that a browser
// was given is good afterwards: storage had it before the browser did.
func kill9(t *testing.T, database string) {
	g := newGateway(t)
	b := build(t, database, g.url)
	citizens := people(signIns)
	b.write("people.csv", register(citizens))
	b.run("migrate")
	b.run("register", "import", "people.csv")
	b.run("app", "add", "--client-id", "main", "--name-zh", "应用", "--name-en", "Application", "--redirect-uri", redirectURI,
		"--auth-method", "none", "--publish")

	c := &crowd{t: t, issuer: b.url, gateway: g, waiting: citizens, transport: &http.Transport{MaxIdleConnsPerHost: hands}}
	for death := range deaths {
		p := b.serve()
		c.verify()
		enough := signIns * (death + 1) / deaths
		life, end := context.WithCancel(t.Context())
		for range hands {
			c.signingIn.Go(func() { c.signInDuring(life) })
		}
		select {
		case <-c.reached(enough):
		case <-p.ended:
			t.Errorf("the issuer ended by itself:\n%s", p.output.String())
		case <-time.After(5 * patience):
			t.Errorf("fewer than %d sign-ins:\n%s", enough, p.output.String())
		}
		p.kill(end) // while others are on their way
		c.signingIn.Wait()
		if t.Failed() {
			return
		}
	}
	p := b.serve()
	defer p.kill()
	c.verify()
	if len(c.sessions) < signIns {
		t.Errorf("%d citizens signed in, not %d", len(c.sessions), signIns)
	}
	t.Logf("%d sign-ins, %d of them cut off and begun again, %d kills", len(c.sessions), c.cutOff, deaths)
}

// crowd is a thousand citizens with a browser each.
type crowd struct {
	t         *testing.T
	issuer    string
	gateway   *gateway
	transport http.RoundTripper
	signingIn sync.WaitGroup

	mu       sync.Mutex
	waiting  []demo.Citizen
	sessions []*http.Cookie
	cutOff   int
	goal     int
	met      chan struct{} // closed when there are goal sessions
}

// reached is closed once there are so many sessions.
func (c *crowd) reached(n int) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.goal, c.met = n, make(chan struct{})
	if len(c.sessions) >= n {
		close(c.met)
	}
	return c.met
}

// told writes down a session that a browser was given.
func (c *crowd) told(session *http.Cookie) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sessions = append(c.sessions, session)
	if len(c.sessions) == c.goal {
		close(c.met)
	}
}

func (c *crowd) next() (demo.Citizen, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 {
		return demo.Citizen{}, false
	}
	last := len(c.waiting) - 1
	citizen := c.waiting[last]
	c.waiting = c.waiting[:last]
	return citizen, true
}

// signInDuring signs one citizen after the other in, until the issuer dies. Who was cut off waits for its next life.
func (c *crowd) signInDuring(life context.Context) {
	for life.Err() == nil {
		citizen, ok := c.next()
		if !ok {
			return
		}
		err := c.signIn(life, citizen)
		if err == nil {
			continue
		}
		c.mu.Lock()
		c.cutOff++
		c.waiting = append(c.waiting, citizen)
		c.mu.Unlock()
		var wrong *unexpectedError
		if errors.As(err, &wrong) {
			c.t.Error(err)
			return
		}
	}
}

// unexpectedError is an answer that no death explains.
type unexpectedError struct{ text string }

func (e *unexpectedError) Error() string { return e.text }

const redirectURI = "http://127.0.0.1:8765/cb"

// request is a good authorization request.
func (c *crowd) request(more ...string) string {
	q := url.Values{
		"client_id": {"main"}, "redirect_uri": {redirectURI}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"},
		"code_challenge": {strings.Repeat("A", 43)}, "code_challenge_method": {"S256"},
	}
	for n := 0; n+1 < len(more); n += 2 {
		q.Set(more[n], more[n+1])
	}
	return c.issuer + "/authorize?" + q.Encode()
}

// signIn signs a citizen in for the first time, in a browser that is new.
func (c *crowd) signIn(life context.Context, citizen demo.Citizen) error {
	w := &window{crowd: c, life: life}
	w.to(http.MethodGet, c.request(), nil)
	page := w.location
	w.gateway.clear(citizen.Phone)
	w.to(http.MethodPost, page, url.Values{"action": {"phone"}, "phone": {citizen.Phone}})
	code := w.code(citizen.Phone)
	w.to(http.MethodPost, page, url.Values{"action": {"code"}, "code": {code}})
	if strings.Contains(w.location, "/signin/") { // name and document; not if a former life got as far
		w.to(http.MethodPost, page, url.Values{
			"action": {"identify"}, "name": {citizen.Name}, "document_kind": {citizen.DocumentKind}, "document_number": {citizen.DocumentNumber},
		})
	}
	if w.err == nil && !strings.HasPrefix(w.location, redirectURI+"?") {
		w.err = &unexpectedError{"the sign-in ended at " + w.location}
	}
	return w.err
}

// window is a browser that keeps what it is given. After an error it does nothing.
type window struct {
	*crowd
	life     context.Context
	cookies  []*http.Cookie
	location string
	err      error
}

func (w *window) to(method, address string, form url.Values) {
	if w.err != nil {
		return
	}
	if strings.HasPrefix(address, "/") {
		address = w.issuer + address
	}
	// Not bound to the life: what is on its way when the issuer dies shall arrive if it can.
	r, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	if err != nil {
		w.err = err
		return
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for _, c := range w.cookies {
		r.AddCookie(c)
	}
	answer, err := w.transport.RoundTrip(r)
	if err != nil {
		w.err = err
		return
	}
	for _, cookie := range answer.Cookies() {
		w.cookies = append(w.cookies, cookie)
		if cookie.Name == "session-33" {
			w.told(cookie)
		}
	}
	w.location = answer.Header.Get("Location")
	text, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	_ = answer.Body.Close()
	if err != nil {
		w.err = err
	} else if answer.StatusCode != http.StatusSeeOther && answer.StatusCode != http.StatusFound {
		w.err = &unexpectedError{fmt.Sprintf("%s %s: %d %s", method, address, answer.StatusCode, text)}
	}
}

func (w *window) code(phone string) (code string) {
	if w.err != nil {
		return ""
	}
	select {
	case code = <-w.gateway.to(phone):
	case <-w.life.Done():
		w.err = w.life.Err()
	}
	return code
}

// verify asks silently with every session that a browser was given.
func (c *crowd) verify() {
	c.t.Helper()
	var g errgroup.Group
	g.SetLimit(hands)
	for _, session := range slices.Clone(c.sessions) {
		g.Go(func() error {
			w := &window{crowd: c, life: c.t.Context(), cookies: []*http.Cookie{session}}
			w.to(http.MethodGet, c.request("prompt", "none"), nil)
			if w.err != nil {
				return w.err
			}
			location, err := url.Parse(w.location)
			if err == nil && location.Query().Get("code") == "" {
				err = fmt.Errorf("a session that a browser was given is lost: %s", location.Query().Get("error"))
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		c.t.Fatal(err)
	}
}

// gateway takes the messages of the issuer.
type gateway struct {
	url string

	mu     sync.Mutex
	phones map[string]chan string
}

func newGateway(t *testing.T) *gateway {
	g := &gateway{phones: map[string]chan string{}}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

// to is where the newest code for a phone comes out.
func (g *gateway) to(phone string) chan string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.phones[phone] == nil {
		g.phones[phone] = make(chan string, 1)
	}
	return g.phones[phone]
}

// clear throws a code away that nobody came for.
func (g *gateway) clear(phone string) {
	select {
	case <-g.to(phone):
	default:
	}
}

// ServeHTTP implements http.Handler.
func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var message struct{ Phone, Code string }
	if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
		http.Error(w, "not a message", http.StatusBadRequest)
		return
	}
	g.clear(message.Phone)
	g.to(message.Phone) <- message.Code
	w.WriteHeader(http.StatusAccepted)
}

// people invents citizens of Zhejiang with a phone each.
func people(n int) (list []demo.Citizen) {
	birth := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		list = append(list, demo.Citizen{
			Name: "虚构", DocumentKind: "resident_id", HomeRegion: zhejiang, Phone: fmt.Sprintf("+86138%08d", i),
			DocumentNumber: withCheckDigit("330000" + birth.AddDate(0, 0, i/900).Format("20060102") + fmt.Sprintf("%03d", i%900+1)),
		})
	}
	return list
}

// register is a file for "manyou register import".
func register(citizens []demo.Citizen) string {
	var text strings.Builder
	text.WriteString("name,document_kind,document_number,phone,region,status\n")
	for _, c := range citizens {
		fmt.Fprintf(&text, "%s,%s,%s,%s,%s,valid\n", c.Name, c.DocumentKind, c.DocumentNumber, c.Phone, c.HomeRegion)
	}
	return text.String()
}
