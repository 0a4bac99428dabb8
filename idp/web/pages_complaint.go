package web

import "time"

// ComplaintsPage lists the cases of a citizen, and those about them.
type ComplaintsPage struct {
	Frame
	NewURL string
	Lines  []ComplaintLine
	// Refused says that they may not sign in now.
	Refused bool
	BackURL string // "" if there is no account to go back to
}

func (*ComplaintsPage) template() string { return "complaints" }
func (*ComplaintsPage) title() string    { return "complaints.title" }

// ComplaintLine is a case in a list.
type ComplaintLine struct {
	Number string
	Kind   string // one of [ComplaintKinds]
	State  string // one of [ComplaintStates]
	URL    string
	At     time.Time // when it was filed
}

// Decided reports whether there is an outcome.
func (l ComplaintLine) Decided() bool {
	switch l.State {
	case "applied", "propagated", "closed", "rejected":
		return true
	}
	return false
}

// ComplaintKinds lists the kinds of case that pages have words for.
func ComplaintKinds() []string {
	return []string{"name", "encoding", "phone", "link", "duplicate", "collision", "takeover", "lifecycle", "conflict"}
}

// ComplaintStates lists the states of a case that pages have words for.
func ComplaintStates() []string {
	return []string{"triaged", "in_review", "proposed", "applied", "propagated", "closed", "rejected", "withdrawn", "appealed", "reopened"}
}

// ComplaintChoices lists what a citizen may say is wrong, the most frequent first.
func ComplaintChoices() []string {
	return []string{"name", "phone", "link", "twice", "takeover", "life", "other"}
}

// ComplaintUnknown is what somebody may say of whom nobody knows who they are.
const ComplaintUnknown = "unknown"

// ComplaintChoosePage asks what is wrong.
type ComplaintChoosePage struct {
	Frame
	BaseURL string // a choice is a path beneath
	Choices []string
	BackURL string
}

func (*ComplaintChoosePage) template() string { return "complaint_choose" }
func (*ComplaintChoosePage) title() string    { return "complaint_choose.title" }

// ComplaintPage asks for what has to be known of one choice: what it should be (value), which one it is (option), what happened (statement),
// agreement (sure); once is sent along. Action: file.
type ComplaintPage struct {
	Frame
	Action           string
	What             string // one of [ComplaintChoices], or [ComplaintUnknown]
	Once             string
	Value, Statement string // as they were typed
	Options          []Option
	Option           string
	Error            Error
	BackURL          string
}

func (*ComplaintPage) template() string { return "complaint" }
func (p *ComplaintPage) title() string  { return "complaint_choice." + p.What + ".title" }
func (p *ComplaintPage) failed() bool   { return p.Error != "" }

// Option is one of several things to choose from.
type Option struct{ Value, Label string }

// Needs reports whether the choice asks for a field.
func (p *ComplaintPage) Needs(field string) bool {
	switch field {
	case "value":
		return p.What == "name"
	case "option":
		return p.What == "phone" || p.What == "link" || p.What == ComplaintUnknown
	case "sure":
		return p.What == "takeover"
	}
	return false
}

// Optional reports whether the statement may be left out.
func (p *ComplaintPage) Optional() bool { return p.What == "name" || p.What == "phone" }

// OwnCasePage shows a case to whom it is about, or who filed it. Forms: add (text, file), withdraw, object (text), each at its path.
type OwnCasePage struct {
	Frame
	ComplaintLine
	Notice   string // what was just done, one of [OwnCaseNotices]
	DueAt    time.Time
	Decision string // one of [OwnCaseDecisions], "" if none was applied
	Reason   string // why it was rejected, in an officer's words
	Joined   bool   // others reported the same before, and it is decided there
	Held     string // one of [OwnCaseHolds], "" if nothing is
	// Refused says that the one who looks may not sign in now: what was said before is not shown.
	Refused               bool
	Expected, Statement   string
	Said                  []OwnCaseSaid
	Steps                 []OwnCaseStep
	AddURL                string // "" if nothing can be added
	FilesLeft             int
	WithdrawURL           string
	ObjectURL             string
	ObjectUntil           time.Time
	Text                  string // as it was typed
	AddError, ObjectError Error
	BackURL               string
}

func (*OwnCasePage) template() string { return "own_case" }
func (*OwnCasePage) title() string    { return "own_case.title" }
func (p *OwnCasePage) failed() bool   { return p.AddError != "" || p.ObjectError != "" }

// Open reports whether somebody is still to decide.
func (p *OwnCasePage) Open() bool { return !p.DueAt.IsZero() }

// OwnCaseNotices lists what [OwnCasePage] can say was just done.
func OwnCaseNotices() []string { return []string{"filed", "added", "withdrawn", "objected"} }

// OwnCaseDecisions lists the decisions that pages have words for.
func OwnCaseDecisions() []string {
	return []string{"correct", "relink", "unlink", "merge", "split", "freeze", "thaw", "deactivate", "reinstate", "undo"}
}

// OwnCaseHolds lists the holds that pages have words for.
func OwnCaseHolds() []string { return []string{"freeze", "step_up", "deactivate"} }

// OwnCaseSaid is something that the citizen added.
type OwnCaseSaid struct {
	At   time.Time
	Text string
	File string // its name, "" if it is none
	URL  string // where it is; "" if it is not shown
	KB   int
}

// OwnCaseStep is something that happened.
type OwnCaseStep struct {
	What string // one of [OwnCaseSteps]
	At   time.Time
}

// OwnCaseSteps lists what a citizen reads of a case's history.
func OwnCaseSteps() []string {
	return []string{
		"filed", "joined", "freeze", "step_up", "lifted", "taken", "proposed", "returned", "applied", "propagated", "closed", "rejected",
		"withdrawn", "appealed", "reopened", "evidence",
	}
}
