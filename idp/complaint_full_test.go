package idp_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestACaseThatIsFullSaysSoAndKeepsWhatWasTyped(t *testing.T) {
	u := newTownhall(t, liNa)
	c, at := u.opened()
	long := strings.Repeat("𠮷", 1990)
	for range 40 {
		got := u.send(u.b, at+"/add", long, "", nil)
		text := body(t, got)
		if got.StatusCode == http.StatusOK {
			continue
		}
		if got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(text, "已经够多") || !strings.Contains(text, long) {
			t.Errorf("%d", got.StatusCode)
		}
		if n := len(u.numbered(c.Number).Body.Evidence); n < 10 {
			t.Errorf("after %d", n)
		}
		return
	}
	t.Error("it is never full")
}
