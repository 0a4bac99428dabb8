package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// maxBody bounds every answer, in bytes.
const maxBody = 1 << 20

var errForeignRedirect = errors.New("redirect to another host")

// newClient returns a client that waits and follows only so far.
func newClient(c Config) *http.Client {
	return &http.Client{Transport: c.Transport, Timeout: c.Timeout, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if r.URL.Host != via[0].URL.Host || r.URL.Scheme != via[0].URL.Scheme || len(via) > 3 || r.Method != http.MethodGet {
			return errForeignRedirect
		}
		return nil
	}}
}

// call sends a request and reads the answer within bounds.
func (p *Provider) call(r *http.Request) (status int, contentType string, body []byte, err error) {
	if err := p.circuit.allow(p.config.Clock()); err != nil {
		return 0, "", nil, err
	}
	response, err := p.client.Do(r)
	if err == nil {
		defer func() { _ = response.Body.Close() }()
		body, err = io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	}
	if err != nil {
		err = transportError(err)
		p.circuit.failed(p.config.Clock())
		return 0, "", nil, err
	}
	if response.StatusCode >= http.StatusInternalServerError {
		p.circuit.failed(p.config.Clock())
	} else {
		p.circuit.succeeded()
	}
	if len(body) > maxBody {
		return 0, "", nil, misbehaved("the answer is too large")
	}
	contentType, _, _ = mime.ParseMediaType(response.Header.Get("Content-Type"))
	return response.StatusCode, contentType, body, nil
}

// getJSON reads a JSON document.
func (p *Provider) getJSON(ctx context.Context, target string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return misbehaved("the address is not one")
	}
	r.Header.Set("Accept", "application/json")
	status, _, body, err := p.call(r)
	switch {
	case err != nil:
		return err
	case status >= http.StatusInternalServerError:
		return ErrUnreachable
	case status != http.StatusOK:
		return misbehaved("status %d", status)
	case json.Unmarshal(body, into) != nil:
		return misbehaved("the answer is not the JSON that was expected")
	}
	return nil
}

// postForm sends a form to the token endpoint, authenticated as registered (RFC 6749 §2.3.1).
func (p *Provider) postForm(ctx context.Context, target string, form url.Values) (int, []byte, error) {
	if p.config.AuthMethod != "client_secret_basic" {
		form.Set("client_id", p.config.ClientID)
	}
	if p.config.AuthMethod == "client_secret_post" {
		form.Set("client_secret", p.config.ClientSecret)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil, misbehaved("the address is not one")
	}
	if p.config.AuthMethod == "client_secret_basic" {
		r.SetBasicAuth(url.QueryEscape(p.config.ClientID), url.QueryEscape(p.config.ClientSecret))
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	status, _, body, err := p.call(r)
	return status, body, err
}
