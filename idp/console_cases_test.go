package idp_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"manyou/federation/audit"
	"manyou/federation/correction"
	"manyou/idp"
	"manyou/storage"
)

var (
	codePoints = regexp.MustCompile(`<small>U(?:\+|&#43;)[0-9A-F]+</small></span><span class="ch[a-z ]*">|<small>U(?:\+|&#43;)[0-9A-F]+</small>`)
	nextPage   = regexp.MustCompile(`<a href="([^"]+)" rel="next">`)
)

// bureau is the nation's issuer with people who work on its cases.
type bureau struct {
	*world
	queue *correction.Queue
}

// staffed are invented people who work here.
var staffed = []citizen{
	{"王建国", "510000197001010013", "+8613700000001"}, {"赵丽华", "510000197002020025", "+8613700000002"}, {"孙伟", "510000197003030037", "+8613700000003"},
	{"周敏", "510000197004040049", "+8613700000004"}, {"吴强", "510000197005050051", "+8613700000005"},
}

func init() {
	for n := range staffed {
		staffed[n].number = number(staffed[n].number[:17])
	}
}

var wang, zhao, sun, zhou, wu = &staffed[0], &staffed[1], &staffed[2], &staffed[3], &staffed[4]

func newBureau(t *testing.T) bureau {
	t.Helper()
	w := newWorld(t, nationally, func(c *idp.Config) {
		c.Name = map[string]string{"zh": "全国统一身份认证", "en": "National Identity"}
	})
	var entries []storage.RegisterEntry
	for _, c := range staffed {
		entries = append(entries, storage.RegisterEntry{
			Document: storage.Document{Kind: "resident_id", Number: c.number}, Name: c.name, Phone: c.phone, Region: "51", Status: storage.RegisterValid,
		})
	}
	must(t, w.store.PutRegister(t.Context(), entries, storage.ImportProgress{Source: "staff"}))
	o := bureau{world: w, queue: &correction.Queue{
		Store: w.store, Register: w.config.Register, Policy: correction.DefaultPolicy(), Clock: w.clock, Random: rand.Reader,
	}}
	return o
}

// staff is a browser of somebody of the staff who has just proven their passkey.
func (o bureau) staff(c *citizen, regions []string, roles ...string) *http.Client {
	o.t.Helper()
	b, d := o.withPasskey(*c)
	must(o.t, o.store.PutStaff(o.t.Context(), storage.StaffMember{PersonID: o.person(*c).ID, Roles: roles, Regions: regions, CreatedAt: o.clock()}))
	at := o.get(b, o.url+"/console")
	if strings.Contains(page(at), "/signin/") {
		at = o.post(b, page(at), "action", "passkey", "answer", d.assert(body(o.t, at)))
	}
	if at.StatusCode != http.StatusOK || !strings.Contains(page(at), "/console/") {
		o.t.Fatalf("%d at %s", at.StatusCode, page(at))
	}
	return b
}

func (o bureau) cases(more ...string) string {
	return o.url + "/console/cases" + strings.Join(more, "")
}

// complain files a case about a citizen who has signed in.
func (o bureau) complain(c citizen, region string, change ...func(*correction.Filing)) *correction.Case {
	o.t.Helper()
	if _, err := o.store.PersonByDocument(o.t.Context(), storage.Document{Kind: "resident_id", Number: c.number}); err != nil {
		o.world.signIn(o.browser(), c, o.request("main"))
	}
	f := correction.Filing{
		Filer: correction.Application("main"), Kind: correction.KindTakeover, Person: o.person(c).ID, Region: region, Statement: "有人冒用她的账号",
		Evidence: []correction.Evidence{{Source: correction.Application("main"), At: o.clock(), ACR: 2, Said: map[string]string{"name": "李哪", "text": "窗口记录"}}},
	}
	for _, how := range change {
		how(&f)
	}
	filed, err := o.queue.File(o.t.Context(), f)
	must(o.t, err)
	return filed
}

// open opens a case, with a reason.
func (o bureau) open(b *http.Client, c *correction.Case) string {
	o.t.Helper()
	at := o.post(b, o.cases("/", c.Number), "action", "look", "reason", "queue", "text", "受理")
	text := body(o.t, at)
	if at.StatusCode != http.StatusOK || !strings.Contains(text, `id="evidence"`) {
		o.t.Fatalf("%d at %s: %s", at.StatusCode, page(at), text)
	}
	return text
}

// looked are the looks that the audit log has of a case.
func (o bureau) looked(c *correction.Case) (list []audit.Entry) {
	o.t.Helper()
	must(o.t, audit.Each(o.t.Context(), o.store, func(r storage.AuditRecord) error {
		e, err := audit.Parse(r.Body)
		if e.Kind == "case.looked" && e.Detail["number"] == c.Number {
			list = append(list, e)
		}
		return err
	}))
	return list
}

func TestACaseOpensOnlyAfterARecordedReason(t *testing.T) {
	o := newBureau(t)
	c := o.complain(liNa, "51")
	b := o.staff(wang, []string{"51"}, correction.RoleOfficer)
	personal := []string{liNa.name, liNa.number, liNa.phone, "有人冒用", "李哪"}
	door := body(t, o.get(b, o.cases("/", c.Number)))
	list := body(t, o.get(b, o.cases()))
	for _, word := range personal {
		if strings.Contains(door, word) || strings.Contains(list, word) {
			t.Errorf("%s is shown to somebody who gave no reason", word)
		}
	}
	if !strings.Contains(list, c.Number) || !strings.Contains(door, `value="look"`) {
		t.Fatalf("%s", door)
	}
	for name, form := range map[string][]string{
		"none": {"action", "look"}, "another": {"action", "look", "reason", "curiosity"}, "something else, unsaid": {"action", "look", "reason", "other"},
		"an endless one": {"action", "look", "reason", "queue", "text", strings.Repeat("长", 81)},
	} {
		if at := o.post(b, o.cases("/", c.Number), form...); at.StatusCode != http.StatusUnprocessableEntity || strings.Contains(body(t, at), liNa.name) {
			t.Errorf("a reason that is %s: %d", name, at.StatusCode)
		}
	}
	if got := o.looked(c); len(got) != 0 {
		t.Fatalf("%v", got)
	}
	text := o.open(b, c)
	for _, word := range []string{liNa.name, liNa.number, "有人冒用", "李哪", "浙里办事"} {
		if !strings.Contains(spelled(text), word) {
			t.Errorf("the open case does not say %s", word)
		}
	}
	got := o.looked(c)
	if len(got) != 1 || got[0].Actor != "officer:"+o.person(*wang).ID || got[0].Detail["reason"] != "queue" || got[0].Detail["case"] != c.ID {
		t.Fatalf("%+v", got)
	}
	for _, v := range got[0].Detail {
		if strings.Contains(v, "受理") {
			t.Error("what was written is in the log in clear")
		}
	}
	if at := o.get(b, o.cases("/", c.Number)); !strings.Contains(body(t, at), `id="evidence"`) {
		t.Errorf("it is not open: %d", at.StatusCode)
	}
	// Another case is not open by that, nor this one to another officer, who takes the cookie along, nor after half an hour.
	other := o.complain(aynur, "51")
	if text := body(t, o.get(b, o.cases("/", other.Number))); strings.Contains(text, aynur.name) {
		t.Error("another case is open")
	}
	second := o.staff(zhao, []string{"51"}, correction.RoleOfficer)
	at := o.get(b, o.cases())
	for _, cookie := range b.Jar.Cookies(at.Request.URL) {
		if strings.HasPrefix(cookie.Name, "looks-") {
			second.Jar.SetCookies(at.Request.URL, []*http.Cookie{cookie})
		}
	}
	if text := body(t, o.get(second, o.cases("/", c.Number))); strings.Contains(text, liNa.name) {
		t.Error("a stolen cookie opens it")
	}
	o.pass(30 * time.Minute)
	if text := body(t, o.get(b, o.cases("/", c.Number))); strings.Contains(text, liNa.name) {
		t.Error("it is open for ever")
	}
}

// spelled is a page without the code points between the characters of a name.
func spelled(text string) string { return codePoints.ReplaceAllString(text, "") }

func TestAnOfficerOutOfRegionSeesNoCase(t *testing.T) {
	o := newBureau(t)
	c := o.complain(liNa, "51")
	b := o.staff(zhao, []string{"33", "44"}, correction.RoleOfficer)
	for _, path := range []string{"/" + c.Number, "/" + c.ID, "/" + strings.ToLower(c.Number)} {
		if at := o.get(b, o.cases(path)); at.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, at.StatusCode)
		}
	}
	for _, query := range []string{"", "?region=51", "?region=33&region=51", "?state=triaged", "?number=" + c.Number, "?region="} {
		if text := body(t, o.get(b, o.cases(query))); strings.Contains(text, c.Number+"</code>") || strings.Contains(text, `<dd id="open">1<`) {
			t.Errorf("%q lists it", query)
		}
	}
	if at := o.post(b, o.cases("/", c.Number), "action", "look", "reason", "queue"); at.StatusCode != http.StatusNotFound {
		t.Errorf("%d", at.StatusCode)
	}
	if got := o.looked(c); len(got) != 0 {
		t.Errorf("%v", got)
	}
	// Who has the role and no region sees nothing at all.
	none := o.staff(sun, nil, correction.RoleOfficer)
	if text := body(t, o.get(none, o.cases())); strings.Contains(text, c.Number) {
		t.Error("without a region everything is seen")
	}
	everywhere := o.staff(zhou, []string{"00"}, correction.RoleOfficer)
	if text := body(t, o.get(everywhere, o.cases())); !strings.Contains(text, c.Number) {
		t.Error("an officer for all regions does not see it")
	}
}

func TestTheRoleOfAnOperatorOpensNoCase(t *testing.T) {
	o := newBureau(t)
	c := o.complain(liNa, "51")
	b, d := o.withPasskey(*wang)
	must(t, o.store.PutStaff(t.Context(), storage.StaffMember{PersonID: o.person(*wang).ID, Roles: []string{"operator"}, CreatedAt: o.clock()}))
	at := o.get(b, o.cases())
	if strings.Contains(page(at), "/signin/") {
		at = o.post(b, page(at), "action", "passkey", "answer", d.assert(body(t, at)))
	}
	if at.StatusCode != http.StatusNotFound {
		t.Errorf("the queue: %d", at.StatusCode)
	}
	if at := o.get(b, o.cases("/", c.Number)); at.StatusCode != http.StatusNotFound {
		t.Errorf("the case: %d", at.StatusCode)
	}
	if at := o.post(b, o.cases("/", c.Number), "action", "look", "reason", "queue"); at.StatusCode != http.StatusNotFound {
		t.Errorf("a look: %d", at.StatusCode)
	}
}

func TestTheQueueIsFilteredAndPagedByWhoseItIs(t *testing.T) {
	o := newBureau(t)
	b := o.staff(wang, []string{"51", "33"}, correction.RoleOfficer)
	var numbers []string
	for n := range 60 {
		kind := correction.KindConflict
		if n%2 == 0 {
			kind = correction.KindTakeover
		}
		c := o.complain(liNa, []string{"51", "33"}[n%2], func(f *correction.Filing) {
			f.Kind, f.Person, f.Statement = kind, "", fmt.Sprint("第 ", n, " 件")
		})
		numbers = append(numbers, c.Number)
	}
	listed := func(query string) (found []string, text string) {
		text = body(t, o.get(b, o.cases(query)))
		for _, number := range numbers {
			if strings.Contains(text, `<code>`+number+`</code>`) {
				found = append(found, number)
			}
		}
		return found, text
	}
	first, text := listed("")
	next := nextPage.FindStringSubmatch(text)
	if len(first) != 50 || next == nil {
		t.Fatalf("%d on the first page", len(first))
	}
	second, _ := listed(strings.TrimPrefix(strings.ReplaceAll(next[1], "&amp;", "&"), "/console/cases"))
	seen := map[string]bool{}
	for _, number := range append(first, second...) {
		seen[number] = true
	}
	if len(second) != 10 || len(seen) != 60 {
		t.Errorf("%d on the second page, %d of all", len(second), len(seen))
	}
	for query, want := range map[string]int{
		"?kind=conflict": 30, "?region=33": 30, "?region=33&kind=takeover": 0, "?mine=1": 0, "?overdue=1": 0, "?state=closed": 0, "?state=triaged&kind=takeover": 30,
		"?kind=nonsense": 50, "?after=nonsense": 50,
	} {
		if got, _ := listed(query); len(got) != want {
			t.Errorf("%s: %d, want %d", query, len(got), want)
		}
	}
	o.pass(25 * time.Hour)
	b = o.staff(zhao, []string{"51"}, correction.RoleOfficer)
	if got, text := listed("?overdue=1"); len(got) != 30 || !strings.Contains(text, `<dd id="overdue-count">30<`) {
		t.Errorf("%d are overdue", len(got))
	}
}

func TestScriptInACaseIsShownAsText(t *testing.T) {
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>`
	o := newBureau(t)
	c := o.complain(liNa, "51", func(f *correction.Filing) {
		f.Statement, f.For = evil, evil
		f.Kind, f.Attribute, f.Expected = correction.KindAttribute, correction.AttributeName, evil
		f.Evidence = []correction.Evidence{{Source: evil, At: o.clock(), Chain: []string{evil}, Said: map[string]string{"name": evil, "text": evil, evil: evil}}}
	})
	text := o.open(o.staff(wang, []string{"51"}, correction.RoleOfficer), c)
	if strings.Contains(text, "<script>alert") || strings.Contains(text, "<img") {
		t.Error("markup of a case is markup of the page")
	}
	if !strings.Contains(text, "&lt;script&gt;") {
		t.Error("it is not shown")
	}
}
