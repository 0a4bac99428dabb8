package demo_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"manyou/cmd/manyou/demo"
	"manyou/federation/identity"
	"manyou/storage"
)

// start brings a nation up for a test.
func start(t *testing.T, o demo.Options) *demo.Nation {
	t.Helper()
	n, err := demo.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return n
}

// get returns the status and the body of a page, after redirects unless stay.
func get(t *testing.T, c *http.Client, address string) (int, string) {
	t.Helper()
	resp, err := c.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// checkNation asks every party of a description for an answer.
func checkNation(t *testing.T, n *demo.Nation) {
	t.Helper()
	d := n.Description()
	if len(d.Issuers) != 3 || len(d.Applications) != 2 || len(d.Clients) != 15 || len(d.Citizens) < 4 {
		t.Fatalf("description: %+v", d)
	}
	for _, i := range d.Issuers {
		status, body := get(t, n.Client, i.Issuer+"/.well-known/openid-configuration")
		var metadata struct{ Issuer string }
		if err := json.Unmarshal([]byte(body), &metadata); err != nil || status != http.StatusOK || metadata.Issuer != i.Issuer {
			t.Errorf("issuer %s: %d %s", i.Region, status, body)
		}
	}
	stay := &http.Client{Transport: n.Client.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, a := range d.Applications {
		resp, err := stay.Get(a.URL)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if location := resp.Header.Get("Location"); !strings.HasPrefix(location, n.Issuer(a.Region).URL+"/authorize?") {
			t.Errorf("application %s goes to %s", a.Region, location)
		}
	}
	if status, body := get(t, n.Client, d.Inbox); status != http.StatusOK || strings.TrimSpace(body) != "[]" {
		t.Errorf("inbox: %d %s", status, body)
	}
	if status, body := get(t, n.Client, n.PhoneURL); status != http.StatusOK || !strings.Contains(body, "还没有短信") {
		t.Errorf("phone: %d %s", status, body)
	}
}

func TestEveryPartyAnswersOnceTheNationIsUp(t *testing.T) {
	checkNation(t, start(t, demo.Options{}))
}

// certificates is a test CA with one certificate for all hosts.
func certificates(t *testing.T, hosts ...string) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, DNSNames: hosts,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}

func TestTheNationRunsOnUnrelatedSitesOverHTTPS(t *testing.T) {
	h := demo.Hosts{
		Nation: "id.nation.test", Zhejiang: "id.zhejiang.example", Sichuan: "id.sichuan.invalid",
		ZhejiangApplication: "app.zhejiang.example", SichuanApplication: "app.sichuan.invalid",
		Hangzhou: "hangzhou.zhejiang.example", HangzhouApplication: "app.hangzhou.test",
	}
	config, pool := certificates(t, h.Nation, h.Zhejiang, h.Sichuan, h.ZhejiangApplication, h.SichuanApplication, h.Hangzhou, h.HangzhouApplication)
	n := start(t, demo.Options{Hosts: h, TLS: config, RootCAs: pool})
	if !strings.HasPrefix(n.Issuer("51").URL, "https://id.sichuan.invalid:") {
		t.Errorf("issuer %s", n.Issuer("51").URL)
	}
	checkNation(t, n)
}

// token asks for a token with the client's own authentication and returns the status.
func token(t *testing.T, n *demo.Nation, c demo.ClientDescription) int {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}}
	r, err := http.NewRequest(http.MethodPost, c.Issuer+"/token", nil)
	if err != nil {
		t.Fatal(err)
	}
	switch c.TokenEndpointAuthMethod {
	case "client_secret_basic":
		r.SetBasicAuth(c.ClientID, c.ClientSecret)
	case "private_key_jwt":
		form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		form.Set("client_assertion", assertion(t, c))
	}
	body := form.Encode()
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := n.Client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

func assertion(t *testing.T, c demo.ClientDescription) string {
	t.Helper()
	var key jose.JSONWebKey
	if err := key.UnmarshalJSON(c.JWK); err != nil || key.IsPublic() {
		t.Fatalf("client %s: no private key: %v", c.Name, err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: c.ClientID, Subject: c.ClientID, Audience: jwt.Audience{c.Issuer}, ID: rand.Text(),
		IssuedAt: jwt.NewNumericDate(time.Now()), Expiry: jwt.NewNumericDate(time.Now().Add(time.Minute)),
	}).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTheDescribedClientsCanAuthenticate(t *testing.T) {
	n := start(t, demo.Options{})
	for _, c := range n.Description().Clients {
		if c.TokenEndpointAuthMethod == "none" {
			continue
		}
		if status := token(t, n, c); status != http.StatusOK {
			t.Errorf("%s at %s: %d", c.Name, c.Issuer, status)
		}
		if c.ClientSecret != "" {
			c.ClientSecret += "x"
			if status := token(t, n, c); status == http.StatusOK {
				t.Errorf("%s at %s: a wrong secret works", c.Name, c.Issuer)
			}
		}
	}
}

func TestANationIsTheSameAfterARestartAndStaysWhereItIs(t *testing.T) {
	dir := t.TempDir()
	n, err := demo.Start(context.Background(), demo.Options{DataDir: dir, Port: freePort(t)})
	if err != nil {
		t.Fatal(err)
	}
	before, keys := describe(t, n), signingKeys(t, n)
	port := portOf(t, n.Issuer("00").URL)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = start(t, demo.Options{DataDir: dir, Port: port})
	if after := describe(t, n); after != before {
		t.Errorf("before: %s\nafter: %s", before, after)
	}
	if after := signingKeys(t, n); after != keys {
		t.Errorf("signing keys before: %s, after: %s", keys, after)
	}
	checkNation(t, n)
	if other, err := demo.Start(context.Background(), demo.Options{DataDir: dir}); err == nil || !strings.Contains(err.Error(), "cannot move") {
		t.Errorf("moved: %v %v", other, err)
	}
}

func describe(t *testing.T, n *demo.Nation) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "nation.json")
	if err := n.Description().WriteFile(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func signingKeys(t *testing.T, n *demo.Nation) string {
	t.Helper()
	stored, err := n.Issuer("33").Store.SigningKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, k := range stored {
		ids = append(ids, k.KeyID)
	}
	return strings.Join(ids, " ")
}

func portOf(t *testing.T, address string) int {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := net.LookupPort("tcp", u.Port())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// freePort returns a port such that all that a nation takes from there are free.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		base := l.Addr().(*net.TCPAddr).Port
		l.Close()
		n, err := demo.Start(t.Context(), demo.Options{Port: base})
		if err == nil {
			n.Close()
			return base
		}
	}
	t.Fatal("no free ports")
	return 0
}

func TestEveryBusyPortIsNamedAndNothingIsWritten(t *testing.T) {
	base := freePort(t)
	for _, offset := range []string{"0", "33"} {
		l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", plus(base, offset)))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
	dir := filepath.Join(t.TempDir(), "data")
	_, err := demo.Start(t.Context(), demo.Options{Port: base, DataDir: dir})
	var ports *demo.PortsError
	if !errors.As(err, &ports) || len(ports.Problems) != 2 || !errors.Is(err, syscall.EADDRINUSE) {
		t.Fatalf("error: %v", err)
	}
	for _, want := range []string{plus(base, "0"), plus(base, "33"), "the issuer of Zhejiang", "--port"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the data folder exists: %v", err)
	}
	l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", plus(base, "51")))
	if err != nil {
		t.Errorf("a port that was free is kept: %v", err)
	} else {
		l.Close()
	}
}

func plus(base int, offset string) string {
	n, _ := new(big.Int).SetString(offset, 10)
	return n.Add(n, big.NewInt(int64(base))).String()
}

func TestTheCitizensAreInventedAndValid(t *testing.T) {
	seen := map[string]bool{}
	everybody := demo.Citizens()
	for _, m := range demo.Staff() {
		everybody = append(everybody, m.Citizen)
	}
	for _, c := range everybody {
		d, err := identity.ParseDocument(c.DocumentKind, c.DocumentNumber, time.Now())
		if err != nil || d.Number != c.DocumentNumber {
			t.Errorf("%s: %v", c.Name, err)
		}
		if d.Kind == identity.ResidentID && !strings.HasPrefix(d.Number[2:], "0000") {
			t.Errorf("%s: a county issues such numbers", c.Name)
		}
		if name, err := identity.NormalizeName(c.Name); err != nil || name.Normal != c.Name {
			t.Errorf("%s: normal form %q, %v", c.Name, name.Normal, err)
		}
		if phone, err := identity.ParsePhone(c.Phone); err != nil || phone != c.Phone {
			t.Errorf("%s: %v", c.Name, err)
		}
		if _, ok := identity.LookupRegion(c.HomeRegion); !ok {
			t.Errorf("%s: region %s", c.Name, c.HomeRegion)
		}
		for _, once := range []string{c.Name, c.DocumentNumber, c.Phone} {
			if seen[once] {
				t.Errorf("%s is there twice", once)
			}
			seen[once] = true
		}
	}
}

func TestTheRegistersKnowTheirPeople(t *testing.T) {
	n := start(t, demo.Options{})
	for _, i := range n.Issuers {
		for _, c := range demo.Citizens() {
			e, err := i.Store.RegisterEntry(t.Context(), storage.Document{Kind: c.DocumentKind, Number: c.DocumentNumber})
			if want := i.Region == "00" || i.Region == c.HomeRegion; want != (err == nil) {
				t.Errorf("%s at %s: %v", c.Name, i.Region, err)
			} else if want && (e.Name != c.Name || e.Phone != c.Phone) {
				t.Errorf("%s at %s: %+v", c.Name, i.Region, e)
			}
		}
	}
}

func TestNothingIsLeftBehindWithoutADataFolder(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	n, err := demo.Start(context.Background(), demo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
