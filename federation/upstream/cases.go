package upstream

import (
	"bytes"
	"context"
	"net/http"
	"strings"
)

// CaseAnswer is what the nation says of a case that was filed there.
type CaseAnswer struct {
	Status int
	Body   []byte // JSON
}

// Cases sends a request about cases to the other issuer, with a token of this issuer's own for a scope. key makes a repeated one harmless.
func (p *Provider) Cases(ctx context.Context, method, path, scope, key string, body []byte) (CaseAnswer, error) {
	token, err := p.clientToken(ctx, scope)
	if err != nil {
		return CaseAnswer{}, err
	}
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(p.config.Issuer, "/")+path, bytes.NewReader(body))
	if err != nil {
		return CaseAnswer{}, misbehaved("the issuer is no address")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	a, err := p.call(r)
	if err != nil {
		return CaseAnswer{}, err
	}
	if a.mediaType != "application/json" && a.mediaType != "application/problem+json" {
		return CaseAnswer{}, misbehaved("the answer about a case is no JSON")
	}
	return CaseAnswer{Status: a.status, Body: a.body}, nil
}
