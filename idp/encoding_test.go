package idp_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"manyou/federation/correction"
	"manyou/federation/identity"
	"manyou/federation/signals"
	"manyou/storage"
)

// liuYan is called by a character that had no code point once.
var liuYan = citizen{"刘\u4DAE", number("33000019910408005"), "+8613900000051"}

const oldYan = "刘\uE863"

// registers says how the register at an issuer writes her name.
func registers(t *testing.T, w *world, name string) {
	t.Helper()
	must(t, w.store.PutRegister(t.Context(), []storage.RegisterEntry{{
		Document: storage.Document{Kind: "resident_id", Number: liuYan.number}, Name: name, Phone: liuYan.phone, Region: "33", Status: storage.RegisterValid,
	}}, storage.ImportProgress{Source: name}))
}

// comes signs her in at Zhejiang and goes to the nation and Sichuan, with a new browser, on a day of its own.
func (h hub) comes(t *testing.T) (b *http.Client, home, away map[string]any) {
	t.Helper()
	h.pass(25 * time.Hour)
	b = h.browser()
	_, home = h.zhejiang.redeem("main", h.zhejiang.signIn(b, liuYan, h.zhejiang.request("main")).Get("code"))
	_, away = h.sichuan.redeem("main", answer(t, h.sichuan.get(b, h.sichuan.request("main"))).Get("code"))
	if home["access_token"] == nil || away["access_token"] == nil {
		t.Fatalf("she does not get in: %v, %v", home, away)
	}
	return b, home, away
}

// aboutHer lists the cases about her.
func (h hub) aboutHer(t *testing.T) []storage.Case {
	t.Helper()
	list, err := h.nation.store.CasesOf(t.Context(), federation{}.person(h.nation, liuYan), 10)
	must(t, err)
	return list
}

// opened waits for the case that is opened about how she is written.
func (h hub) opened(t *testing.T, o office) *correction.Case {
	t.Helper()
	h.comes(t)
	if list := h.aboutHer(t); len(list) != 0 {
		t.Fatalf("%d cases before anything was compared", len(list))
	}
	h.comes(t)
	eventually(t, "a case is opened", func() bool { return len(h.aboutHer(t)) == 1 })
	c, err := o.Find(t.Context(), h.aboutHer(t)[0].ID)
	must(t, err)
	if c.Kind != string(correction.KindEncoding) || c.Filer != correction.System() || c.Priority != correction.PriorityLow || !c.ByRule() {
		t.Fatalf("%+v, %s", c.Case, c.Body.Reason)
	}
	return c
}

func TestAProvinceThatSendsTheOldEncodingOpensOneCaseWhichEndsNothing(t *testing.T) {
	h := newHub(t)
	h.subscribed(t)
	registers(t, h.nation, liuYan.name)
	registers(t, h.zhejiang, oldYan)
	o := h.office()
	c := h.opened(t, o)
	said := map[string]map[string]string{}
	for _, e := range c.Body.Evidence {
		said[e.Source] = e.Said
	}
	if here := said["here"]; here["name"] != liuYan.name || here["name_received"] != oldYan || here["mapping"] != identity.NameMappingVersion {
		t.Errorf("here: %q", here)
	}
	if zhejiang := said[correction.Issuer(h.zhejiang.url)]; zhejiang["name"] != oldYan || zhejiang["mapping"] != identity.NameMappingVersion {
		t.Errorf("Zhejiang: %q", zhejiang)
	}
	if said["register"]["name"] != liuYan.name {
		t.Errorf("the register: %q", said["register"])
	}
	_, home, away := h.comes(t)
	must(t, o.Approve(t.Context(), o.wang, again(t, o, c)))
	eventually(t, "all have heard of it", func() bool { return again(t, o, c).State() == correction.Closed })
	if !works(h.zhejiang, home) || !works(h.sichuan, away) {
		t.Error("what was issued to her has ended")
	}
	p, err := h.nation.store.Person(t.Context(), federation{}.person(h.nation, liuYan))
	must(t, err)
	if p.Name != liuYan.name || p.Received == nil || p.Received.Form != oldYan || p.Received.Source != correction.Issuer(h.zhejiang.url) || p.Epoch != 1 {
		t.Errorf("%+v, received %+v", p, p.Received)
	}
	// Zhejiang goes on to write her so, and she goes on to get in.
	for range 3 {
		h.comes(t)
	}
	if list := h.aboutHer(t); len(list) != 1 {
		t.Errorf("%d cases", len(list))
	}
}

func TestANameThatTheRegisterRecodesIsRecodedEverywhereAndNobodySignsInAnew(t *testing.T) {
	h := newHub(t)
	h.subscribed(t)
	for _, w := range h.all() {
		w.application("main", func(a *storage.Application) { a.Scopes = append(a.Scopes, signals.ScopeManage, signals.ScopeRead) })
	}
	h.pass(2 * time.Second)
	heard := newPoller(h.sichuan, "main")
	registers(t, h.nation, oldYan)
	registers(t, h.zhejiang, liuYan.name)
	h.comes(t)
	registers(t, h.nation, liuYan.name) // the register moved to the new edition
	o := h.office()
	h.comes(t)
	eventually(t, "a case is opened", func() bool { return len(h.aboutHer(t)) == 1 })
	c, err := o.Find(t.Context(), h.aboutHer(t)[0].ID)
	must(t, err)
	_, home, away := h.comes(t)
	if before := (federation{}).person(h.sichuan, liuYan); before == "" {
		t.Fatal("Sichuan does not know her")
	}
	must(t, o.Approve(t.Context(), o.wang, again(t, o, c)))
	eventually(t, "all have heard of it", func() bool {
		heard.poll()
		return again(t, o, c).State() == correction.Closed
	})
	for name, w := range map[string]*world{"the nation": h.nation, "Sichuan": h.sichuan} {
		p, err := w.store.Person(t.Context(), federation{}.person(w, liuYan))
		must(t, err)
		if p.Name != liuYan.name || p.Received == nil || p.Received.Form != oldYan || p.Epoch != 1 {
			t.Errorf("%s: %+v, received %+v", name, p, p.Received)
		}
	}
	if !works(h.zhejiang, home) || !works(h.sichuan, away) {
		t.Error("what was issued to her has ended")
	}
	if list := h.aboutHer(t); len(list) != 1 {
		t.Errorf("%d cases: what a province carried out was taken for a dispute", len(list))
	}
}

func TestAnOfficerSeesBothEncodingsCodePointByCodePoint(t *testing.T) {
	o := newBureau(t)
	c := o.byRule(liNa)
	if c.Kind != string(correction.KindEncoding) {
		t.Fatalf("%s", c.Kind)
	}
	one := o.staff(wang, []string{"51"}, correction.RoleOfficer)
	shown := o.open(one, c)
	for _, want := range []string{"同人异码", "U&#43;E863", "U&#43;4DAE", "收到时的写法", identity.NameMappingVersion} {
		if !strings.Contains(shown, want) && !strings.Contains(shown, strings.ReplaceAll(want, "&#43;", "+")) {
			t.Errorf("the page does not show %s", want)
		}
	}
	if queue := body(t, o.get(one, o.cases("?kind=encoding"))); !strings.Contains(queue, c.Number) {
		t.Error("the queue does not find it by its kind")
	}
}

// variant is her name with a form of its last character chosen: the same name in other code points.
var variant = liNa.name + "\ufe00"

func TestACitizenWhoNamesAnotherEncodingFilesOneAndReadsSo(t *testing.T) {
	u := newTownhall(t, liNa)
	at := u.complain(u.b, u.url+"/complaints/new/name", "value", variant)
	c := u.filed(at)
	if c.Kind != string(correction.KindEncoding) || c.Body.Expected != variant || c.ByRule() || c.Priority != correction.PriorityLow {
		t.Errorf("%+v, %q, proposed by rule: %t", c.Case, c.Body.Expected, c.ByRule())
	}
	if text := body(t, at); !strings.Contains(text, "姓名的字符编码不一致") || !strings.Contains(text, variant) {
		t.Error("the page does not say what it is about")
	}
}

func TestAProgramFilesAnEncodingAndOneThatTurnsOutToBeNone(t *testing.T) {
	w := newWorld(t, nationally)
	c := newComplainant(w)
	sub := payload(t, w.tokens("main", liNa)["access_token"])["sub"].(string)
	file := func(key, kind string, more map[string]any) (int, map[string]any) {
		complaint := map[string]any{"kind": kind, "subject": map[string]string{"format": "iss_sub", "iss": w.url, "sub": sub}}
		for k, v := range more {
			complaint[k] = v
		}
		raw, err := json.Marshal(complaint)
		must(t, err)
		return c.send(http.MethodPost, "/cases", key, string(raw))
	}
	for key, bad := range map[string]map[string]any{"a": {}, "b": {"said": map[string]string{"text": "x"}}, "c": {"attribute": "phone", "expected": variant}} {
		if status, got := file(key, "encoding", bad); status != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d %v", bad, status, got)
		}
	}
	status, first := file("one", "encoding", map[string]any{"said": map[string]string{"name": variant}})
	if status != http.StatusCreated || first["state"] != "proposed" {
		t.Fatalf("%d %v", status, first)
	}
	// A name that is the same in other code points is no wrong attribute, and joins; another name is one.
	for range 2 {
		if status, got := file("two", "wrong_attribute", map[string]any{"attribute": "name", "expected": variant}); status != http.StatusCreated || got["joined"] != true {
			t.Errorf("%d %v", status, got)
		}
	}
	status, other := file("three", "encoding", map[string]any{"expected": "王娜"})
	if status != http.StatusCreated || other["joined"] == true || other["state"] != "triaged" {
		t.Errorf("%d %v", status, other)
	}
	kinds := map[string]int{}
	list, err := w.store.CasesOf(t.Context(), w.person(liNa).ID, 10)
	must(t, err)
	for _, one := range list {
		kinds[one.Kind]++
	}
	if kinds["encoding"] != 2 || kinds["wrong_attribute"] != 1 {
		t.Errorf("%v", kinds)
	}
}
