package idp_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/federation/trust/trusttest"
	"manyou/storage"
)

// listener is an application that wants to hear of ended sessions.
type listener struct {
	mu     sync.Mutex
	answer int
	heard  []string
	server *httptest.Server
}

func newListener(t *testing.T) *listener {
	t.Helper()
	l := &listener{answer: http.StatusOK}
	l.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.heard = append(l.heard, r.PostFormValue("logout_token"))
		w.WriteHeader(l.answer)
	}))
	t.Cleanup(l.server.Close)
	return l
}

func (l *listener) answers(status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answer = status
}

func (l *listener) tokens() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string{}, l.heard...)
}

func TestAnApplicationIsToldOfEachEndedSessionUntilItHasHeard(t *testing.T) {
	w := newWorld(t)
	l := newListener(t)
	w.application("main", func(a *storage.Application) {
		a.BackchannelLogoutURI, a.GrantTypes = l.server.URL, append(a.GrantTypes, exchangeGrant)
	})
	run(t, w.issuer)
	b := w.browser()
	code := w.signIn(b, liNa, w.request("main")).Get("code")
	_, got := w.redeem("main", code)
	id := payload(t, got["id_token"])
	w.pass(10 * time.Second)
	l.answers(http.StatusServiceUnavailable)
	w.post(b, w.url+"/end_session", "action", "sign_out")
	eventually(t, "it is told, and does not hear", func() bool { return len(l.tokens()) >= 1 })
	l.answers(http.StatusOK)
	eventually(t, "it is told again", func() bool { w.pass(5 * time.Second); return len(l.tokens()) >= 2 })
	after := len(l.tokens())
	time.Sleep(1500 * time.Millisecond)
	if n := len(l.tokens()); n != after {
		t.Errorf("it is told %d times more of what it has heard", n-after)
	}
	token := l.tokens()[after-1]
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	must(t, err)
	if typ := jws.Signatures[0].Protected.ExtraHeaders[jose.HeaderType]; typ != "logout+jwt" {
		t.Errorf("typ %v", typ)
	}
	claims := payload(t, token)
	if claims["sid"] != id["sid"] || claims["sub"] != id["sub"] || claims["aud"] != "main" || claims["nonce"] != nil ||
		claims["events"].(map[string]any)["http://schemas.openid.net/event/backchannel-logout"] == nil {
		t.Errorf("%v", claims)
	}
	// It is no access token, and no ID token either.
	if _, answered := w.call("/introspect", "main", "token", token); answered["active"] != false {
		t.Error("a logout token is an access token")
	}
	if status, answered := w.call("/token", "main", "grant_type", exchangeGrant, "subject_token", token, "subject_token_type", tokenTypeAT); status == http.StatusOK {
		t.Errorf("a logout token is exchanged: %v", answered)
	}
	if at := w.get(w.browser(), w.url+"/end_session?post_logout_redirect_uri=http://127.0.0.1:8765/out&id_token_hint="+token); at.StatusCode == http.StatusSeeOther {
		t.Error("a logout token is a hint")
	}
}

func TestAttackOnTheBackchannelEndsNobodysSession(t *testing.T) {
	h := newHub(t)
	b := newHubBrowser(h, liNa)
	code := answer(t, h.sichuan.get(b, h.sichuan.request("main"))).Get("code")
	_, got := h.sichuan.redeem("main", code)
	links, err := h.sichuan.store.LinksOf(t.Context(), federation{}.person(h.sichuan, liNa))
	must(t, err)
	subject := links[0].Subject // at the nation
	now := h.sichuan.clock()
	good := func(change ...func(map[string]any)) map[string]any {
		claims := map[string]any{
			"iss": h.nation.url, "sub": subject, "aud": h.sichuan.url, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "jti": "j",
			"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
		}
		for _, f := range change {
			f(claims)
		}
		return claims
	}
	forger := trusttest.NewKey(t)
	for name, token := range map[string]string{
		"nothing":              "",
		"forged":               forger.JWT(t, "logout+jwt", good()),
		"unknown issuer":       forger.JWT(t, "logout+jwt", good(func(c map[string]any) { c["iss"] = "https://nobody.example" })),
		"an ID token of ours":  got["id_token"].(string),
		"an access token":      got["access_token"].(string),
		"not signed":           "eyJhbGciOiJub25lIn0.e30.",
		"endless":              strings.Repeat("x", 15<<10),
		"an entity's":          body(t, h.nation.get(b, h.nation.url+"/.well-known/openid-federation")),
		"another issuer's own": forger.JWT(t, "logout+jwt", good(func(c map[string]any) { c["iss"] = h.zhejiang.url })),
	} {
		if at := h.sichuan.post(http.DefaultClient, h.sichuan.url+"/upstream/backchannel-logout", "logout_token", token); at.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", name, at.StatusCode)
		}
	}
	if !h.stands(b) {
		t.Error("the session ended")
	}
}

// TestAnApplicationThatKnowsNothingOfSignalsIsToldOfAFreeze, and of all else by which a session ceases to stand, though nobody ended it.
func TestAnApplicationThatKnowsNothingOfSignalsIsToldOfAFreeze(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(*world)
		told    int
	}{
		"a freeze":     {func(w *world) { w.hold(liNa, storage.HoldFreeze) }, 1},
		"deactivation": {func(w *world) { w.hold(liNa, storage.HoldDeactivate) }, 1},
		"a step-up":    {func(w *world) { w.hold(liNa, storage.HoldStepUp) }, 1},
		"a correction": {func(w *world) {
			must(t, w.store.CorrectAs(t.Context(), storage.Correction{
				ID: "d", Names: []storage.Rename{{PersonID: w.person(liNa).ID, From: liNa.name, To: "李嫻"}},
			}, storage.Case{}, w.clock()))
		}, 1},
		"a freeze that is lifted at once": {func(w *world) { w.hold(liNa, storage.HoldFreeze)() }, 1},
		"a watch":                         {func(w *world) { w.hold(liNa, storage.HoldWatch) }, 0},
		"a freeze of somebody else":       {func(w *world) { w.hold(aynur, storage.HoldFreeze) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			l := newListener(t)
			w.tokens("second", aynur)
			w.application("main", func(a *storage.Application) { a.BackchannelLogoutURI = l.server.URL })
			w.pass(2 * time.Second) // for which a registration is remembered
			tokens := w.tokens("main", liNa)
			id := payload(t, tokens["id_token"])
			run(t, w.issuer)
			w.pass(10 * time.Second)
			time.Sleep(1200 * time.Millisecond) // two rounds, with nothing to tell
			c.happens(w)
			if c.told > 0 {
				eventually(t, "it is told", func() bool { w.pass(time.Second); return len(l.tokens()) >= c.told })
			}
			w.pass(time.Minute)
			time.Sleep(1200 * time.Millisecond)
			got := l.tokens()
			if len(got) != c.told {
				t.Fatalf("it is told %d times", len(got))
			}
			for _, token := range got {
				if claims := payload(t, token); claims["sid"] != id["sid"] || claims["sub"] != id["sub"] || claims["aud"] != "main" {
					t.Errorf("%v", claims)
				}
			}
		})
	}
}

// TestAFreezeAtTheNationIsToldToApplicationsOfProvincesThatKnowNothingOfSignals: the province carries it out, and tells its own.
func TestAFreezeAtTheNationIsToldToApplicationsOfProvincesThatKnowNothingOfSignals(t *testing.T) {
	h := newHub(t)
	h.subscribed(t)
	l := newListener(t)
	h.sichuan.application("main", func(a *storage.Application) { a.BackchannelLogoutURI = l.server.URL })
	h.pass(2 * time.Second) // for which a registration is remembered
	_, _, away := h.roamed(t)
	h.nation.hold(liNa, storage.HoldFreeze)
	eventually(t, "the application in Sichuan is told", func() bool { h.pass(time.Second); return len(l.tokens()) > 0 })
	claims, id := payload(t, l.tokens()[0]), payload(t, away["id_token"])
	if claims["iss"] != h.sichuan.url || claims["sid"] != id["sid"] || claims["sub"] != id["sub"] {
		t.Errorf("%v", claims)
	}
}

// ends gives an application a session of a citizen, and ends it.
func (w *world) ends(client, id string, c citizen) {
	w.t.Helper()
	expires := w.clock().Add(time.Hour)
	conversation := storage.Conversation{ID: id, ExpiresAt: expires, Body: []byte("{}")}
	must(w.t, w.store.CreateConversation(w.t.Context(), conversation))
	_, err := w.store.CompleteSignIn(w.t.Context(), storage.SignIn{
		ConversationID: id, ConversationExpiresAt: expires, ConversationVersion: 1,
		Session: storage.Session{ID: []byte(id), ExpiresAt: expires, PersonID: w.person(c).ID, ACR: 2, CreatedAt: w.clock()},
	})
	must(w.t, err)
	must(w.t, w.store.NoteOnward(w.t.Context(), storage.Onward{
		ClientID: client, SessionID: []byte(id), SessionExpiresAt: expires, PersonID: w.person(c).ID,
	}, w.clock()))
	must(w.t, w.store.EndSession(w.t.Context(), []byte(id), expires, w.clock()))
}

func TestAttackAnApplicationThatAnswersSlowlyKeepsNobodyElseFromHearing(t *testing.T) {
	const many = 20
	w := newWorld(t)
	fast, slow := newListener(t), newListener(t)
	slow.server.Config.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(time.Second):
		case <-r.Context().Done():
		}
		slow.mu.Lock()
		defer slow.mu.Unlock()
		slow.heard = append(slow.heard, "")
	})
	w.application("main", func(a *storage.Application) { a.BackchannelLogoutURI = slow.server.URL })
	w.application("second", func(a *storage.Application) { a.BackchannelLogoutURI = fast.server.URL })
	w.pass(2 * time.Second) // for which a registration is remembered
	w.tokens("main", liNa)
	for n := range many {
		w.ends("main", fmt.Sprint("slow ", n), liNa)
	}
	run(t, w.issuer)
	eventually(t, "who is slow is told", func() bool { return len(slow.tokens()) > 0 })
	w.ends("second", "fast", liNa)
	eventually(t, "the other one is told", func() bool { return len(fast.tokens()) > 0 })
	if n := len(slow.tokens()); n >= many {
		t.Errorf("only when the slow one was told all of %d", n)
	}
	eventually(t, "the slow one hears all the same", func() bool { w.pass(time.Second); return len(slow.tokens()) >= many })
}
