package identity

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Bounds of a name. The longest on identity cards need about fifty characters; a character takes up to four bytes, and
// one that is composed of marks several characters.
const (
	maxNameRunes = 100
	maxNameBytes = 800
)

// separator stands between the parts of a minority name (民委发〔2016〕33号; GB 18030 A1A4).
const separator = '·'

// Name is the name of a natural person.
type Name struct {
	// Raw is the name as it was received, byte for byte.
	Raw string
	// Normal is the form to store and to show: one kind of separator, no stray spaces, Unicode's composed form. It
	// still has the code points that the source chose for a character; [CompareNames] sees through those.
	Normal string
}

// NormalizeName reads a name. Every character of GB 18030-2022 passes, those in the private use area too. The many dots
// seen in data become U+00B7, spaces are brought in order, full-width Latin letters become narrow. Control and format
// characters are refused, for they make two names look the same. The error is a *[NameError].
func NormalizeName(raw string) (Name, error) {
	switch {
	case len(raw) > maxNameBytes:
		return Name{}, &NameError{ReasonTooLong}
	case !utf8.ValidString(raw):
		return Name{}, &NameError{ReasonEncoding}
	}
	runes := make([]rune, 0, len(raw))
	for _, r := range raw {
		r = halfWidth(r)
		switch {
		case r == '\t' || unicode.Is(unicode.Zs, r):
			r = ' '
		case isInvisible(r) && (r != mongolianVowelSeparator || len(runes) == 0 || !unicode.Is(unicode.Mongolian, runes[len(runes)-1])):
			return Name{}, &NameError{ReasonInvisible}
		}
		runes = append(runes, r)
	}
	normal := arrange(runes)
	switch {
	case normal == "":
		return Name{}, &NameError{ReasonEmpty}
	case utf8.RuneCountInString(normal) > maxNameRunes:
		return Name{}, &NameError{ReasonTooLong}
	case strings.IndexFunc(normal, isNameLetter) < 0:
		return Name{}, &NameError{ReasonNoLetter}
	}
	return Name{Raw: raw, Normal: normal}, nil
}

// arrange puts separators and spaces in order and composes marks.
func arrange(runes []rune) string {
	out := make([]rune, 0, len(runes))
	for i, r := range runes {
		last := rune(0)
		if len(out) > 0 {
			last = out[len(out)-1]
		}
		next := nextRune(runes[i+1:])
		if isDot(r) || isFullStop(r) && isHan(lastRune(out)) && isHan(next) {
			r = separator
		}
		switch {
		case r == separator && last == ' ':
			out[len(out)-1] = separator
			out = dropDouble(out)
		case r == separator && last == separator:
		case r == ' ' && (last == 0 || last == ' ' || last == separator || next == 0):
		case r == ' ' && isHan(last) && isHan(next): // "张　三": two characters set to the width of three
		default:
			out = append(out, r)
		}
	}
	return compose(string(out))
}

// dropDouble removes the last rune if it is a separator after a separator.
func dropDouble(out []rune) []rune {
	if n := len(out); n > 1 && out[n-1] == separator && out[n-2] == separator {
		return out[:n-1]
	}
	return out
}

func nextRune(runes []rune) rune {
	for _, r := range runes {
		if r != ' ' {
			return r
		}
	}
	return 0
}

func lastRune(runes []rune) rune {
	for i := len(runes) - 1; i >= 0; i-- {
		if runes[i] != ' ' {
			return runes[i]
		}
	}
	return 0
}

// compose brings a string to NFC except for CJK compatibility ideographs, which NFC replaces by another character:
// the name keeps the one its source chose.
func compose(s string) string {
	var b strings.Builder
	start := 0
	for i, r := range s {
		if isCompatibilityIdeograph(r) {
			b.WriteString(norm.NFC.String(s[start:i]))
			b.WriteRune(r)
			start = i + utf8.RuneLen(r)
		}
	}
	b.WriteString(norm.NFC.String(s[start:]))
	return b.String()
}

// Comparison is how two names relate.
type Comparison string

// The outcomes of a comparison.
const (
	Equal Comparison = "equal"
	// EqualAfterMapping: the same characters under different code points. The same person, and a case for the
	// correction queue: some source still holds the old encoding.
	EqualAfterMapping Comparison = "equal_after_mapping"
	// Different: also when only a variant form differs (黄, 黃). Whether that is the same person, an officer decides.
	Different Comparison = "different"
)

// CompareNames compares two names without regard to spaces and, in scripts that have it, to case.
func CompareNames(a, b Name) Comparison {
	x, y := fold(a.Normal), fold(b.Normal)
	switch {
	case x == "" || y == "":
		return Different
	case x == y:
		return Equal
	case remap(x) == remap(y):
		return EqualAfterMapping
	}
	return Different
}

// SameName reports whether two names are one for the purpose of authentication.
func SameName(a, b Name) bool { return CompareNames(a, b) != Different }

// fold removes what never tells two people apart: case and spaces.
func fold(s string) string {
	return compose(cases.Fold().String(strings.ReplaceAll(s, " ", "")))
}
