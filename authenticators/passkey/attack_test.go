package passkey

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"manyou/authenticators"
)

func TestAForgeryThatIsNoneIsAccepted(t *testing.T) { // or the forgeries below would be refused for another reason
	a, c := newAuthenticator(t), newCitizen(t)
	of := enrolled(t, a, c)
	challenge := begin(t, a, c, authenticators.PurposeProve, "prove", of)
	if p := verify(t, a, challenge, c.forge(clientData("webauthn.get", "prove"), flagPresent|flagVerified), of); p.Outcome != authenticators.Accepted {
		t.Error(p.Outcome)
	}
}

func TestAnAnswerForAnotherSiteIsRejected(t *testing.T) {
	a := newAuthenticator(t)
	for _, origin := range []string{
		"https://id.example.evil.example", "https://evil.example", "http://id.example", "https://id.example:444",
		"https://id.example:443", "https://ID.example", "https://id.example/", "https://id.example.", "https://sichuan.example",
		"https://id.example@evil.example", "https://www.id.example", "null", "", "android:apk-key-hash:AAAA",
	} {
		c := newCitizen(t)
		of := enrolled(t, a, c)
		c.browser.Origin = origin
		if p := prove(t, a, c, of); p.Outcome != authenticators.Rejected {
			t.Errorf("a proof at %q: %v", origin, p.Outcome)
		}
		if e := enrol(t, a, c); e.Outcome != authenticators.Rejected {
			t.Errorf("an enrolment at %q: %v", origin, e.Outcome)
		}
	}
	c := newCitizen(t)
	of := enrolled(t, a, c)
	c.browser.Origin = "https://sichuan.example:8443"
	if p := prove(t, a, c, of); p.Outcome != authenticators.Accepted {
		t.Errorf("at the related origin: %v", p.Outcome)
	}
}

func TestAnAnswerForAnotherRelyingPartyIsRejected(t *testing.T) {
	a, c := newAuthenticator(t), newCitizen(t)
	of := enrolled(t, a, c)
	c.browser.ID = "example"
	if p := prove(t, a, c, of); p.Outcome != authenticators.Rejected {
		t.Errorf("a proof: %v", p.Outcome)
	}
	if e := enrol(t, a, c); e.Outcome != authenticators.Rejected {
		t.Errorf("an enrolment: %v", e.Outcome)
	}
}

func TestAnAnswerWithoutThePersonIsRejected(t *testing.T) {
	a := newAuthenticator(t)
	for name, leave := range map[string]func(*citizen){
		"not verified": func(c *citizen) { c.device.Options.UserNotVerified = true },
		"not present":  func(c *citizen) { c.device.Options.UserNotPresent = true },
	} {
		c := newCitizen(t)
		of := enrolled(t, a, c)
		leave(c)
		if p := prove(t, a, c, of); p.Outcome != authenticators.Rejected {
			t.Errorf("%s, a proof: %v", name, p.Outcome)
		}
		if e := enrol(t, a, c); e.Outcome != authenticators.Rejected {
			t.Errorf("%s, an enrolment: %v", name, e.Outcome)
		}
	}
}

func TestAnAnswerToAnotherChallengeIsRejected(t *testing.T) {
	a, c := newAuthenticator(t), newCitizen(t)
	of := enrolled(t, a, c)
	first := begin(t, a, c, authenticators.PurposeProve, "first", of)
	answer := c.Prove(first, noon)
	second := begin(t, a, c, authenticators.PurposeProve, "second", of)
	if p := verify(t, a, second, answer, of); p.Outcome != authenticators.Rejected {
		t.Errorf("replayed: %v", p.Outcome)
	}
	creation := begin(t, a, c, authenticators.PurposeEnrol, "first")
	made := c.Enrol(creation, noon)
	other := begin(t, a, c, authenticators.PurposeEnrol, "second")
	if e, err := a.Enrol(other, made, noon); err != nil || e.Outcome != authenticators.Rejected {
		t.Errorf("an enrolment replayed: %v, %v", e.Outcome, err)
	}
}

func TestACounterThatDoesNotGrowIsTheSignOfACopy(t *testing.T) {
	a, c := newAuthenticator(t), newCitizen(t)
	of := enrolled(t, a, c)
	of.Counter = 10
	for counter, want := range map[uint32]authenticators.Outcome{
		0: authenticators.Cloned, 1: authenticators.Cloned, 9: authenticators.Cloned, 10: authenticators.Cloned,
		11: authenticators.Accepted, 1<<32 - 1: authenticators.Accepted,
	} {
		c.key.Counter, c.counts = counter, false
		p := prove(t, a, c, of)
		if p.Outcome != want || p.Of != "credential" {
			t.Errorf("%d after 10: %v of %q", counter, p.Outcome, p.Of)
		}
		if want == authenticators.Accepted && (p.Use.Counter != int64(counter) || p.Use.Still) {
			t.Errorf("%d after 10: %v", counter, p.Use)
		}
	}
}

func TestADeviceThatNeverCountsStandsStill(t *testing.T) {
	a, c := newAuthenticator(t), newCitizen(t)
	c.counts = false
	if p := prove(t, a, c, enrolled(t, a, c)); p.Outcome != authenticators.Accepted || !p.Use.Still || p.Use.Counter != 0 {
		t.Errorf("%v, %v", p.Outcome, p.Use)
	}
}

func TestAPasskeyProvesNobodyButItsOwner(t *testing.T) {
	a, c, other := newAuthenticator(t), newCitizen(t), newCitizen(t)
	of := enrolled(t, a, c)
	for name, take := range map[string]func(){
		"another person's handle": func() { c.device.Options.UserHandle = other.handle() },
		"half of the handle":      func() { c.device.Options.UserHandle = c.handle()[:8] },
	} {
		take()
		for kind, who := range map[string]*citizen{"identified": c, "discoverable": nil} {
			challenge := begin(t, a, who, authenticators.PurposeProve, "prove")
			if p := verify(t, a, challenge, c.Prove(challenge, noon), of); p.Outcome != authenticators.Rejected {
				t.Errorf("%s, %s: %v", name, kind, p.Outcome)
			}
		}
	}
	c.device.Options.UserHandle = nil
	challenge := begin(t, a, nil, authenticators.PurposeProve, "prove")
	if p := verify(t, a, challenge, c.Prove(challenge, noon), of); p.Outcome != authenticators.Rejected {
		t.Errorf("discoverable, without a handle: %v", p.Outcome)
	}
	challenge = begin(t, a, c, authenticators.PurposeProve, "prove", of)
	if p := verify(t, a, challenge, c.Prove(challenge, noon), of); p.Outcome != authenticators.Accepted {
		t.Errorf("identified, without a handle: %v", p.Outcome)
	}
	challenge = begin(t, a, other, authenticators.PurposeProve, "prove")
	c.device.Options.UserHandle = c.handle()
	if p := verify(t, a, challenge, c.Prove(challenge, noon), of); p.Outcome != authenticators.Rejected {
		t.Errorf("for somebody who said they are another: %v", p.Outcome)
	}
}

func TestAKeyUnderAnotherNameIsRejected(t *testing.T) {
	a, c, other := newAuthenticator(t), newCitizen(t), newCitizen(t)
	of := enrolled(t, a, c)
	_ = enrolled(t, a, other)
	other.key.ID, other.device.Options.UserHandle = c.key.ID, c.handle()
	if p := prove(t, a, other, of); p.Outcome != authenticators.Rejected || p.Of != "" {
		t.Errorf("%v of %q", p.Outcome, p.Of)
	}
	if p := prove(t, a, c, of); p.Outcome != authenticators.Accepted {
		t.Errorf("its owner: %v", p.Outcome)
	}
}

func TestTheDecoyProvesNobody(t *testing.T) {
	a, c := newAuthenticator(t), newCitizen(t)
	_ = enrolled(t, a, c)
	challenge := begin(t, a, nil, authenticators.PurposeProve, "prove")
	if p := verify(t, a, challenge, c.Prove(challenge, noon)); p.Outcome != authenticators.Rejected {
		t.Error(p.Outcome)
	}
}

func TestBackupEligibilityNeverChanges(t *testing.T) {
	a := newAuthenticator(t)
	for _, eligible := range []bool{false, true} {
		c := newCitizen(t)
		c.device.Options.BackupEligible = eligible
		of := enrolled(t, a, c)
		c.device.Options.BackupEligible = !eligible
		if p := prove(t, a, c, of); p.Outcome != authenticators.Rejected {
			t.Errorf("from %v: %v", eligible, p.Outcome)
		}
	}
}

func TestWhatCannotBeBackedUpIsNotBackedUp(t *testing.T) {
	a, c := newAuthenticator(t), newCitizen(t)
	of := enrolled(t, a, c)
	c.device.Options.BackupState = true
	if p := prove(t, a, c, of); p.Outcome != authenticators.Rejected {
		t.Errorf("a proof: %v", p.Outcome)
	}
	if e := enrol(t, a, c); e.Outcome != authenticators.Rejected {
		t.Errorf("an enrolment: %v", e.Outcome)
	}
}

func TestABackupIsRememberedWhenItIsMade(t *testing.T) {
	a, c := newAuthenticator(t), newCitizen(t)
	c.device.Options.BackupEligible = true
	of := enrolled(t, a, c)
	if p := prove(t, a, c, of); p.Outcome != authenticators.Accepted || p.Use.Secret != nil {
		t.Fatalf("unchanged: %v, %v", p.Outcome, p.Use)
	}
	c.device.Options.BackupState = true
	p := prove(t, a, c, of)
	if p.Outcome != authenticators.Accepted || p.Use.Secret == nil {
		t.Fatalf("backed up: %v, %v", p.Outcome, p.Use)
	}
	of.Secret, of.Counter = p.Use.Secret, p.Use.Counter
	if r, _, err := decodeRecord(of); err != nil || !r.BackedUp {
		t.Errorf("the new record: %+v, %v", r, err)
	}
	if p := prove(t, a, c, of); p.Outcome != authenticators.Accepted || p.Use.Secret != nil {
		t.Errorf("still backed up: %v, %v", p.Outcome, p.Use)
	}
}

func TestAFrameOfAnotherSiteIsRejected(t *testing.T) {
	a, c := newAuthenticator(t), newCitizen(t)
	of := enrolled(t, a, c)
	challenge := begin(t, a, c, authenticators.PurposeProve, "prove", of)
	for name, change := range map[string]map[string]any{
		"cross-origin":            {"crossOrigin": true},
		"framed by another":       {"crossOrigin": true, "topOrigin": "https://evil.example"},
		"framed by ourselves":     {"crossOrigin": true, "topOrigin": home.Origin},
		"a top without a frame":   {"topOrigin": "https://evil.example"},
		"an enrolment's type":     {"type": "webauthn.create"},
		"no type":                 {"type": ""},
		"a payment":               {"type": "payment.get"},
		"a challenge with a tail": {"challenge": base64.RawURLEncoding.EncodeToString(append(nonce("prove"), 0))},
		"a padded challenge":      {"challenge": base64.URLEncoding.EncodeToString(nonce("prove"))},
		"no challenge":            {"challenge": ""},
	} {
		data := clientData("webauthn.get", "prove")
		maps.Copy(data, change)
		if p := verify(t, a, challenge, c.forge(data, flagPresent|flagVerified), of); p.Outcome != authenticators.Rejected {
			t.Errorf("%s: %v", name, p.Outcome)
		}
	}
	for _, flags := range []byte{0, flagPresent, flagVerified, flagPresent | flagVerified | flagBackedUp, flagPresent | flagVerified | flagBackupEligible} {
		if p := verify(t, a, challenge, c.forge(clientData("webauthn.get", "prove"), flags), of); p.Outcome != authenticators.Rejected {
			t.Errorf("flags %b: %v", flags, p.Outcome)
		}
	}
}

func TestAChangedAnswerIsRefused(t *testing.T) {
	a, c := newAuthenticator(t), newCitizen(t)
	of := enrolled(t, a, c)
	challenge := begin(t, a, c, authenticators.PurposeProve, "prove", of)
	answer := c.Prove(challenge, noon)
	for cut := range len(answer) {
		if p := verify(t, a, challenge, answer[:cut], of); p.Outcome != authenticators.Malformed {
			t.Fatalf("cut after %d bytes: %v", cut, p.Outcome)
		}
	}
	for name, change := range map[string]func(response, whole map[string]any){
		"no signature":       func(r, _ map[string]any) { delete(r, "signature") },
		"an empty signature": func(r, _ map[string]any) { r["signature"] = "" },
		"no data":            func(r, _ map[string]any) { delete(r, "authenticatorData") },
		"no client data":     func(r, _ map[string]any) { delete(r, "clientDataJSON") },
		"not base64url":      func(r, _ map[string]any) { r["signature"] = "!" },
		"two IDs":            func(_, w map[string]any) { w["id"] = base64.RawURLEncoding.EncodeToString([]byte("another")) },
		"another type":       func(_, w map[string]any) { w["type"] = "password" },
		"numbers":            func(_, w map[string]any) { w["id"], w["rawId"] = 1, 1 },
	} {
		var whole map[string]any
		if err := json.Unmarshal([]byte(answer), &whole); err != nil {
			t.Fatal(err)
		}
		change(whole["response"].(map[string]any), whole)
		body, err := json.Marshal(whole)
		if err != nil {
			t.Fatal(err)
		}
		if p := verify(t, a, challenge, string(body), of); p.Outcome != authenticators.Malformed && p.Outcome != authenticators.Rejected {
			t.Errorf("%s: %v", name, p.Outcome)
		}
	}
	if p := verify(t, a, challenge, answer+strings.Repeat(" ", maxAnswer), of); p.Outcome != authenticators.Malformed {
		t.Errorf("oversized: %v", p.Outcome)
	}
	if p := verify(t, a, challenge, answer+"{}", of); p.Outcome != authenticators.Malformed {
		t.Errorf("with a tail: %v", p.Outcome)
	}
}

func TestADamagedRecordIsAFault(t *testing.T) {
	a, c := newAuthenticator(t), newCitizen(t)
	whole := enrolled(t, a, c)
	challenge := begin(t, a, c, authenticators.PurposeProve, "prove", whole)
	answer := c.Prove(challenge, noon)
	for name, damage := range map[string]func(*record){
		"no handle":   func(r *record) { r.Handle = nil },
		"long handle": func(r *record) { r.Handle = make([]byte, 65) },
		"no key":      func(r *record) { r.PublicKey = nil },
		"half a key":  func(r *record) { r.PublicKey = r.PublicKey[:20] },
	} {
		r, _, err := decodeRecord(whole)
		if err != nil {
			t.Fatal(err)
		}
		damage(&r)
		of := whole
		if of.Secret, err = r.encode(); err != nil {
			t.Fatal(err)
		}
		if p, err := a.Verify(challenge, []authenticators.Credential{of}, answer, noon); err == nil || p.Outcome != 0 {
			t.Errorf("%s: %v, %v", name, p.Outcome, err)
		}
		r0 := authenticators.Request{Purpose: authenticators.PurposeProve, Nonce: nonce("n"), Now: noon, Credentials: []authenticators.Credential{of}}
		if _, err := a.Begin(r0); err == nil {
			t.Errorf("%s: a challenge was begun with it", name)
		}
	}
}

func TestAnOversizedAnswerIsNotRead(t *testing.T) {
	a, c := newAuthenticator(t), newCitizen(t)
	challenge := begin(t, a, c, authenticators.PurposeEnrol, "enrol")
	answer := c.Enrol(challenge, noon) + strings.Repeat(" ", maxAnswer)
	if e, err := a.Enrol(challenge, answer, noon); err != nil || e.Outcome != authenticators.Malformed {
		t.Errorf("%v, %v", e.Outcome, err)
	}
	if handle, ok := a.HandleIn(answer); ok || handle != "" {
		t.Errorf("it names %q", handle)
	}
}

func TestAHandleHasOneSpelling(t *testing.T) {
	a := newAuthenticator(t)
	for id, want := range map[string]string{
		"AAAA": "AAAA", "_-8": "_-8", "_-9": "", "AA==": "", "AAA\n": "", "+/8": "", "": "",
		strings.Repeat("A", 1364): strings.Repeat("A", 1364), strings.Repeat("A", 1366): "",
	} {
		body, err := json.Marshal(map[string]string{"id": id})
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := a.HandleIn(string(body)); got != want || ok != (want != "") {
			t.Errorf("%.20q: got %.20q, %v", id, got, ok)
		}
	}
}
