package idp_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"manyou/idp"
	"manyou/storage"
	"manyou/storage/storagetest"
)

func TestFirstSignInAsksForNameAndDocumentOnceAndNeverAgain(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	at := w.get(b, w.request("main"))
	before := w.sent()
	at = w.post(b, page(at), "action", "phone", "phone", liNa.phone)
	at = w.post(b, page(at), "action", "code", "code", w.code(liNa.phone, before))
	if text := body(t, at); !strings.Contains(text, `name="document_kind"`) {
		t.Fatalf("the first time no identity is asked for: %s", text)
	}
	if got := answer(t, w.post(b, page(at), "action", "identify", "name", liNa.name, "document_kind", "resident_id", "document_number", liNa.number)); got.Get("code") == "" {
		t.Fatalf("%v", got)
	}
	b = w.browser()
	at = w.get(b, w.request("main"))
	before = w.sent()
	at = w.post(b, page(at), "action", "phone", "phone", liNa.phone)
	if got := answer(t, w.post(b, page(at), "action", "code", "code", w.code(liNa.phone, before))); got.Get("code") == "" {
		t.Errorf("the second time: %v", got)
	}
}

// atIdentify brings a browser to the page that asks for name and document.
func (w *world) atIdentify(b *http.Client, phone string) string {
	w.t.Helper()
	at := w.get(b, w.request("main"))
	before := w.sent()
	at = w.post(b, page(at), "action", "phone", "phone", phone)
	return page(w.post(b, page(at), "action", "code", "code", w.code(phone, before)))
}

func TestIdentityMustMatchTheRegisterInNameDocumentAndPhoneAndTheAnswerIsOne(t *testing.T) {
	w := newWorld(t)
	wrong := map[string][]string{
		"another name":              {liNa.phone, "王芳", liNa.number},
		"another person's number":   {liNa.phone, liNa.name, aynur.number},
		"a number nobody has":       {liNa.phone, liNa.name, number("33000019990101999")},
		"a phone not on record":     {"+8613911111111", liNa.name, liNa.number},
		"name of the phone's other": {aynur.phone, liNa.name, liNa.number},
	}
	answers := map[string]string{}
	for name, try := range wrong {
		b := w.browser()
		at := w.atIdentify(b, try[0])
		response := w.post(b, at, "action", "identify", "name", try[1], "document_kind", "resident_id", "document_number", try[2])
		if response.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, response.StatusCode)
		}
		text := body(t, response)
		// What was typed comes back, and the conversation differs; nothing else may.
		path := strings.TrimPrefix(at, w.url)
		for _, own := range []string{try[1], try[2], path, url.QueryEscape(path)} {
			text = strings.ReplaceAll(text, own, "")
		}
		answers[text] = name
	}
	if len(answers) != 1 {
		t.Errorf("the page tells what was wrong: %d different answers", len(answers))
	}
	if _, err := w.store.PersonByDocument(t.Context(), storage.Document{Kind: "resident_id", Number: liNa.number}); err == nil {
		t.Error("a refused identity made a person")
	}
}

func TestMinorityNameIsComparedWhateverItsDot(t *testing.T) {
	w := newWorld(t)
	for _, dot := range []string{"·", "•", "・", "."} {
		b := w.browser()
		at := w.atIdentifyOrDone(b, aynur.phone, strings.ReplaceAll(aynur.name, "·", dot))
		if at.Get("code") == "" {
			t.Errorf("%q: %v", dot, at)
		}
	}
}

func (w *world) atIdentifyOrDone(b *http.Client, phone, name string) url.Values {
	c := aynur
	c.phone, c.name = phone, name
	return w.signIn(b, c, w.request("main"))
}

func TestTwoPeopleWhoShareAPhoneStayTwo(t *testing.T) {
	w := newWorld(t)
	one := payload(w.t, w.tokens("main", liNa)["id_token"])["sub"]
	// Her father signs in for the first time on the same phone.
	b := w.browser()
	at := w.get(b, w.request("main"))
	before := w.sent()
	at = w.post(b, page(at), "action", "phone_shared", "phone", liWei.phone)
	at = w.post(b, page(at), "action", "code", "code", w.code(liWei.phone, before))
	at = w.post(b, page(at), "action", "identify")
	at = w.post(b, page(at), "action", "identify", "name", liWei.name, "document_kind", "resident_id", "document_number", liWei.number)
	_, got := w.redeem("main", answer(t, at).Get("code"))
	two := payload(t, got["id_token"])["sub"]
	if one == two {
		t.Fatal("two people became one")
	}
	// From then on the phone alone does not decide.
	for c, want := range map[citizen]any{liNa: one, liWei: two} {
		if got := payload(t, w.tokens("main", c)["id_token"])["sub"]; got != want {
			t.Errorf("%s is signed in as somebody else", c.name)
		}
	}
	b = w.browser()
	at = w.get(b, w.request("main"))
	before = w.sent()
	at = w.post(b, page(at), "action", "phone", "phone", liNa.phone)
	at = w.post(b, page(at), "action", "code", "code", w.code(liNa.phone, before))
	if at = w.post(b, page(at), "action", "choose", "document_number", aynur.number); at.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a third person's number was taken: %d", at.StatusCode)
	}
}

func TestEveryPhoneGetsTheSameAnswerAndACode(t *testing.T) {
	w := newWorld(t)
	w.tokens("main", liNa)
	answers := map[string]bool{}
	for _, phone := range []string{liNa.phone, "+8613999999999"} {
		b := w.browser()
		at := w.get(b, w.request("main"))
		before := w.sent()
		response := w.post(b, page(at), "action", "phone", "phone", phone)
		w.code(phone, before)
		text := body(t, response)
		masked := phone[3:6] + "****" + phone[10:]
		path := strings.TrimPrefix(page(response), w.url)
		for _, own := range []string{masked, path, url.QueryEscape(path)} {
			text = strings.ReplaceAll(text, own, "")
		}
		answers[fmt.Sprint(response.StatusCode, text)] = true
		// And a wrong code is answered in the same way.
		response = w.post(b, page(response), "action", "prove", "code", "000000")
		answers[fmt.Sprint(response.StatusCode)] = true
	}
	if len(answers) != 2 {
		t.Errorf("known and unknown phones are answered differently: %d answers", len(answers))
	}
}

func TestCodeIsGoodOnceAndForFewGuesses(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	at := w.get(b, w.request("main"))
	before := w.sent()
	at = w.post(b, page(at), "action", "phone", "phone", liNa.phone)
	code := w.code(liNa.phone, before)
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	for range 5 {
		if at = w.post(b, page(at), "action", "code", "code", wrong); at.StatusCode != http.StatusUnprocessableEntity {
			t.Fatalf("a wrong code: %d", at.StatusCode)
		}
	}
	if at = w.post(b, page(at), "action", "code", "code", code); at.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("the right code after five wrong ones: %d", at.StatusCode)
	}
}

func TestCodeExpiresButTheConversationGoesOn(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	at := w.get(b, w.request("main"))
	before := w.sent()
	at = w.post(b, page(at), "action", "phone", "phone", liNa.phone)
	code := w.code(liNa.phone, before)
	w.pass(6 * time.Minute)
	if at = w.post(b, page(at), "action", "code", "code", code); at.StatusCode != http.StatusUnprocessableEntity {
		t.Fatalf("an expired code: %d", at.StatusCode)
	}
	before = w.sent()
	at = w.post(b, page(at), "action", "resend")
	if at = w.post(b, page(at), "action", "code", "code", w.code(liNa.phone, before)); !strings.Contains(body(t, at), "document_kind") {
		t.Error("a new code is not taken")
	}
}

func TestParallelAnswersToOnePageYieldOneSession(t *testing.T) {
	w := newWorld(t)
	w.tokens("main", liNa)
	b := w.browser()
	at := page(w.get(b, w.request("main")))
	before := w.sent()
	w.post(b, at, "action", "phone", "phone", liNa.phone)
	code := w.code(liNa.phone, before)
	var done atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			// Each a tab of its own: what one is told, the others are not.
			tab := &http.Client{Jar: frozenJar{b.Jar}, CheckRedirect: b.CheckRedirect}
			response := w.post(tab, at, "action", "code", "code", code)
			if strings.Contains(response.Header.Get("Location"), "code=") {
				done.Add(1)
			}
		})
	}
	wg.Wait()
	if done.Load() != 1 {
		t.Errorf("one code signed in %d times", done.Load())
	}
}

// frozenJar sends cookies and takes none.
type frozenJar struct{ http.CookieJar }

func (frozenJar) SetCookies(*url.URL, []*http.Cookie) {}

func TestConversationOfAnotherBrowserIsRefused(t *testing.T) {
	w := newWorld(t)
	attacker, victim := w.browser(), w.browser()
	at := page(w.get(attacker, w.request("main")))
	w.get(victim, w.request("main")) // has a browser cookie of its own
	for _, b := range []*http.Client{victim, w.browser()} {
		if response := w.get(b, at); response.StatusCode != http.StatusBadRequest {
			t.Errorf("somebody else's conversation was shown: %d", response.StatusCode)
		}
		if response := w.post(b, at, "action", "phone", "phone", liNa.phone); response.StatusCode != http.StatusBadRequest || w.sent() != 0 {
			t.Errorf("somebody else's conversation was answered: %d", response.StatusCode)
		}
	}
}

func TestCrossSitePOSTIsRefused(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	at := page(w.get(b, w.request("main")))
	r, _ := http.NewRequest("POST", at, strings.NewReader("action=phone&phone=13900000001"))
	r.Header.Set("Content-Type", form)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Origin", "https://evil.example")
	response, err := b.Do(r)
	must(t, err)
	_ = response.Body.Close()
	if response.StatusCode != http.StatusForbidden || w.sent() != 0 {
		t.Errorf("%d, %d messages", response.StatusCode, w.sent())
	}
}

func TestForgedAndExpiredConversationsShowAWayOut(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	at := page(w.get(b, w.request("main")))
	for name, target := range map[string]string{
		"forged":    w.url + "/signin/" + strings.Repeat("A", 27),
		"too short": w.url + "/signin/x",
		"callback":  w.url + "/upstream/callback?state=forged&code=x",
	} {
		if response := w.get(b, target); response.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", name, response.StatusCode)
		}
	}
	w.pass(time.Hour)
	if response := w.get(b, at); response.StatusCode != http.StatusBadRequest {
		t.Errorf("expired: %d", response.StatusCode)
	}
}

func TestMessagesAreLimitedPerPhonePerDeviceAndPerAddress(t *testing.T) {
	for name, try := range map[string]struct {
		limits      func(*idp.Limits)
		sameBrowser bool
		phone       func(n int) string
	}{
		"phone":   {func(l *idp.Limits) { l.MessagesPerPhone = 3 }, false, func(int) string { return liNa.phone }},
		"device":  {func(l *idp.Limits) { l.MessagesPerDevice = 3 }, true, func(n int) string { return fmt.Sprintf("+861390000%04d", n) }},
		"address": {func(l *idp.Limits) { l.MessagesPerAddress = 3 }, false, func(n int) string { return fmt.Sprintf("+861390000%04d", n) }},
	} {
		w := newWorld(t, func(c *idp.Config) {
			l := idp.DefaultLimits()
			try.limits(&l)
			c.Limits = &l
		})
		shared := w.browser()
		for n := range 4 {
			b := w.browser()
			if try.sameBrowser {
				b = shared
			}
			response := w.post(b, page(w.get(b, w.request("main"))), "action", "phone", "phone", try.phone(n))
			if n < 3 && response.StatusCode != http.StatusOK || n == 3 && response.StatusCode != http.StatusTooManyRequests {
				t.Errorf("%s, message %d: %d", name, n+1, response.StatusCode)
			}
		}
	}
}

func TestGuessesAtSpeedOverManyBrowsersRunIntoTheLimitOfThePerson(t *testing.T) {
	w := newWorld(t, func(c *idp.Config) {
		l := idp.DefaultLimits()
		l.ProofsPerPerson, l.MessagesPerPhone = 10, 1000
		c.Limits = &l
	})
	w.tokens("main", liNa)
	refused := 0
	for range 5 {
		b := w.browser()
		at := page(w.post(b, page(w.get(b, w.request("main"))), "action", "phone", "phone", liNa.phone))
		for range 4 {
			if w.post(b, at, "action", "code", "code", "000000").StatusCode == http.StatusTooManyRequests {
				refused++
			}
		}
	}
	if refused < 10 {
		t.Errorf("of 20 guesses %d were refused", refused)
	}
}

func TestFrozenPersonIsToldAndGetsNoSession(t *testing.T) {
	w := newWorld(t)
	w.tokens("main", liNa)
	p, err := w.store.PersonByDocument(t.Context(), storage.Document{Kind: "resident_id", Number: liNa.number})
	must(t, err)
	storagetest.Freeze(t, w.store, p.ID, w.clock())
	b := w.browser()
	at := w.signInFrom(b, liNa, w.get(b, w.request("main")))
	if at.StatusCode != http.StatusForbidden {
		t.Errorf("%d", at.StatusCode)
	}
	if text := body(t, at); !strings.Contains(text, "TEST-0000") {
		t.Error("the citizen does not learn the number of the case")
	}
	if text := body(t, w.post(w.browser(), page(w.get(w.browser(), w.request("main"))), "action", "phone", "phone", liNa.phone)); strings.Contains(text, "TEST-0000") {
		t.Error("whoever knows the phone number learns the number of the case")
	}
	for _, c := range at.Cookies() {
		if strings.HasPrefix(c.Name, "session") {
			t.Error("a session was begun")
		}
	}
}

func TestNothingPersonalOrSecretReachesTheLog(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	code := w.signIn(b, liNa, w.request("main")).Get("code")
	_, got := w.redeem("main", code)
	w.redeem("main", code)
	w.post(w.browser(), w.url+"/signin/x", "phone", liNa.phone)
	for _, secret := range []string{liNa.name, liNa.number, liNa.phone, liNa.phone[3:], code, got["access_token"].(string), secretOf("main"), w.inbox[0].Code} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log holds %.12s…", secret)
		}
	}
}
