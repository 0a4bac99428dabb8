package correction

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"manyou/storage"
)

// Kind is what kind of mistake a case is about.
type Kind string

// The kinds of case.
const (
	KindAttribute Kind = "wrong_attribute" // a name, a phone number; variant characters, too
	KindEncoding  Kind = "encoding"        // a name is the same one, in other code points: the same person, encoded otherwise
	KindLink      Kind = "wrong_link"      // a subject of another issuer is linked to the wrong person
	KindDuplicate Kind = "duplicate"       // one person has two records
	KindCollision Kind = "collision"       // two people are in one record
	KindTakeover  Kind = "takeover"        // somebody else uses the account
	KindLifecycle Kind = "lifecycle"       // the person died, the record was cancelled, or wrongly so
	KindConflict  Kind = "conflict"        // two sources say different things
)

// Kinds lists the kinds.
func Kinds() []Kind {
	return []Kind{KindAttribute, KindEncoding, KindLink, KindDuplicate, KindCollision, KindTakeover, KindLifecycle, KindConflict}
}

// State is where a case stands; see the package's drawing.
type State string

// The states of a case.
const (
	Filed      State = "filed"
	Triaged    State = "triaged"
	InReview   State = "in_review"
	Proposed   State = "proposed"
	Approved   State = "approved" // passed through on the way to applied
	Applied    State = "applied"
	Propagated State = "propagated"
	Closed     State = "closed"
	Rejected   State = "rejected"
	Withdrawn  State = "withdrawn"
	Appealed   State = "appealed"
	Reopened   State = "reopened"
)

// States lists the states in which a case rests.
func States() []State {
	return []State{Triaged, InReview, Proposed, Applied, Propagated, Closed, Rejected, Withdrawn, Appealed, Reopened}
}

// open reports whether somebody or something is still to act.
func (s State) open() bool { return s != Closed && s != Rejected && s != Withdrawn }

// waits reports whether people are to act.
func (s State) waits() bool { return slices.Contains(before[EventEscalated], s) }

// before lists the states that an event may come from: the arrows of the drawing.
var before = map[string][]State{
	EventTaken:      {Triaged, InReview, Appealed, Reopened},
	EventProposed:   {InReview},
	EventReturned:   {Proposed},
	EventApproved:   {Proposed},
	EventRejected:   {Triaged, InReview, Appealed, Reopened},
	EventWithdrawn:  {Triaged, InReview, Proposed, Appealed, Reopened},
	EventPropagated: {Applied},
	EventClosed:     {Propagated},
	EventAppealed:   {Applied, Propagated, Closed, Rejected},
	EventReopened:   {Closed, Rejected, Withdrawn},
	EventNoted:      States(),
	EventEvidence:   {Triaged, InReview, Proposed, Appealed, Reopened},
	EventEscalated:  {Triaged, InReview, Proposed, Appealed, Reopened},
	EventHeld:       {Triaged, InReview, Proposed, Appealed, Reopened},
	EventConfirmed:  {Triaged, InReview, Proposed, Appealed, Reopened},
	EventLifted:     States(),
	EventLapsed:     States(),
	EventJoined:     {Triaged, InReview, Proposed, Appealed, Reopened},
}

// What happens to a case.
const (
	EventFiled      = "filed"
	EventTriaged    = "triaged"
	EventTaken      = "taken"
	EventProposed   = "proposed"
	EventReturned   = "returned"
	EventEndorsed   = "endorsed" // approved, and more approvals are needed
	EventApproved   = "approved"
	EventApplied    = "applied"
	EventPropagated = "propagated"
	EventClosed     = "closed"
	EventRejected   = "rejected"
	EventWithdrawn  = "withdrawn"
	EventAppealed   = "appealed"
	EventReopened   = "reopened"
	EventNoted      = "noted"
	EventEvidence   = "evidence"
	EventEscalated  = "escalated"
	EventHeld       = "held"
	EventConfirmed  = "confirmed"
	EventLifted     = "lifted"
	EventLapsed     = "lapsed"
	EventJoined     = "joined"
)

// Attributes that a case can be about.
const (
	AttributeName  = "name"
	AttributePhone = "phone"
)

// Link names a subject at another issuer.
type Link struct {
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
}

// Evidence is what one source says, and how it is known that it did.
type Evidence struct {
	// Source is who asserted it: "register", "issuer:" or "application:" with an identifier, "person:", "officer:", "here" for what this
	// issuer has stored.
	Source string    `json:"source"`
	At     time.Time `json:"at"`
	// By is who filed the case that it came with, whatever it says of its source; "" if it was added, or was filed on another's behalf.
	By string `json:"by,omitempty"`
	// ACR is the rung at which the person was authenticated when it was asserted; 0 if nobody was.
	ACR int `json:"acr,omitempty"`
	// Chain are the entities by which the source is trusted, itself first.
	Chain []string `json:"chain,omitempty"`
	// Said are the values: "name", "document", "phone", "region", "birth_date", "text"; "name_received" is the form in which the name was
	// received, if that is another, and "mapping" the version of the table by which a form in another encoding was recognised.
	Said map[string]string `json:"said"`
	// File is the file that it is, beside what is said of it; nil if it is none.
	File *File `json:"file,omitempty"`
}

// Body is what of a case nobody reads in the database.
type Body struct {
	Statement string     `json:"statement,omitempty"`
	For       string     `json:"for,omitempty"` // on whose behalf the filer filed, in the filer's own words
	Attribute string     `json:"attribute,omitempty"`
	Expected  string     `json:"expected,omitempty"` // what the attribute should be, as the filer says
	Link      *Link      `json:"link,omitempty"`
	Other     string     `json:"other,omitempty"` // the other person, where there are two
	Evidence  []Evidence `json:"evidence,omitempty"`
	Reason    string     `json:"reason,omitempty"` // what triage made of it, a word of the program
	Proposal  *Proposal  `json:"proposal,omitempty"`
	// Decided are the decisions that were applied, the latest last.
	Decided []Proposal `json:"decided,omitempty"`
}

// Case is a case with its body.
type Case struct {
	storage.Case
	Body Body
}

// State is where it stands.
func (c *Case) State() State { return State(c.Case.State) }

// Bounds.
const (
	maxText     = 4000 // characters
	maxValue    = 400  // characters of one value
	maxSaid     = 16
	maxEvidence = 40
	maxChain    = 16
	maxBody     = 256 << 10 // bytes
	// keptItems and keptBody are what of that is kept for officers: whom a case is about adds to it, and may not want it decided. keptDecision is
	// what no evidence takes up, an officer's neither: one of them may not want it decided.
	keptItems    = 12
	keptBody     = 96 << 10
	keptDecision = 48 << 10
)

// ErrTooLarge reports a text or a list beyond its bound.
var ErrTooLarge = errors.New("correction: too large")

// check holds an item of evidence to its bounds.
func (e Evidence) check() error {
	if e.Source == "" || len(e.Said) == 0 && e.File == nil || len(e.Said) > maxSaid || len(e.Chain) > maxChain {
		return fmt.Errorf("%w: evidence", ErrTooLarge)
	}
	texts := append([]string{e.Source}, e.Chain...)
	for k, v := range e.Said {
		texts = append(texts, k, v)
	}
	for _, t := range texts {
		if !utf8.ValidString(t) || utf8.RuneCountInString(t) > maxText {
			return fmt.Errorf("%w: evidence", ErrTooLarge)
		}
	}
	return nil
}

func (b *Body) encode() ([]byte, error) {
	if len(b.Evidence) > maxEvidence || utf8.RuneCountInString(b.Statement) > maxText || utf8.RuneCountInString(b.Expected) > maxValue {
		return nil, ErrTooLarge
	}
	raw, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("correction: encode: %w", err)
	}
	if len(raw) > maxBody {
		return nil, ErrTooLarge
	}
	return raw, nil
}

// decode reads a case as it is stored.
func decode(stored storage.Case) (*Case, error) {
	c := &Case{Case: stored}
	if len(stored.Body) > maxBody {
		return nil, ErrTooLarge
	}
	if err := json.Unmarshal(stored.Body, &c.Body); err != nil {
		return nil, fmt.Errorf("correction: case %s: %w", stored.ID, err)
	}
	return c, nil
}
