package authenticators

import (
	"errors"
	"fmt"
	"slices"
)

// Channel is how the person comes to the issuer. Applications may be restricted to some.
type Channel string

// The channels.
const (
	ChannelApp         Channel = "app"
	ChannelMiniProgram Channel = "mini-program"
	ChannelKiosk       Channel = "kiosk"
	ChannelCounter     Channel = "counter"
	ChannelWeb         Channel = "web"
)

// Channels returns every channel.
func Channels() []Channel {
	return []Channel{ChannelApp, ChannelMiniProgram, ChannelKiosk, ChannelCounter, ChannelWeb}
}

// The ends of the acr ladder.
const (
	LowestRung  = 1
	HighestRung = 4
)

// Prompt is how a person answers a challenge, and so which page asks.
type Prompt string

// The prompts.
const (
	PromptTyped   Prompt = "typed"   // a code, typed
	PromptBrowser Prompt = "browser" // by the browser's own interface
	PromptDevice  Prompt = "device"  // at another device of the person
)

// Method describes a way to prove oneself: what tokens say about it and where it may be offered.
type Method struct {
	// Name identifies the method in stored credentials, configuration and message catalogues: "sms", "totp".
	Name string
	// AMR is what a proof by this method may add to the amr claim, in values of RFC 8176 §2. [Proof.AMR] holds what it
	// does add.
	AMR []string
	// Rung is the highest place on the acr ladder that the method reaches by itself, from LowestRung to HighestRung.
	Rung int
	// PhishingResistant means that a proof made for another site is worthless here, because the authenticator
	// itself binds it to the issuer.
	PhishingResistant bool
	// Enrolled means that the person sets the method up beforehand, in a credential with a secret of its own.
	Enrolled bool
	// Second means that a proof by this method counts only beside one of the person's own by another, given before it in
	// the same conversation or in the session that is stepped up. It does not make an authentication fresh.
	Second bool
	// Prompt is how the person answers.
	Prompt Prompt
	// Channels lists where the method may be offered.
	Channels []Channel
}

// OfferedOn reports whether the method may be offered on a channel.
func (m Method) OfferedOn(c Channel) bool { return slices.Contains(m.Channels, c) }

// Reaches reports whether the method by itself is enough for a rung of the ladder.
func (m Method) Reaches(rung int) bool { return m.Rung >= rung }

// registeredAMR are the values of RFC 8176 §2 and the IANA registry it created.
var registeredAMR = []string{
	"face", "fpt", "geo", "hwk", "iris", "kba", "mca", "mfa", "otp", "pin", "pop", "pwd", "rba", "retina", "sc", "sms",
	"swk", "tel", "user", "vbm", "wia",
}

// Validate reports the first thing that a description lacks or gets wrong.
func (m Method) Validate() error {
	switch {
	case m.Name == "":
		return errors.New("authenticators: a method has no name")
	case m.Rung < LowestRung || m.Rung > HighestRung:
		return fmt.Errorf("authenticators: %s: rung %d is off the ladder", m.Name, m.Rung)
	case m.Second && !m.Enrolled:
		return fmt.Errorf("authenticators: %s: the second proof is nobody's", m.Name)
	case m.Prompt != PromptTyped && m.Prompt != PromptBrowser && m.Prompt != PromptDevice:
		return fmt.Errorf("authenticators: %s: unknown prompt %q", m.Name, m.Prompt)
	case len(m.AMR) == 0:
		return fmt.Errorf("authenticators: %s: no amr", m.Name)
	case len(m.Channels) == 0:
		return fmt.Errorf("authenticators: %s: offered nowhere", m.Name)
	}
	for _, v := range m.AMR {
		if !slices.Contains(registeredAMR, v) {
			return fmt.Errorf("authenticators: %s: amr %q is not registered", m.Name, v)
		}
	}
	for _, c := range m.Channels {
		if !slices.Contains(Channels(), c) {
			return fmt.Errorf("authenticators: %s: unknown channel %q", m.Name, c)
		}
	}
	return nil
}
