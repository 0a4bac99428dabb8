package idp_test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"manyou/federation/trust"
	"manyou/idp"
	"manyou/idp/keys"
	"manyou/storage"
)

// inside is a service that nobody outside may reach: it counts who does. It redirects nobody and answers everything.
type inside struct {
	*httptest.Server
	asked atomic.Int64
}

func newInside(t *testing.T) *inside {
	in := &inside{}
	in.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		in.asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"active":true}`))
	}))
	t.Cleanup(in.Close)
	return in
}

// guard is a transport that reaches all but the inside, as the one for addresses that strangers name does; the tests are on loopback.
type guard struct {
	inside  string
	refused atomic.Int64
}

func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == g.inside {
		g.refused.Add(1)
		return nil, errors.New("an address that is not public")
	}
	return http.DefaultTransport.RoundTrip(r)
}

// poison makes a province publish an address of somebody else's: in its discovery, and in its entity configuration.
func poison(t *testing.T, w *world, kind, field, address string) {
	t.Helper()
	ring, err := keys.Open(t.Context(), w.store, w.clock, rand.Reader)
	must(t, err)
	w.mu.Lock()
	defer w.mu.Unlock()
	real := w.handler
	w.handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		own := r.URL.Path == "/.well-known/openid-configuration"
		if !own && r.URL.Path != trust.ConfigurationPath {
			real.ServeHTTP(rw, r)
			return
		}
		said := httptest.NewRecorder()
		real.ServeHTTP(said, r)
		var claims map[string]any
		if own {
			_ = json.Unmarshal(said.Body.Bytes(), &claims)
			if kind == trust.OpenIDProvider {
				claims[field] = address
			}
			rw.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(rw).Encode(claims)
			return
		}
		claims = payload(t, said.Body.String())
		claims["metadata"].(map[string]any)[kind].(map[string]any)[field] = address
		text, _ := json.Marshal(claims)
		key, err := ring.Signer(keys.ES256)
		if err != nil {
			t.Error(err)
			return
		}
		signed, err := key.Sign(trust.TypeStatement, text)
		if err != nil {
			t.Error(err)
		}
		rw.Header().Set("Content-Type", said.Header().Get("Content-Type"))
		_, _ = rw.Write([]byte(signed))
	})
}

func TestAttackByAProvinceThatNamesAddressesInsideReachesNone(t *testing.T) {
	for field, kind := range map[string]string{
		"token_endpoint": trust.OpenIDProvider, "userinfo_endpoint": trust.OpenIDProvider, "jwks_uri": trust.OpenIDProvider,
		"introspection_endpoint": trust.OpenIDProvider, "authorization_endpoint": trust.OpenIDProvider, "end_session_endpoint": trust.OpenIDProvider,
		"backchannel_logout_uri": trust.OpenIDRelyingParty,
	} {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			in := newInside(t)
			g := &guard{inside: strings.TrimPrefix(in.URL, "http://")}
			e := &exchanging{hub: newHub(t, func(c *idp.Config) { c.Federation.Transport = g })}
			e.zhejiang.application("agent", func(a *storage.Application) {
				a.Audience, a.Scopes = []string{e.nation.url}, []string{"openid", "api"}
			})
			e.nation.application("agent", func(a *storage.Application) { a.GrantTypes = append(a.GrantTypes, exchangeGrant) })
			poison(t, e.zhejiang, kind, field, in.URL+"/"+field)
			e.pass(20 * time.Minute) // nothing of before is relied on
			e.browser = e.hub.browser()
			e.zhejiang.signIn(e.browser, liNa, e.zhejiang.request("main"))
			token := e.fresh("agent", "openid api")
			e.nation.get(e.browser, e.nation.request("main", "domain_hint", "33"))
			e.swap(e.nation, "agent", token, "", "requested_token_type", "")
			// The province is an application of the nation's, too, which tells it what ends.
			nation := e.hub.browser()
			e.nation.signIn(nation, liNa, e.nation.request("main"))
			e.zhejiang.get(nation, e.zhejiang.request("main"))
			e.nation.post(nation, e.nation.url+"/end_session", "action", "sign_out")
			e.pass(2 * time.Second)
			switch field {
			case "authorization_endpoint", "end_session_endpoint": // where browsers are sent, and nobody else
				e.pass(time.Minute)
			default:
				eventually(t, "somebody tries", func() bool {
					e.pass(time.Second)
					return g.refused.Load() > 0 || in.asked.Load() > 0
				})
			}
			if n := in.asked.Load(); n > 0 {
				t.Errorf("it was reached %d times", n)
			}
		})
	}
}

func TestWhatTheNationSaysOfAProvinceWeighsMoreThanItsDiscovery(t *testing.T) {
	h := newHub(t)
	poison(t, h.zhejiang, trust.OpenIDProvider, "token_endpoint", "http://127.0.0.1:1/token")
	// A policy that puts it right again.
	rules, err := json.Marshal(map[string]any{
		"metadata":        map[string]any{"federation_entity": map[string]string{"region": "33"}},
		"metadata_policy": map[string]any{"openid_provider": map[string]any{"token_endpoint": map[string]string{"value": h.zhejiang.url + "/token"}}},
	})
	must(t, err)
	all, err := h.nation.store.ListSubordinates(t.Context(), "", 10)
	must(t, err)
	for _, s := range all {
		if s.EntityID == h.zhejiang.url {
			s.Rules, s.UpdatedAt = rules, h.nation.clock()
			must(t, h.nation.store.PutSubordinate(t.Context(), s))
		}
	}
	eventually(t, "the nation says so", func() bool {
		at := h.nation.get(http.DefaultClient, h.nation.url+"/federation/fetch?sub="+url.QueryEscape(h.zhejiang.url))
		return payload(t, body(t, at))["metadata_policy"] != nil
	})
	h.pass(20 * time.Minute) // and is asked again
	b := h.browser()
	h.zhejiang.signIn(b, liNa, h.zhejiang.request("main"))
	answer(t, h.nation.get(b, h.nation.request("main", "domain_hint", "33")))
}

func TestAttackByAStreamThatIsPushedInsideReachesNothing(t *testing.T) {
	in := newInside(t)
	g := &guard{inside: strings.TrimPrefix(in.URL, "http://")}
	h := newHub(t, func(c *idp.Config) { c.Federation.Transport = g })
	// The province names a host inside as its own, so that a stream may be pushed there.
	poison(t, h.zhejiang, trust.OpenIDRelyingParty, "backchannel_logout_uri", in.URL+"/logout")
	h.pass(20 * time.Minute)
	var s storage.Stream
	eventually(t, "the province has a stream", func() (ok bool) {
		h.pass(time.Second)
		var err error
		s, err = h.nation.store.Stream(t.Context(), h.zhejiang.url)
		return err == nil
	})
	s.Status, s.Method, s.Endpoint, s.Verification = storage.StreamEnabled, "push", in.URL+"/push", `{"state":"x"}`
	must(t, h.nation.store.SetStream(t.Context(), s))
	eventually(t, "somebody tries", func() bool {
		h.pass(time.Second)
		return g.refused.Load() > 0
	})
	if n := in.asked.Load(); n > 0 {
		t.Errorf("it was reached %d times", n)
	}
}
