package idp_test

import (
	"bytes"
	"crypto/rand"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"manyou/federation/correction"
	"manyou/storage"
)

// townhall is the nation with a citizen who is signed in there.
type townhall struct {
	*world
	b *http.Client
	q *correction.Queue
}

func newTownhall(t *testing.T, c citizen) *townhall {
	t.Helper()
	w := newWorld(t, nationally)
	b := w.browser()
	w.signIn(b, c, w.request("main"))
	return &townhall{w, b, &correction.Queue{Store: w.store, Policy: correction.DefaultPolicy(), Clock: w.clock, Random: rand.Reader}}
}

// complain files by a form, as a browser does, and returns where it ends.
func (u *townhall) complain(b *http.Client, at string, form ...string) *http.Response {
	u.t.Helper()
	once := regexp.MustCompile(`name="once" value="([^"]+)"`).FindStringSubmatch(body(u.t, u.get(b, at)))
	if once == nil {
		u.t.Fatalf("no form at %s", at)
	}
	return u.post(b, at, append(form, "once", once[1], "action", "file")...)
}

var caseNumber = regexp.MustCompile(`/case/([0-9A-Z]{4}-[0-9A-Z]{4})`)

// filed is the case that a page stands at.
func (u *townhall) filed(at *http.Response) *correction.Case {
	u.t.Helper()
	n := caseNumber.FindStringSubmatch(page(at))
	if at.StatusCode != http.StatusOK || n == nil {
		u.t.Fatalf("%d at %s: %s", at.StatusCode, page(at), body(u.t, at))
	}
	return u.numbered(n[1])
}

func (u *townhall) numbered(number string) *correction.Case {
	u.t.Helper()
	c, err := u.q.FindNumber(u.t.Context(), number)
	must(u.t, err)
	return c
}

// send sends a form with a file.
func (u *townhall) send(b *http.Client, target, text, name string, raw []byte) *http.Response {
	u.t.Helper()
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	must(u.t, m.WriteField("text", text))
	if raw != nil {
		part, err := m.CreateFormFile("file", name)
		must(u.t, err)
		_, err = part.Write(raw)
		must(u.t, err)
	}
	must(u.t, m.Close())
	return u.multipart(b, target, m.FormDataContentType(), &form)
}

// upload sends a form that could have a file, and has none.
func (w *world) upload(b *http.Client, target string, fields ...string) *http.Response {
	w.t.Helper()
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	for n := 0; n+1 < len(fields); n += 2 {
		must(w.t, m.WriteField(fields[n], fields[n+1]))
	}
	must(w.t, m.Close())
	return w.multipart(b, target, m.FormDataContentType(), &form)
}

func (w *world) multipart(b *http.Client, target, kind string, form io.Reader) *http.Response {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, target, form)
	must(w.t, err)
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	response, err := b.Do(r)
	must(w.t, err)
	w.t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func photo(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, png.Encode(&b, image.NewGray(image.Rect(0, 0, 40, 30))))
	return b.Bytes()
}

// officer is somebody who decides, not a citizen of these tests.
var officers = [2]correction.Officer{
	{PersonID: "wang", Roles: []string{correction.RoleSupervisor}, Regions: []string{"00"}},
	{PersonID: "zhao", Roles: []string{correction.RoleSupervisor}, Regions: []string{"00"}},
}

func TestACitizenFilesEachKindAndReadsWhatHappensNow(t *testing.T) {
	u := newTownhall(t, liNa)
	must(t, u.store.AddCredential(t.Context(), storage.Credential{
		ID: "old", PersonID: u.person(liNa).ID, Method: "sms", Handle: "+8613700000009", CreatedAt: u.clock(), LastUsedAt: u.clock(),
	}))
	for what, c := range map[string]struct {
		form []string
		kind correction.Kind
		says string
	}{
		"name":  {[]string{"value", "李娜娜"}, correction.KindAttribute, "李娜娜"},
		"phone": {[]string{"option", "old", "statement", "去年停用"}, correction.KindAttribute, "137****0009"},
		"link":  {[]string{"option", "", "statement", "看到别人的社保"}, correction.KindCollision, "看到别人的社保"},
		"twice": {[]string{"statement", "换过护照"}, correction.KindDuplicate, "换过护照"},
		"life":  {[]string{"statement", "我还活着"}, correction.KindLifecycle, "我还活着"},
		"other": {[]string{"statement", "说不清楚"}, correction.KindConflict, "说不清楚"},
	} {
		at := u.complain(u.b, u.url+"/complaints/new/"+what, c.form...)
		text := body(t, at)
		got := u.filed(at)
		me := u.person(liNa).ID
		if got.Kind != string(c.kind) || got.PersonID != me || got.Filer != correction.Person(me) {
			t.Errorf("%s: %+v", what, got.Case)
		}
		due := got.DueAt.In(time.FixedZone("", 8*3600)).Format("1月2日")
		for _, want := range []string{got.Number, c.says, due, "等待受理", "已收到"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the page does not say %q", what, want)
			}
		}
		last := got.Body.Evidence[len(got.Body.Evidence)-1]
		if last.Source != got.Filer || last.ACR != 1 || last.At.IsZero() {
			t.Errorf("%s: evidence of %+v", what, last)
		}
		if list := body(t, u.get(u.b, u.url+"/complaints")); !strings.Contains(list, got.Number) {
			t.Errorf("%s: not in the list", what)
		}
	}
	if text := body(t, u.get(u.b, u.url+"/account")); !strings.Contains(text, "正在处理") || !strings.Contains(text, "/complaints/case/") {
		t.Error("the account page does not tell of it")
	}
	if text := body(t, u.get(u.b, u.url+"/account/history")); !strings.Contains(text, "报告一个问题") {
		t.Error("the history does not tell of it")
	}
}

func TestAComplaintThatSaysTooLittleOrTooMuchKeepsWhatWasTyped(t *testing.T) {
	u := newTownhall(t, liNa)
	for name, c := range map[string]struct {
		what string
		form []string
		want string
	}{
		"nothing":           {"other", []string{"statement", " \n "}, "请写几句"},
		"too much":          {"other", []string{"statement", strings.Repeat("长", 2001)}, strings.Repeat("长", 2001)},
		"no name":           {"name", []string{"value", "12", "statement", "这一句要留着"}, "这一句要留着"},
		"another's phone":   {"phone", []string{"option", "somebody's", "statement", "这一句要留着"}, "这一句要留着"},
		"without agreement": {"takeover", []string{"statement", "这一句要留着"}, "这一句要留着"},
	} {
		at := u.complain(u.b, u.url+"/complaints/new/"+c.what, c.form...)
		if text := body(t, at); at.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(text, c.want) || !strings.Contains(text, `role="alert"`) {
			t.Errorf("%s: %d", name, at.StatusCode)
		}
	}
	if at := u.get(u.b, u.url+"/complaints/new/else"); at.StatusCode != http.StatusNotFound {
		t.Errorf("of no kind: %d", at.StatusCode)
	}
	if n, err := u.store.CountCases(t.Context()); err != nil || len(n) > 0 {
		t.Errorf("%v, %v", n, err)
	}
}

func TestAFormThatIsSentTwiceIsOneCase(t *testing.T) {
	u := newTownhall(t, liNa)
	form := []string{"statement", "一次", "once", "ONCE", "action", "file"}
	first := u.filed(u.post(u.b, u.url+"/complaints/new/other", form...))
	if again := u.filed(u.post(u.b, u.url+"/complaints/new/other", form...)); again.ID != first.ID {
		t.Error("two cases")
	}
	form[1] = "改过的话"
	if other := u.filed(u.post(u.b, u.url+"/complaints/new/other", form...)); other.ID == first.ID || other.Body.Statement != "改过的话" {
		t.Error("what was written anew is lost")
	}
}

func TestACitizenAddsWordsAndFilesWithdrawsAndObjects(t *testing.T) {
	u := newTownhall(t, liNa)
	c := u.filed(u.complain(u.b, u.url+"/complaints/new/other", "statement", "不对"))
	at := u.url + "/complaints/case/" + c.Number
	shown := u.send(u.b, at+"/add", "还有一句", "户口本.png", photo(t))
	text := body(t, shown)
	file := regexp.MustCompile(`href="([^"]+/file/[^"]+)"`).FindStringSubmatch(text)
	if shown.StatusCode != http.StatusOK || !strings.Contains(text, "还有一句") || !strings.Contains(text, "户口本.png") || file == nil {
		t.Fatalf("%d %s", shown.StatusCode, text)
	}
	got := u.get(u.b, u.url+file[1])
	if config, err := png.DecodeConfig(got.Body); err != nil || config.Width != 40 {
		t.Errorf("%+v %v", config, err)
	}
	for header, want := range map[string]string{
		"Content-Type": "image/png", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox",
		"Content-Disposition": `attachment; filename="` + c.Number + `-1.png"`, "Cache-Control": "no-store",
	} {
		if got.Header.Get(header) != want {
			t.Errorf("%s: %q", header, got.Header.Get(header))
		}
	}
	last := u.numbered(c.Number).Body.Evidence
	if e := last[len(last)-1]; e.Source != c.Filer || e.ACR != 1 || e.File == nil || e.Said["text"] != "还有一句" {
		t.Errorf("%+v", e)
	}

	must(t, u.q.Reject(t.Context(), officers[0], u.numbered(c.Number), "登记信息无误"))
	text = body(t, u.get(u.b, at))
	if !strings.Contains(text, "登记信息无误") || strings.Contains(text, "wang") || strings.Contains(text, "/withdraw") || strings.Contains(text, "/add") {
		t.Error("the page after a rejection")
	}
	if again := u.post(u.b, at+"/withdraw"); again.StatusCode != http.StatusConflict || !strings.Contains(body(t, again), `role="alert"`) {
		t.Errorf("withdrawn after it ended: %d", again.StatusCode)
	}
	if text = body(t, u.get(u.b, u.url+"/account")); !strings.Contains(text, "有了结果") {
		t.Error("the account page does not tell of the decision")
	}
	if text = body(t, u.post(u.b, at+"/object", "text", "请再看一次")); !strings.Contains(text, "已提出异议") {
		t.Error("not objected")
	}
	if got := u.numbered(c.Number); got.State() != correction.Appealed {
		t.Errorf("%s", got.State())
	}
	if text = body(t, u.post(u.b, at+"/withdraw")); !strings.Contains(text, "已撤回") || u.numbered(c.Number).State() != correction.Withdrawn {
		t.Error("not withdrawn")
	}
	must(t, u.q.Reopen(t.Context(), officers[0], u.numbered(c.Number), ""))
	must(t, u.q.Reject(t.Context(), officers[0], u.numbered(c.Number), ""))
	u.pass(61 * 24 * time.Hour)
	u.signIn(u.b, liNa, u.request("main"))
	if text = body(t, u.get(u.b, at)); strings.Contains(text, "/object") {
		t.Error("objected to after its time")
	}
	if late := u.post(u.b, at+"/object", "text", "太迟"); late.StatusCode != http.StatusConflict {
		t.Errorf("%d", late.StatusCode)
	}
}

func TestWhoeverACaseIsAboutSeesItAndNotWhatOthersSaid(t *testing.T) {
	u := newTownhall(t, liNa)
	me := u.person(liNa).ID
	c, err := u.q.File(t.Context(), correction.Filing{
		Filer: correction.Application("main"), Kind: correction.KindLink, Person: me, Statement: "另一个人的话",
		Evidence: []correction.Evidence{{Source: correction.Application("main"), Said: map[string]string{"text": "别人的证据"}}},
	})
	must(t, err)
	text := body(t, u.get(u.b, u.url+"/complaints/case/"+c.Number))
	if !strings.Contains(text, c.Number) || strings.Contains(text, "另一个人的话") || strings.Contains(text, "别人的证据") || strings.Contains(text, "/withdraw") {
		t.Error("the page of a case about a citizen")
	}
	// What they file about the same is decided there, and followed under a number of its own.
	must(t, u.q.Take(t.Context(), officers[0], c))
	mine, err := u.q.File(t.Context(), correction.Filing{Filer: correction.Person(me), Kind: correction.KindLink, Person: me, Statement: "我也发现了"})
	must(t, err)
	shown := u.get(u.b, u.url+"/complaints/case/"+mine.Number)
	if text = body(t, shown); !strings.Contains(text, "正在核实") || !strings.Contains(text, "我也发现了") || !strings.Contains(text, "已经有人报告过") {
		t.Errorf("the page of a joined case: %d", shown.StatusCode)
	}
	if at := u.send(u.b, u.url+"/complaints/case/"+mine.Number+"/add", "补一句", "", nil); at.StatusCode != http.StatusOK {
		t.Errorf("%d", at.StatusCode)
	}
	if e := u.numbered(c.Number).Body.Evidence; e[len(e)-1].Said["text"] != "补一句" {
		t.Error("what was added is not where it is decided")
	}
}

func TestWhoHadTwoRecordsFollowsWhatTheyFiledWithEither(t *testing.T) {
	u := newTownhall(t, liNa)
	other := u.browser()
	u.signIn(other, aynur, u.request("main"))
	c := u.filed(u.complain(other, u.url+"/complaints/new/twice", "statement", "这也是我"))
	from, into := u.person(aynur).ID, u.person(liNa).ID
	must(t, u.store.StepCase(t.Context(), storage.CaseStep{
		Case: storage.Case{ID: "m", Number: "m", UpdatedAt: u.clock()}, Events: []storage.CaseEvent{{What: "filed"}},
		Correction: &storage.Correction{ID: "m", Merges: []storage.Merge{{From: from, Into: into}}},
		Audit:      func(int64) ([]byte, error) { return []byte(`{}`), nil },
	}))
	u.pass(time.Second)
	u.signIn(u.b, liNa, u.request("main"))
	at := u.url + "/complaints/case/" + c.Number
	if text := body(t, u.get(u.b, u.url+"/complaints")); !strings.Contains(text, c.Number) {
		t.Error("it is not listed")
	}
	if text := body(t, u.get(u.b, at)); !strings.Contains(text, "这也是我") {
		t.Error("it does not show what was said")
	}
	if text := body(t, u.post(u.b, at+"/withdraw")); !strings.Contains(text, "已撤回") {
		t.Error("it is not theirs any more")
	}
}

func TestAPageThatAnswersAFormIsLeftByItsSwitches(t *testing.T) {
	u := newTownhall(t, liNa)
	c := u.filed(u.complain(u.b, u.url+"/complaints/new/other", "statement", "不对"))
	at := u.url + "/complaints/case/" + c.Number
	refused := u.send(u.b, at+"/add", "", "", nil)
	for _, m := range regexp.MustCompile(`href="(/(?:language|care)\?[^"]+)"`).FindAllStringSubmatch(body(t, refused), -1) {
		if got := u.get(u.b, u.url+strings.ReplaceAll(m[1], "&amp;", "&")); got.StatusCode != http.StatusOK || page(got) != at {
			t.Errorf("%s leads to %d at %s", m[1], got.StatusCode, page(got))
		}
	}
}
