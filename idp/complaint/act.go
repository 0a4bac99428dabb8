package complaint

import (
	"errors"
	"net/http"

	"manyou/federation/correction"
	"manyou/idp/web"
	"manyou/storage"
)

// withdraw takes a complaint back.
func (c *Complaints) withdraw(w http.ResponseWriter, r *http.Request, v visitor) {
	if !c.form(w, r) || !c.theirs(w, r, v, r.PostForm, &web.KeptPage{}) {
		return
	}
	s, ok := c.find(w, r, v)
	if !ok {
		return
	}
	holds, err := c.holds(r, v, s.main)
	if err != nil {
		c.fault(w, r, err)
		return
	}
	if !mayWithdraw(v, s, holds) {
		c.moved(w, r, v, &web.OwnCasePage{})
		return
	}
	// A hold that was placed meanwhile made another version of the case, so that this one conflicts.
	c.done(w, r, v, s, c.Queue.Withdraw(r.Context(), s.own.Filer, s.own, ""), "withdrawn", &web.OwnCasePage{})
}

// object objects to a decision.
func (c *Complaints) object(w http.ResponseWriter, r *http.Request, v visitor) {
	if !c.form(w, r) || !c.theirs(w, r, v, r.PostForm, &web.KeptPage{}) {
		return
	}
	s, ok := c.find(w, r, v)
	if !ok {
		return
	}
	why, short := said(r.PostForm.Get("text"))
	page := &web.OwnCasePage{Text: r.PostForm.Get("text")}
	if !short || why == "" {
		page.ObjectError = web.ErrStatement
		c.renderCase(w, r, v, s, page, http.StatusUnprocessableEntity)
		return
	}
	if !mayObject(v, s) {
		c.moved(w, r, v, page)
		return
	}
	ok, err := c.mayAdd(r, v)
	if err != nil {
		c.fault(w, r, err)
		return
	}
	if !ok {
		page.ObjectError = web.ErrTooManyCases
		c.renderCase(w, r, v, s, page, http.StatusTooManyRequests)
		return
	}
	by := s.main.Filer
	if !v.filed(by) {
		by = correction.Person(s.main.PersonID)
	}
	c.done(w, r, v, s, c.Queue.Appeal(r.Context(), by, s.main, why), "objected", page)
}

// done returns to the case, which says what was done. page is what was typed, if it was not.
func (c *Complaints) done(w http.ResponseWriter, r *http.Request, v visitor, s seen, err error, notice string, page *web.OwnCasePage) {
	switch {
	case errors.Is(err, storage.ErrConflict), errors.Is(err, correction.ErrState), errors.Is(err, correction.ErrSelf), errors.Is(err, correction.ErrHold),
		errors.Is(err, correction.ErrJoined):
		c.moved(w, r, v, page)
		return
	case err != nil:
		c.fault(w, r, err)
		return
	}
	if notice != "added" {
		c.note(r, v, "case_"+notice, s.own.Number)
	}
	http.Redirect(w, r, v.base+"/case/"+s.own.Number+"?done="+notice, http.StatusSeeOther)
}

// moved shows the case as it is now: what was asked for is not to be had any more. What was typed is on the page that is given.
func (c *Complaints) moved(w http.ResponseWriter, r *http.Request, v visitor, page *web.OwnCasePage) {
	now, ok := c.find(w, r, v)
	if !ok {
		return
	}
	page.AddError = web.ErrCaseMoved
	c.renderCase(w, r, v, now, page, http.StatusConflict)
}

// back returns to the case.
func (c *Complaints) back(w http.ResponseWriter, r *http.Request, v visitor) {
	to := v.base + "/case/" + correction.NormalizeNumber(r.PathValue("number"))
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // a path of ours: a pass that opened, and the letters of a number
}
