package idp_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"manyou/federation/trust"
	"manyou/idp"
	"manyou/idp/entity"
	"manyou/storage"
)

// hub is a nation with two provinces below it. Nobody holds a secret of another: they know one another by their chains.
type hub struct{ nation, zhejiang, sichuan *world }

const hubLife = time.Hour // of what the nation says

func newHub(t *testing.T, change ...func(nation *idp.Config)) hub {
	t.Helper()
	h := hub{nation: newWorld(t, func(c *idp.Config) {
		c.Role, c.Region, c.Name = idp.National, "00", map[string]string{"zh": "全国统一身份认证", "en": "National Identity"}
		c.Federation = &entity.Federation{Loopback: true, StatementLife: hubLife}
		for _, f := range change {
			f(c)
		}
	})}
	anchor := json.RawMessage(body(t, h.nation.get(http.DefaultClient, h.nation.url+"/keys")))
	province := func(region, zh, en string) *world {
		return newWorld(t, func(c *idp.Config) {
			c.Region, c.Name = region, map[string]string{"zh": zh, "en": en}
			c.Federation = &entity.Federation{
				Loopback: true, Superiors: []string{h.nation.url}, Anchors: map[string]json.RawMessage{h.nation.url: anchor}, StatementLife: hubLife,
			}
		})
	}
	h.zhejiang, h.sichuan = province("33", "浙江省统一身份认证", "Zhejiang"), province("51", "四川省统一身份认证", "Sichuan")
	for _, w := range h.all() { // to make them took a while
		w.pass(h.sichuan.clock().Sub(w.clock()))
	}
	for region, p := range map[string]*world{"33": h.zhejiang, "51": h.sichuan} {
		must(t, h.nation.store.PutSubordinate(t.Context(), storage.Subordinate{
			EntityID: p.url, Types: []string{trust.FederationEntity, trust.OpenIDProvider}, Status: storage.SubordinateActive,
			JWKS: []byte(body(t, p.get(http.DefaultClient, p.url+"/keys"))), Rules: fmt.Appendf(nil, `{"metadata":{"federation_entity":{"region":%q}}}`, region),
			CreatedAt: h.nation.clock(), UpdatedAt: h.nation.clock(),
		}))
		know(t, h.nation, p, region)
		know(t, p, h.nation, "00")
	}
	for _, w := range h.all() {
		run(t, w.issuer)
	}
	eventually(t, "the provinces know each other", func() bool {
		return len(h.sichuan.issuer.Neighbours()) == 1 && len(h.zhejiang.issuer.Neighbours()) == 1
	})
	h.pass(5 * time.Second)
	return h
}

// know makes an issuer an upstream of another, without a secret.
func know(t *testing.T, at, other *world, region string) {
	t.Helper()
	must(t, at.store.PutUpstream(t.Context(), storage.Upstream{
		Issuer: other.url, Region: region, Name: map[string]string{"zh": "对方", "en": "The other"}, ClientID: at.url, AuthMethod: "private_key_jwt",
		Scopes: []string{"openid", "profile", "document"}, ACR: map[string]int{"urn:manyou:acr:1": 1, "urn:manyou:acr:2": 2}, Status: storage.UpstreamActive,
	}))
}

func (h hub) all() []*world { return []*world{h.nation, h.zhejiang, h.sichuan} }

func (h hub) pass(d time.Duration) {
	for _, w := range h.all() {
		w.pass(d)
	}
}

// lose makes the nation unreachable, and lets the time pass for which everybody remembers that it answered.
func (h hub) lose() {
	h.nation.setDown(true)
	h.pass(5 * time.Second)
}

func (h hub) find() {
	h.nation.setDown(false)
	h.pass(10 * time.Second)
}

// browser follows redirects between the issuers and no further.
func (h hub) browser() *http.Client {
	jar, _ := cookiejar.New(nil)
	return &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		at := r.URL.Scheme + "://" + r.URL.Host
		if at != h.nation.url && at != h.zhejiang.url && at != h.sichuan.url || len(via) > 20 {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

// choose picks a province at Sichuan, where the nation cannot be reached.
func (h hub) choose(b *http.Client, region string) *http.Response {
	at := h.sichuan.get(b, h.sichuan.request("main"))
	list := h.sichuan.post(b, page(at), "action", "province")
	return h.sichuan.post(b, page(list), "action", "upstream", "region", region)
}

// whoIs is what Sichuan's application learns of a person for a code.
func (h hub) whoIs(code string) map[string]any {
	h.sichuan.t.Helper()
	_, got := h.sichuan.redeem("main", code)
	token, _ := got["access_token"].(string)
	r, err := http.NewRequest(http.MethodGet, h.sichuan.url+"/userinfo", nil)
	must(h.sichuan.t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	_, info := h.sichuan.do(r)
	return info
}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for late := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("it never came about: %s", what)
		}
	}
}

// stands reports whether the browser's session at Sichuan yields a code without a page.
func (h hub) stands(b *http.Client) bool {
	h.pass(time.Second)
	at := h.sichuan.get(b, h.sichuan.request("main", "prompt", "none", "max_age", ""))
	u, err := url.Parse(at.Header.Get("Location"))
	return err == nil && u.Query().Get("code") != ""
}

func TestIssuersRoamByTheirChainsAloneWithoutASecretBetweenThem(t *testing.T) {
	h := newHub(t)
	b := h.browser()
	h.zhejiang.signIn(b, liNa, h.zhejiang.request("main"))
	code := answer(t, h.sichuan.get(b, h.sichuan.request("main"))).Get("code")
	if got := h.whoIs(code); got["name"] != liNa.name {
		t.Errorf("%v", got)
	}
	for _, w := range h.all() {
		apps, err := w.store.ListApplications(t.Context(), "", 10)
		must(t, err)
		if slices.ContainsFunc(apps, func(a storage.Application) bool { return a.Issuer }) {
			t.Error("an issuer is registered")
		}
	}
}

func TestRoamingBetweenTwoProvincesGoesOnWithoutTheNation(t *testing.T) {
	h := newHub(t)
	t.Run("silently, for whom Sichuan has seen before", func(t *testing.T) {
		b := h.browser()
		h.zhejiang.signIn(b, liNa, h.zhejiang.request("main"))
		answer(t, h.sichuan.get(b, h.sichuan.request("main")))
		h.lose()
		defer h.find()
		h.sichuan.post(b, h.sichuan.url+"/end_session", "action", "sign_out") // ends at Sichuan, and cannot go on to the nation
		if got := answer(t, h.sichuan.get(b, h.sichuan.request("main", "prompt", "none"))); got.Get("code") == "" {
			t.Errorf("%v", got)
		}
	})
	t.Run("with one choice, for whom it has not", func(t *testing.T) {
		h := newHub(t)
		b := h.browser()
		h.zhejiang.signIn(b, liNa, h.zhejiang.request("main"))
		h.lose()
		defer h.find()
		at := h.sichuan.get(b, h.sichuan.request("main"))
		if text := body(t, at); !strings.Contains(text, "现在连接不上全国统一认证") {
			t.Errorf("the page does not say so: %d at %s", at.StatusCode, page(at))
		}
		code := answer(t, h.choose(b, "33")).Get("code")
		if got := h.whoIs(code); got["name"] != liNa.name {
			t.Errorf("%v", got)
		}
		// When the nation is back it is the same person.
		h.find()
		id := func() string {
			p, err := h.sichuan.store.PersonByDocument(t.Context(), storage.Document{Kind: "resident_id", Number: liNa.number})
			must(t, err)
			return p.ID
		}
		before := id()
		c := h.browser()
		h.nation.signIn(c, liNa, h.nation.request("main"))
		answer(t, h.sichuan.get(c, h.sichuan.request("main")))
		if links, err := h.sichuan.store.LinksOf(t.Context(), before); err != nil || len(links) != 2 {
			t.Errorf("%v, %v", links, err)
		}
	})
}

func TestRoamingGoesOnWhileTheNationSwallowsRequestsAndItsWordIsOld(t *testing.T) {
	h := newHub(t)
	b := newHubBrowser(h, liNa)
	h.nation.hang()
	h.pass(6 * time.Minute) // all that the nation said has to be asked for again
	for range 3 {
		b.Jar, _ = cookiejar.New(nil)
		h.zhejiang.signIn(b, liNa, h.zhejiang.request("main"))
		if got := h.whoIs(answer(t, h.choose(b, "33")).Get("code")); got["name"] != liNa.name {
			t.Errorf("%v", got)
		}
		h.pass(10 * time.Minute)
	}
	if n := len(h.sichuan.issuer.Neighbours()); n != 1 {
		t.Errorf("%d neighbours are known", n)
	}
}

// keeps reports whether a node would know another after a restart: by its own statement, the one about it and that of the nation.
func keeps(t *testing.T, at, other *world) bool {
	t.Helper()
	body, err := at.store.Note(t.Context(), "neighbours")
	if errors.Is(err, storage.ErrNotFound) {
		return false
	}
	must(t, err)
	var kept struct{ IDs, Statements []string }
	must(t, json.Unmarshal(body, &kept))
	return slices.Contains(kept.IDs, other.url) && len(kept.Statements) >= 3
}

func TestAProvinceThatRestartsWithoutTheNationKnowsTheOthersStill(t *testing.T) {
	h := newHub(t)
	b := newHubBrowser(h, liNa)
	eventually(t, "what is known is kept", func() bool { return keeps(t, h.sichuan, h.zhejiang) && keeps(t, h.zhejiang, h.sichuan) })
	h.lose()
	for _, w := range []*world{h.sichuan, h.zhejiang} {
		w.restart()
		run(t, w.issuer)
	}
	eventually(t, "they know each other", func() bool {
		return len(h.sichuan.issuer.Neighbours()) == 1 && len(h.zhejiang.issuer.Neighbours()) == 1
	})
	h.pass(5 * time.Second)
	if got := h.whoIs(answer(t, h.choose(b, "33")).Get("code")); got["name"] != liNa.name {
		t.Errorf("%v", got)
	}
	h.pass(hubLife)
	eventually(t, "they know nobody past the life of what the nation said", func() bool { return len(h.sichuan.issuer.Neighbours()) == 0 })
}

func TestAnApplicationThatCannotBeLookedUpIsToldToWait(t *testing.T) {
	a := newAnchored(t)
	a.city.Down()
	at := a.get(a.browser(), a.signedRequest())
	if text := body(t, at); at.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text, "暂时无法核对这个应用") {
		t.Errorf("%d %s", at.StatusCode, text)
	}
	if status, got := a.exchange("code"); status != http.StatusServiceUnavailable || got["error"] != "temporarily_unavailable" {
		t.Errorf("%d %v", status, got)
	}
}

func TestAttackAProvinceSpeaksForAPersonOfAnother(t *testing.T) {
	entry := func(c citizen, region string) storage.RegisterEntry {
		return storage.RegisterEntry{Document: storage.Document{Kind: "resident_id", Number: c.number}, Name: c.name, Phone: c.phone, Region: region, Status: storage.RegisterValid}
	}
	for name, c := range map[string]struct {
		prepare func(h hub)
		who     citizen
		status  int
	}{
		"and says so": {func(hub) {}, aynur, http.StatusForbidden},
		"and says that she is its own, whom nobody here knows": {func(h hub) {
			must(t, h.zhejiang.store.PutRegister(t.Context(), []storage.RegisterEntry{entry(aynur, "33")}, storage.ImportProgress{Source: "a"}))
		}, aynur, http.StatusServiceUnavailable},
		"and says that he is its own, who is known to be another's": {func(h hub) {
			must(t, h.sichuan.store.PutRegister(t.Context(), []storage.RegisterEntry{entry(liNa, "51")}, storage.ImportProgress{Source: "b"}))
			h.sichuan.signIn(h.browser(), liNa, h.sichuan.request("main"))
		}, liNa, http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t)
			c.prepare(h)
			b := newHubBrowser(h, c.who)
			h.lose()
			defer h.find()
			if at := h.choose(b, "33"); at.StatusCode != c.status {
				t.Errorf("%d at %s", at.StatusCode, page(at))
			}
		})
	}
}

func newHubBrowser(h hub, c citizen) *http.Client {
	b := h.browser()
	h.zhejiang.signIn(b, c, h.zhejiang.request("main"))
	return b
}

func TestNothingIsTrustedPastTheLifeOfWhatTheNationSaid(t *testing.T) {
	h := newHub(t)
	b := newHubBrowser(h, liNa)
	h.lose()
	h.pass(hubLife - time.Minute)
	h.sichuan.pass(0)
	if got := answer(t, h.choose(b, "33")); got.Get("code") == "" {
		t.Fatalf("a chain that has not expired does not serve: %v", got)
	}
	h.sichuan.post(b, h.sichuan.url+"/end_session", "action", "sign_out")
	h.pass(2 * time.Minute)
	eventually(t, "Sichuan knows Zhejiang no more", func() bool { return len(h.sichuan.issuer.Neighbours()) == 0 })
	if at := h.choose(b, "33"); at.StatusCode == http.StatusSeeOther || strings.Contains(page(at), "/cb") {
		t.Errorf("an expired chain serves: %d at %s", at.StatusCode, page(at))
	}
	// And Zhejiang answers nobody whose chain has expired.
	if at := h.zhejiang.get(b, h.zhejiang.url+"/authorize?client_id="+url.QueryEscape(h.sichuan.url)+"&request=x"); at.StatusCode != http.StatusServiceUnavailable && at.StatusCode != http.StatusBadRequest {
		t.Errorf("%d", at.StatusCode)
	}
	// The nation comes back: so does all of it.
	h.find()
	eventually(t, "Sichuan knows Zhejiang again", func() bool { h.pass(time.Second); return len(h.sichuan.issuer.Neighbours()) == 1 })
}

func TestASuspensionDecidedBeforeTheNationWasLostTakesEffectWhenItReturns(t *testing.T) {
	h := newHub(t)
	b := newHubBrowser(h, liNa)
	h.nation.setDown(true) // nobody hears of what is decided now
	must(t, h.nation.store.SetSubordinateStatus(t.Context(), h.zhejiang.url, storage.SubordinateSuspended, time.Now()))
	must(t, h.nation.store.SetUpstreamStatus(t.Context(), h.zhejiang.url, storage.UpstreamSuspended))
	h.lose()
	code := answer(t, h.choose(b, "33")).Get("code")
	_, got := h.sichuan.redeem("main", code)
	if !h.stands(b) {
		t.Fatal("there is no session")
	}
	h.find()
	eventually(t, "the session that came from the suspended province ends", func() bool { return !h.stands(b) })
	if _, answered := h.sichuan.call("/introspect", "main", "token", got["access_token"].(string)); answered["active"] != false {
		t.Errorf("its token: %v", answered)
	}
	// Losing the nation again brings nothing back.
	h.lose()
	at := h.sichuan.get(b, h.sichuan.request("main"))
	if at := h.sichuan.post(b, page(at), "action", "province"); strings.Contains(body(t, at), `value="33"`) {
		t.Error("it is offered still")
	}
}

func TestASessionThatEndedAtHomeEndsEverywhereAlsoAfterTheNationReturns(t *testing.T) {
	h := newHub(t)
	b := newHubBrowser(h, liNa)
	code := answer(t, h.sichuan.get(b, h.sichuan.request("main"))).Get("code") // by way of the nation
	_, got := h.sichuan.redeem("main", code)
	h.lose()
	person := federation{}.person(h.zhejiang, liNa)
	_, err := h.zhejiang.store.EndSessionsOf(t.Context(), person, nil, h.zhejiang.clock())
	must(t, err)
	time.Sleep(1500 * time.Millisecond)
	if !h.stands(b) {
		t.Fatal("Sichuan cannot have heard of it")
	}
	h.find()
	h.pass(3 * time.Minute) // until those who could not be told are told again
	eventually(t, "the session at Sichuan ends", func() bool { h.pass(time.Second); return !h.stands(b) })
	if _, answered := h.sichuan.call("/introspect", "main", "token", got["access_token"].(string)); answered["active"] != false {
		t.Errorf("its token: %v", answered)
	}
}

func TestASessionThatEndedAtHomeEndsBesideItWhileTheNationIsLost(t *testing.T) {
	h := newHub(t)
	b := newHubBrowser(h, liNa)
	h.lose()
	answer(t, h.choose(b, "33"))
	if !h.stands(b) {
		t.Fatal("there is no session")
	}
	person := federation{}.person(h.zhejiang, liNa)
	_, err := h.zhejiang.store.EndSessionsOf(t.Context(), person, nil, h.zhejiang.clock())
	must(t, err)
	eventually(t, "the session at Sichuan ends", func() bool { return !h.stands(b) })
}
