package idp_test

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/hotp"

	"manyou/authenticators/otp"
	"manyou/storage"
)

var (
	recoveryCode  = regexp.MustCompile(`<li><code>([^<]+)</code>`)
	sessionField  = regexp.MustCompile(`name="session" value="([^"]+)"`)
	sessionsShown = regexp.MustCompile(`value="end"`)
)

func (w *world) person(c citizen) storage.Person {
	w.t.Helper()
	p, err := w.store.PersonByDocument(w.t.Context(), storage.Document{Kind: "resident_id", Number: c.number})
	must(w.t, err)
	return p
}

// recoveryCodes makes a new set for whoever is signed in.
func (w *world) recoveryCodes(b *http.Client) (codes []string) {
	w.t.Helper()
	for _, m := range recoveryCode.FindAllStringSubmatch(body(w.t, w.post(b, w.url+"/account/add/recovery", "action", "create")), -1) {
		codes = append(codes, m[1])
	}
	if len(codes) != 10 {
		w.t.Fatalf("%d codes", len(codes))
	}
	return codes
}

// lost tries to sign in with a recovery code, and without the phone.
func (w *world) lost(c citizen, code string) *http.Response {
	w.t.Helper()
	b := w.browser()
	at := w.post(b, page(w.get(b, w.request("main"))), "action", "other", "method", "recovery")
	return w.post(b, page(at), "action", "prove", "phone", c.phone, "code", code)
}

func TestARecoveryCodeSignsInOnceWithoutThePhone(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn(aynur)
	codes := w.recoveryCodes(b)
	before := w.sent()
	_, got := w.redeem("main", answer(t, w.lost(aynur, " "+strings.ToLower(codes[3])+" ")).Get("code"))
	if acr := payload(t, got["id_token"])["acr"]; acr != "urn:manyou:acr:1" {
		t.Errorf("acr %v", acr)
	}
	if w.sent() != before {
		t.Error("a code was sent to the phone that is lost")
	}
	if at := w.lost(aynur, codes[3]); at.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a second time: %d", at.StatusCode)
	}
	if at := w.lost(liNa, codes[4]); at.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("somebody else's number: %d", at.StatusCode)
	}
	w.recoveryCodes(b)
	if at := w.lost(aynur, codes[5]); at.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("one of a set that was replaced: %d", at.StatusCode)
	}
}

func TestACodeTokenSignsInAndCountsOnwards(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn(aynur)
	text := body(t, w.get(b, w.url+"/account/add/hotp"))
	secret := strings.ReplaceAll(secretText.FindStringSubmatch(text)[1], " ", "")
	code := func(n uint64) string {
		c, err := hotp.GenerateCode(secret, n)
		must(t, err)
		return c
	}
	w.post(b, w.url+"/account/add/hotp", "action", "confirm", "enrolment", enrolmentField.FindStringSubmatch(text)[1], "code", code(0))
	try := func(n uint64) *http.Response {
		b := w.browser()
		at := w.post(b, page(w.get(b, w.request("main"))), "action", "phone", "phone", aynur.phone)
		at = w.post(b, page(at), "action", "other", "method", "hotp")
		return w.post(b, page(at), "action", "prove", "code", code(n))
	}
	answer(t, try(3)) // the button was pressed three times
	for _, used := range []uint64{0, 2, 3} {
		if at := try(used); at.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("number %d again: %d", used, at.StatusCode)
		}
	}
	answer(t, try(4))
}

func TestAMistypedFirstCodeDoesNotChangeTheSecretThatWasScanned(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn(aynur)
	text := body(t, w.get(b, w.url+"/account/add/totp"))
	again := body(t, w.post(b, w.url+"/account/add/totp", "action", "confirm", "enrolment", enrolmentField.FindStringSubmatch(text)[1], "code", "000000"))
	if first, second := secretText.FindStringSubmatch(text), secretText.FindStringSubmatch(again); second == nil || first[1] != second[1] {
		t.Error("another secret is shown")
	}
}

func TestThisIsNotMeEndsEverySessionButThisOne(t *testing.T) {
	w := newWorld(t)
	stranger, b := w.signedIn(aynur), w.signedIn(aynur)
	_ = w.signedIn(aynur)
	text := body(t, w.get(b, w.url+"/account"))
	if n := len(sessionsShown.FindAllString(text, -1)); n != 2 {
		t.Fatalf("%d other devices are listed", n)
	}
	at := w.post(b, w.url+"/account", "action", "not_me", "session", sessionField.FindStringSubmatch(text)[1])
	w.post(b, w.url+"/account/not-me", "action", "confirm", "session", sessionField.FindStringSubmatch(body(t, at))[1])
	w.pass(time.Second)
	if got := answer(t, w.get(stranger, w.request("main", "prompt", "none"))); got.Get("error") != "login_required" {
		t.Errorf("the stranger is still signed in: %v", got)
	}
	if got := answer(t, w.get(b, w.request("main", "prompt", "none"))); got.Get("code") == "" {
		t.Errorf("the citizen was signed out too: %v", got)
	}
}

func TestNobodyEndsNamesOrRemovesWhatIsAnotherPersons(t *testing.T) {
	w := newWorld(t)
	victim, thief := w.signedIn(aynur), w.signedIn(liNa)
	w.enrol(victim)
	credentials, err := w.store.CredentialsOf(t.Context(), w.person(aynur).ID)
	must(t, err)
	sessions, err := w.store.SessionsOf(t.Context(), w.person(aynur).ID, w.clock())
	must(t, err)
	for _, c := range credentials {
		w.post(thief, w.url+"/account", "action", "remove", "credential", c.ID)
		w.post(thief, w.url+"/account", "action", "rename", "credential", c.ID, "label", "mine")
	}
	for _, s := range sessions {
		w.post(thief, w.url+"/account", "action", "end", "session", base64.RawURLEncoding.EncodeToString(s.ID))
	}
	left, err := w.store.CredentialsOf(t.Context(), w.person(aynur).ID)
	must(t, err)
	if len(left) != len(credentials) || left[0].Label == "mine" {
		t.Errorf("%d of %d credentials are left", len(left), len(credentials))
	}
	if got := answer(t, w.get(victim, w.request("main", "prompt", "none"))); got.Get("code") == "" {
		t.Error("the victim was signed out")
	}
}

func TestThePhoneCannotBeRemovedItIsTheWayBackIn(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn(aynur)
	credentials, err := w.store.CredentialsOf(t.Context(), w.person(aynur).ID)
	must(t, err)
	w.post(b, w.url+"/account", "action", "remove", "credential", credentials[0].ID)
	left, err := w.store.CredentialsOf(t.Context(), w.person(aynur).ID)
	must(t, err)
	if len(left) != 1 {
		t.Error("the phone is gone")
	}
}

func TestAWithdrawnConsentStopsTheDocumentAtOnce(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn(aynur)
	at := w.get(b, w.request("main", "scope", "openid document"))
	_, got := w.redeem("main", answer(t, w.post(b, page(at), "action", "agree")).Get("code"))
	info := func() string {
		_, text := w.raw("GET", "/userinfo", "", "", "Authorization", "Bearer "+got["access_token"].(string))
		return text
	}
	if !strings.Contains(info(), aynur.number) {
		t.Fatal("agreed, and the document is not given")
	}
	w.post(b, w.url+"/account", "action", "withdraw", "client_id", "main")
	if strings.Contains(info(), aynur.number) {
		t.Error("withdrawn, and the document is still given")
	}
}

func TestHistorySaysWhatHappenedAndAChangeIsToldByText(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn(aynur)
	w.enrol(b)
	text := body(t, w.get(b, w.url+"/account/history"))
	for _, want := range []string{"添加登录方式", "登录", "浙里办事", "短信验证码"} {
		if !strings.Contains(text, want) {
			t.Errorf("the history does not say %s", want)
		}
	}
	var told otp.Message
	eventually(t, "the citizen is told", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.notices) > 0 {
			told = w.notices[0]
		}
		return told.Text != ""
	})
	if told.Phone != aynur.phone || !strings.Contains(told.Text, "添加了一种登录方式") {
		t.Errorf("told %q", told.Text)
	}
}

func TestAnApplicationsPolicyDecidesHowCitizensMayProveThemselves(t *testing.T) {
	w := newWorld(t)
	w.application("strict", func(a *storage.Application) { a.Methods = []string{"passkey"} })
	w.application("kiosk", func(a *storage.Application) { a.Channels = []string{"kiosk"} })
	b := w.signedIn(liNa)
	if got := answer(t, w.get(b, w.request("strict", "prompt", "none"))); got.Get("error") != "login_required" {
		t.Errorf("a session by SMS where only passkeys count: %v", got)
	}
	at := w.get(w.browser(), w.request("strict"))
	if text := body(t, at); strings.Contains(text, `value="qr"`) {
		t.Error("another device is offered where only passkeys count")
	}
	for channel, want := range map[string]string{"web": "access_denied", "carrier-pigeon": "invalid_request"} {
		if got := answer(t, w.get(b, w.request("kiosk", "channel", channel))); got.Get("error") != want {
			t.Errorf("channel %s: %v", channel, got)
		}
	}
	if got := answer(t, w.get(b, w.request("kiosk", "channel", "kiosk"))); got.Get("code") == "" {
		t.Errorf("its own channel: %v", got)
	}
}

func TestNothingTellsWhoIsKnownOrWhatTheyEnrolled(t *testing.T) {
	w := newWorld(t)
	w.recoveryCodes(w.signedIn(aynur))
	w.enrol(w.signedIn(aynur))
	reference := regexp.MustCompile(`(/|%2F)signin(/|%2F)[A-Za-z0-9_-]+|data-options="[^"]*"`)
	for _, method := range []string{"totp", "hotp", "recovery"} {
		var answers []string
		for _, c := range []citizen{aynur, {phone: "+8613900000088"}} { // one with methods, one whom nobody knows
			b := w.browser()
			at := w.post(b, page(w.get(b, w.request("main"))), "action", "other", "method", method)
			asked := reference.ReplaceAllString(body(t, at), "")
			at = w.post(b, page(at), "action", "prove", "phone", c.phone, "code", "000000")
			told := strings.ReplaceAll(reference.ReplaceAllString(body(t, at), ""), c.phone[1:], "")
			answers = append(answers, at.Status+asked+told)
		}
		if answers[0] != answers[1] {
			t.Errorf("%s: the answers differ:\n%s\n---\n%s", method, answers[0], answers[1])
		}
	}
}

func TestThisIsNotMeEndsWhatTheStrangerWouldHaveRenewed(t *testing.T) {
	w := newWorld(t)
	offline := func() (b *http.Client, refresh string) {
		b = w.browser()
		_, got := w.redeem("main", w.signIn(b, aynur, w.request("main", "scope", "openid offline_access")).Get("code"))
		return b, got["refresh_token"].(string)
	}
	_, theirs := offline()
	b, own := offline()
	at := w.post(b, w.url+"/account", "action", "not_me", "session", sessionField.FindStringSubmatch(body(t, w.get(b, w.url+"/account")))[1])
	w.post(b, w.url+"/account/not-me", "action", "confirm", "session", sessionField.FindStringSubmatch(body(t, at))[1])
	if status, got := w.token("main", "grant_type", "refresh_token", "refresh_token", theirs); status != http.StatusBadRequest {
		t.Errorf("the stranger goes on for thirty days: %v", got)
	}
	if status, got := w.token("main", "grant_type", "refresh_token", "refresh_token", own); status != http.StatusOK {
		t.Errorf("the citizen's own: %v", got)
	}
}
