package trust_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"manyou/federation/trust"
)

// inside is a server of this machine that counts whoever connects, also who breaks off before asking.
func inside(t *testing.T) (port string, reached *atomic.Int32) {
	reached = &atomic.Int32{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			reached.Add(1)
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL[strings.LastIndex(server.URL, ":"):], reached
}

// TestAttackFromInside: what a stranger names must not make this node ask its own networks.
func TestAttackThroughEverySpellingOfAnAddressReachesNothingInside(t *testing.T) {
	port, reached := inside(t)
	outside := trust.NewFetcher(false, nil)
	for _, target := range []string{
		"https://127.0.0.1" + port, "https://localhost" + port, "https://[::1]" + port, "https://[::ffff:127.0.0.1]" + port, "https://0.0.0.0" + port,
		"https://10.0.0.1", "https://172.16.0.1", "https://192.168.1.1", "https://169.254.169.254/latest/meta-data", "https://[fe80::1]",
		"https://[fd00::1]", "https://100.64.0.1", "https://[64:ff9b::7f00:1]", "https://[2002:7f00:1::]", "https://224.0.0.1", "https://2130706433" + port,
		"http://example.com", "file:///etc/passwd", "gopher://127.0.0.1", "https://user@127.0.0.1" + port, "https://", "//127.0.0.1", "https://127.0.0.1" + port + "/#x",
		"https://localhost." + port, "https://127.1" + port,
	} {
		_, err := outside.Fetch(t.Context(), target+trust.ConfigurationPath, "application/"+trust.TypeStatement)
		if err == nil {
			t.Errorf("%s was asked", target)
		}
	}
	if reached.Load() > 0 {
		t.Error("this machine was asked")
	}
}

// outside is a federation that a node reaches as it would over the network: it may ask public addresses alone, and none of this machine.
func outside(t *testing.T) (*federation, trust.Fetcher) {
	f := newFederation(t)
	f.base = "https://federation.example"
	return f, trust.NewFetcher(false, f.elsewhere())
}

func TestAttackThroughEveryFieldOfAStatementReachesNothingInside(t *testing.T) {
	port, reached := inside(t)
	for _, address := range []string{"https://127.0.0.1" + port, "https://localhost" + port, "https://[::1]" + port} {
		for name, attack := range map[string]func(f *federation, nation, city, app *entity) (subject string){
			"identifier": func(_ *federation, _, _, _ *entity) string { return address },
			"hint": func(_ *federation, _, _, app *entity) string {
				app.hints = []string{address, address + "/x", "https://169.254.169.254", "file:///x"}
				return app.id
			},
			"fetch endpoint": func(_ *federation, _, city, app *entity) string {
				city.metadata[trust.FederationEntity].(map[string]any)["federation_fetch_endpoint"] = address + "/fetch"
				return app.id
			},
			"fetch endpoint that is a file": func(_ *federation, _, city, app *entity) string {
				city.metadata[trust.FederationEntity].(map[string]any)["federation_fetch_endpoint"] = "file:///etc/passwd"
				return app.id
			},
			"keys": func(_ *federation, _, _, app *entity) string {
				app.metadata[trust.OpenIDRelyingParty].(map[string]any)["jwks_uri"] = address + "/jwks"
				return app.id
			},
			"signed keys": func(_ *federation, _, _, app *entity) string {
				app.metadata[trust.OpenIDRelyingParty].(map[string]any)["signed_jwks_uri"] = address + "/jwks"
				return app.id
			},
			"redirect": func(_ *federation, _, city, app *entity) string {
				city.serve = func(w http.ResponseWriter, r *http.Request) bool {
					http.Redirect(w, r, address, http.StatusFound)
					return true
				}
				return app.id
			},
			"status endpoint of a mark": func(f *federation, nation, _, app *entity) string {
				nation.mark = map[string][]string{approved: {nation.id}}
				nation.metadata[trust.FederationEntity].(map[string]any)["federation_trust_mark_status_endpoint"] = address + "/status"
				app.marks = []map[string]string{{"trust_mark_type": approved, "trust_mark": signed(t, nation.key, nation.kid, trust.TypeMark, map[string]any{
					"iss": nation.id, "sub": app.id, "trust_mark_type": approved, "iat": f.clock().Unix(), "exp": f.clock().Add(time.Hour).Unix(),
				})}}
				return app.id
			},
		} {
			f, fetcher := outside(t)
			nation, _, city, app := f.nation()
			r := f.resolver(nation, func(c *trust.Config) {
				c.Fetcher, c.Loopback = fetcher, false
				if strings.HasPrefix(name, "status") {
					c.Required = map[string]string{trust.OpenIDRelyingParty: approved}
				}
			})
			subject := attack(f, nation, city, app)
			if _, err := r.Resolve(t.Context(), subject); err == nil {
				t.Errorf("%s %s: trusted", name, address)
			}
			if n := reached.Swap(0); n > 0 {
				t.Errorf("%s %s: this machine was reached %d times", name, address, n)
			}
		}
	}
}

// TestControl: the same federation is trusted where nobody names an address inside, so that the tests above refuse for that alone.
func TestAFederationThatNamesPublicAddressesAloneIsReached(t *testing.T) {
	f, fetcher := outside(t)
	nation, _, _, app := f.nation()
	r := f.resolver(nation, func(c *trust.Config) { c.Fetcher, c.Loopback = fetcher, false })
	if _, err := r.Resolve(t.Context(), app.id); err != nil {
		t.Error(err)
	}
}

func TestAttackThroughTheListAndItsEndpointReachesNothingInside(t *testing.T) {
	port, reached := inside(t)
	for _, endpoint := range []string{"https://127.0.0.1" + port + "/list", "https://localhost" + port, "file:///etc/passwd", ""} {
		f, fetcher := outside(t)
		nation, _ := neighbouring(t, f, 2)
		if endpoint == "" { // the list itself names somebody inside
			nation.about["https://127.0.0.1"+port] = map[string]any{}
		} else {
			nation.metadata[trust.FederationEntity].(map[string]any)["federation_list_endpoint"] = endpoint
		}
		r := f.resolver(nation, func(c *trust.Config) { c.Fetcher, c.Loopback = fetcher, false })
		n := trust.NewNeighbours(r, nation.id, f.elsewhere(), slog.New(slog.DiscardHandler), nil, func(context.Context, []string) error { return nil })
		if err := n.Look(t.Context()); (err == nil) != (endpoint == "") {
			t.Errorf("%s: %v", endpoint, err)
		}
		if got := len(n.All()); endpoint == "" && got != 2 {
			t.Errorf("%d neighbours", got)
		}
		if reached.Swap(0) > 0 {
			t.Errorf("%q: this machine was reached", endpoint)
		}
	}
}
