package exchange_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"manyou/federation/exchange"
)

var now = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func TestTheFirstRuleThatConcernsARequestDecidesAndNoneMeansNo(t *testing.T) {
	p, err := exchange.Parse([]byte(`{"rules":[
		{"name":"never to 65","to":["65"],"deny":true},
		{"name":"health","from":["33"],"to":["51"],"applications":["https://health.example"],"scopes":["records.read"],"min_rung":3,"max_age":900},
		{"name":"coast","from":["33","31"],"max_age":60}]}`))
	if err != nil {
		t.Fatal(err)
	}
	good := exchange.Request{From: "33", To: "51", Application: "https://health.example", Scopes: []string{"records.read"}, Rung: 3, AuthTime: now.Add(-10 * time.Minute)}
	with := func(f func(*exchange.Request)) exchange.Request { r := good; f(&r); return r }
	for name, c := range map[string]struct {
		ask     exchange.Request
		rule    string
		allowed bool
	}{
		"as it is allowed":    {good, "health", true},
		"too weak":            {with(func(r *exchange.Request) { r.Rung = 2 }), "health", false},
		"too old":             {with(func(r *exchange.Request) { r.AuthTime = now.Add(-16 * time.Minute) }), "health", false},
		"another scope":       {with(func(r *exchange.Request) { r.Scopes = []string{"records.read", "records.write"} }), "health", false},
		"another application": {with(func(r *exchange.Request) { r.Application = "x"; r.AuthTime = now }), "coast", true},
		"denied":              {with(func(r *exchange.Request) { r.To = "65" }), "never to 65", false},
		"nobody's":            {with(func(r *exchange.Request) { r.From = "44" }), "", false},
	} {
		rule, err := p.Decide(c.ask, now)
		if rule != c.rule || (err == nil) != c.allowed || err != nil && !errors.Is(err, exchange.ErrRefused) {
			t.Errorf("%s: %q, %v", name, rule, err)
		}
	}
	if _, err := exchange.Default().Decide(with(func(r *exchange.Request) { r.AuthTime = now.Add(-13 * time.Hour) }), now); err == nil {
		t.Error("the default lets yesterday's authentication cross")
	}
}

func TestAPolicyThatCannotBeHeededIsRefused(t *testing.T) {
	for _, text := range []string{
		`{"rules":[{"name":"a","form":["33"]}]}`, `{"rules":[{}]}`, `{"rules":[{"name":"a","min_rung":5}]}`, `{"rules":[{"name":"a","max_age":-1}]}`,
		`{"rules":{}}`, `[]`, strings.Repeat(" ", 70<<10), `{"rules":[` + strings.Repeat(`{"name":"a"},`, 200) + `{"name":"b"}]}`,
	} {
		if _, err := exchange.Parse([]byte(text)); err == nil {
			t.Errorf("%.100s", text)
		}
	}
}

func TestActorsAreKeptInOrderAndBounded(t *testing.T) {
	var a *exchange.Actor
	var err error
	for _, one := range []string{"a", "b", "b", "c", "d"} {
		if a, err = a.Then(one, "https://i.example"); err != nil {
			t.Fatal(err)
		}
	}
	if text, _ := json.Marshal(a); string(text) != `{"sub":"d","iss":"https://i.example","act":{"sub":"c","iss":"https://i.example","act":{"sub":"b","iss":"https://i.example","act":{"sub":"a","iss":"https://i.example"}}}}` {
		t.Errorf("%s", text)
	}
	if _, err := a.Then("e", ""); !errors.Is(err, exchange.ErrActors) {
		t.Errorf("a fifth: %v", err)
	}
	for _, raw := range []string{`7`, `{}`, `{"sub":""}`, `{"sub":"a","act":{"sub":"b","act":{"sub":"c","act":{"sub":"d","act":{"sub":"e"}}}}}`, `{"sub":"` + strings.Repeat("x", 600) + `"}`} {
		if _, err := exchange.ParseActor(json.RawMessage(raw)); !errors.Is(err, exchange.ErrActors) {
			t.Errorf("%.60s: %v", raw, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"rules":[{"name":"a","from":["33"],"min_rung":2}]}`), []byte(`{"sub":"a","act":{"sub":"b"}}`))
	f.Fuzz(func(t *testing.T, policy, act []byte) {
		if p, err := exchange.Parse(policy); err == nil {
			for _, r := range p.Rules {
				if r.Name == "" || r.MinRung < 0 || r.MinRung > 4 || r.MaxAge < 0 {
					t.Fatalf("%+v", r)
				}
			}
		}
		if a, err := exchange.ParseActor(act); err == nil && a.Len() > exchange.MaxActors {
			t.Fatalf("%d actors", a.Len())
		}
	})
}
