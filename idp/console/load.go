package console

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"manyou/federation/correction"
	"manyou/idp/web"
	"manyou/storage"
)

// load shows supervisors how the work of their regions goes, and auditors that of all.
func (c *Console) load(w http.ResponseWriter, r *http.Request) {
	m, ok := c.staff(w, r, false, correction.RoleSupervisor, correction.RoleAuditor)
	if !ok {
		return
	}
	counts, err := c.Store.CountCases(r.Context())
	if err != nil {
		c.fault(w, r, err)
		return
	}
	old, err := c.caseAges(r.Context(), m)
	if err != nil {
		c.fault(w, r, err)
		return
	}
	page := &web.LoadPage{Frame: c.frame(m, partLoad), At: c.Clock(), QueueURL: pathCases}
	kinds, regions := map[string]*web.LoadRow{}, map[string]*web.LoadRow{}
	for _, k := range correction.Kinds() {
		kinds[string(k)] = &web.LoadRow{Name: string(k), URL: queueURL(web.CaseFilter{Kind: string(k)}, nil)}
	}
	region := func(code string) *web.LoadRow {
		if regions[code] == nil {
			regions[code] = &web.LoadRow{Name: c.place(r, code), Code: code, URL: queueURL(web.CaseFilter{Region: code}, nil)}
		}
		return regions[code]
	}
	for _, n := range counts {
		if kind := kinds[n.Kind]; kind != nil && m.sees(n.Region) {
			for _, row := range []*web.LoadRow{&page.Total, kind, region(n.Region)} {
				ended(row, n)
			}
		}
	}
	for _, a := range old {
		if kind := kinds[a.Kind]; kind != nil {
			for _, row := range []*web.LoadRow{&page.Total, kind, region(a.Region)} {
				row.Overdue, row.Oldest = row.Overdue+a.Overdue, max(row.Oldest, page.At.Sub(a.Oldest))
			}
		}
	}
	for _, k := range correction.Kinds() {
		page.Kinds = append(page.Kinds, *kinds[string(k)])
	}
	for _, row := range regions {
		page.Regions = append(page.Regions, *row)
	}
	slices.SortFunc(page.Regions, func(a, b web.LoadRow) int { return cmp.Or(cmp.Compare(b.Open, a.Open), cmp.Compare(a.Code, b.Code)) })
	scale(page.Kinds)
	scale(page.Regions)
	c.Web.Render(w, r, http.StatusOK, page)
}

// ended adds a count to a row.
func ended(row *web.LoadRow, n storage.CaseCount) {
	switch correction.State(n.State) {
	case correction.Closed:
		row.Closed += n.N
	case correction.Rejected:
		row.Rejected += n.N
	case correction.Withdrawn:
		row.Withdrawn += n.N
	case correction.Appealed:
		row.Appealed += n.N
		row.Open += n.N
	default:
		row.Open += n.N
	}
}

// scale says to each row how wide the chart is.
func scale(rows []web.LoadRow) {
	var longest, most int64
	for n := range rows {
		rows[n].Overdue = min(rows[n].Overdue, rows[n].Open) // the ages are a moment older
		longest, most = max(longest, rows[n].Open), max(most, rows[n].Ended())
	}
	for n := range rows {
		rows[n].Longest, rows[n].Most = longest, most
	}
}

// agesFor is how long the ages of the queue are good.
const agesFor = 20 * time.Second
