package idp_test

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"manyou/federation/correction"
	"manyou/federation/correction/evidence"
)

// opened is a case of a citizen's own that waits for an officer, and where it is.
func (u *townhall) opened() (*correction.Case, string) {
	u.t.Helper()
	c := u.filed(u.complain(u.b, u.url+"/complaints/new/other", "statement", "不对"))
	return c, u.url + "/complaints/case/" + c.Number
}

// bomb is a PNG of that many pixels a side, without any.
func bomb(side uint32) []byte {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("IHDR"), side), side)
	head = append(head, 8, 6, 0, 0, 0)
	raw := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	return binary.BigEndian.AppendUint32(raw, crc32.ChecksumIEEE(head))
}

func onPaper(t testing.TB, object string) []byte {
	t.Helper()
	return []byte("%PDF-1.7\n" + object + "xref\n0 1\ntrailer << /Root 1 0 R >>\nstartxref\n9\n%%EOF\n")
}

func TestAttackEvidenceThatIsNoEvidence(t *testing.T) {
	u := newTownhall(t, liNa)
	c, at := u.opened()
	var zipped, packed bytes.Buffer
	z := zip.NewWriter(&zipped)
	_, err := z.Create("a")
	must(t, err)
	must(t, z.Close())
	f := zlib.NewWriter(&packed)
	_, err = f.Write(make([]byte, 200<<20))
	must(t, err)
	must(t, f.Close())
	for name, e := range map[string]struct {
		file string
		raw  []byte
		says string
	}{
		"a page":                        {"a.png", []byte("<html><script>alert(1)</script></html>"), "只能上传"},
		"a ZIP named .pdf":              {"a.pdf", zipped.Bytes(), "只能上传"},
		"too many bytes":                {"a.png", append(photo(t), make([]byte, evidence.MaxSize)...), "5 MB"},
		"too many pixels":               {"a.png", bomb(100_000), "尺寸太大"},
		"a picture that ends too early": {"a.png", bomb(100), "打不开"},
		"a paper that unpacks to more than there is room for": {"a.pdf", onPaper(t, fmt.Sprintf(
			"5 0 obj\n<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream\nendobj\n", packed.Len(), packed.Bytes())), "5 MB"},
		"a paper with a program": {"a.pdf", onPaper(t, "7 0 obj << /S /JavaScript /JS (x) >> endobj\n"), "含有程序"},
		"nothing":                {"a.png", nil, "请写几句"},
	} {
		words := "这一句要留着"
		if e.raw == nil {
			words = ""
		}
		got := u.send(u.b, at+"/add", words, e.file, e.raw)
		if text := body(t, got); got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(text, e.says) || !strings.Contains(text, words) {
			t.Errorf("%s: %d", name, got.StatusCode)
		}
	}
	if got := u.send(u.b, at+"/add", strings.Repeat("长", 3000), "", nil); got.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("too many words: %d", got.StatusCode)
	}
	if got := u.send(u.b, at+"/add", "", "a.png", make([]byte, 30<<20)); got.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("far too many bytes: %d", got.StatusCode)
	}
	if got := u.post(u.b, at+"/add", "text", "not a form with a file"); got.StatusCode != http.StatusBadRequest {
		t.Errorf("another kind of form: %d", got.StatusCode)
	}
	if now := u.numbered(c.Number); now.Version != c.Version {
		t.Error("something was added")
	}
}

func TestAttackMoreFilesThanACaseMayHave(t *testing.T) {
	u := newTownhall(t, liNa)
	c, at := u.opened()
	for n := range correction.MaxFiles + 1 {
		got := u.send(u.b, at+"/add", "", fmt.Sprint(n, ".png"), photo(t))
		want := http.StatusOK
		if n == correction.MaxFiles {
			want = http.StatusUnprocessableEntity
		}
		if text := body(t, got); got.StatusCode != want || (n == correction.MaxFiles-1) != strings.Contains(text, "文件已满 10 个，不能") && n < correction.MaxFiles {
			t.Errorf("file %d: %d", n, got.StatusCode)
		}
	}
	if n := len(u.numbered(c.Number).Files()); n != correction.MaxFiles {
		t.Errorf("%d files", n)
	}
}

func TestAttackScriptInAStatementANameAndAFileName(t *testing.T) {
	u := newTownhall(t, liNa)
	script := `<script>alert(1)</script>"'><img src=x onerror=alert(1)>`
	c := u.filed(u.complain(u.b, u.url+"/complaints/new/other", "statement", script))
	at := u.url + "/complaints/case/" + c.Number
	got := u.send(u.b, at+"/add", script, `x"><script>alert(1)`+"\r\n.png", photo(t))
	text := body(t, got)
	if strings.Contains(text, "<script>alert") || strings.Contains(text, "<img") || !strings.Contains(text, "&lt;script&gt;alert(1)&lt;/script&gt;") {
		t.Error("it is not shown as a text")
	}
	if csp := got.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "script-src") {
		t.Errorf("%s", csp)
	}
	file := regexp.MustCompile(`href="([^"]+/file/[^"]+)"`).FindStringSubmatch(text)
	if file == nil {
		t.Fatal("the file is not listed")
	}
	if d := u.get(u.b, u.url+file[1]).Header.Get("Content-Disposition"); d != `attachment; filename="`+c.Number+`-1.png"` {
		t.Errorf("%s", d)
	}
	name := `"><script>alert(1)</script>`
	if text := body(t, u.complain(u.b, u.url+"/complaints/new/name", "value", name)); strings.Contains(text, "<script>alert") {
		t.Error("a name is not shown as a text")
	}
	if text := body(t, u.complain(u.b, u.url+"/complaints/new/takeover", "statement", name)); strings.Contains(text, "<script>alert") {
		t.Error("what is typed again is not shown as a text")
	}
}

func TestAttackSomebodyElsesCaseIsLikeNone(t *testing.T) {
	u := newTownhall(t, liNa)
	c, at := u.opened()
	shown := u.send(u.b, at+"/add", "", "a.png", photo(t))
	file := regexp.MustCompile(`href="([^"]+/file/[^"]+)"`).FindStringSubmatch(body(t, shown))[1]
	other := u.browser()
	u.signIn(other, aynur, u.request("main"))
	none := strings.Replace(at, c.Number, "2222-2222", 1)
	reference := regexp.MustCompile(`[0-9A-Z]{4}-[0-9A-Z]{4}`)
	for what, ask := range map[string]func(at string) *http.Response{
		"read":     func(at string) *http.Response { return u.get(other, at) },
		"add":      func(at string) *http.Response { return u.send(other, at+"/add", "我也来", "a.png", photo(t)) },
		"withdraw": func(at string) *http.Response { return u.post(other, at+"/withdraw") },
		"object":   func(at string) *http.Response { return u.post(other, at+"/object", "text", "不同意") },
	} {
		got, nothing := ask(at), ask(none)
		if got.StatusCode != http.StatusNotFound || nothing.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d, %d", what, got.StatusCode, nothing.StatusCode)
		}
		if a, b := body(t, got), body(t, nothing); reference.ReplaceAllString(a, "") != reference.ReplaceAllString(b, "") {
			t.Errorf("%s: another's case is told from none", what)
		}
	}
	if got := u.get(other, u.url+file); got.StatusCode != http.StatusNotFound {
		t.Errorf("the file: %d", got.StatusCode)
	}
	// Nor by a case of one's own.
	mine := u.filed(u.complain(other, u.url+"/complaints/new/other", "statement", "不对"))
	if got := u.get(other, u.url+strings.Replace(file, c.Number, mine.Number, 1)); got.StatusCode != http.StatusNotFound {
		t.Errorf("the file by another case: %d", got.StatusCode)
	}
	if now := u.numbered(c.Number); now.Version != c.Version+1 {
		t.Error("the case was changed")
	}
	if text := body(t, u.get(other, u.url+"/complaints")); strings.Contains(text, c.Number) {
		t.Error("it is listed")
	}
}

func TestAttackAnotherSiteSendsTheForms(t *testing.T) {
	u := newTownhall(t, liNa)
	c, at := u.opened()
	before, err := u.store.CountCases(t.Context())
	must(t, err)
	for _, target := range []string{u.url + "/complaints/new/takeover", at + "/add", at + "/withdraw", at + "/object"} {
		for name, header := range map[string][2]string{
			"cross-site": {"Sec-Fetch-Site", "cross-site"}, "same-site": {"Sec-Fetch-Site", "same-site"}, "by its origin": {"Origin", "https://evil.example"},
		} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(url.Values{
				"statement": {"x"}, "sure": {"yes"}, "text": {"x"}, "action": {"file"},
			}.Encode()))
			must(t, err)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set(header[0], header[1])
			got, err := u.b.Do(r)
			must(t, err)
			_ = got.Body.Close()
			if got.StatusCode != http.StatusForbidden {
				t.Errorf("%s, %s: %d", target, name, got.StatusCode)
			}
		}
	}
	after, err := u.store.CountCases(t.Context())
	must(t, err)
	if fmt.Sprint(before) != fmt.Sprint(after) || u.numbered(c.Number).Version != c.Version {
		t.Error("something was changed")
	}
}

func TestAttackAFilerFloodsTheNation(t *testing.T) {
	u := newTownhall(t, liNa)
	refused := 0
	for n := range 12 {
		words := fmt.Sprint("第", n, "次")
		if got := u.post(u.b, u.url+"/complaints/new/other", "statement", words, "once", words, "action", "file"); got.StatusCode == http.StatusTooManyRequests {
			refused++
			if text := body(t, got); !strings.Contains(text, words) || !strings.Contains(text, "还没有提交") {
				t.Error("what was written is lost, or it does not say so")
			}
		}
	}
	mine, err := u.store.CasesFiledBy(t.Context(), correction.Person(u.person(liNa).ID), 100)
	must(t, err)
	if refused != 4 || len(mine) != 8 {
		t.Errorf("%d refused, %d filed", refused, len(mine))
	}
	other := u.browser()
	u.signIn(other, aynur, u.request("main"))
	if got := u.complain(other, u.url+"/complaints/new/other", "statement", "我第一次"); got.StatusCode != http.StatusOK {
		t.Errorf("somebody else of the same network: %d", got.StatusCode)
	}
	c := mine[0]
	for range 40 {
		u.send(u.b, u.url+"/complaints/case/"+c.Number+"/add", "又一句", "", nil)
	}
	if got := u.send(u.b, u.url+"/complaints/case/"+c.Number+"/add", "这一句要留着", "", nil); got.StatusCode != http.StatusTooManyRequests || !strings.Contains(body(t, got), "这一句要留着") {
		t.Errorf("additions: %d", got.StatusCode)
	}
	u.pass(24 * time.Hour)
	u.signIn(u.b, liNa, u.request("main"))
	if got := u.complain(u.b, u.url+"/complaints/new/life", "statement", "第二天"); got.StatusCode != http.StatusOK {
		t.Errorf("the next day: %d", got.StatusCode)
	}
}

// TestACaseThatOthersReportedTooIsNotWithdrawnAndTheAnswerIsItsPage: no fault of ours.
func TestACaseThatOthersReportedTooIsNotWithdrawnAndTheAnswerIsItsPage(t *testing.T) {
	u := newTownhall(t, liNa)
	c, at := u.opened()
	joined, err := u.q.File(t.Context(), correction.Filing{Filer: correction.Application("main"), Kind: correction.Kind(c.Kind), Person: c.PersonID})
	must(t, err)
	if joined.DuplicateOf != c.ID {
		t.Fatalf("%+v", joined)
	}
	if got := u.post(u.b, at+"/withdraw"); got.StatusCode != http.StatusConflict {
		t.Errorf("%d", got.StatusCode)
	}
	if u.numbered(c.Number).State() != correction.Triaged {
		t.Error("it ended")
	}
}
