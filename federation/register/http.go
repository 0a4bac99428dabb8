package register

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"manyou/federation/identity"
)

const (
	defaultTimeout = 5 * time.Second
	maxTimeout     = 30 * time.Second
	dialTimeout    = 2 * time.Second
	// maxAnswer bounds the body and, apart from it, the header of an answer, in bytes.
	maxAnswer = 16 << 10
)

// HTTPConfig says where a register's service is and how to speak to it.
type HTTPConfig struct {
	// URL is the base of the service; claims are posted to /verify below it. It is https, or http on a loopback
	// address.
	URL string
	// BearerToken authenticates the issuer (RFC 6750 §2.1). It may be empty if Transport shows a client certificate.
	BearerToken string
	// Timeout bounds one Verify: up to 30 seconds, 5 if zero.
	Timeout time.Duration
	// Transport makes the requests; nil for one with the bounds that a register needs. One with a client certificate
	// makes it mutual TLS.
	Transport http.RoundTripper
}

// HTTP is a source behind a web service, as openapi.yaml beside this file describes it.
type HTTP struct {
	endpoint string
	token    string
	timeout  time.Duration
	client   *http.Client
}

var _ Source = (*HTTP)(nil)

// NewHTTP returns the source, or an error that says what is wrong with its configuration.
func NewHTTP(c HTTPConfig) (*HTTP, error) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil:
		return nil, errors.New("register: URL cannot be parsed") // err repeats the URL, which may hold a secret
	case u.Host == "" || u.User != nil || u.Fragment != "" || u.RawQuery != "":
		return nil, errors.New("register: URL must be absolute, without user, query and fragment")
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return nil, errors.New("register: URL must be https, or http on a loopback address")
	case c.BearerToken == "" && c.Transport == nil:
		return nil, errors.New("register: needs a bearer token, or a transport with a client certificate")
	case c.Timeout < 0 || c.Timeout > maxTimeout:
		return nil, fmt.Errorf("register: timeout %s is not between 0 and %s", c.Timeout, maxTimeout)
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
	return &HTTP{
		endpoint: u.JoinPath("verify").String(),
		token:    c.BearerToken,
		timeout:  c.Timeout,
		client: &http.Client{
			Transport: c.Transport,
			// A redirect would carry the claim to an address that nobody configured.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// claimBody is the body of a request. What is personal is here and never in the URL, which proxies log.
type claimBody struct {
	Name     string       `json:"name"`
	Document documentBody `json:"document"`
	Phone    string       `json:"phone,omitempty"`
}

type documentBody struct {
	Kind   string `json:"kind"`
	Number string `json:"number"`
}

// verdictBody is the body of an answer.
type verdictBody struct {
	Outcome       string `json:"outcome"`
	Name          string `json:"name,omitempty"`
	Region        string `json:"region,omitempty"`
	PhoneOnRecord bool   `json:"phone_on_record,omitempty"`
}

// Verify implements [Source]. The service compares; a Match under another name than the claimed one is nonsense and
// comes back as ErrUnavailable.
func (h *HTTP) Verify(ctx context.Context, c Claim) (Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	body, err := json.Marshal(claimBody{c.Name.Normal, documentBody{string(c.Document.Kind), c.Document.Number}, c.Phone})
	if err != nil {
		return Verdict{}, fmt.Errorf("register: encode the claim: %w", err)
	}
	answer, err := h.post(ctx, body)
	if err != nil {
		return Verdict{}, err
	}
	return readVerdict(answer, c)
}

// post makes the request and returns the bounded body of the answer.
func (h *HTTP) post(ctx context.Context, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("register: make the request") // err repeats the URL
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if h.token != "" {
		req.Header.Set("Authorization", "Bearer "+h.token)
	}
	res, err := h.client.Do(req)
	if err != nil {
		return nil, unavailable(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: status %d", ErrUnavailable, res.StatusCode)
	}
	if media, _, err := mime.ParseMediaType(res.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return nil, fmt.Errorf("%w: the answer is not application/json", ErrUnavailable)
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, unavailable(err)
	case len(answer) > maxAnswer:
		return nil, fmt.Errorf("%w: the answer has more than %d bytes", ErrUnavailable, maxAnswer)
	}
	return answer, nil
}

// readVerdict decodes an answer strictly. Its errors hold nothing of the answer, which is about a person.
func readVerdict(answer []byte, c Claim) (Verdict, error) {
	nonsense := func(what string) (Verdict, error) {
		return Verdict{}, fmt.Errorf("%w: %s", ErrUnavailable, what)
	}
	var body verdictBody
	d := json.NewDecoder(bytes.NewReader(answer))
	d.DisallowUnknownFields()
	if err := d.Decode(&body); err != nil {
		return nonsense("the answer is not the documented JSON")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nonsense("something follows the answer")
	}
	v := Verdict{Outcome: Outcome(body.Outcome), PhoneOnRecord: body.PhoneOnRecord}
	switch v.Outcome {
	case UnknownDocument:
	case NameMismatch:
		v.Names = identity.Different
	case Deceased, Cancelled, PhoneMismatch:
		v.Names = identity.Equal
	case Match:
		recorded, err := identity.NormalizeName(body.Name)
		if err != nil {
			return nonsense("a match without a usable name")
		}
		if v.Names = identity.CompareNames(recorded, c.Name); v.Names == identity.Different {
			return nonsense("a match under another name")
		}
		if _, ok := identity.LookupRegion(body.Region); !ok {
			return nonsense("a match without a region")
		}
		if c.Phone != "" && !body.PhoneOnRecord {
			return nonsense("a match with a phone that is not on record")
		}
		v.Name, v.Region, v.Received = recorded.Normal, body.Region, Received(recorded.Raw, recorded.Normal, sourceName)
		return v, nil
	default:
		return nonsense("an outcome that is not documented")
	}
	if body.Name != "" || body.Region != "" {
		return nonsense("personal data without a match")
	}
	if (v.Outcome == UnknownDocument || v.Outcome == NameMismatch) && v.PhoneOnRecord {
		return nonsense("a phone without a person")
	}
	return v, nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
