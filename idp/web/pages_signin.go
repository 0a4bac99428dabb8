package web

import (
	"html/template"
	"strconv"
	"time"
)

// PasskeyPrompt lets the browser offer a passkey on a page.
type PasskeyPrompt struct {
	Options     []byte // JSON of PublicKeyCredentialRequestOptions
	Conditional bool   // offered as the browser fills in a field, without a click
}

// JSON is the options for the template.
func (p *PasskeyPrompt) JSON() string { return string(p.Options) }

// PasskeyPage asks for the passkey of a person who is known (answer). Actions: passkey, other (method), skip, back.
type PasskeyPage struct {
	Frame
	Action  string
	Options []byte   // JSON of PublicKeyCredentialRequestOptions
	Others  []string // methods that may be used instead
	Skip    bool     // the citizen may go on without
	Error   Error
}

func (*PasskeyPage) template() string { return "passkey" }
func (*PasskeyPage) title() string    { return "passkey.title" }
func (p *PasskeyPage) failed() bool   { return p.Error != "" }
func (*PasskeyPage) script() string   { return assetPasskey }

// JSON is the options for the template.
func (p *PasskeyPage) JSON() string { return string(p.Options) }

// TypedPage asks for a code (code): of an authenticator app ("totp"), of a token ("hotp"), one of those on paper
// ("recovery"). Actions: prove, other (method), skip, back.
type TypedPage struct {
	Frame
	Action string
	Method string
	Others []string
	Skip   bool
	// NeedsPhone asks for the number (phone) too: nobody has said yet who they are.
	NeedsPhone bool
	Phone      string // as it was typed
	Error      Error
}

func (*TypedPage) template() string { return "typed" }
func (p *TypedPage) title() string  { return "typed." + p.Method + ".title" }
func (p *TypedPage) failed() bool   { return p.Error != "" }

// CodeError and PhoneError are the error at the field it is about.
func (p *TypedPage) CodeError() Error {
	if p.Error == ErrPhone {
		return ""
	}
	return p.Error
}

// PhoneError is that of the number.
func (p *TypedPage) PhoneError() Error {
	if p.Error == ErrPhone {
		return p.Error
	}
	return ""
}

// TypedMethods lists the methods that [TypedPage] has words for.
func TypedMethods() []string { return []string{"totp", "hotp", "recovery"} }

// RelativePage asks for a second code, which a relative of the citizen reads out (code). Actions: send, relative, resend, other
// (method), skip, back.
type RelativePage struct {
	Frame
	Action      string
	Relatives   []Relative // whom the code goes to
	Sent        bool
	ResendAfter time.Duration
	Others      []string
	Skip        bool
	Error       Error
}

// Relative is somebody whom a citizen registered.
type Relative struct {
	Name  string // what the citizen calls them
	Phone string // masked
}

func (*RelativePage) template() string { return "relative" }
func (p *RelativePage) title() string {
	if p.Sent {
		return "relative.sent.title"
	}
	return "relative.title"
}
func (p *RelativePage) failed() bool { return p.Error != "" }

// Wait is that of [CodePage].
func (p *RelativePage) Wait() int { return waitSeconds(p.ResendAfter) }

// QRPage is the desk that shows a code for another device. Actions: qr_again, back.
type QRPage struct {
	Frame
	Action    string
	QR        []byte // an SVG image, from otp.QRSVG
	EventsURL string // of server-sent events: "changed" when there is something new
	State     string // one of [QRStates]
	Number    string // what the citizen chooses at the other device, once it was scanned
	// RefreshAfter is when the code is replaced by a new one; zero: not.
	RefreshAfter time.Duration
}

func (*QRPage) template() string { return "qr" }
func (p *QRPage) title() string  { return "qr." + p.State + ".title" }
func (*QRPage) script() string   { return assetWait }

// Image is the QR code for the template.
func (p *QRPage) Image() template.HTML { return template.HTML(p.QR) } //nolint:gosec // drawn by otp.QRSVG

// Refresh is RefreshAfter in seconds.
func (p *QRPage) Refresh() string { return strconv.Itoa(int(p.RefreshAfter.Seconds())) }

// Waits reports whether something may still happen at the other device.
func (p *QRPage) Waits() bool { return p.State == "waiting" || p.State == "scanned" }

// QRStates lists the states of [QRPage].
func QRStates() []string { return []string{"waiting", "scanned", "refused", "expired"} }

// ScanPage is the citizen's own device: who asks, and is it you? Actions: approve (number, if there are Choices), refuse.
type ScanPage struct {
	Frame
	Action    string
	Asker     string // the application
	Region    string
	Device    string
	Address   string // of the network that asks
	SamePlace bool   // it is this device's network too
	Message   string // what the other side shows as well
	Choices   []string
	Name      string // whom it would sign in
}

func (*ScanPage) template() string { return "scan" }
func (*ScanPage) title() string    { return "scan.title" }

// ScanEndPage says what became of it: one of [ScanOutcomes].
type ScanEndPage struct {
	Frame
	Outcome string
}

func (*ScanEndPage) template() string { return "scan_end" }
func (p *ScanEndPage) title() string  { return "scan_end." + p.Outcome + ".title" }

// ScanOutcomes lists the outcomes of [ScanEndPage].
func ScanOutcomes() []string { return []string{"approved", "refused", "wrong", "late", "taken"} }

// DevicePage asks for the code that a device shows (user_code; RFC 8628 §3.3). Action: device.
type DevicePage struct {
	Frame
	Action string
	Code   string
	Error  Error
}

func (*DevicePage) template() string { return "device" }
func (*DevicePage) title() string    { return "device.title" }
func (p *DevicePage) failed() bool   { return p.Error != "" }

// ShowCodePage is what the citizen shows at a counter or a kiosk.
type ShowCodePage struct {
	Frame
	QR           []byte // an SVG image, from otp.QRSVG
	Code         string
	EventsURL    string
	NextURL      string // what to open once the code was read; a POST, by the script or the button
	RefreshAfter time.Duration
}

func (*ShowCodePage) template() string { return "show_code" }
func (*ShowCodePage) title() string    { return "show_code.title" }
func (*ShowCodePage) script() string   { return assetWait }

// Image is the QR code for the template.
func (p *ShowCodePage) Image() template.HTML { return template.HTML(p.QR) } //nolint:gosec // drawn by otp.QRSVG

// Refresh is RefreshAfter in seconds.
func (p *ShowCodePage) Refresh() string { return strconv.Itoa(int(p.RefreshAfter.Seconds())) }

// LostPage says how to sign in when the phone is lost: by each of the Ways. Actions: other (method), province.
type LostPage struct {
	Frame
	Action string
	Ways   []string // of [LostWays]
}

func (*LostPage) template() string { return "lost" }
func (*LostPage) title() string    { return "lost.title" }

// LostWays lists the ways that [LostPage] has words for.
func LostWays() []string { return []string{"passkey", "recovery", "qr", "province", "counter"} }
