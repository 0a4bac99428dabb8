package idp_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"manyou/federation/correction"
	"manyou/idp/cases"
	"manyou/storage"
)

// complainant is an application that files cases.
type complainant struct{ *poller }

func newComplainant(w *world) complainant {
	w.application("main", func(a *storage.Application) { a.Scopes = append(a.Scopes, cases.ScopeFile) })
	w.pass(2 * time.Second)
	return complainant{&poller{world: w, client: "main"}}
}

// send sends a request with a token of the application's own.
func (c complainant) send(method, path, key, body string) (int, map[string]any) {
	c.t.Helper()
	return c.do(c.request(method, c.url+path, key, body))
}

func (c complainant) request(method, target, key, body string) *http.Request {
	c.t.Helper()
	_, token := c.token(c.client, "grant_type", "client_credentials", "scope", cases.ScopeFile)
	r, err := http.NewRequestWithContext(c.t.Context(), method, target, strings.NewReader(body))
	must(c.t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", fmt.Sprint("Bearer ", token["access_token"]))
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	return r
}

func complaint(issuer, subject string) string {
	b, _ := json.Marshal(map[string]any{
		"kind": "wrong_link", "subject": map[string]string{"format": "iss_sub", "iss": issuer, "sub": subject}, "statement": "不是同一个人",
		"said": map[string]string{"birth_date": "1985-01-01"},
	})
	return string(b)
}

func TestAnApplicationOfAProvinceFilesAtTheNation(t *testing.T) {
	h := newHub(t)
	for _, w := range h.all() {
		w.application("main", func(a *storage.Application) { a.Scopes = append(a.Scopes, cases.ScopeFile) })
	}
	c := newComplainant(h.sichuan)
	_, _, away := h.roamed(t)
	sub := payload(t, away["access_token"])["sub"].(string)
	status, filed := c.send(http.MethodPost, "/cases", "one", complaint(h.sichuan.url, sub))
	if status != http.StatusCreated {
		t.Fatalf("%d %v", status, filed)
	}
	number := filed["number"].(string)
	stored, err := h.nation.store.CaseByNumber(t.Context(), number)
	must(t, err)
	if stored.PersonID != (federation{}).person(h.nation, liNa) || stored.Filer != correction.Issuer(h.sichuan.url) || stored.Kind != "wrong_link" ||
		!strings.Contains(stored.Topic, h.zhejiang.url) || !strings.Contains(string(stored.Body), "1985-01-01") {
		t.Errorf("%+v %s", stored, stored.Body)
	}
	if status, again := c.send(http.MethodPost, "/cases", "one", complaint(h.sichuan.url, sub)); status != http.StatusCreated || again["number"] != number {
		t.Errorf("sent again: %d %v", status, again)
	}
	if status, got := c.send(http.MethodGet, "/cases/"+strings.ToLower(number), "", ""); status != http.StatusOK || got["state"] != "triaged" {
		t.Errorf("%d %v", status, got)
	}
	// Another application of the province, and another province, have nothing to do with it.
	h.sichuan.application("second", func(a *storage.Application) { a.Scopes = append(a.Scopes, cases.ScopeFile) })
	h.pass(2 * time.Second)
	for name, other := range map[string]complainant{
		"of the province": {&poller{world: h.sichuan, client: "second"}}, "of another province": {&poller{world: h.zhejiang, client: "main"}},
		"of the nation": {&poller{world: h.nation, client: "main"}},
	} {
		if status, got := other.send(http.MethodGet, "/cases/"+number, "", ""); status != http.StatusNotFound {
			t.Errorf("an application %s reads it: %d %v", name, status, got)
		}
		if status, got := other.send(http.MethodPost, "/cases/"+number+"/withdraw", "", ""); status != http.StatusNotFound {
			t.Errorf("an application %s withdraws it: %d %v", name, status, got)
		}
	}
	if status, got := c.send(http.MethodPost, "/cases/"+number+"/withdraw", "", ""); status != http.StatusOK || got["state"] != "withdrawn" {
		t.Errorf("%d %v", status, got)
	}
	h.lose()
	if status, got := c.send(http.MethodPost, "/cases", "two", complaint(h.sichuan.url, sub)); status != http.StatusServiceUnavailable {
		t.Errorf("without the nation: %d %v", status, got)
	}
	h.find()
	if status, got := c.send(http.MethodPost, "/cases", "two", complaint(h.sichuan.url, sub)); status != http.StatusCreated {
		t.Errorf("with the nation again: %d %v", status, got)
	}
}

func TestBadComplaintsGetAnErrorAndFileNothing(t *testing.T) {
	w := newWorld(t, nationally)
	c := newComplainant(w)
	sub := payload(t, w.tokens("main", liNa)["access_token"])["sub"].(string)
	good := complaint(w.url, sub)
	for name, bad := range map[string]struct {
		key, body string
		status    int
	}{
		"without a key":             {"", good, http.StatusBadRequest},
		"with a long key":           {strings.Repeat("k", 200), good, http.StatusBadRequest},
		"no JSON":                   {"a", "{", http.StatusUnprocessableEntity},
		"of no kind":                {"b", strings.Replace(good, "wrong_link", "else", 1), http.StatusUnprocessableEntity},
		"about nobody":              {"c", `{"kind":"takeover"}`, http.StatusUnprocessableEntity},
		"about somebody unknown":    {"d", complaint(w.url, "nobody"), http.StatusUnprocessableEntity},
		"about another's subject":   {"e", complaint("https://id.zj.example", sub), http.StatusUnprocessableEntity},
		"of a wrong attribute":      {"f", strings.Replace(good, `"wrong_link"`, `"wrong_attribute","attribute":"shoe size"`, 1), http.StatusUnprocessableEntity},
		"with a long value":         {"g", strings.Replace(good, "1985-01-01", strings.Repeat("x", 600), 1), http.StatusUnprocessableEntity},
		"with a statement too long": {"h", strings.Replace(good, "不是同一个人", strings.Repeat("长", 4001), 1), http.StatusUnprocessableEntity},
		"too large":                 {"i", strings.Replace(good, "不是同一个人", strings.Repeat("长", 40000), 1), http.StatusRequestEntityTooLarge},
	} {
		if status, got := c.send(http.MethodPost, "/cases", bad.key, bad.body); status != bad.status || got["detail"] == "" {
			t.Errorf("%s: %d %v", name, status, got)
		}
	}
	if n, err := w.store.CountCases(t.Context()); err != nil || len(n) > 0 {
		t.Errorf("%v, %v", n, err)
	}
	if status, _ := c.send(http.MethodPost, "/cases", "z", good); status != http.StatusCreated {
		t.Errorf("a good one: %d", status)
	}
	if status, got := c.send(http.MethodPost, "/cases", "z", strings.Replace(good, "不是同一个人", "别的", 1)); status != http.StatusUnprocessableEntity {
		t.Errorf("another under the same key: %d %v", status, got)
	}
}

func TestOneKeyIsOneCaseHoweverOftenItIsSentAtOnce(t *testing.T) {
	w := newWorld(t, nationally)
	c := newComplainant(w)
	sub := payload(t, w.tokens("main", liNa)["access_token"])["sub"].(string)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if status, got := c.send(http.MethodPost, "/cases", "one", complaint(w.url, sub)); status != http.StatusCreated {
				t.Errorf("%d %v", status, got)
			}
		})
	}
	group.Wait()
	list, err := w.store.CasesOf(t.Context(), w.person(liNa).ID, 100)
	must(t, err)
	if len(list) != 1 {
		t.Errorf("%d cases", len(list))
	}
}

func TestAttackAFilerFloodsTheQueue(t *testing.T) {
	w := newWorld(t, nationally)
	c := newComplainant(w)
	sub := payload(t, w.tokens("main", liNa)["access_token"])["sub"].(string)
	refused := 0
	for n := range 70 {
		if status, _ := c.send(http.MethodPost, "/cases", fmt.Sprint(n), complaint(w.url, sub)); status == http.StatusTooManyRequests {
			refused++
		}
	}
	list, err := w.store.ListCases(t.Context(), storage.CaseFilter{}, 100)
	must(t, err)
	if refused != 10 || len(list) != 1 {
		t.Errorf("%d refused, %d in the queue", refused, len(list))
	}
	w.pass(time.Hour)
	if status, _ := c.send(http.MethodPost, "/cases", "later", complaint(w.url, sub)); status != http.StatusCreated {
		t.Errorf("an hour later: %d", status)
	}
}

func TestAComplaintThatJoinedAnotherIsAsFarAsThatOne(t *testing.T) {
	w := newWorld(t, nationally)
	c := newComplainant(w)
	sub := payload(t, w.tokens("main", liNa)["access_token"])["sub"].(string)
	_, first := c.send(http.MethodPost, "/cases", "one", complaint(w.url, sub))
	_, second := c.send(http.MethodPost, "/cases", "two", complaint(w.url, sub))
	if second["joined"] != true || first["number"] == second["number"] {
		t.Fatalf("%v, %v", first, second)
	}
	number := first["number"].(string)
	if status, got := c.send(http.MethodPost, "/cases/"+number+"/withdraw", "", ""); status != http.StatusConflict || got["type"] != "urn:manyou:problem:joined" {
		t.Errorf("others' complaint is taken back: %d %v", status, got)
	}
	queue := &correction.Queue{Store: w.store, Policy: correction.DefaultPolicy(), Clock: w.clock, Random: rand.Reader}
	found, err := queue.FindNumber(t.Context(), number)
	must(t, err)
	must(t, queue.Reject(t.Context(), correction.Officer{PersonID: "wang", Roles: []string{correction.RoleOfficer}, Regions: []string{"00"}}, found, "同一个人"))
	if _, got := c.send(http.MethodGet, "/cases/"+second["number"].(string), "", ""); got["state"] != "rejected" {
		t.Errorf("%v", got)
	}
}

func TestASystemCaseIsOpenedWhenAProvinceSaysSomethingElseThanIsKnown(t *testing.T) {
	h := newHub(t)
	h.subscribed(t)
	b, _, _ := h.roamed(t)
	she := federation{}.person(h.nation, liNa)
	// What agrees opens none, however often she comes.
	h.pass(13 * time.Hour) // her sessions are over
	h.zhejiang.signIn(b, liNa, h.zhejiang.request("main"))
	answer(t, h.nation.get(b, h.nation.request("main")))
	none := func(id string) bool {
		list, err := h.nation.store.CasesOf(t.Context(), id, 10)
		must(t, err)
		return len(list) == 0
	}
	// Zhejiang's link is somebody else's, by mistake.
	h.nation.signIn(h.nation.browser(), aynur, h.nation.request("main", "prompt", "login"))
	he := federation{}.person(h.nation, aynur)
	links, err := h.nation.store.LinksOf(t.Context(), she)
	must(t, err)
	of, err := h.office().File(t.Context(), correction.Filing{Filer: correction.System(), Kind: correction.KindConflict, Region: "33", Statement: "弄错了"})
	must(t, err) // about nobody that is looked at here
	must(t, h.nation.store.CorrectAs(t.Context(), storage.Correction{ID: "mistake", Moves: []storage.Move{
		{What: storage.MoveLink, Issuer: links[0].Issuer, Subject: links[0].Subject, From: she, To: he},
	}}, of.Case, h.nation.clock()))
	if !none(she) || !none(he) {
		t.Fatal("a case was opened though all agreed")
	}
	eventually(t, "Zhejiang has heard that she was taken for another, which ends what she had", func() bool {
		h.pass(time.Second)
		at := h.zhejiang.get(b, h.zhejiang.request("main", "prompt", "none"))
		return !strings.Contains(at.Header.Get("Location"), "code=")
	})
	h.pass(25 * time.Hour) // it is compared once a day
	b = h.browser()
	h.zhejiang.signIn(b, liNa, h.zhejiang.request("main"))
	answer(t, h.nation.get(b, h.nation.request("main")))
	eventually(t, "a case is opened", func() bool { return !none(he) })
	list, err := h.nation.store.CasesOf(t.Context(), he, 10)
	must(t, err)
	c, err := h.office().Find(t.Context(), list[0].ID)
	must(t, err)
	said, sources := correction.Evidence{}, map[string]bool{}
	for _, e := range c.Body.Evidence {
		sources[e.Source] = true
		if e.Source == correction.Issuer(h.zhejiang.url) {
			said = e
		}
	}
	if len(list) != 1 || !sources["here"] || !sources["register"] || c.Kind != string(correction.KindConflict) || c.Filer != correction.System() || c.Body.Link == nil ||
		said.Said["name"] != liNa.name || !strings.Contains(said.Said["document"], liNa.number) {
		t.Errorf("%d cases, %+v, %+v", len(list), c.Case, said)
	}
}

// TestAttackAnotherFilerUsesTheSameKey: a key is its filer's alone, so that nobody learns of a case or takes its place by guessing it.
func TestAttackAnotherFilerUsesTheSameKey(t *testing.T) {
	w := newWorld(t, nationally)
	one := newComplainant(w)
	w.application("second", func(a *storage.Application) { a.Scopes = append(a.Scopes, cases.ScopeFile) })
	w.pass(2 * time.Second)
	two := complainant{&poller{world: w, client: "second"}}
	file := func(c complainant, client, key, kind string) (int, map[string]any) {
		sub := payload(t, w.tokens(client, liNa)["access_token"])["sub"].(string)
		return c.send(http.MethodPost, "/cases", key, strings.Replace(complaint(w.url, sub), "wrong_link", kind, 1))
	}
	status, first := file(one, "main", "key", "conflict")
	if status != http.StatusCreated {
		t.Fatalf("%d %v", status, first)
	}
	status, second := file(two, "second", "key", "collision")
	if status != http.StatusCreated || second["number"] == first["number"] {
		t.Errorf("%d %v", status, second)
	}
	if status, got := two.send(http.MethodGet, "/cases/"+fmt.Sprint(first["number"]), "", ""); status != http.StatusNotFound {
		t.Errorf("the first one's case is read: %d %v", status, got)
	}
	// The same key for another kind, another person, or after the case has ended, is not another case.
	for name, body := range map[string]string{
		"another kind":      strings.Replace(complaint(w.url, payload(t, w.tokens("main", liNa)["access_token"])["sub"].(string)), "wrong_link", "takeover", 1),
		"another person":    strings.Replace(complaint(w.url, payload(t, w.tokens("main", aynur)["access_token"])["sub"].(string)), "wrong_link", "conflict", 1),
		"another attribute": `{"kind":"wrong_attribute","attribute":"name","subject":{"format":"iss_sub","iss":"` + w.url + `","sub":"` + payload(t, w.tokens("main", liNa)["access_token"])["sub"].(string) + `"}}`,
	} {
		if status, got := one.send(http.MethodPost, "/cases", "key", body); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %v", name, status, got)
		}
	}
	if status, got := one.send(http.MethodPost, "/cases/"+fmt.Sprint(first["number"])+"/withdraw", "", ""); status != http.StatusOK {
		t.Errorf("%d %v", status, got)
	}
	if status, got := file(one, "main", "key", "conflict"); status != http.StatusCreated || got["number"] != first["number"] || got["state"] != "withdrawn" {
		t.Errorf("after its end: %d %v", status, got)
	}
}
