package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Bounds of every answer.
const (
	maxBody      = 1 << 20  // bytes, unpacked
	maxHeader    = 64 << 10 // bytes
	maxRedirects = 3
)

var errRedirect = errors.New("a redirect that is not followed")

// newTransport is the transport of a provider that brings none. Every wait is bounded by the client as well.
func newTransport(timeout time.Duration) http.RoundTripper {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: timeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:    timeout,
		ResponseHeaderTimeout:  timeout,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConnsPerHost:    32,
		MaxResponseHeaderBytes: maxHeader,
		ForceAttemptHTTP2:      true,
	}
}

// newClient returns a client that waits and follows only so far: a redirect stays on its host and scheme, and a request
// that carries a code or a secret is never sent again.
func newClient(c Config) *http.Client {
	return &http.Client{Transport: c.Transport, Timeout: c.Timeout, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		first := via[0]
		if r.URL.Host != first.URL.Host || r.URL.Scheme != first.URL.Scheme || len(via) > maxRedirects || first.Method != http.MethodGet {
			return errRedirect
		}
		return nil
	}}
}

// answer is what a request brought back, within bounds.
type answer struct {
	status    int
	mediaType string
	body      []byte
}

// decode reads the answer as JSON. What was wrong with it is not repeated, since it may be personal.
func (a answer) decode(into any) error {
	if json.Unmarshal(a.body, into) != nil {
		return misbehaved("the answer is not the JSON that was expected")
	}
	return nil
}

// decodeExactly keeps numbers as they were written: two that differ in their last digit are two people.
func (a answer) decodeExactly(into any) error {
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.UseNumber()
	if d.Decode(into) != nil || !errors.Is(d.Decode(&struct{}{}), io.EOF) {
		return misbehaved("the answer is not the JSON that was expected")
	}
	return nil
}

// call sends a request. An answer that says the issuer cannot serve now is an error.
func (p *Provider) call(r *http.Request) (answer, error) {
	if err := p.circuit.allow(p.config.Clock()); err != nil {
		return answer{}, err
	}
	a, err := p.send(r)
	switch {
	case err == nil && (a.status >= http.StatusInternalServerError || a.status == http.StatusTooManyRequests):
		err = ErrUnreachable
	case err != nil && r.Context().Err() != nil:
		// The citizen left. If that counted, five of them who close the page could shut a province out.
		return answer{}, abandoned(r.Context())
	case err != nil:
		err = transportError(err)
	}
	ctx := context.WithoutCancel(r.Context())
	if err != nil {
		if p.circuit.failed(p.config.Clock()) {
			p.config.Logger.WarnContext(ctx, "issuer is left alone for a moment", "issuer", p.config.Issuer, "cause", err)
		}
		return answer{}, err
	}
	if p.circuit.succeeded() {
		p.config.Logger.InfoContext(ctx, "issuer answers again", "issuer", p.config.Issuer)
	}
	if len(a.body) > maxBody {
		return answer{}, misbehaved("the answer is too large")
	}
	return a, nil
}

// send reads one byte more than the bound at most, so that the caller sees the excess.
func (p *Provider) send(r *http.Request) (answer, error) {
	response, err := p.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err != nil {
		return answer{}, err
	}
	mediaType, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil {
		mediaType = ""
	}
	return answer{status: response.StatusCode, mediaType: mediaType, body: body}, nil
}

// getJSON reads a JSON document.
func (p *Provider) getJSON(ctx context.Context, target string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return misbehaved("an endpoint is no address")
	}
	r.Header.Set("Accept", "application/json")
	a, err := p.call(r)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return misbehaved("status %d", a.status)
	}
	return a.decode(into)
}

// postForm sends a form to the token endpoint, authenticated as registered.
func (p *Provider) postForm(ctx context.Context, target string, form url.Values) (answer, error) {
	if p.config.AuthMethod != authBasic {
		form.Set("client_id", p.config.ClientID)
	}
	switch p.config.AuthMethod {
	case authPost:
		form.Set("client_secret", p.config.ClientSecret)
	case authKey:
		assertion, err := p.assertion()
		if err != nil {
			return answer{}, err
		}
		form.Set("client_assertion_type", assertionType)
		form.Set("client_assertion", assertion)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, misbehaved("the token endpoint is no address")
	}
	if p.config.AuthMethod == authBasic { // RFC 6749 §2.3.1: form-encoded first
		r.SetBasicAuth(url.QueryEscape(p.config.ClientID), url.QueryEscape(p.config.ClientSecret))
	}
	r.GetBody = nil // a code is never sent twice
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	return p.call(r)
}
