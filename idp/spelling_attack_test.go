package idp_test

import (
	"net/http"
	"testing"

	"manyou/federation/trust"
)

func TestAttackByParametersSpelledAlmostAsTheirNamesYieldsNothingThatSuperiorsDoNotAllow(t *testing.T) {
	a := newAnchored(t)
	m := a.app.Metadata[trust.OpenIDRelyingParty].(map[string]any)
	delete(m, "grant_types") // of which the nation's policy leaves the code alone
	m["Grant_types"] = []string{"authorization_code", "refresh_token"}
	m["grant_type\u017f"] = m["Grant_types"] // a letter that is the same as s where case does not count
	b := a.browser()
	status, got := a.exchange(answer(t, a.signInFrom(b, liNa, a.get(b, a.signedRequest()))).Get("code"))
	if status != http.StatusOK {
		t.Fatalf("%d %v", status, got)
	}
	if _, ok := got["refresh_token"]; ok {
		t.Error("it has a grant that the nation's policy does not let it have")
	}
}

func TestAttackByAScopeSpelledAlmostAsScopeRegistersNoOtherScopes(t *testing.T) {
	a := newAnchored(t)
	a.explicitly()
	m := a.app.Metadata[trust.OpenIDRelyingParty].(map[string]any)
	m["\u017fcope"] = everyScope
	if r, text := a.registers(a.configuration(a.app.Key), statementMedia); r.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", r.StatusCode, text)
	}
	b := a.browser()
	status, got := a.exchange(a.signIn(b, liNa, a.request(a.app.ID, "scope", "openid phone")).Get("code"))
	if status != http.StatusOK || got["scope"] != "openid" {
		t.Errorf("%d %v", status, got)
	}
}
