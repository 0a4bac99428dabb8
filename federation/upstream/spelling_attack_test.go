package upstream_test

import (
	"encoding/json"
	"errors"
	"testing"

	"manyou/federation/upstream"
)

func TestAttackByMetadataSpelledAlmostAsTheirNamesLeadsNowhereElse(t *testing.T) {
	province := newProvince(t)
	at := province.server.URL
	known := func(m map[string]any) func(*upstream.Config) {
		m["issuer"], m["jwks_uri"], m["token_endpoint"] = at, at+keysPath, at+tokenPath
		raw, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return func(c *upstream.Config) { c.Metadata = raw }
	}
	// Letters that are the same as k and s where case does not count. No policy looks at them.
	p := province.provider(known(map[string]any{
		"authorization_endpoint": at + "/authorize", "to\u212aen_endpoint": "https://elsewhere.example/token", "jwk\u017f_uri": "https://elsewhere.example/keys",
	}))
	if _, err := signIn(t, p); err != nil {
		t.Errorf("the code went elsewhere: %v", err)
	}
	p = province.provider(known(map[string]any{"Authorization_Endpoint": "https://elsewhere.example/authorize"}))
	if to, err := p.AuthorizationURL(t.Context(), theRequest()); !errors.Is(err, upstream.ErrMisbehaved) {
		t.Errorf("the browser goes to %.60s: %v", to, err)
	}
}
