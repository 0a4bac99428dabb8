package authenticators

import (
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// Bounds of a Request.
const (
	// MinHandle and MaxHandle bound a person's handle, in bytes (Web Authentication Level 3 §5.4.3: at most 64).
	MinHandle = 16
	MaxHandle = 64
	// MaxName bounds a person's name, in characters.
	MaxName = 64
)

// Validate reports the first bound that a request breaks. Every authenticator begins with it. The error holds nothing
// of the request.
func (r Request) Validate() error {
	switch {
	case r.Purpose != PurposeEnrol && r.Purpose != PurposeProve:
		return errors.New("authenticators: a request needs a purpose")
	case len(r.Nonce) != NonceSize:
		return fmt.Errorf("authenticators: a nonce has %d bytes, not %d", NonceSize, len(r.Nonce))
	case r.Now.IsZero():
		return errors.New("authenticators: a request needs the time")
	case r.Purpose == PurposeProve && r.Handle == nil:
		return nil
	case len(r.Handle) < MinHandle || len(r.Handle) > MaxHandle:
		return fmt.Errorf("authenticators: a handle has %d to %d bytes, not %d", MinHandle, MaxHandle, len(r.Handle))
	case r.Purpose == PurposeEnrol && !isName(r.Name):
		return fmt.Errorf("authenticators: an enrolment needs a name of 1 to %d printable characters", MaxName)
	}
	return nil
}

func isName(s string) bool {
	if s == "" || !utf8.ValidString(s) || utf8.RuneCountInString(s) > MaxName {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
