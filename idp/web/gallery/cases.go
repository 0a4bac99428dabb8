package gallery

import (
	"cmp"
	"net/url"
	"strings"
	"time"

	"manyou/federation/audit"
	"manyou/federation/correction"
	"manyou/idp/web"
)

const desk = "/console/cases"

func nav(here string) web.Frame {
	var f web.Frame
	for _, name := range web.ConsoleParts() {
		f.Nav = append(f.Nav, web.NavItem{Name: name, URL: "/console/" + name, Here: name == here})
	}
	return f
}

func caseHead(number, kind, state, reason, region, place string, priority int, age time.Duration, assignee string) web.CaseHead {
	filed := day(11, 23).Add(-age)
	return web.CaseHead{
		Number: number, URL: desk + "/" + number, Kind: kind, State: state, Reason: reason, Region: region, Place: place, Priority: priority, FiledAt: filed,
		DueAt: filed.Add(72 * time.Hour), Age: age, Overdue: age > 72*time.Hour, Assignee: assignee,
	}
}

func queueRows() []web.CaseHead {
	rows := []web.CaseHead{
		caseHead("K7MX-2QF4", "takeover", "triaged", "people", "51", "四川", 3, 26*time.Hour, "nobody"),
		caseHead("3DWP-9KHT", "wrong_link", "in_review", "people", "51", "四川", 2, 100*time.Hour, "me"),
		caseHead("Q4RV-7CGN", "collision", "appealed", "people", "33", "浙江", 2, 90*time.Hour, "somebody"),
		caseHead("8XYB-5JMZ", "wrong_attribute", "proposed", "variant", "33", "浙江", 1, 5*time.Hour, "nobody"),
		caseHead("W3FK-7QRD", "encoding", "proposed", "variant", "65", "新疆维吾尔自治区", 0, 4*time.Hour, "nobody"),
		caseHead("2NTK-6PWD", "wrong_attribute", "proposed", "phone_twice", "65", "新疆维吾尔自治区", 1, 3*time.Hour, "nobody"),
		caseHead("H9QC-3VRX", "duplicate", "triaged", "people", "15", "内蒙古自治区", 1, 40*time.Minute, "nobody"),
		caseHead("M5GJ-8ZTB", "lifecycle", "applied", "", "51", "四川", 1, 50*time.Hour, "somebody"),
	}
	for n := range rows {
		rows[n].Tick = rows[n].State == "proposed"
	}
	return rows
}

func casesPage(change func(*web.CasesPage)) web.Page {
	p := &web.CasesPage{
		Frame: nav("cases"), Action: desk, Regions: provinces(34), Open: 1284, Overdue: 37, Oldest: 17 * 24 * time.Hour, Rows: queueRows(), Bulk: true,
		NextURL: desk + "?after=1",
	}
	for n, kind := range correction.Kinds() {
		c := web.CaseCounts{Kind: string(kind), URL: desk + "?kind=" + string(kind), Open: int64(40 + 61*n), Oldest: time.Duration(n+1) * 30 * time.Hour}
		if n%2 == 0 {
			c.Overdue = int64(n + 3)
		}
		for m, state := range []string{"triaged", "in_review", "proposed", "applied"}[:2+n%3] {
			c.States = append(c.States, web.CaseCount{State: state, URL: desk, N: int64(11 + 7*m)})
		}
		p.Counts = append(p.Counts, c)
	}
	if change != nil {
		change(p)
	}
	return p
}

func casesEmpty() web.Page {
	return casesPage(func(p *web.CasesPage) {
		p.Rows, p.Counts, p.Bulk, p.NextURL, p.Open, p.Overdue, p.Oldest = nil, nil, false, "", 0, 0, 0
		p.Filter = web.CaseFilter{Kind: "takeover", Mine: true}
	})
}

func casesApproved() web.Page {
	return casesPage(func(p *web.CasesPage) {
		for n, what := range []string{"applied", "conflict", "touched"} {
			p.Outcomes = append(p.Outcomes, web.CaseOutcome{Number: queueRows()[n].Number, URL: desk, What: what})
		}
	})
}

func caseDoor(problem string) web.Page {
	return &web.CaseDoorPage{Frame: nav("cases"), Action: desk + "/K7MX-2QF4", BackURL: desk, Case: queueRows()[0], Error: problem}
}

var (
	officer = web.Who{Kind: "officer", Name: "王建国"}
	second  = web.Who{Kind: "officer", Name: "赵丽华"}
	me      = web.Who{Kind: "you"}
	sichuan = web.CaseLink{
		Name: "浙江省统一身份认证", Issuer: "https://id.zj.example", Subject: "pQ3vN8xK2mR7tY5wB1cD4fG6hJ9kL0zA", Since: day(3, 1),
		Value: "https://id.zj.example pQ3vN8xK2mR7tY5wB1cD4fG6hJ9kL0zA",
	}
)

func said(key, value, stored string) web.CaseSaid {
	kind := ""
	if key == "document" {
		kind = "resident_id"
	}
	compared := correction.CompareValues(value, stored, key == "name")
	return web.CaseSaid{
		Key: key, Kind: kind, Known: true, Value: compared.A, Codes: key == "name", Same: value == stored, Mapped: compared.Comparison == "equal_after_mapping",
		Differs: value != stored && compared.Comparison == "different",
	}
}

func casePage(change func(*web.CasePage)) web.Page {
	at := func(minutes int) time.Time { return day(11, 23).Add(time.Duration(minutes) * time.Minute) }
	const name, document = "刘\ue863", "510000198503120027"
	p := &web.CasePage{
		Frame: nav("cases"), Action: desk + "/3DWP-9KHT", BackURL: desk, Head: queueRows()[1], Version: 7, Until: at(30),
		Complaint: web.CaseComplaint{
			Filer: web.Who{Kind: "application", Name: "四川养老服务"}, For: "经办窗口 12", Attribute: "name", Expected: "刘䶮", Link: &sichuan,
			Statement: "窗口核对身份证时发现，系统里的姓名最后一个字显示为方框，出生日期也与证件不一致。\n请核对是否关联到了另一个人。",
		},
		People: []web.CasePerson{
			{ID: "a", Name: name, Region: "四川", Status: "active", First: true, Documents: []web.CaseDocument{{Kind: "resident_id", Number: "510000198503120027"}},
				Links: []web.CaseLink{sichuan}, Credentials: []web.CaseCredential{{ID: "1", Method: "sms", Label: "+8613900000001", Since: day(3, 1)}, {ID: "2", Method: "passkey", Label: "我的手机", Since: day(4, 9)}}},
			{ID: "b", Name: "阿依古丽·买买提", Region: "新疆维吾尔自治区", Status: "frozen", Other: true, Documents: []web.CaseDocument{{Kind: "resident_id", Number: "650000199003070011"}}},
		},
		Sources: []web.CaseSource{
			{Who: web.Who{Kind: "here"}, At: at(0), Said: []web.CaseSaid{said("name", name, name), said("document", document, document), said("birth_date", "1985-03-12", "1985-03-12"), said("region", "51", "51")}},
			{Who: web.Who{Kind: "register"}, At: at(0), Said: []web.CaseSaid{said("name", "刘䶮", name), said("document", document, document)}},
			{Who: web.Who{Kind: "issuer", Name: "浙江省统一身份认证"}, At: at(4), ACR: 2, Chain: []string{"https://id.zj.example", "https://id.example"}, Said: []web.CaseSaid{said("name", "刘龑", name), said("birth_date", "1958-03-12", "1985-03-12"), said("phone", "+8613900000001", "+8613900000001")}},
			{Who: web.Who{Kind: "application", Name: "四川养老服务"}, At: at(5), ACR: 3, Chain: []string{"https://yl.sc.example", "https://id.sc.example", "https://id.example"}, Said: []web.CaseSaid{said("name", "\U00020C9B\u9f98·买买提", name), {Key: "text", Known: true, Text: "窗口留存的复印件与系统记录的出生日期不同。"}, {Key: "ledger", Value: correction.CompareValues("B-1029", "B-1029", false).A}}},
		},
		Files: []web.CaseFile{{Name: "身份证复印件.pdf", Kind: "PDF", Size: 381020, Who: second, At: at(9), URL: desk + "/3DWP-9KHT/files/1"}},
		Holds: []web.CaseHold{
			{ID: "h1", Kind: "freeze", Person: name, Link: &sichuan, Number: "3DWP-9KHT", Here: true, By: officer, At: at(12), Until: at(72), Confirm: true, Lift: true},
			{ID: "h2", Kind: "watch", Person: name, Number: "3DWP-9KHT", Here: true, By: web.Who{Kind: "system"}, At: at(0), LiftedAt: at(12), LiftedBy: officer},
		},
		Others: []web.CaseHead{queueRows()[3]}, Duplicates: []web.CaseHead{queueRows()[6]},
		Acts: web.CaseActs{
			Take: false, Reject: true, Note: true, Escalate: true, Evidence: true, Assign: true, Freeze: true, StepUp: true, Likely: 2,
			Propose:  append([]string{"relink", "unlink"}, "name", "phone", "merge", "split", "freeze", "thaw", "deactivate"),
			Officers: []web.CaseOfficer{{ID: "1", Name: "王建国"}, {ID: "2", Name: "赵丽华"}},
		},
		Events: []web.CaseEvent{
			{At: at(0), What: "filed", Who: web.Who{Kind: "application", Name: "四川养老服务"}},
			{At: at(0), What: "triaged", Who: web.Who{Kind: "system"}, Reason: "people"},
			{At: at(4), What: "evidence", Who: web.Who{Kind: "issuer", Name: "浙江省统一身份认证"}, Keys: []string{"姓名", "出生日期", "手机号"}},
			{At: at(10), What: "taken", Who: me},
			{At: at(12), What: "held", Who: officer, Hold: "freeze", Until: at(72), Text: "两条记录的出生日期不同，先冻结关联。"},
			{At: at(14), What: "noted", Who: second, Text: "已请杭州窗口核对原件。"},
		},
	}
	if change != nil {
		change(p)
	}
	return p
}

func proposal() *web.CaseProposal {
	at := day(11, 23).Add(20 * time.Minute)
	name := correction.CompareValues("刘\ue863", "刘䶮", true)
	return &web.CaseProposal{
		ID: "p", Decision: "correct", By: officer, At: at, Needed: 1, Person: "刘\ue863", Name: &name, Why: "登记库与证件原件一致，旧系统使用私用区编码。",
	}
}

// encodingPage is a case about one name in two encodings: the person, and what is proposed, with the form that is kept.
func encodingPage() web.Page {
	return casePage(func(p *web.CasePage) {
		const stored, official = "刘\ue863", "刘䶮"
		kept := web.CaseReceived{Form: correction.CompareValues(stored, official, true).A, Mapping: "GB 18030-2022", Who: web.Who{Kind: "here"}}
		received := web.CaseReceived{
			Form: correction.CompareValues("刘 "+stored[len("刘"):], stored, true).A, Mapping: "GB 18030-2022", Who: p.Sources[2].Who,
		}
		at := p.Sources[0].At
		p.Head, p.Proposal, p.Holds, p.Others, p.Duplicates, p.Files = queueRows()[4], proposal(), nil, nil, nil, nil
		p.Proposal.By, p.Proposal.Why, p.Proposal.Received = web.Who{Kind: "system"}, "", &kept
		p.People = p.People[:1]
		p.People[0].Received = &received
		p.Complaint = web.CaseComplaint{Filer: web.Who{Kind: "system"}, Attribute: "name"}
		mapping := web.CaseSaid{Key: "mapping", Known: true, Value: correction.CompareValues("GB 18030-2022", "GB 18030-2022", false).A}
		form := said("name_received", "刘 \ue863", stored)
		form.Codes, form.Same, form.Mapped, form.Differs = true, true, false, false
		p.Sources = []web.CaseSource{
			{Who: web.Who{Kind: "here"}, At: at, Said: []web.CaseSaid{said("name", stored, stored), form, mapping}},
			{Who: p.Sources[2].Who, At: at, ACR: 2, Chain: p.Sources[2].Chain, Said: []web.CaseSaid{said("name", official, stored), mapping}},
			{Who: web.Who{Kind: "register"}, At: at, Said: []web.CaseSaid{said("name", official, stored), mapping}},
		}
		p.Acts = web.CaseActs{Approve: true, Return: true, Note: true, Evidence: true}
		p.Events = []web.CaseEvent{
			{At: at, What: "filed", Who: web.Who{Kind: "system"}},
			{At: at, What: "triaged", Who: web.Who{Kind: "system"}, Reason: "variant"},
			{At: at, What: "proposed", Who: web.Who{Kind: "system"}, Decision: "correct"},
		}
	})
}

func casePages() []Sample {
	return []Sample{
		{"cases", 200, casesPage(nil)},
		{"cases_empty", 200, casesEmpty()},
		{"cases_approved", 200, casesApproved()},
		{"cases_unknown", 404, casesPage(func(p *web.CasesPage) { p.Unknown = "AAAA-BBBB" })},
		{"case_door", 200, caseDoor("")},
		{"case_door_wrong", 422, caseDoor("reason")},
		{"case_review", 200, casePage(nil)},
		{"case_proposed", 200, casePage(func(p *web.CasePage) {
			p.Head.State, p.Proposal, p.Notice = "proposed", proposal(), "note"
			p.Acts = web.CaseActs{Approve: true, Return: true, Note: true, Evidence: true, Freeze: true, StepUp: true}
		})},
		{"case_encoding", 200, encodingPage()},
		{"case_conflict", 409, casePage(func(p *web.CasePage) {
			p.Problem = "conflict"
			p.Typed = url.Values{"action": {"propose"}, "decision": {"relink"}, "text": {"两处证件照片一致。"}, "other_number": {"510000198503120027"}, "link": {sichuan.Value}}
		})},
		{"case_fresh", 403, casePage(func(p *web.CasePage) { p.Problem, p.ConfirmURL = "fresh", "/console/confirm" })},
		{"case_applied", 200, casePage(func(p *web.CasePage) {
			at := day(11, 23).Add(25 * time.Minute)
			done := proposal()
			done.Approvals, done.AppliedAt = []web.CaseApproval{{By: second, At: at}}, at
			p.Head.State, p.Decided, p.Holds = "applied", []web.CaseProposal{*done}, p.Holds[1:]
			p.Deliveries = []web.CaseDelivery{
				{Name: "四川省统一身份认证", ID: "https://id.sc.example", Region: true, What: "relinked", AckedAt: at.Add(2 * time.Second)},
				{Name: "浙江省统一身份认证", ID: "https://id.zj.example", Region: true, What: "relinked", AckedAt: at.Add(3 * time.Second)},
				{Name: "新疆维吾尔自治区统一身份认证", ID: "https://id.xj.example", Region: true, What: "relinked"},
				{Name: "四川养老服务", ID: "sc-yl", What: "corrected", AckedAt: at.Add(time.Second)},
				{Name: "四川养老服务", ID: "sc-yl", What: "recoded", AckedAt: at.Add(time.Second)},
			}
			p.Acts = web.CaseActs{Barred: "role"}
		})},
		{"case_lost", 200, casePage(func(p *web.CasePage) { // a province was away for a month
			at := day(10, 20).Add(25 * time.Minute)
			p.Head.State, p.Holds = "closed", p.Holds[1:]
			p.Deliveries = []web.CaseDelivery{
				{Name: "四川省统一身份认证", ID: "https://id.sc.example", Region: true, What: "relinked", AckedAt: at.Add(2 * time.Second)},
				{Name: "新疆维吾尔自治区统一身份认证", ID: "https://id.xj.example", Region: true, What: "relinked", LostAt: at.Add(30 * 24 * time.Hour)},
				{Name: "四川养老服务", ID: "sc-yl", What: "corrected", AckedAt: at.Add(time.Second)},
			}
			p.Acts = web.CaseActs{Barred: "role"}
		})},
		{"case_merged", 200, casePage(func(p *web.CasePage) { // its person was found to be another one since
			was := web.CasePerson{ID: "0", Name: p.People[0].Name, Region: p.People[0].Region, Status: "merged"}
			p.People = []web.CasePerson{was, p.People[0]}
		})},
		{"load", 200, loadPage()},
		{"load_empty", 200, &web.LoadPage{Frame: nav("load"), At: day(11, 23), QueueURL: desk}},
		{"audit_log", 200, auditPage()},
		{"audit_log_empty", 200, &web.AuditPage{Frame: nav("audit"), Unreadable: true}},
		{"confirmed", 200, &web.ConfirmedPage{Frame: nav(""), BackURL: desk}},
	}
}

func loadPage() web.Page {
	p := &web.LoadPage{Frame: nav("load"), At: day(11, 23), QueueURL: desk, Total: web.LoadRow{Open: 1284, Overdue: 37, Oldest: 17 * 24 * time.Hour, Closed: 9120, Rejected: 1402, Withdrawn: 371, Appealed: 44}}
	for n, kind := range correction.Kinds() {
		p.Kinds = append(p.Kinds, web.LoadRow{
			Name: string(kind), URL: desk + "?kind=" + string(kind), Open: int64(40 + 61*n), Overdue: int64(n * n % 11 * 4), Oldest: time.Duration(n+1) * 30 * time.Hour,
			Closed: int64(900 + 130*n), Rejected: int64(210 - 13*n), Withdrawn: int64(30 + n), Appealed: int64(n), Longest: 406, Most: 1900,
		})
	}
	for n, r := range provinces(14) {
		p.Regions = append(p.Regions, web.LoadRow{
			Name: r.Name[:len(r.Name)-len("统一身份认证")], Code: r.Region, URL: desk + "?region=" + r.Region, Open: int64(310 - 21*n), Overdue: int64(n * 7 % 13),
			Oldest: time.Duration(n+2) * 20 * time.Hour, Closed: int64(640 - 31*n), Rejected: 20, Longest: 310, Most: 700,
		})
	}
	return p
}

func auditPage() web.Page {
	p := &web.AuditPage{Frame: nav("audit"), Size: 48213, Covered: 48211, CoveredAt: day(11, 23), OlderURL: "/console/audit?before=48205"}
	actor := map[string]string{"case": "officer:MFRGGZDFMZTWQ2LKNNWG23TP", "province": "person:MFRGGZDFMZTWQ2LKNNWG23TP"}
	for n, kind := range append(audit.Kinds(), "case.of_another_version") {
		area, _, _ := strings.Cut(kind, ".")
		row := web.AuditRow{Seq: int64(48212 - n), At: day(11, 23), Kind: kind, Actor: cmp.Or(actor[area], "command:operator"), Covered: n > 1}
		switch {
		case kind == audit.KindLooked:
			row.Number, row.URL, row.Text, row.Detail = "3DWP-9KHT", desk+"/3DWP-9KHT", "窗口来电询问进度", []web.AuditDetail{{Name: "reason", Value: "question"}}
		case area == "case":
			row.Number, row.URL, row.Detail = "3DWP-9KHT", desk+"/3DWP-9KHT", []web.AuditDetail{
				{Name: "kind", Value: "wrong_link"}, {Name: "placed_0", Value: "freeze MZXW6YTBOINVUXILNVXHG2LR"}, {Name: "state", Value: "in_review"},
			}
		case area == "staff":
			row.Detail = []web.AuditDetail{
				{Name: "person", Value: "MFRGGZDFMZTWQ2LKNNWG23TP"}, {Name: "regions", Value: "51 四川省, 33 浙江省", Plain: true}, {Name: "roles", Value: "officer supervisor"},
			}
		case area == "province":
			row.Detail = []web.AuditDetail{{Name: "by", Value: "console"}, {Name: "issuer", Value: "https://id.zj.example"}, {Name: "region", Value: "33 浙江省", Plain: true}}
		case area == "application":
			row.Detail = []web.AuditDetail{{Name: "client_id", Value: "sc-elderly-care"}, {Name: "status", Value: "published"}}
		default:
			row.Detail = []web.AuditDetail{{Name: "entity", Value: "https://app.example"}, {Name: "colour", Value: "blue"}}
		}
		p.Records = append(p.Records, row)
	}
	return p
}
