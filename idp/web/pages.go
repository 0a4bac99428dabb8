package web

import (
	"html/template"
	"time"
)

// Page is one of the structs of this package. Forms post to the page's Action with the fields that its comment names; the
// button that was pressed sends "action".
type Page interface {
	frame() *Frame
	template() string // its template, and the beginning of its message keys
	title() string    // the message key of its heading
	failed() bool     // it shows an error about something that was typed
	script() string   // its script, an asset, "" if it has none
}

// Frame is what every page has.
type Frame struct {
	// Application is the display name of the application that the citizen is on the way to, "" if there is none.
	Application string
	// FormTargets are redirect URIs that a form of the page may lead to, besides those every page allows: needed for the
	// private-use schemes of native applications.
	FormTargets []string
	// Locales are the languages that the application asked for (ui_locales), the preferred one first.
	Locales []string
	// Nav leads to the other pages of the console; nil outside of it.
	Nav []NavItem
	// By says whom the page was made for. Forms that somebody writes into, or decides with, send it along (by).
	By string
}

func (f *Frame) frame() *Frame  { return f }
func (f *Frame) failed() bool   { return false }
func (f *Frame) script() string { return "" }

// PhonePage asks for the phone number (phone). Actions: phone, phone_shared (several people use this phone, or used to), and
// with HasProvinces province, with Passkey passkey (answer), with QR qr.
type PhonePage struct {
	Frame
	Action       string
	Phone        string         // as it was typed, to be corrected
	HasProvinces bool           // the citizen may sign in at another issuer
	Detached     bool           // the nation cannot be reached
	Another      bool           // the number signs in somebody else: all are asked who they are
	Passkey      *PasskeyPrompt // nil: none can be used
	QR           bool           // another device of the citizen may do it
	LostURL      string         // where to go without the phone; "" if nowhere
	Error        Error
}

func (p *PhonePage) script() string {
	if p.Passkey != nil {
		return assetPasskey
	}
	return ""
}

// PhoneError is the error if it is about the number.
func (p *PhonePage) PhoneError() Error {
	if p.PasskeyError() != "" {
		return ""
	}
	return p.Error
}

// PasskeyError is the error if it is about the passkey.
func (p *PhonePage) PasskeyError() Error {
	if p.Error == ErrPasskey || p.Error == ErrPasskeyUnknown {
		return p.Error
	}
	return ""
}

func (*PhonePage) template() string { return "phone" }
func (*PhonePage) title() string    { return "phone.title" }
func (p *PhonePage) failed() bool   { return p.Error != "" }

// CodePage asks for the one-time code (code) that was sent by SMS. Actions: code, resend, totp, back. It reads the same
// whether the number is known or not.
type CodePage struct {
	Frame
	Action string
	Phone  string // masked
	// ResendAfter is how long another code cannot be asked for yet. The page shows the button then, without a script.
	ResendAfter time.Duration
	Error       Error
}

func (*CodePage) template() string { return "code" }
func (*CodePage) title() string    { return "code.title" }
func (p *CodePage) failed() bool   { return p.Error != "" }

// maxWait bounds, in seconds, how long the page holds back the button; the style sheet has a class for each ten.
const maxWait = 120

// Wait is the wait in seconds, rounded up to ten.
func (p *CodePage) Wait() int { return waitSeconds(p.ResendAfter) }

func waitSeconds(wait time.Duration) int {
	s := int((wait + time.Second - 1) / time.Second)
	return min(max((s+9)/10*10, 0), maxWait)
}

// IdentifyPage asks, the first time, who the citizen is: name (name), kind (document_kind) and number
// (document_number) of a document. Actions: identify, back.
type IdentifyPage struct {
	Frame
	Action             string
	Name, Kind, Number string // as they were typed
	// Errors are by field; "" is about all of them together.
	Errors map[string]Error
	// ComplainURL is where to say that the register is wrong; "" if nowhere.
	ComplainURL string
}

func (*IdentifyPage) template() string { return "identify" }
func (*IdentifyPage) title() string    { return "identify.title" }
func (p *IdentifyPage) failed() bool   { return len(p.Errors) > 0 }

// Focus is the field that the cursor goes to: the first with an error.
func (p *IdentifyPage) Focus() string {
	for _, f := range []string{"name", "document_number"} {
		if p.Errors[f] != "" {
			return f
		}
	}
	return ""
}

// ChoosePage asks which of the people who enrolled a phone it is (document_number). Actions: choose, identify (none of
// them), back.
type ChoosePage struct {
	Frame
	Action string
	Error  Error
}

func (*ChoosePage) template() string { return "choose" }
func (*ChoosePage) title() string    { return "choose.title" }
func (p *ChoosePage) failed() bool   { return p.Error != "" }

// Field is a hidden field of a form.
type Field struct{ Name, Value string }

// ConsentPage asks whether an application may receive what is sensitive. Actions: agree, decline.
type ConsentPage struct {
	Frame
	Action string
	Scopes []string // each needs a message "scope.…"; see [Scopes]
}

func (*ConsentPage) template() string { return "consent" }
func (*ConsentPage) title() string    { return "consent.title" }

// Scopes lists the scopes that [ConsentPage] has words for. It refuses to ask for any other.
func Scopes() []string { return []string{"document"} }

// ProblemPage says what happened, what to do, and a reference that finds the cause in the log.
type ProblemPage struct {
	Frame
	Problem   Problem
	Subject   string // whom it is about: the name of the other issuer
	Reference string
	// Case is the number of the case that is the reason, "" if there is none.
	Case string
	// ComplainURL is where to follow the case, or to say that something is wrong; "" if nowhere.
	ComplainURL string
	// Retry is where to try again, "" if trying again does not help.
	Retry string
}

func (*ProblemPage) template() string { return "problem" }
func (p *ProblemPage) title() string  { return "problem." + string(p.Problem) + ".title" }

// SignOutPage asks whether to sign out. Action: sign_out.
type SignOutPage struct {
	Frame
	Action string
	Fields []Field // sent along
}

func (*SignOutPage) template() string { return "sign_out" }
func (*SignOutPage) title() string    { return "sign_out.title" }

// SignedOutPage says that it is done.
type SignedOutPage struct {
	Frame
	// Elsewhere is the name of an issuer where the citizen may be signed in still, because it could not be reached; "" if there is
	// none. Continue is then where the application wanted to go on, "" if nowhere: an address that was registered.
	Elsewhere string
	Continue  template.URL
}

func (*SignedOutPage) template() string { return "signed_out" }
func (*SignedOutPage) title() string    { return "signed_out.title" }

// HomePage says what the issuer is.
type HomePage struct{ Frame }

func (*HomePage) template() string { return "home" }
func (*HomePage) title() string    { return "home.title" }

// FormPostPage carries an authorization response to an application (OAuth 2.0 Form Post Response Mode §2). A script
// presses the button at once.
type FormPostPage struct {
	Frame
	Target string // the redirect URI
	Fields []Field
}

func (*FormPostPage) template() string { return "form_post" }
func (*FormPostPage) title() string    { return "form_post.title" }
func (*FormPostPage) script() string   { return assetSubmit }
