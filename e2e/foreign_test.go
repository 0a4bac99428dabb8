package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	foreign "github.com/zitadel/oidc/v3/example/server/storage"

	"manyou/cmd/manyou/demo"
	"manyou/federation/identity"
	"manyou/storage"
)

// guangdong is the region of the province that runs somebody else's identity provider.
const guangdong = "44"

// heMin is known to the nation's register, and to that province under a name and a password. It keeps no documents.
var heMin = demo.Citizen{
	Name: "何敏", DocumentKind: string(identity.ResidentID), DocumentNumber: withCheckDigit("44000019950307106"),
	Phone: "+8613800000441", HomeRegion: guangdong,
}

const foreignPassword = "a password, which only somebody else would ask for"

// withCheckDigit completes the first seventeen characters of a resident ID (GB 11643).
func withCheckDigit(first string) string {
	check, ok := identity.ResidentIDCheck(first)
	if !ok {
		panic("not the beginning of a resident ID") // a constant of this package is wrong
	}
	return first + string(check)
}

// newProvince runs the example server of zitadel/oidc, as it is, as the identity provider of Guangdong, and registers it
// at the nation. The name is what it says of its user.
func (w *world) newProvince(t *testing.T, name string) (issuer string) {
	t.Helper()
	var handler http.Handler
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { handler.ServeHTTP(rw, r) }))
	issuer = "http://" + strings.Replace(server.Listener.Addr().String(), "127.0.0.1", "localhost", 1)
	users, err := json.Marshal(map[string]*foreign.User{"hemin": {ID: "hemin", Username: "hemin", Password: foreignPassword, LastName: name}})
	must(t, err)
	file := filepath.Join(t.TempDir(), "users.json")
	must(t, os.WriteFile(file, users, 0o600))
	store, err := foreign.StoreFromFile(file)
	must(t, err)
	foreign.RegisterClients(foreign.WebClient("manyou", "secret of the nation", w.issuer(nation)+"/upstream/callback"))
	handler = exampleop.SetupServer(issuer, foreign.NewStorage(store), nil, false)
	server.Start()
	t.Cleanup(server.Close)

	w.register(t, issuer, "secret of the nation")
	return issuer
}

// register makes an issuer that of Guangdong, whose citizen the nation's register knows.
func (w *world) register(t *testing.T, issuer, secret string) {
	t.Helper()
	i := w.Issuer(nation)
	must(t, i.Store.PutUpstream(t.Context(), storage.Upstream{
		Issuer: issuer, Region: guangdong, Name: map[string]string{"zh": "广东统一身份认证", "en": "Guangdong Identity"},
		ClientID: "manyou", ClientSecret: secret, AuthMethod: "client_secret_basic",
		Scopes: []string{"openid", "profile"}, Status: storage.UpstreamActive, CreatedAt: w.now(),
	}))
	must(t, i.Store.PutRegister(t.Context(), []storage.RegisterEntry{{
		Document: storage.Document{Kind: heMin.DocumentKind, Number: heMin.DocumentNumber}, Name: heMin.Name, Phone: heMin.Phone,
		Region: guangdong, Status: storage.RegisterValid,
	}}, storage.ImportProgress{Source: "test", Done: true}))
}

// toProvince goes from the Sichuan application to the province's own sign-in page, by the picker.
func (w *world) toProvince(t *testing.T, b *tab, issuer string) {
	t.Helper()
	w.pass(2 * time.Second) // the nation may have read its list just before the province was put there, and keeps it for a second
	b.open(w.application(sichuan)).onePage(t, w.issuer(sichuan))
	b.act("province")
	b.expect("on which a province is chosen", provincePage)
	if here := ask[string](b, "location.href"); !at(here, w.issuer(nation)) {
		t.Errorf("the choice of provinces is at %s, not at the nation", here)
	}
	b.click(`button[name="region"][value="` + guangdong + `"]`)
	if here := ask[string](b, "location.href"); !at(here, issuer) {
		t.Fatalf("the province's own page was to be shown:\n%s", b.told())
	}
}

// signInThere signs in at the province's own page.
func (b *tab) signInThere() journey {
	b.t.Helper()
	b.fill("username", "hemin")
	b.fill("password", foreignPassword)
	return b.click(`button[type="submit"]`)
}

func TestAProvinceThatNobodyHereWroteFederatesByDataAlone(t *testing.T) {
	w, browser := newWorld(t), newBrowser(t)
	issuer := w.newProvince(t, heMin.Name)
	b := browser.newTab(t)

	// It asserts no document: who the citizen is gets proven at the nation, once.
	w.toProvince(t, b, issuer)
	b.signInThere()
	if here := ask[string](b, "location.href"); !at(here, w.issuer(nation)) {
		t.Fatalf("not at the nation:\n%s", b.told())
	}
	if asked, _ := w.signIn(b, heMin); !asked {
		t.Error("name and document were not asked for")
	}
	w.isSignedIn(b, sichuan, heMin.Name)

	// With the nation's session it roams.
	w.leaveSichuan(b)
	w.withoutPages(t, b.open(w.application(sichuan)), sichuan, 0)
	w.isSignedIn(b, sichuan, heMin.Name)

	// In a browser that is new the province asks for its own proof, and nobody asks for anything else.
	b = browser.newTab(t)
	w.toProvince(t, b, issuer)
	j := b.signInThere()
	if len(j.pages) != 1 {
		t.Errorf("after the province's page these were shown: %v", j.pages)
	}
	w.isSignedIn(b, sichuan, heMin.Name)
}

func TestAProvinceThatNamesSomebodyElseLinksNobody(t *testing.T) {
	w, browser := newWorld(t), newBrowser(t)
	issuer := w.newProvince(t, "何芳")
	b := browser.newTab(t)
	w.toProvince(t, b, issuer)
	b.signInThere()
	w.signIn(b, heMin)
	if here := ask[string](b, "location.href"); !at(here, w.issuer(nation)) || b.has(citizenPage) {
		t.Fatalf("a citizen was linked to the subject of another name:\n%s", b.told())
	}
	if _, _, err := w.Issuer(nation).Store.Link(t.Context(), issuer, "hemin"); err == nil {
		t.Error("there is a link")
	}
	if _, ok := b.cookies(w.issuer(nation))[w.cookie("session", nation)]; ok {
		t.Error("there is a session")
	}
}
