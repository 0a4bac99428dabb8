package account

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"manyou/authenticators"
	"manyou/authenticators/relative"
	"manyou/federation/identity"
	"manyou/idp/signin"
	"manyou/idp/web"
	"manyou/storage"
)

// most is how many credentials of a method a person may have.
func most(m authenticators.Authenticator) int {
	if m.Method().Second {
		return relative.Max
	}
	return maxMethods
}

// confirmRelative registers a relative in two steps: a code goes to their phone, and they read it out if they agree.
func (a *Account) confirmRelative(w http.ResponseWriter, r *http.Request, s storage.LiveSession, m authenticators.Authenticator) {
	if r.PostForm.Get("action") == "send" {
		a.askRelative(w, r, s, m)
		return
	}
	e, err := a.open(r.PostForm.Get("enrolment"), m, s)
	if err != nil {
		http.Redirect(w, r, pathAdd+m.Method().Name, http.StatusSeeOther) // too late, or another session's: begin again
		return
	}
	// The form holds the challenge, so the attempts it has left are no bound: they are counted here.
	if !a.mayTry(w, r, s) {
		return
	}
	got, err := m.Enrol(e.Challenge, r.PostForm.Get("code"), a.Clock())
	if err != nil {
		a.fault(w, r, err)
		return
	}
	if got.Outcome != authenticators.Accepted {
		problem := map[authenticators.Outcome]web.Error{
			authenticators.Malformed: web.ErrCodeForm, authenticators.Expired: web.ErrCodeExpired,
		}[got.Outcome]
		if problem == "" {
			problem = web.ErrCodeWrong
		}
		a.renderRelative(w, r, e, http.StatusUnprocessableEntity, problem)
		return
	}
	switch err := a.store(r, s, m, e, got); {
	case errors.Is(err, storage.ErrUsed):
		http.Redirect(w, r, pathAccount, http.StatusSeeOther)
	case errors.Is(err, errEnough):
		a.Web.Render(w, r, http.StatusConflict, &web.ProblemPage{Problem: web.ProblemTooManyMethods, Retry: pathAccount})
	case err != nil:
		a.fault(w, r, err)
	default:
		a.done(w, r, "added")
	}
}

// askRelative sends the code, and shows where it is entered.
func (a *Account) askRelative(w http.ResponseWriter, r *http.Request, s storage.LiveSession, m authenticators.Authenticator) {
	label := cleanLabel(r.PostForm.Get("label"))
	again := &web.RelativeEnrolPage{Frame: a.frame(s), Action: r.URL.Path, Phone: r.PostForm.Get("phone"), Label: label}
	phone, err := identity.ParsePhone(r.PostForm.Get("phone"))
	if err != nil {
		again.Error = web.ErrPhone
		a.Web.Render(w, r, http.StatusUnprocessableEntity, again)
		return
	}
	credentials, err := a.Store.CredentialsOf(r.Context(), s.PersonID)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	if signin.IsOwn(credentials, phone) { // one phone would prove twice
		again.Error = web.ErrOwnPhone
		a.Web.Render(w, r, http.StatusUnprocessableEntity, again)
		return
	}
	e, err := a.relativeEnrolment(s, m, phone)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	e.Label = label
	browser, err := a.Cookies.Browser(w, r)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	switch ok, err := a.AskRelative(r, s.PersonID, browser, e.Challenge); {
	case err != nil:
		a.fault(w, r, err)
	case !ok:
		a.Web.Render(w, r, http.StatusTooManyRequests, &web.ProblemPage{Problem: web.ProblemTooMany, Retry: pathAccount})
	default:
		a.renderRelative(w, r, e, http.StatusOK, "")
	}
}

func (a *Account) relativeEnrolment(s storage.LiveSession, m authenticators.Authenticator, phone string) (enrolment, error) {
	nonce := make([]byte, authenticators.NonceSize)
	if _, err := io.ReadFull(a.Random, nonce); err != nil {
		return enrolment{}, err
	}
	challenge, err := m.Begin(authenticators.Request{
		Purpose: authenticators.PurposeEnrol, Nonce: nonce, Handle: a.handle(s.PersonID), Name: "-", Address: phone, Now: a.Clock(),
	})
	return enrolment{
		Method: m.Method().Name, Nonce: nonce, Challenge: challenge, Session: s.ID, Expires: challenge.ExpiresAt.Unix(),
		Phone: identity.MaskPhone(phone),
	}, err
}

func (a *Account) renderRelative(w http.ResponseWriter, r *http.Request, e enrolment, status int, problem web.Error) {
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
	a.Web.Render(w, r, status, &web.RelativeEnrolPage{Action: r.URL.Path, Phone: e.Phone, Enrolment: sealed, Error: problem})
}

// mayTry counts an attempt at a code of a relative, and shows a page if there are none left.
func (a *Account) mayTry(w http.ResponseWriter, r *http.Request, s storage.LiveSession) bool {
	browser, err := a.Cookies.Browser(w, r)
	if err != nil {
		a.fault(w, r, err)
		return false
	}
	ok, err := a.Try(r, browser, s.PersonID)
	switch {
	case err != nil:
		a.fault(w, r, err)
	case !ok:
		a.Web.Render(w, r, http.StatusTooManyRequests, &web.ProblemPage{Problem: web.ProblemTooMany, Retry: pathAccount})
	}
	return ok && err == nil
}
