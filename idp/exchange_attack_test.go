package idp_test

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"manyou/idp/membership"
	"manyou/storage"
)

// members decides at the nation of a hub.
func (h hub) members() membership.Membership {
	return membership.Membership{Store: h.nation.store, Issuer: h.nation.url, Clock: h.nation.clock, Random: rand.Reader}
}

// suspend suspends a province at the nation.
func (h hub) suspend(t *testing.T, p *world) {
	t.Helper()
	u, err := h.members().Find(t.Context(), p.url)
	must(t, err)
	_, err = h.members().Suspend(t.Context(), u)
	must(t, err)
}

// active is what an issuer says of a token.
func (e *exchanging) active(at *world, client, token string) bool {
	e.nation.t.Helper()
	_, told := at.call("/introspect", client, "token", token)
	return told["active"] == true
}

func TestAttackWithTokensThatWereExchangedBeforeAProvinceWasSuspendedOpensNothing(t *testing.T) {
	e := newExchanging(t)
	status, got := e.swap(e.nation, "agent", e.token, "second", "requested_token_type", "", "scope", "api")
	if status != http.StatusOK {
		t.Fatalf("%d %v", status, got)
	}
	direct := got["access_token"].(string)
	_, got = e.swap(e.nation, "agent", direct, "", "requested_token_type", "") // and once more
	again := got["access_token"].(string)
	_, got = e.swap(e.nation, "agent", e.token, e.sichuan.url)
	status, got = e.redeemGrant(e.sichuan, "agent", got["access_token"].(string))
	if status != http.StatusOK {
		t.Fatalf("%d %v", status, got)
	}
	byway := got["access_token"].(string)
	for at, token := range map[*world]string{e.nation: direct, e.sichuan: byway} {
		if !e.active(at, "agent", token) {
			t.Fatal("it does not stand before")
		}
	}
	e.suspend(t, e.zhejiang)
	if e.active(e.nation, "agent", direct) || e.active(e.nation, "agent", again) {
		t.Error("at the nation it outlives the suspension")
	}
	eventually(t, "it ends at the other province", func() bool {
		e.pass(time.Second)
		return !e.active(e.sichuan, "agent", byway)
	})
}

func TestAttackByScopesThatAreNotOpenToTheClientSignsNone(t *testing.T) {
	e := newExchanging(t)
	e.nation.application("agent", func(a *storage.Application) {
		a.GrantTypes, a.Audience, a.Scopes = append(a.GrantTypes, exchangeGrant), []string{"second"}, []string{"openid", "write"}
	})
	e.zhejiang.application("second", func(a *storage.Application) {
		a.GrantTypes, a.Scopes = append(a.GrantTypes, exchangeGrant), []string{"openid"}
	})
	e.pass(2 * time.Second)
	for at, client := range map[*world]string{e.nation: "agent", e.zhejiang: "second"} { // another issuer's token, and one of its own
		status, got := e.swap(at, client, e.token, "second", "requested_token_type", "")
		if status != http.StatusOK || got["scope"] != nil || payload(t, got["access_token"])["scope"] != nil {
			t.Errorf("%s: %d %v", client, status, got)
		}
		if status, got = e.swap(at, client, e.token, "second", "requested_token_type", "", "scope", "api"); status != http.StatusBadRequest || got["error"] != "invalid_scope" {
			t.Errorf("%s: %d %v", client, status, got)
		}
	}
}

func TestAttackUnderTheNameOfAnotherOwnersClientYieldsNothing(t *testing.T) {
	e := newExchanging(t)
	_, grant := e.swap(e.nation, "agent", e.token, e.sichuan.url)
	register := func(at *world, name, region string) {
		at.application(name, func(a *storage.Application) {
			a.GrantTypes, a.Region, a.Audience = append(a.GrantTypes, exchangeGrant, bearerGrant), region, []string{"second"}
		})
		e.pass(2 * time.Second)
	}
	for _, c := range []struct {
		client, region string
		status         int
	}{{"agent", "51", 400}, {"second", "51", 400}, {"second", "00", 400}, {"second", "33", 200}, {"agent", "33", 200}} {
		register(e.nation, c.client, c.region)
		if status, got := e.swap(e.nation, c.client, e.token, "second", "requested_token_type", ""); status != c.status {
			t.Errorf("%s of %s: %d %v", c.client, c.region, status, got)
		}
	}
	register(e.sichuan, "agent", "51")
	if status, got := e.redeemGrant(e.sichuan, "agent", grant["access_token"].(string)); status != http.StatusBadRequest || got["error"] != "invalid_grant" {
		t.Errorf("a grant: %d %v", status, got)
	}
	register(e.sichuan, "agent", "33")
	if status, got := e.redeemGrant(e.sichuan, "agent", grant["access_token"].(string)); status != http.StatusOK {
		t.Errorf("a grant of the same owner's client: %d %v", status, got)
	}
	// A name that is the same everywhere needs no region.
	const url = "https://agent.zj.example"
	for _, w := range e.all() {
		w.application(url, func(a *storage.Application) {
			a.GrantTypes, a.Region, a.Audience = append(a.GrantTypes, exchangeGrant), "65", []string{"second"}
		})
	}
	e.pass(2 * time.Second)
	// Its secret travels in the header by its form.
	code := answer(t, e.zhejiang.get(e.browser, e.zhejiang.request(url, "scope", "openid api", "max_age", ""))).Get("code")
	_, got := e.zhejiang.token("", "client_id", url, "client_secret", secretOf(url), "grant_type", "authorization_code", "code", code,
		"redirect_uri", redirectURI, "code_verifier", verifier)
	status, got := e.nation.token("", "client_id", url, "client_secret", secretOf(url), "grant_type", exchangeGrant,
		"subject_token", got["access_token"].(string), "subject_token_type", tokenTypeAT, "audience", "second")
	if status != http.StatusOK {
		t.Errorf("%d %v", status, got)
	}
}

func TestAttackByAnAudienceThatIsAURLMakesTheIssuerAskNobody(t *testing.T) {
	var asked atomic.Int64
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		http.NotFound(w, nil)
	}))
	defer inside.Close()
	e := newExchanging(t)
	e.zhejiang.application("agent", func(a *storage.Application) {
		a.GrantTypes, a.Audience = append(a.GrantTypes, exchangeGrant), []string{inside.URL, "http://127.0.0.1:1"}
	})
	e.pass(2 * time.Second)
	token := e.fresh("agent", "openid api")
	for _, audience := range []string{inside.URL, "http://127.0.0.1:1"} {
		status, got := e.swap(e.zhejiang, "agent", token, audience, "requested_token_type", "")
		if status != http.StatusOK || payload(t, got["access_token"])["sub"] != payload(t, token)["sub"] {
			t.Errorf("%s: %d %v", audience, status, got)
		}
	}
	if n := asked.Load(); n > 0 {
		t.Errorf("it was asked %d times", n)
	}
}
