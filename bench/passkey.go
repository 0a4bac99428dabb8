package main

import (
	"context"
	"fmt"
	"html"
	"net/url"
	"regexp"

	"github.com/descope/virtualwebauthn"
	"golang.org/x/sync/errgroup"
)

// passkeys is how many citizens enrol one.
const passkeys = 64

var (
	optionsField   = regexp.MustCompile(`data-options="([^"]+)"`)
	enrolmentField = regexp.MustCompile(`name="enrolment" value="([^"]+)"`)
)

// device is a citizen's device with one passkey. It does not count, as synced ones do not.
type device struct {
	browser virtualwebauthn.RelyingParty
	lock    virtualwebauthn.Authenticator
	key     virtualwebauthn.Credential
}

func newDevice(issuer string) *device {
	d := &device{browser: virtualwebauthn.RelyingParty{ID: "localhost", Origin: issuer}, lock: virtualwebauthn.NewAuthenticator()}
	for len(d.key.ID) == 0 || len(d.key.Key.AttestationData()) != 77 { // a coordinate that begins with zero is encoded short
		d.key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return d
}

func field(of *regexp.Regexp, a *answer) (string, error) {
	m := of.FindSubmatch(a.body)
	if m == nil {
		return "", fmt.Errorf("no %s in %.300s", of, a.body)
	}
	return html.UnescapeString(string(m[1])), nil
}

// enrol gives the first citizens a passkey each, by the page of their account.
func (l *load) enrol(ctx context.Context) error {
	if len(l.devices) > 0 {
		return nil
	}
	devices := make([]*device, min(passkeys, len(l.Cookies)))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(l.workers)
	for n := range devices {
		g.Go(func() (err error) {
			devices[n], err = l.enrolOne(ctx, n)
			return err
		})
	}
	err := g.Wait()
	l.devices = devices
	return err
}

func (l *load) enrolOne(ctx context.Context, citizen int) (*device, error) {
	c := &conversation{load: l, ctx: ctx, cookies: map[string]string{"session-" + region: l.Cookies[citizen]}}
	at := l.issuer + "/account/add/passkey"
	a, err := c.visit(get(ctx, at))
	if err != nil {
		return nil, err
	}
	text, err := field(optionsField, a)
	if err != nil {
		return nil, err
	}
	sealed, err := field(enrolmentField, a)
	if err != nil {
		return nil, err
	}
	options, err := virtualwebauthn.ParseAttestationOptions(text)
	if err != nil {
		return nil, err
	}
	d := newDevice(l.issuer)
	d.lock.Options.UserHandle = []byte(options.UserID)
	a, err = c.visit(post(ctx, at, url.Values{
		"action": {"confirm"}, "enrolment": {sealed}, "answer": {virtualwebauthn.CreateAttestationResponse(d.browser, d.lock, d.key, *options)},
	}))
	if err != nil {
		return nil, err
	}
	if a.header.Get("Location") != "/account?done=added" {
		return nil, a.fails(c.request, "the account with the passkey added")
	}
	return d, nil
}

// passkeySignIn is a citizen in a browser that the issuer does not know, by passkey: the page with the challenge, and the
// answer to it.
func (l *load) passkeySignIn(ctx context.Context, _, _ int) error {
	d := l.devices[int(l.turn.Add(1))%len(l.devices)]
	c := &conversation{load: l, ctx: ctx, cookies: map[string]string{}}
	q := newRequest()
	a, err := c.visit(get(ctx, q.url(l.issuer)))
	if err != nil {
		return err
	}
	at := l.issuer + a.header.Get("Location")
	if a, err = c.visit(get(ctx, at)); err != nil {
		return err
	}
	text, err := field(optionsField, a)
	if err != nil {
		return err
	}
	options, err := virtualwebauthn.ParseAssertionOptions(text)
	if err != nil {
		return err
	}
	a, err = c.visit(post(ctx, at, url.Values{
		"action": {"passkey"}, "answer": {virtualwebauthn.CreateAssertionResponse(d.browser, d.lock, d.key, *options)},
	}))
	if err != nil {
		return err
	}
	_, err = q.code(l.issuer, c.request, a)
	return err
}
