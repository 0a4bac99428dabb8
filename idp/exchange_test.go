package idp_test

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"manyou/federation/exchange"
	"manyou/federation/trust/trusttest"
	"manyou/idp"
	"manyou/idp/keys"
	"manyou/storage"
	"manyou/storage/storagetest"
)

const (
	exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange"
	bearerGrant   = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	tokenTypeAT   = "urn:ietf:params:oauth:token-type:access_token"
	tokenTypeJWT  = "urn:ietf:params:oauth:token-type:jwt"
)

// exchanging is a hub with an application "agent" at each issuer, whose tokens are good for all three, and a citizen of Zhejiang who
// roamed to Sichuan.
type exchanging struct {
	hub
	browser *http.Client
	token   string // of the agent at Zhejiang
}

func newExchanging(t *testing.T) *exchanging {
	t.Helper()
	e := &exchanging{hub: newHub(t)}
	for _, w := range e.all() {
		w.application("agent", func(a *storage.Application) {
			a.GrantTypes = append(a.GrantTypes, exchangeGrant, bearerGrant)
			a.Audience = []string{e.nation.url, e.sichuan.url, "second"}
			if w == e.sichuan {
				a.Audience = []string{"https://records.sc.example"}
			}
			a.Scopes = []string{"openid", "profile", "api", "write"}
		})
	}
	e.browser = e.hub.browser()
	e.zhejiang.signIn(e.browser, liNa, e.zhejiang.request("main"))
	answer(t, e.sichuan.get(e.browser, e.sichuan.request("main"))) // by way of the nation: she is known there and here
	e.token = e.fresh("agent", "openid profile api")
	return e
}

// fresh is an access token of an application at Zhejiang.
func (e *exchanging) fresh(app, scope string) string {
	e.zhejiang.t.Helper()
	code := answer(e.zhejiang.t, e.zhejiang.get(e.browser, e.zhejiang.request(app, "scope", scope, "max_age", ""))).Get("code")
	_, got := e.zhejiang.redeem(app, code)
	return got["access_token"].(string)
}

// swap exchanges a token.
func (e *exchanging) swap(at *world, client, token, audience string, more ...string) (int, map[string]any) {
	form := map[string]string{
		"grant_type": exchangeGrant, "subject_token": token, "subject_token_type": tokenTypeAT, "audience": audience, "requested_token_type": tokenTypeJWT,
	}
	for n := 0; n+1 < len(more); n += 2 {
		form[more[n]] = more[n+1]
	}
	var list []string
	for k, v := range form {
		if v != "" {
			list = append(list, k, v)
		}
	}
	return at.call("/token", client, list...)
}

func (e *exchanging) redeemGrant(at *world, client, grant string, more ...string) (int, map[string]any) {
	return at.call("/token", client, append([]string{"grant_type", bearerGrant, "assertion", grant}, more...)...)
}

func TestATokenOfZhejiangBecomesOneOfSichuanByWayOfTheNation(t *testing.T) {
	e := newExchanging(t)
	status, got := e.swap(e.nation, "agent", e.token, e.sichuan.url)
	if status != http.StatusOK || got["token_type"] != "N_A" || got["issued_token_type"] != tokenTypeJWT || got["scope"] != "api" {
		t.Fatalf("%d %v", status, got)
	}
	grant := payload(t, got["access_token"])
	before := payload(t, e.token)
	if grant["aud"] != e.sichuan.url || grant["iss"] != e.nation.url || grant["sub"] == before["sub"] || grant["auth_time"] != before["auth_time"] ||
		grant["acr"] != before["acr"] || grant["origin"] != e.zhejiang.url {
		t.Errorf("%v", grant)
	}
	status, got = e.redeemGrant(e.sichuan, "agent", got["access_token"].(string))
	if status != http.StatusOK || got["scope"] != "api" || got["refresh_token"] != nil {
		t.Fatalf("%d %v", status, got)
	}
	token := got["access_token"].(string)
	claims := payload(t, token)
	code := answer(t, e.sichuan.get(e.browser, e.sichuan.request("agent"))).Get("code")
	_, own := e.sichuan.redeem("agent", code)
	if claims["sub"] != payload(t, own["id_token"])["sub"] {
		t.Error("Sichuan's applications know her by another subject")
	}
	if act := claims["act"].(map[string]any); act["sub"] != "agent" || act["iss"] != e.nation.url || claims["origin"] != e.zhejiang.url || claims["auth_time"] != before["auth_time"] {
		t.Errorf("%v", claims)
	}
	if _, told := e.sichuan.call("/introspect", "agent", "token", token); told["active"] != true || told["act"] == nil || told["origin"] != e.zhejiang.url {
		t.Errorf("%v", told)
	}
	// The person is put on hold: it is void, at once.
	storagetest.Freeze(t, e.sichuan.store, federation{}.person(e.sichuan, liNa), e.sichuan.clock())
	if _, told := e.sichuan.call("/introspect", "agent", "token", token); told["active"] != false {
		t.Error("it outlives a hold on its person")
	}
}

func TestATokenOfZhejiangBecomesOneOfSichuanWithoutTheNation(t *testing.T) {
	e := newExchanging(t)
	e.lose()
	_, err := e.sichuan.store.EndSessionsFrom(t.Context(), e.nation.url, e.sichuan.clock())
	must(t, err)
	answer(t, e.sichuan.get(e.browser, e.sichuan.request("main"))) // she comes directly
	_, got := e.swap(e.zhejiang, "agent", e.fresh("agent", "openid api"), e.sichuan.url)
	status, got := e.redeemGrant(e.sichuan, "agent", got["access_token"].(string))
	if status != http.StatusOK || payload(t, got["access_token"])["origin"] != e.zhejiang.url {
		t.Errorf("%d %v", status, got)
	}
}

func TestWithinOneIssuerAnExchangeNarrowsAndFallsWithWhatItWasExchangedFor(t *testing.T) {
	e := newExchanging(t)
	status, got := e.swap(e.zhejiang, "agent", e.token, "second", "requested_token_type", "", "scope", "api")
	if status != http.StatusOK || got["issued_token_type"] != tokenTypeAT {
		t.Fatalf("%d %v", status, got)
	}
	token := got["access_token"].(string)
	if claims := payload(t, token); claims["aud"] != "second" && claims["aud"].([]any)[0] != "second" || claims["sub"] == payload(t, e.token)["sub"] {
		t.Errorf("%v", claims)
	}
	if _, told := e.zhejiang.call("/introspect", "second", "token", token); told["active"] != true {
		t.Errorf("to whom it is addressed: %v", told)
	}
	// Revoked by itself it takes nothing else along.
	_, again := e.swap(e.zhejiang, "agent", e.token, "second", "requested_token_type", "", "scope", "api")
	e.zhejiang.call("/revoke", "agent", "token", again["access_token"].(string))
	for what, want := range map[string]bool{again["access_token"].(string): false, token: true, e.token: true} {
		if _, told := e.zhejiang.call("/introspect", "agent", "token", what); told["active"] != want {
			t.Errorf("after one was revoked: %v, not %t", told["active"], want)
		}
	}
	e.zhejiang.call("/revoke", "agent", "token", e.token)
	if _, told := e.zhejiang.call("/introspect", "second", "token", token); told["active"] != false {
		t.Error("it outlives the token that it was exchanged for")
	}
}

func TestAttackOnTheExchangeYieldsNothing(t *testing.T) {
	e := newExchanging(t)
	code := answer(t, e.zhejiang.get(e.browser, e.zhejiang.request("agent", "max_age", ""))).Get("code")
	_, mine := e.zhejiang.redeem("agent", code)
	key := trusttest.NewKey(t)
	now := e.zhejiang.clock()
	_, own := e.zhejiang.token("agent", "grant_type", "client_credentials")
	revoked := e.fresh("agent", "openid api")
	e.zhejiang.call("/revoke", "agent", "token", revoked)
	statement := body(t, e.zhejiang.get(http.DefaultClient, e.zhejiang.url+"/.well-known/openid-federation"))
	for name, c := range map[string]struct {
		at     *world
		client string
		token  string
		target string
		more   []string
	}{
		"a wider scope":                  {e.zhejiang, "agent", e.token, e.sichuan.url, []string{"scope", "api write"}},
		"a scope about the person":       {e.zhejiang, "agent", e.token, e.sichuan.url, []string{"scope", "profile"}},
		"a wider audience":               {e.zhejiang, "agent", e.fresh("main", "openid api"), e.sichuan.url, nil},
		"an audience of nobody":          {e.zhejiang, "agent", e.token, "https://nobody.example", nil},
		"audiences of elsewhere":         {e.nation, "agent", e.token, "", []string{"requested_token_type", ""}},
		"an ID token":                    {e.zhejiang, "agent", mine["id_token"].(string), e.sichuan.url, nil},
		"an ID token at the nation":      {e.nation, "agent", mine["id_token"].(string), e.sichuan.url, nil},
		"an entity statement":            {e.nation, "agent", statement, e.sichuan.url, nil},
		"a token of no person":           {e.zhejiang, "agent", own["access_token"].(string), e.sichuan.url, nil},
		"a revoked token":                {e.zhejiang, "agent", revoked, e.sichuan.url, nil},
		"a revoked token at the nation":  {e.nation, "agent", revoked, e.sichuan.url, nil},
		"another client's token":         {e.zhejiang, "other", e.token, e.sichuan.url, nil},
		"a client that may not":          {e.zhejiang, "main", e.token, e.sichuan.url, nil},
		"a public client":                {e.zhejiang, "public", e.token, e.sichuan.url, []string{"client_id", "public"}},
		"another type of subject":        {e.zhejiang, "agent", e.token, e.sichuan.url, []string{"subject_token_type", "urn:ietf:params:oauth:token-type:id_token"}},
		"an actor of the client's":       {e.zhejiang, "agent", e.token, e.sichuan.url, []string{"actor_token", e.token}},
		"an access token for elsewhere":  {e.zhejiang, "agent", e.token, e.sichuan.url, []string{"requested_token_type", tokenTypeAT}},
		"forged":                         {e.nation, "agent", key.JWT(t, "at+jwt", map[string]any{"iss": e.zhejiang.url, "sub": "x", "client_id": "agent", "aud": e.sichuan.url, "exp": now.Add(time.Minute).Unix()}), e.sichuan.url, nil},
		"of an issuer that nobody knows": {e.nation, "agent", key.JWT(t, "at+jwt", map[string]any{"iss": "https://nobody.example"}), e.sichuan.url, nil},
	} {
		e.zhejiang.application("other", func(a *storage.Application) { a.GrantTypes = append(a.GrantTypes, exchangeGrant) })
		if status, got := e.swap(c.at, c.client, c.token, c.target, c.more...); status == http.StatusOK {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAttackOnAnAuthorizationGrantYieldsNothing(t *testing.T) {
	e := newExchanging(t)
	grant := func() string {
		_, got := e.swap(e.nation, "agent", e.token, e.sichuan.url)
		return got["access_token"].(string)
	}
	e.sichuan.application("other", func(a *storage.Application) { a.GrantTypes = append(a.GrantTypes, bearerGrant) })
	used, old := grant(), grant()
	e.redeemGrant(e.sichuan, "agent", used)
	for name, c := range map[string]struct {
		at            *world
		client, grant string
		more          []string
	}{
		"used before":              {e.sichuan, "agent", used, nil},
		"of another client":        {e.sichuan, "other", grant(), nil},
		"for another issuer":       {e.zhejiang, "agent", grant(), nil},
		"at its own issuer":        {e.nation, "agent", grant(), nil},
		"a wider scope":            {e.sichuan, "agent", grant(), []string{"scope", "write"}},
		"a scope about the person": {e.sichuan, "agent", grant(), []string{"scope", "openid"}},
		"an access token":          {e.sichuan, "agent", e.token, nil},
		"nothing":                  {e.sichuan, "agent", "", nil},
	} {
		if status, got := e.redeemGrant(c.at, c.client, c.grant, c.more...); status == http.StatusOK {
			t.Errorf("%s: %v", name, got)
		}
	}
	if _, told := e.nation.call("/introspect", "agent", "token", old); told["active"] != false {
		t.Error("a grant is an access token")
	}
	e.pass(2 * time.Minute)
	if status, _ := e.redeemGrant(e.sichuan, "agent", old); status == http.StatusOK {
		t.Error("an expired grant is taken")
	}
	if status, got := e.redeemGrant(e.sichuan, "agent", grant()); status != http.StatusOK {
		t.Errorf("a good one: %d %v", status, got)
	}
}

func TestAChainOfActorsIsKeptAndBounded(t *testing.T) {
	e := newExchanging(t)
	names := []string{"agent", "second", "third", "fourth", "fifth", "sixth"}
	for n, name := range names {
		e.zhejiang.application(name, func(a *storage.Application) {
			a.GrantTypes = append(a.GrantTypes, exchangeGrant)
			a.Audience = append([]string{}, names...)
			if n == 0 {
				a.Scopes = []string{"openid", "api"}
			}
		})
	}
	e.pass(2 * time.Second)
	token := e.fresh("agent", "openid api")
	for n := 1; n < len(names); n++ {
		status, got := e.swap(e.zhejiang, names[n-1], token, "", "requested_token_type", "")
		if n > exchange.MaxActors {
			if status == http.StatusOK {
				t.Errorf("%d actors: %v", n, got)
			}
			return
		}
		if status != http.StatusOK {
			t.Fatalf("%d actors: %d %v", n, status, got)
		}
		token = got["access_token"].(string)
		depth := 0
		for act, ok := payload(t, token)["act"].(map[string]any); ok; act, ok = act["act"].(map[string]any) {
			depth++
		}
		if depth != n {
			t.Errorf("%d actors are named, not %d", depth, n)
		}
	}
}

func TestWhatThePolicyRefusesIsRefusedAndCanBeExplained(t *testing.T) {
	e := newExchanging(t)
	_, got := e.swap(e.nation, "agent", e.token, e.sichuan.url)
	given := got["access_token"].(string)
	e.swap(e.nation, "agent", e.token, e.sichuan.url, "scope", "write")
	var told []idp.Explanation
	told, err := idp.ExplainExchanges(t.Context(), e.nation.store, given)
	must(t, err)
	if len(told) != 1 || told[0].Outcome != "accepted" || told[0].Rule != "default" || told[0].From != "33" || told[0].To != "51" ||
		strings.Join(told[0].IssuerChain, " ") != e.zhejiang.url+" "+e.nation.url {
		t.Errorf("%+v", told)
	}
	if told, err = idp.ExplainExchanges(t.Context(), e.nation.store, e.token); err != nil || len(told) != 2 || told[0].Outcome != "refused" && told[1].Outcome != "refused" {
		t.Errorf("%+v, %v", told, err)
	}
	if told, err = idp.ExplainExchanges(t.Context(), e.nation.store, url.QueryEscape("another")); err != nil || len(told) != 0 {
		t.Errorf("%+v, %v", told, err)
	}
}

func TestATokenIsExplainedFromItsSignatureToWhatItRestsOn(t *testing.T) {
	e := newExchanging(t)
	ring, err := keys.Open(t.Context(), e.zhejiang.store, e.zhejiang.clock, rand.Reader)
	must(t, err)
	explain := func(token string) *idp.TokenExplanation {
		t.Helper()
		told, err := idp.Explain(t.Context(), e.zhejiang.store, ring, e.zhejiang.url, token, e.zhejiang.clock())
		must(t, err)
		return told
	}
	if told := explain(e.token); told.Signature != "verified" || told.State != "stands" || told.Client != "agent" {
		t.Errorf("%+v", told)
	}
	if told := explain(trusttest.NewKey(t).JWT(t, "at+jwt", map[string]any{"iss": e.zhejiang.url})); told.Signature != "not of this issuer's keys" || told.State != "" {
		t.Errorf("%+v", told)
	}
	if told := explain(trusttest.NewKey(t).JWT(t, "at+jwt", map[string]any{"iss": e.nation.url})); told.Signature != "of another issuer" {
		t.Errorf("%+v", told)
	}
	status := func(status storage.ApplicationStatus) {
		e.zhejiang.application("agent", func(a *storage.Application) { a.Status = status })
	}
	status(storage.ApplicationSuspended)
	if told := explain(e.token); told.State != "its application is not published any more" {
		t.Errorf("%+v", told)
	}
	status(storage.ApplicationPublished)
	e.zhejiang.post(e.browser, e.zhejiang.url+"/end_session", "action", "sign_out")
	if told := explain(e.token); told.State != "its session ended" {
		t.Errorf("%+v", told)
	}
	for _, text := range []string{"", "x", "a.b.c", strings.Repeat("x", 1<<20)} {
		if _, err := idp.Explain(t.Context(), e.zhejiang.store, ring, e.zhejiang.url, text, e.zhejiang.clock()); !errors.Is(err, idp.ErrNoToken) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func FuzzExplain(f *testing.F) {
	f.Add("eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJpc3MiOiJodHRwczovL2EuZXhhbXBsZSIsImFjdCI6eyJzdWIiOiJ4In19.AAAA")
	w := newWorld(f)
	ring, err := keys.Open(f.Context(), w.store, w.clock, rand.Reader)
	must(f, err)
	f.Fuzz(func(t *testing.T, token string) {
		told, err := idp.Explain(t.Context(), w.store, ring, w.url, token, w.clock())
		if err == nil && (told.Signature == "verified" || told.State == "stands") {
			t.Fatalf("%+v", told)
		}
	})
}
