package authenticators

import (
	"fmt"
	"iter"
	"slices"
)

// Set holds the authenticators of an issuer in the order in which they are offered. It is where a new way to prove
// oneself is registered. The zero Set is empty. A Set never changes and is safe for concurrent use.
type Set struct {
	ordered []Authenticator
	byName  map[string]Authenticator
}

// NewSet registers authenticators in the order given. It refuses a description that is not complete
// ([Method.Validate]) and a name that is taken.
func NewSet(ordered ...Authenticator) (*Set, error) {
	s := &Set{ordered: slices.Clone(ordered), byName: make(map[string]Authenticator, len(ordered))}
	for _, a := range ordered {
		m := a.Method()
		if err := m.Validate(); err != nil {
			return nil, err
		}
		if _, taken := s.byName[m.Name]; taken {
			return nil, fmt.Errorf("authenticators: two are named %q", m.Name)
		}
		s.byName[m.Name] = a
	}
	return s, nil
}

// ByName returns the authenticator whose method has a name.
func (s *Set) ByName(name string) (Authenticator, bool) {
	a, ok := s.byName[name]
	return a, ok
}

// All yields the authenticators in order.
func (s *Set) All() iter.Seq[Authenticator] { return slices.Values(s.ordered) }

// Methods describes the authenticators, in order.
func (s *Set) Methods() []Method {
	methods := make([]Method, 0, len(s.ordered))
	for _, a := range s.ordered {
		methods = append(methods, a.Method())
	}
	return methods
}

// OfferedOn yields the authenticators that may be offered on a channel, in order.
func (s *Set) OfferedOn(c Channel) iter.Seq[Authenticator] {
	return func(yield func(Authenticator) bool) {
		for _, a := range s.ordered {
			if a.Method().OfferedOn(c) && !yield(a) {
				return
			}
		}
	}
}
