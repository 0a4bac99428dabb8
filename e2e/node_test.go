package e2e

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/federation/trust"
	"manyou/federation/upstream"
	"manyou/idp"
	"manyou/storage"
)

// script is a program of test/foreign that runs.
type script struct {
	t     *testing.T
	in    io.WriteCloser
	lines *bufio.Scanner
	err   *strings.Builder
}

// node prepares a program of test/foreign, which npm brings.
func node(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", "test", "foreign"))
	must(t, err)
	bin := filepath.Join(dir, "node_modules", ".bin", "node")
	if _, err := exec.LookPath(bin); err != nil {
		t.Fatalf("the foreign programs are not there; `make test-tools` installs them (npm): %v", err)
	}
	c := exec.CommandContext(t.Context(), bin, append([]string{name}, args...)...)
	c.Dir = dir
	return c
}

// run starts a program that serves until the test ends.
func runNode(t *testing.T, name string, args ...string) *script {
	t.Helper()
	c := node(t, name, args...)
	s := &script{t: t, err: &strings.Builder{}}
	var err error
	s.in, err = c.StdinPipe()
	must(t, err)
	out, err := c.StdoutPipe()
	must(t, err)
	c.Stderr = s.err
	s.lines = bufio.NewScanner(out)
	must(t, c.Start())
	t.Cleanup(func() {
		_ = c.Process.Kill() // it may have ended already
		_ = c.Wait()
		if t.Failed() {
			t.Logf("%s: %s", name, s.err)
		}
	})
	return s
}

// says reads the next line that the program prints.
func (s *script) says(into any) {
	s.t.Helper()
	if !s.lines.Scan() {
		s.t.Fatalf("it said nothing: %v %s", s.lines.Err(), s.err)
	}
	must(s.t, json.Unmarshal(s.lines.Bytes(), into))
}

// TestALibraryThatOthersWroteResolvesOurChainsAsWeDo, and we theirs.
func TestALibraryThatOthersWroteResolvesOurChainsAsWeDoAndWeTheirs(t *testing.T) {
	w := newWorld(t)
	leaf := strings.TrimSuffix(w.cityApplication(), "/")
	out, err := node(t, "resolve.mjs", leaf, w.issuer(nation)).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		t.Fatalf("%s", exit.Stderr)
	}
	must(t, err)
	var theirs []struct {
		Path     [][2]string
		Metadata map[string]map[string]any
	}
	must(t, json.Unmarshal(out, &theirs))
	if len(theirs) != 1 {
		t.Fatalf("%d chains: %s", len(theirs), out)
	}
	answer, err := w.Client.Get(w.issuer(nation) + "/federation/resolve?sub=" + leaf + "&trust_anchor=" + w.issuer(nation))
	must(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	must(t, err)
	jws, err := jose.ParseSignedCompact(string(text), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	var ours struct {
		Metadata map[string]map[string]any
		Chain    []string `json:"trust_chain"`
	}
	must(t, json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &ours))
	one, two := ours.Metadata[trust.OpenIDRelyingParty], theirs[0].Metadata[trust.OpenIDRelyingParty]
	for _, name := range []string{"redirect_uris", "scope", "token_endpoint_auth_method", "client_name", "grant_types"} {
		a, _ := json.Marshal(one[name])
		b, _ := json.Marshal(two[name])
		if string(a) != string(b) {
			t.Errorf("%s: ours %s, theirs %s", name, a, b)
		}
	}
	if len(ours.Chain) != 5 {
		t.Errorf("%d statements", len(ours.Chain))
	}

	var there struct {
		Anchor, Leaf string
		JWKS         json.RawMessage
	}
	runNode(t, "federation.mjs").says(&there)
	keys, err := trust.ParseKeys(there.JWKS)
	must(t, err)
	got, err := trust.NewResolver(trust.Config{
		Anchors: map[string]jose.JSONWebKeySet{there.Anchor: keys}, Fetcher: trust.NewFetcher(true, nil), Loopback: true, Clock: time.Now,
	}).Resolve(t.Context(), there.Leaf)
	must(t, err)
	grants, _ := json.Marshal(got.Metadata[trust.OpenIDRelyingParty]["grant_types"])
	if len(got.Path) != 3 || string(grants) != `["authorization_code"]` {
		t.Errorf("path %v, grant types %s", got.Path, grants)
	}
}

// TestAForeignApplicationAndAForeignProvinceRoamWithOurs: oidc-provider is Guangdong, openid-client an application of Sichuan.
func TestAForeignApplicationAndAForeignProvinceRoamWithOurs(t *testing.T) {
	w := newWorld(t)
	secret := rand.Text()
	var province struct{ Issuer string }
	runNode(t, "provider.mjs", w.issuer(nation)+"/upstream/callback", secret, heMin.Name).says(&province)
	w.register(t, province.Issuer, secret)
	p, err := upstream.New(upstream.Config{
		Issuer: province.Issuer, ClientID: "manyou", ClientSecret: secret, RedirectURI: w.issuer(nation) + "/upstream/callback",
	})
	must(t, err)
	for _, c := range p.SelfTest(t.Context()) {
		if !c.Passed {
			t.Errorf("of a certified provider the self-test says: %s: %s", c.Name, c.Detail)
		}
	}

	s := runNode(t, "application.mjs")
	var app struct{ URL string }
	s.says(&app)
	i := w.Issuer(sichuan)
	must(t, i.Store.PutApplication(t.Context(), storage.Application{
		ClientID: "openid-client", Status: storage.ApplicationPublished, Name: map[string]string{"zh": "外来应用", "en": "Foreign application"},
		Region: sichuan, AuthMethod: "client_secret_basic", SecretHash: idp.HashSecret(i.Vault, secret),
		RedirectURIs: []string{app.URL + "/callback"}, GrantTypes: []string{"authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange"},
		Scopes: []string{"openid", "profile", "records"}, SectorIdentifier: "foreign.example", IDTokenAlg: "ES256", CreatedAt: w.now(), UpdatedAt: w.now(),
	}))
	must(t, json.NewEncoder(s.in).Encode(map[string]string{"issuer": i.URL, "client_id": "openid-client", "client_secret": secret}))
	var ready struct{ Ready bool }
	s.says(&ready)

	b := newBrowser(t).newTab(t)
	b.open(app.URL + "/")
	b.act("province")
	b.click(`button[name="region"][value="` + guangdong + `"]`)
	b.fill("login", "hemin")
	b.fill("password", "anything")
	b.click(`button[type="submit"]`)
	b.click(`button[type="submit"]`) // that the nation may know
	if asked, _ := w.signIn(b, heMin); !asked {
		t.Error("name and document were not asked for")
	}
	var told struct {
		Claims struct {
			Issuer string `json:"iss"`
			AMR    []string
		}
		Info     struct{ Name string }
		Standing struct {
			Active bool
			Scope  string
			Act    struct{ Sub string }
		}
	}
	must(t, json.Unmarshal([]byte(b.text("#told")), &told))
	if told.Info.Name != heMin.Name || told.Claims.Issuer != i.URL || len(told.Claims.AMR) == 0 || slices.Contains(told.Claims.AMR, "") {
		t.Errorf("%+v", told)
	}
	if s := told.Standing; !s.Active || s.Scope != "records" || s.Act.Sub != "openid-client" {
		t.Errorf("of the token that it exchanged: %+v", s)
	}
	// And on: our application, without a page.
	w.withoutPages(t, b.open(w.application(sichuan)), sichuan, 0)
	// A second time from nothing but the sessions that stand.
	j := b.open(app.URL + "/")
	if len(j.pages) != 1 {
		t.Errorf("pages: %v", j.pages)
	}
}
