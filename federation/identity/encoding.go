package identity

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
)

// OtherEncoding reports whether two names are one under [SameName] and were received in other code points: in the private use area, as
// compatibility ideographs, with a variant chosen. What every program undoes without asking does not count: spaces, case, width, composition, and
// which dot separates the parts. A province may write so of all of its people, and nobody is wrong.
func OtherEncoding(a, b Name) bool {
	return SameName(a, b) && code(a.Raw) != code(b.Raw)
}

// SameButForCase reports whether two forms are one, byte for byte, but for case: how a name is encoded is not what they differ in.
func SameButForCase(a, b string) bool {
	return cases.Fold().String(a) == cases.Fold().String(b)
}

// code is a name as it was received, without what tells no encoding from another.
func code(raw string) string {
	return compose(cases.Fold().String(strings.Map(func(r rune) rune {
		if r == '\t' || unicode.Is(unicode.Zs, r) || isDot(r) || isFullStop(halfWidth(r)) {
			return -1
		}
		return halfWidth(r)
	}, raw)))
}
