package idp_test

import (
	"crypto/rand"
	"net/http"
	"testing"
	"time"

	"manyou/idp/membership"
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
