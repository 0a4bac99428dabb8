package upstream_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"manyou/federation/upstream"
)

func TestACallbackIsReadAsItWasSent(t *testing.T) {
	for query, want := range map[string]upstream.Callback{
		"code=c&state=s": {Code: "c", State: "s"},
		"code=c&state=s&iss=https%3A%2F%2Fp.example":               {Code: "c", State: "s", Issuer: "https://p.example"},
		"code=c&state=s&session_state=x.y":                         {Code: "c", State: "s"},
		"error=login_required&state=s&error_description=%E4%B8%8D": {Error: "login_required", State: "s"},
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := upstream.ParseCallback(q); err != nil || got != want {
			t.Errorf("%s: got %#v, %v", query, got, err)
		}
	}
}

func TestACallbackThatNoProviderSendsIsRefused(t *testing.T) {
	for _, query := range []string{
		"", "code=c", "state=s", "code=&state=s", "code=c&state=",
		"code=c&code=d&state=s", "code=c&state=s&state=s", "code=c&state=s&iss=a&iss=b", "code=c&state=s&x=1&x=2",
		"error=a&error=b&state=s", "code=c&error=access_denied&state=s", "code=c&state=s&iss=",
		"error=%3Cscript%3E&state=s", "error=" + strings.Repeat("e", 65) + "&state=s", "error=two%20words&state=s",
		"code=a%0Ab&state=s", "code=%00&state=s", "code=c&state=%E4%B8%8D", "code=c&state=s&iss=%7F",
		"code=" + strings.Repeat("c", 8<<10+1) + "&state=s",
		"code=c&state=s&a=" + strings.Repeat("a", 8<<10) + "&b=" + strings.Repeat("b", 8<<10),
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if c, err := upstream.ParseCallback(q); !errors.Is(err, upstream.ErrCallback) || c != (upstream.Callback{}) {
			t.Errorf("%.60s: got %v", query, err)
		}
	}
	if _, err := upstream.ParseCallback(url.Values{"code": {"c"}, "state": {"s"}, "x": {}}); !errors.Is(err, upstream.ErrCallback) {
		t.Errorf("a parameter without values: got %v", err)
	}
}

func FuzzParseCallback(f *testing.F) {
	for _, seed := range []string{
		"code=c&state=s", "code=c&state=s&iss=https%3A%2F%2Fp.example", "error=login_required&state=s", "code=c&code=d&state=s",
		"code=%00&state=s", "a&b&c", "code=c&error=e&state=s",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		c, err := upstream.ParseCallback(q)
		if err != nil {
			if c != (upstream.Callback{}) {
				t.Error("something was read from a callback that was refused")
			}
			return
		}
		if c.State == "" || (c.Code == "") == (c.Error == "") {
			t.Error("neither a code nor an error, or both, or no state")
		}
		for name, values := range q {
			if len(values) != 1 || len(values[0]) > 8<<10 {
				t.Errorf("%q was given %d times", name, len(values))
			}
		}
		if strings.ContainsAny(c.Code+c.State+c.Issuer+c.Error, "\x00\r\n") {
			t.Error("control characters were let through")
		}
	})
}
