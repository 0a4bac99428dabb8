package trust_test

import (
	"testing"
	"time"

	"manyou/federation/trust"
	"manyou/federation/trust/trusttest"
)

func FuzzParsePosted(f *testing.F) {
	key, now := trusttest.NewKey(f), time.Now()
	leaf := key.JWT(f, trust.TypeStatement, map[string]any{
		"iss": "https://a.example", "sub": "https://a.example", "aud": "https://n.example", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"jwks": map[string]any{"keys": []any{}},
	})
	f.Add([]byte(leaf), false)
	f.Add([]byte(`["`+leaf+`","`+leaf+`"]`), true)
	f.Add([]byte(`[]`), true)
	f.Fuzz(func(t *testing.T, body []byte, isChain bool) {
		s, _, err := trust.ParsePosted(body, isChain, "https://n.example", now)
		if err == nil && (s.Issuer != s.Subject || !now.Before(s.ExpiresAt())) {
			t.Fatalf("%+v", s)
		}
	})
}
