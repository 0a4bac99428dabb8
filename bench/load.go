package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/errgroup"
)

// load is what the driver does to one issuer and to the limit.
type load struct {
	world
	issuer string // URL
	limit  string // URL
	client *http.Client
	inbox  *inbox
	keys   jose.JSONWebKeySet

	devices  []*device // with a passkey each
	workers  int
	standing sync.Map     // by citizen: the cookie that says how the session stood
	turn     atomic.Int64 // counts what takes citizens in turn
	newcomer atomic.Int64 // the next one who has not signed in yet
	tokens   []tokens     // each belongs to the worker of its index modulo workers
}

// newClient is an HTTP client that keeps a connection for each worker and follows no redirect.
func newClient(workers int) *http.Client {
	return &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: workers, MaxIdleConns: 4 * workers, DisableCompression: true},
		Timeout:   time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

// errExhausted reports that an operation has nothing left to be done with. It ends a measurement early.
var errExhausted = errors.New("nothing left to measure with")

// step does an operation once. n counts those of a worker; the first is checked more thoroughly, since what the driver
// checks slows down what it measures.
type step func(ctx context.Context, worker, n int) error

// run does an operation with all workers for a time and returns how often it was done. All that began also ended.
func (l *load) run(ctx context.Context, d time.Duration, do step) (int64, error) {
	var done atomic.Int64
	end := time.Now().Add(d)
	g, ctx := errgroup.WithContext(ctx)
	for w := range l.workers {
		g.Go(func() error {
			for n := 0; time.Now().Before(end); n++ {
				if err := do(ctx, w, n); errors.Is(err, errExhausted) {
					return nil
				} else if err != nil {
					return err
				}
				done.Add(1)
			}
			return nil
		})
	}
	err := g.Wait()
	return done.Load(), err
}

// maxAnswer bounds an answer, in bytes.
const maxAnswer = 1 << 20

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// fails describes an answer that is not what was expected. Nothing in it is secret: everybody here is invented.
func (a *answer) fails(r *http.Request, want string) error {
	return fmt.Errorf("%s %s: want %s, got %d %s %.300s", r.Method, r.URL.Path, want, a.status, a.header.Get("Location"), a.body)
}

func (l *load) send(r *http.Request) (*answer, error) {
	response, err := l.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	return &answer{status: response.StatusCode, header: response.Header, body: body}, nil
}

func get(ctx context.Context, target string) (*http.Request, error) {
	return http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
}

func post(ctx context.Context, target string, form url.Values) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(form.Encode()))
	if err == nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r, err
}

// call posts a form as the application (client_secret_basic) and reads the JSON that comes back with status 200.
func (l *load) call(ctx context.Context, path string, form url.Values, into any) error {
	r, err := post(ctx, l.issuer+path, form)
	if err != nil {
		return err
	}
	r.SetBasicAuth(clientID, clientSecret)
	return l.readJSON(r, into)
}

func (l *load) readJSON(r *http.Request, into any) error {
	a, err := l.send(r)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK || json.Unmarshal(a.body, into) != nil {
		return a.fails(r, "200 with JSON")
	}
	return nil
}

// random is a fresh value of 32 bytes in base64url, long enough for a PKCE verifier (RFC 7636 §4.1).
func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // it never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}
