package relative

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"manyou/authenticators"
	"manyou/authenticators/otp"
)

// Name is the method's, in credentials, configuration and message catalogues.
const Name = "relative"

// Max is how many relatives a person may register. A code goes to all of them: whoever is at hand helps.
const Max = 3

// Authenticator sends the second code to registered relatives. It is safe for concurrent use.
type Authenticator struct {
	random io.Reader
	policy otp.Policy
}

var _ authenticators.Authenticator = (*Authenticator)(nil)

// New returns the authenticator. The source of randomness is safe for concurrent use.
func New(random io.Reader, p otp.Policy) (*Authenticator, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return &Authenticator{random: random, policy: p}, nil
}

// Method describes the second code: on the second rung, because both the person's own proof and the relative are needed, and
// never above it, because both may have come by SMS.
func (*Authenticator) Method() authenticators.Method {
	return authenticators.Method{
		Name:     Name,
		AMR:      []string{"sms"},
		Rung:     2,
		Enrolled: true,
		Second:   true,
		Prompt:   authenticators.PromptTyped,
		Channels: authenticators.Channels(),
	}
}

// record is what is stored of a relative.
type record struct {
	Phone string `json:"phone"` // E.164
}

// Phone is the number in a credential of this method, in E.164; "" if it is none.
func Phone(secret []byte) string {
	var r record
	if json.Unmarshal(secret, &r) != nil {
		return ""
	}
	return r.Phone
}

// state is a code that was sent, and to whom.
type state struct {
	otp.Challenge
	Phones []string `json:"phones"`
}

// nobody is what a code is bound to that nobody receives: the country code 999 is in reserve (ITU-T E.164).
const nobody = "+9990000000"

// Begin draws a code: for the phone at the request's address, which is to become a relative's, or for the phones of the
// credentials. Without any it draws one that is sent to nobody. otp.ErrPhone if the address cannot receive a code.
func (a *Authenticator) Begin(r authenticators.Request) (authenticators.Challenge, error) {
	if err := r.Validate(); err != nil {
		return authenticators.Challenge{}, err
	}
	phones := []string{r.Address}
	if r.Purpose == authenticators.PurposeProve {
		var err error
		if phones, err = phonesOf(r.Credentials); err != nil {
			return authenticators.Challenge{}, err
		}
	}
	binding := nobody
	if len(phones) > 0 {
		binding = phones[0]
	}
	sent, code, err := otp.NewChallenge(a.random, binding, r.Now, a.policy)
	if err != nil {
		return authenticators.Challenge{}, err
	}
	c, err := wrap(state{Challenge: sent, Phones: phones}, r.Purpose)
	c.Show.Send, c.Show.To = code, phones
	return c, err
}

func phonesOf(credentials []authenticators.Credential) (phones []string, err error) {
	for _, c := range credentials {
		phone := Phone(c.Secret)
		if phone == "" {
			return nil, fmt.Errorf("relative: credential %q: this record was not made here", c.ID)
		}
		if !slices.Contains(phones, phone) {
			phones = append(phones, phone)
		}
	}
	return phones, nil
}

// Enrol accepts the code, and with it that the relative agrees.
func (a *Authenticator) Enrol(c authenticators.Challenge, answer string, now time.Time) (authenticators.Enrolment, error) {
	s, result, again, err := check(c, authenticators.PurposeEnrol, answer, now)
	if err != nil {
		return authenticators.Enrolment{}, err
	}
	e := authenticators.Enrolment{Outcome: result.Outcome, Again: again, AttemptsLeft: result.AttemptsLeft}
	if e.Outcome != authenticators.Accepted {
		return e, nil
	}
	secret, err := json.Marshal(record{Phone: s.Phone})
	e.Credentials = []authenticators.Credential{{Secret: secret}}
	return e, err
}

// Verify accepts the code that was sent to the relatives. It names the first of the credentials that it was sent to; a right
// code that was sent to none of them is Exhausted: used up for nothing.
func (a *Authenticator) Verify(
	c authenticators.Challenge, of []authenticators.Credential, answer string, now time.Time,
) (authenticators.Proof, error) {
	if _, err := phonesOf(of); err != nil {
		return authenticators.Proof{}, err
	}
	s, result, again, err := check(c, authenticators.PurposeProve, answer, now)
	if err != nil {
		return authenticators.Proof{}, err
	}
	proof := authenticators.Proof{Outcome: result.Outcome, Again: again, AttemptsLeft: result.AttemptsLeft}
	if proof.Outcome != authenticators.Accepted {
		return proof, nil
	}
	n := slices.IndexFunc(of, func(c authenticators.Credential) bool { return slices.Contains(s.Phones, Phone(c.Secret)) })
	if n < 0 {
		return authenticators.Proof{Outcome: authenticators.Exhausted}, nil
	}
	proof.Of, proof.Use = of[n].ID, authenticators.Use{Counter: of[n].Counter, Still: true}
	proof.Rung, proof.AMR = a.Method().Rung, a.Method().AMR
	return proof, nil
}

// Revoke has nothing to do: the relative is not told.
func (*Authenticator) Revoke(authenticators.Credential) (authenticators.Notice, error) {
	return authenticators.Notice{}, nil
}

// check compares an answer with the code that was sent, and makes the challenge that is left of one it did not match.
func check(
	c authenticators.Challenge, purpose authenticators.Purpose, answer string, now time.Time,
) (s state, result otp.Result, again authenticators.Challenge, err error) {
	if err := json.Unmarshal(c.State, &s); err != nil {
		return state{}, otp.Result{}, authenticators.Challenge{}, errState
	}
	if c.Purpose != purpose {
		return s, otp.Result{Outcome: authenticators.Exhausted}, authenticators.Challenge{}, nil
	}
	result = s.Challenge.Verify(answer, now)
	if result.Outcome != authenticators.Rejected {
		return s, result, authenticators.Challenge{}, nil
	}
	left := s
	left.AttemptsLeft = result.AttemptsLeft
	again, err = wrap(left, purpose)
	return s, result, again, err
}

func wrap(s state, purpose authenticators.Purpose) (authenticators.Challenge, error) {
	body, err := json.Marshal(s)
	if err != nil {
		return authenticators.Challenge{}, fmt.Errorf("relative: encode the challenge: %w", err)
	}
	return authenticators.Challenge{State: body, Purpose: purpose, ExpiresAt: s.ExpiresAt}, nil
}

var errState = errors.New("relative: this challenge was not made here")
