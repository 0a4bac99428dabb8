package idp_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"manyou/federation/correction"
	"manyou/storage"
)

var (
	keptForm  = regexp.MustCompile(`(?s)<form class="stop past" id="kept" method="post" action="([^"]+)".*?</form>`)
	keptField = regexp.MustCompile(`(?s)<input (?:type="hidden" |id="kept-\d+" )name="([^"]+)" value="([^"]*)"|<textarea id="kept-\d+" name="([^"]+)"[^>]*>(.*?)</textarea>`)
	madeFor   = regexp.MustCompile(`name="by" value="([^"]+)"`)
	newWindow = regexp.MustCompile(`href="([^"]+)" target="_blank"`)
)

// kept is the form of a page that kept what was typed: where it goes, and its fields.
func kept(t testing.TB, text string) (action string, fields []string) {
	t.Helper()
	form := keptForm.FindStringSubmatch(text)
	if form == nil {
		t.Fatalf("nothing was kept: %s", text)
	}
	for _, m := range keptField.FindAllStringSubmatch(form[0], -1) {
		fields = append(fields, m[1]+m[3], html.UnescapeString(m[2]+m[4]))
	}
	return html.UnescapeString(form[1]), fields
}

// by is whom the form at an address is made for.
func (w *world) by(b *http.Client, at string) string {
	w.t.Helper()
	m := madeFor.FindStringSubmatch(body(w.t, w.get(b, at)))
	if m == nil {
		w.t.Fatalf("the form at %s does not say whom it is for", at)
	}
	return m[1]
}

// again sends a form when its session is over, signs in where the page says, and sends what it kept.
func (w *world) again(b *http.Client, c citizen, response *http.Response, typed ...string) *http.Response {
	w.t.Helper()
	text := body(w.t, response)
	if response.StatusCode != http.StatusForbidden || response.Header.Get("Cache-Control") != "no-store" {
		w.t.Fatalf("%d %s: %s", response.StatusCode, response.Header.Get("Cache-Control"), text)
	}
	action, fields := kept(w.t, text)
	for _, said := range typed {
		if !strings.Contains(text, html.EscapeString(said)) || strings.Contains(action, url.QueryEscape(said)) || strings.Contains(action, said) {
			w.t.Errorf("%q is not on the page, or in an address: %s", said, action)
		}
	}
	window := newWindow.FindStringSubmatch(text)
	if window == nil {
		w.t.Fatal("the page opens no other window")
	}
	at := w.get(b, w.url+html.UnescapeString(window[1]))
	if strings.Contains(page(at), "/signin/") {
		at = w.get(b, page(w.signInFrom(b, c, at)))
	}
	if !strings.Contains(body(w.t, at), "写好的内容还在") {
		w.t.Fatalf("the other window ends at %d %s", at.StatusCode, page(at))
	}
	if strings.HasSuffix(action, "/add") {
		return w.upload(b, w.url+action, fields...)
	}
	return w.post(b, w.url+action, fields...)
}

func TestWhatACitizenWroteOutlivesTheSession(t *testing.T) {
	u := newTownhall(t, liNa)
	_, at := u.opened()
	form := u.url + "/complaints/new/name"
	once := regexp.MustCompile(`name="once" value="([^"]+)"`).FindStringSubmatch(body(t, u.get(u.b, form)))
	said := []string{"李娜娜", "第一行\n第二行 \"引号\" <b>"}
	by := u.by(u.b, form)
	u.pass(13 * time.Hour)
	got := u.again(u.b, liNa, u.post(u.b, form, "by", by, "once", once[1], "action", "file", "value", said[0], "statement", said[1]), said...)
	if c := u.filed(got); c.Body.Expected != said[0] || c.Body.Statement != said[1] {
		t.Errorf("filed: %+v", c.Body)
	}
	u.pass(13 * time.Hour)
	got = u.upload(u.b, at+"/add", "by", by, "text", "还有一句")
	if text := body(t, u.again(u.b, liNa, got, "还有一句")); !strings.Contains(text, "还有一句") || !strings.Contains(text, "已收到") && !strings.Contains(text, "补充") {
		t.Errorf("not added: %s", text)
	}
	// A file is not kept, and the page says so.
	u.pass(13 * time.Hour)
	got = u.send(u.b, at+"/add", "看照片", "a.png", photo(t))
	if text := body(t, got); !strings.Contains(text, "文件没能留下") || !strings.Contains(text, `type="file"`) || !strings.Contains(text, "看照片") {
		t.Errorf("%d: %s", got.StatusCode, text)
	}
	if got = u.send(u.b, at+"/add", "", "a.png", photo(t)); !strings.Contains(body(t, got), "文件没能留下") {
		t.Errorf("of a file alone: %d at %s", got.StatusCode, page(got))
	}
	// Who typed nothing signs in, as before.
	if got = u.post(u.b, at+"/withdraw"); !strings.Contains(page(got), "/signin/") {
		t.Errorf("%d at %s", got.StatusCode, page(got))
	}
	u.signInFrom(u.b, liNa, got)
	c := u.numbered(caseNumber.FindStringSubmatch(at)[1])
	must(t, u.q.Reject(t.Context(), officers[0], c, "登记信息与证件一致。"))
	u.pass(13 * time.Hour)
	got = u.again(u.b, liNa, u.post(u.b, at+"/object", "by", by, "text", "我不同意"), "我不同意")
	if now := u.numbered(c.Number); now.State() != correction.Appealed {
		t.Errorf("%s, %d at %s", now.State(), got.StatusCode, page(got))
	}
}

func TestWhatIsTypedIntoTheAccountPageOutlivesTheSession(t *testing.T) {
	w := newWorld(t)
	b, _ := w.withPasskey(liNa)
	by := w.by(b, w.url+"/account")
	id := regexp.MustCompile(`name="credential" value="([^"]+)">\s*<label`).FindStringSubmatch(body(t, w.get(b, w.url+"/account")))[1]
	w.pass(13 * time.Hour)
	got := w.again(b, liNa, w.post(b, w.url+"/account", "by", by, "action", "rename", "credential", id, "label", "我的新手机"), "我的新手机")
	if text := body(t, got); !strings.Contains(text, "我的新手机") || page(got) != w.url+"/account?done=renamed" {
		t.Errorf("%d at %s", got.StatusCode, page(got))
	}
	// The proof is too old for this one, and the session goes on.
	w.pass(11 * time.Minute)
	got = w.again(b, liNa, w.post(b, w.url+"/account/add/relative", "by", by, "action", "send", "phone", daughter, "label", "女儿"), daughter, "女儿")
	if text := body(t, got); !strings.Contains(text, "139****0077") {
		t.Errorf("no code was sent: %d at %s", got.StatusCode, page(got))
	}
	// What a device answered for the session that ended is asked anew; what it is called stays.
	text := body(t, w.get(b, w.url+"/account/add/passkey"))
	w.pass(13 * time.Hour)
	got = w.again(b, liNa, w.post(b, w.url+"/account/add/passkey", "by", by, "action", "confirm", "label", "平板", "enrolment", enrolmentField.FindStringSubmatch(text)[1], "answer", "{}"), "平板")
	if text := body(t, got); got.StatusCode != http.StatusOK || !strings.Contains(text, `value="平板"`) || enrolmentField.FindStringSubmatch(text) == nil {
		t.Errorf("%d at %s: %s", got.StatusCode, page(got), text)
	}
	// Nor is it lost if the device fails.
	got = w.post(b, w.url+"/account/add/passkey", "by", by, "label", "平板", "enrolment", enrolmentField.FindStringSubmatch(body(t, w.get(b, w.url+"/account/add/passkey")))[1], "answer", "{}")
	if text := body(t, got); got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(text, `value="平板"`) {
		t.Errorf("%d: %s", got.StatusCode, text)
	}
}

func TestWhatAnOfficerWroteOutlivesTheSessionAndTheProof(t *testing.T) {
	o := newBureau(t)
	c := o.linked()
	o.staff(zhao, []string{"51"}, correction.RoleOfficer)
	b, d := o.withPasskey(*wang)
	must(t, o.store.PutStaff(t.Context(), storage.StaffMember{PersonID: o.person(*wang).ID, Roles: []string{correction.RoleOfficer}, Regions: []string{"51"}, CreatedAt: o.clock()}))
	enter := func(at *http.Response) *http.Response {
		return o.post(b, page(at), "action", "passkey", "answer", d.assert(body(t, at)))
	}
	enter(o.get(b, o.url+"/console"))
	o.open(b, c)
	o.done(b, c, "take", "action", "take")
	at := o.cases("/", c.Number)
	by := o.by(b, at)
	version := versionField.FindStringSubmatch(body(t, o.get(b, at)))[1]
	form := []string{"by", by, "version", version, "action", "propose", "decision", "unlink", "link", link, "text", "证件核对不一致"}
	o.pass(13 * time.Hour)
	text := body(t, o.post(b, at, form...))
	action, fields := kept(t, text)
	if !strings.Contains(text, "证件核对不一致") || newWindow.FindStringSubmatch(text)[1] != "/console/confirm" {
		t.Fatal(text[:200])
	}
	if got := enter(o.get(b, o.url+"/console/confirm")); !strings.Contains(body(t, got), "写好的内容还在") {
		t.Fatalf("%d at %s", got.StatusCode, page(got))
	}
	// The case is closed again meanwhile: the door keeps it, too.
	got := o.post(b, o.url+action, fields...)
	if text = body(t, got); got.StatusCode != http.StatusForbidden || !strings.Contains(text, `name="kept_text" value="证件核对不一致"`) {
		t.Fatalf("%d: %s", got.StatusCode, text)
	}
	door := []string{"by", by, "action", "look", "reason", "queue"}
	for _, m := range regexp.MustCompile(`name="(kept_[^"]+)" value="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		door = append(door, m[1], html.UnescapeString(m[2]))
	}
	// And the session ends before the door.
	o.pass(13 * time.Hour)
	text = body(t, o.post(b, at, door...))
	if action, fields = kept(t, text); !strings.Contains(text, "证件核对不一致") {
		t.Fatal(text[:200])
	}
	enter(o.get(b, o.url+"/console/confirm"))
	if text = body(t, o.post(b, o.url+action, fields...)); !strings.Contains(text, `id="evidence"`) || !strings.Contains(text, ">证件核对不一致</textarea>") {
		t.Fatal(text[:200])
	}
	o.done(b, c, "propose", form[4:]...)
}

func TestWhatAnOperatorWroteOutlivesTheProof(t *testing.T) {
	h := newHub(t)
	b := h.operator(t)
	by := h.nation.by(b, h.console())
	wrong := h.nation.post(b, h.console(), "by", by, "action", "invite", "region", "44", "name_zh", "广东省统一身份认证", "name_en", " ")
	if text := body(t, wrong); wrong.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(text, `value="广东省统一身份认证"`) || !strings.Contains(text, `value="44" selected`) {
		t.Errorf("a name is missing: %d: %s", wrong.StatusCode, text)
	}
	h.nation.pass(16 * time.Minute)
	text := body(t, h.nation.post(b, h.console(), "by", by, "action", "invite", "region", "44", "name_zh", "广东省统一身份认证", "name_en", "Guangdong Identity"))
	if _, fields := kept(t, text); !strings.Contains(strings.Join(fields, " "), "Guangdong Identity") || !strings.Contains(text, `href="/console/confirm" target="_blank"`) {
		t.Errorf("%s", text)
	}
	if at := h.nation.get(b, h.nation.url+"/console/confirm"); !strings.Contains(page(at), "/signin/") {
		t.Errorf("an operator does not get to confirm: %d at %s", at.StatusCode, page(at))
	}
}

func TestWhatSomebodyWroteOutlivesTheirPass(t *testing.T) {
	u := newTownhall(t, liNa)
	c := u.filed(u.complain(u.b, u.url+"/complaints/new/takeover", "statement", "不是我登录的", "sure", "yes"))
	b := u.browser()
	as := u.url + passOf(t, body(t, u.signInFrom(b, liNa, u.get(b, u.request("main")))))
	by := u.by(b, as+"/case/"+c.Number)
	u.pass(31 * time.Minute)
	got := u.upload(b, as+"/case/"+c.Number+"/add", "by", by, "text", "我当时在医院")
	action, fields := kept(t, body(t, got))
	if again := u.upload(b, u.url+action, fields...); again.StatusCode != http.StatusForbidden || !strings.Contains(body(t, again), "我当时在医院") {
		t.Errorf("without a new pass: %d", again.StatusCode)
	}
	passOf(t, body(t, u.signInFrom(b, liNa, u.get(b, u.url+"/account/confirm"))))
	if got = u.upload(b, u.url+action, fields...); got.StatusCode != http.StatusOK {
		t.Fatalf("%d: %s", got.StatusCode, body(t, got))
	}
	e := u.numbered(c.Number).Body.Evidence
	if e[len(e)-1].Said["text"] != "我当时在医院" {
		t.Errorf("not added: %+v", e)
	}
	// A pass of somebody else's is none for this.
	u.pass(31 * time.Minute)
	action, fields = kept(t, body(t, u.upload(b, as+"/case/"+c.Number+"/add", "by", by, "text", "还有")))
	stranger := u.stranger(b, "+8613600000009")
	u.get(b, u.url+regexp.MustCompile(`href="(/signin/[^"]+/complain)"`).FindStringSubmatch(body(t, stranger))[1])
	if got = u.upload(b, u.url+action, fields...); got.StatusCode != http.StatusForbidden || !strings.Contains(body(t, got), "另一个人") {
		t.Errorf("another's pass: %d", got.StatusCode)
	}
}

// TestAttackWhatOneWroteIsNotSentByTheNext: a computer of several people, and a page that one of them left open.
func TestAttackWhatOneWroteIsNotSentByTheNext(t *testing.T) {
	u := newTownhall(t, liNa)
	c, at := u.opened()
	form := u.url + "/complaints/new/other"
	by := u.by(u.b, form)
	if got := u.post(u.b, u.url+"/account", "by", by, "action", "rename", "label", "手机"); page(got) != u.url+"/account?done=renamed" {
		t.Errorf("a form of her own: %d at %s", got.StatusCode, page(got))
	}
	u.pass(13 * time.Hour)
	action, fields := kept(t, body(t, u.post(u.b, form, "by", by, "once", "once", "action", "file", "statement", "李娜的话")))
	u.signIn(u.b, aynur, u.request("main"))
	for name, send := range map[string]func() *http.Response{
		"what was kept":    func() *http.Response { return u.post(u.b, u.url+action, fields...) },
		"a form left open": func() *http.Response { return u.post(u.b, form, "by", by, "once", "two", "statement", "李娜的话") },
		"words for a case": func() *http.Response { return u.upload(u.b, at+"/add", "by", by, "text", "李娜的话") },
		"an objection":     func() *http.Response { return u.post(u.b, at+"/object", "by", by, "text", "李娜的话") },
		"a withdrawal":     func() *http.Response { return u.post(u.b, at+"/withdraw", "by", by) },
		"a name of a thing": func() *http.Response {
			return u.post(u.b, u.url+"/account", "by", by, "action", "rename", "label", "李娜的话")
		},
		"two at once": func() *http.Response {
			body := url.Values{"by": {by, u.by(u.b, form)}, "statement": {"李娜的话"}}.Encode()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, form, strings.NewReader(body))
			must(t, err)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			response, err := u.b.Do(r)
			must(t, err)
			t.Cleanup(func() { _ = response.Body.Close() })
			return response
		},
	} {
		got := send()
		if text := body(t, got); got.StatusCode != http.StatusForbidden || !strings.Contains(text, "另一个人") || strings.Contains(text, aynur.name) {
			t.Errorf("%s: %d at %s", name, got.StatusCode, page(got))
		}
	}
	if mine, err := u.store.CasesFiledBy(t.Context(), correction.Person(u.person(aynur).ID), 9); err != nil || len(mine) > 0 {
		t.Errorf("filed under the next one: %v %v", mine, err)
	}
	// Who wrote it still can.
	u.b = u.browser()
	u.signIn(u.b, liNa, u.request("main"))
	if got := u.filed(u.post(u.b, u.url+action, fields...)); got.Body.Statement != "李娜的话" || got.Number == c.Number {
		t.Errorf("%+v", got.Body)
	}
}

// TestAttackOfficersSendNothingThatTheOtherWrote: the tab of one, and the session of the other.
func TestAttackOfficersSendNothingThatTheOtherWrote(t *testing.T) {
	o := newBureau(t)
	c := o.linked()
	one, two := o.staff(wang, []string{"51"}, correction.RoleOfficer), o.staff(zhao, []string{"51"}, correction.RoleOfficer)
	o.open(one, c)
	o.open(two, c)
	by := o.by(one, o.cases("/", c.Number))
	o.done(two, c, "take", "action", "take")
	before := o.stored(c).Version
	for _, form := range [][]string{{"action", "note", "text", "别人的话"}, {"action", "take"}, {"action", "look", "reason", "queue"}} {
		if got := o.do(two, c, append(form, "by", by)...); got.StatusCode != http.StatusForbidden || !strings.Contains(body(t, got), "另一个人") {
			t.Errorf("%v: %d", form, got.StatusCode)
		}
	}
	if got := o.post(two, o.cases(), "by", by, "action", "approve_rule", "case", c.Number); got.StatusCode != http.StatusForbidden {
		t.Errorf("together: %d", got.StatusCode)
	}
	if o.stored(c).Version != before {
		t.Error("something was done")
	}
}

// TestAttackAnotherSitesWordsAreKeptForNobody: no page shows what another site made the browser send; and were one shown, nobody could send it.
func TestAttackAnotherSitesWordsAreKeptForNobody(t *testing.T) {
	u := newTownhall(t, liNa)
	u.pass(13 * time.Hour)
	for _, path := range []string{"/complaints/new/other", "/account", "/console/cases/AAAA-BBBB", "/complaints/as/x/new/other"} {
		for _, site := range []string{"cross-site", "same-site"} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, u.url+path, strings.NewReader(url.Values{
				"action": {"rename"}, "label": {"evil words"}, "statement": {"evil words"}, "text": {"evil words"},
			}.Encode()))
			must(t, err)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Sec-Fetch-Site", site)
			got, err := u.b.Do(r)
			must(t, err)
			if text := body(t, got); got.StatusCode != http.StatusForbidden || strings.Contains(text, "evil words") {
				t.Errorf("%s from %s: %d %s", path, site, got.StatusCode, text)
			}
			must(t, got.Body.Close())
		}
	}
	// A browser that does not say which site asks: the page waits for a person, and what it has is sent for nobody.
	got := u.post(u.b, u.url+"/complaints/new/other", "statement", "evil words")
	text := body(t, got)
	if csp := got.Header.Get("Content-Security-Policy"); strings.Contains(text, "<script") || strings.Contains(csp, "script-src") || strings.Contains(text, "http-equiv") {
		t.Errorf("it could send itself: %s", csp)
	}
	action, fields := kept(t, text)
	u.signIn(u.b, liNa, u.request("main"))
	if got = u.post(u.b, u.url+action, fields...); got.StatusCode != http.StatusForbidden {
		t.Errorf("sent: %d at %s", got.StatusCode, page(got))
	}
	if mine, err := u.store.CasesFiledBy(t.Context(), correction.Person(u.person(liNa).ID), 9); err != nil || len(mine) > 0 {
		t.Errorf("filed: %v %v", mine, err)
	}
}
