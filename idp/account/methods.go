package account

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"manyou/authenticators"
	"manyou/idp/form"
	"manyou/idp/signin"
	"manyou/idp/web"
	"manyou/storage"
)

// Methods that pages treat in a way of their own.
const (
	smsName      = "sms"
	recoveryName = "recovery"
)

const purposeEnrolment = "enrolment"

// enrolment is a challenge on its way to a citizen's device, sealed into the form.
type enrolment struct {
	Method    string                   `json:"m"`
	Nonce     []byte                   `json:"n"`
	Challenge authenticators.Challenge `json:"c"`
	Session   []byte                   `json:"i"`
	Expires   int64                    `json:"x"` // seconds
	Label     string                   `json:"l,omitempty"`
	Phone     string                   `json:"p,omitempty"` // masked: whom a code went to
}

const (
	enrolmentLifetime = 15 * time.Minute
	// maxMethods bounds the credentials of one method that a person has.
	maxMethods = 10
)

// enrollable is the method that a path names, if it is one that a person enrols.
func (a *Account) enrollable(w http.ResponseWriter, r *http.Request) (authenticators.Authenticator, bool) {
	m, ok := a.Methods.ByName(r.PathValue("method"))
	if !ok || !m.Method().Enrolled {
		a.Web.Render(w, r, http.StatusNotFound, &web.ProblemPage{Problem: web.ProblemNotFound})
		return nil, false
	}
	return m, true
}

// offer shows a new challenge.
func (a *Account) offer(w http.ResponseWriter, r *http.Request) {
	m, ok := a.enrollable(w, r)
	if !ok {
		return
	}
	s, ok := a.current(w, r, r.URL.Path, true)
	if !ok {
		return
	}
	switch {
	case m.Method().Name == recoveryName:
		a.offerRecovery(w, r, s)
		return
	case m.Method().Second:
		a.Web.Render(w, r, http.StatusOK, &web.RelativeEnrolPage{Frame: a.frame(s), Action: r.URL.Path})
		return
	}
	a.ask(w, r, s, m, nil, http.StatusOK, "")
}

// ask shows the page of an enrolment: that of a nonce, or of a new one if there is none.
func (a *Account) ask(w http.ResponseWriter, r *http.Request, s storage.LiveSession, m authenticators.Authenticator, nonce []byte, status int, problem web.Error) {
	e, show, err := a.begin(r, s, m, nonce)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	a.renderEnrolment(w, r, s, m, e, show, status, problem)
}

func (a *Account) begin(r *http.Request, s storage.LiveSession, m authenticators.Authenticator, nonce []byte) (enrolment, authenticators.Show, error) {
	person, err := a.Store.Person(r.Context(), s.PersonID)
	if err != nil {
		return enrolment{}, authenticators.Show{}, err
	}
	enrolled, err := a.enrolled(r, s, m)
	if err != nil {
		return enrolment{}, authenticators.Show{}, err
	}
	if nonce == nil {
		nonce = make([]byte, authenticators.NonceSize)
		if _, err := io.ReadFull(a.Random, nonce); err != nil {
			return enrolment{}, authenticators.Show{}, fmt.Errorf("begin enrolment: %w", err)
		}
	}
	challenge, err := m.Begin(authenticators.Request{
		Purpose: authenticators.PurposeEnrol, Nonce: nonce, Handle: a.handle(s.PersonID), Name: person.Name,
		Credentials: enrolled, Now: a.Clock(),
	})
	return enrolment{
		Method: m.Method().Name, Nonce: nonce, Challenge: challenge, Session: s.ID, Expires: a.Clock().Add(enrolmentLifetime).Unix(),
	}, challenge.Show, err
}

// handle stands for a person at their authenticators: nobody else can compute it. It begins with the region where the
// person is known, so that another issuer with the same passkeys knows where to ask.
func (a *Account) handle(personID string) []byte {
	return append([]byte(a.Region), a.Vault.MAC("authenticator_handle", []byte(personID))[:30]...)
}

func (a *Account) enrolled(r *http.Request, s storage.LiveSession, m authenticators.Authenticator) (list []authenticators.Credential, err error) {
	stored, err := a.Store.CredentialsOf(r.Context(), s.PersonID)
	return a.enrolledOf(stored, m), err
}

func (a *Account) enrolledOf(all []storage.Credential, m authenticators.Authenticator) (list []authenticators.Credential) {
	for _, c := range all {
		if c.Method == m.Method().Name {
			list = append(list, authenticators.Credential{ID: c.ID, Handle: c.Handle, Secret: c.Secret, Counter: c.Counter, Label: c.Label})
		}
	}
	return list
}

// confirm takes the answer of the citizen's device and stores the credential.
func (a *Account) confirm(w http.ResponseWriter, r *http.Request) {
	m, ok := a.enrollable(w, r)
	if !ok {
		return
	}
	if !a.form(w, r) {
		return
	}
	s, ok := a.current(w, r, r.URL.Path, true)
	if !ok {
		return
	}
	switch {
	case m.Method().Name == recoveryName:
		a.createRecovery(w, r, s, m)
		return
	case m.Method().Second:
		a.confirmRelative(w, r, s, m)
		return
	}
	e, err := a.open(r.PostForm.Get("enrolment"), m, s)
	if err != nil && form.Typed(r.PostForm) { // what they call it, which is kept
		a.ask(w, r, s, m, nil, http.StatusOK, "")
		return
	} else if err != nil {
		http.Redirect(w, r, pathAdd+m.Method().Name, http.StatusSeeOther) // too late, or another session's: begin again
		return
	}
	answer := r.PostForm.Get("answer")
	if answer == "" {
		answer = r.PostForm.Get("code")
	}
	got, err := m.Enrol(e.Challenge, answer, a.Clock())
	if err != nil {
		a.fault(w, r, err)
		return
	}
	if got.Outcome != authenticators.Accepted {
		a.refuse(w, r, s, m, e)
		return
	}
	switch err := a.store(r, s, m, e, got); {
	case errors.Is(err, storage.ErrUsed), errors.Is(err, storage.ErrConflict): // sent twice, or known already
		http.Redirect(w, r, pathAccount, http.StatusSeeOther)
	case errors.Is(err, errEnough):
		a.Web.Render(w, r, http.StatusConflict, &web.ProblemPage{Problem: web.ProblemTooManyMethods, Retry: pathAccount})
	case err != nil:
		a.fault(w, r, err)
	default:
		a.done(w, r, "added")
	}
}

// open reads the challenge that a form carries. It belongs to one session and one method.
func (a *Account) open(sealed string, m authenticators.Authenticator, s storage.LiveSession) (enrolment, error) {
	var e enrolment
	body, err := a.Vault.OpenToken(purposeEnrolment, sealed)
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return e, err
	}
	if a.Clock().Unix() > e.Expires || string(e.Session) != string(s.ID) || e.Method != m.Method().Name {
		return e, errors.New("the enrolment is over, or another's")
	}
	return e, nil
}

// refuse shows the page again. A code may be typed again for the same secret; what a browser answered is asked anew.
func (a *Account) refuse(w http.ResponseWriter, r *http.Request, s storage.LiveSession, m authenticators.Authenticator, e enrolment) {
	nonce, problem := e.Nonce, web.ErrCodeWrong
	if m.Method().Prompt == authenticators.PromptBrowser {
		nonce, problem = nil, web.ErrPasskey
	}
	a.ask(w, r, s, m, nonce, http.StatusUnprocessableEntity, problem)
}

var errEnough = errors.New("the person has enough credentials of this method")

// store writes what was enrolled, once for each challenge.
func (a *Account) store(r *http.Request, s storage.LiveSession, m authenticators.Authenticator, e enrolment, got authenticators.Enrolment) error {
	all, err := a.Store.CredentialsOf(r.Context(), s.PersonID)
	if err != nil {
		return err
	}
	if len(a.enrolledOf(all, m))+len(got.Credentials) > most(m) {
		return errEnough
	}
	if err := a.Store.Use(r.Context(), "enrolment", string(e.Nonce), time.Unix(e.Expires, 0)); err != nil {
		return err
	}
	label := cleanLabel(r.PostForm.Get("label"))
	if label == "" {
		label = e.Label
	}
	if label == "" {
		label = got.Label
	}
	for _, c := range got.Credentials {
		if c.Handle != "" {
			known, err := a.Store.CredentialsByHandle(r.Context(), m.Method().Name, c.Handle)
			if err != nil {
				return err
			}
			if len(known) > 0 { // Web Authentication Level 3 §7.1 step 26: nobody else may have it
				return storage.ErrConflict
			}
		}
		record, err := a.credential(s, m, c, label)
		if err != nil {
			return err
		}
		a.wait(&record, s, all)
		if err := a.Store.AddCredential(r.Context(), record); err != nil {
			return err
		}
	}
	a.changed(r, s, "method_added", m.Method().Name)
	return nil
}

func (a *Account) credential(s storage.LiveSession, m authenticators.Authenticator, c authenticators.Credential, label string) (storage.Credential, error) {
	id, err := a.newID()
	now := a.Clock()
	return storage.Credential{
		ID: id, PersonID: s.PersonID, Method: m.Method().Name, Label: label, Handle: c.Handle, Secret: c.Secret, Counter: c.Counter,
		CreatedAt: now, LastUsedAt: now,
	}, err
}

// changed writes into the history that a way to sign in changed, and tells the person.
func (a *Account) changed(r *http.Request, s storage.LiveSession, kind, method string) {
	a.Logger.InfoContext(r.Context(), "method changed", "kind", kind, "method", method)
	a.note(r, s, kind, map[string]string{signin.DetailMethod: method})
	a.Tell(r, s.PersonID, kind)
}

// remove takes a way to sign in away. The phone stays: it is the way back in.
func (a *Account) remove(w http.ResponseWriter, r *http.Request, s storage.LiveSession) {
	c, ok, err := a.owned(r, s, r.PostForm.Get("credential"))
	if err != nil {
		a.fault(w, r, err)
		return
	}
	if !ok || c.Method == smsName {
		http.Redirect(w, r, pathAccount, http.StatusSeeOther)
		return
	}
	if a.outranks(&c, s) {
		a.Web.Render(w, r, http.StatusForbidden, &web.ProblemPage{Problem: web.ProblemWeakProof, Retry: fmt.Sprintf("%s?rung=%d", pathStronger, a.gives(&c))})
		return
	}
	if c.Method == recoveryName {
		err = a.Store.ReplaceCredentials(r.Context(), s.PersonID, recoveryName, nil)
	} else {
		err = a.Store.RemoveCredential(r.Context(), s.PersonID, c.ID)
	}
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		a.fault(w, r, err)
		return
	}
	if m, ok := a.Methods.ByName(c.Method); ok {
		notice, err := m.Revoke(authenticators.Credential{ID: c.ID, Handle: c.Handle, Secret: c.Secret, Counter: c.Counter, Label: c.Label})
		if err != nil {
			a.Logger.ErrorContext(r.Context(), "the device is not told", "method", c.Method, "cause", err)
		}
		a.forget(w, notice.Signal)
	}
	a.changed(r, s, "method_removed", c.Method)
	a.done(w, r, "removed")
}

// owned finds a credential of the person.
func (a *Account) owned(r *http.Request, s storage.LiveSession, id string) (storage.Credential, bool, error) {
	all, err := a.Store.CredentialsOf(r.Context(), s.PersonID)
	n := slices.IndexFunc(all, func(c storage.Credential) bool { return c.ID == id })
	if err != nil || n < 0 {
		return storage.Credential{}, false, err
	}
	return all[n], true, nil
}

// rename changes what the person calls a way to sign in.
func (a *Account) rename(w http.ResponseWriter, r *http.Request, s storage.LiveSession) {
	label := cleanLabel(r.PostForm.Get("label"))
	err := a.Store.LabelCredential(r.Context(), s.PersonID, r.PostForm.Get("credential"), label)
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		a.fault(w, r, err)
		return
	}
	a.done(w, r, "renamed")
}

// maxLabel bounds what a person calls a credential, in characters.
const maxLabel = 40

// cleanLabel is a label as it is stored: one line of printable characters.
func cleanLabel(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, ""), func(r rune) bool { return !unicode.IsPrint(r) }), " ")
	s = strings.TrimSpace(s)
	for utf8.RuneCountInString(s) > maxLabel {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}
