package e2e

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"manyou/authenticators/otp"
	"manyou/authenticators/otp/otptest"
	"manyou/cmd/manyou/methods"
	authority "manyou/federation/register"
	"manyou/idp"
	"manyou/storage"
	"manyou/storage/postgres"
	"manyou/storage/storagetest"
	"manyou/storage/vault"
)

// nodes are two nodes of one issuer on one Postgres. A browser says in a header which of them its requests reach.
type nodes struct {
	t       *testing.T
	url     string
	handler [2]http.Handler
	queries [2]statements
	codes   chan string
}

// statements counts those of one node.
type statements struct{ n atomic.Int64 }

func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	s.n.Add(1)
	return ctx
}

func (*statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// Send implements otp.Gateway.
func (n *nodes) Send(_ context.Context, m otp.Message) error {
	n.codes <- m.Code
	return nil
}

const nodeHeader = "Test-Node"

func newNodes(t *testing.T) *nodes {
	t.Helper()
	n := &nodes{t: t, codes: make(chan string, 100)}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		node, _ := strconv.Atoi(r.Header.Get(nodeHeader))
		n.handler[node].ServeHTTP(w, r)
	}))
	n.url = "http://localhost:" + strconv.Itoa(server.Listener.Addr().(*net.TCPAddr).Port)
	database := storagetest.Postgres(t)
	must(t, postgres.Migrate(t.Context(), database))
	root, err := vault.NewRoot(rand.Reader)
	must(t, err)
	name := map[string]string{"zh": "浙江省统一身份认证", "en": "Zhejiang Identity"}
	for node := range n.handler {
		store, v, err := postgres.Open(t.Context(), database, root, postgres.WithTracer(&n.queries[node]))
		must(t, err)
		t.Cleanup(func() { _ = store.Close() })
		if node == 0 {
			must(t, store.Maintain(t.Context(), time.Now()))
			n.fill(store)
		}
		offered, err := methods.New(methods.Config{Issuer: n.url, Name: name, Random: rand.Reader})
		must(t, err)
		limits := idp.DefaultLimits()
		limits.MessagesPerAddress, limits.ProofsPerAddress = 1<<20, 1<<20
		issuer, err := idp.New(t.Context(), idp.Config{
			Issuer: n.url, Role: idp.Province, Region: "33", Name: name, Store: store, Vault: v, Methods: offered, Messages: n,
			Register: authority.NewTable(store), Limits: &limits,
		})
		must(t, err)
		n.handler[node] = issuer.Handler()
	}
	server.Start()
	t.Cleanup(server.Close)
	return n
}

func (n *nodes) fill(store storage.Store) {
	n.t.Helper()
	must(n.t, store.PutApplication(n.t.Context(), storage.Application{
		ClientID: "desk", Status: storage.ApplicationPublished, Name: map[string]string{"zh": "办事大厅", "en": "Services"}, Region: "33",
		AuthMethod: "none", RedirectURIs: []string{"https://app.example/cb"}, GrantTypes: []string{"authorization_code"},
		Scopes: []string{"openid"}, IDTokenAlg: "ES256", CreatedAt: time.Now(), UpdatedAt: time.Now(),
	}))
	must(n.t, store.PutRegister(n.t.Context(), []storage.RegisterEntry{{
		Document: storage.Document{Kind: "resident_id", Number: "330000199003070010"}, Name: "李娜", Phone: "+8613900000001", Region: "33",
		Status: storage.RegisterValid,
	}}, storage.ImportProgress{Source: "test", Done: true}))
}

// visitor is a browser whose requests reach one node.
type visitor struct {
	*http.Client
	n    *nodes
	node int
}

func (n *nodes) visitor(node int) visitor {
	jar, _ := cookiejar.New(nil)
	return visitor{&http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.Header.Set(nodeHeader, strconv.Itoa(node)); r.URL.Host == "app.example" {
			return http.ErrUseLastResponse
		}
		return nil
	}}, n, node}
}

func (v visitor) do(method, target string, form url.Values) (*http.Response, string) {
	v.n.t.Helper()
	r, err := http.NewRequest(method, target, strings.NewReader(form.Encode()))
	must(v.n.t, err)
	r.Header.Set(nodeHeader, strconv.Itoa(v.node))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	response, err := v.Do(r)
	must(v.n.t, err)
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	must(v.n.t, err)
	return response, string(b)
}

func (v visitor) post(at *http.Response, form ...string) (*http.Response, string) {
	v.n.t.Helper()
	values := url.Values{}
	for k := 0; k+1 < len(form); k += 2 {
		values.Set(form[k], form[k+1])
	}
	return v.do(http.MethodPost, at.Request.URL.String(), values)
}

func (v visitor) authorize() (*http.Response, string) {
	v.n.t.Helper()
	return v.do(http.MethodGet, v.n.url+"/authorize?"+url.Values{
		"client_id": {"desk"}, "redirect_uri": {"https://app.example/cb"}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
	}.Encode(), nil)
}

// signIn signs the citizen in for the first time.
func (v visitor) signIn() {
	v.n.t.Helper()
	at, _ := v.authorize()
	at, _ = v.post(at, "action", "phone", "phone", "13900000001")
	at, _ = v.post(at, "action", "code", "code", <-v.n.codes)
	at, _ = v.post(at, "action", "identify", "name", "李娜", "document_kind", "resident_id", "document_number", "330000199003070010")
	if !strings.Contains(at.Header.Get("Location"), "code=") {
		v.n.t.Fatalf("not signed in: %d at %s", at.StatusCode, at.Request.URL)
	}
}

// listen opens the stream of a desk's page and returns when the server has answered.
func (v visitor) listen(page string) (changed <-chan struct{}, stop func()) {
	v.n.t.Helper()
	m := eventsField.FindStringSubmatch(page)
	if m == nil {
		v.n.t.Fatalf("no stream on the page: %s", page)
	}
	r, err := http.NewRequest(http.MethodGet, v.n.url+strings.ReplaceAll(m[1], "&amp;", "&"), nil)
	must(v.n.t, err)
	r.Header.Set(nodeHeader, strconv.Itoa(v.node))
	response, err := v.Do(r)
	must(v.n.t, err)
	ch := make(chan struct{})
	go func() {
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			if lines.Text() == "event: changed" {
				close(ch)
				return
			}
		}
	}()
	return ch, func() { _ = response.Body.Close() }
}

var (
	eventsField = regexp.MustCompile(`data-events="([^"]+)"`)
	shownNumber = regexp.MustCompile(`data-number>(\d\d)<`)
)

func TestADeskAtOneNodeIsSignedInByAPhoneAtAnother(t *testing.T) {
	n := newNodes(t)
	desk, phone := n.visitor(0), n.visitor(1)
	phone.signIn()
	at, _ := desk.authorize()
	at, page := desk.post(at, "action", "qr")
	changed, stop := desk.listen(page)
	defer stop()

	scanned, err := otptest.ReadQR(page)
	must(t, err)
	scan, _ := phone.do(http.MethodGet, scanned, nil)
	<-changed
	_, page = desk.do(http.MethodGet, at.Request.URL.String(), nil)
	number := shownNumber.FindStringSubmatch(page)
	if number == nil {
		t.Fatalf("the desk shows no number: %s", page)
	}
	again, stopAgain := desk.listen(page)
	defer stopAgain()
	phone.post(scan, "action", "approve", "number", number[1])
	<-again
	if at, page = desk.do(http.MethodGet, at.Request.URL.String(), nil); !strings.Contains(at.Header.Get("Location"), "code=") {
		t.Errorf("the desk is not signed in: %d %s", at.StatusCode, page)
	}
}

func TestAThousandDesksThatWaitCostLittleAndAskTheDatabaseOnce(t *testing.T) {
	n := newNodes(t)
	const desks = 1000
	pages := make([]string, desks)
	all := make([]visitor, desks)
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for k := worker; k < desks; k += 8 {
				all[k] = n.visitor(0)
				at, _ := all[k].authorize()
				_, pages[k] = all[k].post(at, "action", "qr")
			}
		})
	}
	group.Wait()
	before := held()
	var stops []func()
	for k := range all {
		_, stop := all[k].listen(pages[k])
		stops = append(stops, stop)
	}
	after := held()
	t.Logf("%d desks that wait hold %.1f MB more, browsers and node together", desks, float64(after-before)/1e6)
	if more := after - before; more > 100e6 { // with the browsers' side, which is in this process too
		t.Errorf("%d bytes", more)
	}
	asked := n.queries[0].n.Load()
	const watch = 3 * time.Second
	time.Sleep(watch)
	perSecond := float64(n.queries[0].n.Load()-asked) / watch.Seconds()
	t.Logf("the node asks the database %.1f times a second for all of them", perSecond)
	if perSecond > 10 {
		t.Errorf("%d desks make the node ask %.0f times a second", desks, perSecond)
	}
	for _, stop := range stops {
		stop()
	}
}

// held is what this process holds in memory, in bytes.
func held() int64 {
	runtime.GC()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, resident int64
	_, _ = fmt.Sscan(string(b), &size, &resident)
	return resident * int64(os.Getpagesize())
}
