package idp_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

const daughter = "13900000077"

// registerRelative makes a phone that of a relative of whoever is signed in.
func (w *world) registerRelative(b *http.Client, phone, label string) {
	w.t.Helper()
	before := w.sent()
	at := w.post(b, w.url+"/account/add/relative", "action", "send", "phone", phone, "label", label)
	text := body(w.t, at)
	field := enrolmentField.FindStringSubmatch(text)
	if field == nil {
		w.t.Fatalf("no code was sent: %s", text)
	}
	code := w.code("+86"+phone, before)
	if at := w.post(b, w.url+"/account/add/relative", "action", "confirm", "enrolment", field[1], "code", code); page(at) != w.url+"/account?done=added" {
		w.t.Fatalf("not registered: %d at %s", at.StatusCode, page(at))
	}
}

var secondRung = []string{"claims", `{"id_token":{"acr":{"essential":true,"value":"urn:manyou:acr:2"}}}`}

// helped is a citizen with a relative, signed in with their own phone, at the page that offers to ask the relative.
func (w *world) helped() (*http.Client, *http.Response) {
	w.t.Helper()
	b := w.signedIn(aynur)
	w.registerRelative(b, daughter, "女儿")
	return b, w.get(b, w.request("main", secondRung...))
}

func TestARelativeReadsOutTheSecondCode(t *testing.T) {
	w := newWorld(t)
	b, at := w.helped()
	if text := body(t, at); !strings.Contains(text, "女儿") || !strings.Contains(text, "139****0077") || strings.Contains(text, daughter) {
		t.Fatalf("the page does not say who is asked: %s", text)
	}
	before := w.sent()
	w.post(b, page(at), "action", "send")
	code := w.code("+86"+daughter, before)
	if status := w.post(b, page(at), "action", "relative", "code", "12"+code[:4]).StatusCode; status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong code: %d", status)
	}
	_, got := w.redeem("main", answer(t, w.post(b, page(at), "action", "relative", "code", code)).Get("code"))
	if acr := payload(t, got["id_token"])["acr"]; acr != "urn:manyou:acr:2" {
		t.Errorf("acr %v", acr)
	}
	// What the relative was sent names nobody in full, and is not filled in by a browser.
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range w.inbox[before:] {
		if m.Phone == "+86"+daughter && (strings.Contains(m.Text, aynur.name) || strings.Contains(m.Text, "@")) {
			t.Errorf("sent: %s", m.Text)
		}
	}
}

func TestAttackARelativeAloneSignsNobodyIn(t *testing.T) {
	w := newWorld(t)
	w.helped()
	before := w.sent()
	b := w.browser()
	at := w.post(b, page(w.get(b, w.request("main"))), "action", "other", "method", "relative")
	if text := body(t, at); strings.Contains(text, "女儿") {
		t.Error("whoever asks learns of the relative")
	}
	w.post(b, page(at), "action", "send")
	w.post(b, page(at), "action", "phone", "phone", aynur.phone)
	w.code(aynur.phone, before)
	at = w.post(b, page(at), "action", "other", "method", "relative")
	at = w.post(b, page(at), "action", "send")
	at = w.post(b, page(at), "action", "relative", "code", "000000")
	if text := body(t, at); strings.Contains(text, "女儿") {
		t.Error("the number alone is enough to learn of the relative")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range w.inbox[before:] {
		if m.Phone == "+86"+daughter {
			t.Error("a code was sent to the relative before the person had proven anything")
		}
	}
}

func TestAttackTheRelativesCodeIsGuessedUsedTwiceOrTakenElsewhere(t *testing.T) {
	w := newWorld(t)
	b, at := w.helped()
	before := w.sent()
	w.post(b, page(at), "action", "send")
	code := w.code("+86"+daughter, before)
	other := w.get(b, w.request("main", secondRung...))
	if got := w.post(b, page(other), "action", "relative", "code", code); page(got) != page(other) {
		t.Error("the code of one conversation was taken in another")
	}
	wrong := string('0'+(code[0]-'0'+1)%10) + code[1:]
	for range 5 {
		w.post(b, page(at), "action", "relative", "code", wrong)
	}
	if got := w.post(b, page(at), "action", "relative", "code", code); got.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("after five guesses: %d at %s", got.StatusCode, page(got))
	}
}

func TestAttackTheOwnPhoneAsRelativeDoesNotProveTwice(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn(aynur)
	before := w.sent()
	at := w.post(b, w.url+"/account/add/relative", "action", "send", "phone", aynur.phone)
	if at.StatusCode != http.StatusUnprocessableEntity || w.sent() != before {
		t.Errorf("%d, %d messages", at.StatusCode, w.sent()-before)
	}
}

func TestAttackARelativeDoesNotAgreeByForceOrBySilence(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn(aynur)
	before := w.sent()
	text := body(t, w.post(b, w.url+"/account/add/relative", "action", "send", "phone", daughter))
	field := enrolmentField.FindStringSubmatch(text)[1]
	code := w.code("+86"+daughter, before)
	wrong := string('0'+(code[0]-'0'+1)%10) + code[1:]
	status := 0
	for range 200 { // the form is the same each time, so it cannot count
		if status = w.post(b, w.url+"/account/add/relative", "action", "confirm", "enrolment", field, "code", wrong).StatusCode; status == http.StatusTooManyRequests {
			break
		}
	}
	if status != http.StatusTooManyRequests {
		t.Errorf("guessed without end: %d", status)
	}
	w.pass(2 * time.Hour)
	b = w.signedIn(liNa)
	if at := w.post(b, w.url+"/account/add/relative", "action", "confirm", "enrolment", field, "code", code); page(at) == w.url+"/account?done=added" {
		t.Error("a form of another person, two hours old, was taken")
	}
}

func TestAttackTheRelativesHelpDoesNotMakeASessionFresh(t *testing.T) {
	w := newWorld(t)
	b, _ := w.helped()
	w.pass(11 * time.Minute)
	before := w.sent()
	at := w.get(b, w.request("main", secondRung...))
	w.post(b, page(at), "action", "send")
	answer(t, w.post(b, page(at), "action", "relative", "code", w.code("+86"+daughter, before)))
	if at := w.get(b, w.url+"/account/add/totp"); !strings.Contains(page(at), "/signin/") {
		t.Errorf("a way to sign in can be added: %s", page(at))
	}
}

func TestAProofThatGrewTooOldWhileMoreWasAskedForIsAskedForAnew(t *testing.T) {
	for _, way := range []string{"skip", "relative"} {
		w := newWorld(t)
		b, _ := w.helped()
		w.pass(4 * time.Minute)
		before := w.sent()
		at := w.get(b, w.request("main", "acr_values", "urn:manyou:acr:2", "max_age", "300"))
		w.post(b, page(at), "action", "send")
		code := w.code("+86"+daughter, before)
		w.pass(2 * time.Minute)
		if at = w.post(b, page(at), "action", way, "code", code); strings.Contains(at.Header.Get("Location"), "code=") {
			t.Errorf("%s: the application asked for a proof of five minutes, and got one of six", way)
		}
	}
}
