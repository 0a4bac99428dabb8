package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"manyou/cmd/manyou/demo"
)

// The regions of the demo.
const (
	nation   = "00"
	zhejiang = "33"
	sichuan  = "51"
)

// world is a nation on loopback.
type world struct {
	*demo.Nation
	t         *testing.T
	delivered chan struct{}
	ahead     atomic.Int64 // how far its clock is before that of the machine, in nanoseconds
	secure    bool
}

// newWorld brings a nation up on free ports of localhost.
func newWorld(t *testing.T, change ...func(*demo.Options)) *world {
	t.Helper()
	w := &world{t: t, delivered: make(chan struct{}, 1)}
	o := demo.Options{
		DataDir: t.TempDir(),
		Clock:   w.now,
		Delivered: func(demo.Message) {
			select {
			case w.delivered <- struct{}{}:
			default: // somebody is told already
			}
		},
	}
	for _, f := range change {
		f(&o)
	}
	w.secure = o.TLS != nil
	n, err := demo.Start(t.Context(), o)
	must(t, err)
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Errorf("the nation does not stop: %v", err)
		}
	})
	w.Nation = n
	return w
}

// now is the time of all issuers and applications.
func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

// pass lets time pass for all issuers and applications.
func (w *world) pass(d time.Duration) { w.ahead.Add(int64(d)) }

// sites are names under registrable domains that have nothing in common.
var sites = demo.Hosts{
	Nation: "login.nation-id.example", Zhejiang: "id.zhejiang-id.test", Sichuan: "id.sichuan-id.invalid",
	ZhejiangApplication: "www.lakeside-services.test", SichuanApplication: "www.brocade-river.example",
	Hangzhou: "entity.hangzhou-city.test", HangzhouApplication: "www.lakefront-services.example",
}

// newWorldOfSites brings a nation up over https on five unrelated sites, and a browser that finds and trusts them.
func newWorldOfSites(t *testing.T) (*world, *browser) {
	t.Helper()
	hosts := []string{sites.Nation, sites.Zhejiang, sites.Sichuan, sites.ZhejiangApplication, sites.SichuanApplication, sites.Hangzhou, sites.HangzhouApplication}
	certificate, roots, pin := newAuthority(t, hosts)
	w := newWorld(t, func(o *demo.Options) {
		o.Hosts, o.RootCAs = sites, roots
		o.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	})
	rules := loopbackOnly
	for _, host := range hosts {
		rules = "MAP " + host + " 127.0.0.1, " + rules
	}
	// Whose passkeys may be used where is asked at the usual port, whatever the issuer's is.
	at, err := url.Parse(w.issuer(nation))
	must(t, err)
	rules = "MAP " + sites.Nation + ":443 127.0.0.1:" + at.Port() + ", " + rules
	return w, newBrowser(t,
		chromedp.Flag("host-resolver-rules", rules),
		chromedp.Flag("ignore-certificate-errors-spki-list", pin),
	)
}

// newAuthority makes a certificate authority and a certificate of it. The pin is how a browser is told to trust it: the
// SHA-256 of its key.
func newAuthority(t *testing.T, hosts []string) (certificate tls.Certificate, roots *x509.CertPool, pin string) {
	t.Helper()
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	authorityDER, err := x509.CreateCertificate(rand.Reader, authority, authority, authorityKey.Public(), authorityKey)
	must(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: hosts[0]}, DNSNames: hosts,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, authority, key.Public(), authorityKey)
	must(t, err)
	parsed, err := x509.ParseCertificate(authorityDER)
	must(t, err)
	roots = x509.NewCertPool()
	roots.AddCert(parsed)
	sum := sha256.Sum256(parsed.RawSubjectPublicKeyInfo)
	return tls.Certificate{Certificate: [][]byte{der, authorityDER}, PrivateKey: key}, roots, base64.StdEncoding.EncodeToString(sum[:])
}

// issuer is the address of a region's issuer.
func (w *world) issuer(region string) string { return w.Issuer(region).URL }

// application is the address of a province's application.
func (w *world) application(region string) string {
	for _, a := range w.Description().Applications {
		if a.Region == region {
			return a.URL
		}
	}
	w.t.Fatalf("no application in region %s", region)
	return ""
}

// citizen is the invented person of that name.
func (w *world) citizen(name string) demo.Citizen {
	for _, c := range w.Description().Citizens {
		if c.Name == name {
			return c
		}
	}
	w.t.Fatalf("no citizen %s", name)
	return demo.Citizen{}
}

// cookie is the name of a cookie of a region's issuer.
func (w *world) cookie(what, region string) string { return w.prefixed(what + "-" + region) }

// applicationCookie is the name of the cookie with which an application remembers a citizen.
func (w *world) applicationCookie(region string) string {
	return w.prefixed("application" + region + "_session")
}

func (w *world) prefixed(name string) string {
	if w.secure {
		return "__Host-" + name
	}
	return name
}

// texts are the codes that reached a phone, newest first, as the demo phone lists them.
func (w *world) texts(phone string) (codes []string) {
	w.t.Helper()
	answer, err := w.Client.Get(w.Description().Inbox)
	must(w.t, err)
	defer answer.Body.Close()
	var messages []demo.Message
	must(w.t, json.NewDecoder(answer.Body).Decode(&messages))
	for _, m := range messages {
		if m.Phone == phone {
			codes = append(codes, m.Code)
		}
	}
	return codes
}

// code waits until more than so many texts reached a phone, and returns the code of the newest.
func (w *world) code(phone string, than int) string {
	w.t.Helper()
	late := time.After(patience)
	for {
		if codes := w.texts(phone); len(codes) > than {
			return codes[0]
		}
		select {
		case <-w.delivered:
		case <-late:
			w.t.Fatal("no text came")
		}
	}
}

// at reports whether an address belongs to a site.
func at(address, site string) bool {
	a, err := url.Parse(address)
	if err != nil {
		return false
	}
	s, err := url.Parse(site)
	return err == nil && a.Scheme == s.Scheme && a.Host == s.Host
}

// asked counts the requests of a journey that an issuer's authorization endpoint answered with a redirect.
func (j journey) asked(issuer string) (n int) {
	for _, hop := range j.hops {
		if at(hop, issuer) && strings.Contains(hop, "/authorize?") {
			n++
		}
	}
	return n
}
