package gallery

import (
	"net/http"

	"manyou/idp/web"
)

const complaints = "/complaints"

// complaintSamples are the pages by which a citizen says that something is wrong.
func complaintSamples() (samples []Sample) {
	ok, refused := http.StatusOK, http.StatusUnprocessableEntity
	samples = []Sample{
		{"complaints", ok, &web.ComplaintsPage{NewURL: complaints + "/new", BackURL: account, Lines: []web.ComplaintLine{
			caseLine("name", "in_review"), caseLine("encoding", "proposed"), caseLine("link", "applied"), caseLine("lifecycle", "rejected"),
		}}},
		{"complaints_none", ok, &web.ComplaintsPage{NewURL: complaints + "/new", BackURL: account}},
		{"complaints_refused", ok, &web.ComplaintsPage{NewURL: complaints + "/new", Refused: true, Lines: []web.ComplaintLine{caseLine("takeover", "triaged")}}},
		{"complaint_choose", ok, &web.ComplaintChoosePage{BaseURL: complaints + "/new/", Choices: web.ComplaintChoices(), BackURL: complaints}},
		{"own_case_filed", ok, &web.OwnCasePage{
			ComplaintLine: caseLine("name", "triaged"), Notice: "filed", DueAt: day(12, 3), Expected: "阿依古麗·买买提", Statement: "身份证上是“麗”。",
			Steps: []web.OwnCaseStep{{What: "filed", At: day(11, 23)}}, AddURL: complaints, FilesLeft: 10, WithdrawURL: complaints, BackURL: complaints,
		}},
		{"own_case_review", refused, &web.OwnCasePage{
			ComplaintLine: caseLine("link", "in_review"), DueAt: day(11, 25), Statement: "在四川养老服务里看到了别人的缴费记录。\n那个人也叫王小明。", Joined: true,
			Said:  []web.OwnCaseSaid{{At: day(11, 24), Text: "补一张照片", File: "户口本首页.jpg", URL: complaints, KB: 812}},
			Steps: []web.OwnCaseStep{{What: "filed", At: day(11, 23)}, {What: "joined", At: day(11, 23)}, {What: "taken", At: day(11, 24)}, {What: "evidence", At: day(11, 24)}},
			Text:  "这是合同", AddURL: complaints, FilesLeft: 9, AddError: web.ErrFileActive, BackURL: complaints,
		}},
		{"own_case_frozen", ok, &web.OwnCasePage{
			ComplaintLine: caseLine("takeover", "triaged"), Notice: "filed", DueAt: day(11, 24), Held: "freeze", Refused: true,
			Steps: []web.OwnCaseStep{{What: "filed", At: day(11, 23)}, {What: "freeze", At: day(11, 23)}}, AddURL: complaints, BackURL: complaints,
		}},
		{"own_case_applied", ok, &web.OwnCasePage{
			ComplaintLine: caseLine("link", "applied"), Decision: "relink", Statement: "不是我", Steps: everyStep(), ObjectURL: complaints,
			ObjectUntil: day(12, 30), BackURL: complaints,
		}},
		{"own_case_moved", http.StatusConflict, &web.OwnCasePage{
			ComplaintLine: caseLine("name", "withdrawn"), AddError: web.ErrCaseMoved, Steps: everyStep()[:1], BackURL: complaints,
		}},
		{"own_case_rejected", refused, &web.OwnCasePage{
			ComplaintLine: caseLine("lifecycle", "rejected"), Reason: "登记信息与证件一致。", Steps: []web.OwnCaseStep{{What: "filed", At: day(11, 1)}, {What: "rejected", At: day(11, 9)}},
			ObjectURL: complaints, ObjectUntil: day(12, 30), ObjectError: web.ErrStatement, BackURL: complaints,
		}},
	}
	for _, why := range web.KeptWhys() {
		samples = append(samples, Sample{"kept_" + why, http.StatusForbidden, keptPage(why)})
	}
	for _, what := range append(web.ComplaintChoices(), web.ComplaintUnknown) {
		page := &web.ComplaintPage{Action: complaints + "/new/" + what, What: what, Once: "once", BackURL: complaints}
		switch what {
		case "phone":
			page.Options = []web.Option{{Value: "1", Label: phone}, {Value: "2", Label: "139****0001"}}
		case "link":
			page.Options = []web.Option{{Value: "1", Label: "四川省统一身份认证"}}
		case web.ComplaintUnknown:
			page.Options = []web.Option{{Value: "33", Label: "浙江省"}, {Value: "51", Label: "四川省"}}
		}
		samples = append(samples, Sample{"complaint_" + what, ok, page})
	}
	return append(samples, Sample{"complaint_too_many", http.StatusTooManyRequests, &web.ComplaintPage{
		Action: complaints, What: "other", Once: "once", Statement: "我写了很多。", Error: web.ErrTooManyCases, BackURL: complaints,
	}})
}

// keptPage is a form that was not taken: one with a file, or a citizen's long story.
func keptPage(why string) web.Page {
	const story = "在四川养老服务里看到了别人的缴费记录。\n那个人也叫王小明，出生日期和我不一样。"
	page := &web.KeptPage{
		Frame: web.Frame{By: "me"}, Why: why, SignInURL: account + "/confirm", Action: complaints + "/new/name", BackURL: complaints, Fields: []web.KeptField{
			{Name: "once", Value: "once"}, {Name: "statement", Value: story, Label: "statement", Long: true}, {Name: "value", Value: "阿依古麗·买买提", Label: "value"},
		},
	}
	if why == web.KeptPass {
		page.Upload, page.Chosen, page.Fields = true, true, []web.KeptField{{Name: "text", Value: story, Label: "text", Long: true}}
	}
	return page
}

func caseLine(kind, state string) web.ComplaintLine {
	return web.ComplaintLine{Number: "K7MX-2QF4", Kind: kind, State: state, URL: complaints + "/case/K7MX-2QF4", At: day(11, 23)}
}

func everyStep() (steps []web.OwnCaseStep) {
	for n, what := range web.OwnCaseSteps() {
		steps = append(steps, web.OwnCaseStep{What: what, At: day(11, 2+n)})
	}
	return steps
}
