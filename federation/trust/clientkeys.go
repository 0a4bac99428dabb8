package trust

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Where a client's keys may be, by parameters of its metadata besides jwks [OpenID Federation 1.0 §5.2.1].
const (
	parameterJWKS      = "jwks"
	parameterJWKSURI   = "jwks_uri"
	parameterSignedURI = "signed_jwks_uri"
)

// clientKeys puts the keys of a relying party that publishes them elsewhere into its metadata. A signed set is preferred: it rests on
// the chain, and one that is only served on TLS.
func (c *climb) clientKeys(ctx context.Context, resolved *Resolved) error {
	m := resolved.Metadata[OpenIDRelyingParty]
	if _, there := m[parameterJWKS]; m == nil || there {
		return nil
	}
	signed, _ := m[parameterSignedURI].(string)
	plain, _ := m[parameterJWKSURI].(string)
	if signed == "" && plain == "" {
		return nil
	}
	if err := c.count(); err != nil {
		return err
	}
	if c.prior != nil { // what was decided before goes on if they do not come
		ctx = c.waiting
	}
	var raw []byte
	var err error
	if signed != "" {
		raw, err = c.signedKeys(ctx, signed, resolved)
	} else {
		var text string
		text, err = c.fetchKeys(ctx, plain, "application/jwk-set+json, application/json")
		raw = []byte(text)
	}
	if err != nil {
		return err
	}
	keys, err := ParseKeys(raw)
	if err != nil {
		return err
	}
	// As other metadata is, and nothing of theirs that is not understood.
	text, err := json.Marshal(keys)
	if err != nil {
		return err
	}
	var set map[string]any
	if err := json.Unmarshal(text, &set); err != nil {
		return err
	}
	m[parameterJWKS] = set
	return nil
}

// fetchKeys gets a key set. A failure says nothing about the client.
func (c *climb) fetchKeys(ctx context.Context, address, mediaTypes string) (string, error) {
	text, err := c.r.config.Fetcher.Fetch(ctx, address, mediaTypes)
	if err != nil && !errors.Is(err, errAddress) && !errors.Is(err, ErrUnreachable) {
		err = fmt.Errorf("%w: keys of a client: %v", ErrUnreachable, err) //nolint:errorlint // see above
	}
	return text, err
}

// signedKeys gets a key set that the entity signed with a key of its own for the federation.
func (c *climb) signedKeys(ctx context.Context, address string, resolved *Resolved) ([]byte, error) {
	raw, err := c.fetchKeys(ctx, address, "application/"+TypeKeys)
	if err != nil {
		return nil, err
	}
	jws, payload, err := open(raw, TypeKeys)
	if err != nil {
		return nil, err
	}
	if _, err := signedBy(jws, resolved.Keys); err != nil {
		return nil, fmt.Errorf("keys of a client: %w", err)
	}
	var set struct {
		Issuer  string `json:"iss"`
		Subject string `json:"sub"`
		Expires int64  `json:"exp"`
	}
	if json.Unmarshal(payload, &set) != nil || set.Issuer != resolved.Subject || set.Subject != resolved.Subject {
		return nil, untrusted("keys of another client")
	}
	if until := time.Unix(set.Expires, 0); set.Expires != 0 {
		if !c.r.config.Clock().Before(until) {
			return nil, untrusted("keys of a client that have expired")
		}
		resolved.ExpiresAt = earlier(resolved.ExpiresAt, until)
	}
	return payload, nil
}
