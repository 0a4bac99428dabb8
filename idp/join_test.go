package idp_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"manyou/federation/trust/trusttest"
	"manyou/idp"
	"manyou/idp/membership"
	"manyou/storage"
)

func TestAttackOnAnInvitationLetsNobodyIn(t *testing.T) {
	h := newHub(t)
	const secret = "the-secret-of-the-invitation-for-region-51"
	invite := func(status storage.InvitationStatus, life time.Duration) {
		must(t, h.nation.store.PutInvitation(t.Context(), storage.Invitation{
			ID: membership.ID(secret), Region: "51", Name: map[string]string{"zh": "四川", "en": "Sichuan"}, Status: status,
			ExpiresAt: h.nation.clock().Add(life), UpdatedAt: h.nation.clock(),
		}))
	}
	send := func(secret, body string) int {
		r, err := http.NewRequest(http.MethodPost, h.nation.url+membership.JoinPath+secret, strings.NewReader(body))
		must(t, err)
		answer, err := http.DefaultClient.Do(r)
		must(t, err)
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	good, err := idp.JoinRequest(t.Context(), h.sichuan.issuer, h.nation.url)
	must(t, err)
	other, err := idp.JoinRequest(t.Context(), h.sichuan.issuer, "https://elsewhere.example")
	must(t, err)
	invite(storage.InvitationInvited, time.Hour)
	own := body(t, h.nation.get(http.DefaultClient, h.sichuan.url+"/.well-known/openid-federation"))
	forger := trusttest.NewKey(t)
	claims := payload(t, good)
	for name, c := range map[string]struct {
		secret, body string
		status       int
	}{
		"a guessed secret":           {"x", good, http.StatusNotFound},
		"nothing":                    {secret, "", http.StatusBadRequest},
		"for another nation":         {secret, other, http.StatusBadRequest},
		"for nobody":                 {secret, own, http.StatusBadRequest},
		"signed by somebody else":    {secret, forger.JWT(t, "entity-statement+jwt", claims), http.StatusBadRequest},
		"endless":                    {secret, strings.Repeat("x", 70<<10), http.StatusRequestEntityTooLarge},
		"an address that is not one": {secret, "a.b.c", http.StatusBadRequest},
	} {
		if status := send(c.secret, c.body); status != c.status {
			t.Errorf("%s: %d", name, status)
		}
	}
	if v, err := h.nation.store.Invitation(t.Context(), membership.ID(secret)); err != nil || v.Status != storage.InvitationInvited {
		t.Errorf("%+v, %v", v, err)
	}
	// One who has keys of their own and somebody else's URL passes nothing.
	stolen := map[string]any{}
	for k, v := range claims {
		stolen[k] = v
	}
	stolen["jwks"] = jsonOf(t, forger.JWKS())
	if status := send(secret, forger.JWT(t, "entity-statement+jwt", stolen)); status != http.StatusOK {
		t.Errorf("%d", status)
	}
	v, err := h.nation.store.Invitation(t.Context(), membership.ID(secret))
	must(t, err)
	if !strings.Contains(string(v.Report), `"passed":false`) || strings.Contains(string(v.Report), `"passed":true`) {
		t.Errorf("%s", v.Report)
	}
	for _, c := range []struct {
		status storage.InvitationStatus
		life   time.Duration
	}{{storage.InvitationApproved, time.Hour}, {storage.InvitationDeclined, time.Hour}, {storage.InvitationInvited, -time.Second}} {
		invite(c.status, c.life)
		if status := send(secret, good); status != http.StatusNotFound {
			t.Errorf("%s, %s: %d", c.status, c.life, status)
		}
	}
}

func jsonOf(t *testing.T, raw []byte) (v any) {
	t.Helper()
	must(t, json.Unmarshal(raw, &v))
	return v
}
