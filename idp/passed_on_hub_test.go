package idp_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"manyou/federation/correction"
	"manyou/idp/cases"
	"manyou/storage"
)

// telling are the events that an issuer was told.
type telling struct {
	mu     sync.Mutex
	events []string
}

// overhear remembers what an issuer is told, in the clear.
func overhear(w *world) *telling {
	w.mu.Lock()
	defer w.mu.Unlock()
	heard, next := &telling{}, w.handler
	w.handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ssf/events" {
			raw, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(raw))
			if parts := strings.Split(string(raw), "."); len(parts) == 3 {
				payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
				heard.mu.Lock()
				heard.events = append(heard.events, string(payload))
				heard.mu.Unlock()
			}
		}
		next.ServeHTTP(rw, r)
	})
	return heard
}

// of lists the events that say something.
func (h *telling) of(what string) (list []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.events {
		if strings.Contains(e, what) {
			list = append(list, e)
		}
	}
	return list
}

// atHome is Aynur with a number at Zhejiang, and more if she likes, who went on to Sichuan from there.
func (h hub) atHome(passkey bool) {
	t := h.nation.t
	t.Helper()
	b := h.browser()
	h.zhejiang.signIn(b, aynur, h.zhejiang.request("main"))
	if passkey {
		h.zhejiang.addPasskey(b, h.zhejiang.device())
	}
	answer(t, h.sichuan.get(b, h.sichuan.request("main")))
}

func (h hub) passOn() {
	for _, w := range h.all() {
		w.passOn()
	}
}

func TestANumberThatPassedOnIsReportedByTheProvinceAndGoesThere(t *testing.T) {
	h := newHub(t)
	h.subscribed(t)
	heard, far := overhear(h.zhejiang), overhear(h.sichuan)
	h.atHome(true)
	h.passOn()
	h.zhejiang.claims(h.browser(), heir)
	eventually(t, "a case is opened at the nation", func() bool { return len(h.nation.casesOf(aynur)) == 1 })
	c := h.nation.casesOf(aynur)[0]
	if c.State() != correction.Proposed || c.Body.Reason != correction.ReasonPhoneTwice || c.Filer != correction.Issuer(h.zhejiang.url) ||
		c.Body.Expected != heir.phone || c.Body.Proposal.Credential != "" || c.Body.Proposal.Phone != heir.phone {
		t.Fatalf("%+v %+v", c.Case, c.Body)
	}
	sources := map[string]correction.Evidence{}
	for _, e := range c.Body.Evidence {
		sources[e.Source] = e
	}
	if at := sources[correction.Issuer(h.zhejiang.url)]; at.ACR != 1 || at.Said["ways_left"] != "1" || sources["register"].Said["phone_proven"] != heir.phone {
		t.Errorf("%+v", sources)
	}
	if text := string(c.Case.Body); strings.Contains(text, heir.name) || strings.Contains(text, heir.number) {
		t.Error("the case names whose the number is")
	}
	o := h.office()
	must(t, o.Approve(t.Context(), o.wang, c))
	eventually(t, "the number goes where she enrolled it", func() bool { return slices.Equal(h.zhejiang.methodsOf(aynur), []string{"passkey"}) })
	eventually(t, "all have acknowledged", func() bool { return again(t, o, c).State() == correction.Closed })
	if text := body(t, h.zhejiang.byNumber(h.browser(), heir.phone, "phone")); !strings.Contains(text, heir.name) {
		t.Error("the number alone does not sign in whose it is")
	}
	for who, at := range map[string]*telling{"Zhejiang": heard, "Sichuan": far} {
		if len(at.of(`"phone":"`)) == 0 || len(at.of(strings.TrimPrefix(heir.phone, "+86"))) > 0 {
			t.Errorf("%s is told %v", who, at.events)
		}
	}
	// What Zhejiang did the nation decided: it is no news, and no dispute.
	eventually(t, "the nation has heard what the province did", func() bool {
		head, err := h.zhejiang.store.SignalHead(t.Context())
		must(t, err)
		s, err := h.zhejiang.store.Stream(t.Context(), h.nation.url)
		return err == nil && head > 0 && s.Position == head
	})
	if list := h.nation.casesOf(aynur); len(list) != 1 {
		t.Errorf("%d cases", len(list))
	}
}

func TestWhatPeopleDecideAboutTheOnlyWayInAtAProvinceIsCarriedOutThere(t *testing.T) {
	h := newHub(t)
	h.subscribed(t)
	h.atHome(false)
	h.passOn()
	h.zhejiang.claims(h.browser(), heir)
	eventually(t, "a case is opened at the nation", func() bool { return len(h.nation.casesOf(aynur)) == 1 })
	c, o := h.nation.casesOf(aynur)[0], h.office()
	if c.State() != correction.Triaged || c.Body.Reason != correction.ReasonRegisterAgrees {
		t.Fatalf("%s, %s", c.State(), c.Body.Reason)
	}
	must(t, o.Take(t.Context(), o.wang, c))
	must(t, o.Propose(t.Context(), o.wang, again(t, o, c), correction.Proposal{Decision: correction.Correct, Phone: heir.phone, Why: "已电话核对"}))
	must(t, o.Approve(t.Context(), o.zhao, again(t, o, c)))
	eventually(t, "the number goes where she enrolled it", func() bool { return len(h.zhejiang.methodsOf(aynur)) == 0 })
	her := aynur
	her.phone = aynursNew
	h.zhejiang.signIn(h.browser(), her, h.zhejiang.request("main"))
	if got := h.zhejiang.methodsOf(aynur); !slices.Equal(got, []string{"sms"}) {
		t.Errorf("by her new number she has %v", got)
	}
}

func TestANumberThatIsTakenAtTheNationGoesAtTheProvincesToo(t *testing.T) {
	h := newHub(t)
	h.subscribed(t)
	h.atHome(true)
	b := h.browser()
	h.nation.signIn(b, aynur, h.nation.request("main"))
	h.nation.addPasskey(b, h.nation.device())
	h.passOn()
	h.nation.claims(h.browser(), heir)
	eventually(t, "a case is opened", func() bool { return len(h.nation.casesOf(aynur)) == 1 })
	c, o := h.nation.casesOf(aynur)[0], h.office()
	must(t, o.Approve(t.Context(), o.wang, c))
	for _, w := range []*world{h.nation, h.zhejiang} {
		eventually(t, "the number is gone", func() bool { return slices.Equal(w.methodsOf(aynur), []string{"passkey"}) })
	}
}

// TestAttackAnApplicationTakesANumberAway: what an application says is handed on by its province, and is not what the province saw.
func TestAttackAnApplicationTakesANumberAway(t *testing.T) {
	h := newHub(t)
	h.sichuan.application("main", func(a *storage.Application) { a.Scopes = append(a.Scopes, cases.ScopeFile) })
	c := newComplainant(h.sichuan)
	b := h.browser()
	h.nation.signIn(b, aynur, h.nation.request("main"))
	h.nation.addPasskey(b, h.nation.device())
	_, away := h.sichuan.redeem("main", answer(t, h.sichuan.get(b, h.sichuan.request("main"))).Get("code"))
	h.passOn()
	text := `{"kind":"wrong_attribute","attribute":"phone","expected":"` + heir.phone + `","acr":3,"application":"","said":{"phone_proven":"` + heir.phone +
		`","ways_left":"3","source":"register"},"subject":{"format":"iss_sub","iss":"` + h.sichuan.url + `","sub":"` + payload(t, away["access_token"])["sub"].(string) + `"}}`
	if status, got := c.send(http.MethodPost, "/cases", "one", text); status != http.StatusCreated || got["state"] != "triaged" {
		t.Errorf("%d %v", status, got)
	}
	if list := h.nation.casesOf(aynur); len(list) != 1 || list[0].Body.Proposal != nil || list[0].Body.Reason != correction.ReasonPeople {
		t.Errorf("%+v", list[0].Body)
	}
	for _, e := range h.nation.casesOf(aynur)[0].Body.Evidence {
		if e.ACR != 0 {
			t.Errorf("an application says how well somebody proved who they are: %+v", e)
		}
	}
}

func TestWhomTheNationDoesNotKnowIsNotReportedAndTheHeirIsSignedIn(t *testing.T) {
	h := newHub(t)
	b := h.browser()
	h.zhejiang.signIn(b, aynur, h.zhejiang.request("main"))
	h.passOn()
	h.zhejiang.claims(h.browser(), heir)
	eventually(t, "Zhejiang says in its log that the nation does not know her", func() bool {
		return strings.Contains(h.zhejiang.logged(), "status 422")
	})
	if n, err := h.nation.store.CountCases(t.Context()); err != nil || len(n) > 0 {
		t.Errorf("%v, %v", n, err)
	}
	if text := h.zhejiang.logged(); strings.Contains(text, strings.TrimPrefix(heir.phone, "+86")) || strings.Contains(text, aynur.number) {
		t.Error("the log names somebody")
	}
}
