package idp_test

import (
	"crypto/rand"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"manyou/federation/correction"
	"manyou/storage"
)

func TestFromATakeoverReportOnTheAccountIsFrozenAndTheCaseIsFollowedAllTheSame(t *testing.T) {
	u := newTownhall(t, liNa)
	if text := body(t, u.get(u.b, u.url+"/complaints/new/takeover")); !strings.Contains(text, "立刻冻结") {
		t.Error("it does not say before what happens")
	}
	at := u.complain(u.b, u.url+"/complaints/new/takeover", "statement", "不是我登录的", "sure", "yes")
	c := u.filed(at)
	if text := body(t, at); !strings.Contains(page(at), "/complaints/as/") || !strings.Contains(text, c.Number) || !strings.Contains(text, "账号现在冻结") {
		t.Fatalf("%s", page(at))
	}
	if u.person(liNa).Status == storage.PersonActive {
		t.Error("not frozen")
	}
	if other := u.get(u.b, u.url+"/account"); !strings.Contains(page(other), "/signin/") {
		t.Errorf("the session goes on: %s", page(other))
	}
	u.pass(31 * time.Minute)
	if late := u.get(u.b, page(at)); late.StatusCode != http.StatusForbidden {
		t.Errorf("the pass after half an hour: %d", late.StatusCode)
	}
	// Whoever proves again who they are has another.
	refused := u.signInFrom(u.b, liNa, u.get(u.b, u.request("main")))
	again := passOf(t, body(t, refused))
	if text := body(t, u.get(u.b, u.url+again)); refused.StatusCode != http.StatusForbidden || !strings.Contains(text, c.Number) {
		t.Errorf("%d", refused.StatusCode)
	}
}

var passLink = regexp.MustCompile(`href="(/complaints/as/[^"/]+)"`)

func passOf(t testing.TB, text string) string {
	t.Helper()
	m := passLink.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no pass on the page: %s", text)
	}
	return m[1]
}

// TestAttackWhoTookAnAccountOverAndProvesItsPhone: the refusal page helps the one whom it keeps out as little as it can.
func TestAttackWhoTookAnAccountOverAndProvesItsPhone(t *testing.T) {
	u := newTownhall(t, liNa)
	c := u.filed(u.complain(u.b, u.url+"/complaints/new/takeover", "statement", "我妹妹知道我的密码", "sure", "yes"))
	thief := u.browser()
	as := u.url + passOf(t, body(t, u.signInFrom(thief, liNa, u.get(thief, u.request("main")))))
	at := as + "/case/" + c.Number
	if text := body(t, u.get(thief, at)); strings.Contains(text, "我妹妹") || strings.Contains(text, "/withdraw") {
		t.Error("the thief reads what was said, or may withdraw it")
	}
	if got := u.post(thief, at+"/withdraw"); got.StatusCode != http.StatusConflict {
		t.Errorf("withdrawn: %d", got.StatusCode)
	}
	if u.person(liNa).Status == storage.PersonActive {
		t.Error("not frozen any more")
	}
	// Nor a case whose freeze an officer placed.
	other := u.filed(u.complain(thief, as+"/new/other", "statement", "放我进去"))
	if got := u.post(thief, as+"/case/"+other.Number+"/withdraw"); got.StatusCode != http.StatusConflict {
		t.Errorf("withdrawn with a pass: %d", got.StatusCode)
	}
	for _, elsewhere := range []string{"/account", "/account/history", "/userinfo"} {
		if got := u.get(thief, u.url+elsewhere); strings.Contains(body(t, got), liNa.name) {
			t.Errorf("%s shows the account", elsewhere)
		}
	}
	if e := u.numbered(other.Number).Body.Evidence; e[len(e)-1].Said["by"] != "refused_sign_in" {
		t.Error("officers do not see how it was filed")
	}
}

func TestACaseThatKeepsSomebodyOutIsNotWithdrawnByAPage(t *testing.T) {
	u := newTownhall(t, liNa)
	_, d := u.withPasskey(liNa)
	b := u.browser()
	begun := u.get(b, u.request("main"))
	answer(t, u.post(b, page(begun), "action", "passkey", "answer", d.assert(body(t, begun))))
	c := u.filed(u.complain(b, u.url+"/complaints/new/link", "option", "", "statement", "不是我"))
	at := u.url + "/complaints/case/" + c.Number
	if !strings.Contains(body(t, u.get(b, at)), "/withdraw") {
		t.Error("cannot be withdrawn")
	}
	must(t, u.q.StepUp(t.Context(), officers[0], c, ""))
	u.pass(time.Second) // the session was begun with a passkey, and stands
	if text := body(t, u.get(b, at)); strings.Contains(text, "/withdraw") || !strings.Contains(text, "只能用通行密钥") {
		t.Errorf("with a session under it: %s", text)
	}
	if got := u.post(b, at+"/withdraw"); got.StatusCode != http.StatusConflict {
		t.Errorf("%d", got.StatusCode)
	}
}

func TestAttackAForgedReplayedOrStolenPass(t *testing.T) {
	u := newTownhall(t, liNa)
	c := u.filed(u.complain(u.b, u.url+"/complaints/new/takeover", "statement", "不是我", "sure", "yes"))
	b := u.browser()
	as := u.url + passOf(t, body(t, u.signInFrom(b, liNa, u.get(b, u.request("main")))))
	if got := u.get(b, as+"/case/"+c.Number); got.StatusCode != http.StatusOK {
		t.Fatalf("%d", got.StatusCode)
	}
	cookie, err := u.vault.SealToken("session", []byte(`{"p":"x","i":"","s":"","e":9999999999}`))
	must(t, err)
	empty, err := u.vault.SealToken("complaint", []byte(`{"p":"`+u.person(liNa).ID+`","i":"","s":"","e":9999999999}`))
	must(t, err)
	stranger := u.browser()
	u.signIn(stranger, aynur, u.request("main"))
	for name, try := range map[string]func() *http.Response{
		"in another browser":          func() *http.Response { return u.get(u.browser(), as) },
		"in a stranger's, signed in":  func() *http.Response { return u.get(stranger, as+"/case/"+c.Number) },
		"changed by a letter":         func() *http.Response { return u.get(b, as[:len(as)-1]+"A") },
		"sealed for something else":   func() *http.Response { return u.get(b, u.url+"/complaints/as/"+cookie) },
		"without a secret":            func() *http.Response { return u.get(b, u.url+"/complaints/as/"+empty) },
		"nonsense":                    func() *http.Response { return u.get(b, u.url+"/complaints/as/"+strings.Repeat("A", 9000)) },
		"to file, in another browser": func() *http.Response { return u.post(u.browser(), as+"/new/other", "statement", "x", "action", "file") },
	} {
		if got := try(); got.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", name, got.StatusCode)
		}
	}
	// It opens nothing but cases, and no others.
	theirs := u.filed(u.complain(stranger, u.url+"/complaints/new/other", "statement", "别人的"))
	if got := u.get(b, as+"/case/"+theirs.Number); got.StatusCode != http.StatusNotFound {
		t.Errorf("another's case: %d", got.StatusCode)
	}
	u.pass(30 * time.Minute)
	if got := u.get(b, as); got.StatusCode != http.StatusForbidden {
		t.Errorf("after half an hour: %d", got.StatusCode)
	}
	if strings.Contains(u.log.String(), strings.TrimPrefix(as, u.url+"/complaints/as/")) {
		t.Error("the pass is in the log")
	}
}

func TestAProvinceLeadsToTheNationsPagesAndNobodySignsInTwice(t *testing.T) {
	h := newHub(t)
	h.subscribed(t)
	b, _, _ := h.roamed(t)
	text := body(t, h.zhejiang.get(b, h.zhejiang.url+"/account"))
	if !strings.Contains(text, `href="`+h.nation.url+`/complaints"`) {
		t.Fatal("the account page of a province has no link")
	}
	at := h.nation.get(b, h.nation.url+"/complaints")
	if at.StatusCode != http.StatusOK || page(at) != h.nation.url+"/complaints" {
		t.Fatalf("%d at %s", at.StatusCode, page(at))
	}
	u := &townhall{h.nation, b, &correction.Queue{Store: h.nation.store, Policy: correction.DefaultPolicy(), Clock: h.nation.clock, Random: rand.Reader}}
	c := u.filed(u.complain(b, u.url+"/complaints/new/other", "statement", "不对"))
	if e := c.Body.Evidence; len(e[len(e)-1].Chain) != 1 || e[len(e)-1].Chain[0] != h.zhejiang.url {
		t.Errorf("it does not say where they signed in: %+v", e)
	}
	link := u.complain(b, u.url+"/complaints/new/takeover", "statement", "不是我", "sure", "yes")
	frozen := u.filed(link)
	eventually(t, "the province that knows her by the nation has heard", func() bool {
		return h.sichuan.person(liNa).Status == storage.PersonFrozen
	})
	// Refused there, and led to where the case is.
	h.pass(time.Second)
	other := h.browser()
	refused := h.sichuan.signInFrom(other, liNa, h.sichuan.get(other, h.sichuan.request("main")))
	if text := body(t, refused); refused.StatusCode != http.StatusForbidden || !strings.Contains(text, frozen.Number) ||
		!strings.Contains(text, `href="`+h.nation.url+`/complaints"`) {
		t.Errorf("%d at %s", refused.StatusCode, page(refused))
	}
}
