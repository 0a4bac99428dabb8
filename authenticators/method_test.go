package authenticators_test

import (
	"slices"
	"testing"

	"manyou/authenticators"
	"manyou/authenticators/otp"
)

func methods() []authenticators.Method { return []authenticators.Method{otp.SMS(), otp.TOTP()} }

// Values registered by RFC 8176 §2 and the IANA registry it created.
var registered = []string{
	"face", "fpt", "geo", "hwk", "iris", "kba", "mca", "mfa", "otp", "pin", "pop", "pwd", "rba", "retina", "sc", "sms",
	"swk", "tel", "user", "vbm", "wia",
}

func TestEveryMethodIsDescribedCompletely(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range methods() {
		if m.Name == "" || seen[m.Name] {
			t.Errorf("name %q is empty or taken twice", m.Name)
		}
		seen[m.Name] = true
		if m.Rung < authenticators.LowestRung || m.Rung > authenticators.HighestRung {
			t.Errorf("%s: rung %d is off the ladder", m.Name, m.Rung)
		}
		if len(m.AMR) == 0 {
			t.Errorf("%s: no amr", m.Name)
		}
		for _, v := range m.AMR {
			if !slices.Contains(registered, v) {
				t.Errorf("%s: amr %q is not registered", m.Name, v)
			}
		}
		if len(m.Channels) == 0 {
			t.Errorf("%s: offered nowhere", m.Name)
		}
		for _, c := range m.Channels {
			if !slices.Contains(authenticators.Channels(), c) {
				t.Errorf("%s: unknown channel %q", m.Name, c)
			}
		}
	}
}

func TestACodeThatAPersonTypesIsNeverCalledPhishingResistant(t *testing.T) {
	for _, m := range []authenticators.Method{otp.SMS(), otp.TOTP()} {
		if m.PhishingResistant {
			t.Errorf("%s claims phishing resistance", m.Name)
		}
	}
}

func TestAMethodReachesItsRungAndNoHigher(t *testing.T) {
	for _, m := range methods() {
		for rung := authenticators.LowestRung; rung <= authenticators.HighestRung; rung++ {
			if got, want := m.Reaches(rung), rung <= m.Rung; got != want {
				t.Errorf("%s reaches %d: got %v, want %v", m.Name, rung, got, want)
			}
		}
	}
}

func TestADescriptionCannotBeChangedByItsReader(t *testing.T) {
	otp.SMS().AMR[0] = "hwk"
	if otp.SMS().AMR[0] != "sms" {
		t.Error("a reader changed the description for everybody")
	}
}

func TestAMethodIsOfferedOnlyWhereItSaysSo(t *testing.T) {
	m := authenticators.Method{Channels: []authenticators.Channel{authenticators.ChannelApp}}
	for _, c := range authenticators.Channels() {
		if got, want := m.OfferedOn(c), c == authenticators.ChannelApp; got != want {
			t.Errorf("offered on %s: got %v, want %v", c, got, want)
		}
	}
}
