package account

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"manyou/idp/session"
	"manyou/idp/signin"
	"manyou/idp/web"
	"manyou/storage"
)

// named finds the session that a form names, if it is one of the person's.
func (a *Account) named(r *http.Request, s storage.LiveSession, id string) (storage.Session, bool, error) {
	sessions, err := a.Store.SessionsOf(r.Context(), s.PersonID, a.Clock())
	for _, one := range sessions {
		if deviceID(one) == id {
			return one, true, nil
		}
	}
	return storage.Session{}, false, err
}

// end signs a device out.
func (a *Account) end(w http.ResponseWriter, r *http.Request, s storage.LiveSession) {
	if a.endNamed(w, r, s, r.PostForm.Get("session")) {
		a.done(w, r, "ended")
	}
}

func (a *Account) endNamed(w http.ResponseWriter, r *http.Request, s storage.LiveSession, id string) bool {
	one, ok, err := a.named(r, s, id)
	if err == nil && ok {
		err = a.Cookies.EndAnother(r.Context(), one)
	}
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		a.fault(w, r, err)
		return false
	}
	if ok {
		a.note(r, s, "session_ended", map[string]string{"device": session.DescribeAgent(one.UserAgent)})
	}
	return true
}

// endOthers signs every other device out.
func (a *Account) endOthers(w http.ResponseWriter, r *http.Request, s storage.LiveSession) {
	if _, err := a.Store.EndSessionsOf(r.Context(), s.PersonID, s.Family, a.Clock()); err != nil {
		a.fault(w, r, err)
		return
	}
	a.note(r, s, "sessions_ended", map[string]string{})
	a.done(w, r, "ended")
}

// withdraw takes back what an application was given. It gets nothing more from that moment on.
func (a *Account) withdraw(w http.ResponseWriter, r *http.Request, s storage.LiveSession) {
	id := r.PostForm.Get("client_id")
	switch err := a.Store.WithdrawConsent(r.Context(), s.PersonID, id); {
	case errors.Is(err, storage.ErrNotFound): // withdrawn in another tab
	case err != nil:
		a.fault(w, r, err)
		return
	default:
		name := id
		if app, err := a.Store.Application(r.Context(), id); err == nil {
			name = a.Web.Pick(r, app.Name)
		}
		a.note(r, s, "consent_withdrawn", map[string]string{signin.DetailApplication: name})
	}
	a.done(w, r, "withdrawn")
}

// toNotMe goes to the page that says what happens then.
func (a *Account) toNotMe(w http.ResponseWriter, r *http.Request, _ storage.LiveSession) {
	http.Redirect(w, r, pathNotMe+"?"+url.Values{"session": {r.PostForm.Get("session")}}.Encode(), http.StatusSeeOther)
}

func (a *Account) askNotMe(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("session")
	s, ok := a.current(w, r, r.URL.RequestURI(), false)
	if !ok {
		return
	}
	one, ok, err := a.named(r, s, id)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	page := &web.NotMePage{Action: pathNotMe, Done: !ok}
	if ok {
		page.Device = web.Device{ID: id, Name: session.DescribeAgent(one.UserAgent), SignedInAt: one.CreatedAt, Region: a.nameOf(r, one.Origin)}
	}
	a.Web.Render(w, r, http.StatusOK, page)
}

// notMe signs the stranger out, and everybody else who is not in this browser.
func (a *Account) notMe(w http.ResponseWriter, r *http.Request) {
	if !a.form(w, r) {
		return
	}
	s, ok := a.current(w, r, pathAccount, false)
	if !ok || !a.endNamed(w, r, s, r.PostForm.Get("session")) {
		return
	}
	if _, err := a.Store.EndSessionsOf(r.Context(), s.PersonID, s.Family, a.Clock()); err != nil {
		a.fault(w, r, err)
		return
	}
	a.note(r, s, "sessions_ended", map[string]string{})
	a.Web.Render(w, r, http.StatusOK, &web.NotMePage{Action: pathNotMe, Done: true})
}

// historyLength is how many lines one page has.
const historyLength = 30

// history shows what happened, the newest first.
func (a *Account) history(w http.ResponseWriter, r *http.Request) {
	s, ok := a.current(w, r, pathHistory, false)
	if !ok {
		return
	}
	before := a.Clock().Add(time.Second)
	if ms, err := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64); err == nil && ms > 0 {
		before = time.UnixMilli(ms)
	}
	events, err := a.Store.EventsOf(r.Context(), s.PersonID, before, historyLength)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	page := &web.HistoryPage{}
	for _, e := range events {
		page.Entries = append(page.Entries, web.HistoryEntry{Kind: e.Kind, At: e.At, Detail: e.Detail})
	}
	if len(events) == historyLength {
		page.MoreURL = pathHistory + "?before=" + strconv.FormatInt(events[len(events)-1].At.UnixMilli(), 10)
	}
	a.Web.Render(w, r, http.StatusOK, page)
}
