package register

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"manyou/federation/identity"
	"manyou/storage"
)

// Source is the authoritative register of natural persons.
type Source interface {
	// Verify compares a claim with the register.
	//
	// The verdict is [Match] only if everything that was claimed is on record as claimed, of one living person. Which
	// part did not match is for the log and the correction queue; a citizen is told one thing for all of them, or
	// the register becomes a place to look people up. Attempts are the caller's to limit.
	//
	// The error is [ErrUnavailable] if the register gave no answer that can be relied on. It never says anything
	// about the person, and never carries personal data.
	Verify(ctx context.Context, c Claim) (Verdict, error)
}

// ErrUnavailable reports that the register did not answer, or answered nonsense. Trying later may help.
var ErrUnavailable = errors.New("register: unavailable")

// Claim is what somebody says about themselves.
type Claim struct {
	Name     identity.Name
	Document identity.Document
	// Phone, in E.164, is a number that the claimant was shown to hold. "" asks about name and document alone: for a
	// person whom another issuer vouches for. Whoever signs in here for the first time claims a phone, because names
	// and document numbers are known to many.
	Phone string
}

// String gives nothing away, so that a claim printed by mistake reveals no person.
func (c Claim) String() string { return fmt.Sprintf("claim to a %s", c.Document.Kind) }

// GoString does the same for %#v.
func (c Claim) GoString() string { return c.String() }

// LogValue does the same for structured logs.
func (c Claim) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Outcome is what the register makes of a claim. The zero value is no outcome.
type Outcome string

// The outcomes, in the order in which they are looked for: a claimant who does not know the name learns neither that a
// person died nor that a phone differs.
const (
	UnknownDocument Outcome = "unknown_document"
	NameMismatch    Outcome = "name_mismatch"
	Deceased        Outcome = "deceased"
	Cancelled       Outcome = "cancelled" // the document or the record was withdrawn
	// PhoneMismatch: another phone is on record, or none.
	PhoneMismatch Outcome = "phone_mismatch"
	Match         Outcome = "match"
)

// Verdict is the register's answer.
type Verdict struct {
	Outcome Outcome
	// Name is the name as the register writes it and Region the person's home region. Both are empty unless the
	// outcome is Match.
	Name   string
	Region string
	// Names says how the names compared, unless the document is unknown: identity.EqualAfterMapping is a reason for a
	// correction case even when all is well otherwise.
	Names identity.Comparison
	// PhoneOnRecord reports whether the register has a phone at all. It is false if the name did not match.
	PhoneOnRecord bool
	// Received is the name in the form in which the register gave it, if that is another than Name; else nil, as in all but a Match.
	Received *storage.ReceivedName
}

// Matches reports whether the claim was confirmed.
func (v Verdict) Matches() bool { return v.Outcome == Match }

// String leaves out what is known of the person.
func (v Verdict) String() string { return string(v.Outcome) }

// GoString does the same for %#v.
func (v Verdict) GoString() string { return v.String() }

// LogValue does the same for structured logs.
func (v Verdict) LogValue() slog.Value { return slog.StringValue(v.String()) }
