package idp_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"manyou/federation/trust/trusttest"
	"manyou/idp"
	"manyou/idp/membership"
	"manyou/storage"
)

func TestAttackByAKeyPutBesideThoseOfAProvincePassesNothing(t *testing.T) {
	h := newHub(t)
	const secret = "the-secret-of-the-invitation-for-region-51"
	must(t, h.nation.store.PutInvitation(t.Context(), storage.Invitation{
		ID: membership.ID(secret), Region: "51", Name: map[string]string{"zh": "四川", "en": "Sichuan"}, Status: storage.InvitationInvited,
		ExpiresAt: h.nation.clock().Add(time.Hour), UpdatedAt: h.nation.clock(),
	}))
	good, err := idp.JoinRequest(t.Context(), h.sichuan.issuer, h.nation.url)
	must(t, err)
	forger := trusttest.NewKey(t)
	claims := payload(t, good)
	set := claims["jwks"].(map[string]any)
	own := set["keys"].([]any)
	set["keys"] = append(own, jsonOf(t, forger.JWKS()).(map[string]any)["keys"].([]any)...)
	for name, c := range map[string]struct {
		text   string
		passes bool
	}{
		"the province itself": {good, true},
		"who has the invitation, and the province's keys besides": {forger.JWT(t, "entity-statement+jwt", claims), false},
	} {
		r, err := http.Post(h.nation.url+membership.JoinPath+secret, statementMedia, strings.NewReader(c.text))
		must(t, err)
		if text := body(t, r); r.StatusCode != http.StatusOK || strings.Contains(text, `"name":"control","passed":true`) != c.passes {
			t.Errorf("%s: %d %s", name, r.StatusCode, text)
		}
	}
}

func TestAttackByAProvinceWithTheInvitationOfAnotherRegionMovesNobody(t *testing.T) {
	h := newHub(t)
	const secret = "the-secret-of-the-invitation-for-region-44"
	must(t, h.nation.store.PutInvitation(t.Context(), storage.Invitation{
		ID: membership.ID(secret), Region: "44", Name: map[string]string{"zh": "广东", "en": "Guangdong"}, Status: storage.InvitationInvited,
		ExpiresAt: h.nation.clock().Add(time.Hour), UpdatedAt: h.nation.clock(),
	}))
	asks, err := idp.JoinRequest(t.Context(), h.zhejiang.issuer, h.nation.url)
	must(t, err)
	r, err := http.Post(h.nation.url+membership.JoinPath+secret, statementMedia, strings.NewReader(asks))
	must(t, err)
	if text := body(t, r); r.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", r.StatusCode, text)
	}
	v, _, err := h.members().Pending(t.Context(), "44")
	must(t, err)
	if _, err := h.members().Approve(t.Context(), "44", membership.Digest(v), true); !errors.Is(err, membership.ErrTaken) {
		t.Errorf("approved: %v", err)
	}
	if u, err := h.members().Find(t.Context(), h.zhejiang.url); err != nil || u.Region != "33" {
		t.Errorf("it is the issuer of %s: %v", u.Region, err)
	}
}
