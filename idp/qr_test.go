package idp_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"manyou/authenticators/otp/otptest"
	"manyou/storage"
	"manyou/storage/storagetest"
)

var (
	numberShown  = regexp.MustCompile(`data-number>(\d\d)<`)
	numberChoice = regexp.MustCompile(`name="number" value="(\d\d)"`)
)

// desk is a browser that shows a code.
type desk struct {
	*http.Client
	page string // its conversation
	scan string // where the picture leads
}

// desk begins a sign-in that waits for another device.
func (w *world) desk(change ...string) desk {
	w.t.Helper()
	b := w.browser()
	at := w.post(b, page(w.get(b, w.request("main", change...))), "action", "qr")
	return desk{b, page(at), w.pictured(body(w.t, at))}
}

// pictured is what the QR code of a page says.
func (w *world) pictured(text string) string {
	w.t.Helper()
	said, err := otptest.ReadQR(text)
	must(w.t, err)
	return said
}

// shown is what the desk's page says now.
func (w *world) shown(d desk) string { return body(w.t, w.get(d.Client, d.page)) }

// number waits for nothing: it is the number that the desk shows.
func (w *world) number(d desk) string {
	w.t.Helper()
	m := numberShown.FindStringSubmatch(w.shown(d))
	if m == nil {
		w.t.Fatalf("no number: %s", w.shown(d))
	}
	return m[1]
}

// wrong is a number that is to choose from and not shown.
func wrongOf(text, right string) string {
	for _, m := range numberChoice.FindAllStringSubmatch(text, -1) {
		if m[1] != right {
			return m[1]
		}
	}
	return ""
}

func (w *world) signedIn(c citizen) *http.Client {
	b := w.browser()
	w.signIn(b, c, w.request("main"))
	return b
}

func TestADeskSignsInByAPhoneThatChoosesItsNumber(t *testing.T) {
	w := newWorld(t)
	phone := w.signedIn(liNa)
	d := w.desk()
	text := body(t, w.get(phone, d.scan))
	if !strings.Contains(text, liNa.name) || len(numberChoice.FindAllString(text, -1)) != 3 {
		t.Fatalf("the phone asks: %s", text)
	}
	w.post(phone, d.scan, "action", "approve", "number", w.number(d))
	_, got := w.redeem("main", answer(t, w.get(d.Client, d.page)).Get("code"))
	claims := payload(t, got["id_token"])
	if claims["acr"] != "urn:manyou:acr:1" || claims["amr"].([]any)[1] != "mca" {
		t.Errorf("acr %v, amr %v", claims["acr"], claims["amr"])
	}
}

func TestAPasskeyAtThePhoneDoesNotMakeTheDeskPhishingResistant(t *testing.T) {
	w := newWorld(t)
	_, device := w.withPasskey(liNa)
	phone := w.browser()
	at := w.get(phone, w.request("main"))
	answer(t, w.post(phone, page(at), "action", "passkey", "answer", device.assert(body(t, at))))
	d := w.desk()
	w.get(phone, d.scan)
	w.post(phone, d.scan, "action", "approve", "number", w.number(d))
	_, got := w.redeem("main", answer(t, w.get(d.Client, d.page)).Get("code"))
	if acr := payload(t, got["id_token"])["acr"]; acr != "urn:manyou:acr:2" {
		t.Errorf("acr %v", acr)
	}
}

func TestAttackOnATicketSignsNobodyIn(t *testing.T) {
	isOut := func(t *testing.T, at *http.Response) {
		t.Helper()
		if strings.Contains(at.Header.Get("Location"), "code=") {
			t.Error("somebody is signed in")
		}
	}
	t.Run("another browser takes the desk's place", func(t *testing.T) {
		w := newWorld(t)
		phone, d := w.signedIn(liNa), w.desk()
		w.get(phone, d.scan)
		w.post(phone, d.scan, "action", "approve", "number", w.number(d))
		isOut(t, w.get(w.browser(), d.page))
		isOut(t, w.get(phone, d.page))
	})
	t.Run("scanned too late", func(t *testing.T) {
		w := newWorld(t)
		phone, d := w.signedIn(liNa), w.desk()
		w.pass(time.Minute)
		if at := w.get(phone, d.scan); at.StatusCode != http.StatusGone {
			t.Errorf("%d", at.StatusCode)
		}
	})
	t.Run("approved too late", func(t *testing.T) {
		w := newWorld(t)
		phone, d := w.signedIn(liNa), w.desk()
		w.get(phone, d.scan)
		number := w.number(d)
		w.pass(5 * time.Minute)
		if at := w.post(phone, d.scan, "action", "approve", "number", number); at.StatusCode != http.StatusGone {
			t.Errorf("%d", at.StatusCode)
		}
		isOut(t, w.get(d.Client, d.page))
	})
	t.Run("approved twice, and used twice", func(t *testing.T) {
		w := newWorld(t)
		phone, d := w.signedIn(liNa), w.desk()
		w.get(phone, d.scan)
		number := w.number(d)
		w.post(phone, d.scan, "action", "approve", "number", number)
		if at := w.post(phone, d.scan, "action", "approve", "number", number); at.StatusCode != http.StatusConflict {
			t.Errorf("approved again: %d", at.StatusCode)
		}
		answer(t, w.get(d.Client, d.page))
		isOut(t, w.get(d.Client, d.page))
	})
	t.Run("the number is guessed", func(t *testing.T) {
		w := newWorld(t)
		phone, d := w.signedIn(liNa), w.desk()
		text := body(t, w.get(phone, d.scan))
		right := w.number(d)
		w.post(phone, d.scan, "action", "approve", "number", wrongOf(text, right))
		w.post(phone, d.scan, "action", "approve", "number", right)
		isOut(t, w.get(d.Client, d.page))
	})
	t.Run("a second phone", func(t *testing.T) {
		w := newWorld(t)
		phone, second, d := w.signedIn(liNa), w.signedIn(aynur), w.desk()
		w.get(phone, d.scan)
		if at := w.get(second, d.scan); at.StatusCode != http.StatusConflict {
			t.Errorf("looks: %d", at.StatusCode)
		}
		if at := w.post(second, d.scan, "action", "approve", "number", w.number(d)); at.StatusCode != http.StatusConflict {
			t.Errorf("approves: %d", at.StatusCode)
		}
		isOut(t, w.get(d.Client, d.page))
	})
	t.Run("by a frozen person", func(t *testing.T) {
		w := newWorld(t)
		phone, d := w.signedIn(liNa), w.desk()
		w.get(phone, d.scan)
		number := w.number(d)
		p, err := w.store.PersonByDocument(t.Context(), storage.Document{Kind: "resident_id", Number: liNa.number})
		must(t, err)
		storagetest.Freeze(t, w.store, p.ID, w.clock())
		w.post(phone, d.scan, "action", "approve", "number", number)
		isOut(t, w.get(d.Client, d.page))
	})
	t.Run("frozen after the approval", func(t *testing.T) {
		w := newWorld(t)
		phone, d := w.signedIn(liNa), w.desk()
		w.get(phone, d.scan)
		w.post(phone, d.scan, "action", "approve", "number", w.number(d))
		p, err := w.store.PersonByDocument(t.Context(), storage.Document{Kind: "resident_id", Number: liNa.number})
		must(t, err)
		storagetest.Freeze(t, w.store, p.ID, w.clock())
		isOut(t, w.get(d.Client, d.page))
	})
	t.Run("signed out after the approval", func(t *testing.T) {
		w := newWorld(t)
		phone, d := w.signedIn(liNa), w.desk()
		w.get(phone, d.scan)
		w.post(phone, d.scan, "action", "approve", "number", w.number(d))
		w.post(phone, w.url+"/end_session", "action", "sign_out")
		isOut(t, w.get(d.Client, d.page))
	})
	t.Run("from another site's form", func(t *testing.T) {
		w := newWorld(t)
		phone, d := w.signedIn(liNa), w.desk()
		w.get(phone, d.scan)
		r, err := http.NewRequest(http.MethodPost, d.scan, strings.NewReader("action=approve&number="+w.number(d)))
		must(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "https://evil.example")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		at, err := phone.Do(r)
		must(t, err)
		must(t, at.Body.Close())
		if at.StatusCode != http.StatusForbidden {
			t.Errorf("%d", at.StatusCode)
		}
		isOut(t, w.get(d.Client, d.page))
	})
	t.Run("a picture of one's own", func(t *testing.T) {
		w := newWorld(t)
		if at := w.get(w.signedIn(liNa), w.url+"/scan/"+strings.Repeat("A", 120)); at.StatusCode != http.StatusNotFound {
			t.Errorf("%d", at.StatusCode)
		}
	})
}

func TestThePhonesPageCannotBeFramed(t *testing.T) {
	w := newWorld(t)
	at := w.get(w.signedIn(liNa), w.desk().scan)
	if csp := at.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") || at.Header.Get("X-Frame-Options") != "DENY" {
		t.Errorf("%s", csp)
	}
}

func TestADeskThatWantsAFreshProofGetsOneAtThePhone(t *testing.T) {
	w := newWorld(t)
	phone := w.signedIn(liNa)
	w.pass(time.Hour)
	d := w.desk("prompt", "login")
	if at := w.get(phone, d.scan); !strings.Contains(page(at), "/signin/") {
		t.Errorf("the phone's old sign-in answers prompt=login: %s", page(at))
	}
}

func TestWhoIsNotSignedInAtThePhoneSignsInThereAndComesBack(t *testing.T) {
	w := newWorld(t)
	w.tokens("main", liNa) // known
	phone, d := w.browser(), w.desk()
	if at := w.signInFrom(phone, liNa, w.get(phone, d.scan)); page(at) != d.scan {
		t.Fatalf("came back to %s", page(at))
	}
	w.pass(2 * time.Minute) // nobody is hurried: the first to look has the ticket
	if text := body(t, w.get(phone, d.scan)); len(numberChoice.FindAllString(text, -1)) != 3 {
		t.Fatal(text)
	}
	w.post(phone, d.scan, "action", "approve", "number", w.number(d))
	answer(t, w.get(d.Client, d.page))
}

func TestWhoLeftTheScanningIsToldThatTheyAreOnHold(t *testing.T) {
	w := newWorld(t)
	w.tokens("main", aynur)
	storagetest.Freeze(t, w.store, w.person(aynur).ID, w.clock())
	d := w.desk()
	at := w.post(d.Client, d.page, "action", "back")
	before := w.sent()
	at = w.post(d.Client, page(at), "action", "phone", "phone", aynur.phone)
	if at = w.post(d.Client, page(at), "action", "code", "code", w.code(aynur.phone, before)); at.StatusCode != http.StatusForbidden {
		t.Errorf("%d at %s", at.StatusCode, page(at))
	}
}

func TestADeskCanAskAgainAfterThePhoneSaidNoOrSignedOut(t *testing.T) {
	w := newWorld(t)
	phone, d := w.signedIn(liNa), w.desk()
	w.get(phone, d.scan)
	w.post(phone, d.scan, "action", "refuse")
	again := func() string {
		at := w.post(d.Client, d.page, "action", "qr_again")
		return w.pictured(body(t, at))
	}
	next := again()
	w.get(phone, next)
	w.post(phone, next, "action", "approve", "number", w.number(d))
	w.post(phone, w.url+"/end_session", "action", "sign_out")
	if at := w.get(d.Client, d.page); !strings.Contains(body(t, at), `name="phone"`) {
		t.Fatalf("not back at the beginning: %d", at.StatusCode)
	}
	phone = w.signedIn(liNa)
	at := w.post(d.Client, d.page, "action", "qr")
	next = w.pictured(body(t, at))
	w.get(phone, next)
	w.post(phone, next, "action", "approve", "number", w.number(d))
	answer(t, w.get(d.Client, d.page))
}

func TestAttackByDevicesThatApproveOneAnotherDoesNotLastForEver(t *testing.T) {
	w := newWorld(t)
	phone := w.signedIn(liNa)
	for range 3 { // each session lives twelve hours
		w.pass(11 * time.Hour)
		d := w.desk()
		at := w.get(phone, d.scan)
		if strings.Contains(page(at), "/signin/") {
			return // it has to prove something again
		}
		w.post(phone, d.scan, "action", "approve", "number", w.number(d))
		answer(t, w.get(d.Client, d.page))
		phone = d.Client
	}
	t.Error("somebody is signed in by a proof of 33 hours ago")
}

func TestAttackByADeskThatSomebodyWasTalkedIntoApprovingAddsNoWayToSignIn(t *testing.T) {
	w := newWorld(t)
	phone, d := w.signedIn(liNa), w.desk()
	w.get(phone, d.scan)
	w.post(phone, d.scan, "action", "approve", "number", w.number(d))
	answer(t, w.get(d.Client, d.page))
	for _, method := range []string{"passkey", "totp", "recovery", "relative"} {
		at := w.get(d.Client, w.url+"/account/add/"+method)
		if text := body(t, at); !strings.Contains(page(at), "/signin/") || strings.Contains(text, `value="qr"`) {
			t.Errorf("%s: at %s", method, page(at))
		}
	}
	if text := body(t, w.post(d.Client, w.url+"/account/add/recovery", "action", "create")); recoveryCode.MatchString(text) {
		t.Fatal("recovery codes were made")
	}
	// Whoever proves themselves at the desk goes on.
	w.signInFrom(d.Client, liNa, w.get(d.Client, w.url+"/account/add/passkey"))
	w.addPasskey(d.Client, w.device())
}
