package e2e

import (
	"context"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"manyou/cmd/manyou/demo"
)

// TestScreensFromTheComplaintToTheMomentWhenNoRegionHonoursTheWrongToken tells of Li Na, whom the nation takes for somebody else.
// Sichuan's application reports it, officers freeze the link and give it back to her, everybody is told, and she is herself again.
func TestScreensFromTheComplaintToTheMomentWhenNoRegionHonoursTheWrongToken(t *testing.T) {
	dir := t.TempDir()
	program := compile(t, dir)
	w := newWorld(t, func(o *demo.Options) { o.DataDir, o.Program, o.ProgramOutput = dir, []string{program}, t.Output() })
	browser, c := newBrowser(t), newCamera(t)
	shoot := func(b *tab, name string, from wardrobe) {
		if c.folder != "" {
			c.take(b, "correction-"+name, from)
		}
	}
	b := browser.newTab(t)
	w.atHome(t, b)
	b.open(w.application(sichuan))
	w.isSignedIn(b, sichuan, "李娜")

	// The mistake: the nation takes Zhejiang's word for her as word of somebody else. She has to sign in again, as after any change.
	must(t, w.Mistake(t.Context()))
	w.eventually("what she had is over", func() bool { w.newAtSichuan(b); return !b.has(citizenPage) })
	w.signInAtHome(b, "李娜")
	w.newAtSichuan(b)
	w.isSignedIn(b, sichuan, "龚䶮")
	home, away := w.newClient(t, zhejiang), w.newClient(t, sichuan)
	b.open(home.start())
	atHome := home.told(b)
	b.open(away.start())
	atSichuan := away.told(b)
	if !works(w, zhejiang, atHome.Access) || !works(w, sichuan, atSichuan.Access) || atSichuan.UserInfo["name"] != "龚䶮" {
		t.Fatalf("she is %v in Sichuan", atSichuan.UserInfo["name"])
	}

	// The application reports it.
	b.open(w.application(sichuan))
	b.unfold("#wrong")
	shoot(b, "1-application", w.applicationPage(sichuan))
	b.unfold("#wrong")
	b.fill("record", "李娜")
	b.click("#report")
	b.expect("of the clerk's desk", "#complaints .number")
	number := b.text("#complaints .number")
	shoot(b, "2-desk", w.applicationPage(sichuan))

	// An officer takes the case and freezes the link; a second confirms it.
	zhou, chen := w.officer(browser, "周明远"), w.officer(browser, "陈静怡")
	shoot(zhou, "3-queue", w.issuerPage(nation))
	at := w.issuer(nation) + "/console/cases/" + number
	zhou.open(at)
	zhou.expect("that asks for a reason", "#door")
	shoot(zhou, "4-door", w.issuerPage(nation))
	zhou.through("queue")
	zhou.click("#act-take button")
	zhou.is("in_review")
	link := `input[name="target"][value^="` + w.issuer(zhejiang) + ` "]`
	zhou.unfold(`details:has(> #act-freeze)`)
	zhou.do(clickOn("#act-freeze "+link), chromedp.SendKeys(chromedp.CSS("#act-freeze textarea"), "应用与浙江所说的不是同一个人"))
	zhou.click("#act-freeze button")
	zhou.expect("that says what was done", "#done")
	shoot(zhou, "5-frozen", w.issuerPage(nation))
	w.eventually("her tokens stop working in both provinces", func() bool {
		return !works(w, zhejiang, atHome.Access) && !works(w, sichuan, atSichuan.Access)
	})
	if w.newAtSichuan(b); b.has(citizenPage) {
		t.Errorf("she is let in:\n%s", b.told())
	}
	chen.open(at)
	chen.through("second")
	chen.click(`#holds button[value="confirm"]`)
	chen.expect("that says what was done", "#done")

	// One proposes, the other approves.
	zhou.open(at)
	zhou.unfold(`details:has(> #propose-relink)`)
	li := w.citizen("李娜")
	zhou.do(clickOn("#propose-relink "+strings.Replace(link, "target", "link", 1)),
		chromedp.SendKeys(chromedp.CSS("#propose-relink [name=other_number]"), li.DocumentNumber),
		chromedp.SendKeys(chromedp.CSS("#propose-relink textarea"), "浙江登记的证件是李娜的"))
	zhou.click("#propose-relink button")
	zhou.is("proposed")
	if zhou.has("#act-approve") {
		t.Error("who proposes may approve")
	}
	chen.open(at)
	chen.expect("with the proposal", "#proposal")
	shoot(chen, "6-proposal", w.issuerPage(nation))
	chen.click("#act-approve button")

	// Everybody is told, and says so.
	w.eventually("all regions and applications have acknowledged", func() bool { chen.open(at); return chen.has("#state.closed") })
	told := ask[[]string](chen, `[...document.querySelectorAll("#deliveries tr[data-client]")].map(r => r.dataset.client + " " + r.lastElementChild.textContent.trim())`)
	for _, region := range []string{zhejiang, sichuan} {
		if !slices.ContainsFunc(told, func(line string) bool { return strings.HasPrefix(line, "issuer-"+region+" 20") }) {
			t.Errorf("%s has not acknowledged, or the page does not say when: %v", region, told)
		}
	}
	if chen.has("#deliveries .waiting") {
		t.Errorf("somebody has not acknowledged: %v", told)
	}
	shoot(chen, "7-closed", w.issuerPage(nation))
	w.eventually("the application was told", func() bool {
		b.open(w.application(sichuan) + "/desk")
		return strings.Contains(b.text("#events"), "身份已更正") && strings.Contains(b.text("#events"), number)
	})
	if lines := strings.Split(b.text("#events"), "\n"); len(lines) != len(slices.Compact(slices.Sorted(slices.Values(lines)))) {
		t.Errorf("the application says twice what happened once: %q", lines)
	}
	shoot(b, "8-events", w.applicationPage(sichuan))

	// She is the right person again, and what she had as another is worth nothing.
	w.signInAtHome(b, "李娜")
	w.newAtSichuan(b)
	w.isSignedIn(b, sichuan, "李娜")
	shoot(b, "9-herself", w.applicationPage(sichuan))
	if works(w, zhejiang, atHome.Access) || works(w, sichuan, atSichuan.Access) {
		t.Error("a token of before works again")
	}
	out, err := exec.CommandContext(t.Context(), program, "audit", "verify", "--config", filepath.Join(dir, "nation.yaml")).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "records are as they were written") {
		t.Errorf("%v: %s", err, out)
	}
}

// works reports whether an issuer still answers for an access token.
func works(w *world, region, token string) bool {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.issuer(region)+"/userinfo", nil)
	must(w.t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := w.Client.Do(r)
	must(w.t, err)
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// officer is the browser of somebody of the nation's staff, at the queue, who has added a passkey on the way.
func (w *world) officer(browser *browser, name string) *tab {
	w.t.Helper()
	b := browser.newTab(w.t)
	withLock(b)
	b.open(w.issuer(nation) + "/account/add/passkey")
	if b.has(provincePage) {
		b.act("phone")
	}
	for _, m := range w.Description().Staff {
		if m.Name == name {
			w.signIn(b, m.Citizen)
		}
	}
	b.arrives(`[data-start]`)
	b.leave("create a passkey", clickOn(`[data-start]`))
	b.open(w.issuer(nation) + "/console/cases")
	b.arrives(`[data-start]`)
	b.leave("prove it by the passkey", clickOn(`[data-start]`))
	b.arrives("#queue")
	return b
}

// through opens the door of a case by a reason.
func (b *tab) through(reason string) {
	b.t.Helper()
	b.do(clickOn(`#door input[value="` + reason + `"]`))
	b.click(`#door button[value="look"]`)
	b.expect("of the case", "#case-number")
}

// is holds the case on the page to a state.
func (b *tab) is(state string) {
	b.t.Helper()
	if !b.has("#state." + state) {
		b.t.Fatalf("the case is not %s:\n%s", state, b.told())
	}
}

// unfold opens a part of the page, if it is folded.
func (b *tab) unfold(selector string) {
	b.t.Helper()
	if ask[bool](b, "document.querySelector("+quoted(selector)+").open") {
		return
	}
	b.do(chromedp.Click(chromedp.CSS(selector + " > summary")))
}

// newAtSichuan opens Sichuan's application as if for the first time.
func (w *world) newAtSichuan(b *tab) journey {
	b.t.Helper()
	if _, ok := b.cookies(w.application(sichuan))[w.applicationCookie(sichuan)]; ok {
		b.forget(w.application(sichuan), w.applicationCookie(sichuan))
	}
	return b.open(w.application(sichuan))
}

// signInAtHome signs a citizen in at Zhejiang's application, where they have been before.
func (w *world) signInAtHome(b *tab, name string) {
	b.t.Helper()
	if _, ok := b.cookies(w.application(zhejiang))[w.applicationCookie(zhejiang)]; ok {
		b.forget(w.application(zhejiang), w.applicationCookie(zhejiang))
	}
	b.open(w.application(zhejiang))
	w.signIn(b, w.citizen(name))
	w.isSignedIn(b, zhejiang, name)
}
