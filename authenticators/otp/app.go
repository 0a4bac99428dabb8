package otp

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"manyou/authenticators"
)

// appLifetime is how long an enrolment shows its QR code and how long a proof waits for its code.
const appLifetime = 15 * time.Minute

// App is the authenticator of what computes codes from a shared secret: an authenticator app or a hardware token, by
// time ([NewTOTP]) or by counter ([NewHOTP]). [authenticators.Credential.Secret] is the shared secret, as raw bytes.
type App struct {
	method authenticators.Method
	issuer string
	uri    func(issuer, account string, secret []byte) (string, error)
	// verify checks an answer to a credential whose counter is stored, and returns the counter to be stored.
	verify func(secret []byte, answer string, now time.Time, stored int64) (int64, bool)
	// readable reports whether an answer may be an answer at all.
	readable func(answer string) bool
}

var _ authenticators.Authenticator = (*App)(nil)

// NewTOTP returns the authenticator of time-based codes (RFC 6238). The issuer's name appears on the app's screen: 1 to
// 64 printable characters without a colon. The stored counter is the last time step that was accepted.
func NewTOTP(issuer string) (*App, error) {
	return newApp(App{
		method: TOTP(), issuer: issuer, uri: URI, verify: VerifyTOTP,
		readable: func(answer string) bool { _, ok := NormaliseCode(answer); return ok },
	})
}

// NewHOTP returns the authenticator of counter-based codes (RFC 4226); see [NewTOTP] for the issuer. The stored counter
// is the first that was not used yet.
func NewHOTP(issuer string) (*App, error) {
	return newApp(App{
		method: HOTP(), issuer: issuer, uri: HOTPURI,
		verify: func(secret []byte, answer string, _ time.Time, next int64) (int64, bool) {
			return VerifyHOTP(secret, answer, next)
		},
		readable: func(answer string) bool { _, _, ok := hotpCodes(answer); return ok },
	})
}

func newApp(a App) (*App, error) {
	if !isLabel(a.issuer) {
		return nil, fmt.Errorf("otp: an issuer's name needs 1 to %d printable characters without a colon", maxLabel)
	}
	return &a, nil
}

// appState is what an enrolment remembers. A proof has nothing to remember.
type appState struct {
	Key []byte `json:"key"`
}

// Method is TOTP or HOTP.
func (a *App) Method() authenticators.Method { return cloneMethod(a.method) }

// Begin shows a secret derived from the nonce, for an enrolment; a proof needs no question. The name must not hold a
// colon, which separates it from the issuer's in the URI.
func (a *App) Begin(r authenticators.Request) (authenticators.Challenge, error) {
	if err := r.Validate(); err != nil {
		return authenticators.Challenge{}, err
	}
	c := authenticators.Challenge{Purpose: r.Purpose, ExpiresAt: r.Now.Add(appLifetime)}
	if r.Purpose == authenticators.PurposeProve {
		return c, nil
	}
	secret, err := deriveSecret(a.method.Name, r.Nonce, r.Handle)
	if err != nil {
		return authenticators.Challenge{}, err
	}
	if c.Show.URI, err = a.uri(a.issuer, r.Name, secret); err != nil {
		return authenticators.Challenge{}, err
	}
	if c.State, err = json.Marshal(appState{Key: secret}); err != nil {
		return authenticators.Challenge{}, fmt.Errorf("otp: encode the challenge: %w", err)
	}
	c.Show.Text = SecretText(secret)
	return c, nil
}

// Enrol accepts a first code, and so learns that the app has the secret and its clock is right. The code is used up.
func (a *App) Enrol(c authenticators.Challenge, answer string, now time.Time) (authenticators.Enrolment, error) {
	e := authenticators.Enrolment{AttemptsLeft: -1}
	if c.Purpose != authenticators.PurposeEnrol {
		e.Outcome = authenticators.Rejected
		return e, nil
	}
	var s appState
	if err := json.Unmarshal(c.State, &s); err != nil || !isSecret(s.Key) {
		return authenticators.Enrolment{}, errState
	}
	counter, outcome := a.check(c, s.Key, answer, now, 0)
	switch e.Outcome = outcome; outcome {
	case authenticators.Accepted:
		e.Credentials = []authenticators.Credential{{Secret: s.Key, Counter: counter}}
	case authenticators.Rejected:
		e.Again = c
	default: // there is nothing to go on with
	}
	return e, nil
}

// Verify accepts a code of one of the credentials that is newer than the last one accepted.
func (a *App) Verify(
	c authenticators.Challenge, of []authenticators.Credential, answer string, now time.Time,
) (authenticators.Proof, error) {
	p := authenticators.Proof{Outcome: authenticators.Rejected, AttemptsLeft: -1}
	if c.Purpose != authenticators.PurposeProve {
		return p, nil
	}
	if len(of) == 0 { // as much work as for somebody, who would be refused the same way
		if _, p.Outcome = a.check(c, decoySecret[:], answer, now, 0); p.Outcome == authenticators.Accepted {
			p.Outcome = authenticators.Rejected
		}
	}
	for _, credential := range of {
		if !isSecret(credential.Secret) {
			return authenticators.Proof{}, fmt.Errorf("otp: credential %q: %w", credential.ID, errRecord)
		}
		counter, outcome := a.check(c, credential.Secret, answer, now, credential.Counter)
		if p.Outcome = outcome; outcome == authenticators.Accepted {
			p.Of, p.Use = credential.ID, authenticators.Use{Counter: counter}
			p.Rung, p.AMR = a.method.Rung, a.Method().AMR
			return p, nil
		}
	}
	if p.Outcome == authenticators.Rejected {
		p.Again = c
	}
	return p, nil
}

// check compares an answer with the codes of one secret.
func (a *App) check(
	c authenticators.Challenge, secret []byte, answer string, now time.Time, stored int64,
) (int64, authenticators.Outcome) {
	if !now.Before(c.ExpiresAt) {
		return 0, authenticators.Expired
	}
	if !a.readable(answer) {
		return 0, authenticators.Malformed
	}
	counter, ok := a.verify(secret, answer, now, stored)
	if !ok {
		return 0, authenticators.Rejected
	}
	return counter, authenticators.Accepted
}

// Revoke has nothing to do: the app is not told.
func (a *App) Revoke(authenticators.Credential) (authenticators.Notice, error) {
	return authenticators.Notice{}, nil
}

// decoySecret is nobody's.
var decoySecret [secretLength]byte

var (
	errState  = errors.New("otp: this challenge was not made here")
	errRecord = errors.New("this record was not made here")
)
