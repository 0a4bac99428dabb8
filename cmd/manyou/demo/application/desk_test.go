package application

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// send posts to the application.
func (w *world) send(path, authorization, contentType, body string) int {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.app.URL+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Authorization", authorization)
	resp, err := w.browser.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestAttackSignalsOfAnybodyElseAreRefused(t *testing.T) {
	w := newWorld(t)
	a := w.newApplication("51", w.app.URL)
	w.signedIn(a)
	// {"alg":"none"} and a signature of somebody else's.
	forged := "eyJhbGciOiJub25lIiwidHlwIjoic2VjZXZlbnQrand0In0.e30."
	for name, authorization := range map[string]string{"nobody's": "", "a guess": "Bearer x", "the issuer's": "Bearer " + a.secret("signals")} {
		if status := w.send(signalsPath, authorization, "application/secevent+jwt", forged); status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, status)
		}
	}
	if status := w.send(signalsPath, "Bearer "+a.secret("signals"), "application/secevent+jwt", strings.Repeat("x", maxSignal+1)); status != http.StatusBadRequest {
		t.Errorf("too large: %d", status)
	}
	if _, _, body := w.get(deskPath + "?lang=en"); !strings.Contains(body, "None yet.") {
		t.Error("something was believed")
	}
	if status, _, _ := w.get("/"); status != http.StatusOK {
		t.Error("the session ended")
	}
}

func TestARevokedSessionIsOverAndALaterOneIsNot(t *testing.T) {
	var d desk
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	e := received{At: at, Event: sessionRevoked, Subject: "she"}
	d.remember(e, "1")
	d.remember(e, "1")
	if len(d.events) != 1 {
		t.Errorf("told twice, and noted %d times", len(d.events))
	}
	if d.stands("she", at.Add(-time.Minute)) || d.stands("she", at) || !d.stands("she", at.Add(time.Millisecond)) || !d.stands("he", at) {
		t.Error("whose session stands, and which, does not follow from the event")
	}
	for n := range 3 * maxKept {
		d.remember(received{At: at}, strings.Repeat("x", n+2))
	}
	if len(d.events) > maxKept || len(d.seen) > maxKept {
		t.Errorf("%d events are kept", len(d.events))
	}
}

func TestTheDeskSaysOnceWhatHappenedOnceAndWhatWasDone(t *testing.T) {
	w := newWorld(t)
	a := w.newApplication("51", w.app.URL)
	at := time.Date(2026, 1, 2, 3, 4, 59, 999e6, time.UTC)
	for n, e := range []received{
		{At: at, Event: correction, What: "held", Subject: "she", Case: "AAAA-BBBB"},
		{At: at.Add(10 * time.Second), Event: correction, What: "corrected", Subject: "she", Case: "AAAA-BBBB"}, // the link
		{At: at.Add(10 * time.Second), Event: sessionRevoked, Subject: "she"},
		{At: at.Add(10*time.Second + 9*time.Millisecond), Event: correction, What: "corrected", Subject: "she", Case: "AAAA-BBBB"}, // the person
		{At: at.Add(10*time.Second + 9*time.Millisecond), Event: sessionRevoked, Subject: "she"},
		{At: at.Add(10 * time.Second), Event: correction, What: "corrected", Subject: "he", Case: "AAAA-BBBB"},
		{At: at.Add(11 * time.Second), Event: correction, What: "lifted", Subject: "she", Case: "AAAA-BBBB"},
		{At: at.Add(time.Minute), Event: sessionRevoked, Subject: "she"}, // again
	} {
		a.desk.remember(e, strings.Repeat("x", n+1))
	}
	page := httptest.NewRecorder()
	a.showDesk(page, httptest.NewRequestWithContext(t.Context(), http.MethodGet, deskPath+"?lang=en", nil))
	body := page.Body.String()
	for said, want := range map[string]int{"Identity corrected": 2, "Session revoked": 2, "Put on hold": 1, "No longer on hold": 1} {
		if got := strings.Count(body, said); got != want {
			t.Errorf("%q is said %d times, and happened %d times", said, got, want)
		}
	}
}

func TestAttackAnotherSiteReportsNobody(t *testing.T) {
	w := newWorld(t)
	w.signedIn(w.newApplication("51", w.app.URL))
	for token, want := range map[string]int{"": http.StatusForbidden, "wrong": http.StatusForbidden} {
		form := url.Values{"token": {token}, "record": {"李娜"}}.Encode()
		if status := w.send(reportPath, "", "application/x-www-form-urlencoded", form); status != want {
			t.Errorf("token %q: %d", token, status)
		}
	}
	for name, record := range map[string]string{"nothing": " ", "too much": strings.Repeat("长", maxRecord+1)} {
		form := url.Values{"token": {"token"}, "record": {record}}.Encode()
		if status := w.send(reportPath, "", "application/x-www-form-urlencoded", form); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, status)
		}
	}
}
