package upstream

import (
	"context"
	"errors"
	"net/url"
	"strings"

	exactjson "github.com/go-jose/go-jose/v4/json"
)

// wellKnown is where metadata lies, below the issuer (OpenID Connect Discovery §4).
const wellKnown = "/.well-known/openid-configuration"

// maxEndpoint bounds an address in metadata, in bytes: a browser must be able to go there with our parameters.
const maxEndpoint = 2 << 10

// metadata is what is used of a provider's metadata (OpenID Connect Discovery §3).
type metadata struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	UserInfo      string   `json:"userinfo_endpoint"`
	JWKS          string   `json:"jwks_uri"`
	EndSession    string   `json:"end_session_endpoint"`
	Introspection string   `json:"introspection_endpoint"`
	SendsIssuer   bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207 §3
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
}

// metadata returns the provider's metadata, which are not to be changed.
func (p *Provider) metadata(ctx context.Context) (*metadata, error) {
	m, _, err := p.discovery.get(ctx)
	return m, err
}

func (p *Provider) fetchMetadata(ctx context.Context) (*metadata, error) {
	var m metadata
	known := p.config.Metadata
	if p.config.Resolve != nil {
		var err error
		if known, err = p.config.Resolve(ctx); errors.Is(err, ErrUnreachable) {
			return nil, err
		} else if err != nil {
			return nil, misbehaved("no chain makes it a provider: %w", err)
		}
	}
	if known != nil {
		// By exact names, as the policies of its superiors have them: encoding/json would take one for another that differs in case.
		if exactjson.Unmarshal(known, &m) != nil {
			return nil, misbehaved("the metadata of its chain cannot be read")
		}
	} else if err := p.getJSON(ctx, strings.TrimSuffix(p.config.Issuer, "/")+wellKnown, &m); err != nil {
		return nil, err
	}
	if err := p.check(&m); err != nil {
		return nil, err
	}
	return &m, nil
}

// check refuses metadata that must not be relied on.
func (p *Provider) check(m *metadata) error {
	if m.Issuer != p.config.Issuer { // OpenID Connect Discovery §4.3
		return misbehaved("the metadata are another issuer's")
	}
	for _, e := range []struct {
		name, address string
		optional      bool
	}{
		{"authorization", m.Authorization, false},
		{"token", m.Token, false},
		{"jwks", m.JWKS, false},
		{"userinfo", m.UserInfo, true},
		{"end session", m.EndSession, true},
		{"introspection", m.Introspection, true},
	} {
		if e.optional && e.address == "" {
			continue
		}
		if !p.usable(e.address) {
			return misbehaved("the %s endpoint is missing, no address, or not on https", e.name)
		}
	}
	return nil
}

// usable holds endpoints to https, unless the issuer itself is on http (a demonstration on one machine).
func (p *Provider) usable(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && len(endpoint) <= maxEndpoint && u.Hostname() != "" && u.Fragment == "" && u.User == nil &&
		(u.Scheme == "https" || u.Scheme == "http" && strings.HasPrefix(p.config.Issuer, "http://"))
}
