package web

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"manyou/federation/audit"
	"manyou/federation/correction"
	"manyou/federation/identity"
)

var (
	named  = regexp.MustCompile(`\bt "([^"]+)"`)
	places = regexp.MustCompile(`\{[a-z]+\}`)
)

// whyActs are the steps of a case that need a text and nothing else.
var whyActs = []string{"step_up", "note", "escalate", "reject", "reopen"}

// usedKeys are the keys that templates name, and those they put together.
func usedKeys(t *testing.T) []string {
	t.Helper()
	keys := []string{"date"}
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		b, err := templateFiles.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllStringSubmatch(string(b), -1) {
			keys = append(keys, m[1])
		}
	}
	for _, p := range Problems() {
		keys = append(keys, "problem."+string(p)+".title", "problem."+string(p)+".what", "problem."+string(p)+".do")
	}
	for _, e := range Errors() {
		keys = append(keys, "error."+string(e))
	}
	for _, k := range identity.Kinds() {
		keys = append(keys, "kind."+string(k))
	}
	for _, s := range Scopes() {
		keys = append(keys, "scope."+s, "scope."+s+".why")
	}
	for _, m := range MethodKinds() {
		keys = append(keys, "method."+m)
		if m != "sms" && m != "qr" {
			keys = append(keys, "add."+m)
		}
		if m != "sms" {
			keys = append(keys, "use."+m)
		}
	}
	for _, m := range TypedMethods() {
		keys = append(keys, "typed."+m+".title", "typed."+m+".lead", "typed."+m+".label")
	}
	for _, s := range QRStates() {
		keys = append(keys, "qr."+s+".title", "qr."+s+".lead")
	}
	keys = append(keys, "qr.waiting.status", "qr.scanned.status", "not_me.done.title", "hotp_enrol.title", "hotp_enrol.lead", "totp_enrol.lead", "totp_enrol.title")
	for _, o := range ScanOutcomes() {
		keys = append(keys, "scan_end."+o+".title", "scan_end."+o+".lead")
	}
	for _, l := range LostWays() {
		keys = append(keys, "lost."+l+".title", "lost."+l+".lead")
	}
	for _, n := range Notices() {
		keys = append(keys, "notice."+n)
	}
	for _, n := range ConsoleNotices() {
		keys = append(keys, "console_notice."+n)
	}
	for _, s := range ConsoleStates() {
		keys = append(keys, "console_state."+s)
	}
	for _, c := range ConsoleChecks() {
		keys = append(keys, "check."+c)
	}
	for prefix, words := range map[string][]string{
		"console_nav": ConsoleParts(), "span": {"minutes", "hours", "days"}, "case_priority": {"0", "1", "2", "3"}, "case_assignee": CaseAssignees(),
		"case_reason": correction.Reasons(), "case_outcome": CaseOutcomes(), "case_problem": CaseProblems(), "case_door_error": CaseDoorErrors(),
		"look_reason": RecordedLooks(), "audit_kind": audit.Kinds(), "audit_field": audit.Fields(), "audit_by": AuditWays(),
		"staff_role":        append(correction.Roles(), "operator"),
		"application_state": {"draft", "submitted", "approved", "published", "suspended", "retired"}, "case_done": CaseNotices(), "who": WhoKinds(), "said": SaidKeys(), "person_state": PersonStates(),
		"propose": ProposalForms(), "propose_lead": {"thaw", "deactivate", "reinstate"}, "acts": whyActs, "acts_text": whyActs, "acts_do": whyActs,
		"kept_text": KeptTexts(), "hold": HoldKinds(), "signal": SignalWhats(), "case_event": CaseEvents(), "case_state": {"filed", "approved"},
	} {
		for _, word := range words {
			keys = append(keys, prefix+"."+word)
		}
	}
	for _, k := range correction.Kinds() {
		keys = append(keys, "case_kind."+string(k))
	}
	for _, s := range correction.States() {
		keys = append(keys, "case_state."+string(s))
	}
	for _, d := range correction.Decisions() {
		keys = append(keys, "decision."+string(d))
	}
	for _, n := range CharacterNotes() {
		keys = append(keys, "character."+string(n))
	}
	for _, n := range TextNotices() {
		keys = append(keys, "notice."+n)
	}
	for _, h := range HistoryKinds() {
		keys = append(keys, "history."+h)
	}
	for _, why := range KeptWhys() {
		page := KeptPage{Why: why}
		keys = append(keys, page.title(), "kept."+why+".lead", "kept."+why+".first", "kept."+why+".go")
	}
	keys = append(keys, complaintKeys()...)
	keys = append(keys, "area.suggested")
	for _, a := range areas {
		keys = append(keys, "area."+a.key)
	}
	for m := 1; m <= 12; m++ {
		keys = append(keys, "month."+strconv.Itoa(m))
	}
	for _, p := range []Page{
		&PhonePage{}, &CodePage{}, &IdentifyPage{}, &ChoosePage{}, &PasskeyPage{}, &ScanPage{}, &DevicePage{}, &ShowCodePage{}, &LostPage{}, &NotMePage{}, &SomebodyElsePage{}, &HistoryPage{},
		&PasskeyEnrolPage{}, &RecoveryOfferPage{}, &RecoveryPage{}, &ProvincePage{}, &ConsentPage{}, &SignOutPage{},
		&RelativePage{}, &RelativePage{Sent: true}, &RelativeEnrolPage{}, &RelativeEnrolPage{Enrolment: "sealed"}, &SignedOutPage{}, &ConsolePage{}, &ConsoleProvincePage{}, &ConsoleKeyPage{}, &ConfirmedPage{}, &CasesPage{}, &LoadPage{}, &AuditPage{}, &CaseDoorPage{}, &CasePage{}, &AccountPage{}, &HomePage{}, &FormPostPage{},
		&ComplaintsPage{}, &ComplaintChoosePage{}, &OwnCasePage{},
	} {
		keys = append(keys, p.title())
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func complaintKeys() (keys []string) {
	for prefix, words := range map[string][]string{
		"complaint_kind.": ComplaintKinds(), "own_case_state.": ComplaintStates(), "own_case_notice.": OwnCaseNotices(), "own_case_decision.": OwnCaseDecisions(),
		"own_case_hold.": OwnCaseHolds(), "own_case_step.": OwnCaseSteps(),
	} {
		for _, w := range words {
			keys = append(keys, prefix+w)
		}
	}
	for _, s := range ComplaintStates() {
		keys = append(keys, "own_case_state."+s+".next")
	}
	for _, c := range append(ComplaintChoices(), ComplaintUnknown) {
		page := ComplaintPage{What: c}
		keys = append(keys, page.title(), "complaint_choice."+c+".lead", "complaint_choice."+c+".say")
		if c != ComplaintUnknown {
			keys = append(keys, "complaint_choice."+c+".hint")
		}
		if page.Needs("option") {
			keys = append(keys, "complaint_choice."+c+".option")
		}
	}
	return keys
}

func TestCataloguesHoldExactlyTheKeysThatPagesUse(t *testing.T) {
	used := usedKeys(t)
	for _, code := range []string{"zh", "en"} {
		c, err := readCatalogue(code)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range used {
			if strings.TrimSpace(c[k]) == "" {
				t.Errorf("%s: no message %q", code, k)
			}
		}
		for k := range c {
			if !slices.Contains(used, k) {
				t.Errorf("%s: message %q is used nowhere", code, k)
			}
		}
	}
}

func TestBothLanguagesSayTheSameThings(t *testing.T) {
	zh, err := readCatalogue("zh")
	if err != nil {
		t.Fatal(err)
	}
	en, err := readCatalogue("en")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(slices.Sorted(maps.Keys(zh)), slices.Sorted(maps.Keys(en))) {
		t.Error("the catalogues have different keys")
	}
	for k := range zh {
		a, b := places.FindAllString(zh[k], -1), places.FindAllString(en[k], -1)
		slices.Sort(a)
		slices.Sort(b)
		if !slices.Equal(a, b) {
			t.Errorf("%s: places %q and %q", k, a, b)
		}
		if strings.ContainsAny(zh[k], "<>") || strings.ContainsAny(en[k], "<>") {
			t.Errorf("%s: markup belongs in templates", k)
		}
	}
}

func TestAMessageIsFilledInOnceAndNeverWithAHole(t *testing.T) {
	c := catalogue{"k": "{a} and {b}"}
	if got, err := c.text("k", "a", "{b}", "b", "2"); err != nil || got != "{b} and 2" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := c.text("unknown"); err == nil {
		t.Error("an unknown key is no error")
	}
	if _, err := c.text("k", "a"); err == nil {
		t.Error("a place without a value is no error")
	}
}
