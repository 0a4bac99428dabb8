package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"manyou/federation/signals"
)

// ErrNoSignals reports an issuer that tells nobody what happens to people.
var ErrNoSignals = errors.New("the issuer transmits no signals")

// wellKnownSignals is where the metadata of a transmitter lie (SSF 1.0 §7.2).
const wellKnownSignals = "/.well-known/ssf-configuration"

// Subscribe asks the other issuer to tell this one what happens to people (SSF 1.0 §8.1.1.1). A stream that exists already stays as it is.
func (p *Provider) Subscribe(ctx context.Context, want signals.Configuration) error {
	var t signals.Transmitter
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(p.config.Issuer, "/")+wellKnownSignals, nil)
	if err != nil {
		return misbehaved("the issuer is no address")
	}
	a, err := p.call(r)
	switch {
	case err != nil:
		return err
	case a.status == http.StatusNotFound:
		return ErrNoSignals
	case a.status != http.StatusOK:
		return misbehaved("status %d", a.status)
	}
	if err := a.decode(&t); err != nil {
		return err
	}
	if t.Issuer != p.config.Issuer || !p.usable(t.Configuration) { // SSF 1.0 §7.2.3
		return misbehaved("the transmitter is another issuer's, or has no configuration endpoint")
	}
	token, err := p.clientToken(ctx, signals.ScopeManage+" "+signals.ScopeRead)
	if err != nil {
		return err
	}
	body, err := json.Marshal(want)
	if err != nil {
		return fmt.Errorf("upstream: encode: %w", err)
	}
	if r, err = http.NewRequestWithContext(ctx, http.MethodPost, t.Configuration, bytes.NewReader(body)); err != nil {
		return misbehaved("the configuration endpoint is no address")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	if a, err = p.call(r); err != nil {
		return err
	}
	switch a.status {
	case http.StatusCreated, http.StatusConflict: // SSF 1.0 §8.1.1.1: there is one
		return nil
	}
	return misbehaved("the configuration endpoint answers with status %d", a.status)
}

// clientToken asks for a token of this issuer's own (RFC 6749 §4.4).
func (p *Provider) clientToken(ctx context.Context, scope string) (string, error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return "", err
	}
	a, err := p.postForm(ctx, m.Token, url.Values{"grant_type": {"client_credentials"}, "scope": {scope}})
	if err != nil {
		return "", err
	}
	var t tokens
	if err := a.decode(&t); err != nil {
		return "", err
	}
	if a.status != http.StatusOK || t.AccessToken == "" {
		return "", misbehaved("the token endpoint answers %s", known(t.Error))
	}
	return t.AccessToken, nil
}

// KeySet is where the keys are read that tokens of the other issuer are checked by.
func (p *Provider) KeySet(ctx context.Context) (string, error) {
	m, err := p.metadata(ctx)
	return m.JWKS, err
}

// Signal verifies a security event token of the other issuer for this one. That it is heard once is the caller's to see to.
func (p *Provider) Signal(ctx context.Context, token string) (signals.Token, error) {
	if len(token) > signals.MaxToken {
		return signals.Token{}, misbehaved("the token is too large")
	}
	jws, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil {
		return signals.Token{}, misbehaved("the token is malformed or signed with an algorithm that is not accepted")
	}
	if typ, _ := jws.Signatures[0].Protected.ExtraHeaders[jose.HeaderType].(string); !strings.EqualFold(typ, signals.Type) { // SSF 1.0 §4.1.8
		return signals.Token{}, misbehaved("the token is another kind of JWT")
	}
	payload, err := p.keys.VerifySignature(ctx, jws)
	if errors.Is(err, errNoKey) {
		return signals.Token{}, misbehaved("the token: %w", err)
	} else if err != nil {
		return signals.Token{}, err
	}
	t, err := signals.Parse(payload, p.config.Issuer, p.config.ClientID, p.config.Clock())
	if err != nil {
		return signals.Token{}, misbehaved("%w", err)
	}
	return t, nil
}
