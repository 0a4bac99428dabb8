package idp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"manyou/idp"
	"manyou/storage"
)

// node puts another node of an issuer beside the one that answers, on the same database. at makes one of them answer: 0 or 1.
func (w *world) node(t *testing.T) (at func(n int)) {
	t.Helper()
	other, err := idp.New(t.Context(), w.config)
	must(t, err)
	run(t, other)
	w.mu.Lock()
	defer w.mu.Unlock()
	nodes := []*idp.Issuer{w.issuer, other}
	return func(n int) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.issuer, w.handler = nodes[n], nodes[n].Handler()
	}
}

func TestASuspensionIsFeltByTheOtherNodeOfTheNationWithinASecond(t *testing.T) {
	e := newExchanging(t)
	at := e.nation.node(t)
	// What a citizen of Zhejiang has at the nation: a session, tokens of it, and a token that was exchanged.
	e.nation.application("agent", func(a *storage.Application) {
		a.GrantTypes, a.Audience = append(a.GrantTypes, exchangeGrant), []string{"second"}
	})
	e.pass(2 * time.Second)
	code := answer(t, e.nation.get(e.browser, e.nation.request("agent", "scope", "openid api offline_access", "domain_hint", "33"))).Get("code")
	_, own := e.nation.redeem("agent", code)
	token := own["access_token"].(string)
	_, got := e.swap(e.nation, "agent", e.token, "second", "requested_token_type", "")
	exchanged := got["access_token"].(string)
	entity := func(path string) *http.Response {
		return e.nation.get(http.DefaultClient, e.nation.url+"/federation/"+path)
	}
	id := url.QueryEscape(e.zhejiang.url)
	answers := map[string]func() bool{
		"the picker shows it": func() bool {
			b := e.nation.browser()
			list := e.nation.post(b, page(e.nation.get(b, e.nation.request("main"))), "action", "province")
			text := body(t, list)
			if !strings.Contains(text, `value="51"`) {
				t.Fatalf("no picker: %d at %s", list.StatusCode, page(list))
			}
			return strings.Contains(text, `value="33"`)
		},
		"the session yields a code": func() bool {
			here := &http.Client{Jar: e.browser.Jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			return strings.Contains(e.nation.get(here, e.nation.request("main", "prompt", "none")).Header.Get("Location"), "code=")
		},
		"the token of the session stands": func() bool { return e.active(e.nation, "agent", token) },
		"userinfo answers": func() bool {
			r, err := http.NewRequest(http.MethodGet, e.nation.url+"/userinfo", nil)
			must(t, err)
			r.Header.Set("Authorization", "Bearer "+token)
			status, _ := e.nation.do(r)
			return status == http.StatusOK
		},
		"the token of the exchange stands": func() bool { return e.active(e.nation, "second", exchanged) },
		"its tokens are exchanged": func() bool {
			status, _ := e.swap(e.nation, "agent", e.token, "second", "requested_token_type", "")
			return status == http.StatusOK
		},
		"grants are given for it": func() bool {
			status, _ := e.swap(e.nation, "agent", e.token, e.sichuan.url)
			return status == http.StatusOK
		},
		"fetch speaks of it": func() bool { return entity("fetch?sub="+id).StatusCode == http.StatusOK },
		"list names it":      func() bool { return strings.Contains(body(t, entity("list")), e.zhejiang.url) },
		"resolve vouches for it": func() bool {
			return entity("resolve?sub="+id+"&trust_anchor="+url.QueryEscape(e.nation.url)).StatusCode == http.StatusOK
		},
	}
	for n := range 2 { // both know all of it, and have it in memory
		at(n)
		for what, holds := range answers {
			eventually(t, what, holds)
		}
	}
	at(0)
	e.suspend(t, e.zhejiang)
	at(1)
	e.pass(time.Second)
	// What is read by the clock is felt by now. What runs by a ticker is waited for, and the clock stands still meanwhile.
	for what, holds := range answers {
		if strings.HasPrefix(what, "fetch") || strings.HasPrefix(what, "list") || strings.HasPrefix(what, "resolve") {
			eventually(t, "not: "+what, func() bool { return !holds() })
		} else if holds() {
			t.Errorf("after the suspension: %s", what)
		}
	}
	if status, got := e.nation.token("agent", "grant_type", "refresh_token", "refresh_token", own["refresh_token"].(string)); status == http.StatusOK {
		t.Errorf("its refresh token is good: %v", got)
	}
}
