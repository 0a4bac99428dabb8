package authority

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"manyou/federation/trust"
	"manyou/storage"
)

// ownAge is how long the configuration is served that was signed once: anybody may ask for it, as often as they like.
const ownAge = 10 * time.Second

// ownStatement is the configuration, with the keys that it tells.
type ownStatement struct {
	statement *trust.Statement
	jwks      []byte
	at        time.Time
}

// Configuration implements [trust.Local]: the entity about itself [OpenID Federation 1.0 §9].
func (a *Authority) Configuration(context.Context) (*trust.Statement, error) {
	now, jwks := a.Clock(), a.JWKS()
	if own := a.own.Load(); own != nil && !now.Before(own.at) && now.Before(own.at.Add(ownAge)) && bytes.Equal(own.jwks, jwks) {
		return own.statement, nil
	}
	s, err := a.configuration(jwks)
	if err == nil {
		a.own.Store(&ownStatement{s, jwks, now})
	}
	return s, err
}

func (a *Authority) configuration(jwks []byte) (*trust.Statement, error) {
	entity := map[string]any{
		"organization_name":                     a.Name,
		"federation_fetch_endpoint":             a.EntityID + pathFetch,
		"federation_list_endpoint":              a.EntityID + pathList,
		"federation_resolve_endpoint":           a.EntityID + pathResolve,
		"federation_trust_mark_endpoint":        a.EntityID + pathMark,
		"federation_trust_mark_list_endpoint":   a.EntityID + pathMarked,
		"federation_trust_mark_status_endpoint": a.EntityID + pathMarkStatus,
	}
	if a.History != nil {
		entity["federation_historical_keys_endpoint"] = a.EntityID + pathHistory
	}
	metadata := map[string]any{}
	if a.Metadata != nil {
		metadata = a.Metadata()
	}
	metadata[trust.FederationEntity] = entity
	claims := a.claims(a.EntityID)
	claims["jwks"], claims["metadata"] = json.RawMessage(jwks), metadata
	if len(a.Superiors) > 0 {
		claims["authority_hints"] = a.Superiors
	}
	if len(a.MarkIssuers) > 0 {
		claims["trust_mark_issuers"] = a.MarkIssuers
	}
	if len(a.Marks) > 0 {
		claims["trust_marks"] = a.Marks
	}
	return a.statement(claims)
}

// About implements [trust.Local]: the entity about a subordinate [OpenID Federation 1.0 §8.1].
func (a *Authority) About(_ context.Context, subject string) (*trust.Statement, error) {
	b, ok := a.subordinate(subject)
	if !ok {
		return nil, trust.ErrNotFound
	}
	return a.about(b)
}

func (a *Authority) about(b storage.Subordinate) (*trust.Statement, error) {
	claims := a.claims(b.EntityID)
	if len(b.Rules) > 0 {
		var rules map[string]json.RawMessage
		if err := json.Unmarshal(b.Rules, &rules); err != nil {
			return nil, fmt.Errorf("rules of %s: %w", b.EntityID, err)
		}
		for _, name := range []string{"metadata", "metadata_policy", "metadata_policy_crit", "constraints"} {
			if rule, ok := rules[name]; ok {
				claims[name] = rule
			}
		}
	}
	claims["jwks"], claims["source_endpoint"] = json.RawMessage(b.JWKS), a.EntityID+pathFetch
	return a.statement(claims)
}

// claims are those of every statement.
func (a *Authority) claims(subject string) map[string]any {
	now := a.Clock()
	return map[string]any{"iss": a.EntityID, "sub": subject, "iat": now.Unix(), "exp": now.Add(a.Life).Unix()}
}

func (a *Authority) statement(claims map[string]any) (*trust.Statement, error) {
	raw, err := a.sign(trust.TypeStatement, claims)
	if err != nil {
		return nil, err
	}
	return trust.Parse(raw)
}

func (a *Authority) sign(typ string, claims any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("sign %s: %w", typ, err)
	}
	return a.Sign(typ, payload)
}
