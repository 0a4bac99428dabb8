package demo

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"manyou/authenticators/otp"
)

func TestTheInboxIsBoundedAndNewestFirst(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var told int
	b := &inbox{clock: func() time.Time { return now }, delivered: func(Message) { told++ }}
	for i := range maxMessages + 10 {
		if err := b.Send(context.Background(), otp.Message{Phone: "+8613800000331", Text: "t", Code: fmt.Sprintf("%06d", i)}); err != nil {
			t.Fatal(err)
		}
	}
	list := b.newestFirst()
	if len(list) != maxMessages || list[0].Code != fmt.Sprintf("%06d", maxMessages+9) || told != maxMessages+10 {
		t.Errorf("%d messages, first %s, told of %d", len(list), list[0].Code, told)
	}
}

func TestThePhoneShowsWhoGotWhatAndEscapesIt(t *testing.T) {
	b := &inbox{clock: time.Now, delivered: func(Message) {}}
	p := phone{inbox: b, citizens: Citizens()}.handler()
	if err := b.Send(context.Background(), otp.Message{Phone: "+8613800000331", Text: "<script>", Code: "123456"}); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	for _, want := range []string{"李娜", "86 138 0000 0331", "123456", "&lt;script&gt;"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("no %q in %s", want, w.Body)
		}
	}
	if csp := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %q", csp)
	}
	w = httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, inboxPath, nil))
	if body := w.Body.String(); !strings.HasPrefix(body, `[{"phone":"+8613800000331","text":"\u003cscript\u003e","code":"123456","sent_at":"`) {
		t.Errorf("list %s", body)
	}
}

func TestThePhoneSaysHowToGoOnFromAMistake(t *testing.T) {
	var outcome error
	p := phone{
		inbox: &inbox{clock: time.Now}, citizens: Citizens(), home: "http://home.example/", away: "http://away.example/",
		mistake: func(context.Context) error { return outcome },
	}.handler()
	for _, outcome = range []error{nil, ErrTooEarly} {
		w := httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(http.MethodPost, mistakePath, nil))
		to, _, found := strings.Cut(w.Header().Get("Location"), "#mistake")
		w = httptest.NewRecorder()
		p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, to, nil))
		for _, want := range []string{"Li Na", `href="http://home.example/"`, `href="http://away.example/"`} {
			if !strings.Contains(w.Body.String(), want) || !found {
				t.Errorf("after %v, at %s: no %q in %s", outcome, to, want, w.Body)
			}
		}
	}
}

func TestTheScreenAlignsChinese(t *testing.T) {
	var b strings.Builder
	s := NewScreen(&b, true)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range Citizens() {
		s.Message(Message{Phone: c.Phone, Code: "123456", SentAt: at})
	}
	column := 0
	for line := range strings.Lines(b.String()) {
		text, _, found := strings.Cut(plain(line), "123456")
		if !found || column != 0 && cells(text) != column {
			t.Errorf("the code of %q stands at %d, others at %d", line, cells(text), column)
		}
		column = cells(text)
	}
}
