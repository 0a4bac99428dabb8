package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"manyou/cmd/manyou/demo/application"
	"manyou/federation/trust"
	"manyou/idp/entity"
	"manyou/idp/keys"
	"manyou/storage"
)

// jwks is the public key set of an issuer or of the city.
func jwks(ctx context.Context, o Options, s storage.Store) ([]byte, error) {
	ring, err := keys.Open(ctx, s, o.Clock, o.Random)
	if err != nil {
		return nil, err
	}
	return ring.JWKS(), nil
}

// federation is where an issuer of the demo stands: the nation is the anchor and vouches for the provinces.
func (n *Nation) federation(ctx context.Context, o Options, region string, urls map[string]string) (*entity.Federation, error) {
	f := &entity.Federation{Loopback: true, Transport: n.Client.Transport, StatementLife: time.Hour}
	if region == nation {
		return f, nil
	}
	anchor, err := jwks(ctx, o, n.Issuers[0].Store)
	if err != nil {
		return nil, err
	}
	f.Anchors, f.Superiors = map[string]json.RawMessage{urls["issuer/00"]: anchor}, []string{urls["issuer/00"]}
	return f, nil
}

// vouch makes one entity a subordinate of another.
func vouch(ctx context.Context, o Options, s storage.Store, id string, keySet []byte, rules string, types ...string) error {
	b := storage.Subordinate{
		EntityID: id, Types: types, JWKS: keySet, Status: storage.SubordinateActive, CreatedAt: o.Clock(), UpdatedAt: o.Clock(),
	}
	if rules != "" {
		b.Rules = []byte(rules)
	}
	return s.PutSubordinate(ctx, b)
}

// What each superior says about the one below. A city is two steps from the nation, and may vouch for applications alone.
const (
	provinceRules = `{"metadata":{"federation_entity":{"region":"%s","organization_name#zh":"%s","organization_name#en":"%s"}},"constraints":{"max_path_length":2},
		"metadata_policy":{"openid_relying_party":{"token_endpoint_auth_method":{"value":"private_key_jwt"},
		"grant_types":{"subset_of":["authorization_code"]}}}}`
	cityRules = `{"constraints":{"max_path_length":1,"allowed_entity_types":["openid_relying_party"]}}`
)

// buildCity opens and serves the city of Hangzhou, below Zhejiang, and its application, which only the city knows.
func (n *Nation) buildCity(ctx context.Context, o Options, st *state, urls map[string]string) error {
	root, err := st.root(hangzhou)
	if err != nil {
		return err
	}
	c := &Issuer{Role: "intermediate", Region: hangzhou, URL: urls["entity/"+hangzhou]}
	if c.Store, c.Vault, err = n.openStore(ctx, o, hangzhou, root); err != nil {
		return err
	}
	n.city = c
	for _, i := range n.Issuers[1:] {
		keySet, err := jwks(ctx, o, i.Store)
		if err == nil {
			rules := fmt.Sprintf(provinceRules, i.Region, issuerNames[i.Region]["zh"], issuerNames[i.Region]["en"])
			err = vouch(ctx, o, n.Issuers[0].Store, i.URL, keySet, rules, trust.FederationEntity, trust.OpenIDProvider)
		}
		if err != nil {
			return err
		}
	}
	ring, err := keys.Open(ctx, c.Store, o.Clock, o.Random)
	if err != nil {
		return err
	}
	zhejiangIssuer := n.Issuer(zhejiang)
	if err := vouch(ctx, o, zhejiangIssuer.Store, c.URL, ring.JWKS(), cityRules, trust.FederationEntity); err != nil {
		return err
	}
	handler, err := n.cityApplication(ctx, o, st, urls)
	if err != nil {
		return err
	}
	anchor, err := jwks(ctx, o, n.Issuers[0].Store)
	if err != nil {
		return err
	}
	e, err := entity.Open(ctx, entity.Config{
		Federation: entity.Federation{
			Anchors: map[string]json.RawMessage{urls["issuer/00"]: anchor}, Superiors: []string{urls["issuer/"+zhejiang]},
			Loopback: true, Transport: n.Client.Transport,
		},
		ID: c.URL, Name: issuerNames[hangzhou]["zh"], Keys: ring, Store: c.Store, Clock: o.Clock, Logger: o.Logger.With("issuer", hangzhou),
	})
	if err != nil {
		return err
	}
	n.running.Go(func() {
		if err := e.RunAlone(ctx); err != nil && ctx.Err() == nil {
			n.fail(fmt.Errorf("demo: entity %s: %w", hangzhou, err))
		}
	})
	n.serve(o, "entity/"+hangzhou, o.WrapIssuer(hangzhou, e.Handler()))
	n.serve(o, "application/"+hangzhou, handler)
	if err := n.awaitChain(ctx, urls); err != nil {
		return err
	}
	n.description.Entities = []EntityDescription{
		{"intermediate", hangzhou, c.URL, ""}, {"application", hangzhou, urls["application/"+hangzhou], urls["application/"+hangzhou] + "/"},
	}
	return nil
}

const chainTimeout = 5 * time.Second

// awaitChain waits until every superior has noticed whom it vouches for: they look a few times a second.
func (n *Nation) awaitChain(ctx context.Context, urls map[string]string) error {
	ctx, cancel := context.WithTimeout(ctx, chainTimeout)
	defer cancel()
	chain := []string{"issuer/00", "issuer/" + zhejiang, "entity/" + hangzhou, "application/" + hangzhou}
	for above, below := range chain[1:] {
		address := urls[chain[above]] + "/federation/fetch?sub=" + url.QueryEscape(urls[below])
		for n.asks(ctx, address) != http.StatusOK {
			select {
			case <-ctx.Done():
				return fmt.Errorf("%s does not vouch for %s: %w", chain[above], below, ctx.Err())
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	return nil
}

// asks is the status of an answer, 0 if there was none.
func (n *Nation) asks(ctx context.Context, address string) int {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0
	}
	answer, err := n.Client.Do(r)
	if err != nil {
		return 0
	}
	_ = answer.Body.Close() // only the status matters
	return answer.StatusCode
}

// cityApplication is the application that only the city vouches for. It signs citizens in at the nation.
func (n *Nation) cityApplication(ctx context.Context, o Options, st *state, urls map[string]string) (http.Handler, error) {
	key, err := st.jwtKey(hangzhou)
	if err != nil {
		return nil, err
	}
	keySet, err := json.Marshal(map[string]any{"keys": []any{key.Public()}})
	if err != nil {
		return nil, err
	}
	address := urls["application/"+hangzhou]
	if err := vouch(ctx, o, n.city.Store, address, keySet, "", trust.OpenIDRelyingParty); err != nil {
		return nil, err
	}
	sealing, err := st.sealing(hangzhou)
	if err != nil {
		return nil, err
	}
	app, err := application.New(application.Config{
		URL: address, Region: zhejiang + "01", Name: applicationNames[hangzhou], Issuer: urls["issuer/00"],
		Membership: &application.Membership{Key: key, Superior: urls["entity/"+hangzhou]},
		Key:        sealing, Client: n.Client, Clock: o.Clock, Random: o.Random, Logger: o.Logger,
	})
	if err != nil {
		return nil, err
	}
	return app.Handler(), nil
}
