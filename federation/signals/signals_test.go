package signals_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"manyou/federation/signals"
	"manyou/storage"
)

const (
	issuer   = "https://id.nation.example"
	receiver = "https://id.sc.example"
)

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// good are the claims of a token, with changes.
func good(t testing.TB, change func(map[string]any)) []byte {
	t.Helper()
	raw, err := signals.Outgoing{
		Issuer: issuer, Audience: receiver, ID: "S-1-1", Txn: "1", At: now, Subject: signals.Of(issuer, "her"),
		Event: signals.Event{Type: signals.EventSessionRevoked, Payload: struct{}{}},
	}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	change(claims)
	if raw, err = json.Marshal(claims); err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestATokenIsReadAsItWasWritten(t *testing.T) {
	got, err := signals.Parse(good(t, func(map[string]any) {}), issuer, receiver, now)
	if err != nil || got.ID != "S-1-1" || got.Subject != signals.Of(issuer, "her") || got.Event != signals.EventSessionRevoked || !got.IssuedAt.Equal(now) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAttackTokensThatAreNotForThisReceiver(t *testing.T) {
	for name, change := range map[string]func(map[string]any){
		"another issuer's":         func(c map[string]any) { c["iss"] = "https://evil.example" },
		"for somebody else":        func(c map[string]any) { c["aud"] = []string{"https://id.zj.example"} },
		"for nobody":               func(c map[string]any) { delete(c, "aud") },
		"with an exp":              func(c map[string]any) { c["exp"] = now.Add(time.Hour).Unix() },
		"with a sub":               func(c map[string]any) { c["sub"] = "her" },
		"without a jti":            func(c map[string]any) { delete(c, "jti") },
		"with a huge jti":          func(c map[string]any) { c["jti"] = strings.Repeat("x", 600) },
		"of the future":            func(c map[string]any) { c["iat"] = now.Add(time.Hour).Unix() },
		"of long ago":              func(c map[string]any) { c["iat"] = now.Add(-40 * 24 * time.Hour).Unix() },
		"without a time":           func(c map[string]any) { delete(c, "iat") },
		"without an event":         func(c map[string]any) { c["events"] = map[string]any{} },
		"with two events":          func(c map[string]any) { c["events"] = map[string]any{"a": 1, "b": 2} },
		"about nobody":             func(c map[string]any) { delete(c, "sub_id") },
		"about somebody by e-mail": func(c map[string]any) { c["sub_id"] = map[string]any{"format": "email", "email": "a@b.example"} },
		"of no issuer's subject":   func(c map[string]any) { c["sub_id"] = map[string]any{"format": "iss_sub", "sub": "her"} },
		"too large":                func(c map[string]any) { c["txn"] = strings.Repeat("x", 20<<10) },
	} {
		if got, err := signals.Parse(good(t, change), issuer, receiver, now); !errors.Is(err, signals.ErrToken) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestASignalBecomesTheEventsThatWereAskedFor(t *testing.T) {
	for _, c := range []struct {
		signal storage.Signal
		want   []string
	}{
		{storage.Signal{What: storage.SignalHeld, HoldID: "h", HoldKind: storage.HoldFreeze}, []string{signals.EventCorrection, signals.EventAccountDisabled, signals.EventSessionRevoked}},
		{storage.Signal{What: storage.SignalHeld, HoldID: "h", HoldKind: storage.HoldFreeze, Issuer: "i", Subject: "s"}, []string{signals.EventCorrection, signals.EventSessionRevoked}},
		{storage.Signal{What: storage.SignalHeld, HoldID: "h", HoldKind: storage.HoldStepUp}, []string{signals.EventCorrection, signals.EventSessionRevoked}},
		{storage.Signal{What: storage.SignalLifted, HoldID: "h", HoldKind: storage.HoldDeactivate}, []string{signals.EventCorrection, signals.EventAccountEnabled}},
		{storage.Signal{What: storage.SignalCorrected, Decision: "d"}, []string{signals.EventCorrection, signals.EventSessionRevoked}},
	} {
		var got []string
		for _, e := range signals.Events(c.signal, signals.Correction{}, signals.Supported()) {
			got = append(got, e.Type)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v", c.signal, got)
		}
		if few := signals.Events(c.signal, signals.Correction{}, []string{signals.EventAccountDisabled}); len(few) > 1 {
			t.Errorf("%+v: what was not asked for: %v", c.signal, few)
		}
	}
}

func TestAStreamThatCannotBeIsRefused(t *testing.T) {
	for name, body := range map[string]string{
		"no JSON":                 `{`,
		"another method":          `{"delivery":{"method":"urn:example:pigeon"}}`,
		"no endpoint":             `{"delivery":{"method":"urn:ietf:rfc:8935"}}`,
		"an endpoint to a file":   `{"delivery":{"method":"urn:ietf:rfc:8935","endpoint_url":"file:///etc/passwd"}}`,
		"an endpoint with a user": `{"delivery":{"method":"urn:ietf:rfc:8935","endpoint_url":"https://a:b@app.example/"}}`,
		"a header that goes on":   `{"delivery":{"method":"urn:ietf:rfc:8935","endpoint_url":"https://app.example/","authorization_header":"a\r\nHost: b"}}`,
		"an event of two words":   `{"events_requested":["a b"]}`,
		"many events":             `{"events_requested":["` + strings.Repeat(`x","`, 60) + `"]}`,
		"a long story":            `{"description":"` + strings.Repeat("x", 500) + `"}`,
		"too large":               `{"description":"` + strings.Repeat("x", 20<<10) + `"}`,
	} {
		if c, err := signals.ParseConfiguration([]byte(body)); !errors.Is(err, signals.ErrConfiguration) {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(good(f, func(map[string]any) {}))
	f.Add([]byte(`{"events":{"":null}}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		got, err := signals.Parse(payload, issuer, receiver, now)
		if err == nil && (got.ID == "" || got.Issuer != issuer) {
			t.Errorf("%+v", got)
		}
		_, _ = got.Correction()
	})
}

func FuzzParseConfiguration(f *testing.F) {
	f.Add([]byte(`{"delivery":{"method":"urn:ietf:rfc:8935","endpoint_url":"https://app.example/"},"events_requested":["a"]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if c, err := signals.ParseConfiguration(body); err == nil {
			var s storage.Stream
			c.Apply(&s, true)
			if s.Method == "push" && !strings.HasPrefix(s.Endpoint, "http") {
				t.Errorf("%+v", s)
			}
		}
		_, _ = signals.ParsePoll(body)
		_, _ = signals.ParseStatus(body)
	})
}
