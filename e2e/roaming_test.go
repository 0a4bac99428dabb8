package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
)

func TestRoamingOnLocalhost(t *testing.T) {
	roaming(t, newWorld(t), newBrowser(t))
}

func TestRoamingOverHTTPSOnUnrelatedSites(t *testing.T) {
	w, b := newWorldOfSites(t)
	roaming(t, w, b)
}

// roaming is the story of the house: each part begins in a browser that nobody used before.
func roaming(t *testing.T, w *world, b *browser) {
	t.Run("the first sign-in asks for name and document, and Sichuan asks nothing", w.part(b, w.firstSignIn))
	t.Run("a session in Zhejiang is enough", w.part(b, w.onlyZhejiang))
	t.Run("a session in Zhejiang is enough when the nation's has gone", w.part(b, w.nationGone))
	t.Run("a session at the nation is enough", w.part(b, w.onlyNation))
	t.Run("without any session one page is shown", w.part(b, w.noSession))
	t.Run("signing out in Sichuan signs out everywhere", w.part(b, w.signOut))
	t.Run("cookies are bound to their site", w.part(b, w.cookiesAreBound))
}

func (w *world) part(b *browser, tell func(*testing.T, *tab)) func(*testing.T) {
	return func(t *testing.T) { tell(t, b.newTab(t)) }
}

// atHome signs a citizen of Zhejiang in at the application of Zhejiang. The nation saw no more of it than a silent visit.
func (w *world) atHome(t *testing.T, b *tab) {
	t.Helper()
	j := b.open(w.application(zhejiang))
	j.onePage(t, w.issuer(zhejiang))
	w.signIn(b, w.citizen("李娜"))
	w.isSignedIn(b, zhejiang, "李娜")
	if _, ok := b.cookies(w.issuer(nation))[w.cookie("session", nation)]; ok {
		t.Fatal("the nation has a session already")
	}
}

func (w *world) firstSignIn(t *testing.T, b *tab) {
	b.open(w.application(zhejiang))
	asked, _ := w.signIn(b, w.citizen("李娜"))
	if !asked {
		t.Error("name and document were not asked for at the first sign-in")
	}
	w.isSignedIn(b, zhejiang, "李娜")
	w.withoutPages(t, b.follow(w.application(sichuan)), sichuan, 1)
	w.isSignedIn(b, sichuan, "李娜")
}

func (w *world) onlyZhejiang(t *testing.T, b *tab) {
	w.atHome(t, b)
	j := b.follow(w.application(sichuan))
	w.withoutPages(t, j, sichuan, 1)
	w.isSignedIn(b, sichuan, "李娜")
	for _, region := range []string{sichuan, nation, zhejiang} {
		if n := j.asked(w.issuer(region)); n != 1 {
			t.Errorf("issuer %s was asked %d times, not once:\n%s", region, n, strings.Join(j.hops, "\n"))
		}
	}
}

// leaveSichuan makes the Sichuan application and its issuer forget the citizen.
func (w *world) leaveSichuan(b *tab) {
	b.t.Helper()
	b.forget(w.application(sichuan), w.applicationCookie(sichuan))
	b.forget(w.issuer(sichuan), w.cookie("session", sichuan))
}

func (w *world) nationGone(t *testing.T, b *tab) {
	w.atHome(t, b)
	b.open(w.application(sichuan))
	w.leaveSichuan(b)
	b.forget(w.issuer(nation), w.cookie("session", nation))
	j := b.open(w.application(sichuan))
	w.withoutPages(t, j, sichuan, 0)
	w.isSignedIn(b, sichuan, "李娜")
	if n := j.asked(w.issuer(zhejiang)); n != 1 {
		t.Errorf("Zhejiang was asked %d times, not once", n)
	}
}

func (w *world) onlyNation(t *testing.T, b *tab) {
	w.atHome(t, b)
	b.open(w.application(sichuan))
	w.leaveSichuan(b)
	b.forget(w.issuer(zhejiang), w.cookie("session", zhejiang))
	j := b.follow(w.application(sichuan))
	w.withoutPages(t, j, sichuan, 1)
	w.isSignedIn(b, sichuan, "李娜")
	if n := j.asked(w.issuer(zhejiang)); n != 0 {
		t.Errorf("Zhejiang was asked %d times, although the nation has a session", n)
	}
}

func (w *world) noSession(t *testing.T, b *tab) {
	j := b.open(w.application(sichuan))
	j.onePage(t, w.issuer(sichuan))
	b.expect("that asks for a phone number", phonePage)
	if n := j.asked(w.issuer(nation)); n != 1 {
		t.Errorf("the nation was asked %d times, not once", n)
	}
	w.signIn(b, w.citizen("王秀英"))
	w.isSignedIn(b, sichuan, "王秀英")
}

func (w *world) signOut(t *testing.T, b *tab) {
	w.atHome(t, b)
	b.open(w.application(sichuan))
	j := b.click("#sign-out")
	if len(j.pages) != 1 || !at(j.pages[0].url, w.application(sichuan)) {
		t.Errorf("pages shown on the way out: %v", j.pages)
	}
	b.expect("that says goodbye", "#sign-in")
	for _, region := range []string{sichuan, nation, zhejiang} {
		if _, ok := b.cookies(w.issuer(region))[w.cookie("session", region)]; ok {
			t.Errorf("issuer %s still has a session", region)
		}
	}
	b.open(w.application(sichuan)).onePage(t, w.issuer(sichuan))
	b.expect("that asks for a phone number", phonePage)
	// The Zhejiang application's own session is the application's; without it, it has to ask.
	b.forget(w.application(zhejiang), w.applicationCookie(zhejiang))
	b.open(w.application(zhejiang)).onePage(t, w.issuer(zhejiang))
	b.expect("that asks for a phone number", phonePage)
}

func (w *world) cookiesAreBound(t *testing.T, b *tab) {
	w.atHome(t, b)
	b.open(w.application(sichuan))
	for _, i := range w.Issuers {
		cookies := b.cookies(i.URL)
		for _, what := range []string{"session", "browser"} {
			c, ok := cookies[w.cookie(what, i.Region)]
			switch {
			case !ok:
				t.Errorf("issuer %s has no cookie %s", i.Region, w.cookie(what, i.Region))
			case !c.HTTPOnly, c.SameSite != network.CookieSameSiteLax, c.Path != "/", c.Secure != w.secure, strings.HasPrefix(c.Domain, "."):
				t.Errorf("cookie %s: %+v", c.Name, c)
			}
		}
		if w.secure {
			for name := range cookies {
				if !strings.HasPrefix(name, "__Host-") {
					t.Errorf("issuer %s: the cookie %s is not bound to its host", i.Region, name)
				}
			}
		}
	}
}
