package authenticators_test

import (
	"crypto/rand"
	"slices"
	"testing"

	"manyou/authenticators"
	"manyou/authenticators/recovery"
)

// described is an authenticator of which only the description matters.
type described struct {
	authenticators.Authenticator
	method authenticators.Method
}

func (d described) Method() authenticators.Method { return d.method }

func named(name string, channels ...authenticators.Channel) described {
	m := recovery.New(rand.Reader).Method()
	m.Name, m.Channels = name, channels
	return described{method: m}
}

func TestASetKeepsItsOrderAndFindsByName(t *testing.T) {
	s, err := authenticators.NewSet(
		named("b", authenticators.ChannelWeb), named("a", authenticators.ChannelApp),
		named("c", authenticators.ChannelWeb, authenticators.ChannelApp))
	if err != nil {
		t.Fatal(err)
	}
	var all, onWeb []string
	for a := range s.All() {
		all = append(all, a.Method().Name)
	}
	for a := range s.OfferedOn(authenticators.ChannelWeb) {
		onWeb = append(onWeb, a.Method().Name)
	}
	if !slices.Equal(all, []string{"b", "a", "c"}) || !slices.Equal(onWeb, []string{"b", "c"}) {
		t.Errorf("all %v, on the web %v", all, onWeb)
	}
	if m := s.Methods(); len(m) != 3 || m[1].Name != "a" {
		t.Errorf("methods %v", m)
	}
	if a, ok := s.ByName("c"); !ok || a.Method().Name != "c" {
		t.Error("c is not found")
	}
	if _, ok := s.ByName("d"); ok {
		t.Error("d is found")
	}
	for range s.OfferedOn(authenticators.ChannelWeb) {
		break
	}
}

func TestASetRefusesANameTwiceAndAnIncompleteDescription(t *testing.T) {
	if _, err := authenticators.NewSet(named("a", authenticators.ChannelWeb), named("a", authenticators.ChannelApp)); err == nil {
		t.Error("a name was taken twice")
	}
	if _, err := authenticators.NewSet(named("a")); err == nil {
		t.Error("a method that is offered nowhere was taken")
	}
	if s, err := authenticators.NewSet(); err != nil || len(s.Methods()) != 0 {
		t.Error("an empty set was refused")
	}
}
