package identity

import (
	"strings"
	"unicode"
)

const (
	// maxPhoneInput bounds, in bytes, what may be typed as a phone number.
	maxPhoneInput = 64
	// minPhoneDigits and maxPhoneDigits bound an international number without its "+" (ITU-T E.164 §6).
	minPhoneDigits = 7
	maxPhoneDigits = 15
	mobileDigits   = 11 // of a mobile number of the mainland
)

// ParsePhone reads a phone number that can receive a code and returns it in E.164, "+8613800000000". A mobile number of
// the mainland may stand alone or after 86, 0086 or +86; every other number needs its "+" and country code. Full-width
// characters, spaces, hyphens and brackets are understood. The error is a *[PhoneError].
func ParsePhone(raw string) (string, error) {
	if len(raw) > maxPhoneInput {
		return "", &PhoneError{ReasonTooLong}
	}
	var b strings.Builder
	for _, r := range raw {
		r = halfWidth(r)
		switch {
		case r == '+' && b.Len() == 0, r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == '(' || r == ')' || unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || unicode.Is(unicode.Cf, r):
			// Numbers copied from an address book come with invisible marks of direction around them.
		default:
			return "", &PhoneError{ReasonFormat}
		}
	}
	var ok bool
	digits, international := strings.CutPrefix(b.String(), "+")
	switch {
	case digits == "":
		return "", &PhoneError{ReasonEmpty}
	case international && strings.HasPrefix(digits, "86"):
		digits = digits[2:]
	case international:
		if len(digits) < minPhoneDigits || len(digits) > maxPhoneDigits || digits[0] == '0' {
			return "", &PhoneError{ReasonFormat}
		}
		return "+" + digits, nil
	case len(digits) > mobileDigits:
		digits = strings.TrimPrefix(digits, "00")
		if digits, ok = strings.CutPrefix(digits, "86"); !ok {
			return "", &PhoneError{ReasonFormat}
		}
	}
	if !isMobile(digits) {
		return "", &PhoneError{ReasonFormat}
	}
	return "+86" + digits, nil
}

// MaskPhone shows as much of a number in E.164 as its owner needs to recognise it: "138****0000" for mobile numbers of
// the mainland, "+85****00" for others. Anything else gives "****".
func MaskPhone(phone string) string {
	digits, ok := strings.CutPrefix(phone, "+")
	if !ok || !isDigits(digits) || len(digits) < minPhoneDigits || len(digits) > maxPhoneDigits {
		return "****"
	}
	if mobile, ok := strings.CutPrefix(digits, "86"); ok && isMobile(mobile) {
		return mobile[:3] + "****" + mobile[7:]
	}
	return phone[:3] + "****" + phone[len(phone)-2:]
}

// isMobile reports whether a string is eleven digits that begin with 13 to 19.
func isMobile(s string) bool {
	return len(s) == mobileDigits && isDigits(s) && s[0] == '1' && s[1] >= '3'
}
