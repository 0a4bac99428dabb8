package web

import (
	"net/url"
	"slices"
	"time"
)

// AccountPage shows a citizen what the issuer knows of them, and lets them change it. Actions: remove (credential),
// rename (credential, label), end (session), not_me (session), end_others, withdraw (client_id).
type AccountPage struct {
	Frame
	Name         string
	Document     string // masked
	Action       string
	Notice       string // what was just done, one of [Notices]; "" if nothing was
	Methods      []Method
	AddURLs      map[string]string // where methods are added, by kind
	Sessions     []Device
	Applications []Given
	Links        []string // the issuers that know the citizen: a name, or the issuer's URL
	HistoryURL   string
	ShowURL      string // where to show a code at a counter
	// ComplaintsURL is where to say that something is wrong; "" if nowhere. Complaint is a case that is open, or was decided lately.
	ComplaintsURL string
	// SomebodyElseURL is where to go for who is not the person that is shown.
	SomebodyElseURL string
	Complaint       *ComplaintLine
	SignOutURL      string
	// UnknownCredential is JSON that tells the device to forget a passkey; nil if there is nothing to forget.
	UnknownCredential []byte
}

func (*AccountPage) template() string { return "account" }
func (*AccountPage) title() string    { return "account.title" }

func (p *AccountPage) script() string {
	if p.UnknownCredential != nil {
		return assetSignal
	}
	return ""
}

// Signal is UnknownCredential for the template.
func (p *AccountPage) Signal() string { return string(p.UnknownCredential) }

// LinkNames are the links as they are shown: of a URL, its host.
func (p *AccountPage) LinkNames() []string {
	names := make([]string, 0, len(p.Links))
	for _, l := range p.Links {
		if u, err := url.Parse(l); err == nil && u.Host != "" {
			l = u.Host
		}
		names = append(names, l)
	}
	return names
}

// Addable are the kinds that may be added, in the order of [MethodKinds].
func (p *AccountPage) Addable() (kinds []string) {
	for _, k := range MethodKinds() {
		if p.AddURLs[k] != "" {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// Others reports whether there are devices besides this one.
func (p *AccountPage) Others() bool {
	return slices.ContainsFunc(p.Sessions, func(d Device) bool { return !d.Here })
}

// Notices lists what [AccountPage] can say was just done.
func Notices() []string { return []string{"added", "removed", "renamed", "ended", "withdrawn"} }

// TextNotices lists what a person is told by text message; see [Web.Text].
func TextNotices() []string {
	return []string{"method_added", "method_removed", "recovery_codes_created"}
}

// Method is a way to sign in.
type Method struct {
	ID                   string
	Kind                 string // one of [MethodKinds]
	Label                string // what the citizen calls it; the masked number of "sms"
	AddedAt, UsedAt      time.Time
	CountsFrom           time.Time // until then it counts for less; zero: it does not
	Removable, Renamable bool
	Left                 int // codes that are left, of "recovery"
}

// MethodKinds lists the kinds that [AccountPage] has words for.
func MethodKinds() []string {
	return []string{"passkey", "sms", "totp", "hotp", "recovery", "relative", "qr"}
}

// Device is a place where a citizen is signed in.
type Device struct {
	ID         string
	Name       string // "Chrome · Windows"
	Here       bool   // it is the one that shows the page
	SignedInAt time.Time
	Region     string // the issuer where it came from, "" if it is this one
}

// Given is an application that was given what is sensitive.
type Given struct {
	ClientID, Name string
	Scopes         []string
	Since          time.Time
}

// NotMePage says what happens to a device that is not the citizen's (session). Action: confirm.
type NotMePage struct {
	Frame
	Action string
	Done   bool
	Device Device
}

func (*NotMePage) template() string { return "not_me" }

func (p *NotMePage) title() string {
	if p.Done {
		return "not_me.done.title"
	}
	return "not_me.title"
}

// SomebodyElsePage says what somebody can do who was signed in as another, whose number theirs was. Action: confirm.
type SomebodyElsePage struct {
	Frame
	Action string
}

func (*SomebodyElsePage) template() string { return "somebody_else" }
func (*SomebodyElsePage) title() string    { return "somebody_else.title" }

// HistoryPage lists what happened, the newest first.
type HistoryPage struct {
	Frame
	Entries []HistoryEntry
	MoreURL string // "" if there is no more
}

func (*HistoryPage) template() string { return "history" }
func (*HistoryPage) title() string    { return "history.title" }

// HistoryEntry is one line.
type HistoryEntry struct {
	Kind   string // one of [HistoryKinds]
	At     time.Time
	Detail map[string]string // device, region, application, method (kinds, joined by spaces), address, case
}

// HistoryKinds lists the kinds that [HistoryPage] has words for.
func HistoryKinds() []string {
	return []string{
		"signed_in", "method_added", "method_removed", "recovery_codes_created", "session_ended", "sessions_ended",
		"consent_withdrawn", "qr_approved", "qr_refused", "console", "case_filed", "case_withdrawn", "case_objected",
	}
}
