package otp

import (
	"errors"
	"strings"
)

// ErrPhone reports that something is not a phone number that can receive a code. It never carries the number.
var ErrPhone = errors.New("otp: not a phone number")

const (
	// minPhoneDigits and maxPhoneDigits bound an international number without its "+" (ITU-T E.164 §6).
	minPhoneDigits = 7
	maxPhoneDigits = 15
)

// validPhone reports whether a string is in E.164 and, under +86, a mobile number.
func validPhone(phone string) bool {
	digits, ok := strings.CutPrefix(phone, "+")
	if !ok || len(digits) < minPhoneDigits || len(digits) > maxPhoneDigits || digits[0] == '0' || !isDigits(digits) {
		return false
	}
	return !strings.HasPrefix(digits, "86") || isMainlandMobile(phone)
}

// isMainlandMobile reports whether a string is +86 followed by eleven digits that begin with 13 to 19.
func isMainlandMobile(phone string) bool {
	n, ok := strings.CutPrefix(phone, "+86")
	return ok && len(n) == 11 && n[0] == '1' && n[1] >= '3' && isDigits(n)
}

func isDigits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}
