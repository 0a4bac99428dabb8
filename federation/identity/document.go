package identity

import (
	"log/slog"
	"strings"
	"time"
)

// Kind is a kind of identity document. It is stored and sent as it stands here.
type Kind string

// The kinds of documents.
const (
	ResidentID         Kind = "resident_id"         // 居民身份证, GB 11643
	PermanentResidence Kind = "permanent_residence" // 外国人永久居留身份证, both forms
	ResidencePermit    Kind = "residence_permit"    // 港澳台居民居住证
	Passport           Kind = "passport"            // 护照, with the state that issued it
)

// Kinds lists the kinds, the commonest first.
func Kinds() []Kind { return []Kind{ResidentID, PermanentResidence, ResidencePermit, Passport} }

// ParseKind accepts exactly the values of [Kinds]. The error is a *[DocumentError] with [ReasonUnknownKind].
func ParseKind(s string) (Kind, error) {
	for _, k := range Kinds() {
		if string(k) == s {
			return k, nil
		}
	}
	return "", &DocumentError{Reason: ReasonUnknownKind}
}

// Document is an identity document. Kind and number name one document in the world.
type Document struct {
	Kind Kind
	// Number is in normal form: upper-case ASCII without spaces or hyphens. A passport's begins with the issuing
	// state, because states number their passports without regard to each other: "CHN/E00000000".
	Number string
}

// maxDocumentInput bounds, in bytes, what may be typed as a number: eighteen full-width characters with a space
// after each take 108.
const maxDocumentInput = 128

// ParseDocument reads a document as a person types it or a file holds it. Full-width characters count as their ASCII
// forms, small letters as capitals; spaces and hyphens are dropped. A passport's number begins with its issuing state and
// a slash, a space or a hyphen: "CHN/E00000000", "chn e00000000". today, on the calendar of Beijing, is the last day
// that counts as a birth date. The error is a *[DocumentError].
func ParseDocument(kind, number string, today time.Time) (Document, error) {
	k, err := ParseKind(kind)
	if err != nil {
		return Document{}, err
	}
	fail := func(r Reason) (Document, error) { return Document{}, &DocumentError{Kind: k, Reason: r} }
	if len(number) > maxDocumentInput {
		return fail(ReasonTooLong)
	}
	if k == Passport {
		number = markState(number)
	}
	d := Document{Kind: k, Number: compact(number)}
	if d.Number == "" {
		return fail(ReasonEmpty)
	}
	if reason := d.check(today); reason != "" {
		return fail(reason)
	}
	return d, nil
}

// check returns what is wrong with a document in normal form, "" if nothing is.
func (d Document) check(today time.Time) Reason {
	switch d.Kind {
	case ResidentID:
		return checkResidentID(d, today)
	case PermanentResidence:
		return checkPermanentResidence(d, today)
	case ResidencePermit:
		return checkResidencePermit(d, today)
	default:
		return checkPassport(d.Number)
	}
}

// Region is the province-level code that a number tells: where a resident ID was first issued, where a permanent
// residence of the form of 2023 was applied for. It is a hint of the home region, not proof: people move and keep
// their number. It is "" for every other document; the 81, 82 and 83 of a residence permit say where its holder came
// from.
func (d Document) Region() string {
	switch {
	case len(d.Number) != longNumber:
		return ""
	case d.Kind == ResidentID:
		return d.Number[:2]
	case d.Kind == PermanentResidence:
		return d.Number[1:3]
	}
	return ""
}

// BirthDate is the day of birth that a number tells, at midnight UTC. ok is false if the number tells none.
func (d Document) BirthDate() (day time.Time, ok bool) {
	if d.Kind == Passport || len(d.Number) != longNumber {
		return time.Time{}, false
	}
	day, err := time.Parse("20060102", d.Number[6:14])
	return day, err == nil
}

// Mask shows as much of a number as its owner needs to recognise it, "330***********0011", and at most seven
// characters of it.
func (d Document) Mask() string {
	if state, number, ok := strings.Cut(d.Number, "/"); ok && d.Kind == Passport {
		return state + "/" + mask(number, 0, 2)
	}
	if len(d.Number) < oldPermanentResidence {
		return mask(d.Number, 0, 2)
	}
	return mask(d.Number, 3, 4)
}

// String returns the mask, so that a document printed by mistake gives nothing away.
func (d Document) String() string { return string(d.Kind) + ":" + d.Mask() }

// GoString does the same for %#v.
func (d Document) GoString() string { return d.String() }

// LogValue does the same for structured logs.
func (d Document) LogValue() slog.Value { return slog.StringValue(d.String()) }

func mask(s string, head, tail int) string {
	if len(s) <= head+tail {
		return strings.Repeat("*", len(s))
	}
	return s[:head] + strings.Repeat("*", len(s)-head-tail) + s[len(s)-tail:]
}
