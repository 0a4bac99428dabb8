package identity

import (
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// Bounds of a passport number: the field of a passport's machine-readable zone has nine places (ICAO Doc 9303-4
// §4.2.2), and no state is known to issue fewer than five.
const (
	minPassport = 5
	maxPassport = 9
)

// markState puts a slash between the issuing state and the number where a space or a hyphen stands.
func markState(s string) string {
	s = strings.TrimSpace(strings.Map(halfWidth, s))
	if i := strings.IndexAny(s, "/ -"); i > 0 && isLetters(strings.ToUpper(s[:i])) {
		return s[:i] + "/" + strings.TrimLeft(s[i:], "/ -")
	}
	return s
}

// checkPassport checks a number in normal form, "CHN/E00000000". The state is asked for, never guessed: two states may
// issue the same number to two people.
func checkPassport(s string) Reason {
	state, number, ok := strings.Cut(s, "/")
	switch {
	case !ok || !isIssuingState(state):
		return ReasonIssuingState
	case len(number) < minPassport || len(number) > maxPassport || !strings.ContainsAny(number, "0123456789"):
		return ReasonFormat
	case strings.ContainsFunc(number, func(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') }):
		return ReasonFormat
	}
	return ""
}

// isIssuingState reports whether a passport may bear the code (ICAO Doc 9303-3 §5): three letters of ISO 3166-1, or one
// of ICAO's own. Passports of Hong Kong and Macao bear CHN; people of Taiwan hold a residence permit.
func isIssuingState(code string) bool {
	switch code {
	case "HKG", "MAC", "TWN":
		return false
	}
	if slices.Contains(icaoStates(), code) {
		return true
	}
	if len(code) != 3 || !isLetters(code) {
		return false
	}
	region, err := language.ParseRegion(code)
	return err == nil && region.IsCountry() && region.ISO3() == code
}

// icaoStates are codes that passports bear and ISO 3166-1 does not know: Germany, kinds of British passports, the
// United Nations, other organisations, Kosovo, and stateless persons.
func icaoStates() []string {
	return []string{
		"D", "GBD", "GBN", "GBO", "GBP", "GBS", "UNO", "UNA", "UNK", "EUE", "RKS", "XBA", "XCC", "XCO", "XEC", "XIM",
		"XMP", "XOM", "XPO", "XXA", "XXB", "XXC", "XXX",
	}
}
