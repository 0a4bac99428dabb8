package otp

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"time"

	"manyou/authenticators"
)

// Bounds of a Policy.
const (
	minLifetime = time.Minute
	maxLifetime = 10 * time.Minute // NIST SP 800-63B §5.1.3.2
	maxAttempts = 10
)

// saltLength is the number of random bytes that key a challenge's hash.
const saltLength = 16

// Policy says how long a code lives and how often it may be guessed.
type Policy struct {
	Lifetime    time.Duration // 1 to 10 minutes
	Attempts    int           // 1 to 10
	ResendAfter time.Duration // how long a person waits before asking for another code; at most Lifetime
}

// DefaultPolicy is five minutes, five attempts and a minute between two codes.
func DefaultPolicy() Policy {
	return Policy{Lifetime: 5 * time.Minute, Attempts: 5, ResendAfter: time.Minute}
}

// Validate reports the first bound that the policy breaks.
func (p Policy) Validate() error {
	switch {
	case p.Lifetime < minLifetime || p.Lifetime > maxLifetime:
		return fmt.Errorf("otp: lifetime %s is not between %s and %s", p.Lifetime, minLifetime, maxLifetime)
	case p.Attempts < 1 || p.Attempts > maxAttempts:
		return fmt.Errorf("otp: %d attempts are not between 1 and %d", p.Attempts, maxAttempts)
	case p.ResendAfter < 0 || p.ResendAfter > p.Lifetime:
		return fmt.Errorf("otp: resending after %s is not between 0 and the lifetime %s", p.ResendAfter, p.Lifetime)
	}
	return nil
}

// Challenge is what remains of a code once it was sent. A hash of one of a million codes hides nothing from whoever
// can read it together with its salt, so a challenge must be kept sealed. The zero Challenge accepts no code.
type Challenge struct {
	Salt         []byte    `json:"salt"`
	Hash         []byte    `json:"hash"`
	Phone        string    `json:"phone"` // E.164
	SentAt       time.Time `json:"sent_at"`
	ExpiresAt    time.Time `json:"expires_at"`
	AttemptsLeft int       `json:"attempts_left"`
}

// NewChallenge draws a code for a phone number in E.164 and returns it with the challenge that will recognise it. The
// code goes into the message and nowhere else. Errors: ErrPhone, a policy out of bounds, a source of randomness that
// fails.
func NewChallenge(random io.Reader, phone string, now time.Time, p Policy) (Challenge, string, error) {
	if err := p.Validate(); err != nil {
		return Challenge{}, "", err
	}
	if !validPhone(phone) {
		return Challenge{}, "", ErrPhone
	}
	salt := make([]byte, saltLength)
	if _, err := io.ReadFull(random, salt); err != nil {
		return Challenge{}, "", fmt.Errorf("otp: draw a salt: %w", err)
	}
	code, err := newCode(random)
	if err != nil {
		return Challenge{}, "", err
	}
	sentAt := now.UTC().Truncate(time.Millisecond)
	c := Challenge{
		Salt:         salt,
		Phone:        phone,
		SentAt:       sentAt,
		ExpiresAt:    sentAt.Add(p.Lifetime),
		AttemptsLeft: p.Attempts,
	}
	c.Hash = c.hash(code)
	return c, code, nil
}

// ResendAt is when the person may ask for another code.
func (c Challenge) ResendAt(p Policy) time.Time { return c.SentAt.Add(p.ResendAfter) }

// Result is the answer of Verify. AttemptsLeft replaces the challenge's, and the challenge is stored, before the
// outcome is acted on.
type Result struct {
	Outcome      authenticators.Outcome
	AttemptsLeft int
}

// Verify compares what a person entered with the code that was sent, in a time that does not depend on how much of it
// is right. It changes nothing. A wrong code that spends the last attempt is Exhausted; an accepted one leaves no
// attempts, since a code is good once.
func (c Challenge) Verify(input string, now time.Time) Result {
	if c.AttemptsLeft <= 0 {
		return Result{Outcome: authenticators.Exhausted}
	}
	if !now.Before(c.ExpiresAt) {
		return Result{Outcome: authenticators.Expired, AttemptsLeft: c.AttemptsLeft}
	}
	code, ok := NormaliseCode(input)
	if !ok {
		return Result{Outcome: authenticators.Malformed, AttemptsLeft: c.AttemptsLeft}
	}
	if hmac.Equal(c.hash(code), c.Hash) {
		return Result{Outcome: authenticators.Accepted}
	}
	if c.AttemptsLeft == 1 {
		return Result{Outcome: authenticators.Exhausted}
	}
	return Result{Outcome: authenticators.Rejected, AttemptsLeft: c.AttemptsLeft - 1}
}

// hash binds a code to the number it was sent to, keyed by the challenge's salt.
func (c Challenge) hash(code string) []byte {
	h := hmac.New(sha256.New, c.Salt)
	h.Write([]byte(c.Phone))
	h.Write([]byte{0})
	h.Write([]byte(code))
	return h.Sum(nil)
}

// String says that there is a challenge, and nothing that a log must not hold.
func (c Challenge) String() string {
	return fmt.Sprintf("challenge, %d attempts left", c.AttemptsLeft)
}

// GoString is String, so that %#v reveals nothing either.
func (c Challenge) GoString() string { return c.String() }

// LogValue is String, so that a structured log reveals nothing either.
func (c Challenge) LogValue() slog.Value { return slog.StringValue(c.String()) }
