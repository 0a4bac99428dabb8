package trust

import (
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
	"slices"
	"strings"
	"syscall"
	"time"
)

// Fetcher asks another entity. Errors wrap [ErrUnreachable], [ErrNotFound] or [ErrUntrusted]. Only ErrNotFound is a word of the entity's
// that ends what it said before.
type Fetcher interface {
	// Fetch gets a text of a media type, or of one of several with commas between, at most [MaxStatement] bytes of it.
	Fetch(ctx context.Context, target, mediaType string) (string, error)
	// Post sends a form and gets a JWT, as Fetch does.
	Post(ctx context.Context, target string, form url.Values, mediaType string) (string, error)
}

// fetchTimeout bounds one request, from the name's resolution to the last byte: a superior that sends a byte now and then
// is not waited for.
const fetchTimeout = 4 * time.Second

// NewFetcher returns one that asks over https, and only public addresses: not this machine, nor its networks. With loopback it
// asks this machine too, and over http, for a federation on one machine. Where transport is not nil it carries the requests,
// and who is asked is the caller's business.
func NewFetcher(loopback bool, transport http.RoundTripper) Fetcher {
	if transport == nil {
		transport = GuardedTransport(loopback)
	}
	return &fetcher{loopback: loopback, client: &http.Client{
		Transport: transport, Timeout: fetchTimeout,
		// A redirect would lead to an address that nobody vouched for.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// GuardedTransport reaches public addresses alone, and this machine with loopback: for addresses that another entity named.
func GuardedTransport(loopback bool) http.RoundTripper {
	dialer := &net.Dialer{Timeout: fetchTimeout, Control: func(_, address string, _ syscall.RawConn) error {
		// Checked when the name is resolved already, so that a name cannot lead elsewhere than it did a moment ago.
		return checkAddress(address, loopback)
	}}
	return &http.Transport{
		// No proxy: it would resolve the name behind our back.
		DialContext: dialer.DialContext, TLSHandshakeTimeout: fetchTimeout, ResponseHeaderTimeout: fetchTimeout,
		MaxResponseHeaderBytes: 32 << 10, IdleConnTimeout: time.Minute, MaxIdleConnsPerHost: 4, MaxConnsPerHost: 32,
		ForceAttemptHTTP2: true,
	}
}

type fetcher struct {
	loopback bool
	client   *http.Client
}

var errAddress = errors.New("an address that is not public")

// checkAddress refuses addresses that are not public (RFC 6890).
func checkAddress(address string, loopback bool) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return errAddress
	}
	ip := a.Addr().Unmap()
	if loopback && ip.IsLoopback() {
		return nil
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return errAddress
	}
	for _, special := range specialNetworks {
		if special.Contains(ip) {
			return errAddress
		}
	}
	return nil
}

// specialNetworks are unicast and not public: shared address space, protocol assignments, benchmarks, reserved; and the
// IPv6 networks that carry IPv4 addresses.
var specialNetworks = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("2001::/32"),
	netip.MustParsePrefix("fec0::/10"),
}

// Fetch implements [Fetcher].
func (f *fetcher) Fetch(ctx context.Context, target, mediaType string) (string, error) {
	return f.ask(ctx, http.MethodGet, target, nil, mediaType)
}

// Post implements [Fetcher].
func (f *fetcher) Post(ctx context.Context, target string, form url.Values, mediaType string) (string, error) {
	return f.ask(ctx, http.MethodPost, target, strings.NewReader(form.Encode()), mediaType)
}

func (f *fetcher) ask(ctx context.Context, method, target string, form io.Reader, mediaType string) (string, error) {
	if _, err := checkURL(target, f.loopback); err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, method, target, form)
	if err != nil {
		return "", untrusted("an address that cannot be read")
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept", mediaType)
	response, err := f.client.Do(r)
	if err != nil {
		return "", unreachable(r.URL.Host, fmt.Errorf("%w: %w", errSilent, err))
	}
	defer func() { _ = response.Body.Close() }()
	got, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if response.StatusCode != http.StatusOK {
		if got == "application/json" && saysNotFound(response.Body) {
			return "", ErrNotFound
		}
		if response.StatusCode == http.StatusNotFound { // somebody who is no entity; no word about what was said before
			return "", untrusted("%s answers %d: it does not exist", r.URL.Host, response.StatusCode)
		}
		return "", unreachable(r.URL.Host, errors.New(response.Status))
	}
	if !slices.Contains(strings.Split(mediaType, ", "), got) {
		return "", unreachable(r.URL.Host, errors.New("an answer of another media type"))
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, MaxStatement+1))
	if err != nil {
		return "", unreachable(r.URL.Host, fmt.Errorf("%w: %w", errSilent, err))
	}
	if len(body) > MaxStatement {
		return "", untrusted("%s answers with more than %d bytes", r.URL.Host, MaxStatement)
	}
	return string(body), nil
}

// errSilent: no answer came, or not all of it.
var errSilent = errors.New("no answer")

// maxRefusal bounds the body of a refusal that is read, in bytes.
const maxRefusal = 4 << 10

// saysNotFound reports whether a refusal is an entity's own word that it knows nothing of what it was asked about [OpenID Federation
// 1.0 §8.9]. The page of a load balancer says nothing.
func saysNotFound(body io.Reader) bool {
	var refusal struct {
		Error string `json:"error"`
	}
	return json.NewDecoder(io.LimitReader(body, maxRefusal)).Decode(&refusal) == nil && refusal.Error == "not_found"
}

// unreachable says who could not be asked. An address that is not public says something about who named it.
func unreachable(host string, cause error) error {
	if errors.Is(cause, errAddress) {
		return untrusted("%s: %w", host, errAddress)
	}
	return errors.Join(ErrUnreachable, errors.New(host), cause)
}
