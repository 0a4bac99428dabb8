package signals

import (
	"slices"
	"time"

	"manyou/storage"
)

// The types of events.
const (
	EventVerification    = "https://schemas.openid.net/secevent/ssf/event-type/verification"   // SSF 1.0 §8.1.4.1
	EventStreamUpdated   = "https://schemas.openid.net/secevent/ssf/event-type/stream-updated" // SSF 1.0 §8.1.5
	EventSessionRevoked  = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
	EventAccountDisabled = "https://schemas.openid.net/secevent/risc/event-type/account-disabled"
	EventAccountEnabled  = "https://schemas.openid.net/secevent/risc/event-type/account-enabled"
	// EventCorrection says what was done to a person or a link, and in which case; see [Correction].
	EventCorrection = "urn:manyou:event-type:correction"
)

// Supported lists the events that can be asked for. The two of the framework itself come without being asked for.
func Supported() []string {
	return []string{EventCorrection, EventAccountDisabled, EventAccountEnabled, EventSessionRevoked}
}

// Correction is the payload of [EventCorrection].
type Correction struct {
	At   int64  `json:"event_timestamp"` // seconds since 1970
	What string `json:"what"`            // a [storage.SignalWhat]
	Case string `json:"case,omitempty"`  // the number that people say
	// Hold is what was placed or lifted.
	Hold     *Hold  `json:"hold,omitempty"`
	Decision string `json:"decision,omitempty"`
	// Link says that it is about the way by which the person came, and not the person.
	Link bool `json:"link,omitempty"`
	// Into is who the subject was found to be, as the receiver knows, or will know, them.
	Into *SubjectID `json:"into,omitempty"`
	// Name is what the person is called now; only to issuers, which have it verified from here.
	Name string `json:"name,omitempty"`
	// Phone is the mark of a number that was taken from the person, see [PhoneMark]; only to issuers, where they may have enrolled it, too.
	Phone string `json:"phone,omitempty"`
}

// Hold is a hold as others hear of it.
type Hold struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
}

// Event is one event with its payload.
type Event struct {
	Type    string
	Payload any
}

type accountDisabled struct {
	Reason string `json:"reason,omitempty"`
}

type sessionRevoked struct {
	At        int64  `json:"event_timestamp"`
	Initiator string `json:"initiating_entity"`
}

// Events are what a signal becomes, of the events that a receiver asked for; more is filled in for it beforehand.
func Events(s storage.Signal, more Correction, requested []string) (list []Event) {
	at := s.At.Unix()
	more.At, more.What, more.Case, more.Decision, more.Link = at, string(s.What), s.Number, s.Decision, s.Issuer != "" && !s.Personal
	if s.HoldID != "" {
		more.Hold = &Hold{ID: s.HoldID, Kind: string(s.HoldKind)}
	}
	person := !more.Link && (s.HoldKind == storage.HoldFreeze || s.HoldKind == storage.HoldDeactivate)
	add := func(e Event) {
		if slices.Contains(requested, e.Type) {
			list = append(list, e)
		}
	}
	add(Event{EventCorrection, more})
	if s.What == storage.SignalHeld && person {
		add(Event{EventAccountDisabled, accountDisabled{}})
	}
	if s.What == storage.SignalLifted && person {
		add(Event{EventAccountEnabled, struct{}{}})
	}
	if s.What != storage.SignalLifted && s.What != storage.SignalRecoded {
		add(Event{EventSessionRevoked, sessionRevoked{at, "policy"}})
	}
	return list
}

// Requested are the events that a receiver gets for those that it asked for: those that are supported, all if it asked for none.
func Requested(asked []string) []string {
	if len(asked) == 0 {
		return Supported()
	}
	return slices.DeleteFunc(Supported(), func(s string) bool { return !slices.Contains(asked, s) })
}

// Verification is the payload of [EventVerification].
type Verification struct {
	State string `json:"state,omitempty"`
}

// Updated is the payload of [EventStreamUpdated].
type Updated struct {
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
}

// moment reads seconds since 1970.
func moment(seconds float64) time.Time { return time.Unix(int64(seconds), 0).UTC() }
