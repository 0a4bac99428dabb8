package otp

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"time"
)

const (
	defaultTimeout = 5 * time.Second
	maxTimeout     = 30 * time.Second
	// dialTimeout is short, so that a second try fits into the time of one call.
	dialTimeout = 2 * time.Second
	// maxAnswer bounds the body and, apart from it, the header of an answer, in bytes.
	maxAnswer = 16 << 10
	// minSigningKey is the length of HMAC-SHA256's output (RFC 2104 §3), in bytes.
	minSigningKey = 32
)

// bearerToken is the syntax of RFC 6750 §2.1.
var bearerToken = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)

// WebhookConfig says where a service is and how to speak to it.
type WebhookConfig struct {
	// URL takes the requests. It is https, or http on a loopback address.
	URL string
	// BearerToken authenticates the issuer (RFC 6750 §2.1).
	BearerToken string
	// SigningKey, of at least 32 bytes, signs every body with HMAC-SHA256. Optional.
	SigningKey []byte
	// Timeout bounds one call with its second try: up to 30 seconds, 5 if zero.
	Timeout time.Duration
	// Random is the source of the identifiers of requests. It is safe for concurrent use.
	Random io.Reader
	// Now is the clock.
	Now func() time.Time
	// Transport makes the requests; nil for one with the bounds that a webhook needs.
	Transport http.RoundTripper
}

// endpoint is a service that answers one kind of request.
type endpoint struct {
	config WebhookConfig
	client *http.Client
}

// newEndpoint returns an endpoint, or an error that says what is wrong with its configuration.
func newEndpoint(c WebhookConfig) (*endpoint, error) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil:
		return nil, errors.New("otp: webhook URL cannot be parsed") // err repeats the URL, which may hold a secret
	case u.Host == "" || u.User != nil || u.Fragment != "":
		return nil, errors.New("otp: webhook URL must be absolute, without user and fragment")
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return nil, errors.New("otp: webhook URL must be https, or http on a loopback address")
	case !bearerToken.MatchString(c.BearerToken):
		return nil, errors.New("otp: webhook needs a bearer token of the characters that RFC 6750 allows")
	case len(c.SigningKey) > 0 && len(c.SigningKey) < minSigningKey:
		return nil, fmt.Errorf("otp: webhook signing key has %d bytes, fewer than %d", len(c.SigningKey), minSigningKey)
	case c.Timeout < 0 || c.Timeout > maxTimeout:
		return nil, fmt.Errorf("otp: webhook timeout %s is not between 0 and %s", c.Timeout, maxTimeout)
	case c.Random == nil || c.Now == nil:
		return nil, errors.New("otp: webhook needs a clock and a source of randomness")
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Transport == nil {
		c.Transport = &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: dialTimeout}).DialContext,
			TLSHandshakeTimeout:    dialTimeout,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    16,
			IdleConnTimeout:        time.Minute,
			MaxResponseHeaderBytes: maxAnswer,
		}
	}
	return &endpoint{config: c, client: &http.Client{
		Transport: c.Transport,
		// A redirect would carry the request to an address that nobody configured.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// newID draws the identifier of a request.
func (e *endpoint) newID() (string, error) {
	var id [16]byte
	if _, err := io.ReadFull(e.config.Random, id[:]); err != nil {
		return "", fmt.Errorf("otp: draw the identifier of a request: %w", err)
	}
	return hex.EncodeToString(id[:]), nil
}

// reply is what an endpoint answered.
type reply struct {
	status    int
	mediaType string // "" if there is none, or none that can be read
	body      []byte
	broken    bool // the body broke off
}

// json returns the body if it is JSON within the bound, else an error that holds nothing of it.
func (r reply) json() ([]byte, error) {
	switch {
	case r.broken:
		return nil, fmt.Errorf("%w: the answer broke off", ErrUnavailable)
	case len(r.body) > maxAnswer:
		return nil, fmt.Errorf("%w: the answer has more than %d bytes", ErrUnavailable, maxAnswer)
	case r.mediaType != "application/json":
		return nil, fmt.Errorf("%w: the answer is not application/json", ErrUnavailable)
	}
	return r.body, nil
}

// call posts a body, with further headers. If the connection fails before an answer arrives it tries once more, with
// the same headers and body.
func (e *endpoint) call(ctx context.Context, header map[string]string, body []byte) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, e.config.Timeout)
	defer cancel()
	r, err := e.post(ctx, header, body)
	if lost := (*connectionError)(nil); errors.As(err, &lost) && ctx.Err() == nil {
		r, err = e.post(ctx, header, body)
	}
	return r, err
}

// post makes one request and reads its answer.
func (e *endpoint) post(ctx context.Context, header map[string]string, body []byte) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.config.URL, bytes.NewReader(body))
	if err != nil {
		return reply{}, errors.New("otp: make the request") // err repeats the URL
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", "Bearer "+e.config.BearerToken)
	for name, value := range header {
		req.Header.Set(name, value)
	}
	if len(e.config.SigningKey) > 0 {
		mac := hmac.New(sha256.New, e.config.SigningKey)
		mac.Write(body)
		req.Header.Set("Manyou-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	res, err := e.client.Do(req)
	if err != nil {
		return reply{}, unavailable(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	r := reply{status: res.StatusCode, body: answer, broken: err != nil}
	if media, _, err := mime.ParseMediaType(res.Header.Get("Content-Type")); err == nil {
		r.mediaType = media
	}
	return r, nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
