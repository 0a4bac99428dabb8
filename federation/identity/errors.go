package identity

// Reason says what is wrong with something a person typed or a file held. Pages have a message for each.
type Reason string

// The reasons.
const (
	ReasonEmpty        Reason = "empty"         // nothing is left after trimming
	ReasonTooLong      Reason = "too_long"      // longer than anything of its kind
	ReasonFormat       Reason = "format"        // wrong length, or a character that cannot stand there
	ReasonCheckDigit   Reason = "check_digit"   // probably a slip of the finger
	ReasonBirthDate    Reason = "birth_date"    // no such day, or a day to come
	ReasonRegion       Reason = "region"        // not a province-level code of GB/T 2260
	ReasonIssuingState Reason = "issuing_state" // a passport without, or with an unknown, issuing state
	ReasonUnknownKind  Reason = "unknown_kind"  // no such kind of document
	ReasonEncoding     Reason = "encoding"      // not UTF-8
	ReasonInvisible    Reason = "invisible"     // a control or format character, such as a change of direction
	ReasonNoLetter     Reason = "no_letter"     // a name without any letter
)

// DocumentError reports a document that cannot be one.
type DocumentError struct {
	Kind   Kind // "" if the kind itself is unknown
	Reason Reason
}

func (e *DocumentError) Error() string {
	if e.Kind == "" {
		return "identity: document: " + string(e.Reason)
	}
	return "identity: " + string(e.Kind) + ": " + string(e.Reason)
}

// CreditCodeError reports a unified social credit code that cannot be one.
type CreditCodeError struct{ Reason Reason }

func (e *CreditCodeError) Error() string { return "identity: credit code: " + string(e.Reason) }

// NameError reports a name that cannot be accepted.
type NameError struct{ Reason Reason }

func (e *NameError) Error() string { return "identity: name: " + string(e.Reason) }

// PhoneError reports a phone number that cannot be one.
type PhoneError struct{ Reason Reason }

func (e *PhoneError) Error() string { return "identity: phone: " + string(e.Reason) }
