package otp

import (
	"strings"
	"testing"

	"rsc.io/qr/coding"
)

// line reads "#" as black.
func line(s string) (int, func(int) bool) {
	return len(s), func(i int) bool { return i >= 0 && i < len(s) && s[i] == '#' }
}

func TestALineIsPenalisedAsTheStandardSays(t *testing.T) {
	for s, want := range map[string]int{
		"#.#.#.#.":                 0,
		"####.":                    0,
		"#####.":                   3,
		".#####.":                  3,
		"#######.":                 5,
		"........":                 6,
		"#.###.#.#":                40, // the quiet zone before it
		"#.#.###.#":                40, // and behind it
		"#.###.#":                  80, // and on both sides
		"##.##..#.###.#..##.##":    0,
		"##.#....#.###.#.##.##":    40,
		"##.##.#.###.#....#.##.##": 40,
	} {
		if got := linePenalty(line(s)); got != want {
			t.Errorf("%s: got %d, want %d", s, got, want)
		}
	}
}

func TestTheMaskWithTheLowestPenaltyIsTaken(t *testing.T) {
	changed := false
	for _, text := range []string{"otpauth://totp/a:b?secret=GEZDGNBVGY3TQOJQ", strings.Repeat("省", 60), "a"} {
		best, err := encodeQR(text)
		if err != nil {
			t.Fatal(err)
		}
		version := coding.Version((best.Size - 17) / 4)
		for mask := range coding.Mask(masks) {
			plan, err := coding.NewPlan(version, coding.M, mask)
			if err != nil {
				t.Fatal(err)
			}
			code, err := plan.Encode(coding.String(text))
			if err != nil {
				t.Fatal(err)
			}
			if p := penalty(code); p < penalty(best) {
				t.Errorf("%.20q: mask %d has penalty %d, taken was one with %d", text, mask, p, penalty(best))
			} else if mask == 0 && p > penalty(best) {
				changed = true
			}
		}
	}
	if !changed {
		t.Error("the first mask was the best for every text")
	}
}

func TestATextBeyondTheLargestSymbolIsRefused(t *testing.T) {
	if _, err := encodeQR(strings.Repeat("a", 2332)); err == nil {
		t.Error("2332 bytes were encoded, one more than fits")
	}
	if _, err := encodeQR(strings.Repeat("a", 2331)); err != nil {
		t.Errorf("2331 bytes: %v", err)
	}
}
