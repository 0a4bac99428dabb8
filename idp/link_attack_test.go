package idp_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAttackByAProvinceThatSpeaksForAPersonOfAnotherRegionIsNotBelievedWithoutTheirPhone(t *testing.T) {
	h := newHub(t)
	// Li Na, of Zhejiang, is known at the nation through her own province: nothing is asked of her.
	b := h.browser()
	h.zhejiang.signIn(b, liNa, h.zhejiang.request("main"))
	answer(t, h.nation.get(b, h.nation.request("main", "domain_hint", "33")))
	person := federation{}.person(h.nation, liNa)
	// Sichuan says that somebody who signed in there is she.
	rogue := h.browser()
	h.sichuan.signIn(rogue, liNa, h.sichuan.request("main", "prompt", "login"))
	links := func() int {
		all, err := h.nation.store.LinksOf(t.Context(), person)
		must(t, err)
		return len(all)
	}
	at := h.nation.get(rogue, h.nation.request("main", "domain_hint", "51"))
	if at.StatusCode != http.StatusOK || !strings.HasPrefix(page(at), h.nation.url+"/signin/") || links() != 1 {
		t.Fatalf("%d at %s, %d links", at.StatusCode, page(at), links())
	}
	if got := answer(t, h.nation.get(rogue, h.nation.request("main", "domain_hint", "51", "prompt", "none"))); got.Get("code") != "" || links() != 1 {
		t.Errorf("silently: %v, %d links", got, links())
	}
	// With another's phone and papers it is not she either.
	h.nation.pass(time.Minute)
	at = h.nation.get(rogue, h.nation.request("main", "domain_hint", "51"))
	if at = h.nation.signInFrom(rogue, aynur, at); strings.Contains(at.Header.Get("Location"), "code=") || links() != 1 {
		t.Errorf("somebody else's proof: %d at %s, %d links", at.StatusCode, page(at), links())
	}
	// She lives in Sichuan now, and proves it once.
	h.nation.pass(time.Minute)
	at = h.nation.get(rogue, h.nation.request("main", "domain_hint", "51"))
	answer(t, h.nation.signInFrom(rogue, liNa, at))
	if links() != 2 {
		t.Errorf("%d links", links())
	}
	again := h.browser()
	h.sichuan.signIn(again, liNa, h.sichuan.request("main", "prompt", "login"))
	answer(t, h.nation.get(again, h.nation.request("main", "domain_hint", "51", "prompt", "none")))
}
