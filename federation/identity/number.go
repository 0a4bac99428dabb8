package identity

import (
	"strings"
	"time"
	"unicode"
)

const (
	longNumber            = 18 // characters of a resident ID and of all that is made like it
	oldPermanentResidence = 15 // characters of a permanent residence issued before December 2023
)

// compact brings what was typed to upper-case ASCII without spaces, hyphens and invisible marks, which come along when
// a number is copied. What else is not ASCII stays, to be refused.
func compact(s string) string {
	return strings.Map(func(r rune) rune {
		r = halfWidth(r)
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Pd, r), unicode.Is(unicode.Cf, r), r == '−':
			return -1
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return r
	}, s)
}

// halfWidth turns a full-width form, or the ideographic space, into its ASCII character.
func halfWidth(r rune) rune {
	switch {
	case r >= '！' && r <= '～': // U+FF01 to U+FF5E stand in the order of ASCII
		return r - '！' + '!'
	case r == '\u3000':
		return ' '
	}
	return r
}

// ResidentIDCheck is the check character of the first seventeen digits of a resident ID (GB 11643, ISO 7064 MOD 11-2).
// ok is false if body is not seventeen digits.
func ResidentIDCheck(body string) (check byte, ok bool) {
	if len(body) != longNumber-1 || !isDigits(body) {
		return 0, false
	}
	weights := [longNumber - 1]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		sum += int(body[i]-'0') * w
	}
	return "10X98765432"[sum%11], true
}

// checkLong checks the form, the check character and the birth date that all eighteen-character numbers share.
func checkLong(d Document, today time.Time) Reason {
	if len(d.Number) != longNumber {
		return ReasonFormat
	}
	want, ok := ResidentIDCheck(d.Number[:longNumber-1])
	got := d.Number[longNumber-1]
	switch {
	case !ok || got != 'X' && (got < '0' || got > '9'):
		return ReasonFormat
	case got != want:
		return ReasonCheckDigit
	}
	if day, ok := d.BirthDate(); !ok || day.Year() < 1 || day.After(beijingDay(today)) {
		return ReasonBirthDate
	}
	return ""
}

// beijingDay is the day on the calendar of Beijing, at midnight UTC. A child born there this morning has a birth date
// that is still to come in Greenwich.
func beijingDay(t time.Time) time.Time {
	y, m, d := t.In(time.FixedZone("", 8*60*60)).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// checkResidentID checks a resident ID [GB 11643 §4].
func checkResidentID(d Document, today time.Time) Reason {
	if reason := checkLong(d, today); reason != "" {
		return reason
	}
	if _, ok := LookupRegion(d.Region()); !ok {
		return ReasonRegion
	}
	return ""
}

// checkPermanentResidence checks both forms that are valid: three letters and twelve digits; and, since 1 December
// 2023, "9", region (2), nationality (3), birth date (8), sequence (3), check. Nothing is published about the check
// digit of the old form, so only its shape is looked at.
func checkPermanentResidence(d Document, today time.Time) Reason {
	if len(d.Number) == oldPermanentResidence {
		if !isLetters(d.Number[:3]) || !isDigits(d.Number[3:]) {
			return ReasonFormat
		}
		return ""
	}
	if d.Number[0] != '9' {
		return ReasonFormat
	}
	if reason := checkLong(d, today); reason != "" {
		return reason
	}
	if _, ok := LookupRegion(d.Region()); !ok {
		return ReasonRegion
	}
	return ""
}

// checkResidencePermit checks the permit of residents from Hong Kong (81), Macao (82) and Taiwan (83), which is made
// like a resident ID.
func checkResidencePermit(d Document, today time.Time) Reason {
	if reason := checkLong(d, today); reason != "" {
		return reason
	}
	switch d.Number[:2] {
	case "81", "82", "83":
		return ""
	}
	return ReasonRegion
}

func isDigits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

func isLetters(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < 'A' || r > 'Z' }) < 0
}
