package complaint

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"manyou/federation/correction"
	"manyou/federation/identity"
	"manyou/idp/web"
	"manyou/storage"
)

// seen is a case as a visitor may see it: the one that they filed or that is about them, and the one in which it is decided, which is the same
// unless others reported it before.
type seen struct{ own, main *correction.Case }

// find finds a visitor's case. It answers the same for a case of others and for a number that nobody has.
func (c *Complaints) find(w http.ResponseWriter, r *http.Request, v visitor) (seen, bool) {
	own, err := c.Queue.FindNumber(r.Context(), r.PathValue("number"))
	if errors.Is(err, storage.ErrNotFound) || err == nil && !v.filed(own.Filer) && !v.is(own.PersonID) {
		c.notFound(w, r)
		return seen{}, false
	}
	main := own
	if err == nil && own.DuplicateOf != "" {
		main, err = c.Queue.Find(r.Context(), own.DuplicateOf)
	}
	if err != nil {
		c.fault(w, r, err)
		return seen{}, false
	}
	return seen{own, main}, true
}

// show is the page of a case.
func (c *Complaints) show(w http.ResponseWriter, r *http.Request, v visitor) {
	s, ok := c.find(w, r, v)
	if !ok {
		return
	}
	page := &web.OwnCasePage{}
	if notice := r.URL.Query().Get("done"); slices.Contains(web.OwnCaseNotices(), notice) {
		page.Notice = notice
	}
	c.renderCase(w, r, v, s, page, http.StatusOK)
}

// renderCase fills in the page of a case.
func (c *Complaints) renderCase(w http.ResponseWriter, r *http.Request, v visitor, s seen, page *web.OwnCasePage, status int) {
	path := v.base + "/case/" + s.own.Number
	page.Frame, page.ComplaintLine = c.frame(v), line(v.base, s.own.Case)
	page.State, page.BackURL, page.Joined, page.Refused = s.main.Case.State, v.base, s.own != s.main, v.pass && v.known()
	if addable(s.main) {
		page.DueAt, page.AddURL, page.FilesLeft = s.main.DueAt, path+"/add", correction.MaxFiles-len(s.main.Files())
	}
	if n := len(s.main.Body.Decided); n > 0 {
		page.Decision = string(s.main.Body.Decided[n-1].Decision)
	}
	events, err := c.Store.CaseEvents(r.Context(), s.main.ID)
	if err != nil {
		c.fault(w, r, err)
		return
	}
	if s.own != s.main {
		page.Steps = []web.OwnCaseStep{{What: "filed", At: s.own.FiledAt}, {What: "joined", At: s.own.FiledAt}}
		events = slices.DeleteFunc(events, func(e storage.CaseEvent) bool { return e.At.Before(s.own.FiledAt) })
	}
	for _, e := range events {
		var n correction.Note
		if err := json.Unmarshal(e.Body, &n); err != nil {
			c.fault(w, r, fmt.Errorf("case %s: %w", s.main.ID, err))
			return
		}
		what := word(e, n)
		if n.Hold != nil && !v.is(s.main.PersonID) { // somebody else's
			what = ""
		}
		if what != "" && (what != "filed" || s.own == s.main) {
			page.Steps = append(page.Steps, web.OwnCaseStep{What: what, At: e.At})
		}
		if e.What == correction.EventRejected && s.main.State() == correction.Rejected && v.is(s.main.PersonID) && !v.pass {
			page.Reason = n.Text
		}
	}
	holds, err := c.holds(r, v, s.main)
	if err != nil {
		c.fault(w, r, err)
		return
	}
	for _, h := range holds {
		page.Held = string(h.Kind) // the latest
	}
	if mayWithdraw(v, s, holds) {
		page.WithdrawURL = path + "/withdraw"
	}
	if until := s.main.UpdatedAt.Add(c.Queue.Policy.Appeal); mayObject(v, s) && c.Clock().Before(until) {
		page.ObjectURL, page.ObjectUntil = path+"/object", until
	}
	c.said(v, s, page)
	c.Web.Render(w, r, status, page)
}

// said fills in what the visitor said before. With a pass of somebody who is held it stays hidden: somebody else may have proven the same.
func (c *Complaints) said(v visitor, s seen, page *web.OwnCasePage) {
	if page.Refused {
		return
	}
	if v.filed(s.own.Filer) {
		page.Statement, page.Expected = s.own.Body.Statement, s.own.Body.Expected
		if s.own.Body.Attribute == correction.AttributePhone {
			page.Expected = identity.MaskPhone(page.Expected)
		}
	}
	for _, e := range s.main.Body.Evidence {
		if !v.filed(e.Source) || e.File == nil && (e.Said["text"] == "" || e.Said["text"] == page.Statement) {
			continue
		}
		one := web.OwnCaseSaid{At: e.At, Text: e.Said["text"]}
		if f := e.File; f != nil {
			one.File, one.KB, one.URL = f.Name, (f.Size+1023)/1024, v.base+"/case/"+s.own.Number+"/file/"+f.ID
		}
		page.Said = append(page.Said, one)
	}
}

// word is how pages say what happened, "" if they do not.
func word(e storage.CaseEvent, n correction.Note) string {
	switch e.What {
	case correction.EventHeld, correction.EventLifted, correction.EventLapsed:
		if n.Hold == nil || n.Hold.Kind == string(storage.HoldWatch) {
			return ""
		}
		if e.What != correction.EventHeld {
			return "lifted"
		}
		return map[string]string{string(storage.HoldFreeze): "freeze", string(storage.HoldStepUp): "step_up"}[n.Hold.Kind]
	case correction.EventJoined, correction.EventApproved:
		return ""
	}
	if slices.Contains(web.OwnCaseSteps(), e.What) {
		return e.What
	}
	return ""
}

// holds are those that a case placed on the visitor, and that are felt.
func (c *Complaints) holds(r *http.Request, v visitor, of *correction.Case) ([]storage.Hold, error) {
	if !v.is(of.PersonID) {
		return nil, nil
	}
	all, err := c.Store.HoldsOf(r.Context(), v.person)
	return slices.DeleteFunc(all, func(h storage.Hold) bool {
		return h.CaseID != of.ID || !h.Lies() || h.Kind == storage.HoldWatch || !slices.Contains(web.OwnCaseHolds(), string(h.Kind))
	}), err
}

// addable reports whether something can be added to a case: until it is decided.
func addable(of *correction.Case) bool {
	return slices.Contains([]correction.State{
		correction.Triaged, correction.InReview, correction.Proposed, correction.Appealed, correction.Reopened,
	}, of.State())
}

// mayWithdraw: who filed it, until it is decided. What keeps somebody out is not withdrawn by a page: it may be the one whom it keeps out who asks.
func mayWithdraw(v visitor, s seen, holds []storage.Hold) bool {
	return s.own == s.main && v.filed(s.own.Filer) && addable(s.own) && s.own.Kind != string(correction.KindTakeover) && len(holds) == 0 &&
		(!v.pass || !v.known())
}

// mayObject: once it is decided, within the time that the policy gives.
func mayObject(v visitor, s seen) bool {
	return slices.Contains([]correction.State{correction.Applied, correction.Propagated, correction.Closed, correction.Rejected}, s.main.State()) &&
		(v.filed(s.main.Filer) || v.is(s.main.PersonID))
}
