package upstream

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// How long metadata is believed, and how soon a failed attempt is repeated.
const (
	metadataAge   = 10 * time.Minute
	retryMetadata = 2 * time.Second
)

// metadata is what is used of a provider's metadata (OpenID Connect Discovery §3).
type metadata struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	UserInfo      string   `json:"userinfo_endpoint"`
	JWKS          string   `json:"jwks_uri"`
	EndSession    string   `json:"end_session_endpoint"`
	SendsIssuer   bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207 §3
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
}

// discovery remembers a provider's metadata. It is read at first use, so that an issuer which is down stops nobody from
// starting, and read once however many requests wait for it.
type discovery struct {
	mu      sync.Mutex
	known   *metadata
	until   time.Time
	failure error
	retry   time.Time
	flight  singleflight.Group
}

// metadata returns the provider's metadata. What was known goes on being used while the provider cannot be reached.
func (p *Provider) metadata(ctx context.Context) (*metadata, error) {
	d, now := &p.discovery, p.config.Clock()
	d.mu.Lock()
	known, fresh, failure, wait := d.known, now.Before(d.until), d.failure, now.Before(d.retry)
	d.mu.Unlock()
	switch {
	case known != nil && (fresh || wait):
		return known, nil
	case wait:
		return nil, failure
	}
	v, err, _ := d.flight.Do("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.config.Timeout)
		defer cancel()
		m, err := p.fetchMetadata(ctx)
		d.mu.Lock()
		defer d.mu.Unlock()
		if err != nil {
			d.failure, d.retry = err, p.config.Clock().Add(retryMetadata)
			if d.known != nil {
				return d.known, nil
			}
			return nil, err
		}
		d.known, d.until, d.failure = m, p.config.Clock().Add(metadataAge), nil
		return m, nil
	})
	if err != nil {
		return nil, err
	}
	return v.(*metadata), nil
}

func (p *Provider) fetchMetadata(ctx context.Context) (*metadata, error) {
	var m metadata
	if err := p.getJSON(ctx, strings.TrimSuffix(p.config.Issuer, "/")+"/.well-known/openid-configuration", &m); err != nil {
		return nil, err
	}
	if m.Issuer != p.config.Issuer { // OpenID Connect Discovery §4.3
		return nil, misbehaved("the metadata are another issuer's")
	}
	for _, endpoint := range []string{m.Authorization, m.Token, m.JWKS} {
		if err := p.checkEndpoint(endpoint); err != nil {
			return nil, err
		}
	}
	for _, endpoint := range []string{m.UserInfo, m.EndSession} {
		if endpoint != "" && p.checkEndpoint(endpoint) != nil {
			return nil, misbehaved("an endpoint is not usable")
		}
	}
	return &m, nil
}

// checkEndpoint holds endpoints to https, unless the issuer itself is on http (a demonstration on one machine).
func (p *Provider) checkEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Fragment != "" || u.User != nil {
		return misbehaved("an endpoint is missing or no address")
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && strings.HasPrefix(p.config.Issuer, "http://")) {
		return misbehaved("an endpoint is not on https")
	}
	return nil
}
