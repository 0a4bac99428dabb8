package session_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"manyou/idp/session"
)

func TestAnAgentIsKeptShortAndInCharactersThatEveryDatabaseStores(t *testing.T) {
	for _, agent := range []string{
		"", "Mozilla/5.0 (\xd5\xe3\xc0\xef\xb0\xec)", strings.Repeat("x", 199) + "浙里办", strings.Repeat("浙", 1000), "a\x00b",
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["User-Agent"] = []string{agent}
		if got := session.Agent(r); len(got) > 200 || !utf8.ValidString(got) || strings.Contains(got, "\x00") {
			t.Errorf("%q is kept as %q", agent, got)
		}
	}
}

func TestDevicesAreDescribedAsTheirOwnersKnowThem(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0": "Edge · Windows",
		"Mozilla/5.0 (Linux; Android 14; ALN-AL00) AppleWebKit/537.36 Chrome/114.0 Mobile Safari/537.36":                                "Chrome · Android",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604.1":           "Safari · iPhone",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 MicroMessenger/8.0.44":                             "WeChat · iPhone",
		"curl/8": "",
	} {
		if got := session.DescribeAgent(agent); got != want {
			t.Errorf("%q is described as %q", agent, got)
		}
	}
}
