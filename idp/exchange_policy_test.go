package idp_test

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"manyou/federation/exchange"
	"manyou/federation/trust"
	"manyou/federation/trust/trusttest"
	"manyou/idp"
	"manyou/idp/entity"
	"manyou/idp/keys"
	"manyou/storage"
)

func TestAttackByAnAudienceThatTheTokenDoesNotHaveIsInvalidTarget(t *testing.T) {
	e := newExchanging(t)
	// The client is the token's own, and what it asks for would be given for another audience.
	for audience, want := range map[string]int{"second": http.StatusOK, "main": http.StatusBadRequest, "https://records.sc.example": http.StatusBadRequest} {
		status, got := e.swap(e.zhejiang, "agent", e.token, audience, "requested_token_type", tokenTypeAT)
		if status != want || want != http.StatusOK && got["error"] != "invalid_target" {
			t.Errorf("%s: %d %v", audience, status, got)
		}
	}
}

func TestAttackByALogoutTokenInThePlaceOfAnAccessTokenYieldsNothing(t *testing.T) {
	e := newExchanging(t)
	ring, err := keys.Open(t.Context(), e.zhejiang.store, e.zhejiang.clock, rand.Reader)
	must(t, err)
	key, err := ring.Signer(keys.ES256)
	must(t, err)
	body := []byte(jsonText(t, payload(t, e.token))) // what an access token says: the kind alone differs
	for kind, want := range map[string]int{keys.TypeAccessToken: http.StatusOK, keys.TypeLogoutToken: http.StatusBadRequest, "JWT": http.StatusBadRequest} {
		token, err := key.Sign(kind, body)
		must(t, err)
		for _, at := range []*world{e.zhejiang, e.nation} {
			if status, got := e.swap(at, "agent", token, "second", "requested_token_type", ""); status != want {
				t.Errorf("%s: %d %v", kind, status, got)
			}
		}
	}
}

func TestThePolicyOfTheConfigurationDecidesByRegionAgeAndRungAndIsExplained(t *testing.T) {
	e := newExchanging(t)
	under := func(rules ...exchange.Rule) {
		e.nation.config.Exchange = &exchange.Policy{Rules: rules}
		e.nation.restart()
		run(t, e.nation.issuer)
	}
	const anywhere = ""
	e.pass(2 * time.Minute)
	for _, c := range []struct {
		name   string
		rules  []exchange.Rule
		target string
		rule   string // "" if it is allowed by the last
		why    string
	}{
		{"from a region to another", []exchange.Rule{{Name: "never to 51", From: []string{"33"}, To: []string{"51"}, Deny: true}, {Name: "rest"}}, e.sichuan.url, "never to 51", "denies"},
		{"from the region to the nation", []exchange.Rule{{Name: "never to 51", From: []string{"33"}, To: []string{"51"}, Deny: true}, {Name: "rest"}}, anywhere, "", ""},
		{"from another region", []exchange.Rule{{Name: "not from 51", From: []string{"51"}, Deny: true}, {Name: "rest"}}, e.sichuan.url, "", ""},
		{"too old", []exchange.Rule{{Name: "young", MaxAge: 60}}, e.sichuan.url, "young", "newer"},
		{"young enough", []exchange.Rule{{Name: "rest", MaxAge: 600}}, e.sichuan.url, "", ""},
		{"too low a rung", []exchange.Rule{{Name: "high", MinRung: 3}}, e.sichuan.url, "high", "rung 3"},
		{"for other applications", []exchange.Rule{{Name: "rest", Applications: []string{"another"}}}, e.sichuan.url, "-", "no rule"},
		{"another scope", []exchange.Rule{{Name: "read", Scopes: []string{"read"}}}, e.sichuan.url, "read", "cross"},
	} {
		under(c.rules...)
		e.pass(2 * time.Second)
		token := e.fresh("agent", "openid api")
		kind := tokenTypeJWT
		if c.target == anywhere {
			c.target, kind = "second", tokenTypeAT
		}
		status, got := e.swap(e.nation, "agent", token, c.target, "requested_token_type", kind)
		told, err := idp.ExplainExchanges(t.Context(), e.nation.store, token)
		must(t, err)
		if len(told) != 1 {
			t.Fatalf("%s: %+v", c.name, told)
		}
		switch {
		case c.rule == "" && (status != http.StatusOK || told[0].Outcome != "accepted" || told[0].Rule != "rest"):
			t.Errorf("%s: %d %v, %+v", c.name, status, got, told[0])
		case c.rule != "" && (status != http.StatusBadRequest || got["error"] != "access_denied" || !strings.Contains(got["error_description"].(string), c.why) ||
			told[0].Outcome != "refused" || told[0].Rule != strings.TrimSuffix(c.rule, "-") || !strings.Contains(told[0].Why, c.why)):
			t.Errorf("%s: %d %v, %+v", c.name, status, got, told[0])
		}
	}
}

func TestAnExchangeOfAnApplicationThatNobodyRegisteredIsExplainedByItsChainAndItsMark(t *testing.T) {
	const kind = "https://nation.example/marks/approved"
	a := newAnchored(t, func(f *entity.Federation) { f.ApplicationMark = kind })
	must(t, a.store.PutTrustMark(t.Context(), storage.TrustMark{Type: kind, Subject: a.app.ID, IssuedAt: a.clock()}))
	mark := body(t, a.get(http.DefaultClient, a.url+"/federation/trust-mark?trust_mark_type="+url.QueryEscape(kind)+"&sub="+url.QueryEscape(a.app.ID)))
	a.app.Marks = []trust.MarkEntry{{Type: kind, Mark: mark}}
	a.declares("", "")
	a.app.Metadata[trust.OpenIDRelyingParty].(map[string]any)["grant_types"] = []string{"authorization_code", exchangeGrant}
	a.pass(6 * time.Minute)
	b := a.browser()
	_, got := a.exchange(answer(t, a.signInFrom(b, liNa, a.get(b, a.signedRequest()))).Get("code"))
	token := got["access_token"].(string)
	r, err := http.NewRequest(http.MethodPost, a.url+"/token", strings.NewReader(url.Values{
		"grant_type": {exchangeGrant}, "subject_token": {token}, "subject_token_type": {tokenTypeAT},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {a.assertion()},
	}.Encode()))
	must(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if status, got := a.do(r); status != http.StatusOK {
		t.Fatalf("%d %v", status, got)
	}
	told, err := idp.ExplainExchanges(t.Context(), a.store, token)
	must(t, err)
	if len(told) != 1 || told[0].Application != a.app.ID || !slices.Equal(told[0].Chain, []string{a.app.ID, a.city.ID, a.url}) ||
		!slices.Equal(told[0].Marks, []string{kind + " of " + a.url}) {
		t.Errorf("%+v", told)
	}
}

func TestAttackOnTheExchangeByWhoMayNotIsRecordedAndCannotFillTheStore(t *testing.T) {
	e := newExchanging(t)
	records := func(token string) []idp.Explanation {
		t.Helper()
		told, err := idp.ExplainExchanges(t.Context(), e.zhejiang.store, token)
		must(t, err)
		return told
	}
	token := e.fresh("agent", "openid api")
	e.swap(e.zhejiang, "main", token, "second") // which has not the grant
	if told := records(token); len(told) != 1 || told[0].Application != "main" || told[0].Outcome != "refused" {
		t.Fatalf("%+v", told)
	}
	for range 20 {
		e.zhejiang.call("/token", "", "grant_type", exchangeGrant, "client_id", "agent", "client_secret", "guessed", "subject_token", token, "subject_token_type", tokenTypeAT)
	}
	told := records(token)
	if len(told) != 5 || !slices.ContainsFunc(told, func(x idp.Explanation) bool {
		return x.Application == "agent (not authenticated)" && x.Outcome == "refused"
	}) {
		t.Errorf("%d: %+v", len(told), told)
	}
	e.zhejiang.call("/token", "", "grant_type", bearerGrant, "client_id", "agent", "client_secret", "guessed", "assertion", e.fresh("agent", "openid api"))
	other := e.fresh("agent", "openid api")
	e.zhejiang.call("/token", "", "grant_type", bearerGrant, "client_id", "agent", "client_secret", "guessed", "assertion", other)
	if told := records(other); len(told) != 1 || told[0].Kind != "grant" {
		t.Errorf("%+v", told)
	}
	// Of an issuer that nobody knows there is none, and there is an end to those of all tokens together.
	key := trusttest.NewKey(t)
	stranger := key.JWT(t, "at+jwt", map[string]any{"iss": "https://nobody.example"})
	e.zhejiang.call("/token", "", "grant_type", exchangeGrant, "client_id", "agent", "client_secret", "guessed", "subject_token", stranger, "subject_token_type", tokenTypeAT)
	if told := records(stranger); len(told) != 0 {
		t.Errorf("%+v", told)
	}
	kept := 0
	for n := range 220 {
		forged := key.JWT(t, "at+jwt", map[string]any{"iss": e.zhejiang.url, "n": n})
		e.zhejiang.call("/token", "", "grant_type", exchangeGrant, "client_id", "agent", "client_secret", "guessed", "subject_token", forged, "subject_token_type", tokenTypeAT)
		kept += len(records(forged))
	}
	if kept == 0 || kept > 200 {
		t.Errorf("%d records of forged tokens", kept)
	}
}

func jsonText(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	must(t, err)
	return string(b)
}
