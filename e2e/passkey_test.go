package e2e

import (
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
)

// lock is a device's own lock: fingerprint, face or PIN, as Chromium plays it.
type lock struct {
	b  *tab
	id webauthn.AuthenticatorID
}

// withLock gives the device of a tab a lock that always recognises its owner.
func withLock(b *tab) lock {
	b.t.Helper()
	call(b, webauthn.Enable, webauthn.EnableParams{})
	added := call(b, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
		Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21,
			Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true, HasUserVerification: true,
			AutomaticPresenceSimulation: true, IsUserVerified: true,
		},
	})
	return lock{b, added.AuthenticatorID}
}

// keys are the passkeys on the device.
func (l lock) keys() []*webauthn.Credential {
	l.b.t.Helper()
	return call(l.b, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: l.id}).Credentials
}

// addPasskey adds a passkey to the account of whoever is signed in at Zhejiang.
func (w *world) addPasskey(b *tab) {
	b.t.Helper()
	b.open(w.issuer(zhejiang) + "/account/add/passkey")
	b.arrives(`[data-start]`)
	b.leave("create a passkey", clickOn(`[data-start]`))
	if here := ask[string](b, "location.pathname"); here != "/account" {
		b.t.Fatalf("after adding a passkey, this is %s:\n%s", here, b.told())
	}
}

// forgetSessions forgets every session, not the device.
func (w *world) forgetSessions(b *tab) {
	b.t.Helper()
	for _, region := range []string{nation, zhejiang, sichuan} {
		if _, ok := b.cookies(w.issuer(region))[w.cookie("session", region)]; ok {
			b.forget(w.issuer(region), w.cookie("session", region))
		}
	}
}

func TestAPasskeySignsInByItselfAndCanBeRemoved(t *testing.T) {
	w, browser := newWorld(t), newBrowser(t)
	b := browser.newTab(t)
	device := withLock(b)
	w.atHome(t, b)
	w.addPasskey(b)
	if n := len(device.keys()); n != 1 {
		t.Fatalf("%d passkeys on the device", n)
	}

	// The page offers the passkey as the browser fills in a field; the device answers, nobody types or clicks.
	w.forgetSessions(b)
	c := w.newClient(t, zhejiang)
	b.open(c.start())
	b.arrives("#told")
	got := c.told(b)
	amr, _ := got.Claims["amr"].([]any)
	if got.Claims["acr"] != "urn:manyou:acr:3" || !slices.Contains(amr, any("user")) || got.UserInfo["name"] != "李娜" {
		t.Errorf("signed in by passkey: %+v", got)
	}

	// Removed, it is worth nothing, and the device forgets it.
	b.open(w.issuer(zhejiang) + "/account")
	b.click(`form:has(input[name="credential"]) button[value="remove"]`)
	if b.has(`[data-kind="passkey"]`) {
		t.Error("the account still lists the passkey")
	}
	for deadline := time.Now().Add(patience); len(device.keys()) > 0 && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
	}
	if n := len(device.keys()); n != 0 {
		t.Errorf("the device still has %d passkeys, although it was told", n)
	}
}

func TestAnApplicationThatAsksForAPasskeyGetsAStepUp(t *testing.T) {
	w, browser := newWorld(t), newBrowser(t)
	b := browser.newTab(t)
	withLock(b)
	w.atHome(t, b)
	w.addPasskey(b)

	// The session is one by SMS still. Who asks for more gets the passkey asked for, and nothing else.
	c := w.newClient(t, zhejiang)
	b.open(c.start("acr_values", "urn:manyou:acr:3")).onePage(t, w.issuer(zhejiang))
	b.arrives(`[data-start]`)
	b.leave("use the passkey", clickOn(`[data-start]`))
	got := c.told(b)
	amr, _ := got.Claims["amr"].([]any)
	if got.Claims["acr"] != "urn:manyou:acr:3" || !slices.Contains(amr, any("sms")) || !slices.Contains(amr, any("user")) {
		t.Errorf("after the step-up: acr %v, amr %v", got.Claims["acr"], amr)
	}
	b.open(c.start("acr_values", "urn:manyou:acr:3")).onePage(t, c.url) // not again
}

func TestAPasskeyOfOneProvinceWorksAtAnother(t *testing.T) {
	w, browser := newWorld(t), newBrowser(t)
	b := browser.newTab(t)
	withLock(b)
	w.atHome(t, b)
	w.addPasskey(b)

	// Another day: no session anywhere, and the browser has forgotten where it was. Sichuan's page recognises the
	// passkey as one of Zhejiang's, and Zhejiang's page has it answered by itself.
	for _, region := range []string{nation, zhejiang, sichuan} {
		for name := range b.cookies(w.issuer(region)) {
			b.forget(w.issuer(region), name)
		}
	}
	c := w.newClient(t, sichuan)
	b.open(c.start())
	b.arrives("#told")
	if got := c.told(b); got.UserInfo["name"] != "李娜" || got.Claims["acr"] != "urn:manyou:acr:3" {
		t.Errorf("at Sichuan: %+v", got)
	}
}

func TestTheNationsDomainCarriesPasskeysToProvincesOnOtherSites(t *testing.T) {
	w, browser := newWorldOfSites(t)
	b := browser.newTab(t)
	withLock(b)
	w.atHome(t, b)
	w.addPasskey(b) // at Zhejiang's site, for the nation's domain (Web Authentication Level 3 §5.11)
	w.forgetSessions(b)
	c := w.newClient(t, sichuan)
	b.open(c.start())
	b.arrives("#told") // the browser fills it in by itself, at Sichuan's site and at Zhejiang's
	if got := c.told(b); got.UserInfo["name"] != "李娜" {
		t.Errorf("at Sichuan: %+v", got)
	}
}
