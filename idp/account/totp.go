package account

import (
	"encoding/base32"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"manyou/authenticators/otp"
	"manyou/idp/web"
	"manyou/storage"
)

// The methods, as credentials are stored under their names.
var (
	sms  = otp.SMS()
	totp = otp.TOTP()
)

const purposeEnrolment = "totp_enrolment"

// enrolment is a secret on its way to a citizen's app, sealed into the form.
type enrolment struct {
	Secret  []byte `json:"s"`
	Session []byte `json:"i"`
	Expires int64  `json:"x"`
}

const enrolmentLifetime = 15 * time.Minute

// maxMethods bounds the authenticator apps of one person.
const maxMethods = 5

// offerTOTP shows a new secret.
func (a *Account) offerTOTP(w http.ResponseWriter, r *http.Request) {
	s, ok := a.current(w, r, pathTOTP, true)
	if !ok {
		return
	}
	secret, err := otp.NewSecret(a.Random)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	body, err := json.Marshal(enrolment{Secret: secret, Session: s.ID, Expires: a.Clock().Add(enrolmentLifetime).Unix()})
	if err != nil {
		a.fault(w, r, err)
		return
	}
	sealed, err := a.Vault.SealToken(purposeEnrolment, body)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	a.renderTOTP(w, r, s, http.StatusOK, secret, sealed, "")
}

// confirmTOTP takes the first code of the citizen's app, and stores the secret.
func (a *Account) confirmTOTP(w http.ResponseWriter, r *http.Request) {
	s, ok := a.current(w, r, pathTOTP, true)
	if !ok || !a.form(w, r) {
		return
	}
	sealed := r.PostForm.Get("enrolment")
	var e enrolment
	body, err := a.Vault.OpenToken(purposeEnrolment, sealed)
	if err == nil {
		err = json.Unmarshal(body, &e)
	}
	if err != nil || a.Clock().Unix() > e.Expires || string(e.Session) != string(s.ID) {
		http.Redirect(w, r, pathTOTP, http.StatusSeeOther) // too late, or another session's: begin again
		return
	}
	now := a.Clock()
	step, ok := otp.VerifyTOTP(e.Secret, r.PostForm.Get("code"), now, 0)
	if !ok {
		a.renderTOTP(w, r, s, http.StatusUnprocessableEntity, e.Secret, sealed, web.ErrCodeWrong)
		return
	}
	if err := a.enrol(r, s, e.Secret, step, now); err != nil {
		a.fault(w, r, err)
		return
	}
	http.Redirect(w, r, pathAccount, http.StatusSeeOther)
}

func (a *Account) enrol(r *http.Request, s storage.LiveSession, secret []byte, step int64, now time.Time) error {
	enrolled, err := a.Store.CredentialsOf(r.Context(), s.PersonID)
	if err != nil {
		return err
	}
	if len(enrolled) >= maxMethods {
		return fmt.Errorf("enrol: %d methods are enough", len(enrolled))
	}
	var id [15]byte
	if _, err := io.ReadFull(a.Random, id[:]); err != nil {
		return fmt.Errorf("enrol: %w", err)
	}
	a.Logger.InfoContext(r.Context(), "method enrolled", "method", totp.Name)
	return a.Store.AddCredential(r.Context(), storage.Credential{
		ID: base32.StdEncoding.EncodeToString(id[:]), PersonID: s.PersonID, Method: totp.Name, Secret: secret,
		Counter: step, CreatedAt: now, LastUsedAt: now, // the first code is used up (RFC 6238 §5.2)
	})
}

func (a *Account) renderTOTP(w http.ResponseWriter, r *http.Request, s storage.LiveSession, status int, secret []byte, sealed string, problem web.Error) {
	person, err := a.Store.Person(r.Context(), s.PersonID)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	uri, err := otp.URI(a.Web.Pick(r, a.Name), person.Name, secret)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	picture, err := otp.QRSVG(uri)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	a.Web.Render(w, r, status, &web.TOTPEnrolPage{
		Action: pathTOTP, QR: picture, Secret: otp.SecretText(secret), Enrolment: sealed, Error: problem,
	})
}
