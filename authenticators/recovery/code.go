package recovery

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"unicode"
)

const (
	// alphabet is that of Douglas Crockford's Base 32: digits, and capitals without I, L, O and U.
	alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	// codeLength is the number of symbols of a code, of 5 bits each; groupLength of those read in one breath.
	codeLength  = 12
	groupLength = 4
	// maxInput bounds, in bytes, what a person may type or paste.
	maxInput = 128
)

// newCode draws a code uniformly: twelve symbols in three groups, "K7P2-0MXR-9QTD".
func newCode(random io.Reader) (string, error) {
	var b [8]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("recovery: draw a code: %w", err)
	}
	bits := binary.BigEndian.Uint64(b[:])
	var code strings.Builder
	for i := range codeLength {
		if i > 0 && i%groupLength == 0 {
			code.WriteByte('-')
		}
		code.WriteByte(alphabet[bits%32])
		bits /= 32
	}
	return code.String(), nil
}

// normalise turns what a person typed into the twelve symbols of a code. Case, spaces, hyphens, invisible characters
// and full-width forms do not matter, and letters that look like a symbol count as it: O as 0, I and L as 1, U as V.
func normalise(input string) (string, bool) {
	if len(input) > maxInput {
		return "", false
	}
	symbols := make([]byte, 0, codeLength)
	for _, r := range input {
		if r >= '！' && r <= '～' { // the full-width forms of ASCII
			r -= '！' - '!'
		}
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Pd, r):
			continue
		case r >= 'a' && r <= 'z':
			r -= 'a' - 'A'
		}
		switch r {
		case 'O':
			r = '0'
		case 'I', 'L':
			r = '1'
		case 'U':
			r = 'V'
		}
		if r > unicode.MaxASCII || strings.IndexByte(alphabet, byte(r)) < 0 || len(symbols) == codeLength {
			return "", false
		}
		symbols = append(symbols, byte(r))
	}
	return string(symbols), len(symbols) == codeLength
}

// A record is what is kept of a code: its version, a salt, and a hash of the code keyed by the salt.
const (
	recordVersion = 1
	saltLength    = 16
	recordLength  = 1 + saltLength + sha256.Size
)

// newRecord makes the record of a code.
func newRecord(random io.Reader, code string) ([]byte, error) {
	symbols, ok := normalise(code)
	if !ok {
		return nil, fmt.Errorf("recovery: a code needs %d symbols", codeLength)
	}
	record := make([]byte, 1+saltLength, recordLength)
	record[0] = recordVersion
	if _, err := io.ReadFull(random, record[1:]); err != nil {
		return nil, fmt.Errorf("recovery: draw a salt: %w", err)
	}
	return append(record, hash(record[1:], symbols)...), nil
}

func isRecord(b []byte) bool { return len(b) == recordLength && b[0] == recordVersion }

// matches compares symbols with a record, in a time that does not depend on either.
func matches(record []byte, symbols string) bool {
	salt, want := record[1:1+saltLength], record[1+saltLength:]
	return subtle.ConstantTimeCompare(hash(salt, symbols), want) == 1
}

func hash(salt []byte, symbols string) []byte {
	h := hmac.New(sha256.New, salt)
	h.Write([]byte(symbols))
	return h.Sum(nil)
}
