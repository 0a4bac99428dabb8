package authenticators_test

import (
	"crypto/rand"
	"testing"

	"manyou/authenticators"
	"manyou/authenticators/otp"
	"manyou/authenticators/passkey"
	"manyou/authenticators/recovery"
)

func methods() []authenticators.Method {
	var device passkey.Authenticator
	return []authenticators.Method{
		otp.SMS(), otp.TOTP(), otp.HOTP(), recovery.New(rand.Reader).Method(), device.Method(),
	}
}

func TestEveryMethodIsDescribedCompletely(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range methods() {
		if err := m.Validate(); err != nil {
			t.Error(err)
		}
		if seen[m.Name] {
			t.Errorf("the name %q is taken twice", m.Name)
		}
		seen[m.Name] = true
	}
}

func TestAnIncompleteDescriptionIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*authenticators.Method){
		"no name":             func(m *authenticators.Method) { m.Name = "" },
		"below the ladder":    func(m *authenticators.Method) { m.Rung = 0 },
		"above the ladder":    func(m *authenticators.Method) { m.Rung = 5 },
		"no amr":              func(m *authenticators.Method) { m.AMR = nil },
		"an unregistered amr": func(m *authenticators.Method) { m.AMR = []string{"telepathy"} },
		"no channel":          func(m *authenticators.Method) { m.Channels = nil },
		"an unknown channel":  func(m *authenticators.Method) { m.Channels = []authenticators.Channel{"fax"} },
		"no prompt":           func(m *authenticators.Method) { m.Prompt = "" },
	} {
		m := otp.SMS()
		spoil(&m)
		if m.Validate() == nil {
			t.Errorf("%s: was taken", name)
		}
	}
}

func TestACodeThatAPersonTypesIsNeverCalledPhishingResistant(t *testing.T) {
	for _, m := range methods() {
		if m.Prompt != authenticators.PromptTyped {
			continue
		}
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
