package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// tabTo presses Tab until the focus is on an element, as somebody would who cannot use a mouse.
func (b *tab) tabTo(selector string) {
	b.t.Helper()
	const most = 40
	for range most {
		if ask[bool](b, "document.activeElement?.matches("+quoted(selector)+") ?? false") {
			if !ask[bool](b, seesFocus) {
				b.t.Errorf("%s has the focus and does not show it:\n%s", selector, b.told())
			}
			return
		}
		b.do(chromedp.KeyEvent(kb.Tab))
	}
	b.t.Fatalf("%s cannot be reached by Tab:\n%s", selector, b.told())
}

// seesFocus reports whether the focused element, or what stands for it, looks different from an unfocused one.
const seesFocus = `(() => {
	for (let e = document.activeElement, n = 0; e && n < 3; e = e.parentElement, n++) {
		const s = getComputedStyle(e);
		if (s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== "none") return true;
	}
	return false;
})()`

func (b *tab) typed(selector, text string) {
	b.t.Helper()
	b.tabTo(selector)
	b.do(chromedp.KeyEvent(text))
}

// byKeyboard signs a citizen in for the first time with keys alone.
func (w *world) byKeyboard(b *tab, name string) {
	b.t.Helper()
	c := w.citizen(name)
	b.fitsEverybody()
	before := len(w.texts(c.Phone))
	b.typed(phonePage, strings.TrimPrefix(c.Phone, "+86"))
	b.press(kb.Enter)
	b.expect("that asks for a code", codePage)
	b.fitsEverybody()
	b.typed(`input[name="code"]`, w.code(c.Phone, before))
	b.tabTo(codePage)
	b.press(kb.Enter)
	b.expect("that asks for name and document", identifyPage)
	b.fitsEverybody()
	b.typed(`input[name="name"]`, c.Name)
	b.tabTo(identifyPage) // the first kind is the resident identity card
	b.typed(`input[name="document_number"]`, c.DocumentNumber)
	b.press(kb.Enter)
	w.isSignedIn(b, zhejiang, name)
	b.fitsEverybody()
}

func TestTheSignInNeedsNothingButAKeyboard(t *testing.T) {
	w, browser := newWorld(t), newBrowser(t)
	b := browser.newTab(t)
	b.open(w.application(zhejiang))
	w.byKeyboard(b, "李娜")
	b.open(w.application(sichuan))
	w.isSignedIn(b, sichuan, "李娜")
	b.tabTo("#sign-out")
	b.press(kb.Enter)
	b.expect("that says goodbye", "#sign-in")
}

func TestTheSignInNeedsNoScripts(t *testing.T) {
	w, browser := newWorld(t), newBrowser(t)
	b := browser.newTab(t)
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.open(w.application(zhejiang))
	w.byKeyboard(b, "龚䶮")
	j := b.open(w.application(sichuan))
	w.withoutPages(t, j, sichuan, 0)
	w.isSignedIn(b, sichuan, "龚䶮")
	w.enrol(t, b)
	b.click(`a[href="/end_session"]`)
	b.act("sign_out")
	if _, ok := b.cookies(w.issuer(zhejiang))[w.cookie("session", zhejiang)]; ok {
		t.Error("the citizen is still signed in")
	}
}

func TestThePagesSpeakTheLanguageOfTheBrowserAndSaySo(t *testing.T) {
	w, browser := newWorld(t), newBrowser(t)
	for tag, want := range map[string]string{"zh-CN": "zh", "en-GB": "en", "fr-FR, en;q=0.5": "en"} {
		b := browser.newTab(t)
		b.language(tag)
		b.open(w.application(zhejiang))
		b.expect("that asks for a phone number", phonePage)
		if got := ask[string](b, "document.documentElement.lang"); !strings.HasPrefix(got, want) {
			t.Errorf("for %s the page says that it is in %q", tag, got)
		}
		b.fitsEverybody()
	}
}

// fitsEverybody fails if a page lacks what a screen reader needs.
func (b *tab) fitsEverybody() {
	b.t.Helper()
	for _, problem := range ask[[]string](b, barriers) {
		b.t.Errorf("%s: %s", ask[string](b, "location.pathname.replace(/[^/]{30,}/, '…')"), problem)
	}
}

const barriers = `(() => {
	const problems = [];
	if (!/^(zh|en)/.test(document.documentElement.lang)) problems.push("no language is given");
	if (!document.title.trim()) problems.push("there is no title");
	const n = document.querySelectorAll("h1").length;
	if (n !== 1) problems.push(n + " headings of the first level");
	if (document.querySelectorAll("main").length !== 1) problems.push("no main part");
	for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
		if (!e.labels?.length && !e.ariaLabel && !e.hasAttribute("aria-labelledby")) problems.push("no label: " + e.outerHTML.slice(0, 80));
	for (const e of document.querySelectorAll("button, a[href]"))
		if (!e.textContent.trim() && !e.ariaLabel && !e.title) problems.push("says nothing: " + e.outerHTML.slice(0, 80));
	for (const e of document.querySelectorAll("img, svg[role=img]"))
		if (!e.getAttribute("alt") && !e.ariaLabel && !e.hasAttribute("aria-labelledby") && !e.querySelector("title")) problems.push("no alternative: " + e.outerHTML.slice(0, 80));
	const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
	for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i))) problems.push("two elements share the id " + id);
	return problems;
})()`
