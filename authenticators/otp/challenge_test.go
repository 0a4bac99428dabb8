package otp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"manyou/authenticators"
)

const phone = "+8613800000000"

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newChallenge(t testing.TB, seed string) (Challenge, string) {
	t.Helper()
	c, code, err := NewChallenge(seeded(seed), phone, noon, DefaultPolicy())
	if err != nil {
		t.Fatal(err)
	}
	return c, code
}

// wrong returns a code other than the given one.
func wrong(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func TestTheCodeThatWasSentIsAcceptedOnce(t *testing.T) {
	c, code := newChallenge(t, "once")
	r := c.Verify(code, noon.Add(time.Minute))
	if r.Outcome != authenticators.Accepted {
		t.Fatalf("got %v", r)
	}
	c.AttemptsLeft = r.AttemptsLeft
	if r := c.Verify(code, noon.Add(time.Minute)); r.Outcome != authenticators.Exhausted {
		t.Errorf("the same code again: got %v", r)
	}
}

func TestGuessingEndsAfterTheAttemptsEvenForTheRightCode(t *testing.T) {
	c, code := newChallenge(t, "guessing")
	for left := DefaultPolicy().Attempts - 1; left >= 1; left-- {
		r := c.Verify(wrong(code), noon)
		if (r != Result{authenticators.Rejected, left}) {
			t.Fatalf("with %d left before: got %v", c.AttemptsLeft, r)
		}
		c.AttemptsLeft = r.AttemptsLeft
	}
	for _, input := range []string{wrong(code), code, wrong(code)} {
		r := c.Verify(input, noon)
		if (r != Result{authenticators.Exhausted, 0}) {
			t.Fatalf("after the last attempt: got %v", r)
		}
		c.AttemptsLeft = r.AttemptsLeft
	}
}

func TestAMistypedCodeCostsNoAttempt(t *testing.T) {
	c, code := newChallenge(t, "mistyped")
	for _, input := range []string{"", "12345", code + "0", "abcdef", strings.Repeat("1", 1<<20)} {
		if r := c.Verify(input, noon); (r != Result{authenticators.Malformed, c.AttemptsLeft}) {
			t.Errorf("%.20q: got %v", input, r)
		}
	}
}

func TestACodeExpiresToTheMillisecond(t *testing.T) {
	c, code := newChallenge(t, "expiry")
	if r := c.Verify(code, c.ExpiresAt.Add(-time.Millisecond)); r.Outcome != authenticators.Accepted {
		t.Errorf("just before: got %v", r)
	}
	for _, late := range []time.Duration{0, time.Millisecond, time.Hour} {
		for _, input := range []string{code, wrong(code), "nonsense"} {
			if r := c.Verify(input, c.ExpiresAt.Add(late)); (r != Result{authenticators.Expired, c.AttemptsLeft}) {
				t.Errorf("%s after: got %v", late, r)
			}
		}
	}
	if got := c.ExpiresAt.Sub(c.SentAt); got != 5*time.Minute {
		t.Errorf("lifetime %s", got)
	}
	if got := c.ResendAt(DefaultPolicy()); !got.Equal(noon.Add(time.Minute)) {
		t.Errorf("resend at %s", got)
	}
}

func TestACodeIsGoodForItsOwnChallengeAndNumberOnly(t *testing.T) {
	c, code := newChallenge(t, "first")
	other, otherCode := newChallenge(t, "second")
	if code == otherCode {
		t.Fatal("the seeds give equal codes")
	}
	if r := other.Verify(code, noon); r.Outcome != authenticators.Rejected {
		t.Errorf("a code of another challenge: got %v", r)
	}
	c.Phone = "+8613900000000"
	if r := c.Verify(code, noon); r.Outcome != authenticators.Rejected {
		t.Errorf("a code sent to another number: got %v", r)
	}
}

func TestOneCodeInAMillionSatisfiesAChallenge(t *testing.T) {
	c, code := newChallenge(t, "all")
	var accepted []string
	for n := range codeSpace {
		if guess := fmt.Sprintf("%06d", n); c.Verify(guess, noon).Outcome == authenticators.Accepted {
			accepted = append(accepted, guess)
		}
	}
	if len(accepted) != 1 || accepted[0] != code {
		t.Errorf("accepted %v, sent %s", accepted, code)
	}
}

func TestADamagedChallengeAcceptsNothing(t *testing.T) {
	whole, code := newChallenge(t, "damaged")
	for name, damage := range map[string]func(*Challenge){
		"zero":              func(c *Challenge) { *c = Challenge{} },
		"no hash":           func(c *Challenge) { c.Hash = nil },
		"short hash":        func(c *Challenge) { c.Hash = c.Hash[:4] },
		"no salt":           func(c *Challenge) { c.Salt = nil },
		"no expiry":         func(c *Challenge) { c.ExpiresAt = time.Time{} },
		"negative attempts": func(c *Challenge) { c.AttemptsLeft = -1 },
	} {
		c := whole
		damage(&c)
		if r := c.Verify(code, noon); r.Outcome == authenticators.Accepted {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestAChallengeSurvivesJSONAndHoldsNoCode(t *testing.T) {
	c, code := newChallenge(t, "json")
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > 300 {
		t.Errorf("%d bytes", len(b))
	}
	if bytes.Contains(b, []byte(code)) {
		t.Error("the stored form holds the code")
	}
	var back Challenge
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if r := back.Verify(code, noon.Add(time.Minute)); r.Outcome != authenticators.Accepted {
		t.Errorf("after a round trip: got %v", r)
	}
}

func TestAChallengeNeedsAPhoneAPolicyAndRandomness(t *testing.T) {
	good := DefaultPolicy()
	for _, number := range []string{"", "13800000000", "+86138", "+8613800000000\n"} {
		if _, _, err := NewChallenge(seeded(""), number, noon, good); !errors.Is(err, ErrPhone) {
			t.Errorf("phone %q: got %v", number, err)
		}
	}
	for name, p := range map[string]Policy{
		"zero":            {},
		"short":           {time.Second, 5, 0},
		"long":            {time.Hour, 5, 0},
		"no attempts":     {time.Minute, 0, 0},
		"many attempts":   {time.Minute, 1000, 0},
		"late resending":  {time.Minute, 5, time.Hour},
		"negative resend": {time.Minute, 5, -1},
	} {
		if _, code, err := NewChallenge(seeded(""), phone, noon, p); err == nil || code != "" {
			t.Errorf("policy %s: no error", name)
		}
	}
	for _, n := range []int64{0, saltLength - 1, saltLength, saltLength + 3} {
		short := io.LimitReader(seeded(""), n)
		if _, code, err := NewChallenge(short, phone, noon, good); err == nil || code != "" {
			t.Errorf("%d random bytes: no error", n)
		}
	}
}

func TestPrintingAndLoggingRevealNothing(t *testing.T) {
	c, code := newChallenge(t, "logging")
	m := Message{Phone: phone, Text: "text " + code, Code: code}
	var out bytes.Buffer
	for _, v := range []any{c, &c, m, &m, []Message{m}, struct{ M Message }{m}} {
		fmt.Fprintf(&out, "%v %+v %#v %s\n", v, v, v, v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
	}
	log := out.String()
	for _, secret := range []string{code, phone[1:], phone[3:], fmt.Sprint(c.Salt), fmt.Sprintf("%x", c.Hash)} {
		if strings.Contains(log, secret) {
			t.Errorf("%q appears in:\n%s", secret, log)
		}
	}
}

func FuzzChallengeVerify(f *testing.F) {
	c, code := newChallenge(f, "fuzz")
	for _, s := range []string{code, wrong(code), " " + code[:3] + " " + code[3:], "", "１２３４５６", "\xff"} {
		f.Add(s, 5, int64(0))
		f.Add(s, 1, int64(1<<40))
	}
	f.Fuzz(func(t *testing.T, input string, attempts int, after int64) {
		c := c
		c.AttemptsLeft = attempts
		now := noon.Add(time.Duration(after))
		r := c.Verify(input, now)
		typed, _ := NormaliseCode(input)
		right := typed == code && attempts > 0 && now.Before(c.ExpiresAt)
		if (r.Outcome == authenticators.Accepted) != right {
			t.Fatalf("%q with %d attempts at %s: %v", input, attempts, now, r)
		}
		if r.AttemptsLeft < 0 || r.AttemptsLeft > max(attempts, 0) {
			t.Fatalf("attempts went from %d to %d", attempts, r.AttemptsLeft)
		}
		if (r.Outcome == authenticators.Rejected || r.Outcome == authenticators.Accepted) && r.AttemptsLeft >= attempts {
			t.Fatalf("%v is free: attempts went from %d to %d", r.Outcome, attempts, r.AttemptsLeft)
		}
	})
}
