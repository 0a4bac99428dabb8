package e2e

import (
	"fmt"
	"strings"
	"testing"

	"manyou/cmd/manyou/demo"
)

// Pages of an issuer are told apart by the fields that they ask for.
const (
	phonePage    = `input[name="phone"]`
	codePage     = `button[name="action"][value="code"]`
	identifyPage = `[name="document_kind"]`
	provincePage = `button[name="region"]`
	totpPage     = `button[name="action"][value="prove"]`
	citizenPage  = `[data-citizen]` // of an application
)

// act presses a button of a sign-in page.
func (b *tab) act(action string) journey {
	b.t.Helper()
	return b.click(`button[name="action"][value="` + action + `"]`)
}

// expect fails unless the tab shows a page.
func (b *tab) expect(what, selector string) {
	b.t.Helper()
	if !b.has(selector) {
		b.t.Fatalf("this is not the page %s (%s):\n%s", what, selector, b.told())
	}
}

// signIn signs a citizen in from the page that asks for a phone number. It reports whether name and document were
// asked for, and the last step's journey.
func (w *world) signIn(b *tab, c demo.Citizen) (asked bool, last journey) {
	b.t.Helper()
	b.expect("that asks for a phone number", phonePage)
	before := len(w.texts(c.Phone))
	b.fill("phone", strings.TrimPrefix(c.Phone, "+86"))
	b.act("phone")
	b.expect("that asks for a code", codePage)
	b.fill("code", w.code(c.Phone, before))
	last = b.act("code")
	if !b.has(identifyPage) {
		return false, last
	}
	return true, b.identify(c)
}

// identify fills in name and document.
func (b *tab) identify(c demo.Citizen) journey {
	b.t.Helper()
	b.fill("name", c.Name)
	b.choose("document_kind", c.DocumentKind)
	b.fill("document_number", c.DocumentNumber)
	return b.act("identify")
}

// choose picks one of several, whether they are options of a list or radio buttons.
func (b *tab) choose(name, value string) {
	b.t.Helper()
	chosen := ask[bool](b, fmt.Sprintf(`(() => {
		const radio = document.querySelector('input[type=radio][name=%[1]s][value=%[2]s]');
		if (radio) { radio.click(); return radio.checked; }
		const list = document.querySelector('select[name=%[1]s]');
		list.value = '%[2]s';
		return list.value === '%[2]s';
	})()`, name, value))
	if !chosen {
		b.t.Fatalf("%s has no choice %s", name, value)
	}
}

// isSignedIn fails unless the tab shows an application that knows the citizen.
func (w *world) isSignedIn(b *tab, region, name string) {
	b.t.Helper()
	b.expect("of an application that knows the citizen", citizenPage)
	if got := b.text(citizenPage); got != name {
		b.t.Errorf("the application knows %q, not %q", got, name)
	}
	if here := ask[string](b, "location.href"); here != w.application(region) {
		b.t.Errorf("the citizen is at %s, not at %s", here, w.application(region))
	}
}

// withoutPages fails unless a journey showed the application and nothing before it, and nobody had to click.
func (w *world) withoutPages(t *testing.T, j journey, region string, clicks int) {
	t.Helper()
	if len(j.pages) != 1 || j.pages[0].url != w.application(region) || j.pages[0].status != 200 {
		t.Errorf("pages shown: %v; only %s was to be shown", j.pages, w.application(region))
	}
	if len(j.moves) != clicks {
		t.Errorf("a page had to ask for the next: %q", j.moves)
	}
	if t.Failed() {
		t.Logf("hops: %s", strings.Join(j.hops, "\n      "))
	}
}

// onePage fails unless a journey ended on the first page shown, at an issuer.
func (j journey) onePage(t *testing.T, issuer string) {
	t.Helper()
	if len(j.pages) != 1 || !at(j.pages[0].url, issuer) {
		t.Errorf("pages shown: %v; one was to be shown, at %s", j.pages, issuer)
	}
	if len(j.moves) != 0 {
		t.Errorf("a page asked for the next: %q", j.moves)
	}
}
