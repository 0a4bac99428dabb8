package recovery

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"manyou/authenticators"
)

const (
	// Codes is how many codes a set has.
	Codes = 10
	// Kept is the answer to an enrolment: the person says that the codes are written down.
	Kept = "kept"
	// lifetime is how long codes are shown, and how long a proof waits for one.
	lifetime = 30 * time.Minute
)

// Authenticator accepts recovery codes. It is safe for concurrent use.
type Authenticator struct{ random io.Reader }

var _ authenticators.Authenticator = (*Authenticator)(nil)

// New returns the authenticator of recovery codes. The source of randomness is safe for concurrent use.
func New(random io.Reader) *Authenticator { return &Authenticator{random: random} }

// Method describes recovery codes: look-up secrets in the words of NIST SP 800-63B-4 §3.1.2. What is written on paper
// can be copied unseen, hence the lowest rung.
func (*Authenticator) Method() authenticators.Method {
	return authenticators.Method{
		Name:     "recovery",
		AMR:      []string{"otp"},
		Rung:     1,
		Enrolled: true,
		Prompt:   authenticators.PromptTyped,
		Channels: authenticators.Channels(),
	}
}

// state is what an enrolment remembers: the records, not the codes.
type state struct {
	Records [][]byte `json:"records"`
}

// Begin draws ten codes and shows them, for an enrolment; a proof needs no question.
func (a *Authenticator) Begin(r authenticators.Request) (authenticators.Challenge, error) {
	if err := r.Validate(); err != nil {
		return authenticators.Challenge{}, err
	}
	c := authenticators.Challenge{Purpose: r.Purpose, ExpiresAt: r.Now.Add(lifetime)}
	if r.Purpose == authenticators.PurposeProve {
		return c, nil
	}
	var s state
	for range Codes {
		code, err := newCode(a.random)
		if err != nil {
			return authenticators.Challenge{}, err
		}
		record, err := newRecord(a.random, code)
		if err != nil {
			return authenticators.Challenge{}, err
		}
		c.Show.Codes, s.Records = append(c.Show.Codes, code), append(s.Records, record)
	}
	var err error
	if c.State, err = json.Marshal(s); err != nil {
		return authenticators.Challenge{}, fmt.Errorf("recovery: encode the challenge: %w", err)
	}
	return c, nil
}

// Enrol accepts [Kept] and returns one credential per code, which replace those of an earlier set.
func (a *Authenticator) Enrol(c authenticators.Challenge, answer string, now time.Time) (authenticators.Enrolment, error) {
	e := authenticators.Enrolment{AttemptsLeft: -1}
	if c.Purpose != authenticators.PurposeEnrol {
		e.Outcome = authenticators.Rejected
		return e, nil
	}
	var s state
	if err := json.Unmarshal(c.State, &s); err != nil || len(s.Records) != Codes {
		return authenticators.Enrolment{}, errState
	}
	switch {
	case !now.Before(c.ExpiresAt):
		e.Outcome = authenticators.Expired
		return e, nil
	case answer != Kept:
		e.Outcome = authenticators.Malformed
		return e, nil
	}
	for _, record := range s.Records {
		if !isRecord(record) {
			return authenticators.Enrolment{}, errState
		}
		e.Credentials = append(e.Credentials, authenticators.Credential{Secret: record})
	}
	e.Outcome, e.Replaces = authenticators.Accepted, true
	return e, nil
}

// Verify accepts the code of one of the credentials. It makes at least ten comparisons, so that it takes as long for
// nobody, and for a person who has used nine codes, as for one who has all of them.
func (a *Authenticator) Verify(
	c authenticators.Challenge, of []authenticators.Credential, answer string, now time.Time,
) (authenticators.Proof, error) {
	p := authenticators.Proof{Outcome: authenticators.Rejected, AttemptsLeft: -1}
	if c.Purpose != authenticators.PurposeProve {
		return p, nil
	}
	if !now.Before(c.ExpiresAt) {
		p.Outcome = authenticators.Expired
		return p, nil
	}
	symbols, ok := normalise(answer)
	if !ok {
		p.Outcome = authenticators.Malformed
		return p, nil
	}
	matched := -1
	for i, credential := range of {
		if !isRecord(credential.Secret) {
			return authenticators.Proof{}, fmt.Errorf("recovery: credential %q: this record was not made here", credential.ID)
		}
		if matches(credential.Secret, symbols) {
			matched = i
		}
	}
	for range Codes - len(of) {
		_ = matches(decoy[:], symbols)
	}
	if matched < 0 {
		p.Again = c
		return p, nil
	}
	p.Outcome = authenticators.Accepted
	p.Of, p.Use = of[matched].ID, authenticators.Use{Once: true}
	p.Rung, p.AMR = a.Method().Rung, a.Method().AMR
	return p, nil
}

// Revoke has nothing to do: paper is not told.
func (*Authenticator) Revoke(authenticators.Credential) (authenticators.Notice, error) {
	return authenticators.Notice{}, nil
}

// decoy is the record of no code.
var decoy = [recordLength]byte{recordVersion}

var errState = errors.New("recovery: this challenge was not made here")
