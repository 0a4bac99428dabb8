package trust

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"

	exactjson "github.com/go-jose/go-jose/v4/json"

	"manyou/federation/trust/policy"
)

// Rules are what a superior says about a subordinate besides its keys.
type Rules struct {
	Metadata       map[string]json.RawMessage `json:"metadata,omitempty"`
	MetadataPolicy json.RawMessage            `json:"metadata_policy,omitempty"`
	PolicyCritical []string                   `json:"metadata_policy_crit,omitempty"`
	Constraints    *Constraints               `json:"constraints,omitempty"`
}

// CheckRules reports what is wrong with rules as an operator wrote them: also an unknown member, which nobody would heed.
func CheckRules(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var r Rules
	if err := d.Decode(&r); err != nil {
		return err
	}
	// What differs from a name in case alone is taken for it there, and by nobody else.
	var exact Rules
	if err := exactjson.Unmarshal(text, &exact); err != nil {
		return err
	}
	if !reflect.DeepEqual(r, exact) {
		return errors.New("a member is spelled otherwise than its name")
	}
	if _, err := decodeMetadata(r.Metadata); err != nil {
		return err
	}
	if r.MetadataPolicy == nil {
		return nil
	}
	_, err := policy.ParseSet(r.MetadataPolicy, r.PolicyCritical)
	return err
}
