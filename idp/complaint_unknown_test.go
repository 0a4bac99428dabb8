package idp_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"manyou/federation/correction"
)

// stranger goes to where somebody is asked who they are, having proven a phone.
func (u *townhall) stranger(b *http.Client, phone string) *http.Response {
	u.t.Helper()
	before := u.sent()
	at := u.get(b, u.request("main"))
	at = u.post(b, page(at), "action", "phone", "phone", phone)
	return u.post(b, page(at), "action", "code", "code", u.code(phone, before))
}

func TestWhomTheRegisterDoesNotKnowFilesAndFollowsByTheirPhone(t *testing.T) {
	u := newTownhall(t, liNa)
	b := u.browser()
	at := u.stranger(b, "+8613900000077")
	at = u.post(b, page(at), "action", "identify", "name", "无名氏", "document_kind", "resident_id", "document_number", aynur.number)
	link := regexp.MustCompile(`href="(/signin/[^"]+/complain)"`).FindStringSubmatch(body(t, at))
	if link == nil {
		t.Fatal("the page has a dead end")
	}
	list := u.get(b, u.url+link[1])
	form := u.get(b, page(list)+"/new")
	done := u.complain(b, page(form), "option", "65", "statement", "姓名里的字对不上")
	c := u.filed(done)
	if c.PersonID != "" || c.Region != "65" || c.Kind != string(correction.KindConflict) || !strings.HasPrefix(c.Filer, "visitor:") ||
		strings.Contains(c.Filer, "00077") || c.Body.Evidence[0].Said["phone_proven"] != "+8613900000077" {
		t.Errorf("%+v %+v", c.Case, c.Body)
	}
	if text := body(t, done); !strings.Contains(text, "姓名里的字对不上") || !strings.Contains(text, c.Number) {
		t.Error("the page of the case")
	}
	// Later, at another device, by the same phone and no other.
	u.pass(time.Hour)
	for phone, want := range map[string]int{"+8613900000077": http.StatusOK, "+8613900000078": http.StatusNotFound} {
		b := u.browser()
		u.stranger(b, phone)
		at := u.stranger(b, phone)
		link := regexp.MustCompile(`href="(/signin/[^"]+/complain)"`).FindStringSubmatch(body(t, at))
		list := u.get(b, u.url+link[1])
		if got := u.get(b, page(list)+"/case/"+c.Number); got.StatusCode != want {
			t.Errorf("by %s: %d", phone, got.StatusCode)
		}
		if got := u.get(b, page(list)+"/new/takeover"); got.StatusCode != http.StatusNotFound {
			t.Errorf("freezes whom: %d", got.StatusCode)
		}
	}
}

// TestAttackTheRefusalPageTellsWhoExists: what somebody without an identity reads is the same whether they named a person who exists or not.
func TestAttackTheRefusalPageTellsWhoExists(t *testing.T) {
	u := newTownhall(t, liNa)
	ask := func(phone, name, document string) (texts []string) {
		b := u.browser()
		at := u.stranger(b, phone)
		refused := body(t, u.post(b, page(at), "action", "identify", "name", name, "document_kind", "resident_id", "document_number", document))
		link := regexp.MustCompile(`href="(/signin/[^"]+/complain)"`).FindStringSubmatch(refused)
		list := u.get(b, u.url+link[1])
		form := page(list) + "/new/unknown"
		asked := body(t, u.get(b, form))
		done := body(t, u.post(b, form, "option", "33", "statement", "我是"+name, "once", "x", "action", "file"))
		return []string{refused, body(t, list), asked, done}
	}
	known := ask("+8613900000071", liNa.name, liNa.number)
	unknown := ask("+8613900000072", "无名氏", number("33000019900307009"))
	same := func(text string) string {
		for _, differs := range []string{liNa.name, liNa.number, "无名氏", number("33000019900307009")} {
			text = strings.ReplaceAll(text, differs, "")
		}
		text = regexp.MustCompile(`(/signin|/complaints/as|%2Fsignin|%2Fcomplaints%2Fas)[^"&<]*`).ReplaceAllString(text, "")
		text = regexp.MustCompile(`name="(once|by)" value="[^"]*"`).ReplaceAllString(text, "")
		return regexp.MustCompile(`[0-9A-Z]{4}-[0-9A-Z]{4}`).ReplaceAllString(text, "")
	}
	for n := range known {
		if a, b := same(known[n]), same(unknown[n]); a != b {
			t.Errorf("page %d tells them apart:\n%s\n%s", n, a, b)
		}
	}
	refused := 0
	for n := range 30 {
		b := u.browser()
		at := u.stranger(b, fmt.Sprintf("+86139000001%02d", n))
		link := regexp.MustCompile(`href="(/signin/[^"]+/complain)"`).FindStringSubmatch(body(t, at))
		list := u.get(b, u.url+link[1])
		if got := u.post(b, page(list)+"/new/unknown", "option", "33", "statement", "x", "once", "x", "action", "file"); got.StatusCode == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused != 30+2-20 {
		t.Errorf("of one network %d were refused", refused)
	}
}
