package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// userAgent is what browsers say of themselves, in its usual length.
const userAgent = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"

// inbox is the gateway that the issuer's webhook posts to, and all the phones behind it.
type inbox struct {
	mu      sync.Mutex
	waiting map[string]chan string // by phone
}

func newInbox() *inbox { return &inbox{waiting: map[string]chan string{}} }

// expect returns where the next code for a phone will arrive, and what forgets it.
func (i *inbox) expect(phone string) (codes <-chan string, forget func()) {
	c := make(chan string, 1)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.waiting[phone] = c
	return c, func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		delete(i.waiting, phone)
	}
}

// ServeHTTP implements http.Handler: it takes a message and accepts it, whoever waits for it.
func (i *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m struct {
		ID, Phone, Code string
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAnswer)).Decode(&m); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	i.mu.Lock()
	c := i.waiting[m.Phone]
	i.mu.Unlock()
	select {
	case c <- m.Code: // never, if c is nil
	default:
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"message_id":"accepted"}`)
}

// conversation is a browser that signs in.
type conversation struct {
	*load
	ctx     context.Context
	cookies map[string]string
	request *http.Request // the last one
}

// visit sends a request with the browser's cookies and headers and keeps the cookies that come back.
func (c *conversation) visit(r *http.Request, err error) (*answer, error) {
	if err != nil {
		return nil, err
	}
	for name, value := range c.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	r.Header.Set("User-Agent", userAgent)
	r.Header.Set("Accept-Language", "zh-CN,zh;q=0.9")
	if r.Method == http.MethodPost {
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	c.request = r
	a, err := c.send(r)
	if err != nil {
		return nil, err
	}
	for _, cookie := range (&http.Response{Header: a.header}).Cookies() {
		c.cookies[cookie.Name] = cookie.Value
	}
	return a, nil
}

// page goes where an answer leads, which must be a page with a field of that name, and returns its address.
func (c *conversation) page(a *answer, field string) (address string, err error) {
	path := a.header.Get("Location")
	if a.status != http.StatusSeeOther || !strings.HasPrefix(path, "/signin/") {
		return "", a.fails(c.request, "the way to a page of the conversation")
	}
	if a, err = c.visit(get(c.ctx, c.issuer+path)); err != nil {
		return "", err
	}
	if a.status != http.StatusOK || !bytes.Contains(a.body, []byte(`name="`+field+`"`)) {
		return "", a.fails(c.request, "a page that asks for "+field)
	}
	return c.issuer + path, nil
}

// messageTimeout is how long a code may take to a phone.
const messageTimeout = 10 * time.Second

// signIn goes from an authorization request to the code that answers it: phone, one-time code, and, for a newcomer, name
// and document.
func (l *load) signIn(ctx context.Context, phone string, newcomer *citizen) error {
	c := &conversation{load: l, ctx: ctx, cookies: map[string]string{}}
	q := newRequest()
	a, err := c.visit(get(ctx, q.url(l.issuer)))
	if err != nil {
		return err
	}
	at, err := c.page(a, "phone")
	if err != nil {
		return err
	}
	codes, forget := l.inbox.expect(phone)
	defer forget()
	if a, err = c.visit(post(ctx, at, url.Values{"action": {"phone"}, "phone": {phone}})); err != nil {
		return err
	}
	if at, err = c.page(a, "code"); err != nil {
		return err
	}
	var code string
	select {
	case code = <-codes:
	case <-time.After(messageTimeout):
		return errors.New("no code came to the phone")
	case <-ctx.Done():
		return ctx.Err()
	}
	if a, err = c.visit(post(ctx, at, url.Values{"action": {"code"}, "code": {code}})); err != nil {
		return err
	}
	if newcomer != nil {
		if at, err = c.page(a, "document_number"); err != nil {
			return err
		}
		if a, err = c.visit(post(ctx, at, url.Values{
			"action": {"identify"}, "name": {newcomer.Name}, "document_kind": {"resident_id"}, "document_number": {newcomer.Number},
		})); err != nil {
			return err
		}
	}
	if _, err := q.code(l.issuer, c.request, a); err != nil {
		return err
	}
	if c.cookies["session-"+region] == "" {
		return a.fails(c.request, "a session cookie")
	}
	return nil
}

// coldSignIn is a citizen whom the issuer knows, in a browser that it does not know.
func (l *load) coldSignIn(ctx context.Context, _, _ int) error {
	return l.signIn(ctx, phoneOf(l.citizen()), nil)
}

// firstSignIn is a citizen who is only in the register until then.
func (l *load) firstSignIn(ctx context.Context, _, _ int) error {
	n := int(l.newcomer.Add(1)) - 1
	if n >= len(l.Newcomers) {
		return errExhausted
	}
	return l.signIn(ctx, l.Newcomers[n].Phone, &l.Newcomers[n])
}
