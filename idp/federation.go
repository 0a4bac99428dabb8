package idp

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/federation/trust"
	"manyou/federation/trust/authority"
	"manyou/idp/keys"
)

// Federation makes an issuer an entity of a federation (OpenID Federation 1.0), at its issuer identifier.
type Federation struct {
	// Anchors are the key sets (RFC 7517 §5) of the trust anchors besides the issuer itself, by identifier. An issuer without
	// superiors is an anchor.
	Anchors   map[string]json.RawMessage
	Superiors []string
	// MarkIssuers says who may issue trust marks of a type; of an anchor.
	MarkIssuers map[string][]string
	// StatementLife is how long what this issuer says of others stands: how long they may act on it when it cannot be heard.
	// Default one hour.
	StatementLife time.Duration
	// Loopback lets entities be on this machine, over http.
	Loopback bool
}

// openFederation prepares the entity and the resolver, where the issuer is configured to be one.
func (i *Issuer) openFederation(ctx context.Context) error {
	f := i.Config.Federation
	if f == nil {
		return nil
	}
	fetcher := trust.NewFetcher(f.Loopback, i.FederationTransport)
	anchors := map[string]jose.JSONWebKeySet{}
	for id, raw := range f.Anchors {
		set, err := trust.ParseKeys(raw)
		if err != nil {
			return fmt.Errorf("trust anchor %s: %w", id, err)
		}
		anchors[id] = set
	}
	if len(f.Superiors) == 0 {
		set, err := trust.ParseKeys(i.keys.JWKS())
		if err != nil {
			return err
		}
		anchors[i.Issuer] = set
	}
	var err error
	i.authority, err = authority.New(ctx, authority.Config{
		EntityID: i.Issuer, Superiors: f.Superiors, Name: i.Name["zh"], MarkIssuers: f.MarkIssuers, Life: f.StatementLife,
		Metadata: map[string]any{
			trust.OpenIDProvider: i.metadata(),
		},
		Sign: i.signStatement, JWKS: i.keys.JWKS, Store: i.Store, Fetcher: fetcher, Loopback: f.Loopback,
		Clock: i.Clock, Logger: i.Logger,
	})
	if err != nil {
		return err
	}
	resolver := trust.NewResolver(trust.Config{
		Anchors: anchors, Fetcher: fetcher, Self: i.Issuer, Local: i.authority, Loopback: f.Loopback, Clock: i.Clock,
	})
	i.authority.ResolveWith(resolver)
	i.apps.trust = resolver
	return nil
}

func (i *Issuer) signStatement(typ string, payload []byte) (string, error) {
	key, err := i.keys.Signer(keys.ES256)
	if err != nil {
		return "", err
	}
	return key.Sign(typ, payload)
}
