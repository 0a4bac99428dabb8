package idp_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"manyou/federation/trust"
	"manyou/idp/entity"
	"manyou/storage"
)

const everyScope = "openid profile offline_access phone document ssf.manage ssf.read cases.file"

// scopesOf are the scopes that the city's application gets when it asks for all.
func (a *anchored) scopesOf() []string {
	a.t.Helper()
	b := a.browser()
	at := a.signInFrom(b, liNa, a.get(b, a.signedRequest(func(c map[string]any) { c["scope"] = everyScope })))
	if !strings.HasPrefix(at.Header.Get("Location"), redirectURI) { // the citizen is asked whether they agree
		at = a.post(b, page(at), "action", "agree")
	}
	status, got := a.exchange(answer(a.t, at).Get("code"))
	if status != http.StatusOK {
		a.t.Fatalf("%d %v", status, got)
	}
	scopes := strings.Fields(got["scope"].(string))
	slices.Sort(scopes)
	return scopes
}

// declares lets the city's application declare every scope, under rules of the city and of the nation.
func (a *anchored) declares(city, nation string) {
	a.t.Helper()
	m := a.app.Metadata[trust.OpenIDRelyingParty].(map[string]any)
	m["scope"] = everyScope
	m["grant_types"] = []string{"authorization_code", "refresh_token"}
	a.pass(time.Second) // so that it changed since
	must(a.t, a.cityStore.PutSubordinate(a.t.Context(), a.app.Subordinate(a.clock(), city)))
	must(a.t, a.store.PutSubordinate(a.t.Context(), a.city.Subordinate(a.clock(), nation)))
	eventually(a.t, "both say it", func() bool { return a.states(a.city.ID, a.app.ID, city) && a.states(a.url, a.city.ID, nation) })
	a.pass(6 * time.Minute)
}

// states reports whether a superior's statement has these rules and no others.
func (a *anchored) states(superior, subordinate, rules string) bool {
	a.t.Helper()
	want, said := map[string]any{}, a.said(superior, subordinate)
	if rules != "" {
		must(a.t, json.Unmarshal([]byte(rules), &want))
	}
	for _, claim := range []string{"metadata", "metadata_policy", "constraints"} {
		if !reflect.DeepEqual(said[claim], want[claim]) {
			return false
		}
	}
	return true
}

func TestAttackByScopesThatAnApplicationDeclaresItselfYieldsNoPhoneAndNoDocument(t *testing.T) {
	a := newAnchored(t)
	plain := []string{"offline_access", "openid", "profile"}
	a.declares("", "")
	if got := a.scopesOf(); !slices.Equal(got, plain) {
		t.Errorf("unapproved: %v", got)
	}
	a.declares(`{"metadata":{"openid_relying_party":{"scope":"`+everyScope+`"}},
		"metadata_policy":{"openid_relying_party":{"scope":{"superset_of":["phone"]}}}}`, "")
	if got := a.scopesOf(); !slices.Equal(got, plain) {
		t.Errorf("approved by its city alone: %v", got)
	}
	a.declares("", `{"metadata_policy":{"openid_relying_party":{"scope":{"subset_of":["openid","profile","phone"]}}}}`)
	if got := a.scopesOf(); !slices.Equal(got, []string{"openid", "phone", "profile"}) {
		t.Errorf("with the nation's leave for one: %v", got)
	}
}

func TestAnApplicationThatShowsTheMarkHasTheScopesThatItDeclares(t *testing.T) {
	const kind = "https://nation.example/marks/approved"
	a := newAnchored(t, func(f *entity.Federation) { f.ApplicationMark = kind })
	must(t, a.store.PutTrustMark(t.Context(), storage.TrustMark{Type: kind, Subject: a.app.ID, IssuedAt: a.clock()}))
	mark := body(t, a.get(http.DefaultClient, a.url+"/federation/trust-mark?trust_mark_type="+url.QueryEscape(kind)+"&sub="+url.QueryEscape(a.app.ID)))
	a.app.Marks = []trust.MarkEntry{{Type: kind, Mark: mark}}
	a.declares("", "")
	want := strings.Fields(everyScope)
	slices.Sort(want)
	if got := a.scopesOf(); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}
