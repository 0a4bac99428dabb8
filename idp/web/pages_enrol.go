package web

import "html/template"

// TOTPEnrolPage shows the secret of an authenticator app and asks for its first code (code), with enrolment sent along.
// Action: confirm.
type TOTPEnrolPage struct {
	Frame
	Action string
	Method string // "totp" or "hotp"
	// QR is an SVG image, written into the page as it is: it must come from otp.QRSVG, never from outside.
	QR        []byte
	Secret    string // in groups, to be typed
	Enrolment string
	Error     Error
}

func (*TOTPEnrolPage) template() string { return "totp_enrol" }
func (p *TOTPEnrolPage) title() string  { return p.Method + "_enrol.title" }
func (p *TOTPEnrolPage) failed() bool   { return p.Error != "" }

// Image is the QR code for the template.
func (p *TOTPEnrolPage) Image() template.HTML { return template.HTML(p.QR) } //nolint:gosec // drawn by otp.QRSVG

// PasskeyEnrolPage lets the browser make a passkey (answer, label), with enrolment sent along. Action: confirm.
type PasskeyEnrolPage struct {
	Frame
	Action    string
	Options   []byte // JSON of PublicKeyCredentialCreationOptions
	Label     string // as it was typed
	Enrolment string
	Error     Error
}

func (*PasskeyEnrolPage) template() string { return "passkey_enrol" }
func (*PasskeyEnrolPage) title() string    { return "passkey_enrol.title" }
func (p *PasskeyEnrolPage) failed() bool   { return p.Error != "" }
func (*PasskeyEnrolPage) script() string   { return assetPasskey }

// JSON is the options for the template.
func (p *PasskeyEnrolPage) JSON() string { return string(p.Options) }

// RelativeEnrolPage registers a relative: first their number and what the citizen calls them (phone, label), then the code that
// they read out (code), with enrolment sent along. Actions: send, confirm.
type RelativeEnrolPage struct {
	Frame
	Action    string
	Phone     string // as it was typed; masked once the code was sent
	Label     string
	Enrolment string // "" until the code was sent
	Error     Error
}

func (*RelativeEnrolPage) template() string { return "relative_enrol" }
func (p *RelativeEnrolPage) title() string {
	if p.Enrolment != "" {
		return "relative_enrol.sent.title"
	}
	return "relative_enrol.title"
}
func (p *RelativeEnrolPage) failed() bool { return p.Error != "" }

// RecoveryOfferPage says what recovery codes are. Action: create.
type RecoveryOfferPage struct {
	Frame
	Action string
	Left   int // codes that are left of an earlier set, which a new one replaces
}

func (*RecoveryOfferPage) template() string { return "recovery_offer" }
func (*RecoveryOfferPage) title() string    { return "recovery_offer.title" }

// RecoveryPage shows recovery codes, this once. Action: done.
type RecoveryPage struct {
	Frame
	Action string
	Codes  []string
}

func (*RecoveryPage) template() string { return "recovery" }
func (*RecoveryPage) title() string    { return "recovery.title" }
func (*RecoveryPage) script() string   { return assetPrint }
