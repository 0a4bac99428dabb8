package trust_test

import (
	"testing"

	"manyou/federation/trust"
)

func TestRulesThatNobodyWouldHeedAreRefused(t *testing.T) {
	const policy = `{"openid_relying_party":{"grant_types":{"subset_of":["authorization_code"]}}}`
	for text, good := range map[string]bool{
		`{"metadata_policy":` + policy + `,"constraints":{"max_path_length":1}}`: true,
		`{"Metadata_Policy":` + policy + `}`:                                     false,
		`{"metadata_policies":` + policy + `}`:                                   false,
		`{"constraints":{"Max_Path_Length":1}}`:                                  false,
		`{"metadata_policy":` + policy + `} {}`:                                  false,
		`{}`:                                                                     true,
	} {
		if err := trust.CheckRules([]byte(text)); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
}
