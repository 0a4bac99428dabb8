package idp_test

import (
	"net/http"
	"strings"
	"testing"

	"manyou/storage"
)

// TestAttackWithANumberThatWasTypedAndNotProvenGivesNoPassToItsCases: another issuer's word says nothing about the number.
func TestAttackWithANumberThatWasTypedAndNotProvenGivesNoPassToItsCases(t *testing.T) {
	f := newFederation(t)
	f.nation.signIn(f.browser(), liNa, f.nation.request("main"))
	// Her name changes, and the nation has not heard of it: she is refused there, and may say so.
	for _, w := range []*world{f.nation, f.province} {
		must(t, w.store.PutRegister(t.Context(), []storage.RegisterEntry{{
			Document: storage.Document{Kind: "resident_id", Number: liNa.number}, Name: "李娜娜", Phone: liNa.phone, Region: "33", Status: storage.RegisterValid,
		}}, storage.ImportProgress{Source: "renamed"}))
	}
	renamed := liNa
	renamed.name = "李娜娜"
	b := f.browser()
	f.province.signIn(b, renamed, f.province.request("main"))
	at := f.nation.get(b, f.nation.request("main", "prompt", "login"))
	at = f.nation.post(b, page(at), "action", "phone", "phone", aynur.phone) // another's
	at = f.nation.post(b, page(at), "action", "back")
	at = f.nation.post(b, page(at), "action", "province")
	at = f.nation.post(b, page(at), "action", "upstream", "region", "33")
	if strings.HasPrefix(page(at), f.province.url) { // it asks anew who she is
		at = f.province.signInFrom(b, renamed, at)
	}
	if at.StatusCode != http.StatusForbidden {
		t.Fatalf("%d at %s", at.StatusCode, page(at))
	}
	if passLink.MatchString(body(t, at)) {
		t.Error("a pass was given for a number that nobody proved")
	}
}
