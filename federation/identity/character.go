package identity

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// NameMappingVersion names the table by which [CompareNames] recognises a character under an older code point. Whoever
// records that two names were equal after mapping records the version with it.
const NameMappingVersion = "GB 18030-2022"

const mongolianVowelSeparator = '\u180E' // a format character that Mongolian is spelt with

// isDot reports whether a character is set where the separator of a name belongs.
func isDot(r rune) bool {
	switch r {
	case separator,
		'\u0387', // Greek ano teleia
		'\u1427', // Canadian syllabics final middle dot
		'\u16EB', // runic single punctuation
		'\u2022', // bullet
		'\u2024', // one dot leader
		'\u2027', // hyphenation point
		'\u2219', // bullet operator
		'\u22C5', // dot operator
		'\u25CF', // black circle
		'\u2E31', // word separator middle dot
		'\u2E33', // raised dot
		'\u30FB', // katakana middle dot
		'\uA78F', // Latin letter sinological dot
		'\uFF65': // half-width katakana middle dot
		return true
	}
	return false
}

// isFullStop reports whether a character is a full stop, which between Han characters stands for the separator.
func isFullStop(r rune) bool { return r == '.' || r == '。' || r == '｡' }

// isInvisible reports whether a character changes how others look without being seen, or is no character at all.
func isInvisible(r rune) bool {
	switch {
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp):
		return true
	case r == '\uFFFD', r >= 0xFDD0 && r <= 0xFDEF, r&0xFFFE == 0xFFFE: // not characters (Unicode §23.7)
		return true
	case r == '\u034F', r == '\u115F', r == '\u1160', r == '\u3164', r == '\uFFA0', r == '\u17B4', r == '\u17B5':
		return true // joiners and fillers without a shape, though of other categories
	}
	return r >= 0xE0000 && r <= 0xE00FF // tags
}

// isHan reports whether a character is, or may be, an ideograph. The tables of Unicode lag behind the standard, so the
// planes set aside for ideographs count as a whole; and the private use area holds ideographs that had no code point.
func isHan(r rune) bool {
	return unicode.Is(unicode.Han, r) || r >= 0x20000 && r <= 0x3FFFD || unicode.Is(unicode.Co, r)
}

// isNameLetter reports whether a character can make a name by itself.
func isNameLetter(r rune) bool {
	return isHan(r) || unicode.IsLetter(r) || unicode.Is(unicode.Nl, r)
}

func isCompatibilityIdeograph(r rune) bool {
	return r >= 0xF900 && r <= 0xFAFF || r >= 0x2F800 && r <= 0x2FA1F
}

// isVariationSelector reports whether a character chooses a glyph of the one before it.
func isVariationSelector(r rune) bool {
	return r >= 0xFE00 && r <= 0xFE0F || r >= 0xE0100 && r <= 0xE01EF
}

// remap gives every character the code point it has today. It never replaces one character by a variant of it.
func remap(s string) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		switch {
		case isVariationSelector(r):
			return -1
		case r >= puaRow && r < puaRow+rune(len(rowFE)):
			return rowFE[r-puaRow]
		case r >= puaVertical && r < puaVertical+rune(len(verticalForms)):
			return verticalForms[r-puaVertical]
		case r == 0xE7C7: // A8BC, moved by GB 18030-2005
			return 0x1E3F
		case r == 0xE7C8: // A8BF, moved by GB 18030-2000
			return 0x01F9
		}
		return r
	}, s))
}

// puaVertical is where A6D9–A6DF, A6EC, A6ED and A6F3 were until GB 18030-2022.
const puaVertical = 0xE78D

// verticalForms are the ten vertical punctuation marks that GB 18030-2022 moved.
var verticalForms = [...]rune{0xFE10, 0xFE12, 0xFE11, 0xFE13, 0xFE14, 0xFE15, 0xFE16, 0xFE17, 0xFE18, 0xFE19}

// puaRow is where GBK put the characters FE50 to FEA0, for want of a code point.
const puaRow = 0xE815

// rowFE are those characters. Most have moved since, with GB 18030-2000 and 2005. GB 18030-2022 moved eight, to U+9FB4
// and the seven after it; their four-byte codes 82359037 to 82359134 took over the private code points, so that text
// written under one edition and read under the other shows them. FE51, FE52, FE53, FE6C, FE76 and FE91 duplicate
// ideographs of plane 2, which have four-byte codes of their own.
var rowFE = [...]rune{
	0x2E81, 0x20087, 0x20089, 0x200CC, 0x2E84, 0x3473, 0x3447, 0x2E88, 0x2E8B, 0x9FB4,
	0x359E, 0x361A, 0x360E, 0x2E8C, 0x2E97, 0x396E, 0x3918, 0x9FB5, 0x39CF, 0x39DF,
	0x3A73, 0x39D0, 0x9FB6, 0x9FB7, 0x3B4E, 0x3C6E, 0x3CE0, 0x2EA7, 0x215D7, 0x9FB8,
	0x2EAA, 0x4056, 0x415F, 0x2EAE, 0x4337, 0x2EB3, 0x2EB6, 0x2EB7, 0x2298F, 0x43B1,
	0x43AC, 0x2EBB, 0x43DD, 0x44D6, 0x4661, 0x464C, 0x9FB9, 0x4723, 0x4729, 0x477C,
	0x478D, 0x2ECA, 0x4947, 0x497A, 0x497D, 0x4982, 0x4983, 0x4985, 0x4986, 0x499F,
	0x499B, 0x49B7, 0x49B6, 0x9FBA, 0x241FE, 0x4CA3, 0x4C9F, 0x4CA0, 0x4CA1, 0x4C77,
	0x4CA2, 0x4D13, 0x4D14, 0x4D15, 0x4D16, 0x4D17, 0x4D18, 0x4D19, 0x4DAE, 0x9FBB,
}
