package idp_test

import (
	"strings"
	"testing"
	"time"

	"manyou/federation/correction"
	"manyou/storage"
)

// TestWhoIsFrozenAtTheNationIsFrozenWhereTheyLive: their province was never given the person by the nation; the nation was, by it.
func TestWhoIsFrozenAtTheNationIsFrozenWhereTheyLive(t *testing.T) {
	h := newHub(t)
	h.subscribed(t)
	_, home, away := h.roamed(t)
	if !works(h.zhejiang, home) || !works(h.sichuan, away) {
		t.Fatal("nothing works to begin with")
	}
	o := h.office()
	she := federation{}.person(h.nation, liNa)
	c, err := o.File(t.Context(), correction.Filing{Filer: correction.System(), Kind: correction.KindLifecycle, Person: she})
	must(t, err)
	must(t, o.Take(t.Context(), o.wang, c))
	must(t, o.Freeze(t.Context(), o.wang, c, correction.Target{Person: she}, "核对"))
	eventually(t, "her tokens stop working in both provinces", func() bool { return !works(h.zhejiang, home) && !works(h.sichuan, away) })
	if at := h.zhejiang.person(liNa).Status; at != storage.PersonFrozen {
		t.Errorf("at home she is %s", at)
	}
	h.pass(2 * time.Second)
	b := h.browser()
	if at := h.zhejiang.signInFrom(b, liNa, h.zhejiang.get(b, h.zhejiang.request("main"))); strings.Contains(at.Header.Get("Location"), "code=") {
		t.Error("she is let in at home")
	}
	deliveries := func() (heard map[string]bool) {
		list, err := h.nation.store.DeliveriesOf(t.Context(), c.ID)
		must(t, err)
		heard = map[string]bool{}
		for _, d := range list {
			heard[d.ClientID] = !d.AckedAt.IsZero()
		}
		return heard
	}
	eventually(t, "the case shows that her province has heard", func() bool { return deliveries()[h.zhejiang.url] && deliveries()[h.sichuan.url] })

	// The link turns out to be another's, and then not: she is let in at home, and kept out again.
	links, err := h.nation.store.LinksOf(t.Context(), she)
	must(t, err)
	h.nation.signIn(h.nation.browser(), aynur, h.nation.request("main", "prompt", "login"))
	move := func(id, from, to string) {
		must(t, h.nation.store.CorrectAs(t.Context(), storage.Correction{ID: id, Moves: []storage.Move{
			{What: storage.MoveLink, Issuer: links[0].Issuer, Subject: links[0].Subject, From: from, To: to},
		}}, c.Case, h.nation.clock()))
	}
	other := federation{}.person(h.nation, aynur)
	move("away", she, other)
	eventually(t, "her account at home is another's, who is not held", func() bool { return h.zhejiang.person(liNa).Status == storage.PersonActive })
	move("back", other, she)
	eventually(t, "she is kept out again", func() bool { return h.zhejiang.person(liNa).Status == storage.PersonFrozen })

	c = again(t, o, c)
	holds, err := h.nation.store.HoldsOf(t.Context(), she)
	must(t, err)
	must(t, o.Lift(t.Context(), o.zhao, c, holds[0].ID, "没有问题"))
	eventually(t, "she is let in again at home", func() bool { return h.zhejiang.person(liNa).Status == storage.PersonActive })
	h.pass(2 * time.Second)
	b = h.browser()
	h.zhejiang.signIn(b, liNa, h.zhejiang.request("main"))
	// What her province carried out it tells in turn, and nobody takes it for a dispute.
	eventually(t, "the nation has heard what the province did", func() bool {
		head, err := h.zhejiang.store.SignalHead(t.Context())
		must(t, err)
		s, err := h.zhejiang.store.Stream(t.Context(), h.nation.url)
		return err == nil && head > 0 && s.Position == head
	})
	list, err := h.nation.store.CasesOf(t.Context(), she, 10)
	must(t, err)
	if len(list) != 1 {
		t.Errorf("%d cases, one was filed", len(list))
	}
}
