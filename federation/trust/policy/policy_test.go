package policy_test

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"slices"
	"testing"

	"manyou/federation/trust/policy"
)

type vector struct {
	N        int             `json:"n"`
	TA       json.RawMessage `json:"TA"`
	INT      json.RawMessage `json:"INT"`
	Merged   json.RawMessage `json:"merged"`
	Metadata map[string]any  `json:"metadata"`
	Resolved map[string]any  `json:"resolved"`
	Error    string          `json:"error"`
}

// TestVectors holds the language to the vectors of testdata/ORIGIN.md.
func TestPoliciesMergeAndApplyAsThePublishedVectorsSay(t *testing.T) {
	raw, err := os.ReadFile("testdata/metadata-policy.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(raw, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) != 1000 {
		t.Fatalf("%d vectors", len(vectors))
	}
	for _, v := range vectors {
		merged, resolved, err := resolve(v)
		switch {
		case v.Error != "":
			if want := map[string]error{"invalid_policy": policy.ErrPolicy, "invalid_metadata": policy.ErrMetadata}[v.Error]; !errors.Is(err, want) {
				t.Errorf("%d: %v, want %s", v.N, err, v.Error)
			}
		case err != nil:
			t.Errorf("%d: %v", v.N, err)
		default:
			if !same(merged, v.Merged) {
				t.Errorf("%d: merged to %s, want %s", v.N, merged, v.Merged)
			}
			if !reflect.DeepEqual(sorted(resolved), sorted(v.Resolved)) {
				t.Errorf("%d: resolved to %v, want %v", v.N, resolved, v.Resolved)
			}
		}
	}
}

func resolve(v vector) (merged []byte, resolved map[string]any, err error) {
	anchor, err := policy.Parse(v.TA)
	if err != nil {
		return nil, nil, err
	}
	intermediate, err := policy.Parse(v.INT)
	if err != nil {
		return nil, nil, err
	}
	p, err := anchor.Merge(intermediate)
	if err != nil {
		return nil, nil, err
	}
	if merged, err = json.Marshal(p); err != nil {
		return nil, nil, err
	}
	resolved, err = p.Apply(v.Metadata)
	return merged, resolved, err
}

func same(a, b []byte) bool {
	var one, other any
	return json.Unmarshal(a, &one) == nil && json.Unmarshal(b, &other) == nil && reflect.DeepEqual(sorted(one), sorted(other))
}

// sorted is a value whose arrays are in order: they are sets. Numbers become what encoding/json makes of them.
func sorted(v any) any {
	raw, _ := json.Marshal(v)
	var back any
	_ = json.Unmarshal(raw, &back)
	return order(back)
}

func order(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			v[k] = order(e)
		}
	case []any:
		slices.SortFunc(v, func(a, b any) int {
			x, _ := json.Marshal(a)
			y, _ := json.Marshal(b)
			return slices.Compare(x, y)
		})
	}
	return v
}
