package otp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// seeded returns a reproducible source of random bytes.
func seeded(name string) io.Reader {
	var seed [32]byte
	copy(seed[:], name)
	return rand.NewChaCha8(seed)
}

func words(values ...uint32) io.Reader {
	var b []byte
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return bytes.NewReader(b)
}

func TestACodeHasSixDigitsAndKeepsLeadingZeros(t *testing.T) {
	for value, want := range map[uint32]string{
		0: "000000", 42: "000042", 999_999: "999999", 1_000_000: "000000", 123_456_789: "456789",
	} {
		if got, err := newCode(words(value)); err != nil || got != want {
			t.Errorf("code from %d: got %q, %v; want %q", value, got, err, want)
		}
	}
}

func TestTheBiasedTailOfTheRandomValuesIsDrawnAgain(t *testing.T) {
	const limit = 4_294_000_000 // the greatest multiple of 10⁶ below 2³²
	if got, err := newCode(words(limit-1, 7)); err != nil || got != "999999" {
		t.Errorf("the last unbiased value: got %q, %v", got, err)
	}
	if got, err := newCode(words(limit, 1<<32-1, 7)); err != nil || got != "000007" {
		t.Errorf("values of the biased tail must be skipped: got %q, %v", got, err)
	}
}

func TestAStuckOrFailingSourceOfRandomnessGivesNoCode(t *testing.T) {
	if code, err := newCode(stuck{}); err == nil || code != "" {
		t.Errorf("a source that returns ones forever: got %q, %v", code, err)
	}
	if code, err := newCode(iotest.ErrReader(io.ErrClosedPipe)); !errors.Is(err, io.ErrClosedPipe) || code != "" {
		t.Errorf("a failing source: got %q, %v", code, err)
	}
	if code, err := newCode(strings.NewReader("abc")); err == nil || code != "" {
		t.Errorf("a short source: got %q, %v", code, err)
	}
}

type stuck struct{}

func (stuck) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 0xff
	}
	return len(p), nil
}

func TestCodesAreUniform(t *testing.T) {
	const draws, bins = 200_000, 1000
	random := seeded("uniform")
	var byPrefix, bySuffix [bins]int
	for range draws {
		code, err := newCode(random)
		if err != nil {
			t.Fatal(err)
		}
		byPrefix[number(t, code[:3])]++
		bySuffix[number(t, code[3:])]++
	}
	// χ² with 999 degrees of freedom has mean 999 and standard deviation 45; 1200 is 4.5 of them away.
	for name, counts := range map[string][bins]int{"prefix": byPrefix, "suffix": bySuffix} {
		expected, chi := float64(draws)/bins, 0.0
		for _, n := range counts {
			chi += (float64(n) - expected) * (float64(n) - expected) / expected
		}
		if chi > 1200 || chi < 800 {
			t.Errorf("%s: χ² is %.0f, far from 999", name, chi)
		}
	}
}

func number(t testing.TB, digits string) (n int) {
	t.Helper()
	for _, d := range digits {
		if d < '0' || d > '9' {
			t.Fatalf("%q is not a digit", d)
		}
		n = n*10 + int(d-'0')
	}
	return n
}

func TestACodeIsUnderstoodHoweverItIsTyped(t *testing.T) {
	for _, input := range []string{
		"123456", " 123456\n", "123 456", "123-456", "１２３４５６", "１２３　４５６", "1 2 3 4 5 6", "123\u00a0456",
		"\u202a123456\u202c", "\ufeff123456", "123–456", "1２3４5６",
	} {
		if got, ok := NormaliseCode(input); !ok || got != "123456" {
			t.Errorf("%q: got %q, %v", input, got, ok)
		}
	}
}

func TestWhatIsNotSixDigitsIsNotACode(t *testing.T) {
	for _, input := range []string{
		"", " ", "12345", "1234567", "12345a", "abcdef", "+123456", "12.3456", "-", "١٢٣٤٥٦", "12345\xff", "#123456",
		"一二三四五六", strings.Repeat(" ", 64) + "123456", strings.Repeat("1", 1<<20),
	} {
		if got, ok := NormaliseCode(input); ok || got != "" {
			t.Errorf("%.20q: got %q, %v", input, got, ok)
		}
	}
}

func FuzzNormaliseCode(f *testing.F) {
	for _, s := range []string{"123456", "１２３ ４５６", "", "12345\xff", "+1", "\u200b123456", "1234567"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, input string) {
		code, ok := NormaliseCode(input)
		if !ok {
			if code != "" {
				t.Fatalf("refused, but returned %q", code)
			}
			return
		}
		if len(code) != codeLength || !isDigits(code) || len(input) > maxCodeInput {
			t.Fatalf("%q was taken for the code %q", input, code)
		}
		if again, ok := NormaliseCode(code); !ok || again != code {
			t.Fatalf("normalising %q again gave %q, %v", code, again, ok)
		}
	})
}
