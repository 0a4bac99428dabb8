package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Bounds of a policy. What is larger is refused.
const (
	MaxBytes      = 64 << 10
	maxParameters = 256
	maxValues     = 256
)

// Policy says, for each parameter of one entity type's metadata, what is allowed. It does not change; the zero Policy allows
// everything.
type Policy struct {
	parameters map[string]rule
}

// Set is a policy for each entity type, the metadata_policy claim.
type Set map[string]Policy

// ErrPolicy is wrapped by every error about a policy itself: it cannot be read, contradicts itself, or conflicts with its
// superior's.
var ErrPolicy = errors.New("invalid_policy")

// ErrMetadata is wrapped by every error about metadata that a policy does not allow.
var ErrMetadata = errors.New("invalid_metadata")

func conflict(parameter, format string, args ...any) error {
	return fmt.Errorf("%w: %q: %s", ErrPolicy, parameter, fmt.Sprintf(format, args...))
}

// ParseSet reads a metadata_policy claim. critical are the operators that the statement's metadata_policy_crit names: one that
// is not understood makes the policy invalid; one that is not named there is ignored [OpenID Federation 1.0 §6.1.3.2].
func ParseSet(raw []byte, critical []string) (Set, error) {
	if err := check(critical); err != nil {
		return nil, err
	}
	var types map[string]json.RawMessage
	if err := decode(raw, &types); err != nil {
		return nil, err
	}
	set := make(Set, len(types))
	for name, raw := range types {
		p, err := Parse(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		set[name] = p
	}
	return set, nil
}

func check(critical []string) error {
	for _, name := range critical {
		if !slices.Contains(operators(), name) {
			return fmt.Errorf("%w: the critical operator %.40q is not known", ErrPolicy, name)
		}
	}
	return nil
}

// Parse reads the policy for one entity type.
func Parse(raw []byte) (Policy, error) {
	var parameters map[string]map[string]json.RawMessage
	if err := decode(raw, &parameters); err != nil {
		return Policy{}, err
	}
	p := Policy{parameters: make(map[string]rule, len(parameters))}
	for name, given := range parameters {
		r, err := parseRule(name, given)
		if err != nil {
			return Policy{}, err
		}
		p.parameters[name] = r
	}
	return p, nil
}

func decode[T any](raw []byte, into *map[string]T) error {
	if len(raw) > MaxBytes {
		return fmt.Errorf("%w: %d bytes are more than %d", ErrPolicy, len(raw), MaxBytes)
	}
	if err := json.Unmarshal(raw, into); err != nil || *into == nil {
		return fmt.Errorf("%w: it is not an object of objects", ErrPolicy)
	}
	if len(*into) > maxParameters {
		return fmt.Errorf("%w: %d entries are more than %d", ErrPolicy, len(*into), maxParameters)
	}
	return nil
}

// Merge adds a subordinate's policy to its superior's [OpenID Federation 1.0 §6.1.3.1]. Neither changes.
func (p Policy) Merge(subordinate Policy) (Policy, error) {
	merged := Policy{parameters: maps.Clone(p.parameters)}
	if merged.parameters == nil {
		merged.parameters = map[string]rule{}
	}
	for name, below := range subordinate.parameters {
		above, ok := merged.parameters[name]
		if !ok {
			merged.parameters[name] = below
			continue
		}
		r, err := above.merge(name, below)
		if err != nil {
			return Policy{}, err
		}
		merged.parameters[name] = r
	}
	return merged, nil
}

// Merge is [Policy.Merge] for each entity type.
func (s Set) Merge(subordinate Set) (Set, error) {
	merged := Set{}
	maps.Copy(merged, s)
	for name, below := range subordinate {
		p, err := merged[name].Merge(below)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		merged[name] = p
	}
	return merged, nil
}

// Apply returns metadata as the policy makes it, or an error that wraps [ErrMetadata] where the policy does not allow it
// [OpenID Federation 1.0 §6.1.4.2]. The argument does not change. Numbers in it are json.Number or float64.
func (p Policy) Apply(metadata map[string]any) (map[string]any, error) {
	out := maps.Clone(metadata)
	if out == nil {
		out = map[string]any{}
	}
	for _, name := range slices.Sorted(maps.Keys(p.parameters)) {
		if err := p.parameters[name].apply(name, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// MarshalJSON writes the policy as a metadata_policy claim has it.
func (p Policy) MarshalJSON() ([]byte, error) {
	out := make(map[string]map[string]any, len(p.parameters))
	for name, r := range p.parameters {
		out[name] = r.members()
	}
	return json.Marshal(out)
}
