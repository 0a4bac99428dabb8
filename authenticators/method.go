package authenticators

import "slices"

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
	// AMR is what a proof by this method adds to the amr claim, in values of RFC 8176 §2.
	AMR []string
	// Rung is the place on the acr ladder that the method reaches by itself, from LowestRung to HighestRung.
	Rung int
	// PhishingResistant means that a proof made for another site is worthless here, because the authenticator
	// itself binds it to the issuer.
	PhishingResistant bool
	// Enrolled means that the person sets the method up beforehand, in a credential with a secret of its own.
	Enrolled bool
	// Prompt is how the person answers.
	Prompt Prompt
	// Channels lists where the method may be offered.
	Channels []Channel
}

// OfferedOn reports whether the method may be offered on a channel.
func (m Method) OfferedOn(c Channel) bool { return slices.Contains(m.Channels, c) }

// Reaches reports whether the method by itself is enough for a rung of the ladder.
func (m Method) Reaches(rung int) bool { return m.Rung >= rung }
