package recovery

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"manyou/authenticators"
	"manyou/authenticators/authtest"
)

var citizens atomic.Int64

// citizen has a sheet of paper.
type citizen struct {
	n     int64
	mu    sync.Mutex
	codes []string
}

func newCitizen() *citizen { return &citizen{n: citizens.Add(1)} }

func (c *citizen) Introduce(r *authenticators.Request) {
	r.Handle, r.Name = fmt.Appendf(nil, "handle of person %d", c.n), fmt.Sprintf("李四 %d", c.n)
}

func (c *citizen) Enrol(challenge authenticators.Challenge, _ time.Time) string {
	c.codes = challenge.Show.Codes
	return Kept
}

func (c *citizen) Prove(authenticators.Challenge, time.Time) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	code := c.codes[0]
	c.codes = c.codes[1:]
	return code
}

func TestRecoveryCodesKeepTheContract(t *testing.T) {
	authtest.Run(t, authtest.Subject{
		New:    func(testing.TB) authenticators.Authenticator { return New(rand.Reader) },
		Person: func(testing.TB) authtest.Person { return newCitizen() },
	})
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func begin(t testing.TB, purpose authenticators.Purpose) authenticators.Challenge {
	t.Helper()
	r := authenticators.Request{Purpose: purpose, Nonce: make([]byte, authenticators.NonceSize), Now: noon}
	newCitizen().Introduce(&r)
	c, err := New(rand.Reader).Begin(r)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// enrolled returns ten codes with their credentials.
func enrolled(t testing.TB) ([]string, []authenticators.Credential) {
	t.Helper()
	c := begin(t, authenticators.PurposeEnrol)
	e, err := New(rand.Reader).Enrol(c, Kept, noon)
	if err != nil || e.Outcome != authenticators.Accepted {
		t.Fatal(e.Outcome, err)
	}
	for i := range e.Credentials {
		e.Credentials[i].ID = fmt.Sprint(i)
	}
	return c.Show.Codes, e.Credentials
}

func verify(t testing.TB, of []authenticators.Credential, answer string) authenticators.Proof {
	t.Helper()
	p, err := New(rand.Reader).Verify(begin(t, authenticators.PurposeProve), of, answer, noon)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestASetHasTenCodesOfWhichEachProvesItsOwnCredential(t *testing.T) {
	codes, credentials := enrolled(t)
	if len(codes) != 10 || len(credentials) != 10 {
		t.Fatalf("%d codes, %d credentials", len(codes), len(credentials))
	}
	seen := map[string]bool{}
	for i, code := range codes {
		if len(code) != 14 || code[4] != '-' || code[9] != '-' || seen[code] {
			t.Errorf("code %d is not three groups of four, or comes twice", i)
		}
		seen[code] = true
		if p := verify(t, credentials, code); p.Outcome != authenticators.Accepted || p.Of != fmt.Sprint(i) || !p.Use.Once {
			t.Errorf("code %d: %+v", i, p)
		}
	}
}

func TestACodeIsGoneOnceUsedAndTheOthersAreNot(t *testing.T) {
	codes, credentials := enrolled(t)
	left := credentials[1:]
	if p := verify(t, left, codes[0]); p.Outcome != authenticators.Rejected {
		t.Errorf("the code of a deleted credential: %v", p.Outcome)
	}
	if p := verify(t, left, codes[9]); p.Outcome != authenticators.Accepted {
		t.Errorf("another code: %v", p.Outcome)
	}
}

func TestANewSetReplacesTheOldOne(t *testing.T) {
	e, err := New(rand.Reader).Enrol(begin(t, authenticators.PurposeEnrol), Kept, noon)
	if err != nil || !e.Replaces {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestOnlyKeptStoresASet(t *testing.T) {
	c := begin(t, authenticators.PurposeEnrol)
	for _, answer := range []string{"", "Kept", "yes", c.Show.Codes[0]} {
		if e, err := New(rand.Reader).Enrol(c, answer, noon); err != nil || e.Outcome != authenticators.Malformed || e.Credentials != nil {
			t.Errorf("%q: %v, %v", answer, e.Outcome, err)
		}
	}
}

func TestACodeIsUnderstoodHoweverItIsTyped(t *testing.T) {
	for _, input := range []string{
		"10V0-1AB1-VXYZ", "10v0-1ab1-vxyz", "10V01AB1VXYZ", " 10v0 1ab1 vxyz\n", "IOUo-lABi-uXYZ", "１０Ｖ０－１ＡＢ１－ＶＸＹＺ",
		"10V0–1AB1—VXYZ", "\u202a10V0-1AB1-VXYZ\u202c", "1 0 V 0 1 A B 1 V X Y Z", "10V0\u30001AB1 VXYZ", "ｌｏｕｏ１ａｂｉｕｘｙｚ",
	} {
		if got, ok := normalise(input); !ok || got != "10V01AB1VXYZ" {
			t.Errorf("%q: got %q, %v", input, got, ok)
		}
	}
	for _, input := range []string{
		"", "10V0-1AB1-VXY", "10V0-1AB1-VXYZ0", "10V0-1AB1-VXY!", "10V0-1AB1-VXYé", "10V0-1AB1-VXY\xff", "\x00",
		strings.Repeat(" ", 128) + "10V01AB1VXYZ", strings.Repeat("A", 1<<20),
	} {
		if got, ok := normalise(input); ok {
			t.Errorf("%.20q was taken for %q", input, got)
		}
	}
}

func TestNeitherChallengeNorCredentialHoldsACode(t *testing.T) {
	c := begin(t, authenticators.PurposeEnrol)
	kept, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if len(kept) > 1200 {
		t.Errorf("the challenge has %d bytes", len(kept))
	}
	_, credentials := enrolled(t)
	for _, code := range c.Show.Codes {
		symbols, _ := normalise(code)
		if bytes.Contains(kept, []byte(code)) || bytes.Contains(kept, []byte(symbols)) {
			t.Error("the challenge holds a code")
		}
	}
	for i, a := range credentials {
		for _, b := range credentials[:i] {
			if bytes.Equal(a.Secret[1:17], b.Secret[1:17]) {
				t.Error("two records share a salt")
			}
		}
	}
}

func TestEverySymbolOfACodeIsDrawnEquallyOften(t *testing.T) {
	const draws = 20_000
	counts := map[[2]byte]int{}
	for range draws {
		code, err := newCode(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		symbols, ok := normalise(code)
		if !ok {
			t.Fatalf("%q cannot be typed", code)
		}
		for i := range codeLength {
			counts[[2]byte{byte(i), symbols[i]}]++
		}
	}
	// Each of 32 symbols at each of 12 places: 625 expected, with a standard deviation of 25.
	if len(counts) != 12*32 {
		t.Errorf("%d combinations of place and symbol", len(counts))
	}
	for at, n := range counts {
		if n < 450 || n > 800 {
			t.Errorf("%c at place %d: %d times", at[1], at[0], n)
		}
	}
}

func TestWithoutRandomnessThereAreNoCodes(t *testing.T) {
	for _, n := range []int64{0, 7, 8, 23, 239} {
		r := authenticators.Request{Purpose: authenticators.PurposeEnrol, Nonce: make([]byte, authenticators.NonceSize), Now: noon}
		newCitizen().Introduce(&r)
		if c, err := New(io.LimitReader(rand.Reader, n)).Begin(r); err == nil || c.Show.Codes != nil {
			t.Errorf("%d random bytes: no error", n)
		}
	}
}

func FuzzNormalise(f *testing.F) {
	for _, s := range []string{"10V0-1AB1-VXYZ", "iouo lab", "１０Ｖ０", "", "\xff", "\u200b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, input string) {
		symbols, ok := normalise(input)
		if !ok {
			return
		}
		if len(symbols) != codeLength || len(input) > maxInput || strings.Trim(symbols, alphabet) != "" {
			t.Fatalf("%q was taken for %q", input, symbols)
		}
		if again, ok := normalise(symbols); !ok || again != symbols {
			t.Fatalf("normalising %q again gave %q", symbols, again)
		}
	})
}

func FuzzVerify(f *testing.F) {
	codes, credentials := enrolled(f)
	f.Add(codes[0])
	f.Add("")
	f.Add("AAAA-BBBB-CCCC")
	a, c := New(rand.Reader), begin(f, authenticators.PurposeProve)
	f.Fuzz(func(t *testing.T, answer string) {
		p, err := a.Verify(c, credentials, answer, noon)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := normalise(answer); ok == (p.Outcome == authenticators.Malformed) {
			t.Fatalf("%q: %v", answer, p.Outcome)
		}
	})
}
