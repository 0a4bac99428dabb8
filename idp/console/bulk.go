package console

import (
	"errors"
	"net/http"

	"manyou/federation/correction"
	"manyou/idp/web"
	"manyou/storage"
)

// bulk approves proposals that were made by rule, several at once: each is a transaction of its own, and has an outcome of its own.
func (c *Console) bulk(w http.ResponseWriter, r *http.Request) {
	m, ok := c.known(w, r, caseRoles()...)
	if !ok {
		return
	}
	page := &web.CasesPage{}
	numbers := r.PostForm["case"]
	if r.PostForm.Get("action") != "approve_rule" {
		numbers = nil
	}
	for _, number := range numbers[:min(len(numbers), queuePage)] {
		o := web.CaseOutcome{Number: correction.NormalizeNumber(number), What: "fresh"}
		if m.fresh {
			var err error
			if o.What, err = c.approveRule(r, m, o.Number); err != nil {
				c.fault(w, r, err)
				return
			}
		} else {
			page.ConfirmURL = pathConfirm
		}
		o.URL = caseURL(o.Number)
		page.Outcomes = append(page.Outcomes, o)
	}
	c.renderQueue(w, r, m, page)
}

// approveRule approves one, and says what became of it.
func (c *Console) approveRule(r *http.Request, m member, number string) (outcome string, err error) {
	of, err := c.Cases.FindNumber(r.Context(), number)
	switch {
	case errors.Is(err, storage.ErrNotFound) || err == nil && !m.sees(of.Region):
		return "unknown", nil
	case err != nil:
		return "", err
	}
	if err := m.Works(of); err != nil {
		return problem(err), nil
	}
	if of.State() != correction.Proposed {
		return "state", nil
	}
	if !of.ByRule() {
		return "not_by_rule", nil
	}
	if ok, err := c.Cases.Untouched(r.Context(), of); err != nil || !ok {
		return "touched", err
	}
	switch err = c.Cases.Approve(r.Context(), m.Officer, of); {
	case err == nil && of.State() == correction.Proposed:
		return "endorsed", nil
	case err == nil:
		c.Logger.InfoContext(r.Context(), "a step of a case in the console", "case", of.ID, "step", "approve_rule", "officer", m.id())
		return "applied", nil
	}
	if outcome = problem(err); outcome == "" {
		return "", err
	}
	return outcome, nil
}
