package e2e

import (
	"strings"
	"testing"

	"manyou/storage"
)

// cityApplication is the address of the application that only the city of Hangzhou knows.
func (w *world) cityApplication() string {
	for _, e := range w.Description().Entities {
		if e.URL != "" {
			return e.URL
		}
	}
	w.t.Fatal("the city has no application")
	return ""
}

// TestAnApplicationOfACityBelowAProvinceSignsInAtTheNationWithoutARegistration: the nation knows the province, the province
// the city, the city the application.
func TestAnApplicationOfACityBelowAProvinceSignsInAtTheNationWithoutARegistration(t *testing.T) {
	w := newWorld(t)
	address := strings.TrimSuffix(w.cityApplication(), "/")
	for _, i := range w.Issuers {
		if _, err := i.Store.Application(t.Context(), address); err == nil {
			t.Fatalf("it is registered at %s", i.Region)
		}
	}
	b := newBrowser(t).newTab(t)
	li := w.citizen("李娜")
	b.open(w.cityApplication())
	if page := b.told(); !strings.Contains(page, "湖滨便民") {
		t.Errorf("the page does not say where it leads: %s", page)
	}
	w.signIn(b, li)
	b.expect("of an application that knows the citizen", citizenPage)
	if got := b.text(citizenPage); got != li.Name {
		t.Errorf("the application knows %q", got)
	}

	if page := b.text("body"); strings.ContainsRune(page, '\uFFFD') || !strings.Contains(page, "湖") && !strings.Contains(page, "Lakefront") {
		t.Errorf("the application's page: %s", page)
	}

	// From there the citizen roams on: the nation has a session now.
	w.withoutPages(t, b.open(w.application(sichuan)), sichuan, 0)

	// The province takes the city back: its application is unknown from then on, at the next look.
	must(t, w.Issuer(nation).Store.SetSubordinateStatus(t.Context(), w.issuer(zhejiang), storage.SubordinateSuspended, w.now()))
	b2 := newBrowser(t).newTab(t)
	for range 50 {
		if b2.open(w.cityApplication()); !b2.has(phonePage) {
			break
		}
	}
	if b2.has(phonePage) {
		t.Error("a suspended province still vouches for its city's application")
	}
}
