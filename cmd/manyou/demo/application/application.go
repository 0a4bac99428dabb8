package application

import (
	"context"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Config is what an application needs. All of it is required.
type Config struct {
	URL    string            // where browsers reach it: an origin, without a trailing slash
	Region string            // code of a province or a city: chooses the colours and the names of the cookies
	Name   map[string]string // by language tag: "zh", "en"

	Issuer       string
	ClientID     string
	ClientSecret string
	// Membership is instead of ClientID and ClientSecret; nil where the application is registered.
	Membership *Membership

	Key    []byte       // 32 bytes that seal the cookies
	Client *http.Client // reaches the issuer
	Clock  func() time.Time
	Random io.Reader
	Logger *slog.Logger
}

// Paths of an application that are registered at its issuer.
const (
	CallbackPath = "/callback"
	WelcomePath  = "/welcome"
)

// How long things last.
const (
	signInLifetime  = 10 * time.Minute
	sessionLifetime = 30 * time.Minute
	discoveryWait   = 5 * time.Second
)

// Application is a relying party. Its methods may be called concurrently.
type Application struct {
	config Config
	aead   cipher.AEAD
	secure bool // served over https

	mu       sync.Mutex
	provider *provider // nil until the issuer answered once
	desk     desk
}

// provider is what discovery says of the issuer.
type provider struct {
	oauth2     oauth2.Config
	oidc       *oidc.Provider
	verifier   *oidc.IDTokenVerifier
	keys       oidc.KeySet
	endSession string
}

// New makes an application. It asks nothing of the issuer yet: that may start later than the application.
func New(c Config) (*Application, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Path != "" {
		return nil, fmt.Errorf("application: %q is not an origin", c.URL)
	}
	if c.Client == nil || c.Clock == nil || c.Random == nil || c.Logger == nil {
		return nil, errors.New("application: client, clock, random and logger are required")
	}
	if c.Membership != nil {
		c.ClientID = c.URL
	}
	aead, err := newAEAD(c.Key)
	if err != nil {
		return nil, fmt.Errorf("application: %w", err)
	}
	return &Application{config: c, aead: aead, secure: u.Scheme == "https"}, nil
}

// Handler serves the application.
func (a *Application) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("GET "+CallbackPath, a.callback)
	mux.HandleFunc("GET /sign-out", a.signOut)
	mux.HandleFunc("GET "+WelcomePath, a.welcome)
	mux.HandleFunc("GET /style.css", style)
	mux.HandleFunc("GET "+deskPath, a.showDesk)
	if a.config.Membership != nil {
		mux.HandleFunc("GET "+configurationPath, a.configuration)
	}
	outer := http.NewServeMux()
	outer.Handle("/", http.MaxBytesHandler(headers(mux), 0))
	outer.Handle("POST "+reportPath, headers(http.HandlerFunc(a.report)))
	outer.Handle("POST "+signalsPath, headers(http.HandlerFunc(a.receive)))
	return outer
}

// discover asks the issuer what it offers, once; a failure is tried again with the next request.
func (a *Application) discover(ctx context.Context) (*provider, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.provider != nil {
		return a.provider, nil
	}
	ctx, cancel := context.WithTimeout(a.clientContext(ctx), discoveryWait)
	defer cancel()
	p, err := oidc.NewProvider(ctx, a.config.Issuer)
	if err != nil {
		return nil, err
	}
	var more struct {
		EndSession string `json:"end_session_endpoint"`
		Keys       string `json:"jwks_uri"`
	}
	if err := p.Claims(&more); err != nil {
		return nil, err
	}
	endpoint := p.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader // as registered; finding out by trial would redeem a code twice
	if a.config.Membership != nil {
		endpoint.AuthStyle = oauth2.AuthStyleInParams // by an assertion
	}
	a.provider = &provider{
		oidc: p,
		oauth2: oauth2.Config{
			ClientID:     a.config.ClientID,
			ClientSecret: a.config.ClientSecret,
			Endpoint:     endpoint,
			RedirectURL:  a.config.URL + CallbackPath,
			Scopes:       []string{oidc.ScopeOpenID, "profile"},
		},
		verifier: p.Verifier(&oidc.Config{
			ClientID:             a.config.ClientID,
			SupportedSigningAlgs: []string{oidc.ES256},
			Now:                  a.config.Clock,
		}),
		keys:       keySet(a.clientContext(context.Background()), more.Keys),
		endSession: more.EndSession,
	}
	return a.provider, nil
}

func (a *Application) clientContext(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, a.config.Client)
}

// home is the application itself. It serves citizens it knows and sends everybody else to sign in.
func (a *Application) home(w http.ResponseWriter, r *http.Request) {
	s, ok := a.session(r)
	if !ok {
		a.beginSignIn(w, r)
		return
	}
	a.showSignedIn(w, r, s)
}

// beginSignIn sends the browser to the issuer (OpenID Connect Core §3.1.2.1, PKCE, nonce).
func (a *Application) beginSignIn(w http.ResponseWriter, r *http.Request) {
	p, err := a.discover(r.Context())
	if err != nil {
		a.fail(w, r, http.StatusBadGateway, "issuer_unreachable", err)
		return
	}
	var in signIn
	for _, s := range []*string{&in.State, &in.Nonce, &in.Verifier} {
		if *s, err = a.token(); err != nil {
			a.fail(w, r, http.StatusInternalServerError, "internal", err)
			return
		}
	}
	if err := a.setSignIn(w, in); err != nil {
		a.fail(w, r, http.StatusInternalServerError, "internal", err)
		return
	}
	options := []oauth2.AuthCodeOption{
		oidc.Nonce(in.Nonce),
		oauth2.S256ChallengeOption(in.Verifier),
		oauth2.SetAuthURLParam("ui_locales", a.language(w, r)),
	}
	if a.config.Membership != nil {
		if options, err = a.requestOptions(p, in, a.language(w, r)); err != nil {
			a.fail(w, r, http.StatusInternalServerError, "internal", err)
			return
		}
	}
	http.Redirect(w, r, p.oauth2.AuthCodeURL(in.State, options...), http.StatusFound)
}

// callback receives the answer of the issuer.
func (a *Application) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	in, ok := a.takeSignIn(w, r, q.Get("state"))
	if !ok {
		if _, signedIn := a.session(r); signedIn { // the same answer again: back button, reload
			http.Redirect(w, r, "/", http.StatusFound)
			return
		}
		a.fail(w, r, http.StatusBadRequest, "sign_in_unknown", errors.New("no sign-in under way has this state"))
		return
	}
	// RFC 9207 §2.4: the answer must come from the issuer that was asked, errors included.
	if iss := q["iss"]; len(iss) != 1 || iss[0] != a.config.Issuer {
		a.fail(w, r, http.StatusBadRequest, "issuer_mismatch", fmt.Errorf("answer from %.100q", strings.Join(iss, " ")))
		return
	}
	if code := q.Get("error"); code != "" {
		key := "sign_in_failed"
		if code == "access_denied" {
			key = "sign_in_refused"
		}
		a.fail(w, r, http.StatusForbidden, key, fmt.Errorf("issuer answered %.100q", code))
		return
	}
	s, err := a.redeem(r.Context(), in, q.Get("code"))
	if err != nil {
		a.fail(w, r, http.StatusBadGateway, "sign_in_failed", err)
		return
	}
	if p, err := a.discover(r.Context()); err == nil {
		a.subscribe(r.Context(), p)
	}
	if err := a.setSession(w, s); err != nil {
		a.fail(w, r, http.StatusInternalServerError, "internal", err)
		return
	}
	http.Redirect(w, r, "/", http.StatusFound)
}

// redeem turns a code into a session (OpenID Connect Core §3.1.3).
func (a *Application) redeem(ctx context.Context, in signIn, code string) (session, error) {
	p, err := a.discover(ctx)
	if err != nil {
		return session{}, err
	}
	ctx = a.clientContext(ctx)
	options := []oauth2.AuthCodeOption{oauth2.VerifierOption(in.Verifier)}
	if a.config.Membership != nil {
		assertion, err := a.assertionOptions()
		if err != nil {
			return session{}, err
		}
		options = append(options, assertion...)
	}
	tokens, err := p.oauth2.Exchange(ctx, code, options...)
	if err != nil {
		return session{}, fmt.Errorf("code: %w", tokenError(err))
	}
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return session{}, errors.New("token response without an ID token")
	}
	idToken, err := p.verifier.Verify(ctx, raw)
	if err != nil {
		return session{}, fmt.Errorf("ID token: %w", err)
	}
	if idToken.Nonce != in.Nonce { // §3.1.3.7 (11)
		return session{}, errors.New("ID token: not for this sign-in (nonce)")
	}
	s := session{IDToken: raw, BeganAt: a.config.Clock(), ExpiresAt: a.config.Clock().Add(sessionLifetime)}
	if s.SignOutToken, err = a.token(); err != nil {
		return session{}, err
	}
	if s.Claims, err = a.userinfo(ctx, p, tokens, idToken.Subject); err != nil {
		return session{}, err
	}
	return s, nil
}

// userinfo asks the issuer about the citizen (OpenID Connect Core §5.3).
func (a *Application) userinfo(ctx context.Context, p *provider, tokens *oauth2.Token, subject string) (citizen, error) {
	info, err := p.oidc.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return citizen{}, fmt.Errorf("userinfo: %w", err)
	}
	if info.Subject != subject { // §5.3.2
		return citizen{}, errors.New("userinfo: of another subject")
	}
	var c citizen
	if err := info.Claims(&c); err != nil {
		return citizen{}, fmt.Errorf("userinfo: %w", err)
	}
	return c, nil
}

// tokenError leaves the response out of an error, because it may hold tokens, and the error is logged.
func tokenError(err error) error {
	var re *oauth2.RetrieveError
	if errors.As(err, &re) {
		return fmt.Errorf("token endpoint answered %d %.100q", re.Response.StatusCode, re.ErrorCode)
	}
	return err
}

// signOut ends the session here and at the issuer (OpenID Connect RP-Initiated Logout 1.0 §2).
func (a *Application) signOut(w http.ResponseWriter, r *http.Request) {
	s, ok := a.session(r)
	if !ok {
		http.Redirect(w, r, WelcomePath, http.StatusFound)
		return
	}
	if !equal(r.URL.Query().Get("token"), s.SignOutToken) { // a link on another site cannot know it
		a.fail(w, r, http.StatusForbidden, "sign_out_forged", errors.New("wrong sign-out token"))
		return
	}
	a.clearCookie(w, a.sessionCookie())
	p, err := a.discover(r.Context())
	if err != nil || p.endSession == "" {
		http.Redirect(w, r, WelcomePath, http.StatusFound)
		return
	}
	q := url.Values{
		"id_token_hint":            {s.IDToken},
		"client_id":                {a.config.ClientID},
		"post_logout_redirect_uri": {a.config.URL + WelcomePath},
		"ui_locales":               {a.language(w, r)},
	}
	http.Redirect(w, r, p.endSession+"?"+q.Encode(), http.StatusFound)
}

// token returns 256 random bits as text.
func (a *Application) token() (string, error) {
	b := make([]byte, 32)
	if _, err := io.ReadFull(a.config.Random, b); err != nil {
		return "", fmt.Errorf("random: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}
