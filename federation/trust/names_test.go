package trust_test

import (
	"net/http"
	"net/url"
	"testing"

	"manyou/federation/trust"
)

func TestAttackByAnotherSpellingOfAHostIsNoIdentifier(t *testing.T) {
	for id, good := range map[string]bool{
		"https://id.zj.example": true, "https://ID.zj.example:8443/a": true, "https://8.8.8.8": true, "https://[2001:db8::1]:1": true, "https://xn--fiq228c.example": true,
		"https://id.zj.example.": false, "https://id.zj.example.:443": false, "https://id..example": false, "https://.example": false,
		"https://%EF%BD%85xample.com": false, "https://ex%E3%80%82ample": false, "https://[fe80::1%25eth0]": false, "https://a,b.example": false, "https://a*.example": false,
	} {
		if err := trust.CheckIdentifier(id, false); (err == nil) != good {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestNamesThatASuperiorPermitsAreTrustedAndNoOthers(t *testing.T) {
	for _, c := range []struct {
		base    string
		naming  map[string]any
		trusted bool
	}{
		{"https://id.zj.example", map[string]any{"permitted": []string{".zj.example"}}, true},
		{"https://ID.ZJ.example", map[string]any{"permitted": []string{".zj.example"}}, true},
		{"https://id.zj.example", map[string]any{"permitted": []string{"sc.example", "id.zj.example"}}, true},
		{"https://zj.example", map[string]any{"permitted": []string{".zj.example"}}, false},
		{"https://id.notzj.example", map[string]any{"permitted": []string{"zj.example", ".zj.example"}}, false},
		{"https://id.zj.example", map[string]any{"permitted": []string{".example"}, "excluded": []string{".zj.example"}}, false},
		{"https://id.sc.example", map[string]any{"permitted": []string{".example"}, "excluded": []string{".zj.example"}}, true},
	} {
		f := newFederation(t)
		f.base = c.base
		nation, province, _, app := f.nation()
		nation.about[province.id]["constraints"] = map[string]any{"naming_constraints": c.naming}
		r := f.resolver(nation, func(tc *trust.Config) { tc.Fetcher, tc.Loopback = trust.NewFetcher(false, f.elsewhere()), false })
		if _, err := r.Resolve(t.Context(), app.id); (err == nil) != c.trusted {
			t.Errorf("%s where %v: %v", c.base, c.naming, err)
		}
	}
}

// elsewhere brings requests for the federation's host to its server, and all others over the network as a node would.
func (f *federation) elsewhere() http.RoundTripper {
	at, _ := url.Parse(f.server.URL)
	base, _ := url.Parse(f.base)
	return routed{base.Host, at.Host, trust.GuardedTransport(false)}
}

type routed struct {
	host, at string
	others   http.RoundTripper
}

func (o routed) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != o.host {
		return o.others.RoundTrip(r)
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = "http", o.at
	return http.DefaultTransport.RoundTrip(r)
}
