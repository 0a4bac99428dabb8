package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestFromTheComplaintToTheMomentWhenNoRegionHonoursTheWrongToken tells of Li Na, whom the nation takes for somebody else: Sichuan's
// application reports it, officers freeze the link and give it back to her, everybody is told, and she is herself again.
func TestFromTheComplaintToTheMomentWhenNoRegionHonoursTheWrongToken(t *testing.T) {
	w := newWorld(t)
	browser := newBrowser(t)
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

	// The application reports it.
	b.unfold("#wrong")
	b.fill("record", "李娜")
	b.click("#report")
	b.expect("of the clerk's desk", "#complaints .number")
	number := b.text("#complaints .number")
	t.Log(number)
}

// unfold opens a part of the page that is folded.
func (b *tab) unfold(selector string) {
	b.t.Helper()
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
