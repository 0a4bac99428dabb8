package e2e

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"manyou/storage"
)

// newTicketProvince runs a province that knows nothing of OAuth: its page sends the browser back with a ticket, which it
// validates for whoever knows the password of a service code.
func (w *world) newTicketProvince(t *testing.T) string {
	t.Helper()
	secret, tickets := rand.Text(), map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/login":
			back := r.URL.Query().Get("redirectUrl")
			if u, err := url.Parse(back); err != nil || r.URL.Query().Get("servicecode") != "manyou" || !at(back, w.issuer(nation)) {
				http.Error(rw, "who asks?", http.StatusBadRequest)
				return
			} else {
				ticket := rand.Text()
				tickets[ticket] = true
				q := u.Query()
				q.Set("ticket", ticket)
				u.RawQuery = q.Encode()
				rw.Header().Set("Content-Type", "text/html; charset=utf-8")
				fmt.Fprintf(rw, `<!doctype html><title>Province</title><a id="in" href="%s">sign in</a>`, u)
			}
		case "/validate":
			sum := sha256.Sum256([]byte("manyou" + secret + r.PostFormValue("time")))
			ok := tickets[r.PostFormValue("st")] && r.PostFormValue("sign") == hex.EncodeToString(sum[:])
			delete(tickets, r.PostFormValue("st"))
			rw.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(rw).Encode(map[string]any{"ok": ok, "user": map[string]any{
				"id": "hemin", "xm": heMin.Name, "zjhm": heMin.DocumentNumber, "level": "real-name",
			}})
		default:
			http.NotFound(rw, r)
		}
	}))
	t.Cleanup(server.Close)
	w.register(t, server.URL, secret)
	dialect, err := json.Marshal(map[string]any{
		"kind": "ticket", "authorization": server.URL + "/login", "validation": server.URL + "/validate", "digest": "sha256",
		"success": "ok=true", "subject": "user.id", "level": "user.level", "levels": map[string]int{"real-name": 2},
	})
	must(t, err)
	must(t, w.Issuer(nation).Store.PutUpstream(t.Context(), storage.Upstream{
		Issuer: server.URL, Region: guangdong, Name: map[string]string{"zh": "广东统一身份认证", "en": "Guangdong Identity"},
		ClientID: "manyou", ClientSecret: secret, AuthMethod: "client_secret_post", Dialect: dialect, Status: storage.UpstreamActive,
		Claims: map[string]string{
			"name": "user.xm", "document_kind": "=resident_id", "document_number": "user.zjhm", "document_verified": "=true",
		},
		CreatedAt: w.now(),
	}))
	return server.URL
}

// TestAProvinceThatSpeaksADialectOfBeforeFederatesByADeclaration: nobody asks for a phone, a name or a document, because the
// province says who the citizen is and the register agrees.
func TestAProvinceThatSpeaksADialectOfBeforeFederatesByADeclaration(t *testing.T) {
	w, browser := newWorld(t), newBrowser(t)
	province := w.newTicketProvince(t)
	b := browser.newTab(t)
	w.toProvince(t, b, province)
	j := b.click("#in")
	if len(j.pages) != 1 {
		t.Errorf("after the province's page these were shown: %v", j.pages)
	}
	w.isSignedIn(b, sichuan, heMin.Name)

	// It roams, with the nation's session; the province of before is never asked without a page.
	w.leaveSichuan(b)
	j = b.open(w.application(sichuan))
	w.withoutPages(t, j, sichuan, 0)
	for _, hop := range j.hops {
		if at(hop, province) {
			t.Errorf("asked silently: %s", hop)
		}
	}
}
