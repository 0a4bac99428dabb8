package idp_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"manyou/authenticators"
	"manyou/authenticators/otp"
	"manyou/authenticators/passkey"
	"manyou/authenticators/recovery"
	"manyou/authenticators/relative"
	"manyou/federation/register"
	"manyou/idp"
	"manyou/storage"
	"manyou/storage/sqlite"
	"manyou/storage/vault"
)

// world is one issuer on loopback with a register of one family and a few applications.
type world struct {
	t     testing.TB
	url   string
	store storage.Store
	vault *vault.Vault
	root  vault.Root
	path  string // of the database
	log   *bytes.Buffer
	write *lockedWriter // into it

	mu      sync.Mutex
	now     time.Time
	inbox   []otp.Message // codes
	notices []otp.Message // what citizens are told besides
	issuer  *idp.Issuer
	handler http.Handler
	down    bool          // connections break
	hanging chan struct{} // requests are swallowed until it is closed; nil: they are not
	config  idp.Config
	stop    func() // the issuer goes down
}

// citizen is an invented person.
type citizen struct{ name, number, phone string }

var (
	liNa        = citizen{"李娜", "330000199003070021", "+8613900000001"}
	liWei       = citizen{"李伟", "330000196505120034", "+8613900000001"} // shares her phone
	aynur       = citizen{"阿依努尔·买买提", "650000198811020063", "+8613900000003"}
	redirectURI = "http://127.0.0.1:8765/cb"
)

// number completes the first seventeen characters of a resident ID with its check digit (GB 11643).
func number(first17 string) string {
	weights := []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for n, w := range weights {
		sum += w * int(first17[n]-'0')
	}
	return first17 + string("10X98765432"[sum%11])
}

func init() {
	for _, c := range []*citizen{&liNa, &liWei, &aynur} {
		c.number = number(c.number[:17])
	}
}

// beside are the tests that run beside others.
var beside sync.Map

// parallel lets a test run beside others: each has issuers of its own. The parts of a test run one after the other.
func parallel(t testing.TB) {
	test, ok := t.(*testing.T)
	if !ok || strings.Contains(t.Name(), "/") {
		return
	}
	if _, twice := beside.LoadOrStore(t.Name(), true); !twice {
		test.Parallel()
		test.Cleanup(func() { beside.Delete(test.Name()) }) // it may be run again
	}
}

func newWorld(t testing.TB, change ...func(*idp.Config)) *world {
	t.Helper()
	parallel(t)
	ctx := t.Context()
	w := &world{t: t, now: time.Now().UTC().Truncate(time.Second), log: &bytes.Buffer{}}
	w.write = &lockedWriter{w: w.log}
	root, path := prepare(t)
	store, v, err := sqlite.Open(ctx, path, root)
	must(t, err)
	t.Cleanup(func() { _ = store.Close() })
	w.store, w.vault, w.root, w.path = store, v, root, path

	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.serving().ServeHTTP(rw, r) }))
	w.url = "http://localhost:" + strconv.Itoa(server.Listener.Addr().(*net.TCPAddr).Port)
	config := idp.Config{
		Issuer: w.url, Role: idp.Province, Region: "33", Name: map[string]string{"zh": "浙江省统一身份认证", "en": "Zhejiang Identity"},
		Store: store, Vault: v, Methods: methods(t, w.url), Messages: w, Register: register.NewTable(store), Clock: w.clock,
		Logger: slog.New(slog.NewTextHandler(w.write, nil)),
	}
	for _, f := range change {
		f(&config)
	}
	w.config = config
	w.restart()
	server.Start()
	t.Cleanup(server.Close)
	w.stop = server.Close

	entries := []storage.RegisterEntry{}
	for _, c := range []citizen{liNa, liWei, aynur} {
		entries = append(entries, storage.RegisterEntry{
			Document: storage.Document{Kind: "resident_id", Number: c.number}, Name: c.name, Phone: c.phone,
			Region: c.number[:2], Status: storage.RegisterValid,
		})
	}
	must(t, store.PutRegister(ctx, entries, storage.ImportProgress{Source: "test"}))
	w.application("main")
	w.application("second")
	w.application("public", func(a *storage.Application) { a.AuthMethod, a.SecretHash = "none", nil })
	w.application("nopkce", func(a *storage.Application) { a.PKCEOptional = true })
	return w
}

// nationally makes an issuer the nation's.
func nationally(c *idp.Config) { c.Role, c.Region = idp.National, "00" }

// restart puts another node in the place of the one that answers: with the same database, and nothing in its memory.
func (w *world) restart() {
	w.t.Helper()
	issuer, err := idp.New(w.t.Context(), w.config)
	must(w.t, err)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.issuer, w.handler = issuer, issuer.Handler()
}

// serving is what answers requests now.
func (w *world) serving() http.Handler {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	}
	if free := w.hanging; free != nil {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-free:
			}
			panic(http.ErrAbortHandler)
		})
	}
	return w.handler
}

// hang makes the issuer swallow requests until the end of the test: they are taken, and nothing comes back.
func (w *world) hang() {
	w.mu.Lock()
	defer w.mu.Unlock()
	free := make(chan struct{})
	w.hanging = free
	w.t.Cleanup(func() { close(free) })
}

// setDown makes the issuer unreachable, or brings it back.
func (w *world) setDown(down bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = down
}

// methods are all that there are, for an issuer.
func methods(t testing.TB, issuer string) *authenticators.Set {
	t.Helper()
	u, err := url.Parse(issuer)
	must(t, err)
	passkeys, err := passkey.New(passkey.Config{RPID: u.Hostname(), RPName: "Zhejiang", Origins: []string{issuer}})
	must(t, err)
	sms, err := otp.NewSMS(rand.Reader, otp.DefaultPolicy())
	must(t, err)
	totp, err := otp.NewTOTP("Zhejiang")
	must(t, err)
	hotp, err := otp.NewHOTP("Zhejiang")
	must(t, err)
	relatives, err := relative.New(rand.Reader, otp.DefaultPolicy())
	must(t, err)
	set, err := authenticators.NewSet(passkeys, sms, totp, hotp, recovery.New(rand.Reader), relatives)
	must(t, err)
	return set
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

// logged is what the issuer has logged so far, while it goes on.
func (w *world) logged() string {
	w.write.mu.Lock()
	defer w.write.mu.Unlock()
	return w.log.String()
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

// Send implements otp.Gateway.
func (w *world) Send(_ context.Context, m otp.Message) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m.Code == "" {
		w.notices = append(w.notices, m)
		return nil
	}
	w.inbox = append(w.inbox, m)
	return nil
}

// patience is how long a test waits for what must come about. It says nothing about how fast that is: a busy machine may take long.
const patience = 2 * time.Minute

// code waits for the latest message to a phone.
func (w *world) code(phone string, after int) (code string) {
	w.t.Helper()
	eventually(w.t, "a message comes", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		for n := len(w.inbox) - 1; n >= after; n-- {
			if w.inbox[n].Phone == phone {
				code = w.inbox[n].Code
				return true
			}
		}
		return false
	})
	return code
}

func (w *world) sent() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.inbox)
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func secretOf(name string) string { return name + "-secret-of-thirty-two-characters" }

func (w *world) application(name string, change ...func(*storage.Application)) storage.Application {
	w.t.Helper()
	a := storage.Application{
		ClientID: name, Status: storage.ApplicationPublished, Name: map[string]string{"zh": "浙里办事", "en": name}, Region: "33",
		AuthMethod: "client_secret_basic", SecretHash: idp.HashSecret(w.vault, secretOf(name)),
		RedirectURIs: []string{redirectURI, redirectURI + "?fixed=1"}, PostLogoutRedirectURIs: []string{"http://127.0.0.1:8765/out"},
		GrantTypes: []string{"authorization_code", "refresh_token", "client_credentials"},
		Scopes:     []string{"openid", "profile", "phone", "offline_access", "document", "api"}, SectorIdentifier: name + ".example",
		IDTokenAlg: "ES256", CreatedAt: w.clock(), UpdatedAt: w.clock(),
	}
	for _, f := range change {
		f(&a)
	}
	must(w.t, w.store.PutApplication(w.t.Context(), a))
	return a
}

// browser keeps cookies and follows redirects, but not away from the issuer.
func (w *world) browser() *http.Client {
	jar, _ := cookiejar.New(nil)
	return &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), w.url) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

const verifier = "a-verifier-that-is-long-enough-to-be-one-0123456789"

func challenge(v string) string {
	sum := sha256.Sum256([]byte(v))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// request is a good authorization request, with changes; an empty value removes a parameter.
func (w *world) request(clientID string, change ...string) string {
	q := url.Values{
		"client_id": {clientID}, "redirect_uri": {redirectURI}, "response_type": {"code"}, "scope": {"openid profile"},
		"state": {"the state"}, "nonce": {"the nonce"}, "code_challenge": {challenge(verifier)}, "code_challenge_method": {"S256"},
	}
	for n := 0; n+1 < len(change); n += 2 {
		if q.Del(change[n]); change[n+1] != "" {
			q.Set(change[n], change[n+1])
		}
	}
	return w.url + "/authorize?" + q.Encode()
}

func (w *world) get(b *http.Client, target string) *http.Response {
	w.t.Helper()
	response, err := b.Get(target)
	must(w.t, err)
	w.t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func (w *world) post(b *http.Client, target string, form ...string) *http.Response {
	w.t.Helper()
	values := url.Values{}
	for n := 0; n+1 < len(form); n += 2 {
		values.Set(form[n], form[n+1])
	}
	r, err := http.NewRequest(http.MethodPost, target, strings.NewReader(values.Encode()))
	must(w.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	response, err := b.Do(r)
	must(w.t, err)
	w.t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// page is the page that the browser stands at.
func page(r *http.Response) string { return r.Request.URL.String() }

func body(t testing.TB, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	must(t, err)
	return string(b)
}

// signIn goes from an authorization request to the answer, as a citizen would.
func (w *world) signIn(b *http.Client, c citizen, target string) url.Values {
	w.t.Helper()
	return answer(w.t, w.signInFrom(b, c, w.get(b, target)))
}

func (w *world) signInFrom(b *http.Client, c citizen, at *http.Response) *http.Response {
	w.t.Helper()
	before := w.sent()
	at = w.post(b, page(at), "action", "phone", "phone", c.phone)
	at = w.post(b, page(at), "action", "code", "code", w.code(c.phone, before))
	if at.StatusCode == http.StatusOK {
		switch text := body(w.t, at); {
		case strings.Contains(text, `name="document_kind"`):
			at = w.post(b, page(at), "action", "identify", "name", c.name, "document_kind", "resident_id", "document_number", c.number)
		case strings.Contains(text, `name="document_number"`):
			at = w.post(b, page(at), "action", "choose", "document_number", c.number)
		}
	}
	return at
}

// answer is what the application receives.
func answer(t testing.TB, r *http.Response) url.Values {
	t.Helper()
	location, err := url.Parse(r.Header.Get("Location"))
	must(t, err)
	if !strings.HasPrefix(location.String(), redirectURI) {
		t.Fatalf("not at the application but %d at %s: %s", r.StatusCode, page(r), body(t, r))
	}
	return location.Query()
}

// tokens redeems a code and returns status and answer.
func (w *world) token(clientID string, form ...string) (int, map[string]any) {
	w.t.Helper()
	return w.call("/token", clientID, form...)
}

func (w *world) call(path, clientID string, form ...string) (int, map[string]any) {
	w.t.Helper()
	values := url.Values{}
	for n := 0; n+1 < len(form); n += 2 {
		values.Set(form[n], form[n+1])
	}
	if clientID == "public" {
		values.Set("client_id", clientID)
	}
	r, err := http.NewRequest(http.MethodPost, w.url+path, strings.NewReader(values.Encode()))
	must(w.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if clientID != "public" && clientID != "" {
		r.SetBasicAuth(clientID, secretOf(clientID))
	}
	return w.do(r)
}

func (w *world) do(r *http.Request) (int, map[string]any) {
	w.t.Helper()
	response, err := http.DefaultClient.Do(r)
	must(w.t, err)
	defer func() { _ = response.Body.Close() }()
	if response.Header.Get("Cache-Control") != "no-store" {
		w.t.Errorf("%s may be stored: Cache-Control is %q", r.URL.Path, response.Header.Get("Cache-Control"))
	}
	b, err := io.ReadAll(response.Body)
	must(w.t, err)
	var out map[string]any
	_ = json.Unmarshal(b, &out)
	return response.StatusCode, out
}

// redeem redeems a code of the good request.
func (w *world) redeem(clientID, code string) (int, map[string]any) {
	w.t.Helper()
	return w.token(clientID, "grant_type", "authorization_code", "code", code, "redirect_uri", redirectURI, "code_verifier", verifier)
}

// tokens signs a citizen in and redeems the code.
func (w *world) tokens(clientID string, c citizen, change ...string) map[string]any {
	w.t.Helper()
	status, got := w.redeem(clientID, w.signIn(w.browser(), c, w.request(clientID, change...)).Get("code"))
	if status != http.StatusOK {
		w.t.Fatalf("token endpoint: %d %v", status, got)
	}
	return got
}

// payload are the claims of a JWT, unverified.
func payload(t testing.TB, token any) map[string]any {
	t.Helper()
	part := strings.Split(token.(string), ".")
	b, err := base64.RawURLEncoding.DecodeString(part[1])
	must(t, err)
	var claims map[string]any
	must(t, json.Unmarshal(b, &claims))
	return claims
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
