package web

import (
	"time"

	"manyou/federation/correction"
)

// NavItem leads to a page of the console.
type NavItem struct {
	Name string // one of [ConsoleParts]
	URL  string
	Here bool
}

// ConsoleParts lists the parts of the console.
func ConsoleParts() []string { return []string{"cases", "load", "audit", "provinces"} }

// CaseHead is what of a case says nothing of the person.
type CaseHead struct {
	Number, URL   string
	Kind, State   string // words of federation/correction
	Reason        string // what triage made of it; "" if that is not said
	Region, Place string // code, and what it is called
	Priority      int
	FiledAt       time.Time
	DueAt         time.Time
	Age           time.Duration
	Overdue       bool
	Assignee      string // one of [CaseAssignees]
	Tick          bool   // it can be approved with others
}

// CaseAssignees lists who may have a case.
func CaseAssignees() []string { return []string{"nobody", "me", "somebody"} }

// CaseFilter is what of the queue is shown.
type CaseFilter struct {
	Kind, State, Reason, Region string
	Mine, Overdue               bool
}

// CasesPage is the queue. GET fields: number (of a case, to open it), or kind, state, reason, region, mine, overdue. Actions: approve_rule
// (case, several).
type CasesPage struct {
	Frame
	Action     string
	Filter     CaseFilter
	Regions    []Province // within the officer's scope
	Open       int64
	Overdue    int64
	Oldest     time.Duration // how long the oldest is open; 0 if none is
	Counts     []CaseCounts
	Rows       []CaseHead
	Bulk       bool // some of them can be approved together
	Outcomes   []CaseOutcome
	ConfirmURL string // where to prove again who one is, if nothing was approved for that
	BulkURL    string // where the ticks are sent: the page as it was filtered
	FirstURL   string // the first page, if this is another
	NextURL    string
	Unknown    string // a number that was looked for and is none
}

func (*CasesPage) template() string { return "cases" }
func (*CasesPage) title() string    { return "cases.title" }
func (p *CasesPage) failed() bool   { return p.Unknown != "" }

func (*CasesPage) script() string { return assetConsole }

// Kinds and States are what can be chosen.
func (*CasesPage) Kinds() []correction.Kind { return correction.Kinds() }

// States lists the states that can be chosen.
func (*CasesPage) States() []correction.State { return correction.States() }

// Reasons lists what triage may have made of a case, as far as the queue says it.
func (*CasesPage) Reasons() []string { return CaseReasons() }

// CaseReasons lists what triage may make of a case, as far as it says nothing of the person.
func CaseReasons() (list []string) {
	for _, r := range correction.Reasons() {
		if r != correction.ReasonDeceased && r != correction.ReasonCancelled {
			list = append(list, r)
		}
	}
	return list
}

// CaseCounts is how many cases of a kind are open.
type CaseCounts struct {
	Kind, URL string
	Open      int64
	Overdue   int64
	Oldest    time.Duration
	States    []CaseCount
}

// CaseCount is how many of them stand where.
type CaseCount struct {
	State, URL string
	N          int64
}

// CaseOutcome is what became of one of several that were approved together.
type CaseOutcome struct {
	Number, URL string
	What        string // one of [CaseOutcomes]
}

// CaseOutcomes lists what may become of one of several.
func CaseOutcomes() []string {
	return append([]string{"applied", "endorsed", "not_by_rule", "touched"}, CaseProblems()...)
}

// CaseProblems lists why a step is refused.
func CaseProblems() []string {
	return []string{"role", "region", "self", "same_person", "state", "proposal", "hold", "conflict", "fresh", "too_large", "no_person", "unknown"}
}

// CaseDoorPage asks why somebody looks at a case, before anything of the person is shown. Action: look (reason, text, and Fields).
type CaseDoorPage struct {
	Frame
	Action, BackURL string
	Case            CaseHead
	Reason, Text    string // as they were chosen
	Fields          []Field
	Error           string // one of [CaseDoorErrors]
}

func (*CaseDoorPage) template() string { return "case_door" }
func (*CaseDoorPage) title() string    { return "case_door.title" }
func (p *CaseDoorPage) failed() bool   { return p.Error != "" }
func (*CaseDoorPage) script() string   { return assetConsole }

// CaseDoorErrors lists what may be wrong with a reason.
func CaseDoorErrors() []string { return []string{"reason", "text"} }

// LookReasons lists why somebody looks at a case.
func LookReasons() []string {
	return []string{"assigned", "queue", "second", "question", "supervision", "audit", "other"}
}

// Reasons are those that can be chosen.
func (*CaseDoorPage) Reasons() []string { return LookReasons() }
