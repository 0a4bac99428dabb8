package idp_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"manyou/storage"
)

// strict is an application that accepts some methods only.
func (w *world) strict(methods ...string) {
	w.application("strict", func(a *storage.Application) { a.Methods = methods })
}

func TestAttackByACodeBySMSOpensNoApplicationThatAcceptsPasskeysOnly(t *testing.T) {
	w := newWorld(t)
	w.signedIn(liNa)
	w.strict("passkey")
	for _, action := range []string{"phone", "phone_shared"} {
		b, before := w.browser(), w.sent()
		at := w.post(b, page(w.get(b, w.request("strict"))), "action", action, "phone", aynur.phone)
		if w.sent() != before || !strings.Contains(body(t, at), "data-options") {
			t.Errorf("%s: %d codes were sent, at %s", action, w.sent()-before, page(at))
		}
		if at = w.post(b, page(at), "action", "other", "method", "sms"); strings.Contains(body(t, at), `value="resend"`) {
			t.Errorf("%s: a code can be asked for", action)
		}
	}
}

func TestWhereNoCodeIsAcceptedTheNumberSaysWhoIsToProve(t *testing.T) {
	w := newWorld(t)
	key := w.enrol(w.signedIn(aynur))
	w.strict("totp")
	w.pass(time.Minute)
	b := w.browser()
	at := w.post(b, page(w.get(b, w.request("strict"))), "action", "phone", "phone", aynur.phone)
	answer(t, w.post(b, page(at), "action", "prove", "code", w.totp(key)))
	w.strict("qr")
	w.pass(time.Minute)
	b = w.browser()
	if at = w.post(b, page(w.get(b, w.request("strict"))), "action", "phone", "phone", aynur.phone); at.StatusCode != http.StatusForbidden {
		t.Errorf("no way that begins with a number: %d", at.StatusCode)
	}
}

func TestAnotherDeviceProvesNothingByWhatTheApplicationDoesNotAccept(t *testing.T) {
	for _, c := range []struct {
		methods  []string
		accepted bool
	}{{[]string{"passkey", "qr"}, false}, {[]string{"sms", "qr"}, true}, {[]string{"qr"}, true}} {
		w := newWorld(t)
		w.strict(c.methods...)
		phone, b := w.signedIn(liNa), w.browser()
		at := w.post(b, page(w.get(b, w.request("strict"))), "action", "qr")
		d := desk{b, page(at), w.pictured(body(t, at))}
		w.get(phone, d.scan)
		w.post(phone, d.scan, "action", "approve", "number", w.number(d))
		if got := answer(t, w.get(b, d.page)); (got.Get("code") != "") != c.accepted || !c.accepted && got.Get("error") != "access_denied" {
			t.Errorf("%v: %v", c.methods, got)
		}
		if got := answer(t, w.get(b, w.request("strict", "prompt", "none"))); (got.Get("code") != "") != c.accepted {
			t.Errorf("%v, again: %v", c.methods, got)
		}
	}
}

func TestARecoveryCodeIsNotTakenForTheCodeOfAnApp(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn(aynur)
	codes, key := w.recoveryCodes(b), w.enrol(b)
	w.strict("totp")
	b = w.browser()
	at := w.post(b, page(w.get(b, w.request("main"))), "action", "other", "method", "recovery")
	answer(t, w.post(b, page(at), "action", "prove", "phone", aynur.phone, "code", codes[0]))
	if got := answer(t, w.get(b, w.request("strict", "prompt", "none"))); got.Get("error") != "login_required" {
		t.Errorf("a recovery code counts for a code of an app: %v", got)
	}
	w.pass(time.Minute)
	at = w.get(b, w.request("strict"))
	at = w.post(b, page(at), "action", "phone", "phone", aynur.phone)
	answer(t, w.post(b, page(at), "action", "prove", "code", w.totp(key)))
	answer(t, w.get(b, w.request("strict", "prompt", "none")))
}
