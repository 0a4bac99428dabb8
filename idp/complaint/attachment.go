package complaint

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"manyou/federation/correction"
	"manyou/federation/correction/evidence"
	"manyou/storage"
)

// attachment serves a file to who brought it.
func (c *Complaints) attachment(w http.ResponseWriter, r *http.Request, v visitor) {
	s, ok := c.find(w, r, v)
	if !ok {
		return
	}
	id := r.PathValue("file")
	mine := slices.ContainsFunc(s.main.Body.Evidence, func(e correction.Evidence) bool {
		return e.File != nil && e.File.ID == id && v.filed(e.Source)
	})
	if !mine || v.pass && v.known() {
		c.notFound(w, r)
		return
	}
	switch err := Attach(w, r, c.Queue, s.main.ID, id); {
	case errors.Is(err, storage.ErrNotFound):
		c.notFound(w, r)
	case err != nil:
		c.fault(w, r, err)
	}
}

// Attach serves a file of a case, as an attachment that no browser shows in this issuer's name. Whoever calls it has made sure that the one who
// asks may see the case, and has recorded that they look. Nothing is written if it fails: [storage.ErrNotFound] if the case has no such file.
func Attach(w http.ResponseWriter, r *http.Request, q *correction.Queue, caseID, fileID string) error {
	of, err := q.Find(r.Context(), caseID)
	if err != nil {
		return err
	}
	f, body, err := q.Attachment(r.Context(), of, fileID)
	if err != nil {
		return err
	}
	// The name is ours: that of the filer is a text, and says nothing of the content.
	n := slices.IndexFunc(of.Files(), func(one correction.File) bool { return one.ID == f.ID })
	name := of.Number + "-" + strconv.Itoa(n+1) + map[string]string{evidence.JPEG: ".jpg", evidence.PNG: ".png", evidence.PDF: ".pdf"}[f.Media]
	h := w.Header()
	h.Set("Content-Type", f.Media)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) //nolint:gosec // an attachment, of a type that was checked, and sandboxed
	}
	return nil
}
