package policy

import (
	"bytes"
	"encoding/json"
	"slices"
)

// The operators, in the order in which they are applied [OpenID Federation 1.0 §6.1.3.1].
const (
	opValue      = "value"
	opAdd        = "add"
	opDefault    = "default"
	opOneOf      = "one_of"
	opSubsetOf   = "subset_of"
	opSupersetOf = "superset_of"
	opEssential  = "essential"
)

func operators() []string {
	return []string{opValue, opAdd, opDefault, opOneOf, opSubsetOf, opSupersetOf, opEssential}
}

// rule is what is allowed of one parameter.
type rule struct {
	value, preset                    *value // preset is the operand of default
	add, oneOf, subsetOf, supersetOf *list
	essential                        *bool
}

// list is an operand that is an array: a set of values.
type list []value

func parseRule(name string, given map[string]json.RawMessage) (r rule, err error) {
	for operator, raw := range given {
		switch operator {
		case opValue:
			r.value, err = operand(name, raw)
		case opDefault:
			if r.preset, err = operand(name, raw); err == nil && r.preset.null() {
				return rule{}, conflict(name, "a default of null")
			}
		case opAdd:
			r.add, err = operandList(name, raw)
		case opOneOf:
			r.oneOf, err = operandList(name, raw)
		case opSubsetOf:
			r.subsetOf, err = operandList(name, raw)
		case opSupersetOf:
			r.supersetOf, err = operandList(name, raw)
		case opEssential:
			var b *bool
			if json.Unmarshal(raw, &b) != nil || b == nil {
				return rule{}, conflict(name, "essential is not a boolean")
			}
			r.essential = b
		}
		if err != nil {
			return rule{}, err
		}
	}
	return r, r.consistent(name)
}

func operand(name string, raw json.RawMessage) (*value, error) {
	v, err := parseValue(raw)
	if err != nil || len(v.elements()) > maxValues {
		return nil, conflict(name, "an operand that is no value, or has more than %d", maxValues)
	}
	return &v, nil
}

func operandList(name string, raw json.RawMessage) (*list, error) {
	v, err := parseValue(raw)
	if err != nil || !v.array() || len(v.elements()) > maxValues {
		return nil, conflict(name, "an operand that is no array, or has more than %d values", maxValues)
	}
	l := unique(v.elements())
	return &l, nil
}

// merge adds what a subordinate says.
func (r rule) merge(name string, below rule) (rule, error) {
	m := r
	switch { // [OpenID Federation 1.0 §6.1.3.1.1]: equal, or a conflict
	case r.value == nil:
		m.value = below.value
	case below.value != nil && !r.value.equal(*below.value):
		return rule{}, conflict(name, "value differs from the superior's")
	}
	switch { // [§6.1.3.1.3]
	case r.preset == nil:
		m.preset = below.preset
	case below.preset != nil && !r.preset.equal(*below.preset):
		return rule{}, conflict(name, "default differs from the superior's")
	}
	m.add = join(r.add, below.add, list.union)                       // [§6.1.3.1.2]
	m.oneOf = join(r.oneOf, below.oneOf, list.intersection)          // [§6.1.3.1.4]
	m.subsetOf = join(r.subsetOf, below.subsetOf, list.intersection) // [§6.1.3.1.5]
	m.supersetOf = join(r.supersetOf, below.supersetOf, list.union)  // [§6.1.3.1.6]
	if m.oneOf != nil && len(*m.oneOf) == 0 {
		return rule{}, conflict(name, "nothing is left that one_of allows")
	}
	if below.essential != nil { // [§6.1.3.1.7]: true stays true
		e := *below.essential || r.essential != nil && *r.essential
		m.essential = &e
	}
	return m, m.consistent(name)
}

func join(above, below *list, by func(list, list) list) *list {
	switch {
	case above == nil:
		return below
	case below == nil:
		return above
	}
	l := by(*above, *below)
	return &l
}

// consistent reports the first pair of operators that contradict each other.
func (r rule) consistent(name string) error {
	if r.value != nil {
		if err := r.valueConsistent(name); err != nil {
			return err
		}
	}
	switch {
	case r.add != nil && r.oneOf != nil:
		return conflict(name, "add and one_of cannot be combined")
	case r.oneOf != nil && (r.subsetOf != nil || r.supersetOf != nil):
		return conflict(name, "one_of is for a single value, subset_of and superset_of are for several")
	case r.add != nil && r.subsetOf != nil && !r.subsetOf.contains(*r.add):
		return conflict(name, "add adds what subset_of does not allow")
	case r.subsetOf != nil && r.supersetOf != nil && !r.subsetOf.contains(*r.supersetOf):
		return conflict(name, "superset_of wants what subset_of does not allow")
	case r.oneOf != nil && len(*r.oneOf) == 0:
		return conflict(name, "one_of allows nothing")
	}
	return nil
}

func (r rule) valueConsistent(name string) error {
	v := *r.value
	switch {
	case v.null() && r.essential != nil && *r.essential:
		return conflict(name, "an essential parameter is removed")
	case v.null() && (r.preset != nil || r.add != nil && len(*r.add) > 0 || r.supersetOf != nil && len(*r.supersetOf) > 0):
		return conflict(name, "what is removed has a default, or values that must be there")
	case r.oneOf != nil && !r.oneOf.has(v):
		return conflict(name, "value is not among those of one_of")
	case v.null():
		return nil
	}
	l := asList(name, v)
	switch {
	case r.add != nil && !l.contains(*r.add):
		return conflict(name, "add adds what value does not have")
	case r.subsetOf != nil && !r.subsetOf.contains(l):
		return conflict(name, "value has what subset_of does not allow")
	case r.supersetOf != nil && !l.contains(*r.supersetOf):
		return conflict(name, "value lacks what superset_of wants")
	}
	return nil
}

func (r rule) members() map[string]any {
	out := map[string]any{}
	for name, v := range map[string]*value{opValue: r.value, opDefault: r.preset} {
		if v != nil {
			out[name] = v.any
		}
	}
	for name, l := range map[string]*list{opAdd: r.add, opOneOf: r.oneOf, opSubsetOf: r.subsetOf, opSupersetOf: r.supersetOf} {
		if l != nil {
			out[name] = l.any()
		}
	}
	if r.essential != nil {
		out[opEssential] = *r.essential
	}
	return out
}

// value is any JSON value with the form by which it is compared.
type value struct {
	any       any
	canonical string
}

func parseValue(raw []byte) (value, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return value{}, err
	}
	return newValue(v), nil
}

// newValue makes a value comparable: encoding/json writes the members of objects in order. Arrays are compared as sets.
func newValue(v any) value {
	canonical, _ := json.Marshal(v) //nolint:errchkjson // it was JSON a moment ago
	if a, ok := v.([]any); ok {
		parts := make([]string, 0, len(a))
		for _, e := range a {
			parts = append(parts, newValue(e).canonical)
		}
		slices.Sort(parts)
		canonical, _ = json.Marshal(slices.Compact(parts)) //nolint:errchkjson // strings
	}
	return value{any: v, canonical: string(canonical)}
}

func (v value) null() bool         { return v.any == nil }
func (v value) equal(o value) bool { return v.canonical == o.canonical }

func (v value) array() bool {
	_, ok := v.any.([]any)
	return ok
}

func (v value) elements() (l list) {
	a, _ := v.any.([]any)
	for _, e := range a {
		l = append(l, newValue(e))
	}
	return l
}
