package idp_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// passkeyShown finds the passkeys that the account lists.
var passkeyShown = regexp.MustCompile(`(?s)data-kind="passkey".*?name="credential" value="([^"]+)"`)

// bySMS signs a citizen in by a code, whatever else they have.
func (w *world) bySMS(c citizen) *http.Client {
	w.t.Helper()
	b := w.browser()
	w.signIn(b, c, w.request("main"))
	return b
}

// rungOf is what a passkey signs in with now.
func (w *world) rungOf(d *device) any {
	w.t.Helper()
	b := w.browser()
	at := w.get(b, w.request("main"))
	_, got := w.redeem("main", answer(w.t, w.post(b, page(at), "action", "passkey", "answer", d.assert(body(w.t, at)))).Get("code"))
	return payload(w.t, got["id_token"])["acr"]
}

// TestAttackByAPasskeyThatWhoeverHasThePhoneAddsReachesNoMoreThanThePhone: whoever had the number passed to them adds a passkey of their own beside that
// of the owner.
func TestAttackByAPasskeyThatWhoeverHasThePhoneAddsReachesNoMoreThanThePhone(t *testing.T) {
	w := newWorld(t)
	_, owners := w.withPasskey(liNa)
	w.pass(time.Hour)
	thief, theirs := w.bySMS(liNa), w.device()
	w.addPasskey(thief, theirs)
	if got := w.rungOf(theirs); got != "urn:manyou:acr:1" {
		t.Errorf("it reaches %v", got)
	}
	// It does not step up either, and does not go round and round.
	essential := w.request("main", "claims", `{"id_token":{"acr":{"essential":true,"values":["urn:manyou:acr:3"]}}}`)
	at := w.get(thief, essential)
	again := w.post(thief, page(at), "action", "passkey", "answer", theirs.assert(body(t, at)))
	if strings.Contains(again.Header.Get("Location"), "code=") {
		t.Error("it steps up")
	}
	if got := w.rungOf(owners); got != "urn:manyou:acr:3" {
		t.Errorf("the owner's reaches %v", got)
	}
	if text := body(t, w.get(thief, w.url+"/account")); !strings.Contains(text, "起完全生效") {
		t.Error("the account does not say so")
	}
	// Its owner, who lost the other one, waits for three days.
	w.pass(3*24*time.Hour + time.Second)
	if got := w.rungOf(theirs); got != "urn:manyou:acr:3" {
		t.Errorf("after three days it reaches %v", got)
	}
}

func TestAttackByWhoeverHasThePhoneRemovesNoPasskey(t *testing.T) {
	w := newWorld(t)
	_, owners := w.withPasskey(liNa)
	w.pass(time.Hour)
	thief := w.bySMS(liNa)
	id := passkeyShown.FindStringSubmatch(body(t, w.get(thief, w.url+"/account")))[1]
	at := w.post(thief, w.url+"/account", "action", "remove", "credential", id)
	if text := body(t, at); at.StatusCode != http.StatusForbidden || !strings.Contains(text, "/account/stronger?rung=3") {
		t.Errorf("%d %s", at.StatusCode, text)
	}
	// The owner is asked for it, and then removes it.
	step := w.get(thief, w.url+"/account/stronger?rung=3")
	if got := w.post(thief, page(step), "action", "passkey", "answer", owners.assert(body(t, step))); page(got) != w.url+"/account" {
		t.Fatalf("%d at %s %s", got.StatusCode, page(got), w.log)
	}
	if got := w.post(thief, w.url+"/account", "action", "remove", "credential", id); page(got) != w.url+"/account?done=removed" {
		t.Errorf("%d at %s", got.StatusCode, page(got))
	}
}

func TestTheFirstPasskeyAndWhatIsAddedByItCountAtOnce(t *testing.T) {
	w := newWorld(t)
	b := w.bySMS(liNa)
	w.enrol(b)
	first := w.device()
	w.addPasskey(b, first) // in the session in which the app was added
	if got := w.rungOf(first); got != "urn:manyou:acr:3" {
		t.Errorf("the first one reaches %v", got)
	}
	w.pass(time.Hour)
	c, second := w.browser(), w.device()
	at := w.get(c, w.request("main"))
	answer(t, w.post(c, page(at), "action", "passkey", "answer", first.assert(body(t, at))))
	w.addPasskey(c, second)
	if got := w.rungOf(second); got != "urn:manyou:acr:3" {
		t.Errorf("the second one reaches %v", got)
	}
}
