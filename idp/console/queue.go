package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"manyou/federation/correction"
	"manyou/federation/identity"
	"manyou/idp/web"
	"manyou/storage"
)

// caseStore is what the pages about cases need of storage.
type caseStore interface {
	ListCases(ctx context.Context, f storage.CaseFilter, limit int) ([]storage.Case, error)
	CountCases(ctx context.Context) ([]storage.CaseCount, error)
	CaseAges(ctx context.Context, now time.Time) ([]storage.CaseAge, error)
	CaseEvents(ctx context.Context, id string) ([]storage.CaseEvent, error)
	CasesOf(ctx context.Context, personID string, limit int) ([]storage.Case, error)
	DuplicatesOf(ctx context.Context, id string, limit int) ([]storage.Case, error)
	DeliveriesOf(ctx context.Context, caseID string) ([]storage.SignalDelivery, error)
	Person(ctx context.Context, id string) (storage.Person, error)
	PersonByDocument(ctx context.Context, d storage.Document) (storage.Person, error)
	LinksOf(ctx context.Context, personID string) ([]storage.Link, error)
	HoldsOf(ctx context.Context, personID string) ([]storage.Hold, error)
	Application(ctx context.Context, clientID string) (storage.Application, error)
	ListUpstreams(ctx context.Context) ([]storage.Upstream, error)
	ListStaff(ctx context.Context) ([]storage.StaffMember, error)
}

const (
	queuePage  = 50
	maxRegions = 40 // of a filter
	maxCursor  = 80 // bytes
)

// scope are the regions that a member sees; nil is all.
func (m member) scope() []string {
	if m.is(correction.RoleAuditor) || slices.Contains(m.Regions, Everywhere) {
		return nil
	}
	if len(m.Regions) == 0 {
		return []string{nowhere} // an empty filter would be all of them
	}
	return m.Regions[:min(len(m.Regions), maxRegions)]
}

// nowhere is a region that no case has.
const nowhere = "--"

// sees reports whether a region is in the scope.
func (m member) sees(region string) bool { return m.Sees(region) }

// filter reads what is asked for, within the scope: a region outside of it selects nothing that the scope does not.
func (c *Console) filter(m member, q url.Values) (storage.CaseFilter, web.CaseFilter) {
	f := storage.CaseFilter{Regions: m.scope(), Now: c.Clock()}
	var shown web.CaseFilter
	if k := q.Get("kind"); slices.Contains(correction.Kinds(), correction.Kind(k)) {
		f.Kind, shown.Kind = k, k
	}
	if s := q.Get("state"); slices.Contains(correction.States(), correction.State(s)) {
		f.State, shown.State = s, s
	}
	if reason := q.Get("reason"); slices.Contains(web.CaseReasons(), reason) {
		f.Reason, shown.Reason = reason, reason
	}
	if region := q.Get("region"); region != "" && m.sees(region) {
		f.Regions, shown.Region = []string{region}, region
	}
	if q.Get("mine") != "" {
		f.Assignee, shown.Mine = m.id(), true
	}
	f.Overdue, shown.Overdue = q.Get("overdue") != "", q.Get("overdue") != ""
	f.After = parseCursor(q.Get("after"))
	return f, shown
}

// query is a filter as the query of an address.
func query(f web.CaseFilter) url.Values {
	q := url.Values{}
	for name, v := range map[string]string{"kind": f.Kind, "state": f.State, "reason": f.Reason, "region": f.Region} {
		if v != "" {
			q.Set(name, v)
		}
	}
	for name, on := range map[string]bool{"mine": f.Mine, "overdue": f.Overdue} {
		if on {
			q.Set(name, "1")
		}
	}
	return q
}

func queueURL(f web.CaseFilter, after *storage.Case) string {
	q := query(f)
	if after != nil {
		q.Set("after", cursor(after))
	}
	if len(q) == 0 {
		return pathCases
	}
	return pathCases + "?" + q.Encode()
}

// cursor names the place of a case in the queue: priority, due time, identifier.
func cursor(c *storage.Case) string {
	return strconv.Itoa(c.Priority) + "." + strconv.FormatInt(c.DueAt.UnixMilli(), 10) + "." + c.ID
}

// parseCursor reads a place in the queue; nil if it is none.
func parseCursor(text string) *storage.Case {
	parts := strings.SplitN(text, ".", 3)
	if len(parts) != 3 || len(text) > maxCursor || strings.ContainsFunc(parts[2], func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil
	}
	priority, err := strconv.ParseInt(parts[0], 10, 8)
	due, errDue := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || errDue != nil || due < 0 || due > 1<<52 {
		return nil
	}
	return &storage.Case{Priority: int(priority), DueAt: time.UnixMilli(due).UTC(), ID: parts[2]}
}

// queue shows the cases that a member sees.
func (c *Console) queue(w http.ResponseWriter, r *http.Request) {
	m, ok := c.staff(w, r, false, caseRoles()...)
	if !ok {
		return
	}
	page := &web.CasesPage{}
	if number := r.URL.Query().Get("number"); number != "" {
		found, err := c.Cases.FindNumber(r.Context(), number)
		switch {
		case err == nil && m.sees(found.Region):
			http.Redirect(w, r, caseURL(found.Number), http.StatusSeeOther)
			return
		case err != nil && !errors.Is(err, storage.ErrNotFound):
			c.fault(w, r, err)
			return
		}
		page.Unknown = strings.ToValidUTF8(number[:min(len(number), 40)], "")
	}
	c.renderQueue(w, r, m, page)
}

func (c *Console) renderQueue(w http.ResponseWriter, r *http.Request, m member, page *web.CasesPage) {
	ctx := r.Context()
	f, shown := c.filter(m, r.URL.Query())
	list, err := c.Store.ListCases(ctx, f, queuePage+1)
	if err != nil {
		c.fault(w, r, err)
		return
	}
	page.Frame, page.Action, page.Filter, page.Regions = c.frame(m, partCases), pathCases, shown, c.places(r, m)
	if len(list) > queuePage {
		list = list[:queuePage]
		page.NextURL = queueURL(shown, &list[queuePage-1])
	}
	page.BulkURL = queueURL(shown, f.After)
	if f.After != nil {
		page.FirstURL = queueURL(shown, nil)
	}
	for n := range list {
		row := c.head(r, m, &list[n])
		row.Tick = row.State == string(correction.Proposed) && slices.Contains(correction.SafeReasons(), row.Reason) && m.is(workRoles()...)
		page.Bulk = page.Bulk || row.Tick
		page.Rows = append(page.Rows, row)
	}
	if err := c.tally(ctx, m, page); err != nil {
		c.fault(w, r, err)
		return
	}
	status := http.StatusOK
	if page.Unknown != "" {
		status = http.StatusNotFound
	}
	c.Web.Render(w, r, status, page)
}

// workRoles are those who may change a case.
func workRoles() []string { return []string{correction.RoleOfficer, correction.RoleSupervisor} }

func caseURL(number string) string { return pathCases + "/" + number }

// places are the regions that a member sees, as they are called.
func (c *Console) places(r *http.Request, m member) (list []web.Province) {
	for _, region := range identity.Regions() {
		if m.sees(region.Code) {
			list = append(list, web.Province{Region: region.Code, Name: c.place(r, region.Code)})
		}
	}
	return list
}

func (c *Console) place(r *http.Request, code string) string {
	region, ok := identity.LookupRegion(code)
	if !ok {
		return ""
	}
	if c.Web.Language(r, nil) == "zh" {
		return region.Name
	}
	return region.English
}

// head is what of a case says nothing of the person.
func (c *Console) head(r *http.Request, m member, stored *storage.Case) web.CaseHead {
	now := c.Clock()
	h := web.CaseHead{
		Number: stored.Number, Kind: stored.Kind, State: stored.State, Reason: stored.Reason, Region: stored.Region, Place: c.place(r, stored.Region),
		Priority: stored.Priority, FiledAt: stored.FiledAt, DueAt: stored.DueAt, Age: now.Sub(stored.FiledAt),
		Overdue: stored.Open && !now.Before(stored.DueAt), Assignee: "somebody",
	}
	switch stored.Assignee {
	case "":
		h.Assignee = "nobody"
	case m.id():
		h.Assignee = "me"
	}
	if m.sees(stored.Region) {
		h.URL = caseURL(stored.Number)
	}
	return h
}

// ages are what storage said a moment ago of how old the open cases are: of a long queue that is not asked at each look.
type ages struct {
	mu   sync.Mutex
	at   time.Time
	list []storage.CaseAge
}

// caseAges are those of a member's scope.
func (c *Console) caseAges(ctx context.Context, m member) (list []storage.CaseAge, err error) {
	c.ages.mu.Lock()
	defer c.ages.mu.Unlock()
	if now := c.Clock(); c.ages.at.IsZero() || now.Sub(c.ages.at) >= agesFor || now.Before(c.ages.at) {
		if c.ages.list, err = c.Store.CaseAges(ctx, now); err != nil {
			return nil, err
		}
		c.ages.at = now
	}
	for _, a := range c.ages.list {
		if m.sees(a.Region) {
			list = append(list, a)
		}
	}
	return list, nil
}

// tally counts what is open, by kind and state.
func (c *Console) tally(ctx context.Context, m member, page *web.CasesPage) error {
	counts, err := c.Store.CountCases(ctx)
	if err != nil {
		return err
	}
	old, err := c.caseAges(ctx, m)
	if err != nil {
		return err
	}
	for _, kind := range correction.Kinds() {
		k := web.CaseCounts{Kind: string(kind), URL: queueURL(web.CaseFilter{Kind: string(kind)}, nil)}
		for _, state := range correction.States() {
			if state == correction.Closed || state == correction.Rejected || state == correction.Withdrawn {
				continue
			}
			one := web.CaseCount{State: string(state), URL: queueURL(web.CaseFilter{Kind: string(kind), State: string(state)}, nil)}
			for _, n := range counts {
				if n.Kind == string(kind) && n.State == string(state) && m.sees(n.Region) {
					one.N += n.N
				}
			}
			if k.Open += one.N; one.N > 0 {
				k.States = append(k.States, one)
			}
		}
		for _, a := range old {
			if a.Kind == string(kind) {
				k.Overdue += a.Overdue
				k.Oldest = max(k.Oldest, c.Clock().Sub(a.Oldest))
			}
		}
		if page.Open, page.Overdue, page.Oldest = page.Open+k.Open, page.Overdue+k.Overdue, max(page.Oldest, k.Oldest); k.Open > 0 {
			page.Counts = append(page.Counts, k)
		}
	}
	return nil
}
