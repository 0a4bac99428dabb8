package complaint

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"manyou/federation/correction"
	"manyou/idp/web"
	"manyou/storage"
)

// maxListed bounds a list, by who filed and by whom it is about.
const maxListed = 50

// list shows the cases that a visitor filed, and those about them.
func (c *Complaints) list(w http.ResponseWriter, r *http.Request, v visitor) {
	cases, err := c.cases(r.Context(), v)
	if err != nil {
		c.fault(w, r, err)
		return
	}
	page := &web.ComplaintsPage{NewURL: v.base + "/new", Refused: v.pass && v.known()}
	if !v.known() {
		page.NewURL += "/" + web.ComplaintUnknown
	}
	if !v.pass {
		page.BackURL = "/account"
	}
	for _, stored := range cases {
		page.Lines = append(page.Lines, line(v.base, stored))
	}
	c.Web.Render(w, r, http.StatusOK, page)
}

// cases lists those of a visitor, the newest first. What others filed and was joined is not shown: the case that it was joined to is.
func (c *Complaints) cases(ctx context.Context, v visitor) ([]storage.Case, error) {
	filed, err := c.Store.CasesFiledBy(ctx, v.filer, maxListed)
	if err != nil {
		return nil, err
	}
	all := filed
	for _, person := range append([]string{v.person}, v.before...) {
		if !v.known() {
			break
		}
		if person != v.person {
			if filed, err = c.Store.CasesFiledBy(ctx, correction.Person(person), maxListed); err != nil {
				return nil, err
			}
			all = append(all, filed...)
		}
		about, err := c.Store.CasesOf(ctx, person, maxListed)
		if err != nil {
			return nil, err
		}
		for _, stored := range about {
			if stored.DuplicateOf == "" && !v.filed(stored.Filer) {
				all = append(all, stored)
			}
		}
	}
	for n, stored := range all {
		if stored.DuplicateOf == "" {
			continue
		}
		main, err := c.Store.Case(ctx, stored.DuplicateOf)
		if err != nil {
			return nil, err
		}
		all[n].State, all[n].Open, all[n].UpdatedAt = main.State, main.Open, main.UpdatedAt
	}
	slices.SortStableFunc(all, func(a, b storage.Case) int { return cmp.Or(b.FiledAt.Compare(a.FiledAt), strings.Compare(a.ID, b.ID)) })
	return all, nil
}

func line(base string, stored storage.Case) web.ComplaintLine {
	return web.ComplaintLine{
		Number: stored.Number, Kind: kind(stored), State: stored.State, URL: base + "/case/" + stored.Number, At: stored.FiledAt,
	}
}

// kind is the word that pages have for what a case is about.
func kind(stored storage.Case) string {
	switch correction.Kind(stored.Kind) {
	case correction.KindAttribute:
		if strings.HasSuffix(stored.Topic, " "+correction.AttributePhone) {
			return "phone"
		}
		return "name"
	case correction.KindEncoding:
		return "encoding"
	case correction.KindLink:
		return "link"
	case correction.KindDuplicate, correction.KindCollision, correction.KindTakeover, correction.KindLifecycle:
		return stored.Kind
	case correction.KindConflict:
	}
	return "conflict"
}

// lately is how long the account page tells of a decision.
const lately = 30 * 24 * time.Hour

// Latest is the case that the account page tells of: one that is open, else one that was decided lately; nil if there is none.
func (c *Complaints) Latest(ctx context.Context, personID string) (*web.ComplaintLine, error) {
	v, err := c.visitor(ctx, personID)
	if err != nil {
		return nil, err
	}
	cases, err := c.cases(ctx, v)
	if err != nil {
		return nil, err
	}
	var decided *web.ComplaintLine
	for _, stored := range cases {
		l := line(Path, stored)
		switch {
		case stored.Open && !l.Decided():
			return &l, nil
		case l.Decided() && decided == nil && c.Clock().Before(stored.UpdatedAt.Add(lately)):
			decided = &l
		}
	}
	return decided, nil
}
