package web_test

import (
	"strings"
	"testing"

	"manyou/federation/audit"
	"manyou/idp/web"
)

func TestEveryKindOfRecordIsCalledByANameAndItsFieldsToo(t *testing.T) {
	w := newWeb(t, false)
	for _, language := range []string{"zh", "en"} {
		for _, kind := range audit.Kinds() {
			row := web.AuditRow{Kind: kind, Actor: "command:operator"}
			for _, f := range audit.Fields() {
				row.Detail = append(row.Detail, web.AuditDetail{Name: f + "_0", Value: "x"})
			}
			_, text := render(t, w, request(language, "0"), &web.AuditPage{Records: []web.AuditRow{row}})
			if strings.Contains(text, ">"+kind+"<") {
				t.Errorf("%s: %s has no name", language, kind)
			}
			for _, f := range audit.Fields() {
				if strings.Contains(text, "<small>"+f+"</small>") || strings.Contains(text, f+"_0") {
					t.Errorf("%s: the field %s has no name", language, f)
				}
			}
		}
	}
}

func TestARecordOfAnotherVersionIsShownAsItIsWritten(t *testing.T) {
	w := newWeb(t, false)
	_, text := render(t, w, request("zh", "0"), &web.AuditPage{Records: []web.AuditRow{{
		Kind: "case.forgotten", Actor: "robot:7", Detail: []web.AuditDetail{{Name: "colour_of", Value: "deep blue"}, {Name: "state", Value: "elsewhere"}},
	}}})
	for _, want := range []string{"<code>case.forgotten</code>", "robot", "<code>7</code>", "<small>colour_of</small>", "<code>deep</code> <code>blue</code>", "elsewhere"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not shown", want)
		}
	}
}
