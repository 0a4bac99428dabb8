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
