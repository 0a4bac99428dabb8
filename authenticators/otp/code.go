package otp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode"
)

const (
	// codeLength is the number of digits of every code.
	codeLength = 6
	// codeSpace is the number of different codes.
	codeSpace = 1_000_000
	// maxCodeInput bounds, in bytes, what a person may type or paste as a code.
	maxCodeInput = 64
)

// newCode draws a code uniformly from all six-digit strings.
func newCode(random io.Reader) (string, error) {
	// Of the 2³² values only those below the greatest multiple of codeSpace count. Taking the remainder of all
	// of them would make the first 967,296 codes likelier than the rest.
	const limit = (1 << 32) / codeSpace * codeSpace
	// A value is refused once in about 4,400 draws. 32 refusals in a row mean that the source is broken.
	for range 32 {
		var b [4]byte
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return "", fmt.Errorf("otp: draw a code: %w", err)
		}
		if v := uint64(binary.BigEndian.Uint32(b[:])); v < limit {
			return fmt.Sprintf("%0*d", codeLength, v%codeSpace), nil
		}
	}
	return "", errors.New("otp: draw a code: the source of randomness is stuck")
}

// NormaliseCode turns what a person typed or pasted into six ASCII digits. Spaces, hyphens, invisible format
// characters and full-width digits (as Chinese input methods produce them) are understood. It reports false if the
// result is not six digits or the input is longer than 64 bytes.
func NormaliseCode(input string) (string, bool) { return normaliseDigits(input, codeLength) }

// normaliseDigits is NormaliseCode for another number of digits.
func normaliseDigits(input string, length int) (string, bool) {
	if len(input) > maxCodeInput {
		return "", false
	}
	digits := make([]byte, 0, length)
	for _, r := range input {
		switch {
		case r >= '０' && r <= '９':
			r -= '０' - '0'
		case unicode.IsSpace(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Pd, r):
			continue
		}
		if r < '0' || r > '9' || len(digits) == length {
			return "", false
		}
		digits = append(digits, byte(r))
	}
	if len(digits) != length {
		return "", false
	}
	return string(digits), true
}
