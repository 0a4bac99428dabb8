package idp_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"manyou/idp/cases"
	"manyou/storage"
)

// TestACaseIsReadWhereTheAnswerToItsFilingSays: by who filed it alone, at the nation and at a province, which asks the nation.
func TestACaseIsReadWhereTheAnswerToItsFilingSays(t *testing.T) {
	h := newHub(t)
	h.nation.application("main", func(a *storage.Application) { a.Scopes = append(a.Scopes, cases.ScopeFile) })
	h.sichuan.application("second", func(a *storage.Application) { a.Scopes = append(a.Scopes, cases.ScopeFile) })
	provincial := newComplainant(h.sichuan)
	b, _, away := h.roamed(t)
	_, national := h.nation.redeem("main", answer(t, h.nation.get(b, h.nation.request("main"))).Get("code"))
	for _, c := range []struct { // the province's is withdrawn before the nation's is filed, which would join it
		name string
		complainant
		tokens map[string]any
	}{
		{"a province", provincial, away},
		{"the nation", complainant{&poller{world: h.nation, client: "main"}}, national},
	} {
		sub := payload(t, c.tokens["access_token"])["sub"].(string)
		var locations []string
		for range 2 { // sent again it is the same case, at the same place
			answer, err := http.DefaultClient.Do(c.request(http.MethodPost, c.url+"/cases", "one", complaint(c.url, sub)))
			must(t, err)
			var filed map[string]any
			must(t, json.NewDecoder(answer.Body).Decode(&filed))
			_ = answer.Body.Close()
			location := answer.Header.Get("Location")
			if answer.StatusCode != http.StatusCreated || !strings.HasPrefix(location, c.url+"/") {
				t.Fatalf("%s: %d, at %q: %v", c.name, answer.StatusCode, location, filed)
			}
			status, read := c.do(c.request(http.MethodGet, location, "", ""))
			if status != http.StatusOK || read["number"] != filed["number"] || read["state"] != "triaged" || read["due_at"] != filed["due_at"] {
				t.Errorf("%s: %d %v, filed as %v", c.name, status, read, filed)
			}
			locations = append(locations, location)
		}
		if locations[0] != locations[1] {
			t.Errorf("%s: at %v", c.name, locations)
		}
		if c.world != h.sichuan {
			continue
		}
		other := complainant{&poller{world: h.sichuan, client: "second"}}
		h.pass(2 * time.Second)
		if status, got := other.do(other.request(http.MethodGet, locations[0], "", "")); status != http.StatusNotFound {
			t.Errorf("another application reads it: %d %v", status, got)
		}
		if status, got := c.send(http.MethodPost, strings.TrimPrefix(locations[0], c.url)+"/withdraw", "", ""); status != http.StatusOK {
			t.Errorf("%d %v", status, got)
		}
		if status, got := c.do(c.request(http.MethodGet, locations[0], "", "")); status != http.StatusOK || got["state"] != "withdrawn" {
			t.Errorf("it is as far as it is at the nation: %d %v", status, got)
		}
	}
	// What files nothing says no place.
	answer, err := http.DefaultClient.Do(provincial.request(http.MethodPost, h.sichuan.url+"/cases", "two", complaint(h.sichuan.url, "nobody")))
	must(t, err)
	_ = answer.Body.Close()
	if at := answer.Header.Get("Location"); answer.StatusCode != http.StatusUnprocessableEntity || at != "" {
		t.Errorf("%d at %q", answer.StatusCode, at)
	}
}
