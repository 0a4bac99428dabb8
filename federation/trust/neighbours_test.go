package trust

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func FuzzList(f *testing.F) {
	f.Add(`["https://id.zj.example","https://id.sc.example"]`)
	f.Add(`["https://a.example",7]`)
	f.Add(`["` + strings.Repeat("x", 70<<10) + `"]`)
	f.Add(`["http://127.0.0.1/", "https://u:p@x.example", "https://x.example?a=b"]`)
	f.Fuzz(func(t *testing.T, text string) {
		ids, err := parseList(strings.NewReader(text), false)
		if err != nil {
			return
		}
		if len(text) > maxList || len(ids) > maxNeighbours {
			t.Fatalf("%d bytes, %d entities", len(text), len(ids))
		}
		for _, id := range ids {
			if CheckIdentifier(id, false) != nil || !strings.HasPrefix(id, "https://") {
				t.Fatalf("%q is taken", id)
			}
		}
	})
}

func TestAttackThroughTheAddressesOfANeighbourReachesNothingInside(t *testing.T) {
	reached := false
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer inside.Close()
	client := &http.Client{Transport: GuardedTransport(false)}
	for _, address := range []string{inside.URL, strings.Replace(inside.URL, "127.0.0.1", "localhost", 1), strings.Replace(inside.URL, "127.0.0.1", "[::ffff:127.0.0.1]", 1)} {
		if answer, err := client.Get(address); err == nil {
			_ = answer.Body.Close()
			t.Errorf("%s answers", address)
		}
	}
	if reached {
		t.Error("it was reached")
	}
}

func FuzzRefusal(f *testing.F) {
	for _, text := range []string{`{"error":"not_found"}`, `{"error":"invalid_request"}`, `<html>not_found`, `{"error":["not_found"]}`, `not_found`, `{"Error":"not_found"}x`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if saysNotFound(strings.NewReader(text)) && (!strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") || len(text) < len(`{"error":"not_found"}`)) {
			t.Fatalf("%q is taken for an entity's word", text)
		}
	})
}

func FuzzAnchors(f *testing.F) {
	f.Add(`{"https://n.example":{"root":"","keys":{"keys":[]},"at":1}}`)
	f.Add(`{"https://n.example":null}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, text string) {
		a := newAnchors(nil)
		if err := a.restore([]byte(text)); err == nil && len(a.keys) > 0 {
			t.Fatalf("%q makes an anchor of somebody who is not configured", text)
		}
	})
}
