package trust

import (
	"encoding/json"
	"strings"
)

// AnchorNames are the values of a parameter that the anchor itself names for the entity: in its policy for those below it, or in what it
// states of the entity. What the entity says of itself, and what others between them allow, is no part of it.
func (r *Resolved) AnchorNames(kind, parameter string) (values []string) {
	if len(r.Chain) < 3 { // the leaf's configuration, the anchor's statement, the anchor's configuration
		return nil
	}
	s, err := Parse(r.Chain[len(r.Chain)-2])
	if err != nil {
		return nil
	}
	if s.Subject == r.Subject {
		if m, err := decodeMetadata(s.Metadata); err == nil {
			values = append(values, words(m[kind][parameter])...)
		}
	}
	var policies map[string]map[string]map[string]any
	if json.Unmarshal(s.MetadataPolicy, &policies) != nil {
		return values
	}
	for operator, operand := range policies[kind][parameter] {
		if operator != "essential" {
			values = append(values, words(operand)...)
		}
	}
	return values
}

// words are the values of a string with spaces between them, or of an array of strings.
func words(v any) (list []string) {
	switch v := v.(type) {
	case string:
		return strings.Fields(v)
	case []any:
		for _, one := range v {
			if s, ok := one.(string); ok {
				list = append(list, s)
			}
		}
	}
	return list
}
