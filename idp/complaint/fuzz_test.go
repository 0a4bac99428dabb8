package complaint

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"manyou/federation/correction/evidence"
)

// FuzzUpload: whatever a browser sends as a form with a file is refused, or is within the bounds, and a name or text in it is one.
func FuzzUpload(f *testing.F) {
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	_ = m.SetBoundary("b")
	_ = m.WriteField("text", "还有一句")
	part, err := m.CreateFormFile("file", `..\..\a"<b>.png`)
	if err != nil {
		f.Fatal(err)
	}
	_, _ = part.Write([]byte("\x89PNG"))
	_ = m.Close()
	f.Add(form.Bytes())
	f.Add([]byte("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"/etc/passwd\"\r\n\r\nx\r\n--b--"))
	f.Add([]byte(strings.Repeat("--b\r\nContent-Disposition: form-data; name=text\r\n\r\n\r\n", 20) + "--b--"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(raw))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		u, err := read(httptest.NewRecorder(), r, true)
		if err != nil {
			return
		}
		if len(u.body) > evidence.MaxSize+1 || u.tooLarge != (len(u.body) > evidence.MaxSize) || len(u.text) > maxText {
			t.Fatalf("%d bytes, %d of text", len(u.body), len(u.text))
		}
		if !utf8.ValidString(u.name) || utf8.RuneCountInString(u.name) > maxName || strings.ContainsAny(u.name, "/\\\r\n") ||
			strings.ContainsFunc(u.name, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Fatalf("name %q", u.name)
		}
		if text, _ := said(u.text); !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }) {
			t.Fatalf("text %q", text)
		}
	})
}
