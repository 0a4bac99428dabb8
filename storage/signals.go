package storage

import (
	"context"
	"time"
)

// SignalWhat is what happened.
type SignalWhat string

// What others hear of. All but a recoding and the end of a hold void what was issued before.
const (
	SignalHeld      SignalWhat = "held"
	SignalLifted    SignalWhat = "lifted"
	SignalCorrected SignalWhat = "corrected" // something of the person is another now
	SignalRecoded   SignalWhat = "recoded"   // the name is the same, in other code points
	SignalMerged    SignalWhat = "merged"    // the person was found to be Other
	SignalUndone    SignalWhat = "undone"    // Decision, an earlier one, was taken back
	SignalRelinked  SignalWhat = "relinked"  // the link is another person's now, or nobody's
)

// Signal is something that happened to a person, or to one link of theirs. It is written by what makes it happen, in one transaction; its
// place is that of the commit.
type Signal struct {
	Seq      int64 // from 1, growing; without a gap but where a backup came back
	At       time.Time
	What     SignalWhat
	PersonID string
	Other    string
	// Issuer and Subject name the link.
	Issuer, Subject string
	// Personal says that it is about the person, and told to the issuer of the link, by its own subject, and to nobody else.
	Personal       bool
	HoldID         string
	HoldKind       HoldKind
	CaseID, Number string
	Decision       string
}

// Addressed is a signal as one application has to hear it.
type Addressed struct {
	Signal
	// Known is the subject that the application knows the person by; "" if it is told because it is the issuer of the link.
	Known string
}

// StreamStatus says whether a stream flows (OpenID Shared Signals Framework 1.0 §8.1.2).
type StreamStatus string

// The states of a stream.
const (
	StreamEnabled  StreamStatus = "enabled"
	StreamPaused   StreamStatus = "paused"   // what happens is kept
	StreamDisabled StreamStatus = "disabled" // what happens is not kept
)

// Stream is what an application wants to hear, and how.
type Stream struct {
	ClientID string
	ID       string
	// Issuer says that the application is another issuer; not stored with the stream.
	Issuer bool
	// Method is "push" or "poll".
	Method   string
	Endpoint string
	// Authorization is the header that is sent along; sealed at rest.
	Authorization string
	Events        []string
	Description   string
	Status        StreamStatus
	Reason        string
	// Verification is what is to be sent to prove that the stream works, as JSON; "" if nothing is.
	Verification string
	// Position is the signal up to which all was acknowledged.
	Position int64
	// Partial is how many tokens of the next signal were acknowledged already.
	Partial int
	// CreatedAt is since when what happens is told.
	CreatedAt time.Time
	// RepeatedAt is when it was last set back, to tell again what it was told; zero: never.
	RepeatedAt time.Time
}

// Acknowledged is how far a stream came: what its receiver has heard, what was given up, and where it goes on.
type Acknowledged struct {
	Heard, Lost []int64
	Position    int64
	Partial     int
}

// Unheard is what a stream has still to tell.
type Unheard struct {
	Signals int64
	Oldest  time.Time // of them; zero: there is none
	Lost    int64     // were given up, and not told again
}

// SignalDelivery is whether an application has acknowledged a signal.
type SignalDelivery struct {
	ClientID string
	Seq      int64
	What     SignalWhat
	AckedAt  time.Time // zero: not yet, unless it is lost
	LostAt   time.Time // when it was given up; zero: it was not
}

// Waits reports whether it is still to be acknowledged.
func (d SignalDelivery) Waits() bool { return d.AckedAt.IsZero() && d.LostAt.IsZero() }

// Signals are what others have to hear.
type Signals interface {
	// PutStream begins a stream, behind all that happened so far. ErrConflict if the application has one.
	PutStream(ctx context.Context, s Stream) error
	// SetStream changes all of a stream but its position. ErrNotFound.
	SetStream(ctx context.Context, s Stream) error
	// Verified notes that a verification was sent, unless another is to be sent by now; all else of the stream stays as it is.
	Verified(ctx context.Context, clientID, verification string) error
	// Stream returns the stream of an application. ErrNotFound.
	Stream(ctx context.Context, clientID string) (Stream, error)
	// ListStreams returns all, by client ID.
	ListStreams(ctx context.Context) ([]Stream, error)
	// DropStream ends one. ErrNotFound.
	DropStream(ctx context.Context, clientID string) error
	// SignalHead is the place of the latest signal.
	SignalHead(ctx context.Context) (int64, error)
	// SignalsFor lists what an application has to hear behind a place, in order, at most limit: of persons whom it knows and has not removed, or who were merged
	// into or with them, and of links of the issuer that it is ("" if it is none). What is personal is for that issuer
	// alone. One read.
	SignalsFor(ctx context.Context, clientID, issuer string, after int64, limit int) ([]Addressed, error)
	// Acknowledge notes how far a stream came, and moves its position forward, never back. Again changes nothing. ErrConflict if it was dropped or
	// set back since it was read: what was heard before counts no more.
	Acknowledge(ctx context.Context, s Stream, a Acknowledged, at time.Time) error
	// RepeatStream sets a stream back, so that all that happened since a moment, or was acknowledged or given up since, is told again. ErrNotFound; ErrConflict
	// if it is disabled: once it flows again, it begins behind all that.
	RepeatStream(ctx context.Context, clientID string, since, at time.Time) error
	// Unheard counts what a stream has still to tell to an application, which is the issuer of links ("" if it is none), as SignalsFor lists it.
	Unheard(ctx context.Context, s Stream, issuer string) (Unheard, error)
	// DeliveriesOf lists who has to hear of a case, with the moment when they did: of streams that are not disabled.
	DeliveriesOf(ctx context.Context, caseID string) ([]SignalDelivery, error)
	// SignalsOf lists, in order, what an application has heard of a case, or has to hear, since it has its stream; nothing if it has none.
	SignalsOf(ctx context.Context, caseID, clientID string) ([]Signal, error)
	// KnownAs finds the person whom an application knows by a subject; a person who was merged is who they were found to be. ErrNotFound.
	KnownAs(ctx context.Context, clientID, subject string) (personID string, err error)
	// SetKnown says whether an application wants to hear of a person, whom it knows by a subject. Of the next signal all is told again. ErrNotFound.
	SetKnown(ctx context.Context, clientID, subject string, removed bool) error
	// CorrectAs changes persons because another issuer decided so. What was changed under that ID before is not changed again.
	CorrectAs(ctx context.Context, c Correction, of Case, at time.Time) error
}
