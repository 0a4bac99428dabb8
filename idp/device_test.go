package idp_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"manyou/storage"
)

const (
	grantDevice = "urn:ietf:params:oauth:grant-type:device_code"
	grantCIBA   = "urn:openid:params:grant-type:ciba"
)

// television is an application of a device without a keyboard.
func (w *world) television() {
	w.application("tv", func(a *storage.Application) {
		a.AuthMethod, a.SecretHash, a.RedirectURIs, a.GrantTypes = "none", nil, nil, []string{grantDevice, "refresh_token"}
	})
}

// ask begins a device authorization (RFC 8628 §3.1).
func (w *world) ask(clientID string) (deviceCode, userCode string) {
	w.t.Helper()
	status, got := w.call("/device_authorization", "", "client_id", clientID, "scope", "openid profile")
	if status != http.StatusOK {
		w.t.Fatalf("%d %v", status, got)
	}
	return got["device_code"].(string), got["user_code"].(string)
}

// poll asks for the tokens of a device.
func (w *world) poll(clientID, deviceCode string) (int, map[string]any) {
	return w.call("/token", "", "grant_type", grantDevice, "client_id", clientID, "device_code", deviceCode)
}

func TestADeviceGetsTokensOnceTheCitizenAgrees(t *testing.T) {
	w := newWorld(t)
	w.television()
	b := w.signedIn(liNa)
	device, user := w.ask("tv")
	if _, got := w.poll("tv", device); got["error"] != "authorization_pending" {
		t.Fatalf("before anybody agreed: %v", got)
	}
	if _, got := w.poll("tv", device); got["error"] != "slow_down" {
		t.Errorf("twice at once: %v", got)
	}
	typed := strings.ToLower(strings.ReplaceAll(user, "-", " ")) // as people type
	at := w.post(b, w.url+"/device", "action", "device", "user_code", typed)
	if text := body(t, at); !strings.Contains(text, `value="approve"`) || !strings.Contains(text, liNa.name) {
		t.Fatalf("the citizen is not asked: %s", text)
	}
	w.post(b, w.url+"/device?user_code="+strings.ReplaceAll(user, "-", ""), "action", "approve")
	w.pass(10 * time.Second)
	status, got := w.poll("tv", device)
	if status != http.StatusOK || payload(t, got["id_token"])["acr"] != "urn:manyou:acr:1" || got["refresh_token"] == nil {
		t.Fatalf("%d %v", status, got)
	}
	if status, got := w.poll("tv", device); status != http.StatusBadRequest || got["error"] != "invalid_grant" {
		t.Errorf("the code was taken twice: %d %v", status, got)
	}
}

func TestAttackOnADeviceCodeGivesNoTokens(t *testing.T) {
	w := newWorld(t)
	w.television()
	w.application("other", func(a *storage.Application) {
		a.AuthMethod, a.SecretHash, a.RedirectURIs, a.GrantTypes = "none", nil, nil, []string{grantDevice}
	})
	b := w.signedIn(liNa)
	device, user := w.ask("tv")
	if _, got := w.poll("other", device); got["error"] != "invalid_grant" {
		t.Errorf("another client: %v", got)
	}
	if _, got := w.poll("tv", user); got["error"] != "invalid_grant" {
		t.Errorf("the user code as device code: %v", got)
	}
	w.post(b, w.url+"/device?user_code="+strings.ReplaceAll(user, "-", ""), "action", "device")
	stranger := w.signedIn(aynur)
	if at := w.post(stranger, w.url+"/device", "action", "device", "user_code", user); at.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a second person looks: %d", at.StatusCode)
	}
	w.post(b, w.url+"/device?user_code="+strings.ReplaceAll(user, "-", ""), "action", "refuse")
	w.pass(10 * time.Second)
	if _, got := w.poll("tv", device); got["error"] != "access_denied" {
		t.Errorf("refused: %v", got)
	}
	late, _ := w.ask("tv")
	w.pass(11 * time.Minute)
	if _, got := w.poll("tv", late); got["error"] != "expired_token" {
		t.Errorf("too late: %v", got)
	}
	if status, got := w.call("/device_authorization", "main", "scope", "openid"); status != http.StatusBadRequest || got["error"] != "unauthorized_client" {
		t.Errorf("not registered for it: %d %v", status, got)
	}
}

func TestADeviceWhoseApplicationAcceptsOnlyPasskeysGetsNothingOfASessionBySMS(t *testing.T) {
	w := newWorld(t)
	w.application("tv", func(a *storage.Application) {
		a.AuthMethod, a.SecretHash, a.RedirectURIs, a.GrantTypes, a.Methods = "none", nil, nil, []string{grantDevice}, []string{"passkey"}
	})
	b := w.signedIn(liNa)
	device, user := w.ask("tv")
	w.post(b, w.url+"/device", "action", "device", "user_code", user)
	w.post(b, w.url+"/device?user_code="+strings.ReplaceAll(user, "-", ""), "action", "approve")
	if _, got := w.poll("tv", device); got["error"] != "access_denied" {
		t.Errorf("%v", got)
	}
}

func TestAttackThatGuessesUserCodesIsStopped(t *testing.T) {
	w := newWorld(t)
	w.television()
	b := w.signedIn(liNa)
	for range 40 {
		if at := w.post(b, w.url+"/device", "action", "device", "user_code", "BCDF-GHJK"); at.StatusCode == http.StatusTooManyRequests {
			return
		}
	}
	t.Error("forty codes were tried")
}

// counter is an application that reads codes.
func (w *world) counter() {
	w.application("counter", func(a *storage.Application) { a.GrantTypes = []string{grantCIBA} })
}

func TestACounterThatReadsTheCitizensCodeGetsTokensOnceTheyConfirm(t *testing.T) {
	w := newWorld(t)
	w.counter()
	b := w.signedIn(liNa)
	code := w.pictured(body(t, w.get(b, w.url+"/account/show")))
	status, got := w.call("/bc-authorize", "counter", "scope", "openid profile", "login_hint_token", code, "binding_message", "办理居住证 12")
	if status != http.StatusOK {
		t.Fatalf("%d %v", status, got)
	}
	request := got["auth_req_id"].(string)
	poll := func() map[string]any {
		_, got := w.call("/token", "counter", "grant_type", grantCIBA, "auth_req_id", request)
		return got
	}
	if got := poll(); got["error"] != "authorization_pending" {
		t.Errorf("before the citizen confirmed: %v", got)
	}
	at := w.post(b, w.url+"/account/show?code="+code)
	if text := body(t, at); !strings.Contains(text, "办理居住证 12") || !strings.Contains(text, `value="approve"`) {
		t.Fatalf("the citizen is not asked: %s", text)
	}
	w.post(b, w.url+"/account/show?code="+code, "action", "approve")
	w.pass(10 * time.Second)
	if got := poll(); got["access_token"] == nil || payload(t, got["id_token"])["aud"] != "counter" {
		t.Fatalf("%v", got)
	}
	if got := poll(); got["error"] != "invalid_grant" {
		t.Errorf("taken twice: %v", got)
	}
}

func TestAttackOnAShownCodeGivesNoTokens(t *testing.T) {
	w := newWorld(t)
	w.counter()
	w.application("second_counter", func(a *storage.Application) { a.GrantTypes = []string{grantCIBA} })
	b := w.signedIn(liNa)
	code := w.pictured(body(t, w.get(b, w.url+"/account/show")))
	read := func(client, code string) (int, map[string]any) {
		return w.call("/bc-authorize", client, "scope", "openid", "login_hint_token", code)
	}
	if status, _ := read("counter", "BCDFGHJK"); status != http.StatusBadRequest {
		t.Errorf("a code that nobody shows: %d", status)
	}
	if status, got := read("main", code); status != http.StatusBadRequest || got["error"] != "unauthorized_client" {
		t.Errorf("a client that is not registered for it: %d %v", status, got)
	}
	_, got := read("counter", code)
	if status, _ := read("second_counter", code); status != http.StatusBadRequest {
		t.Errorf("a second counter reads the same code: %d", status)
	}
	if _, other := w.call("/token", "second_counter", "grant_type", grantCIBA, "auth_req_id", got["auth_req_id"].(string)); other["error"] != "invalid_grant" {
		t.Errorf("another client: %v", other)
	}
	stranger := w.signedIn(aynur)
	w.post(stranger, w.url+"/account/show?code="+code, "action", "approve")
	w.pass(10 * time.Second)
	if _, mine := w.call("/token", "counter", "grant_type", grantCIBA, "auth_req_id", got["auth_req_id"].(string)); mine["error"] != "authorization_pending" {
		t.Errorf("confirmed by somebody else: %v", mine)
	}
	code = w.pictured(body(t, w.get(b, w.url+"/account/show")))
	w.pass(time.Minute)
	if status, _ := read("counter", code); status != http.StatusBadRequest {
		t.Errorf("read too late: %d", status)
	}
}

func TestAttackADeviceThatSaysMuchOfItselfFillsNoStorage(t *testing.T) {
	w := newWorld(t)
	w.television()
	r, err := http.NewRequest(http.MethodPost, w.url+"/device_authorization", strings.NewReader("client_id=tv&scope=openid"))
	must(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", strings.Repeat("x", 30<<10))
	response, err := http.DefaultClient.Do(r)
	must(t, err)
	must(t, response.Body.Close())
	changes, err := w.store.TicketsChangedSince(t.Context(), w.clock().Add(-time.Minute), 10)
	must(t, err)
	if len(changes) != 1 {
		t.Fatalf("%d tickets", len(changes))
	}
	kept, err := w.store.Ticket(t.Context(), changes[0].ID, w.clock().UTC().Truncate(24*time.Hour).Add(48*time.Hour))
	must(t, err)
	if len(kept.Body) > 1<<10 {
		t.Errorf("%d bytes are kept", len(kept.Body))
	}
}
