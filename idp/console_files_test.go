package idp_test

import (
	"bytes"
	"image"
	"image/png"
	"io"
	"net/http"
	"strings"
	"testing"

	"manyou/federation/correction"
	"manyou/federation/correction/evidence"
)

func TestAnOfficerTakesAFileOnlyOfACaseThatIsOpenAndTheLogSaysSo(t *testing.T) {
	o := newBureau(t)
	c := o.complain(liNa, "51")
	var raw bytes.Buffer
	must(t, png.Encode(&raw, image.NewGray(image.Rect(0, 0, 4, 4))))
	clean, err := evidence.Clean(raw.Bytes())
	must(t, err)
	must(t, o.queue.AddFile(t.Context(), c, correction.Evidence{Source: correction.Person(o.person(liNa).ID)}, "<b>证件</b>.png", clean))
	id := c.Files()[0].ID

	officer, elsewhere := o.staff(wang, []string{"51"}, correction.RoleOfficer), o.staff(zhao, []string{"33"}, correction.RoleOfficer)
	at := o.cases("/", c.Number, "/files/", id)
	if got := o.get(elsewhere, at); got.StatusCode != http.StatusNotFound {
		t.Errorf("out of region: %d", got.StatusCode)
	}
	if got := o.get(officer, at); page(got) != o.cases("/", c.Number) || strings.Contains(body(t, got), "证件&lt;") {
		t.Errorf("before the case is open: %d at %s", got.StatusCode, page(got))
	}
	o.open(officer, c)
	if text := body(t, o.get(officer, o.cases("/", c.Number))); !strings.Contains(text, "/files/"+id) || !strings.Contains(text, "&lt;b&gt;证件") {
		t.Error("the case does not list the file")
	}
	before, _, err := o.store.AuditRoot(t.Context())
	must(t, err)
	got := o.get(officer, at)
	content, err := io.ReadAll(got.Body)
	must(t, err)
	h := got.Header
	if got.StatusCode != http.StatusOK || !bytes.Equal(content, clean.Body) || h.Get("X-Content-Type-Options") != "nosniff" ||
		!strings.HasPrefix(h.Get("Content-Disposition"), "attachment") || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%d %v", got.StatusCode, h)
	}
	records, err := o.store.AuditRecords(t.Context(), before, 10)
	must(t, err)
	if len(records) != 1 || !strings.Contains(string(records[0].Body), "case.looked") || !strings.Contains(string(records[0].Body), id) {
		t.Errorf("%d records", len(records))
	}
	if got := o.get(officer, o.cases("/", c.Number, "/files/other")); got.StatusCode != http.StatusNotFound {
		t.Errorf("a file that there is not: %d", got.StatusCode)
	}
}
