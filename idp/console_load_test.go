package idp_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"manyou/federation/correction"
)

func TestSupervisorsAndAuditorsSeeTheLoadOfTheirRegions(t *testing.T) {
	o := newBureau(t)
	o.complain(liNa, "51")
	o.complain(aynur, "33")
	ended := o.complain(*zhou, "51", func(f *correction.Filing) { f.Kind = correction.KindConflict })
	officer, chief, auditor := o.staff(wang, []string{"51"}, correction.RoleOfficer), o.staff(sun, []string{"51"}, correction.RoleSupervisor), o.staff(wu, nil, correction.RoleAuditor)
	o.open(officer, ended)
	o.done(officer, ended, "reject", "action", "reject", "text", "查无此事")
	if at := o.get(officer, o.cases("/load")); at.StatusCode != http.StatusNotFound {
		t.Errorf("an officer: %d", at.StatusCode)
	}
	for name, c := range map[string]struct {
		b       *http.Client
		open    int
		regions []string
		not     []string
	}{"a supervisor": {chief, 1, []string{"region=51"}, []string{"region=33"}}, "an auditor": {auditor, 2, []string{"region=51", "region=33"}, nil}} {
		text := body(t, o.get(c.b, o.cases("/load")))
		if !strings.Contains(text, fmt.Sprintf(`<dd id="open">%d<`, c.open)) || !strings.Contains(text, "结案 0，不予更正 1，撤回 0，有异议 0") || !strings.Contains(text, "<svg class=\"meter\"") {
			t.Errorf("%s: %s", name, text)
		}
		for _, want := range c.regions {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not see %s", name, want)
			}
		}
		for _, no := range c.not {
			if strings.Contains(text, no) {
				t.Errorf("%s sees %s", name, no)
			}
		}
	}
}

func TestAuditorsAloneReadTheLogPageByPage(t *testing.T) {
	o := newBureau(t)
	c := o.complain(liNa, "51")
	officer, chief, auditor := o.staff(wang, []string{"00"}, correction.RoleOfficer), o.staff(sun, []string{"00"}, correction.RoleSupervisor), o.staff(wu, nil, correction.RoleAuditor)
	o.open(officer, c)
	for _, b := range []*http.Client{officer, chief} {
		if at := o.get(b, o.url+"/console/audit"); at.StatusCode != http.StatusNotFound {
			t.Errorf("somebody else: %d", at.StatusCode)
		}
		if text := body(t, o.get(b, o.cases())); strings.Contains(text, "/console/audit") {
			t.Error("the navigation shows what it does not open")
		}
	}
	text := body(t, o.get(auditor, o.url+"/console/audit"))
	for _, want := range []string{"查看案件", c.Number, "工作人员 <code>" + o.person(*wang).ID, "从列表中受理", "受理", "manyou audit verify", "还没有签名"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log does not say %s", want)
		}
	}
	if strings.Contains(text, liNa.name) || strings.Contains(text, "sealed_") {
		t.Error("the log says more")
	}
	for n := range 60 {
		o.complain(liNa, "51", func(f *correction.Filing) { f.Person, f.Statement = "", fmt.Sprint(n) })
	}
	text = body(t, o.get(auditor, o.url+"/console/audit"))
	older := nextPage.FindStringSubmatch(text)
	if older == nil || strings.Contains(text, "查看案件") {
		t.Fatal("the newest do not come first, or there is no second page")
	}
	if text := body(t, o.get(auditor, o.url+strings.ReplaceAll(older[1], "&amp;", "&"))); !strings.Contains(text, "查看案件") {
		t.Error("the second page does not go on")
	}
}
