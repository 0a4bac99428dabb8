package idp_test

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"manyou/storage"
	"manyou/storage/storagetest"
)

var optionsField = regexp.MustCompile(`data-options="([^"]+)"`)

// device is a citizen's device with one passkey, and a browser that says where it is.
type device struct {
	t       testing.TB
	browser virtualwebauthn.RelyingParty
	lock    virtualwebauthn.Authenticator
	key     virtualwebauthn.Credential
}

func (w *world) device() *device {
	d := &device{t: w.t, browser: virtualwebauthn.RelyingParty{ID: "localhost", Name: "Zhejiang", Origin: w.url}, lock: virtualwebauthn.NewAuthenticator()}
	for len(d.key.ID) == 0 || len(d.key.Key.AttestationData()) != 77 { // a coordinate that begins with zero is encoded short
		d.key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return d
}

// options are what a page hands to the browser.
func options(t testing.TB, text string) string {
	t.Helper()
	m := optionsField.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no challenge on the page: %s", text)
	}
	return html.UnescapeString(m[1])
}

// addPasskey adds the device's passkey to the account of whoever is signed in.
func (w *world) addPasskey(b *http.Client, d *device) {
	w.t.Helper()
	text := body(w.t, w.get(b, w.url+"/account/add/passkey"))
	o, err := virtualwebauthn.ParseAttestationOptions(options(w.t, text))
	must(w.t, err)
	d.lock.Options.UserHandle = []byte(o.UserID)
	at := w.post(b, w.url+"/account/add/passkey", "action", "confirm", "label", "我的手机",
		"enrolment", enrolmentField.FindStringSubmatch(text)[1], "answer", virtualwebauthn.CreateAttestationResponse(d.browser, d.lock, d.key, *o))
	if page(at) != w.url+"/account?done=added" {
		w.t.Fatalf("not added: %d at %s", at.StatusCode, page(at))
	}
}

// assert answers the challenge of a page.
func (d *device) assert(text string) string {
	d.t.Helper()
	o, err := virtualwebauthn.ParseAssertionOptions(options(d.t, text))
	must(d.t, err)
	d.key.Counter++
	return virtualwebauthn.CreateAssertionResponse(d.browser, d.lock, d.key, *o)
}

// withPasskey is a citizen who has added a passkey.
func (w *world) withPasskey(c citizen) (*http.Client, *device) {
	w.t.Helper()
	b, d := w.browser(), w.device()
	w.signIn(b, c, w.request("main"))
	w.addPasskey(b, d)
	return b, d
}

func TestAPasskeySignsInAndIsPhishingResistant(t *testing.T) {
	w := newWorld(t)
	_, d := w.withPasskey(liNa)
	b := w.browser()
	at := w.get(b, w.request("main"))
	_, got := w.redeem("main", answer(t, w.post(b, page(at), "action", "passkey", "answer", d.assert(body(t, at)))).Get("code"))
	if acr := payload(t, got["id_token"])["acr"]; acr != "urn:manyou:acr:3" {
		t.Errorf("acr %v", acr)
	}
}

func TestAttackOnPasskeysSignsNobodyIn(t *testing.T) {
	for name, attack := range map[string]func(w *world, d *device, text string) string{
		"another origin": func(_ *world, d *device, text string) string {
			d.browser.Origin = "https://evil.example"
			return d.assert(text)
		},
		"another RP ID": func(_ *world, d *device, text string) string {
			d.browser.ID = "evil.example"
			return d.assert(text)
		},
		"without user verification": func(_ *world, d *device, text string) string {
			d.lock.Options.UserNotVerified = true
			return d.assert(text)
		},
		"a challenge of another conversation": func(w *world, d *device, _ string) string {
			return d.assert(body(w.t, w.get(w.browser(), w.request("main"))))
		},
		"a cloned counter": func(_ *world, d *device, text string) string {
			d.key.Counter = 0
			return d.assert(text)
		},
		"somebody else's key under this name": func(w *world, d *device, text string) string {
			other := w.device()
			other.key.ID, other.lock.Options.UserHandle = d.key.ID, d.lock.Options.UserHandle
			return other.assert(text)
		},
		"another person's handle": func(_ *world, d *device, text string) string {
			d.lock.Options.UserHandle = []byte(strings.Repeat("x", 32))
			return d.assert(text)
		},
		"garbage":    func(*world, *device, string) string { return `{"id":"x"}` },
		"a megabyte": func(*world, *device, string) string { return strings.Repeat("x", 1<<20) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			_, d := w.withPasskey(liNa)
			b := w.browser()
			at := w.get(b, w.request("main"))
			text := body(t, at)
			if name == "a cloned counter" { // one that was used, and then seems not to have been
				first := w.browser()
				page1 := w.get(first, w.request("main"))
				answer(t, w.post(first, page(page1), "action", "passkey", "answer", d.assert(body(t, page1))))
			}
			got := w.post(b, page(at), "action", "passkey", "answer", attack(w, d, text))
			if strings.Contains(got.Header.Get("Location"), "code=") || got.StatusCode < 400 || got.StatusCode >= 500 {
				t.Errorf("%d to %s", got.StatusCode, got.Header.Get("Location"))
			}
		})
	}
}

func TestAttackThatReplaysAnAssertionSignsNobodyIn(t *testing.T) {
	w := newWorld(t)
	_, d := w.withPasskey(liNa)
	b := w.browser()
	at := w.get(b, w.request("main"))
	assertion := d.assert(body(t, at))
	answer(t, w.post(b, page(at), "action", "passkey", "answer", assertion))
	if again := w.post(b, page(at), "action", "passkey", "answer", assertion); strings.Contains(again.Header.Get("Location"), "code=") {
		t.Error("the same assertion at the same page")
	}
	next := w.get(b, w.request("main", "prompt", "login"))
	if again := w.post(b, page(next), "action", "passkey", "answer", assertion); strings.Contains(again.Header.Get("Location"), "code=") {
		t.Error("the same assertion at another page")
	}
}

func TestAPasskeyOfAFrozenPersonSignsNobodyIn(t *testing.T) {
	w := newWorld(t)
	_, d := w.withPasskey(liNa)
	p, err := w.store.PersonByDocument(t.Context(), storage.Document{Kind: "resident_id", Number: liNa.number})
	must(t, err)
	storagetest.Freeze(t, w.store, p.ID, w.clock())
	b := w.browser()
	at := w.get(b, w.request("main"))
	if got := w.post(b, page(at), "action", "passkey", "answer", d.assert(body(t, at))); got.StatusCode != http.StatusForbidden {
		t.Errorf("%d", got.StatusCode)
	}
}

func TestARemovedPasskeyIsWorthNothing(t *testing.T) {
	w := newWorld(t)
	b, d := w.withPasskey(liNa)
	p, err := w.store.PersonByDocument(t.Context(), storage.Document{Kind: "resident_id", Number: liNa.number})
	must(t, err)
	credentials, err := w.store.CredentialsOf(t.Context(), p.ID)
	must(t, err)
	for _, c := range credentials {
		if c.Method == "passkey" {
			w.post(b, w.url+"/account", "action", "remove", "credential", c.ID)
		}
	}
	other := w.browser()
	at := w.get(other, w.request("main"))
	if got := w.post(other, page(at), "action", "passkey", "answer", d.assert(body(t, at))); got.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%d to %s", got.StatusCode, got.Header.Get("Location"))
	}
}

func TestAPasskeyIsAddedOnlyInAFreshSessionAndOnce(t *testing.T) {
	w := newWorld(t)
	b, d := w.browser(), w.device()
	w.signIn(b, liNa, w.request("main"))
	text := body(t, w.get(b, w.url+"/account/add/passkey"))
	o, err := virtualwebauthn.ParseAttestationOptions(options(t, text))
	must(t, err)
	d.lock.Options.UserHandle = []byte(o.UserID)
	made := virtualwebauthn.CreateAttestationResponse(d.browser, d.lock, d.key, *o)
	form := []string{"action", "confirm", "enrolment", enrolmentField.FindStringSubmatch(text)[1], "answer", made}

	thief := w.browser()
	w.signIn(thief, aynur, w.request("main"))
	w.post(thief, w.url+"/account/add/passkey", form...)
	w.post(b, w.url+"/account/add/passkey", form...)
	w.post(b, w.url+"/account/add/passkey", form...) // a double click
	for _, c := range []citizen{liNa, aynur} {
		p, err := w.store.PersonByDocument(t.Context(), storage.Document{Kind: "resident_id", Number: c.number})
		must(t, err)
		credentials, err := w.store.CredentialsOf(t.Context(), p.ID)
		must(t, err)
		n := 0
		for _, k := range credentials {
			if k.Method == "passkey" {
				n++
			}
		}
		if want := map[string]int{liNa.name: 1}[c.name]; n != want {
			t.Errorf("%s has %d passkeys, want %d", c.name, n, want)
		}
	}
	w.pass(11 * time.Minute)
	if at := w.get(b, w.url+"/account/add/passkey"); !strings.Contains(page(at), "/signin/") {
		t.Errorf("a stale session may add: %s", page(at))
	}
}
