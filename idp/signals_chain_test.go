package idp_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"

	"manyou/federation/correction"
	"manyou/federation/signals"
	"manyou/idp/keys"
	"manyou/storage"
)

// signalOf is a token that an issuer signs with the keys that it has, for another.
func signalOf(t *testing.T, w *world, audience string, id signals.SubjectID, event string) string {
	t.Helper()
	raw, err := signals.Outgoing{
		Issuer: w.url, Audience: audience, ID: rand.Text(), At: w.clock(), Subject: id, Event: signals.Event{Type: event, Payload: struct{}{}},
	}.Encode()
	must(t, err)
	ring, err := keys.Open(t.Context(), w.store, w.clock, rand.Reader)
	must(t, err)
	key, err := ring.Signer(keys.ES256)
	must(t, err)
	signed, err := key.Sign(signals.Type, raw)
	must(t, err)
	return signed
}

// tell sends a token to an issuer, and returns how it is answered.
func (w *world) tell(token string) int {
	w.t.Helper()
	response, err := http.Post(w.url+"/ssf/events", "application/secevent+jwt", strings.NewReader(token))
	must(w.t, err)
	_ = response.Body.Close()
	return response.StatusCode
}

func TestAttackAProvinceIsHeardForAsLongAsItsChainStandsAndNoLonger(t *testing.T) {
	h := newHub(t)
	_, home, _ := h.roamed(t)
	links, err := h.nation.store.LinksOf(t.Context(), federation{}.person(h.nation, liNa))
	must(t, err)
	her := signals.Of(links[0].Issuer, links[0].Subject)
	if her.Issuer != h.zhejiang.url {
		t.Fatalf("%+v", her)
	}
	said := func(w *world) string { return signalOf(t, w, h.nation.url, her, signals.EventAccountDisabled) }
	cases := func() (n int) {
		list, err := h.nation.store.ListCases(t.Context(), storage.CaseFilter{}, 10)
		must(t, err)
		for _, c := range list {
			if c.Kind != string(correction.KindTakeover) || c.Filer != correction.Issuer(h.zhejiang.url) {
				t.Errorf("%+v", c)
			}
		}
		return len(list)
	}
	refused := func(name, token string) {
		t.Helper()
		if status := h.nation.tell(token); status != http.StatusBadRequest || cases() != 0 {
			t.Errorf("%s: %d, and %d cases", name, status, cases())
		}
	}
	suspend := func(status storage.SubordinateStatus) {
		must(t, h.nation.store.SetSubordinateStatus(t.Context(), h.zhejiang.url, status, time.Now()))
		h.pass(6 * time.Second)
	}
	// Sichuan, which is of the federation, says something of a subject of Zhejiang's: it is heard, and nothing becomes of it.
	if status := h.nation.tell(said(h.sichuan)); status != http.StatusAccepted || cases() != 0 {
		t.Errorf("of another's subject: %d, and %d cases", status, cases())
	}
	suspend(storage.SubordinateSuspended)
	eventually(t, "the nation notices what it decided", func() bool {
		h.pass(time.Second)
		return h.nation.tell(signalOf(t, h.zhejiang, h.nation.url, signals.Of(h.zhejiang.url, "nobody"), signals.EventAccountDisabled)) == http.StatusBadRequest
	})
	refused("suspended in the federation, though registered", said(h.zhejiang))
	suspend(storage.SubordinateActive)
	must(t, h.nation.store.SetUpstreamStatus(t.Context(), h.zhejiang.url, storage.UpstreamSuspended))
	h.pass(2 * time.Second)
	refused("suspended as registered, though of the federation", said(h.zhejiang))
	must(t, h.nation.store.SetUpstreamStatus(t.Context(), h.zhejiang.url, storage.UpstreamActive))
	h.pass(2 * time.Second)
	refused("for another issuer", signalOf(t, h.zhejiang, h.sichuan.url, her, signals.EventAccountDisabled))
	if !works(h.zhejiang, home) {
		t.Error("something of it was carried out")
	}
	// A province beside a province is not heard by it, chain or not.
	if status := h.sichuan.tell(signalOf(t, h.zhejiang, h.sichuan.url, her, signals.EventAccountDisabled)); status != http.StatusBadRequest {
		t.Errorf("a province beside: %d", status)
	}
	token := said(h.zhejiang)
	eventually(t, "it is heard while its chain stands", func() bool {
		h.pass(time.Second)
		return h.nation.tell(token) == http.StatusAccepted
	})
	for range 3 { // the same again, and another that says the same
		if first, second := h.nation.tell(token), h.nation.tell(said(h.zhejiang)); first != http.StatusAccepted || second != http.StatusAccepted {
			t.Errorf("%d, %d", first, second)
		}
	}
	if n := cases(); n != 1 {
		t.Errorf("%d cases", n)
	}
}
