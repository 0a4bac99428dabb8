package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// clickOn clicks an element, however it came to be shown.
func clickOn(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible)
}

func TestADeskSignsInByAPhoneThatScansItsCode(t *testing.T) {
	w, browser := newWorld(t), newBrowser(t)
	phone, desk := browser.newTab(t), browser.newTab(t)
	w.atHome(t, phone)
	c := w.newClient(t, zhejiang)

	desk.open(c.start())
	desk.act("qr")
	address := scan(desk)
	if !strings.HasPrefix(address.String(), w.issuer(zhejiang)+"/scan/") {
		t.Fatalf("the picture says %s", address)
	}
	phone.open(address.String())
	phone.expect("that asks whether it is you", `button[name="number"]`)
	if text := phone.told(); !strings.Contains(text, "外来应用") || !strings.Contains(text, "李娜") {
		t.Errorf("the phone does not say who asks and for whom:\n%s", text)
	}

	desk.arrives(`[data-number]`) // told by the server, without a click
	number := desk.text(`[data-number]`)
	phone.click(`button[name="number"][value="` + number + `"]`)
	desk.arrives("#told")
	got := c.told(desk)
	amr, _ := got.Claims["amr"].([]any)
	if got.UserInfo["name"] != "李娜" || got.Claims["acr"] != "urn:manyou:acr:1" || !slices.Contains(amr, any("mca")) {
		t.Errorf("the desk is signed in as %+v", got)
	}

	// The picture is good once.
	other := browser.newTab(t)
	w.atHome(t, other)
	other.open(address.String())
	if other.has(`button[name="number"]`) {
		t.Error("the same picture asks again")
	}
}
