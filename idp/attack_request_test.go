package idp_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/idp"
	"manyou/storage"
)

type brokenReplays struct{ storage.Store }

func (brokenReplays) Use(context.Context, string, string, time.Time) error {
	return errors.New("the database is down")
}

func TestNobodyAgreesForASessionThatEnded(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.signIn(b, liNa, w.request("main"))
	at := w.get(b, w.request("main", "scope", "openid document"))
	w.post(b, w.url+"/end_session", "action", "sign_out")
	w.post(b, page(at), "action", "agree") // whoever sits there next
	p, err := w.store.PersonByDocument(t.Context(), storage.Document{Kind: "resident_id", Number: liNa.number})
	must(t, err)
	if c, err := w.store.Consent(t.Context(), p.ID, "main"); err == nil {
		t.Errorf("consent of a citizen who had signed out: %v", c.Scopes)
	}
}

func TestPromptConsentAsksAgain(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.signIn(b, liNa, w.request("main"))
	asks := w.request("main", "scope", "openid document")
	answer(t, w.post(b, page(w.get(b, asks)), "action", "agree"))
	if at := w.get(b, asks+"&prompt=consent"); strings.HasPrefix(at.Header.Get("Location"), redirectURI) {
		t.Error("prompt=consent asked nobody")
	}
}

func TestAScopeThatWasWithdrawnIsServedNoMore(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.signIn(b, liNa, w.request("main"))
	at := w.get(b, w.request("main", "scope", "openid offline_access document"))
	_, got := w.redeem("main", answer(t, w.post(b, page(at), "action", "agree")).Get("code"))
	w.application("main", func(a *storage.Application) { a.Scopes = []string{"openid", "offline_access"} })
	w.pass(20 * 24 * time.Hour)
	status, got := w.token("main", "grant_type", "refresh_token", "refresh_token", got["refresh_token"].(string))
	if status != 200 {
		t.Fatalf("%d %v", status, got)
	}
	if strings.Contains(got["scope"].(string), "document") {
		t.Errorf("20 days after the approval was withdrawn a token is minted for %v", got["scope"])
	}
	if _, info := w.raw("GET", "/userinfo", "", "", "Authorization", "Bearer "+got["access_token"].(string)); strings.Contains(info, liNa.number) {
		t.Error("and userinfo gives the document number")
	}
}

func TestACodeThatIsHandedOutCanBeRedeemed(t *testing.T) {
	w := newWorld(t)
	status, got := w.redeem("main", w.signIn(w.browser(), liNa, w.request("main", "nonce", strings.Repeat("<", 512))).Get("code"))
	if status != 200 {
		t.Errorf("%d %v", status, got)
	}
}

func TestAStorageFaultIsNotCalledAWrongAssertion(t *testing.T) {
	w := newWorld(t, func(c *idp.Config) { c.Store = brokenReplays{c.Store} })
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	public, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), Algorithm: "ES256", Use: "sig"}}})
	must(t, err)
	w.application("jwt", func(a *storage.Application) { a.AuthMethod, a.SecretHash, a.JWKS = "private_key_jwt", nil, public })
	status, got := w.call("/token", "", "grant_type", "client_credentials", "client_assertion", w.assertion(key, jose.ES256, nil),
		"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	if status != http.StatusInternalServerError {
		t.Errorf("a database that is down is answered %d %v", status, got["error"])
	}
}

func TestARedirectURIWithdrawnDuringASignInGetsNoCode(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	at := w.get(b, w.request("main", "scope", "openid api"))
	w.application("main", func(a *storage.Application) {
		a.RedirectURIs, a.Scopes = []string{"https://new.example/cb"}, []string{"openid"}
	})
	w.pass(2 * time.Second)
	at = w.signInFrom(b, liNa, at)
	if strings.HasPrefix(at.Header.Get("Location"), redirectURI+"?code=") {
		t.Error("a code was sent to a redirect URI that is no longer registered")
	}
}

func TestFormPostLeadsToNoPrivateUseScheme(t *testing.T) {
	w := newWorld(t)
	w.application("public", func(a *storage.Application) {
		a.AuthMethod, a.SecretHash, a.RedirectURIs = "none", nil, []string{"cn.example.app:/cb"}
	})
	b := w.browser()
	w.signIn(b, liNa, w.request("main"))
	at := w.get(b, w.request("public", "redirect_uri", "cn.example.app:/cb", "response_mode", "form_post"))
	if to := at.Header.Get("Location"); !strings.HasPrefix(to, "cn.example.app:/cb?error=invalid_request") {
		t.Errorf("%d to %q", at.StatusCode, to)
	}
}
