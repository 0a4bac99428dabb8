package console

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"manyou/idp/complaint"
	"manyou/idp/web"
	"manyou/storage"
)

// files lists what was brought as pictures and papers.
func (d *desk) files(ctx context.Context, page *web.CasePage) error {
	for _, e := range d.of.Body.Evidence {
		if e.File == nil {
			continue
		}
		who, err := d.who(ctx, e.Source)
		if err != nil {
			return err
		}
		_, kind, _ := strings.Cut(e.File.Media, "/")
		page.Files = append(page.Files, web.CaseFile{
			Name: e.File.Name, Kind: strings.ToUpper(kind), Size: int64(e.File.Size), Who: who, At: e.At, URL: caseURL(d.of.Number) + "/files/" + e.File.ID,
		})
	}
	return nil
}

// file gives out a file of a case that is open to the member. That they took it is in the audit log before they have it.
func (c *Console) file(w http.ResponseWriter, r *http.Request) {
	m, ok := c.staff(w, r, false, caseRoles()...)
	if !ok {
		return
	}
	of, ok := c.find(w, r, m)
	if !ok {
		return
	}
	if c.openUntil(r, m, of.ID).IsZero() {
		http.Redirect(w, r, caseURL(of.Number), http.StatusSeeOther)
		return
	}
	id := r.PathValue("file")
	known := false
	for _, f := range of.Files() {
		known = known || f.ID == id
	}
	if !known {
		c.absent(w, r)
		return
	}
	if err := c.recordLook(r, m, of, "file", "", "file", id); err != nil {
		c.fault(w, r, err)
		return
	}
	if err := complaint.Attach(w, r, c.Cases, of.ID, id); errors.Is(err, storage.ErrNotFound) {
		c.absent(w, r)
	} else if err != nil {
		c.fault(w, r, err)
	}
}
