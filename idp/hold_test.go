package idp_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"manyou/storage"
)

// hold places a hold on a citizen of this issuer, or on a link of theirs, and returns how to lift it.
func (w *world) hold(c citizen, kind storage.HoldKind, link ...string) (lift func()) {
	w.t.Helper()
	h := storage.Hold{
		ID: "hold-" + string(kind), PersonID: w.person(c).ID, Kind: kind, Number: "K7MX-2QF4", PlacedAt: w.clock(), PlacedBy: "system",
	}
	if len(link) > 0 {
		h.Issuer, h.Subject = link[0], link[1]
	}
	must(w.t, w.store.PlaceHold(w.t.Context(), h))
	return func() {
		must(w.t, w.store.LiftHold(w.t.Context(), storage.HoldLift{ID: h.ID, By: "system"}, w.clock()))
	}
}

// standing reports what still works: the access token at userinfo and at introspection, the refresh token, a silent sign-in.
func (w *world) standing(b *http.Client, tokens map[string]any) (works []string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.url+"/userinfo", nil)
	must(w.t, err)
	r.Header.Set("Authorization", "Bearer "+tokens["access_token"].(string))
	if status, _ := w.do(r); status == http.StatusOK {
		works = append(works, "userinfo")
	}
	if _, got := w.call("/introspect", "main", "token", tokens["access_token"].(string)); got["active"] == true {
		works = append(works, "introspection")
	}
	if status, got := w.token("main", "grant_type", "refresh_token", "refresh_token", tokens["refresh_token"].(string)); status == http.StatusOK {
		works = append(works, "refresh")
		tokens["refresh_token"] = got["refresh_token"]
	}
	if at := w.get(b, w.request("main", "prompt", "none")); strings.Contains(at.Header.Get("Location"), "code=") {
		works = append(works, "silent")
	}
	return works
}

const allWorks = "userinfo introspection refresh silent"

func TestFromTheCommitOfAFreezeNothingOfThePersonWorks(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	_, tokens := w.redeem("main", w.signIn(b, liNa, w.request("main")).Get("code"))
	if got := strings.Join(w.standing(b, tokens), " "); got != allWorks {
		t.Fatalf("before: %s", got)
	}
	lift := w.hold(liNa, storage.HoldFreeze)
	w.pass(250 * time.Millisecond) // within which every node notices
	if got := w.standing(b, tokens); len(got) > 0 {
		t.Errorf("works still: %s", got)
	}
	lift()
	w.pass(250 * time.Millisecond) // within which every node notices
	if got := w.standing(b, tokens); len(got) > 0 {
		t.Errorf("works again: %s", got)
	}
	_, tokens = w.redeem("main", w.signIn(b, liNa, w.request("main")).Get("code"))
	if got := strings.Join(w.standing(b, tokens), " "); got != allWorks {
		t.Errorf("afterwards: %s", got)
	}
}

func TestAWatchIsFeltByNobody(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	_, tokens := w.redeem("main", w.signIn(b, liNa, w.request("main")).Get("code"))
	w.hold(liNa, storage.HoldWatch)
	w.pass(250 * time.Millisecond) // within which every node notices
	if got := strings.Join(w.standing(b, tokens), " "); got != allWorks {
		t.Errorf("%s", got)
	}
}

func TestUnderAStepUpASignInGoesOnToThePasskey(t *testing.T) {
	w := newWorld(t)
	_, d := w.withPasskey(liNa)
	weak := w.browser()
	_, tokens := w.redeem("main", w.signIn(weak, liNa, w.request("main")).Get("code"))
	lift := w.hold(liNa, storage.HoldStepUp)
	w.pass(250 * time.Millisecond) // within which every node notices
	if got := w.standing(weak, tokens); len(got) > 0 {
		t.Errorf("works with less: %s", got)
	}

	at := w.signInFrom(weak, liNa, w.get(weak, w.request("main")))
	if code := w.get(weak, page(at)); strings.Contains(at.Header.Get("Location"), "code=") || !strings.Contains(body(t, code), "passkey") {
		t.Fatalf("%d at %s", at.StatusCode, page(at))
	}
	if got := w.post(weak, page(at), "action", "skip"); strings.Contains(got.Header.Get("Location"), "code=") {
		t.Error("the passkey can be skipped")
	}
	at = w.signInFrom(weak, liNa, w.get(weak, w.request("main")))
	done := answer(t, w.post(weak, page(at), "action", "passkey", "answer", d.assert(body(t, w.get(weak, page(at))))))
	_, tokens = w.redeem("main", done.Get("code"))
	if got := strings.Join(w.standing(weak, tokens), " "); got != allWorks {
		t.Errorf("with the passkey: %s", got)
	}
	lift()
	w.pass(250 * time.Millisecond) // within which every node notices
	if got := strings.Join(w.standing(weak, tokens), " "); got != allWorks {
		t.Errorf("what was proven stands no more: %s", got)
	}
}

func TestUnderAStepUpWhoHasNoPasskeyIsToldTheCase(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.signIn(b, liNa, w.request("main"))
	w.hold(liNa, storage.HoldStepUp)
	w.pass(250 * time.Millisecond) // within which every node notices
	at := w.signInFrom(b, liNa, w.get(b, w.request("main")))
	if text := body(t, at); at.StatusCode != http.StatusForbidden || !strings.Contains(text, "K7MX-2QF4") {
		t.Errorf("%d", at.StatusCode)
	}
}

func TestUnderAStepUpACodeThatLedToThePasskeyIsUsedUp(t *testing.T) {
	w := newWorld(t)
	b, d := w.withPasskey(aynur)
	codes := w.recoveryCodes(b)
	lift := w.hold(aynur, storage.HoldStepUp)
	w.pass(250 * time.Millisecond) // within which every node notices
	first := w.browser()
	at := w.post(first, page(w.get(first, w.request("main"))), "action", "other", "method", "recovery")
	at = w.post(first, page(at), "action", "prove", "phone", aynur.phone, "code", codes[0])
	answer(t, w.post(first, page(at), "action", "passkey", "answer", d.assert(body(t, at))))
	lift()
	w.pass(250 * time.Millisecond) // within which every node notices
	if at := w.lost(aynur, codes[0]); strings.Contains(at.Header.Get("Location"), "code=") {
		t.Error("a recovery code is good twice")
	}
}
