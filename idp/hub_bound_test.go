package idp_test

import (
	"testing"
	"time"
)

// TestASessionIsReliedOnForTwelveHoursAtMostWhoeverCannotBeHeard is the bound on how long a province acts on what it knew of a session:
// the nation and the home province are gone, and the session ended there a moment before.
func TestASessionIsReliedOnForTwelveHoursAtMostWhoeverCannotBeHeard(t *testing.T) {
	h := newHub(t)
	b := newHubBrowser(h, liNa)
	answer(t, h.sichuan.get(b, h.sichuan.request("main"))) // by way of the nation
	h.zhejiang.setDown(true)
	h.lose()
	_, err := h.zhejiang.store.EndSessionsOf(t.Context(), federation{}.person(h.zhejiang, liNa), nil, h.zhejiang.clock())
	must(t, err)
	h.pass(11*time.Hour + 58*time.Minute)
	if !h.stands(b) {
		t.Error("what nobody could tell ended it sooner")
	}
	h.pass(2 * time.Minute)
	if h.stands(b) {
		t.Error("it stands past twelve hours")
	}
}
