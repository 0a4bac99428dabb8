package otp

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"manyou/authenticators"
)

// Phone is the authenticator of a code sent by SMS. A challenge's state is a [Challenge], which counts the attempts;
// its Show.Send goes to the request's address through a [Sender] and a [Gateway], and a [SIMGuard] where there is one.
// A credential's handle is the number.
type Phone struct {
	random io.Reader
	policy Policy
}

var _ authenticators.Authenticator = (*Phone)(nil)

// NewSMS returns the authenticator of codes by SMS. The source of randomness is safe for concurrent use.
func NewSMS(random io.Reader, p Policy) (*Phone, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return &Phone{random: random, policy: p}, nil
}

// Method is SMS.
func (p *Phone) Method() authenticators.Method { return SMS() }

// Begin draws a code for the request's address. ErrPhone if that is not a number which can receive one.
func (p *Phone) Begin(r authenticators.Request) (authenticators.Challenge, error) {
	if err := r.Validate(); err != nil {
		return authenticators.Challenge{}, err
	}
	state, code, err := NewChallenge(p.random, r.Address, r.Now, p.policy)
	if err != nil {
		return authenticators.Challenge{}, err
	}
	c, err := wrapChallenge(state, r.Purpose)
	c.Show.Send = code
	return c, err
}

// Enrol accepts the code, and with it the number.
func (p *Phone) Enrol(c authenticators.Challenge, answer string, now time.Time) (authenticators.Enrolment, error) {
	state, result, again, err := p.check(c, authenticators.PurposeEnrol, answer, now)
	if err != nil {
		return authenticators.Enrolment{}, err
	}
	e := authenticators.Enrolment{Outcome: result.Outcome, Again: again, AttemptsLeft: result.AttemptsLeft}
	if e.Outcome == authenticators.Accepted {
		e.Credentials = []authenticators.Credential{{Handle: state.Phone}}
	}
	return e, nil
}

// Verify accepts the code. It proves the number that the code was sent to. Of names the credential with that number,
// if it is among those given, and is "" without any: whose number it is, the caller finds out. If credentials are given
// and none has the number, a right code proves none of them and is Exhausted: used up for nothing.
func (p *Phone) Verify(
	c authenticators.Challenge, of []authenticators.Credential, answer string, now time.Time,
) (authenticators.Proof, error) {
	state, result, again, err := p.check(c, authenticators.PurposeProve, answer, now)
	if err != nil {
		return authenticators.Proof{}, err
	}
	proof := authenticators.Proof{Outcome: result.Outcome, Again: again, AttemptsLeft: result.AttemptsLeft}
	if proof.Outcome != authenticators.Accepted {
		return proof, nil
	}
	for _, credential := range of {
		if credential.Handle == state.Phone {
			proof.Of, proof.Use = credential.ID, authenticators.Use{Counter: credential.Counter, Still: true}
		}
	}
	if len(of) > 0 && proof.Of == "" {
		return authenticators.Proof{Outcome: authenticators.Exhausted}, nil
	}
	proof.Rung, proof.AMR = p.Method().Rung, p.Method().AMR
	return proof, nil
}

// check compares an answer with the code that was sent, and makes the challenge that is left of one it did not match.
func (p *Phone) check(
	c authenticators.Challenge, purpose authenticators.Purpose, answer string, now time.Time,
) (state Challenge, result Result, again authenticators.Challenge, err error) {
	if err := json.Unmarshal(c.State, &state); err != nil {
		return Challenge{}, Result{}, authenticators.Challenge{}, errState
	}
	if c.Purpose != purpose {
		return state, Result{Outcome: authenticators.Exhausted}, authenticators.Challenge{}, nil
	}
	result = state.Verify(answer, now)
	if result.Outcome != authenticators.Rejected {
		return state, result, authenticators.Challenge{}, nil
	}
	left := state
	left.AttemptsLeft = result.AttemptsLeft
	again, err = wrapChallenge(left, purpose)
	return state, result, again, err
}

// wrapChallenge puts a code's challenge into an authenticator's.
func wrapChallenge(state Challenge, purpose authenticators.Purpose) (authenticators.Challenge, error) {
	body, err := json.Marshal(state)
	if err != nil {
		return authenticators.Challenge{}, fmt.Errorf("otp: encode the challenge: %w", err)
	}
	return authenticators.Challenge{State: body, Purpose: purpose, ExpiresAt: state.ExpiresAt}, nil
}

// Revoke has nothing to do: a phone is not told.
func (p *Phone) Revoke(authenticators.Credential) (authenticators.Notice, error) {
	return authenticators.Notice{}, nil
}
