package idp_test

import (
	"net/http"
	"strings"
	"testing"

	"manyou/federation/correction"
	"manyou/storage"
)

// TestAnOfficerActsOnTheLinkOfWhoWasMergedByPages: the page of the old case shows whom its person was found to be, with their links, and takes
// the steps about them.
func TestAnOfficerActsOnTheLinkOfWhoWasMergedByPages(t *testing.T) {
	o := newBureau(t)
	c := o.linked()
	o.world.signIn(o.browser(), aynur, o.request("main"))
	o.world.signIn(o.browser(), *zhou, o.request("main"))
	old, into, stranger := o.person(liNa).ID, o.person(*zhou).ID, o.person(aynur).ID
	must(t, o.store.CorrectAs(t.Context(), storage.Correction{ID: "m", Merges: []storage.Merge{{From: old, Into: into}}}, storage.Case{}, o.clock()))
	one, two := o.staff(wang, []string{"51"}, correction.RoleOfficer), o.staff(zhao, []string{"51"}, correction.RoleOfficer)
	o.open(one, c)
	o.open(two, c)
	o.done(one, c, "take", "action", "take")
	text := body(t, o.get(one, o.cases("/", c.Number)))
	for _, want := range []string{"已合并到另一人", zhou.name, `name="target" value="` + link + `"`, `name="target" value="` + into + `"`, `name="link" value="` + link + `"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not show %s", want)
		}
	}
	if strings.Contains(text, stranger) || strings.Contains(text, aynur.name) {
		t.Error("the page shows somebody whom the case is not about")
	}
	o.done(one, c, "freeze", "action", "freeze", "target", link, "text", "核对")
	o.refused(one, c, http.StatusUnprocessableEntity, "", "action", "freeze", "target", stranger, "text", "核对")
	o.refused(one, c, http.StatusUnprocessableEntity, "", "action", "propose", "decision", "freeze", "target", stranger, "text", "核对")
	o.done(one, c, "propose", "action", "propose", "decision", "relink", "link", link, "other_kind", "resident_id", "other_number", aynur.number, "text", "证件核对一致")
	o.done(two, c, "approve", "action", "approve")
	if _, p, err := o.store.Link(t.Context(), "https://id.zj.example", "sub one"); err != nil || p.ID != stranger {
		t.Errorf("linked to %s, %v", p.ID, err)
	}
}
