package otp

import (
	"slices"

	"manyou/authenticators"
)

// SMS describes the one-time code sent to a phone. Whoever can redirect the number receives the code, hence the
// lowest rung: NIST SP 800-63B-4 restricts it (§3.1.3.3).
func SMS() authenticators.Method {
	return authenticators.Method{
		Name:     "sms",
		AMR:      []string{"sms"},
		Rung:     1,
		Prompt:   authenticators.PromptTyped,
		Channels: authenticators.Channels(),
	}
}

// TOTP describes the time-based code of an authenticator app.
func TOTP() authenticators.Method { return computed("totp") }

// HOTP describes the counter-based code of an authenticator app or a hardware token.
func HOTP() authenticators.Method { return computed("hotp") }

// computed describes a code that the person's own device computes.
func computed(name string) authenticators.Method {
	return authenticators.Method{
		Name:     name,
		AMR:      []string{"otp"},
		Rung:     2,
		Enrolled: true,
		Prompt:   authenticators.PromptTyped,
		Channels: authenticators.Channels(),
	}
}

// cloneMethod copies a description, so that no reader changes it for others.
func cloneMethod(m authenticators.Method) authenticators.Method {
	m.AMR, m.Channels = slices.Clone(m.AMR), slices.Clone(m.Channels)
	return m
}
