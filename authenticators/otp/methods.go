package otp

import "manyou/authenticators"

// SMS describes the one-time code sent to a phone. Whoever can redirect the number receives the code, hence the
// lowest rung.
func SMS() authenticators.Method {
	return authenticators.Method{
		Name:     "sms",
		AMR:      []string{"sms"},
		Rung:     1,
		Channels: authenticators.Channels(),
	}
}

// TOTP describes the time-based code of an authenticator app.
func TOTP() authenticators.Method {
	return authenticators.Method{
		Name:     "totp",
		AMR:      []string{"otp"},
		Rung:     2,
		Enrolled: true,
		Channels: authenticators.Channels(),
	}
}
