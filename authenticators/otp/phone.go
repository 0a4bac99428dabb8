package otp

import (
	"errors"
	"strings"
	"unicode"
)

// ErrPhone reports that something is not a phone number that can receive a code. It never carries the number.
var ErrPhone = errors.New("otp: not a phone number")

const (
	// maxPhoneInput bounds, in bytes, what a person may type as a phone number.
	maxPhoneInput = 64
	// minPhoneDigits and maxPhoneDigits bound an international number without its "+" (ITU-T E.164 §6).
	minPhoneDigits = 7
	maxPhoneDigits = 15
)

// ParsePhone turns what a person typed into E.164 ("+8613800000000"). Spaces, hyphens, brackets and full-width
// characters are understood. A number without "+" is one of the mainland's mobile numbers, with or without 86 or
// 0086 in front; every other number needs its "+" and country code. The error is ErrPhone.
func ParsePhone(input string) (string, error) {
	if len(input) > maxPhoneInput {
		return "", ErrPhone
	}
	var b strings.Builder
	for _, r := range input {
		if r >= '！' && r <= '～' { // full-width forms stand in the order of ASCII
			r -= '！' - '!'
		}
		switch {
		case r == '+' && b.Len() == 0, r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == '(' || r == ')' || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Pd, r):
		default:
			return "", ErrPhone
		}
	}
	phone := b.String()
	if !strings.HasPrefix(phone, "+") {
		phone = strings.TrimPrefix(phone, "00")
		if len(phone) == 13 {
			phone = strings.TrimPrefix(phone, "86")
		}
		phone = "+86" + phone
		if !isMainlandMobile(phone) {
			return "", ErrPhone
		}
	}
	if !validPhone(phone) {
		return "", ErrPhone
	}
	return phone, nil
}

// MaskPhone shows as much of a number in E.164 as its owner needs to recognise it: "138****0000" for the mainland's
// mobile numbers, "+85****00" for others. Anything else gives "****".
func MaskPhone(phone string) string {
	switch {
	case !validPhone(phone):
		return "****"
	case isMainlandMobile(phone):
		return phone[3:6] + "****" + phone[10:]
	default:
		return phone[:3] + "****" + phone[len(phone)-2:]
	}
}

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
