package e2e

import (
	"bytes"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// scan reads the QR code that a tab shows, as a phone's camera would: from the picture.
func scan(b *tab) *url.URL {
	b.t.Helper()
	zbarimg, err := exec.LookPath("zbarimg")
	if err != nil {
		b.t.Fatal("there is no zbarimg on the PATH; `make test-tools` installs it (Debian package zbar-tools)")
	}
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	must(b.t, err)
	cmd := exec.Command(zbarimg, "--quiet", "--raw", "-")
	cmd.Stdin = bytes.NewReader(picture)
	out, err := cmd.Output()
	if err != nil {
		b.t.Fatalf("no QR code can be read from the page: %v\n%s", err, b.told())
	}
	uri, err := url.Parse(strings.TrimSpace(string(out)))
	must(b.t, err)
	return uri
}

// app is a citizen's authenticator app.
type app struct {
	w      *world
	secret string
}

// code is the code that the app shows now. Each is good once, so time passes first.
func (a app) code(t *testing.T) string {
	t.Helper()
	a.w.pass(30 * time.Second)
	oathtool, err := exec.LookPath("oathtool")
	if err != nil {
		t.Fatal("there is no oathtool on the PATH; `make test-tools` installs it (Debian package oathtool)")
	}
	out, err := exec.Command(oathtool, "--totp", "--base32", "--now", a.w.now().UTC().Format("2006-01-02 15:04:05 UTC"), a.secret).Output()
	must(t, err)
	return strings.TrimSpace(string(out))
}

// enrol adds an authenticator app at the issuer of Zhejiang, where the citizen is signed in.
func (w *world) enrol(t *testing.T, b *tab) app {
	t.Helper()
	b.open(w.issuer(zhejiang) + "/account/add/totp")
	uri := scan(b)
	if uri.Scheme != "otpauth" || uri.Host != "totp" {
		t.Fatalf("the QR code says %s", uri)
	}
	a := app{w, uri.Query().Get("secret")}
	if shown := strings.ReplaceAll(ask[string](b, "document.body.innerText"), " ", ""); !strings.Contains(shown, a.secret) {
		t.Error("the page does not spell out the secret of the picture, for those who cannot scan it")
	}
	b.fill("code", a.code(t))
	b.click(`form button[type="submit"], form button:not([type])`)
	if here := ask[string](b, "location.pathname"); here != "/account" {
		t.Fatalf("after enrolling, this is %s:\n%s", here, b.told())
	}
	return a
}

func TestAnAuthenticatorAppIsEnrolledFromThePictureAndSignsIn(t *testing.T) {
	w, browser := newWorld(t), newBrowser(t)
	b := browser.newTab(t)
	w.atHome(t, b)
	a := w.enrol(t, b)

	c := w.newClient(t, zhejiang)
	b = browser.newTab(t)
	b.open(c.start())
	b.fill("phone", strings.TrimPrefix(w.citizen("李娜").Phone, "+86"))
	b.act("phone")
	b.act("totp")
	b.expect("that asks for a code of the app", totpPage)
	code := a.code(t)
	b.fill("code", code)
	b.act("prove")
	got := c.told(b)
	if got.Claims["acr"] != "urn:manyou:acr:2" || got.UserInfo["name"] != "李娜" {
		t.Errorf("signed in by the app: %+v", got)
	}

	// The same code again is worth nothing, even in the half minute in which it is right.
	b = browser.newTab(t)
	b.open(c.start())
	b.fill("phone", strings.TrimPrefix(w.citizen("李娜").Phone, "+86"))
	b.act("phone")
	b.act("totp")
	b.fill("code", code)
	b.act("prove")
	b.expect("that asks for a code of the app", totpPage)
}

func TestAnApplicationThatAsksForMoreAssuranceGetsAStepUpAtHome(t *testing.T) {
	w, browser := newWorld(t), newBrowser(t)
	b := browser.newTab(t)
	w.atHome(t, b)
	a := w.enrol(t, b)
	at2 := []string{"acr_values", "urn:manyou:acr:2"}

	// Where the citizen is signed in by SMS and enrolled the app.
	c := w.newClient(t, zhejiang)
	b.open(c.start(at2...)).onePage(t, w.issuer(zhejiang))
	b.expect("that asks for a code of the app", totpPage)
	b.fill("code", a.code(t))
	b.act("prove")
	w.steppedUp(t, c.told(b))
	b.open(c.start(at2...)).onePage(t, c.url) // not again

	// Two provinces away: the page is that of the home province, and nothing but the code is asked for.
	b = browser.newTab(t)
	w.atHome(t, b)
	b.open(w.application(sichuan))
	c = w.newClient(t, sichuan)
	b.open(c.start(at2...)).onePage(t, w.issuer(zhejiang))
	b.expect("that asks for a code of the app", totpPage)
	b.fill("code", a.code(t))
	j := b.act("prove")
	if len(j.pages) != 1 {
		t.Errorf("after the code these pages were shown: %v", j.pages)
	}
	w.steppedUp(t, c.told(b))
}

func (w *world) steppedUp(t *testing.T, got answer) {
	t.Helper()
	amr, _ := got.Claims["amr"].([]any)
	if got.Claims["acr"] != "urn:manyou:acr:2" || !slices.Contains(amr, any("sms")) || !slices.Contains(amr, any("otp")) {
		t.Errorf("after the step-up: acr %v, amr %v", got.Claims["acr"], amr)
	}
}
