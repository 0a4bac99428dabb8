package idp_test

import (
	"net/http"
	"testing"
	"time"
)

func TestAttackThatGuessesCodesOfAnAppPatientlyIsStopped(t *testing.T) {
	w := newWorld(t)
	const window = 30 * 24 * time.Hour
	w.pass(w.clock().Truncate(window).Add(window).Sub(w.clock())) // to where the count begins anew
	key := w.enrol(w.signedIn(aynur))
	try := func(code func() string) *http.Response {
		b := w.browser()
		at := w.post(b, page(w.get(b, w.request("main"))), "action", "other", "method", "totp")
		return w.post(b, page(at), "action", "prove", "phone", aynur.phone, "code", code())
	}
	w.pass(time.Minute)
	right, wrong := func() string { return w.totp(key) }, func() string {
		if w.totp(key) == "000000" {
			return "000001"
		}
		return "000000"
	}
	answer(t, try(right))
	for n := 0; try(wrong).StatusCode == http.StatusUnprocessableEntity; n++ {
		if n == 100 {
			t.Fatal("a hundred codes were tried, and nothing is noticed")
		}
		w.pass(5 * time.Minute)
	}
	if at := try(right); at.StatusCode != http.StatusTooManyRequests {
		t.Errorf("the right one may be guessed yet: %d", at.StatusCode)
	}
	// Whoever holds the phone is not held up.
	b := w.signedIn(aynur)
	at := w.get(b, w.request("main", "acr_values", "urn:manyou:acr:2"))
	answer(t, w.post(b, page(at), "action", "prove", "code", w.totp(key)))
	w.pass(window)
	answer(t, try(right))
}
