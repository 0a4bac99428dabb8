package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"golang.org/x/sync/errgroup"
)

// operation is something that an issuer does, and that is measured.
type operation struct {
	name string
	aim  string // what the project wants of it, for the reader
	// prepare gets ready what the operation needs, in every round and outside of the measurement; nil if nothing.
	prepare func(ctx context.Context) error
	do      step
}

func (l *load) operations() []operation {
	return []operation{
		{"roaming hop", "aim 1.50 × limit", l.visit, l.roam},
		{"hop after 10 min", "", nil, l.roamUnseen},
		{"refresh", "aim 0.40", l.getTokens, l.refresh},
		{"client credentials", "", nil, l.clientCredentials},
		{"introspection", "aim 0.20", l.getTokens, l.introspect},
		{"userinfo", "aim 0.20", l.getTokens, l.userInfo},
		{"discovery", "aim 0.10", nil, l.discover},
		{"passkey sign-in", "aim 4 storage calls", l.enrol, l.passkeySignIn},
		{"cold sign-in", "", nil, l.coldSignIn},
		{"first sign-in", "", nil, l.firstSignIn},
	}
}

// tokens is what the token endpoint answers (RFC 6749 §5.1).
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id_token"`
	Type    string `json:"token_type"`
}

// request is an authorization request and what its answer is checked against.
type request struct{ state, nonce, verifier string }

func newRequest() request { return request{random(), random(), random()} }

func (q request) url(issuer string) string {
	digest := sha256.Sum256([]byte(q.verifier))
	return issuer + "/authorize?" + url.Values{
		"client_id": {clientID}, "redirect_uri": {redirectURI}, "response_type": {"code"}, "scope": {"openid profile"},
		"state": {q.state}, "nonce": {q.nonce}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(digest[:])},
	}.Encode()
}

// code reads the authorization response and checks state and issuer (RFC 9207 §2.4).
func (q request) code(issuer string, r *http.Request, a *answer) (string, error) {
	location, err := url.Parse(a.header.Get("Location"))
	if err != nil || (a.status != http.StatusFound && a.status != http.StatusSeeOther) {
		return "", a.fails(r, "a redirect with a code")
	}
	v := location.Query()
	location.RawQuery = ""
	if location.String() != redirectURI || v.Get("state") != q.state || v.Get("iss") != issuer || v.Get("code") == "" {
		return "", a.fails(r, "a code for this request")
	}
	return v.Get("code"), nil
}

// cookies are what a citizen's browser sends.
func (l *load) cookies(citizen int, seen bool) string {
	session := "session-" + region + "=" + l.Cookies[citizen]
	if standing, ok := l.standing.Load(citizen); ok && seen {
		return session + "; standing-" + region + "=" + standing.(string)
	}
	return session
}

// keep stores what an answer gives the browser.
func (l *load) keep(citizen int, a *answer) {
	for _, line := range a.header["Set-Cookie"] {
		if c, err := http.ParseSetCookie(line); err == nil && c.Name == "standing-"+region {
			l.standing.Store(citizen, c.Value)
		}
	}
}

// hop is roaming with a session: one request for a code, one for tokens. A browser that was seen lately carries what the
// issuer said of its session then.
func (l *load) hop(ctx context.Context, citizen int, seen, thorough bool) (tokens, error) {
	q := newRequest()
	r, err := get(ctx, q.url(l.issuer))
	if err != nil {
		return tokens{}, err
	}
	r.Header.Set("Cookie", l.cookies(citizen, seen))
	r.Header.Set("User-Agent", userAgent)
	a, err := l.send(r)
	if err != nil {
		return tokens{}, err
	}
	code, err := q.code(l.issuer, r, a)
	if err != nil {
		return tokens{}, err
	}
	l.keep(citizen, a)
	var t tokens
	if err := l.call(ctx, "/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}, "code_verifier": {q.verifier},
	}, &t); err != nil {
		return tokens{}, err
	}
	if t.Refresh == "" || t.Type != "Bearer" {
		return tokens{}, errors.New("the token endpoint gave no refresh token or no bearer token")
	}
	return t, l.check(t, q.nonce, thorough)
}

func (l *load) citizen() int { return int(l.turn.Add(1)) % len(l.Cookies) }

func (l *load) roam(ctx context.Context, _, n int) error {
	_, err := l.hop(ctx, l.citizen(), true, n == 0)
	return err
}

func (l *load) roamUnseen(ctx context.Context, _, n int) error {
	_, err := l.hop(ctx, l.citizen(), false, n == 0)
	return err
}

// visit sends every citizen to the issuer once.
func (l *load) visit(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(l.workers)
	for citizen := range l.Cookies {
		g.Go(func() error {
			_, err := l.hop(ctx, citizen, true, false)
			return err
		})
	}
	return g.Wait()
}

// tokensEach is how many sets of tokens each worker takes in turn.
const tokensEach = 16

func (l *load) getTokens(ctx context.Context) error {
	l.tokens = make([]tokens, tokensEach*l.workers)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(l.workers)
	for n := range l.tokens {
		g.Go(func() (err error) {
			l.tokens[n], err = l.hop(ctx, l.citizen(), true, false)
			return err
		})
	}
	return g.Wait()
}

// mine is the set of tokens that a worker uses the nth time.
func (l *load) mine(worker, n int) *tokens { return &l.tokens[n%tokensEach*l.workers+worker] }

func (l *load) refresh(ctx context.Context, worker, n int) error {
	mine := l.mine(worker, n)
	var t tokens
	if err := l.call(ctx, "/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {mine.Refresh}}, &t); err != nil {
		return err
	}
	if t.Access == "" || t.Refresh == "" || t.Refresh == mine.Refresh {
		return errors.New("refresh: the token was not rotated")
	}
	*mine = t
	return nil
}

func (l *load) clientCredentials(ctx context.Context, _, _ int) error {
	var t tokens
	if err := l.call(ctx, "/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"api"}}, &t); err != nil {
		return err
	}
	if t.Access == "" || t.ID != "" || t.Refresh != "" {
		return errors.New("client credentials: want an access token and nothing else")
	}
	return nil
}

func (l *load) introspect(ctx context.Context, worker, n int) error {
	var a struct {
		Active bool   `json:"active"`
		Client string `json:"client_id"`
	}
	if err := l.call(ctx, "/introspect", url.Values{"token": {l.mine(worker, n).Access}}, &a); err != nil {
		return err
	}
	if !a.Active || a.Client != clientID {
		return fmt.Errorf("introspection: a good token is said to be %+v", a)
	}
	return nil
}

func (l *load) userInfo(ctx context.Context, worker, n int) error {
	r, err := get(ctx, l.issuer+"/userinfo")
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+l.mine(worker, n).Access)
	var a struct {
		Subject string `json:"sub"`
		Name    string `json:"name"`
	}
	if err := l.readJSON(r, &a); err != nil {
		return err
	}
	if a.Subject == "" || a.Name != "王小明" {
		return fmt.Errorf("userinfo: want a name and a subject, got %+v", a)
	}
	return nil
}

func (l *load) discover(ctx context.Context, _, _ int) error {
	r, err := get(ctx, l.issuer+"/.well-known/openid-configuration")
	if err != nil {
		return err
	}
	a, err := l.send(r)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK || !bytes.HasPrefix(a.body, []byte(`{"issuer":"`+l.issuer+`"`)) {
		return a.fails(r, "the metadata of "+l.issuer)
	}
	return nil
}

// together does what a hop cannot do without, at the limit.
func (l *load) together(ctx context.Context, worker, n int) error {
	return errors.Join(l.empty("/empty")(ctx, worker, n), l.empty("/together")(ctx, worker, n))
}

func (l *load) empty(path string) step {
	return func(ctx context.Context, _, _ int) error {
		r, err := get(ctx, l.limit+path)
		if err != nil {
			return err
		}
		a, err := l.send(r)
		if err != nil {
			return err
		}
		if a.status != http.StatusNoContent {
			return a.fails(r, "204")
		}
		return nil
	}
}

// chosen are the operations with the names, all if there are none.
func chosen(all []operation, names []string) ([]operation, error) {
	if len(names) == 0 {
		return all, nil
	}
	var list []operation
	for _, name := range names {
		n := slices.IndexFunc(all, func(o operation) bool { return o.name == name })
		if n < 0 {
			return nil, fmt.Errorf("-only: there is no operation %q", name)
		}
		list = append(list, all[n])
	}
	return list, nil
}
