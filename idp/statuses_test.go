package idp_test

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/storage"
)

// place is where the status of a token is read.
type place struct {
	index int
	uri   string
}

func placeOf(t testing.TB, token any) place {
	t.Helper()
	status, ok := payload(t, token)["status"].(map[string]any)
	if !ok {
		t.Fatal("the token has no place in a status list")
	}
	list := status["status_list"].(map[string]any)
	return place{int(list["idx"].(float64)), list["uri"].(string)}
}

// statusList reads a list as one who checks tokens offline does: with the issuer's published keys, and nothing else of it.
func (w *world) statusList(uri string) (bits []byte, claims map[string]any) {
	w.t.Helper()
	response := w.get(http.DefaultClient, uri)
	if media := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || media != "application/statuslist+jwt" {
		w.t.Fatalf("%s: %d, %s", uri, response.StatusCode, media)
	}
	signed, err := jose.ParseSignedCompact(body(w.t, response), []jose.SignatureAlgorithm{jose.ES256})
	must(w.t, err)
	if typ := signed.Signatures[0].Header.ExtraHeaders[jose.HeaderType]; typ != "statuslist+jwt" {
		w.t.Fatalf("typ is %v", typ)
	}
	var keys jose.JSONWebKeySet
	must(w.t, json.Unmarshal([]byte(body(w.t, w.get(http.DefaultClient, w.url+"/keys"))), &keys))
	raw, err := signed.Verify(keys)
	must(w.t, err)
	must(w.t, json.Unmarshal(raw, &claims))
	now := w.clock().Unix()
	if iat := int64(claims["iat"].(float64)); claims["sub"] != uri || iat > now || iat < now-15 || claims["exp"].(float64) <= float64(now) || claims["ttl"] != 15.0 {
		w.t.Fatalf("at %d: %v", now, claims)
	}
	list := claims["status_list"].(map[string]any)
	if list["bits"] != 1.0 {
		w.t.Fatalf("%v bits", list["bits"])
	}
	packed, err := base64.RawURLEncoding.DecodeString(list["lst"].(string))
	must(w.t, err)
	z, err := zlib.NewReader(bytes.NewReader(packed))
	must(w.t, err)
	bits, err = io.ReadAll(z)
	must(w.t, err)
	return bits, claims
}

// invalid reports whether a list says that a token is.
func (w *world) invalid(token any) bool {
	w.t.Helper()
	p := placeOf(w.t, token)
	bits, _ := w.statusList(p.uri)
	return bits[p.index/8]>>(p.index%8)&1 == 1
}

// listed has an application's tokens in status lists.
func listed(a *storage.Application) { a.StatusList = true }

func TestAStatusListSaysWhatIntrospectionSays(t *testing.T) {
	type listedTokens struct {
		w      *world
		tokens map[string]any
	}
	refresh := func(c listedTokens) string { return c.tokens["refresh_token"].(string) }
	access := func(c listedTokens) string { return c.tokens["access_token"].(string) }
	for name, kill := range map[string]func(c listedTokens) (revive func()){
		"a freeze":     func(c listedTokens) func() { c.w.hold(liNa, storage.HoldFreeze); return nil },
		"deactivation": func(c listedTokens) func() { c.w.hold(liNa, storage.HoldDeactivate); return nil },
		"a step-up":    func(c listedTokens) func() { return c.w.hold(liNa, storage.HoldStepUp) },
		"a correction": func(c listedTokens) func() {
			must(t, c.w.store.CorrectAs(t.Context(), storage.Correction{ID: "d", Touch: []string{c.w.person(liNa).ID}}, storage.Case{}, c.w.clock()))
			return nil
		},
		"the end of the session": func(c listedTokens) func() {
			n, err := c.w.store.EndSessionsOf(t.Context(), c.w.person(liNa).ID, nil, c.w.clock())
			if err != nil || n == 0 {
				t.Fatalf("%d, %v", n, err)
			}
			return nil
		},
		"revocation": func(c listedTokens) func() { c.w.call("/revoke", "main", "token", access(c)); return nil },
		"revocation of the refresh token": func(c listedTokens) func() {
			c.w.call("/revoke", "main", "token", refresh(c))
			return nil
		},
		"a refresh token that is used twice": func(c listedTokens) func() {
			for range 2 {
				c.w.token("main", "grant_type", "refresh_token", "refresh_token", refresh(c))
			}
			return nil
		},
		"suspension of the application": func(c listedTokens) func() {
			must(t, c.w.store.SetApplicationStatus(t.Context(), "main", storage.ApplicationSuspended, c.w.clock()))
			c.w.pass(2 * time.Second)
			return func() {
				must(t, c.w.store.SetApplicationStatus(t.Context(), "main", storage.ApplicationPublished, c.w.clock()))
				c.w.pass(2 * time.Second)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.application("main", listed)
			w.application("second", listed, func(a *storage.Application) { a.Audience = []string{"main"} })
			w.application("main", listed, func(a *storage.Application) { a.Audience = []string{"second"} })
			w.pass(2 * time.Second)
			c := listedTokens{w, w.tokens("main", liNa)}
			bystander := w.tokens("second", aynur)["access_token"]
			agree := func(when string, alive bool) {
				t.Helper()
				w.pass(4 * time.Second) // after which a list is made anew
				for who, one := range map[string]struct {
					token any
					alive bool
				}{"hers": {access(c), alive}, "another's": {bystander, true}} {
					_, got := w.call("/introspect", "second", "token", one.token.(string))
					if got["active"] != one.alive || w.invalid(one.token) == one.alive {
						t.Errorf("%s, %s: introspection says active %v, the list invalid %t, alive is %t", when, who, got["active"], w.invalid(one.token), one.alive)
					}
				}
			}
			agree("before", true)
			revive := kill(c)
			agree("afterwards", false)
			if revive != nil {
				revive()
				agree("revived", true)
			}
		})
	}
}

func TestATokenOfAnApplicationsOwnAndARenewedOneHavePlacesToo(t *testing.T) {
	w := newWorld(t)
	w.application("main", listed)
	w.pass(2 * time.Second)
	_, own := w.token("main", "grant_type", "client_credentials", "scope", "api")
	first := w.tokens("main", liNa)
	_, second := w.token("main", "grant_type", "refresh_token", "refresh_token", first["refresh_token"].(string))
	all := []any{own["access_token"], first["access_token"], second["access_token"]}
	seen := map[place]bool{}
	for n, token := range all {
		if seen[placeOf(t, token)] {
			t.Errorf("token %d has the place of another", n)
		}
		seen[placeOf(t, token)] = true
		if w.invalid(token) {
			t.Errorf("token %d is dead from the start", n)
		}
	}
	w.call("/revoke", "main", "token", own["access_token"].(string))
	w.hold(liNa, storage.HoldFreeze)
	w.pass(4 * time.Second)
	for n, token := range all {
		if !w.invalid(token) {
			t.Errorf("token %d is alive", n)
		}
	}
}

func TestAttackOnStatusLists(t *testing.T) {
	w := newWorld(t)
	w.application("main", listed)
	w.application("second", listed)
	w.pass(2 * time.Second)
	b := w.browser()
	_, first := w.redeem("main", w.signIn(b, liNa, w.request("main")).Get("code"))
	_, other := w.redeem("second", answer(t, w.get(b, w.request("second"))).Get("code"))
	mine, theirs := placeOf(t, first["access_token"]), placeOf(t, other["access_token"])
	if mine == theirs {
		t.Error("one person has the same place at two applications")
	}
	minute := w.clock().Unix() / 60
	for name, list := range map[string]string{
		"of long ago": fmt.Sprint(minute - 9), "to come": fmt.Sprint(minute + 2), "the first": "0", "below it": "-1", "none": "", "no number": "x",
		"another spelling": fmt.Sprintf("0%d", minute), "signed": fmt.Sprintf("+%d", minute), "large": strings.Repeat("9", 40), "below": fmt.Sprintf("%d/1", minute),
	} {
		if response := w.get(http.DefaultClient, w.url+"/status-lists/"+list); response.StatusCode != http.StatusNotFound {
			t.Errorf("a list %s: %d", name, response.StatusCode)
		}
	}
	if response := w.get(http.DefaultClient, mine.uri+"?time=1700000000"); response.StatusCode != http.StatusNotImplemented {
		t.Errorf("of a time that was: %d", response.StatusCode)
	}
	if response := w.post(http.DefaultClient, mine.uri); response.StatusCode != http.StatusMethodNotAllowed && response.StatusCode != http.StatusNotFound {
		t.Errorf("written: %d", response.StatusCode)
	}
	// A list is as large as any, however many live in it, and says nothing of them.
	bits, claims := w.statusList(mine.uri)
	if len(bits) != 1<<20/8 || strings.Trim(string(bits), "\x00") != "" {
		t.Errorf("%d bytes", len(bits))
	}
	// A list opens nothing, and a token is no list.
	if _, got := w.call("/introspect", "main", "token", body(t, w.get(http.DefaultClient, mine.uri))); got["active"] != false {
		t.Error("a list is taken for a token")
	}
	// The list of another issuer at the same minute names another address and bears another signature: an index there means nothing here.
	elsewhere := newWorld(t)
	uri := strings.Replace(mine.uri, w.url, elsewhere.url, 1)
	_, foreign := elsewhere.statusList(uri)
	if foreign["sub"] == mine.uri || foreign["iss"] == claims["iss"] {
		t.Errorf("%v", foreign)
	}
	signed, err := jose.ParseSignedCompact(body(t, w.get(http.DefaultClient, uri)), []jose.SignatureAlgorithm{jose.ES256})
	must(t, err)
	var keys jose.JSONWebKeySet
	must(t, json.Unmarshal([]byte(body(t, w.get(http.DefaultClient, w.url+"/keys"))), &keys))
	if _, err := signed.Verify(keys); err == nil {
		t.Error("it bears this issuer's signature")
	}
}

// TestAnExchangedTokenHasAPlaceAndFallsWithWhatItWasExchangedFor, or by itself.
func TestAnExchangedTokenHasAPlaceAndFallsWithWhatItWasExchangedFor(t *testing.T) {
	for name, kill := range map[string]func(w *world, first, exchanged string){
		"with the grant": func(w *world, first, _ string) { w.call("/revoke", "main", "token", first) },
		"with a freeze":  func(w *world, _, _ string) { w.hold(liNa, storage.HoldFreeze) },
		"by itself":      func(w *world, _, exchanged string) { w.call("/revoke", "main", "token", exchanged) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.application("main", listed, func(a *storage.Application) { a.GrantTypes = append(a.GrantTypes, exchangeGrant) })
			w.pass(2 * time.Second)
			first := w.tokens("main", liNa)["access_token"].(string)
			status, got := w.token("main", "grant_type", exchangeGrant, "subject_token", first, "subject_token_type", tokenTypeAT)
			if status != http.StatusOK {
				t.Fatalf("%d %v", status, got)
			}
			exchanged := got["access_token"].(string)
			if w.invalid(exchanged) || placeOf(t, exchanged) == placeOf(t, first) {
				t.Error("it is dead from the start, or has the place of another")
			}
			kill(w, first, exchanged)
			w.pass(4 * time.Second)
			for _, token := range []string{first, exchanged} {
				_, answered := w.call("/introspect", "main", "token", token)
				if answered["active"] == w.invalid(token) {
					t.Errorf("introspection says active %v, the list invalid %t", answered["active"], w.invalid(token))
				}
			}
			if !w.invalid(exchanged) {
				t.Error("it is alive")
			}
		})
	}
}
