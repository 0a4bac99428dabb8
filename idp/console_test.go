package idp_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"manyou/federation/trust/trusttest"
	"manyou/idp"
	"manyou/storage"
)

// operator is a browser of somebody who runs the nation, with a passkey, at the console.
func (h hub) operator(t *testing.T) *http.Client {
	t.Helper()
	b, d := h.nation.withPasskey(liNa)
	must(t, h.nation.store.PutStaff(t.Context(), storage.StaffMember{
		PersonID: federation{}.person(h.nation, liNa), Roles: []string{"operator"}, CreatedAt: h.nation.clock(),
	}))
	at := h.nation.get(b, h.console())
	at = h.nation.post(b, page(at), "action", "passkey", "answer", d.assert(body(t, at)))
	if page(at) != h.console() || at.StatusCode != http.StatusOK {
		t.Fatalf("%d at %s", at.StatusCode, page(at))
	}
	return b
}

func (h hub) console(more ...string) string {
	return h.nation.url + "/console/provinces" + strings.Join(more, "")
}

// seen is what a decision about a request is bound to, as its page says.
func (h hub) seen(t *testing.T, b *http.Client, region string) string {
	t.Helper()
	m := regexp.MustCompile(`name="seen" value="([A-Za-z0-9_-]+)"`).FindStringSubmatch(body(t, h.nation.get(b, h.console("/"+region))))
	if m == nil {
		t.Fatal("the page of the request does not say what was seen")
	}
	return m[1]
}

var invitationURL = regexp.MustCompile(`http://[^<#]+/federation/join/([A-Za-z0-9_-]+)#[A-Za-z0-9_-]+`)

func TestTheConsoleExistsForStaffWithAPasskeyAlone(t *testing.T) {
	h := newHub(t)
	b := h.nation.browser()
	if at := h.nation.get(b, h.console()); !strings.Contains(page(at), "/signin/") {
		t.Errorf("nobody: %d at %s", at.StatusCode, page(at))
	}
	h.nation.signIn(b, liNa, h.nation.request("main"))
	if at := h.nation.get(b, h.console()); at.StatusCode != http.StatusNotFound {
		t.Errorf("a citizen: %d", at.StatusCode)
	}
	if at := h.nation.post(b, h.console("/33"), "action", "suspend"); at.StatusCode != http.StatusNotFound {
		t.Errorf("a citizen decides: %d", at.StatusCode)
	}
	person := federation{}.person(h.nation, liNa)
	must(t, h.nation.store.PutStaff(t.Context(), storage.StaffMember{PersonID: person, Roles: []string{"operator"}, CreatedAt: h.nation.clock()}))
	if at := h.nation.get(b, h.console()); at.StatusCode != http.StatusForbidden || !strings.Contains(body(t, at), "/account/add/passkey") {
		t.Errorf("without a passkey: %d", at.StatusCode)
	}
	must(t, h.nation.store.PutStaff(t.Context(), storage.StaffMember{PersonID: person, Roles: []string{"another"}, CreatedAt: h.nation.clock()}))
	if at := h.nation.get(b, h.console()); at.StatusCode != http.StatusNotFound {
		t.Errorf("in another role: %d", at.StatusCode)
	}
	// A province has none.
	z := h.zhejiang.browser()
	h.zhejiang.signIn(z, liNa, h.zhejiang.request("main", "prompt", "login"))
	if at := h.zhejiang.get(z, h.zhejiang.url+"/console/provinces"); at.StatusCode != http.StatusNotFound {
		t.Errorf("at a province: %d", at.StatusCode)
	}
}

func TestAProvinceIsInvitedLetInSuspendedAndResumedByPages(t *testing.T) {
	h := newHub(t)
	b := h.operator(t)
	if text := body(t, h.nation.get(b, h.console())); !strings.Contains(text, h.zhejiang.url) || !strings.Contains(text, "已接入") {
		t.Errorf("%s", text)
	}
	if at := h.nation.post(b, h.console(), "action", "invite", "region", "51", "name_zh", "", "name_en", "x"); at.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("without a name: %d", at.StatusCode)
	}
	// Sichuan goes, to come in again by invitation.
	must(t, h.nation.store.PutUpstream(t.Context(), storage.Upstream{Issuer: h.sichuan.url, Region: "51", Name: map[string]string{"zh": "旧"}, ClientID: "x", Status: storage.UpstreamSuspended}))
	shown := invitationURL.FindStringSubmatch(body(t, h.nation.post(b, h.console(), "action", "invite", "region", "51", "name_zh", "四川省统一身份认证", "name_en", "Sichuan")))
	if shown == nil {
		t.Fatal("no invitation is shown")
	}
	if text := body(t, h.nation.get(b, h.console())); invitationURL.MatchString(text) || !strings.Contains(text, "已邀请") {
		t.Error("it is shown twice, or the list does not know of it")
	}
	request, err := idp.JoinRequest(t.Context(), h.sichuan.issuer, h.nation.url)
	must(t, err)
	r, err := http.NewRequest(http.MethodPost, h.nation.url+"/federation/join/"+shown[1], strings.NewReader(request))
	must(t, err)
	answered, err := http.DefaultClient.Do(r)
	must(t, err)
	if text := body(t, answered); answered.StatusCode != http.StatusOK || strings.Contains(strings.ReplaceAll(text, `"rotates","passed":false`, ""), `"passed":false`) {
		t.Fatalf("%d %s", answered.StatusCode, text)
	}
	text := body(t, h.nation.get(b, h.console("/51")))
	for _, want := range []string{h.sichuan.url, "拒绝不是它发出的授权码", "authorization_endpoint", "批准接入"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page of the request does not say %s", want)
		}
	}
	seen := h.seen(t, b, "51")
	for _, c := range []struct{ action, done string }{{"approve", "approved"}, {"approve", "not_pending"}, {"suspend", "suspended"}, {"resume", "resumed"}} {
		if at := h.nation.post(b, h.console("/51"), "action", c.action, "seen", seen); page(at) != h.console("?done="+c.done) {
			t.Errorf("%s: %d at %s", c.action, at.StatusCode, page(at))
		}
	}
	if at := h.nation.post(b, h.console("/99"), "action", "suspend"); page(at) != h.console("?done=not_pending") {
		t.Errorf("%d at %s", at.StatusCode, page(at))
	}
	// What failed is let in only by who says so.
	must(t, h.nation.store.PutInvitation(t.Context(), storage.Invitation{
		ID: []byte("44"), Region: "44", Name: map[string]string{"zh": "广东", "en": "Guangdong"}, Status: storage.InvitationRequested, Issuer: "https://id.gd.example",
		JWKS: trusttest.NewKey(t).JWKS(), Report: []byte(`{"checks":[{"name":"code","passed":false}]}`), ExpiresAt: h.nation.clock(), UpdatedAt: h.nation.clock(),
	}))
	seen = h.seen(t, b, "44")
	if at := h.nation.post(b, h.console("/44"), "action", "approve", "seen", seen); at.StatusCode != http.StatusOK || !strings.Contains(body(t, at), "approve_anyway") {
		t.Errorf("%d at %s", at.StatusCode, page(at))
	}
	if at := h.nation.post(b, h.console("/44"), "action", "approve_anyway", "seen", seen); page(at) != h.console("?done=approved") {
		t.Errorf("%d at %s", at.StatusCode, page(at))
	}
	events, err := h.nation.store.EventsOf(t.Context(), federation{}.person(h.nation, liNa), h.nation.clock().Add(time.Hour), 50)
	must(t, err)
	decided := 0
	for _, e := range events {
		if e.Kind == "console" {
			decided++
		}
	}
	if decided != 5 {
		t.Errorf("%d decisions are recorded", decided)
	}
}

func TestAttackOnTheConsoleDecidesNothing(t *testing.T) {
	h := newHub(t)
	b := h.operator(t)
	active := func() bool {
		all, err := h.nation.store.ListUpstreams(t.Context())
		must(t, err)
		for _, u := range all {
			if u.Issuer == h.zhejiang.url {
				return u.Status == storage.UpstreamActive
			}
		}
		return false
	}
	// Another site makes the browser send the form.
	r, err := http.NewRequest(http.MethodPost, h.console("/33"), strings.NewReader(url.Values{"action": {"suspend"}}.Encode()))
	must(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	answered, err := b.Do(r)
	must(t, err)
	_ = answered.Body.Close()
	if answered.StatusCode != http.StatusForbidden || !active() {
		t.Errorf("from another site: %d", answered.StatusCode)
	}
	// Somebody sits down at a desk that was left alone.
	h.nation.pass(20 * time.Minute)
	if at := h.nation.post(b, h.console("/33"), "action", "suspend"); !strings.Contains(page(at), "/signin/") || !active() {
		t.Errorf("an old proof: %d at %s", at.StatusCode, page(at))
	}
	// Who lost the role has lost it.
	must(t, h.nation.store.RemoveStaff(t.Context(), federation{}.person(h.nation, liNa)))
	if at := h.nation.post(b, h.console("/33"), "action", "suspend"); at.StatusCode != http.StatusNotFound || !active() {
		t.Errorf("without the role: %d", at.StatusCode)
	}
}

func TestAttackByAnotherRequestBetweenTheLookAndTheDecisionLetsNobodyIn(t *testing.T) {
	h := newHub(t)
	b := h.operator(t)
	ask := func(issuer string, at time.Time) {
		must(t, h.nation.store.PutInvitation(t.Context(), storage.Invitation{
			ID: []byte("44"), Region: "44", Name: map[string]string{"zh": "广东", "en": "Guangdong"}, Status: storage.InvitationRequested, Issuer: issuer,
			JWKS: trusttest.NewKey(t).JWKS(), Report: []byte(`{"at":"` + at.Format(time.RFC3339) + `","checks":[{"name":"code","passed":true}]}`),
			ExpiresAt: at.Add(time.Hour), UpdatedAt: at,
		}))
	}
	ask("https://id.gd.example", h.nation.clock())
	seen := h.seen(t, b, "44")
	ask("https://evil.example", h.nation.clock())
	for _, action := range []string{"approve", "approve_anyway"} {
		for _, what := range []string{seen, ""} {
			if at := h.nation.post(b, h.console("/44"), "action", action, "seen", what); at.StatusCode != http.StatusConflict || !strings.Contains(body(t, at), "evil.example") {
				t.Errorf("%s, seen %q: %d at %s", action, what, at.StatusCode, page(at))
			}
		}
	}
	all, err := h.nation.store.ListUpstreams(t.Context())
	must(t, err)
	for _, u := range all {
		if u.Region == "44" {
			t.Errorf("%s is in", u.Issuer)
		}
	}
	if at := h.nation.post(b, h.console("/44"), "action", "approve", "seen", h.seen(t, b, "44")); page(at) != h.console("?done=approved") {
		t.Errorf("what was looked at: %d at %s", at.StatusCode, page(at))
	}
}
