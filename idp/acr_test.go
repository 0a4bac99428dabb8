package idp_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

var (
	enrolmentField = regexp.MustCompile(`name="enrolment"[^>]*value="([^"]+)"`)
	secretText     = regexp.MustCompile(`<code translate="no">([A-Z2-7 ]+)</code>`)
)

// enrol adds an authenticator app to the account of whoever is signed in and returns its secret.
func (w *world) enrol(b *http.Client) string {
	w.t.Helper()
	text := body(w.t, w.get(b, w.url+"/account/add/totp"))
	secret, field := secretText.FindStringSubmatch(text), enrolmentField.FindStringSubmatch(text)
	if secret == nil || field == nil {
		w.t.Fatalf("no enrolment page: %s", text)
	}
	key := strings.ReplaceAll(secret[1], " ", "")
	if at := w.post(b, w.url+"/account/add/totp", "action", "confirm", "enrolment", field[1], "code", w.totp(key)); page(at) != w.url+"/account?done=added" {
		w.t.Fatalf("not enrolled: %d at %s", at.StatusCode, page(at))
	}
	return key
}

// totp is the code of an authenticator app that nobody here wrote.
func (w *world) totp(secret string) string {
	w.t.Helper()
	code, err := totp.GenerateCode(secret, w.clock())
	must(w.t, err)
	return code
}

func TestStepUpAsksOnlyForWhatIsMissing(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.signIn(b, liNa, w.request("main"))
	wish, must := []string{"acr_values", "urn:manyou:acr:2"}, []string{"claims", `{"id_token":{"acr":{"essential":true,"value":"urn:manyou:acr:2"}}}`}
	acr := func(response *http.Response) any {
		t.Helper()
		status, got := w.redeem("main", answer(t, response).Get("code"))
		if status != 200 {
			t.Fatalf("%d %v", status, got)
		}
		return payload(t, got["id_token"])["acr"]
	}
	if got := acr(w.get(b, w.request("main", wish...))); got != "urn:manyou:acr:1" {
		t.Errorf("a wish that cannot be fulfilled: %v", got)
	}
	if got := answer(t, w.get(b, w.request("main", must...))); got.Get("error") != "unmet_authentication_requirements" {
		t.Errorf("a condition that cannot be met: %v", got)
	}
	secret := w.enrol(b)
	if got := answer(t, w.get(b, w.request("main", append(must, "prompt", "none")...))); got.Get("error") != "interaction_required" {
		t.Errorf("silently: %v", got)
	}
	w.pass(time.Minute)
	at := w.get(b, w.request("main", must...))
	if got := acr(w.post(b, page(at), "action", "prove", "code", w.totp(secret))); got != "urn:manyou:acr:2" {
		t.Errorf("after the step-up: %v", got)
	}
	if got := acr(w.get(b, w.request("main", wish...))); got != "urn:manyou:acr:2" {
		t.Errorf("the session forgot the step-up: %v", got)
	}
}

func TestCodeOfAnAppIsGoodOnce(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.signIn(b, liNa, w.request("main"))
	secret := w.enrol(b)
	try := func(code string) *http.Response {
		b := w.browser()
		at := w.post(b, page(w.get(b, w.request("main"))), "action", "phone", "phone", liNa.phone)
		at = w.post(b, page(at), "action", "totp")
		return w.post(b, page(at), "action", "prove", "code", code)
	}
	if at := try(w.totp(secret)); at.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("the code that enrolled was taken again: %d", at.StatusCode)
	}
	w.pass(time.Minute)
	code := w.totp(secret)
	if got := answer(t, try(code)); got.Get("code") == "" {
		t.Errorf("%v", got)
	}
	if at := try(code); at.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a code was taken twice: %d", at.StatusCode)
	}
}

func TestEnrolmentNeedsAFreshSessionOfItsOwn(t *testing.T) {
	w := newWorld(t)
	b, other := w.browser(), w.browser()
	w.signIn(b, liNa, w.request("main"))
	w.signIn(other, aynur, w.request("main"))
	field := enrolmentField.FindStringSubmatch(body(t, w.get(b, w.url+"/account/add/totp")))[1]
	if at := w.post(other, w.url+"/account/add/totp", "enrolment", field, "code", "000000"); page(at) != w.url+"/account/add/totp" || strings.Contains(body(t, at), field) {
		t.Error("another session's secret was taken up")
	}
	w.pass(11 * time.Minute)
	if at := w.get(b, w.url+"/account/add/totp"); !strings.Contains(page(at), "/signin/") {
		t.Errorf("a stale session may enrol: %s", page(at))
	}
	if at := w.post(b, w.url+"/account/add/totp", "enrolment", field, "code", "000000"); !strings.Contains(page(at), "/signin/") {
		t.Errorf("a stale session may confirm: %s", page(at))
	}
}

func TestWhoeverLeavesAStepUpInheritsNothing(t *testing.T) {
	w := newWorld(t)
	w.tokens("main", aynur)
	b := w.browser()
	w.signIn(b, liNa, w.request("main"))
	secret := w.enrol(b)
	w.pass(time.Minute)
	up := w.request("main", "acr_values", "urn:manyou:acr:2")
	at := w.get(b, up)
	_, got := w.redeem("main", answer(t, w.post(b, page(at), "action", "prove", "code", w.totp(secret))).Get("code"))
	hers := payload(t, got["id_token"])
	if hers["acr"] != "urn:manyou:acr:2" {
		t.Fatalf("%v", hers["acr"])
	}
	// Her session is strong. Somebody else goes on in her browser, from a step-up that is under way.
	secondApp := w.browser()
	w.signIn(secondApp, liNa, w.request("main"))
	w.pass(time.Minute)
	at = w.get(secondApp, up)
	at = w.post(secondApp, page(at), "action", "back")
	before := w.sent()
	at = w.post(secondApp, page(at), "action", "phone", "phone", aynur.phone)
	_, got = w.redeem("main", answer(t, w.post(secondApp, page(at), "action", "code", "code", w.code(aynur.phone, before))).Get("code"))
	theirs := payload(t, got["id_token"])
	if theirs["sub"] == hers["sub"] || theirs["acr"] != "urn:manyou:acr:1" || len(theirs["amr"].([]any)) != 1 {
		t.Errorf("sub the same: %t, acr %v, amr %v", theirs["sub"] == hers["sub"], theirs["acr"], theirs["amr"])
	}
	if theirs["auth_time"] != float64(w.clock().Unix()) {
		t.Error("auth_time is somebody else's")
	}
}
