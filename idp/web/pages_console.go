package web

import "time"

// ConsolePage shows an operator of the nation which provinces are in the federation, and which ask. Actions: invite (region, name_zh,
// name_en).
type ConsolePage struct {
	Frame
	Action    string
	Notice    string // what was just done, one of [ConsoleNotices]; "" if nothing was
	Invited   string // the URL of an invitation just made; shown once
	Provinces []ConsoleProvince
	Regions   []Province // that can be invited
	// What was typed of an invitation that was not made.
	Region, NameZH, NameEN string
	Error                  Error
}

func (*ConsolePage) template() string { return "console" }
func (*ConsolePage) title() string    { return "console.title" }
func (p *ConsolePage) failed() bool   { return p.Error != "" }

// ConsoleNotices lists what the console can say was just done.
func ConsoleNotices() []string {
	return []string{"approved", "declined", "suspended", "resumed", "not_pending", "changed", "taken"}
}

// ConsoleProvince is a province, or a request of one, in the list.
type ConsoleProvince struct {
	Region, Name, Issuer string
	State                string // one of [ConsoleStates]
	Failed               bool   // something failed in its self-test
	Since                time.Time
	URL                  string // where there is more of it; "" if nowhere
}

// ConsoleStates lists the states of a province in the console.
func ConsoleStates() []string { return []string{"requested", "invited", "active", "suspended"} }

// In are the provinces of a state.
func (p *ConsolePage) In(states ...string) (list []ConsoleProvince) {
	for _, state := range states {
		for _, v := range p.Provinces {
			if v.State == state {
				list = append(list, v)
			}
		}
	}
	return list
}

// ConsoleProvincePage shows one province. Actions: approve, approve_anyway, decline, suspend, resume, according to the state.
type ConsoleProvincePage struct {
	Frame
	Action      string
	Notice      string
	Province    ConsoleProvince
	Checks      []ConsoleCheck
	Passed      bool
	TriedAt     time.Time
	Seen        string // of a request: what a decision about it is bound to
	Thumbprints []string
	Chain       []string // by which it is known now; nil if it is not
	ChainUntil  time.Time
	Unknown     string      // why there is no chain; "" if there is one
	Metadata    [][2]string // what it says of itself: parameter and value
	BackURL     string
}

func (*ConsoleProvincePage) template() string { return "console_province" }
func (*ConsoleProvincePage) title() string    { return "console_province.title" }

// ConsoleCheck is one thing that a province was tried with.
type ConsoleCheck struct {
	Name   string // one of [ConsoleChecks]
	Passed bool
	Detail string
}

// ConsoleChecks lists the checks that there are words for.
func ConsoleChecks() []string {
	return []string{"control", "superior", "chain", "answers", "keys", "silent", "redirect", "code", "client", "token", "rotates"}
}

// ConsoleKeyPage says that the console wants a passkey, and where to add one.
type ConsoleKeyPage struct {
	Frame
	AddURL string
}

func (*ConsoleKeyPage) template() string { return "console_key" }
func (*ConsoleKeyPage) title() string    { return "console_key.title" }

// ConfirmedPage says that somebody has proven anew who they are, and may go on in the other window.
type ConfirmedPage struct {
	Frame
	BackURL string
}

func (*ConfirmedPage) template() string { return "confirmed" }
func (*ConfirmedPage) title() string    { return "confirmed.title" }
