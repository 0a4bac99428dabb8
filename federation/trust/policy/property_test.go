package policy_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"manyou/federation/trust/policy"
)

func parse(t testing.TB, raw string) policy.Policy {
	t.Helper()
	p, err := policy.Parse([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAttackASubordinateThatWidensWhatItsSuperiorAllowsIsRefusedOrNarrowed(t *testing.T) {
	above := parse(t, `{"id_token_signed_response_alg":{"one_of":["ES256"]},"grant_types":{"subset_of":["authorization_code"]},
		"contacts":{"superset_of":["a@example"]},"token_endpoint_auth_method":{"value":"private_key_jwt"},"jwks_uri":{"essential":true}}`)
	for name, below := range map[string]string{
		"another algorithm": `{"id_token_signed_response_alg":{"one_of":["RS256"]}}`,
		"another value":     `{"token_endpoint_auth_method":{"value":"none"}}`,
		"what is removed":   `{"token_endpoint_auth_method":{"value":null}}`,
	} {
		if _, err := above.Merge(parse(t, below)); !errors.Is(err, policy.ErrPolicy) {
			t.Errorf("%s: %v", name, err)
		}
	}
	wide := parse(t, `{"id_token_signed_response_alg":{"one_of":["ES256","RS256","none"]},"grant_types":{"subset_of":["authorization_code","password"]},
		"contacts":{"superset_of":[]},"jwks_uri":{"essential":false}}`)
	p, err := above.Merge(wide)
	if err != nil {
		t.Fatal(err)
	}
	fine := map[string]any{
		"id_token_signed_response_alg": "ES256", "grant_types": []any{"authorization_code", "password"}, "contacts": []any{"a@example"},
		"jwks_uri": "https://a.example/jwks",
	}
	got, err := p.Apply(fine)
	if err != nil || !reflect.DeepEqual(got["grant_types"], []any{"authorization_code"}) || got["token_endpoint_auth_method"] != "private_key_jwt" {
		t.Errorf("%v, %v", got, err)
	}
	for parameter, value := range map[string]any{"id_token_signed_response_alg": "RS256", "contacts": []any{"b@example"}, "jwks_uri": nil} {
		bad := map[string]any{}
		for k, v := range fine {
			bad[k] = v
		}
		bad[parameter] = value
		if value == nil {
			delete(bad, parameter)
		}
		if _, err := p.Apply(bad); !errors.Is(err, policy.ErrMetadata) {
			t.Errorf("%s: %v", parameter, err)
		}
	}
}

func TestAnUnknownOperatorIsIgnoredUnlessItIsCritical(t *testing.T) {
	raw := []byte(`{"openid_relying_party":{"client_name":{"regexp":"^a"}}}`)
	if _, err := policy.ParseSet(raw, nil); err != nil {
		t.Error(err)
	}
	if _, err := policy.ParseSet(raw, []string{"regexp"}); !errors.Is(err, policy.ErrPolicy) {
		t.Errorf("critical: %v", err)
	}
	if _, err := policy.ParseSet(raw, []string{"one_of"}); err != nil {
		t.Error(err)
	}
}

func TestScopeIsAListOfWords(t *testing.T) {
	got, err := parse(t, `{"scope":{"subset_of":["openid","profile"],"superset_of":["openid"]}}`).Apply(map[string]any{"scope": "openid  phone profile"})
	if err != nil || got["scope"] != "openid profile" {
		t.Errorf("%v, %v", got, err)
	}
}

func TestApplyingChangesNoArgument(t *testing.T) {
	given := map[string]any{"grant_types": []any{"authorization_code"}}
	if _, err := parse(t, `{"grant_types":{"add":["refresh_token"]},"x":{"value":1}}`).Apply(given); err != nil {
		t.Fatal(err)
	}
	if len(given) != 1 || len(given["grant_types"].([]any)) != 1 {
		t.Errorf("%v", given)
	}
}

func TestWhatIsNoPolicyOrTooLargeIsRefused(t *testing.T) {
	many := make([]string, 300)
	for n := range many {
		many[n] = string(rune('a'+n%26)) + strings.Repeat("x", n)
	}
	values, _ := json.Marshal(many)
	for _, raw := range []string{
		``, `null x`, `[]`, `1`, `{"a":1}`, `{"a":{"one_of":"x"}}`, `{"a":{"one_of":[]}}`, `{"a":{"essential":"yes"}}`, `{"a":{"default":null}}`,
		`{"a":{"add":["x"],"one_of":["x"]}}`, `{"a":{"value":null,"essential":true}}`, `{"a":{"subset_of":` + string(values) + `}}`,
		`{"a":{"value":"` + strings.Repeat("x", policy.MaxBytes) + `"}}`,
	} {
		if _, err := policy.Parse([]byte(raw)); !errors.Is(err, policy.ErrPolicy) {
			t.Errorf("%.60s: %v", raw, err)
		}
	}
}

func FuzzPolicy(f *testing.F) {
	f.Add(`{"grant_types":{"subset_of":["a"]}}`, `{"grant_types":{"add":["a"]}}`, `{"grant_types":["a","b"]}`)
	f.Add(`{"scope":{"superset_of":["openid"]}}`, `{"x":{"value":null}}`, `{"scope":"openid","x":{}}`)
	f.Fuzz(func(t *testing.T, above, below, metadata string) {
		p, err := policy.Parse([]byte(above))
		if err != nil {
			return
		}
		twice, err := p.Merge(p)
		if err != nil {
			t.Fatalf("a policy conflicts with itself: %v", err)
		}
		if one, two := text(t, p), text(t, twice); !same(one, two) {
			t.Fatalf("merged with itself it is another: %s, %s", one, two)
		}
		q, err := policy.Parse([]byte(below))
		if err != nil {
			return
		}
		merged, err := p.Merge(q)
		if err != nil {
			return
		}
		var m map[string]any
		if json.Unmarshal([]byte(metadata), &m) != nil {
			return
		}
		once, err := merged.Apply(m)
		if err != nil {
			return
		}
		again, err := merged.Apply(once)
		if err != nil || !same(text(t, once), text(t, again)) {
			t.Fatalf("applied again: %v, %v, %v", once, again, err)
		}
		// What a subordinate let through, its superior lets through.
		if _, err := p.Apply(once); err != nil {
			t.Fatalf("the subordinate widened it: %v", err)
		}
	})
}

func text(t testing.TB, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
