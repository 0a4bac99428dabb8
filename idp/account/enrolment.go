package account

import (
	"encoding/json"
	"net/http"

	"manyou/authenticators"
	"manyou/authenticators/otp"
	"manyou/authenticators/recovery"
	"manyou/idp/web"
	"manyou/storage"
)

// renderEnrolment shows what a method needs the citizen to do.
func (a *Account) renderEnrolment(w http.ResponseWriter, r *http.Request, s storage.LiveSession, m authenticators.Authenticator, e enrolment, show authenticators.Show, status int, problem web.Error) {
	body, err := json.Marshal(e)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	sealed, err := a.Vault.SealToken(purposeEnrolment, body)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	if m.Method().Prompt == authenticators.PromptBrowser {
		a.Web.Render(w, r, status, &web.PasskeyEnrolPage{
			Frame: a.frame(s), Action: r.URL.Path, Options: show.Options, Label: cleanLabel(r.PostForm.Get("label")), Enrolment: sealed, Error: problem,
		})
		return
	}
	picture, err := otp.QRSVG(show.URI)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	a.Web.Render(w, r, status, &web.TOTPEnrolPage{
		Action: r.URL.Path, Method: m.Method().Name, QR: picture, Secret: show.Text, Enrolment: sealed, Error: problem,
	})
}

// offerRecovery says what recovery codes are, and how many are left.
func (a *Account) offerRecovery(w http.ResponseWriter, r *http.Request, s storage.LiveSession) {
	credentials, err := a.Store.CredentialsOf(r.Context(), s.PersonID)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	left := 0
	for _, c := range credentials {
		if c.Method == recoveryName {
			left++
		}
	}
	a.Web.Render(w, r, http.StatusOK, &web.RecoveryOfferPage{Action: r.URL.Path, Left: left})
}

// createRecovery makes new codes, which replace those of before, and shows them this once.
func (a *Account) createRecovery(w http.ResponseWriter, r *http.Request, s storage.LiveSession, m authenticators.Authenticator) {
	if r.PostForm.Get("action") != "create" {
		http.Redirect(w, r, pathAccount, http.StatusSeeOther)
		return
	}
	e, show, err := a.begin(r, s, m, nil)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	got, err := m.Enrol(e.Challenge, recovery.Kept, a.Clock()) // they are shown now, and it is too late to say no
	if err != nil || got.Outcome != authenticators.Accepted {
		a.fault(w, r, err)
		return
	}
	var records []storage.Credential
	for _, c := range got.Credentials {
		record, err := a.credential(s, m, c, "")
		if err != nil {
			a.fault(w, r, err)
			return
		}
		records = append(records, record)
	}
	if err := a.Store.ReplaceCredentials(r.Context(), s.PersonID, recoveryName, records); err != nil {
		a.fault(w, r, err)
		return
	}
	a.changed(r, s, "recovery_codes_created", recoveryName)
	a.Web.Render(w, r, http.StatusOK, &web.RecoveryPage{Action: pathAccount, Codes: show.Codes})
}
