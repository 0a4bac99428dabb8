package application

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Paths of the clerk's desk.
const (
	deskPath   = "/desk"
	reportPath = "/report"
)

// Bounds of a report.
const (
	maxReport  = 16 << 10 // bytes
	maxRecord  = 60       // characters
	reportWait = 10 * time.Second
)

// complaint is a case that this application filed.
type complaint struct {
	At      time.Time
	Number  string
	State   string
	Subject string
}

// line is one of the desk's lists.
type line struct{ At, What, About, Case string }

// showDesk shows what was filed, how far it is, and what the issuer told.
func (a *Application) showDesk(w http.ResponseWriter, r *http.Request) {
	lang := a.language(w, r)
	v := a.view(r, "desk", lang)
	a.desk.mu.Lock()
	events, complaints := slices.Clone(a.desk.events), slices.Clone(a.desk.complaints)
	a.desk.mu.Unlock()
	slices.Reverse(events)
	slices.Reverse(complaints)
	for n, c := range complaints {
		if n < maxAsked {
			c.State = a.stateOf(r.Context(), c)
		}
		v.Complaints = append(v.Complaints, line{c.At.In(beijing).Format("15:04:05"), a.word(lang, "case_", c.State), short(c.Subject), c.Number})
	}
	for _, e := range happened(events) {
		what := a.word(lang, "event_", e.Event)
		if text, ok := messages["correction_"+e.What]; ok && e.Event == correction {
			what = pick(text, lang)
		}
		v.Events = append(v.Events, line{e.At.In(beijing).Format("15:04:05"), what, short(e.Subject), e.Case})
	}
	a.render(w, http.StatusOK, v)
}

// together is how far apart tokens about one thing may be received: a decision that moves a link and voids what its person had is two signals.
const together = 5 * time.Second

// happened are the events as a reader counts them: what is said of the same subject in the same case, at one time, once.
func happened(events []received) (list []received) {
	for _, e := range events {
		if !slices.ContainsFunc(list, func(l received) bool {
			return l.Event == e.Event && l.What == e.What && l.Subject == e.Subject && l.Case == e.Case && l.At.Sub(e.At).Abs() < together
		}) {
			list = append(list, e)
		}
	}
	return list
}

// maxAsked bounds how many cases the desk asks about at once.
const maxAsked = 5

// word is what a word of the protocol is called; itself, if there is no name for it.
func (a *Application) word(lang, prefix, word string) string {
	if text, ok := messages[prefix+word]; ok {
		return pick(text, lang)
	}
	return word
}

// short is as much of an identifier as tells two apart on a page.
func short(subject string) string {
	return subject[:min(len(subject), 8)]
}

// stateOf asks the issuer how far a case is; if it cannot be asked, it is as it was.
func (a *Application) stateOf(ctx context.Context, c complaint) string {
	p, err := a.discover(ctx)
	if err != nil {
		return c.State
	}
	ctx, cancel := context.WithTimeout(ctx, discoveryWait)
	defer cancel()
	var said struct {
		State string `json:"state"`
	}
	if _, err := a.ask(ctx, a.own(ctx, p, "cases.file"), http.MethodGet, a.config.Issuer+"/cases/"+url.PathEscape(c.Number), nil, &said); err != nil {
		return c.State
	}
	return said.State
}

// report files a case: who signed in is not the person in this application's records. What it did is shown at the desk.
func (a *Application) report(w http.ResponseWriter, r *http.Request) {
	s, ok := a.session(r)
	if !ok {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxReport)
	if err := r.ParseForm(); err != nil {
		a.fail(w, r, http.StatusRequestEntityTooLarge, "report_failed", err)
		return
	}
	if !equal(r.PostForm.Get("token"), s.SignOutToken) { // a form of another site cannot know it
		a.fail(w, r, http.StatusForbidden, "report_failed", errors.New("wrong token"))
		return
	}
	record := strings.TrimSpace(r.PostForm.Get("record"))
	if record == "" || utf8.RuneCountInString(record) > maxRecord || !utf8.ValidString(record) {
		a.fail(w, r, http.StatusUnprocessableEntity, "report_empty", errors.New("nothing, or too much, is said"))
		return
	}
	if err := a.file(r.Context(), s, record); err != nil {
		a.fail(w, r, http.StatusBadGateway, "report_failed", err)
		return
	}
	http.Redirect(w, r, deskPath, http.StatusSeeOther)
}

// file sends the complaint. Its key is the session's, so that sending it again files nothing more.
func (a *Application) file(ctx context.Context, s session, record string) error {
	p, err := a.discover(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, reportWait)
	defer cancel()
	c := s.claims()
	var filed struct {
		Number string `json:"number"`
		State  string `json:"state"`
	}
	if _, err := a.ask(ctx, a.own(ctx, p, "cases.file"), http.MethodPost, a.config.Issuer+"/cases", map[string]any{
		"kind": "wrong_link", "subject": map[string]string{"format": "iss_sub", "iss": c.Issuer, "sub": c.Subject},
		"said": map[string]string{"name": record}, "statement": a.config.Name["zh"] + "：登录的人与本应用的记录不符。",
	}, &filed, "Idempotency-Key", a.secret("case " + s.SignOutToken)[:40]); err != nil {
		return fmt.Errorf("file a case: %w", err)
	}
	a.desk.mu.Lock()
	defer a.desk.mu.Unlock()
	if !slices.ContainsFunc(a.desk.complaints, func(c complaint) bool { return c.Number == filed.Number }) {
		a.desk.complaints = last(append(a.desk.complaints, complaint{a.config.Clock(), filed.Number, filed.State, c.Subject}))
	}
	return nil
}

// claims are those of the ID token, which was verified when the session began.
func (s session) claims() (c claims) {
	_, payload := decode(s.IDToken)
	_ = json.Unmarshal(payload, &c) // it was read before, and the cookie is sealed
	return c
}
