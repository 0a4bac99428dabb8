package policy

import (
	"fmt"
	"slices"
	"strings"
)

// apply changes one parameter of metadata as the rule says, in the order of [OpenID Federation 1.0 §6.1.3.1].
func (r rule) apply(name string, metadata map[string]any) error {
	if r.value != nil {
		if r.value.null() {
			delete(metadata, name)
		} else {
			metadata[name] = r.value.any
		}
	}
	if r.add != nil {
		given := list{}
		if v, ok := metadata[name]; ok {
			given = asList(name, newValue(v))
		}
		set(name, metadata, given.union(*r.add))
	}
	if _, ok := metadata[name]; !ok && r.preset != nil {
		metadata[name] = r.preset.any
	}
	v, present := metadata[name]
	if present {
		if err := r.check(name, newValue(v), metadata); err != nil {
			return err
		}
		_, present = metadata[name]
	}
	if !present && r.essential != nil && *r.essential {
		return refused(name, "it must be there")
	}
	return nil
}

// check applies the operators that look at what is there.
func (r rule) check(name string, v value, metadata map[string]any) error {
	if r.oneOf != nil && !r.oneOf.has(v) {
		return refused(name, "it is none of those that are allowed")
	}
	if r.subsetOf == nil && r.supersetOf == nil {
		return nil
	}
	l := asList(name, v)
	if r.subsetOf != nil {
		l = l.intersection(*r.subsetOf)
		set(name, metadata, l)
	}
	if r.supersetOf != nil && !l.contains(*r.supersetOf) {
		return refused(name, "it lacks values that must be there")
	}
	return nil
}

func refused(name, why string) error { return fmt.Errorf("%w: %q: %s", ErrMetadata, name, why) }

// spaced are the parameters whose strings are lists with spaces between [OpenID Federation 1.0 §6.1.3.1: scope].
func spaced(name string) bool { return name == "scope" }

// asList is a parameter as a set of values: an array, or a string that is a list; anything else is a set of one.
func asList(name string, v value) list {
	if v.array() {
		return unique(v.elements())
	}
	if s, ok := v.any.(string); ok && spaced(name) {
		var l list
		for word := range strings.FieldsSeq(s) {
			l = append(l, newValue(word))
		}
		return unique(l)
	}
	return list{v}
}

// set stores a set of values in the form that the parameter has.
func set(name string, metadata map[string]any, l list) {
	if !spaced(name) {
		metadata[name] = l.any()
		return
	}
	words := make([]string, 0, len(l))
	for _, v := range l {
		if s, ok := v.any.(string); ok {
			words = append(words, s)
		}
	}
	metadata[name] = strings.Join(words, " ")
}

func (l list) any() []any {
	out := make([]any, 0, len(l))
	for _, v := range l {
		out = append(out, v.any)
	}
	return out
}

func (l list) has(v value) bool { return slices.ContainsFunc(l, v.equal) }

// contains reports whether all of a set are among these.
func (l list) contains(all list) bool {
	return !slices.ContainsFunc(all, func(v value) bool { return !l.has(v) })
}

func (l list) union(o list) list { return unique(append(slices.Clone(l), o...)) }

func (l list) intersection(o list) list {
	return slices.DeleteFunc(slices.Clone(l), func(v value) bool { return !o.has(v) })
}

func unique(l list) list {
	out := make(list, 0, len(l))
	for _, v := range l {
		if !out.has(v) {
			out = append(out, v)
		}
	}
	return out
}
