package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"manyou/federation/audit"
	"manyou/federation/correction"
	"manyou/idp/web"
	"manyou/storage"
)

// Whoever looks at a case says why, and that they looked is in the audit log before they see anything of the person. For half an hour the
// case is then open to them, in this session alone: the browser carries that, sealed.
const (
	lookFor     = 30 * time.Minute
	maxLooks    = 12 // cases that are open at once
	maxLookText = 80 // characters

	purposeLooks = "console looks"
	purposeWhy   = "console look"
	cookieLooks  = "looks"

	// A text of the audit log is bounded; what is sealed is longer, and cut.
	pieceBytes = 240
	maxPieces  = 4
)

// looks are the cases that are open to somebody in one session.
type looks struct {
	Person  string           `json:"p"`
	Session []byte           `json:"s"`
	Cases   map[string]int64 `json:"c"` // until when, in seconds since 1970
}

// looks reads what the browser carries; nothing if it is another's.
func (c *Console) looks(r *http.Request, m member) looks {
	none := looks{Person: m.id(), Session: m.ID, Cases: map[string]int64{}}
	raw, err := c.Vault.OpenToken(purposeLooks, c.Cookies.Kept(r, cookieLooks))
	if err != nil {
		return none
	}
	var l looks
	if json.Unmarshal(raw, &l) != nil || l.Person != m.id() || string(l.Session) != string(m.ID) || l.Cases == nil {
		return none
	}
	return l
}

// openUntil is how long a case is open to a member; zero if it is not.
func (c *Console) openUntil(r *http.Request, m member, id string) time.Time {
	until := time.Unix(c.looks(r, m).Cases[id], 0)
	if !c.Clock().Before(until) {
		return time.Time{}
	}
	return until
}

// open lets a member see a case from now on.
func (c *Console) open(w http.ResponseWriter, r *http.Request, m member, id string) (time.Time, error) {
	now, l := c.Clock(), c.looks(r, m)
	for one, until := range l.Cases {
		if now.Unix() >= until {
			delete(l.Cases, one)
		}
	}
	for len(l.Cases) >= maxLooks {
		first := ""
		for one, until := range l.Cases {
			if first == "" || until < l.Cases[first] {
				first = one
			}
		}
		delete(l.Cases, first)
	}
	until := now.Add(lookFor).Truncate(time.Second)
	l.Cases[id] = until.Unix()
	raw, err := json.Marshal(l)
	if err != nil {
		return until, err
	}
	sealed, err := c.Vault.SealToken(purposeLooks, raw)
	if err == nil {
		c.Cookies.Keep(w, cookieLooks, sealed, lookFor)
	}
	return until, err
}

// recordLook writes into the audit log that somebody looks. What they wrote about it is sealed: it may name people.
func (c *Console) recordLook(r *http.Request, m member, of *correction.Case, reason, text string, more ...string) error {
	detail := map[string]string{"case": of.ID, "number": of.Number, "reason": reason}
	for n := 0; n+1 < len(more); n += 2 {
		detail[more[n]] = more[n+1]
	}
	if text != "" {
		sealed, err := c.Vault.SealToken(purposeWhy, []byte(text))
		if err != nil {
			return err
		}
		for n := 0; n < maxPieces && len(sealed) > 0; n++ {
			cut := min(len(sealed), pieceBytes)
			detail["sealed_"+strconv.Itoa(n)], sealed = sealed[:cut], sealed[cut:]
		}
	}
	return audit.Append(r.Context(), c.Store, audit.Entry{At: c.Clock(), Kind: audit.KindLooked, Actor: "officer:" + m.id(), Detail: detail})
}

// unsealed is what somebody wrote about a look; "" if they wrote nothing.
func (c *Console) unsealed(detail map[string]string) string {
	var sealed strings.Builder
	for n := range maxPieces {
		sealed.WriteString(detail["sealed_"+strconv.Itoa(n)])
	}
	text, err := c.Vault.OpenToken(purposeWhy, sealed.String())
	if err != nil {
		return ""
	}
	return string(text)
}

// find reads the case of an address, if the member sees its region. It answers else.
func (c *Console) find(w http.ResponseWriter, r *http.Request, m member) (*correction.Case, bool) {
	number := r.PathValue("number")
	found, err := c.Cases.FindNumber(r.Context(), number)
	switch {
	case errors.Is(err, storage.ErrNotFound) || err == nil && (!m.sees(found.Region) || found.Number != number):
		c.absent(w, r)
		return nil, false
	case err != nil:
		c.fault(w, r, err)
		return nil, false
	}
	return found, true
}

// showCase shows a case that is open to the member, and the door of any other.
func (c *Console) showCase(w http.ResponseWriter, r *http.Request) {
	m, ok := c.staff(w, r, false, caseRoles()...)
	if !ok {
		return
	}
	of, ok := c.find(w, r, m)
	if !ok {
		return
	}
	until := c.openUntil(r, m, of.ID)
	if until.IsZero() {
		c.door(w, r, m, of, &web.CaseDoorPage{}, http.StatusOK)
		return
	}
	page := &web.CasePage{Until: until}
	if done := r.URL.Query().Get("done"); slices.Contains(web.CaseNotices(), done) {
		page.Notice = done
	}
	c.renderCase(w, r, m, of, page, http.StatusOK)
}

func (c *Console) door(w http.ResponseWriter, r *http.Request, m member, of *correction.Case, page *web.CaseDoorPage, status int) {
	page.Frame, page.Action, page.BackURL, page.Case = c.frame(m, partCases), caseURL(of.Number), pathCases, c.head(r, m, &of.Case)
	if page.Reason == "" && of.Assignee == m.id() {
		page.Reason = "assigned"
	}
	c.Web.Render(w, r, status, page)
}

// look opens a case to a member who says why.
func (c *Console) look(w http.ResponseWriter, r *http.Request, m member, of *correction.Case) {
	reason, text := r.PostForm.Get("reason"), strings.TrimSpace(r.PostForm.Get("text"))
	page := &web.CaseDoorPage{Reason: reason, Text: text, Fields: kept(r)}
	switch {
	case !slices.Contains(web.LookReasons(), reason):
		page.Reason, page.Error = "", "reason"
	case !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxLookText || reason == "other" && text == "":
		page.Error = "text"
	}
	if page.Error != "" {
		c.door(w, r, m, of, page, http.StatusUnprocessableEntity)
		return
	}
	if err := c.recordLook(r, m, of, reason, text); err != nil {
		c.fault(w, r, fmt.Errorf("record a look: %w", err))
		return
	}
	until, err := c.open(w, r, m, of.ID)
	if err != nil {
		c.fault(w, r, err)
		return
	}
	if len(page.Fields) == 0 {
		http.Redirect(w, r, caseURL(of.Number), http.StatusSeeOther)
		return
	}
	typed := map[string][]string{}
	for _, f := range page.Fields {
		name := strings.TrimPrefix(f.Name, keptPrefix)
		typed[name] = append(typed[name], f.Value)
	}
	c.renderCase(w, r, m, of, &web.CasePage{Until: until, Typed: typed}, http.StatusOK)
}

// keptPrefix marks the fields of a form that waits behind the door.
const keptPrefix = "kept_"

// keep are the fields of a form, to be sent along.
func keep(form map[string][]string) (fields []web.Field) {
	for name, values := range form {
		if name == "by" {
			continue // the door has its own
		}
		for _, v := range values {
			fields = append(fields, web.Field{Name: keptPrefix + name, Value: v})
		}
	}
	slices.SortFunc(fields, func(a, b web.Field) int { return strings.Compare(a.Name, b.Name) })
	return fields
}

// kept are the fields that were sent along.
func kept(r *http.Request) (fields []web.Field) {
	for name, values := range r.PostForm {
		if strings.HasPrefix(name, keptPrefix) {
			for _, v := range values {
				fields = append(fields, web.Field{Name: name, Value: v})
			}
		}
	}
	slices.SortFunc(fields, func(a, b web.Field) int { return strings.Compare(a.Name, b.Name) })
	return fields
}
