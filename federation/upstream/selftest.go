package upstream

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Check is one thing that an issuer was tried with before its people are let in.
type Check struct {
	Name   string `json:"name"` // one of the Check constants
	Passed bool   `json:"passed"`
	Detail string `json:"detail,omitempty"` // what was seen, where it did not pass
}

// Checks of [Provider.SelfTest].
const (
	CheckAnswers  = "answers"  // its metadata are in order
	CheckKeys     = "keys"     // its keys can be used
	CheckSilent   = "silent"   // an authorization request without a page comes back, to us alone
	CheckRedirect = "redirect" // it rejects a redirect URI that is not ours
	CheckCode     = "code"     // it rejects a code that it did not give
	CheckClient   = "client"   // it rejects a client that does not authenticate
	CheckToken    = "token"    // it rejects an access token that it did not sign
)

// SelfTest tries the other issuer with what it has to answer and with what it has to reject. It signs nobody in.
func (p *Provider) SelfTest(ctx context.Context) []Check {
	var checks []Check
	note := func(name string, err error) bool {
		c := Check{Name: name, Passed: err == nil}
		if err != nil {
			c.Detail = err.Error()
		}
		checks = append(checks, c)
		return err == nil
	}
	m, err := p.metadata(ctx)
	if !note(CheckAnswers, err) {
		return checks
	}
	note(CheckKeys, p.tryKeys(ctx))
	note(CheckSilent, p.trySilent(ctx))
	note(CheckRedirect, p.tryRedirect(ctx))
	note(CheckCode, p.tryCode(ctx, m))
	note(CheckClient, p.tryClient(ctx, m))
	if m.UserInfo != "" {
		note(CheckToken, p.tryToken(ctx, m))
	}
	return checks
}

func (p *Provider) tryKeys(ctx context.Context) error {
	keys, _, err := p.keys.get(ctx)
	if err == nil && len(keys) == 0 {
		err = errors.New("it publishes no key that can be used")
	}
	return err
}

// tried is an authorization request of the self-test.
func (p *Provider) tried() (AuthRequest, error) {
	r := AuthRequest{Prompt: "none"}
	for _, s := range []*string{&r.State, &r.Nonce, &r.Verifier} {
		one, err := p.config.unique()
		if err != nil {
			return r, err
		}
		other, err := p.config.unique()
		if err != nil {
			return r, err
		}
		*s = one + other
	}
	return r, nil
}

// authorize asks the authorization endpoint as a browser without a cookie does, and returns where it sends that browser; nil if nowhere.
func (p *Provider) authorize(ctx context.Context, r AuthRequest) (*url.URL, int, error) {
	location, err := p.AuthorizationURL(ctx, r)
	if err != nil {
		return nil, 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, location, nil)
	if err != nil {
		return nil, 0, err
	}
	client := *p.client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.Do(request)
	if err != nil {
		return nil, 0, transportError(err)
	}
	_ = answer.Body.Close()
	to, err := answer.Location()
	if errors.Is(err, http.ErrNoLocation) {
		return nil, answer.StatusCode, nil
	}
	return to, answer.StatusCode, err
}

func (p *Provider) trySilent(ctx context.Context) error {
	r, err := p.tried()
	if err != nil {
		return err
	}
	to, status, err := p.authorize(ctx, r)
	switch {
	case err != nil:
		return err
	case to == nil:
		return fmt.Errorf("it answers %d instead of sending the browser back", status)
	}
	if back := *to; !strings.HasPrefix(back.String(), p.config.RedirectURI) {
		return fmt.Errorf("it sends the browser to %.100q", back.Host)
	}
	c, err := ParseCallback(to.Query())
	switch {
	case err != nil:
		return err
	case c.State != r.State:
		return errors.New("it loses the state")
	case c.Code != "":
		return errors.New("it gives a code to nobody")
	case c.Issuer != "" && c.Issuer != p.config.Issuer:
		return errors.New("it names another issuer")
	case c.Error != "login_required" && c.Error != "interaction_required":
		return fmt.Errorf("it answers %s instead of login_required", known(c.Error))
	}
	return nil
}

func (p *Provider) tryRedirect(ctx context.Context) error {
	r, err := p.tried()
	if err != nil {
		return err
	}
	const elsewhere = "https://elsewhere.invalid/callback"
	c := p.config
	c.RedirectURI = elsewhere
	other, err := New(c)
	if err != nil {
		return err
	}
	to, _, err := other.authorize(ctx, r)
	if err == nil && to != nil && strings.HasPrefix(to.String(), elsewhere) {
		err = errors.New("it sends the browser there")
	}
	return err
}

// refused holds an answer to be a refusal.
func refused(a answer, err error, statuses ...int) error {
	if err != nil {
		return err
	}
	for _, s := range statuses {
		if a.status == s {
			return nil
		}
	}
	return fmt.Errorf("it answers %d", a.status)
}

func (p *Provider) tryCode(ctx context.Context, m *metadata) error {
	r, err := p.tried()
	if err != nil {
		return err
	}
	a, err := p.postForm(ctx, m.Token, url.Values{
		"grant_type": {"authorization_code"}, "code": {r.State}, "redirect_uri": {p.config.RedirectURI}, "code_verifier": {r.Verifier},
	})
	if err := refused(a, err, http.StatusBadRequest); err != nil {
		return err
	}
	var t tokens
	if err := a.decode(&t); err != nil {
		return err
	}
	if t.Error == "invalid_client" || t.Error == "unauthorized_client" {
		return errors.New("it does not know us as its client")
	}
	return nil
}

func (p *Provider) tryClient(ctx context.Context, m *metadata) error {
	c := p.config
	c.AuthMethod = authNone
	other, err := New(c)
	if err != nil {
		return err
	}
	a, err := other.postForm(ctx, m.Token, url.Values{"grant_type": {"authorization_code"}, "code": {"none"}, "redirect_uri": {p.config.RedirectURI}})
	return refused(a, err, http.StatusBadRequest, http.StatusUnauthorized)
}

func (p *Provider) tryToken(ctx context.Context, m *metadata) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, m.UserInfo, nil)
	if err != nil {
		return err
	}
	forged := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"x"}`)) + "."
	r.Header.Set("Authorization", "Bearer "+forged)
	a, err := p.call(r)
	return refused(a, err, http.StatusUnauthorized, http.StatusBadRequest)
}
