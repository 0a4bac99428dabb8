package console

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"manyou/federation/audit"
	"manyou/federation/correction"
	"manyou/idp/web"
	"manyou/storage"
)

const (
	auditPage     = 50
	checkpointMax = 1000
)

// log shows auditors what was decided, the newest first. It verifies nothing, which takes the whole log: it says what was signed last.
func (c *Console) log(w http.ResponseWriter, r *http.Request) {
	m, ok := c.staff(w, r, false, correction.RoleAuditor)
	if !ok {
		return
	}
	page, err := c.auditPage(r, r.URL.Query().Get("before"))
	if err != nil {
		c.fault(w, r, err)
		return
	}
	page.Frame = c.frame(m, partAudit)
	c.Web.Render(w, r, http.StatusOK, page)
}

func (c *Console) auditPage(r *http.Request, before string) (*web.AuditPage, error) {
	ctx := r.Context()
	size, _, err := c.Store.AuditRoot(ctx)
	if err != nil {
		return nil, err
	}
	page := &web.AuditPage{Size: size}
	last, err := c.lastCheckpoint(ctx, size)
	if err != nil {
		return nil, err
	}
	page.Covered, page.CoveredAt = last.Size, last.At
	end := size
	if n, err := strconv.ParseInt(before, 10, 64); err == nil && n > 0 && n < size {
		end, page.NewerURL = n, pathAudit
	}
	from := max(0, end-auditPage)
	if from > 0 {
		page.OlderURL = pathAudit + "?before=" + strconv.FormatInt(from, 10)
	}
	records, err := c.Store.AuditRecords(ctx, from, int(end-from))
	if err != nil {
		return nil, err
	}
	for _, record := range slices.Backward(records) {
		row, ok := c.auditRow(r, record)
		row.Covered = record.Seq < page.Covered
		page.Records, page.Unreadable = append(page.Records, row), page.Unreadable || !ok
	}
	return page, nil
}

func (c *Console) auditRow(r *http.Request, record storage.AuditRecord) (row web.AuditRow, ok bool) {
	e, err := audit.Parse(record.Body)
	row = web.AuditRow{Seq: record.Seq, At: e.At, Kind: e.Kind, Actor: e.Actor, Number: e.Detail["number"], Text: c.unsealed(e.Detail)}
	for k, v := range e.Detail {
		if k != "number" && (k != "case" || row.Number == "") && !strings.HasPrefix(k, "sealed_") && v != "" {
			row.Detail = append(row.Detail, c.auditDetail(r, k, v))
		}
	}
	slices.SortFunc(row.Detail, func(a, b web.AuditDetail) int { return strings.Compare(a.Name, b.Name) })
	if row.Number != "" {
		row.URL = caseURL(row.Number)
	}
	return row, err == nil
}

// auditDetail is a detail of a record; regions are called by their names.
func (c *Console) auditDetail(r *http.Request, name, value string) web.AuditDetail {
	if name != "region" && name != "regions" {
		return web.AuditDetail{Name: name, Value: value}
	}
	var places []string
	for code := range strings.FieldsSeq(value) {
		places = append(places, strings.TrimSpace(code+" "+c.place(r, code)))
	}
	return web.AuditDetail{Name: name, Value: strings.Join(places, ", "), Plain: true}
}

// lastCheckpoint finds the greatest one: a few behind the end, usually, so that it looks farther and farther back.
func (c *Console) lastCheckpoint(ctx context.Context, size int64) (last storage.AuditCheckpoint, err error) {
	for back := int64(64); ; back *= 16 {
		from := max(0, size-back)
		list, err := c.Store.AuditCheckpoints(ctx, from, checkpointMax)
		if err != nil {
			return last, err
		}
		if len(list) > 0 {
			return list[len(list)-1], nil
		}
		if from == 0 {
			return last, nil
		}
	}
}
