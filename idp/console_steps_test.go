package idp_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"manyou/federation/correction"
	"manyou/storage"
)

var (
	versionField  = regexp.MustCompile(`data-version="(\d+)"`)
	proposalField = regexp.MustCompile(`name="proposal" value="([^"]+)"`)
	holdField     = regexp.MustCompile(`name="hold" value="([^"]+)">\s*<button class="primary small" name="action" value="confirm"`)
)

// do sends a form of a case as its page stands.
func (o bureau) do(b *http.Client, c *correction.Case, form ...string) *http.Response {
	o.t.Helper()
	text := body(o.t, o.get(b, o.cases("/", c.Number)))
	m := versionField.FindStringSubmatch(text)
	if m == nil {
		o.t.Fatalf("the case is not open: %s", text)
	}
	form = append(form, "version", m[1])
	if p := proposalField.FindStringSubmatch(text); p != nil {
		form = append(form, "proposal", p[1])
	}
	return o.post(b, o.cases("/", c.Number), form...)
}

// done sends a form and demands that it was taken.
func (o bureau) done(b *http.Client, c *correction.Case, what string, form ...string) {
	o.t.Helper()
	if at := o.do(b, c, form...); page(at) != o.cases("/", c.Number, "?done=", what) {
		o.t.Fatalf("%v: %d at %s: %s", form, at.StatusCode, page(at), said(body(o.t, at)))
	}
}

// said is what a page says is the matter.
func said(text string) string {
	_, after, _ := strings.Cut(text, `id="problem"`)
	before, _, _ := strings.Cut(after, "</span>")
	return before
}

// refused sends a form and demands that it is not taken, for a reason.
func (o bureau) refused(b *http.Client, c *correction.Case, status int, why string, form ...string) {
	o.t.Helper()
	before := o.stored(c)
	at := o.do(b, c, form...)
	if text := body(o.t, at); at.StatusCode != status || !strings.Contains(said(text), why) {
		o.t.Errorf("%v: %d %s", form, at.StatusCode, said(text))
	}
	if after := o.stored(c); after.Version != before.Version {
		o.t.Errorf("%v: it changed something", form)
	}
}

func (o bureau) stored(c *correction.Case) *correction.Case {
	o.t.Helper()
	got, err := o.queue.Find(o.t.Context(), c.ID)
	must(o.t, err)
	return got
}

// linked is a case about a link of a citizen, who has one at a province.
func (o bureau) linked() *correction.Case {
	o.t.Helper()
	c := o.complain(liNa, "51", func(f *correction.Filing) {
		f.Kind, f.Link = correction.KindLink, &correction.Link{Issuer: "https://id.zj.example", Subject: "sub one"}
	})
	must(o.t, o.store.CreateConversation(o.t.Context(), storage.Conversation{ID: "link", ExpiresAt: o.clock().Add(time.Hour), Body: []byte("{}")}))
	_, err := o.store.CompleteSignIn(o.t.Context(), storage.SignIn{
		ConversationID: "link", ConversationExpiresAt: o.clock().Add(time.Hour), ConversationVersion: 1,
		Link:    &storage.Link{Issuer: "https://id.zj.example", Subject: "sub one", PersonID: o.person(liNa).ID, CreatedAt: o.clock()},
		Session: storage.Session{ID: []byte("link"), ExpiresAt: o.clock().Add(time.Hour), PersonID: o.person(liNa).ID, AuthTime: o.clock(), ACR: 2, CreatedAt: o.clock()},
	})
	must(o.t, err)
	return c
}

const link = "https://id.zj.example sub one"

func TestTwoOfficersRelinkByPages(t *testing.T) {
	o := newBureau(t)
	c := o.linked()
	o.world.signIn(o.browser(), aynur, o.request("main"))
	one, two := o.staff(wang, []string{"51"}, correction.RoleOfficer), o.staff(zhao, []string{"00"}, correction.RoleOfficer)
	o.open(one, c)
	o.open(two, c)
	o.done(one, c, "take", "action", "take")
	o.done(one, c, "note", "action", "note", "text", "已电话核对")
	o.done(one, c, "escalate", "action", "escalate", "text", "当事人急用")
	o.done(one, c, "evidence", "action", "evidence", "key", "birth_date", "value", "1988-11-02", "text", "证件原件")
	o.done(one, c, "freeze", "action", "freeze", "target", link, "text", "出生日期不同")
	hold := holdField.FindStringSubmatch(body(t, o.get(two, o.cases("/", c.Number))))
	if hold == nil {
		t.Fatal("the second officer cannot confirm the hold")
	}
	if text := body(t, o.get(one, o.cases("/", c.Number))); strings.Contains(text, `value="confirm"`) {
		t.Error("who placed it is offered to confirm it")
	}
	o.refused(one, c, http.StatusForbidden, "不同的人", "action", "confirm", "hold", hold[1])
	o.done(two, c, "confirm", "action", "confirm", "hold", hold[1])
	o.refused(one, c, http.StatusUnprocessableEntity, "没有人持有这个证件号码", "action", "propose", "decision", "relink", "link", link,
		"other_kind", "resident_id", "other_number", number("33000019990307005"), "text", "错")
	o.refused(one, c, http.StatusUnprocessableEntity, "没有填写完整", "action", "propose", "decision", "relink", "link", link,
		"other_kind", "resident_id", "other_number", aynur.number)
	o.done(one, c, "propose", "action", "propose", "decision", "relink", "link", link, "other_kind", "resident_id", "other_number", aynur.number, "text", "证件核对一致")
	if text := body(t, o.get(two, o.cases("/", c.Number))); !strings.Contains(text, aynur.name) || !strings.Contains(text, `value="approve"`) {
		t.Error("the second officer does not see what is proposed")
	}
	o.refused(one, c, http.StatusForbidden, "不同的人", "action", "approve")
	o.done(two, c, "return", "action", "return", "text", "再看一次")
	o.done(one, c, "propose", "action", "propose", "decision", "relink", "link", link, "other_kind", "resident_id", "other_number", aynur.number, "text", "证件核对一致")
	o.done(two, c, "approve", "action", "approve")
	_, p, err := o.store.Link(t.Context(), "https://id.zj.example", "sub one")
	must(t, err)
	if p.ID != o.person(aynur).ID || o.stored(c).State() != correction.Applied {
		t.Errorf("linked to %s, %s", p.ID, o.stored(c).State())
	}
	found := 0
	for _, e := range o.looked(c) {
		if e.Detail["reason"] == "other_person" {
			found++
		}
	}
	if found != 3 {
		t.Errorf("%d looks at another person are recorded", found)
	}
	text := body(t, o.get(one, o.cases("/", c.Number)))
	for _, want := range []string{"已电话核对", "出生日期不同", "再看一次", "证件核对一致", "1988-11-02", "已更正"} {
		if !strings.Contains(spelled(text), want) {
			t.Errorf("the page does not tell of %s", want)
		}
	}
	if strings.Contains(text, `value="propose"`) {
		t.Error("a proposal is offered where none can be")
	}
}

func TestNobodyApprovesTheirOwnProposalNotEvenByASecondRecordThatWasMerged(t *testing.T) {
	o := newBureau(t)
	c := o.complain(liNa, "51", func(f *correction.Filing) {
		f.Kind, f.Attribute, f.Expected = correction.KindAttribute, correction.AttributeName, "李哪"
	})
	one, second := o.staff(wang, []string{"51"}, correction.RoleOfficer), o.staff(zhao, []string{"51"}, correction.RoleOfficer)
	o.open(one, c)
	o.done(one, c, "take", "action", "take")
	o.done(one, c, "propose", "action", "propose", "decision", "name", "name", "李那", "text", "证件")
	o.refused(one, c, http.StatusForbidden, "不同的人", "action", "approve")
	if text := body(t, o.get(one, o.cases("/", c.Number))); strings.Contains(text, `value="approve"`) {
		t.Error("who proposed is offered to approve")
	}
	// Zhao's record is found to be Wang's: whatever Zhao's browser holds still, it is no second pair of eyes.
	o.open(second, c)
	must(t, o.store.StepCase(t.Context(), storage.CaseStep{
		Case: storage.Case{ID: "m", Number: "m", UpdatedAt: o.clock()}, Events: []storage.CaseEvent{{What: "filed"}},
		Correction: &storage.Correction{ID: "m", Merges: []storage.Merge{{From: o.person(*zhao).ID, Into: o.person(*wang).ID}}},
		Audit: func(int64) ([]byte, error) {
			return []byte(`{"seq":0,"at":"2026-11-23T00:00:00Z","kind":"k","actor":"a"}`), nil
		},
	}))
	o.post(second, o.cases("/", c.Number), "action", "approve", "version", fmt.Sprint(o.stored(c).Version), "proposal", o.stored(c).Body.Proposal.ID)
	o.post(one, o.cases("/", c.Number), "action", "approve", "version", fmt.Sprint(o.stored(c).Version), "proposal", o.stored(c).Body.Proposal.ID)
	if got := o.stored(c).State(); got != correction.Proposed {
		t.Errorf("it is %s", got)
	}
}

func TestAnOfficerDecidesNothingAboutThemselvesAndNothingOutOfRegion(t *testing.T) {
	o := newBureau(t)
	b := o.staff(wang, []string{"51"}, correction.RoleOfficer)
	own := o.complain(*wang, "51", func(f *correction.Filing) { f.Evidence = nil })
	if text := o.open(b, own); !strings.Contains(text, `id="barred"`) || strings.Contains(text, `value="take"`) {
		t.Error("steps are offered about one's own record")
	}
	for _, action := range []string{"take", "reject", "freeze", "step_up", "evidence"} {
		o.refused(b, own, http.StatusForbidden, "与您本人有关", "action", action, "text", "x", "target", o.person(*wang).ID)
	}
	away := o.complain(liNa, "33")
	for _, action := range steps {
		at := o.post(b, o.cases("/", away.Number), "action", action, "version", "2", "text", "x", "target", o.person(liNa).ID)
		if at.StatusCode != http.StatusNotFound {
			t.Errorf("%s in another region: %d", action, at.StatusCode)
		}
	}
	if got := o.stored(away); got.Version != away.Version {
		t.Error("it changed something")
	}
}

// steps are all that a form of a case can ask for.
var steps = []string{"take", "assign", "note", "escalate", "evidence", "propose", "approve", "return", "reject", "reopen", "freeze", "step_up", "confirm", "lift"}

func TestAnAuditorSeesEveryRegionAndChangesNothing(t *testing.T) {
	o := newBureau(t)
	c := o.complain(liNa, "51")
	b := o.staff(wu, nil, correction.RoleAuditor)
	if text := o.open(b, c); strings.Contains(text, `value="take"`) || strings.Contains(text, `value="note"`) || !strings.Contains(text, `id="barred"`) {
		t.Error("an auditor is offered steps")
	}
	if len(o.looked(c)) != 1 {
		t.Error("an auditor's look is not recorded")
	}
	for _, action := range steps {
		o.refused(b, c, http.StatusForbidden, "不能处理", "action", action, "text", "x", "to", o.person(*wu).ID, "decision", "freeze", "target", o.person(liNa).ID, "hold", "h")
	}
	rule := o.byRule(liNa)
	if text := body(t, o.get(b, o.cases())); strings.Contains(text, `value="approve_rule"`) {
		t.Error("an auditor is offered to approve")
	}
	o.post(b, o.cases(), "action", "approve_rule", "case", rule.Number)
	if got := o.stored(rule).State(); got != correction.Proposed {
		t.Errorf("an auditor approves: %s", got)
	}
}

// byRule is a case that triage proposes a correction in: the register writes the name of a citizen as another code point of the same character.
func (o bureau) byRule(c citizen) *correction.Case {
	o.t.Helper()
	if _, err := o.store.PersonByDocument(o.t.Context(), storage.Document{Kind: "resident_id", Number: c.number}); err != nil {
		o.world.signIn(o.browser(), c, o.request("main"))
	}
	name := c.name + "\ue863"
	must(o.t, o.store.StepCase(o.t.Context(), storage.CaseStep{
		Case: storage.Case{ID: "r" + c.number, Number: "r" + c.number, UpdatedAt: o.clock()}, Events: []storage.CaseEvent{{What: "filed"}},
		Correction: &storage.Correction{ID: "r" + c.number, Names: []storage.Rename{{PersonID: o.person(c).ID, From: o.person(c).Name, To: name}}},
		Audit: func(int64) ([]byte, error) {
			return []byte(`{"seq":0,"at":"2026-11-23T00:00:00Z","kind":"k","actor":"a"}`), nil
		},
	}))
	must(o.t, o.store.PutRegister(o.t.Context(), []storage.RegisterEntry{{
		Document: storage.Document{Kind: "resident_id", Number: c.number}, Name: c.name + "䶮", Phone: c.phone, Region: "51", Status: storage.RegisterValid,
	}}, storage.ImportProgress{Source: "rule" + c.number}))
	filed := o.complain(c, "51", func(f *correction.Filing) {
		f.Kind, f.Attribute, f.Expected, f.Evidence = correction.KindAttribute, correction.AttributeName, c.name+"䶮", nil
	})
	if !filed.ByRule() {
		o.t.Fatalf("%s %+v", filed.State(), filed.Body)
	}
	return filed
}

func TestTogetherOnlyThatIsApprovedWhichARuleProposed(t *testing.T) {
	o := newBureau(t)
	rule, other := o.byRule(liNa), o.byRule(aynur)
	one, two := o.staff(wang, []string{"51"}, correction.RoleOfficer), o.staff(zhao, []string{"51"}, correction.RoleOfficer)
	// An officer has a hand in the second one: returned, and proposed anew by people.
	o.open(one, other)
	o.done(one, other, "return", "action", "return", "text", "再看一次")
	o.done(one, other, "take", "action", "take")
	o.done(one, other, "propose", "action", "propose", "decision", "name", "name", aynur.name+"文", "text", "窗口")
	plain := o.complain(*zhou, "51")
	away := o.complain(*sun, "33")
	at := o.post(two, o.cases(), "action", "approve_rule", "case", rule.Number, "x", "")
	values := url.Values{"action": {"approve_rule"}, "case": {rule.Number, other.Number, plain.Number, away.Number, "AAAA-BBBB"}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, o.cases(), strings.NewReader(values.Encode()))
	must(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	again, err := two.Do(r)
	must(t, err)
	defer func() { _ = again.Body.Close() }()
	if text := body(t, at); !strings.Contains(text, "已批准并更正") {
		t.Errorf("%s", text)
	}
	text := body(t, again)
	for _, want := range []string{"它已经不在待批准状态", "它不是按规则提出的", "没有这件案件"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %s", want)
		}
	}
	if got := o.stored(rule).State(); got != correction.Applied {
		t.Errorf("what a rule proposed is %s", got)
	}
	for _, c := range []*correction.Case{other, plain, away} {
		if got := o.stored(c).State(); got == correction.Applied {
			t.Errorf("%s was approved", c.Number)
		}
	}
}

// TestWhatWasObjectedToIsNotApprovedTogetherWithOthers: whoever approves has to read it.
func TestWhatWasObjectedToIsNotApprovedTogetherWithOthers(t *testing.T) {
	o := newBureau(t)
	rule, b := o.byRule(liNa), o.staff(zhao, []string{"51"}, correction.RoleOfficer)
	must(t, o.queue.AddEvidence(t.Context(), o.stored(rule), correction.Evidence{
		Source: correction.Person(rule.PersonID), Said: map[string]string{"text": "这不是我的名字"},
	}))
	if text := body(t, o.post(b, o.cases(), "action", "approve_rule", "case", rule.Number)); !strings.Contains(text, "又有人补充或处理过") {
		t.Error("the page does not say why")
	}
	if got := o.stored(rule).State(); got != correction.Proposed {
		t.Errorf("it is %s", got)
	}
}

func TestOfTwoOfficersWhoDecideAtOnceOneWinsAndTheOtherIsTold(t *testing.T) {
	o := newBureau(t)
	c := o.complain(liNa, "51")
	one, two := o.staff(wang, []string{"51"}, correction.RoleOfficer), o.staff(zhao, []string{"51"}, correction.RoleOfficer)
	o.open(one, c)
	o.open(two, c)
	o.done(one, c, "take", "action", "take")
	version := fmt.Sprint(o.stored(c).Version)
	var group sync.WaitGroup
	answers := make([]*http.Response, 2)
	for n, b := range []*http.Client{one, two} {
		group.Go(func() {
			answers[n] = o.post(b, o.cases("/", c.Number), "action", "reject", "text", fmt.Sprint("理由 ", n), "version", version)
		})
	}
	group.Wait()
	won := 0
	for n, at := range answers {
		text := body(t, at)
		switch {
		case page(at) == o.cases("/", c.Number, "?done=reject"):
			won++
		case at.StatusCode != http.StatusConflict || !strings.Contains(said(text), "别人比您先处理了") || !strings.Contains(text, `data-version="`+fmt.Sprint(o.stored(c).Version)):
			t.Errorf("%d: %d %s", n, at.StatusCode, said(text))
		}
	}
	if won != 1 {
		t.Errorf("%d won", won)
	}
	// Who wrote a proposal meanwhile still has it.
	c = o.complain(aynur, "51")
	o.open(one, c)
	o.open(two, c)
	o.done(one, c, "take", "action", "take")
	version = fmt.Sprint(o.stored(c).Version)
	o.done(two, c, "note", "action", "note", "text", "先问窗口")
	at := o.post(one, o.cases("/", c.Number), "action", "propose", "decision", "freeze", "target", o.person(aynur).ID, "text", "写了很久的理由", "version", version)
	if text := body(t, at); at.StatusCode != http.StatusConflict || !strings.Contains(text, "写了很久的理由</textarea>") || !strings.Contains(text, "先问窗口") {
		t.Errorf("%d %s", at.StatusCode, said(text))
	}
}

func TestADecisionNeedsAFreshProofAndLosesNothingThatWasTyped(t *testing.T) {
	o := newBureau(t)
	c := o.complain(liNa, "51")
	b := o.staff(wang, []string{"51"}, correction.RoleOfficer)
	o.pass(10 * time.Minute)
	o.open(b, c)
	o.pass(6 * time.Minute)
	o.refused(b, c, http.StatusForbidden, "/console/confirm", "action", "reject", "text", "写好的理由")
	if text := body(t, o.do(b, c, "action", "reject", "text", "写好的理由")); !strings.Contains(text, "写好的理由</textarea>") {
		t.Error("what was typed is lost")
	}
	// The case closes while somebody writes: the door keeps what they wrote.
	o.pass(25 * time.Minute)
	at := o.post(b, o.cases("/", c.Number), "action", "reject", "text", "写好的理由", "version", "3")
	text := body(t, at)
	if at.StatusCode != http.StatusForbidden || !strings.Contains(text, `name="kept_text" value="写好的理由"`) || strings.Contains(text, liNa.name) {
		t.Fatalf("%d %s", at.StatusCode, text)
	}
	at = o.post(b, o.cases("/", c.Number), "action", "look", "reason", "queue", "kept_text", "写好的理由", "kept_action", "reject", "kept_version", "3")
	if text := body(t, at); at.StatusCode != http.StatusOK || !strings.Contains(text, "写好的理由</textarea>") {
		t.Errorf("%d %s", at.StatusCode, text)
	}
	if got := o.stored(c).State(); got != correction.Triaged {
		t.Errorf("it is %s", got)
	}
}

func TestASupervisorAssignsAndReopens(t *testing.T) {
	o := newBureau(t)
	c := o.complain(liNa, "51")
	officer, chief := o.staff(wang, []string{"51"}, correction.RoleOfficer), o.staff(sun, []string{"51"}, correction.RoleSupervisor)
	o.staff(zhou, []string{"33"}, correction.RoleOfficer)
	o.open(officer, c)
	text := o.open(chief, c)
	if !strings.Contains(text, o.person(*wang).ID) || strings.Contains(text, o.person(*zhou).ID) {
		t.Error("the list of officers is not that of the region")
	}
	o.refused(officer, c, http.StatusForbidden, "", "action", "assign", "to", o.person(*sun).ID)
	o.refused(chief, c, http.StatusForbidden, "", "action", "assign", "to", o.person(*zhou).ID)
	o.refused(chief, c, http.StatusUnprocessableEntity, "", "action", "assign", "to", o.person(liNa).ID)
	o.done(chief, c, "assign", "action", "assign", "to", o.person(*wang).ID)
	if got := body(t, o.get(officer, o.cases("?mine=1"))); !strings.Contains(got, c.Number) {
		t.Error("the officer does not have it")
	}
	o.done(officer, c, "reject", "action", "reject", "text", "查无此事")
	o.refused(officer, c, http.StatusForbidden, "", "action", "reopen", "text", "x")
	o.done(chief, c, "reopen", "action", "reopen", "text", "新证据")
}

func TestAttackAnotherSiteSendsEveryFormOfTheConsoleAndDecidesNothing(t *testing.T) {
	o := newBureau(t)
	c, rule := o.linked(), o.byRule(aynur)
	b := o.staff(wang, []string{"51"}, correction.RoleOfficer, correction.RoleSupervisor)
	o.open(b, c)
	before := o.stored(c)
	send := func(target string, form url.Values) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(form.Encode()))
		must(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Origin", "https://evil.example")
		at, err := b.Do(r)
		must(t, err)
		_ = at.Body.Close()
		return at.StatusCode
	}
	form := url.Values{
		"version": {fmt.Sprint(before.Version)}, "text": {"x"}, "target": {o.person(liNa).ID}, "to": {o.person(*wang).ID}, "hold": {"h"}, "reason": {"queue"},
		"link": {link}, "other_kind": {"resident_id"}, "other_number": {aynur.number}, "name": {"李那"}, "document": {"resident_id " + liNa.number},
	}
	for _, action := range append(steps, "look") {
		form.Set("action", action)
		if got := send(o.cases("/", c.Number), form); got != http.StatusForbidden {
			t.Errorf("%s: %d", action, got)
		}
	}
	form.Set("action", "propose")
	for _, decision := range []string{"name", "phone", "relink", "unlink", "merge", "split", "freeze", "thaw", "deactivate", "reinstate", "undo"} {
		form.Set("decision", decision)
		if got := send(o.cases("/", c.Number), form); got != http.StatusForbidden {
			t.Errorf("%s: %d", decision, got)
		}
	}
	if got := send(o.cases(), url.Values{"action": {"approve_rule"}, "case": {rule.Number}}); got != http.StatusForbidden {
		t.Errorf("several: %d", got)
	}
	if after := o.stored(c); after.Version != before.Version || o.stored(rule).State() != correction.Proposed || len(o.looked(c)) != 1 {
		t.Error("another site decides")
	}
}
