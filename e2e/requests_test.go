package e2e

import (
	"slices"
	"testing"

	"github.com/chromedp/cdproto/emulation"
)

func TestASilentRequestShowsNoPageAndIsAnsweredAtOnce(t *testing.T) {
	w, browser := newWorld(t), newBrowser(t)
	c := w.newClient(t, sichuan)
	b := browser.newTab(t)

	// Nobody is signed in anywhere.
	j := b.open(c.start("prompt", "none"))
	j.onePage(t, c.url)
	if got := c.told(b); got.Error != "login_required" {
		t.Errorf("without a session: %+v", got)
	}
	// In Zhejiang only: the answer comes from there.
	w.atHome(t, b)
	j = b.open(c.start("prompt", "none"))
	j.onePage(t, c.url)
	if n := j.asked(w.issuer(zhejiang)); n != 1 {
		t.Errorf("Zhejiang was asked %d times, not once", n)
	}
	if got := c.told(b); got.Error != "" || got.UserInfo["name"] != "李娜" || got.UserInfo["sub"] != got.Claims["sub"] {
		t.Errorf("with a session in Zhejiang: %+v", got)
	}
	// In Sichuan too: nobody else is asked.
	j = b.open(c.start("prompt", "none"))
	j.onePage(t, c.url)
	if n := j.asked(w.issuer(nation)); n != 0 {
		t.Errorf("the nation was asked %d times", n)
	}
	if got := c.told(b); got.Error != "" {
		t.Errorf("with a session in Sichuan: %+v", got)
	}
}

func TestTheAuthenticationIsToldAsItWasHoweverManyHopsAway(t *testing.T) {
	w, browser := newWorld(t), newBrowser(t)
	home, away := w.newClient(t, zhejiang), w.newClient(t, sichuan)
	b := browser.newTab(t)
	w.atHome(t, b)
	b.open(home.start())
	there := home.told(b).Claims
	b.open(away.start())
	here := away.told(b).Claims
	for _, claim := range []string{"auth_time", "acr"} {
		if there[claim] == nil || there[claim] != here[claim] {
			t.Errorf("%s is %v in Zhejiang and %v in Sichuan", claim, there[claim], here[claim])
		}
	}
	if amr, ok := here["amr"].([]any); !ok || !slices.Contains(amr, any("sms")) {
		t.Errorf("amr in Sichuan is %v", here["amr"])
	}
	if there["sub"] == here["sub"] {
		t.Error("two applications see the same subject")
	}
}

func TestADomainHintShowsThePageOfTheHomeProvince(t *testing.T) {
	w, browser := newWorld(t), newBrowser(t)
	c := w.newClient(t, sichuan)
	b := browser.newTab(t)
	b.open(c.start("domain_hint", zhejiang)).onePage(t, w.issuer(zhejiang))
	_, j := w.signIn(b, w.citizen("李娜"))
	if len(j.pages) != 1 || !at(j.pages[0].url, c.url) {
		t.Errorf("after the sign-in in Zhejiang these pages were shown: %v", j.pages)
	}
	if got := c.told(b); got.UserInfo["name"] != "李娜" {
		t.Errorf("%+v", got)
	}
}

func TestADomainHintFindsTheHomeProvinceInABrowserTheNationNeverSaw(t *testing.T) {
	w, browser := newWorld(t), newBrowser(t)
	c := w.newClient(t, sichuan)
	b := browser.newTab(t)
	w.atHome(t, b)
	b.forget(w.issuer(nation), w.cookie("regions", nation))
	j := b.open(c.start("domain_hint", zhejiang))
	j.onePage(t, c.url)
	if got := c.told(b); got.Error != "" || got.UserInfo["name"] != "李娜" {
		t.Errorf("%+v", got)
	}
}

func TestAHintedResidentIDFindsTheHomeProvinceInABrowserTheNationNeverSaw(t *testing.T) {
	w, browser := newWorld(t), newBrowser(t)
	c := w.newClient(t, sichuan)
	b := browser.newTab(t)
	w.atHome(t, b)
	b.forget(w.issuer(nation), w.cookie("regions", nation))
	j := b.open(c.start("login_hint", w.citizen("李娜").DocumentNumber))
	j.onePage(t, c.url)
	if got := c.told(b); got.Error != "" || got.UserInfo["name"] != "李娜" {
		t.Errorf("%+v", got)
	}
}

func TestAnAnswerByFormPostLeavesByItselfAndWithoutScriptsByAButton(t *testing.T) {
	w, browser := newWorld(t), newBrowser(t)
	c := w.newClient(t, zhejiang)
	b := browser.newTab(t)
	w.atHome(t, b)
	b.open(c.start("response_mode", "form_post"))
	b.arrives("#told")
	if got := c.told(b); got.UserInfo["name"] != "李娜" {
		t.Errorf("with scripts: %+v", got)
	}
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.open(c.start("response_mode", "form_post"))
	b.fitsEverybody()
	b.arrives("main button") // later, so that it does not flash by where there are scripts
	b.click("main button")
	if got := c.told(b); got.UserInfo["name"] != "李娜" {
		t.Errorf("without scripts: %+v", got)
	}
}
