package storage

import (
	"context"
	"time"
)

// Case is a dispute about an identity. What its kinds and states mean is federation/correction's.
type Case struct {
	ID     string
	Number string // as people read it to each other
	Kind   string
	// Reason is what triage made of it, a word; "" where the word would say something of the person.
	Reason string
	// Topic is what of the person it is about. Of one person and topic there is one open case; what is filed besides is a duplicate of it.
	Topic    string
	State    string
	Open     bool   // whether somebody or something is still to act
	PersonID string // "" while it is not known whom it is about
	Region   string // whose officers see it
	Priority int    // the higher the sooner
	// Filer is who filed it: "person:", "application:", "issuer:", "system".
	Filer    string
	Assignee string // the officer who has it, a person's ID; "" if nobody
	// DuplicateOf is the case that it was joined to.
	DuplicateOf string
	// Version is how many events there are.
	Version   int64
	FiledAt   time.Time
	DueAt     time.Time
	UpdatedAt time.Time
	Body      []byte // sealed at rest
}

// CaseEvent is something that happened to a case.
type CaseEvent struct {
	Seq   int64 // from 1
	At    time.Time
	What  string
	Actor string
	Body  []byte // sealed at rest
}

// CaseFile is a file that belongs to a case: evidence that is no text.
type CaseFile struct {
	ID      string
	CaseID  string
	AddedAt time.Time
	Media   string // its media type, as it was found to be
	Body    []byte // sealed at rest
}

// CaseStep is one step of a case, all or nothing.
type CaseStep struct {
	// Case is the case as it is afterwards. Its Version is the one that was read, 0 to file it: if another is stored, ErrConflict.
	Case Case
	// Events are what happened, in order. Their Seq is given by the store.
	Events []CaseEvent
	// Place, Lift and Confirm change holds. A confirmed hold does not lapse. ErrConflict if one to be lifted or confirmed does not lie.
	Place   []Hold
	Lift    []HoldLift
	Confirm []string
	// Seen are the holds by which the step was decided, if not nil: if there are others by now, ErrConflict.
	Seen *HoldsSeen
	// Still are merges that the step goes by, Into "" for a record that was merged into none: if one is no longer so, ErrConflict.
	Still []Merge
	// Joins is a case that has to be open, "" if none has, and Alone says that no other may be joined to this one: else ErrConflict.
	Joins string
	Alone bool
	// Files are kept with the case from then on.
	Files []CaseFile
	// Correction changes persons, if not nil.
	Correction *Correction
	// Remind is when somebody has to be reminded of the case from now on, if not nil; zero: never.
	Remind *time.Time
	// Audit makes the record of the audit log.
	Audit func(seq int64) ([]byte, error)
}

// CaseFilter selects cases that are no duplicates. What is empty selects all.
type CaseFilter struct {
	Regions  []string // at most 40
	Kind     string
	Reason   string
	State    string // "" selects open ones of any state
	Assignee string
	// Overdue selects those whose time is over at Now.
	Overdue bool
	Now     time.Time
	// After continues behind a case of an earlier page; nil is the first page.
	After *Case
}

// CaseCount is how many cases there are of a region, kind and state.
type CaseCount struct {
	Region, Kind, State string
	N                   int64
}

// CaseAge is how old the open cases of a region and kind are.
type CaseAge struct {
	Region, Kind string
	Open         int64
	Overdue      int64     // of them
	Oldest       time.Time // when the first of them was filed
}

// AwaitedCase is a case whose decision is on its way.
type AwaitedCase struct {
	ID string
	At time.Time // when it last changed
	// Unheard are the clients whose streams have not acknowledged what they have to hear of it.
	Unheard []string
}

// Cases are the queue of corrections.
type Cases interface {
	// StepCase writes a step, in one durable transaction. ErrConflict if the case, or what it changes, is no longer as it was read; of two
	// open cases of one person and topic the second is refused in the same way. ErrNotFound if a person is not there.
	StepCase(ctx context.Context, s CaseStep) error
	// Case returns one. ErrNotFound.
	Case(ctx context.Context, id string) (Case, error)
	// CaseByNumber returns one. ErrNotFound.
	CaseByNumber(ctx context.Context, number string) (Case, error)
	// CaseEvents lists what happened to a case, in order.
	CaseEvents(ctx context.Context, id string) ([]CaseEvent, error)
	// CaseFile returns a file of that case. ErrNotFound, also if it is another case's.
	CaseFile(ctx context.Context, caseID, id string) (CaseFile, error)
	// ListCases lists cases, the most urgent first, at most limit of them, without their bodies.
	ListCases(ctx context.Context, f CaseFilter, limit int) ([]Case, error)
	// CountCases says how many cases there are that are no duplicates.
	CountCases(ctx context.Context) ([]CaseCount, error)
	// CaseAges says how old the open cases are that are no duplicates, by region and kind.
	CaseAges(ctx context.Context, now time.Time) ([]CaseAge, error)
	// CasesToRemind lists the IDs of cases whose reminder is due, the earliest first, at most limit.
	CasesToRemind(ctx context.Context, now time.Time, limit int) ([]string, error)
	// AwaitedCases lists the cases of a state, applied or propagated, at most limit: those that changed last if after is nil, else those
	// that changed after it, the earliest first; a zero one begins with the first.
	AwaitedCases(ctx context.Context, state string, after *AwaitedCase, limit int) ([]AwaitedCase, error)
	// CasesOf lists the cases about a person, newest first, at most limit, without their bodies.
	CasesOf(ctx context.Context, personID string, limit int) ([]Case, error)
	// CasesFiledBy lists the cases that somebody filed, newest first, at most limit, without their bodies.
	CasesFiledBy(ctx context.Context, filer string, limit int) ([]Case, error)
	// DuplicatesOf lists the cases that were joined to one, oldest first, at most limit, without their bodies.
	DuplicatesOf(ctx context.Context, id string, limit int) ([]Case, error)
}

// What can be moved from one person to another.
const (
	MoveLink       = "link"
	MoveCredential = "credential"
	MoveDocument   = "document"
)

// Correction is what a decision changes of persons. Each person that it names, or moves from or to, has a new epoch afterwards: whatever
// was issued before is void. One that only recodes leaves the epoch; see [Correction.Recodes].
type Correction struct {
	// ID is the decision's. What is moved is noted under it, and can be moved back.
	ID string
	// Create is a person who begins here: the other one of two who were one, Of.
	Create *Person
	Of     string
	// Touch lists persons whose epoch grows though nothing else of them changes.
	Touch []string
	// Tell lists links of those persons whose issuers hear of it by their own subject, besides those who were given the person.
	Tell   []Link
	Names  []Rename
	Moves  []Move
	Merges []Merge
	// Undo names an earlier decision whose moves and merges are taken back. ErrConflict if one of them is no longer where it was moved.
	Undo string
}

// Recodes reports whether nothing changes but how names are encoded. Who anybody is, and who may have what was issued to them, is what it was:
// their epochs, sessions and grants stay.
func (c Correction) Recodes() bool {
	for _, r := range c.Names {
		if !r.Recoded {
			return false
		}
	}
	return len(c.Names) > 0 && c.Create == nil && c.Of == "" && c.Undo == "" && len(c.Touch)+len(c.Moves)+len(c.Merges) == 0
}

// Rename changes a person's name, if it is still the one that was read; else ErrConflict.
type Rename struct {
	PersonID, From, To string
	// Received is the form that is kept beside To; nil if there is none.
	Received *ReceivedName
	// Recoded says that it is the same name in other code points: whoever corrects has compared them.
	Recoded bool
}

// Move gives something of one person to another. ErrConflict if it is not there (any more).
type Move struct {
	What string
	// Issuer and Subject name a link, Key a credential by its ID, Document a document.
	Issuer, Subject string
	Key             string
	Document        Document
	From            string
	To              string // "" drops a link or a credential; the credential is gone
}

// Merge makes two persons one: links, credentials, documents, consents and holds of From are Into's. From stays as a name for Into, and so do
// those that were merged into From. ErrConflict if either is another's already.
type Merge struct{ From, Into string }
