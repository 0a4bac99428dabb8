package web

import (
	"net/url"
	"slices"
	"time"

	"manyou/federation/correction"
)

// CasePage is one case, with all that is known of it. Every form sends version; the actions and their fields are those of
// templates/case_acts.html.
type CasePage struct {
	Frame
	Action, BackURL string
	Head            CaseHead
	Version         int64
	Until           time.Time // how long it stays open for who looks
	Notice          string    // what was just done, one of [CaseNotices]
	Problem         string    // why it was not, one of [CaseProblems]
	ConfirmURL      string    // where to prove again who one is
	Typed           url.Values
	Complaint       CaseComplaint
	People          []CasePerson
	Sources         []CaseSource
	Files           []CaseFile
	Holds           []CaseHold
	Proposal        *CaseProposal
	Decided         []CaseProposal
	Others          []CaseHead // other cases of the person
	Duplicates      []CaseHead
	DuplicateOf     *CaseHead
	Deliveries      []CaseDelivery
	Events          []CaseEvent
	Acts            CaseActs
}

func (*CasePage) template() string { return "case" }
func (*CasePage) title() string    { return "case.title" }
func (p *CasePage) failed() bool   { return p.Problem != "" }
func (*CasePage) script() string   { return assetConsole }

// CaseNotices lists what may just have been done with a case.
func CaseNotices() []string {
	return []string{
		"take", "assign", "note", "escalate", "evidence", "propose", "approve", "endorse", "return", "reject", "reopen", "freeze", "step_up", "confirm", "lift",
	}
}

// Who is somebody or something that acted.
type Who struct {
	Kind string // one of [WhoKinds]
	Name string // "" if there is none to say
}

// WhoKinds lists who may act.
func WhoKinds() []string {
	return []string{"you", "officer", "person", "application", "issuer", "system", "register", "here", "visitor", "operator", "command", "other"}
}

// CaseComplaint is what was complained of.
type CaseComplaint struct {
	Filer     Who
	For       string
	Statement string
	Attribute string // one of [CaseAttributes], "" if it is about none
	Expected  string
	Link      *CaseLink
}

// CaseAttributes lists what of a person may be wrong.
func CaseAttributes() []string { return []string{correction.AttributeName, correction.AttributePhone} }

// CasePerson is somebody whom a case is about.
type CasePerson struct {
	ID, Name     string
	Received     *CaseReceived // nil: the name was received as it is stored
	Region       string        // what it is called
	Status       string        // one of [PersonStates]
	Documents    []CaseDocument
	Links        []CaseLink
	Credentials  []CaseCredential
	First, Other bool // the one, and the other one, whom it was filed about
}

// PersonStates lists the states of a person.
func PersonStates() []string { return []string{"active", "frozen", "deactivated", "merged"} }

// CaseDocument is a document of a person.
type CaseDocument struct {
	Kind, Number string
	Value        string // in a form
}

// CaseLink is a subject of another issuer.
type CaseLink struct {
	Name, Issuer, Subject string
	Frozen                bool
	Since                 time.Time
	Value                 string // in a form
}

// CaseCredential is a way to prove oneself.
type CaseCredential struct {
	ID, Method, Label string
	Since             time.Time
}

// CaseHold is what lies, or lay, on somebody.
type CaseHold struct {
	ID, Kind string // watch, step_up, freeze, deactivate
	Person   string
	Link     *CaseLink // nil: the whole person
	Number   string    // of the case that it belongs to
	Here     bool      // it is this case's
	By       Who
	At       time.Time
	Until    time.Time
	LiftedAt time.Time
	LiftedBy Who
	Confirm  bool // it can be confirmed, and lifted
	Lift     bool
}

// HoldKinds lists the kinds of hold.
func HoldKinds() []string { return []string{"watch", "step_up", "freeze", "deactivate"} }

// CaseProposal is what somebody wants to be decided.
type CaseProposal struct {
	ID, Decision string
	By           Who
	At           time.Time
	Why          string
	Approvals    []CaseApproval
	Needed       int
	AppliedAt    time.Time
	Person       string
	Other        *CasePerson
	Name         *correction.Difference
	Received     *CaseReceived // what is kept beside the name
	Link         *CaseLink
	Credential   string
	SplitName    string
	Split        []string // what goes along
	Undo         string   // which decision
	Mine         bool     // who looks proposed it, or approved it
}

// CaseApproval is somebody's agreement.
type CaseApproval struct {
	By Who
	At time.Time
}

// CaseDelivery is whether somebody has heard of what was decided.
type CaseDelivery struct {
	Name    string
	ID      string
	Region  bool   // it is a region, and no application
	What    string // one of [SignalWhats]
	AckedAt time.Time
	LostAt  time.Time // when it was given up; zero: it was not
}

// SignalWhats lists what others hear of.
func SignalWhats() []string {
	return []string{"held", "lifted", "corrected", "recoded", "merged", "undone", "relinked"}
}

// Arrived is how many deliveries have arrived.
func (p *CasePage) Arrived() (n int) {
	for _, d := range p.Deliveries {
		if !d.AckedAt.IsZero() {
			n++
		}
	}
	return n
}

// Lost is how many deliveries were given up.
func (p *CasePage) Lost() (n int) {
	for _, d := range p.Deliveries {
		if !d.LostAt.IsZero() {
			n++
		}
	}
	return n
}

// CaseEvent is something that happened to a case.
type CaseEvent struct {
	At       time.Time
	What     string // one of [CaseEvents]
	Who      Who
	Text     string
	Reason   string // what triage made of it
	Number   string // of another case
	To       string
	Hold     string // its kind
	Until    time.Time
	Decision string
	Keys     []string // what was said
}

// CaseEvents lists what may happen to a case.
func CaseEvents() []string {
	return []string{
		correction.EventFiled, correction.EventTriaged, correction.EventTaken, correction.EventProposed, correction.EventReturned, correction.EventEndorsed,
		correction.EventApproved, correction.EventApplied, correction.EventPropagated, correction.EventClosed, correction.EventRejected,
		correction.EventWithdrawn, correction.EventAppealed, correction.EventReopened, correction.EventNoted, correction.EventEvidence,
		correction.EventEscalated, correction.EventHeld, correction.EventConfirmed, correction.EventLifted, correction.EventLapsed, correction.EventJoined,
	}
}

// CaseActs are the steps that can be taken.
type CaseActs struct {
	Barred                                string // why none can be, one of [CaseProblems]; "" if some can
	Take, Approve, Return, Reject, Reopen bool
	Assign, Note, Escalate, Evidence      bool
	Freeze, StepUp                        bool
	Propose                               []string // forms of decisions, the likely ones first
	Likely                                int      // how many of them are likely
	Officers                              []CaseOfficer
}

// Any reports whether there are steps.
func (a CaseActs) Any() bool {
	return a.Take || a.Approve || a.Return || a.Reject || a.Reopen || a.Assign || a.Note || a.Escalate || a.Evidence || a.Freeze || a.StepUp || len(a.Propose) > 0
}

// CaseOfficer is somebody who can be given a case.
type CaseOfficer struct{ ID, Name string }

// Was is what was typed into a field of the form of an action (for a proposal: of a decision) that was refused.
func (p *CasePage) Was(form, field string) string {
	if form == "break_glass" {
		form = "freeze"
		if p.Typed.Get("action") != form {
			return ""
		}
	} else if form == "freeze" && p.Typed.Get("action") == form {
		return "" // that was the break-glass
	}
	if p.Typed.Get("action") == form || p.Typed.Get("action") == "propose" && p.Typed.Get("decision") == form {
		return p.Typed.Get(field)
	}
	return ""
}

// Chosen reports whether a value of a field was chosen in such a form.
func (p *CasePage) Chosen(form, field, value string) bool {
	return p.Was(form, field) != "" && slices.Contains(p.Typed[field], value)
}

// WasHold is what was typed beside a hold.
func (p *CasePage) WasHold(form, hold string) string {
	if p.Typed.Get("hold") != hold {
		return ""
	}
	return p.Was(form, "text")
}

// Opened reports whether a form was sent and refused, so that it is shown open.
func (p *CasePage) Opened(form string) bool { return p.Was(form, "action") != "" }

// caseForm is a form of the page, for the templates that several share.
type caseForm struct {
	Page *CasePage
	Name string
}

// FirstPerson is whom it was filed about; nil if that is not known. OtherPerson is the other one.
func (p *CasePage) FirstPerson() *CasePerson {
	return p.one(func(c CasePerson) bool { return c.First })
}

// OtherPerson is the second person of the complaint; nil if it named none.
func (p *CasePage) OtherPerson() *CasePerson {
	return p.one(func(c CasePerson) bool { return c.Other })
}

func (p *CasePage) one(is func(CasePerson) bool) *CasePerson {
	if n := slices.IndexFunc(p.People, is); n >= 0 {
		return &p.People[n]
	}
	return nil
}

// ExpectedName is what the person is called, as the complaint says.
func (p *CasePage) ExpectedName() string {
	if p.Complaint.Attribute == correction.AttributeName {
		return p.Complaint.Expected
	}
	return ""
}

// Complained reports whether the complaint is about a link.
func (p *CasePage) Complained(l CaseLink) bool {
	of := p.Complaint.Link
	return p.Typed == nil && of != nil && of.Value == l.Value
}

// Keys lists what an officer can add.
func (*CasePage) Keys() []string { return SaidKeys() }

// ProposalForms lists the forms of decisions.
func ProposalForms() []string {
	return []string{"name", "phone", "relink", "unlink", "merge", "split", "freeze", "thaw", "deactivate", "reinstate", "undo"}
}
