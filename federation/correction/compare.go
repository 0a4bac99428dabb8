package correction

import (
	"fmt"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"manyou/federation/identity"
)

// Character is one character of a value, as an officer compares it.
type Character struct {
	Text string
	// Code is its code point, "U+9FB4".
	Code string
	// Differs is set where the other value has another character in this place.
	Differs bool
	// Note says what is unusual about it; "" if nothing is.
	Note CharacterNote
}

// CharacterNote is what is unusual about a character.
type CharacterNote string

// What a character may be, besides itself.
const (
	NotePrivate       CharacterNote = "private"       // of the private use area: what is seen depends on the font
	NoteCompatibility CharacterNote = "compatibility" // a form that Unicode maps to another character
	NoteRare          CharacterNote = "rare"          // beyond the basic plane: many systems cannot write it
	NoteVariant       CharacterNote = "variant"       // chooses a form of the character before it
	NoteSeparator     CharacterNote = "separator"     // between the parts of a name
)

// Difference is two values side by side.
type Difference struct {
	A, B []Character
	// Comparison is how the two names relate; for other values equal or different.
	Comparison identity.Comparison
}

// maxCompared bounds how many characters are compared.
const maxCompared = 400

// CompareValues puts two values side by side, character by character, with code points.
func CompareValues(a, b string, names bool) Difference {
	x, y := []rune(a), []rune(b)
	x, y = x[:min(len(x), maxCompared)], y[:min(len(y), maxCompared)]
	inX, inY := common(x, y)
	d := Difference{A: characters(x, inX), B: characters(y, inY), Comparison: identity.Different}
	if a == b {
		d.Comparison = identity.Equal
	} else if names {
		one, errOne := identity.NormalizeName(a)
		other, errOther := identity.NormalizeName(b)
		if errOne == nil && errOther == nil {
			d.Comparison = identity.CompareNames(one, other)
			if identity.OtherEncoding(one, other) { // composed otherwise, or of another width: code points that look the same
				d.Comparison = identity.EqualAfterMapping
			}
		}
	}
	return d
}

// common marks the characters of a longest common subsequence.
func common(x, y []rune) (inX, inY []bool) {
	inX, inY = make([]bool, len(x)), make([]bool, len(y))
	table := make([][]int16, len(x)+1)
	for i := range table {
		table[i] = make([]int16, len(y)+1)
	}
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			if x[i] == y[j] {
				table[i][j] = table[i+1][j+1] + 1
			} else {
				table[i][j] = max(table[i+1][j], table[i][j+1])
			}
		}
	}
	for i, j := 0, 0; i < len(x) && j < len(y); {
		switch {
		case x[i] == y[j]:
			inX[i], inY[j] = true, true
			i, j = i+1, j+1
		case table[i+1][j] >= table[i][j+1]:
			i++
		default:
			j++
		}
	}
	return inX, inY
}

func characters(runes []rune, same []bool) []Character {
	list := make([]Character, len(runes))
	for n, r := range runes {
		list[n] = Character{Text: string(r), Code: fmt.Sprintf("U+%04X", r), Differs: !same[n], Note: noteOf(r)}
	}
	return list
}

func noteOf(r rune) CharacterNote {
	switch {
	case unicode.Is(unicode.Co, r):
		return NotePrivate
	case r >= 0xFE00 && r <= 0xFE0F, r >= 0xE0100 && r <= 0xE01EF:
		return NoteVariant
	case r == '·':
		return NoteSeparator
	case r > 0x7F && norm.NFKC.String(string(r)) != string(r):
		return NoteCompatibility
	case r > 0xFFFF:
		return NoteRare
	}
	return ""
}
