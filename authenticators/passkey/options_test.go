package passkey

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"manyou/authenticators"
)

// asked is what the tests look at in options.
type asked struct {
	Challenge string
	Timeout   int
	RPID      string `json:"rpId"`
	RP        struct{ ID, Name string }
	User      struct{ ID, Name, DisplayName string }
	Params    []struct {
		Type string
		Alg  int
	} `json:"pubKeyCredParams"`
	Exclude   []struct{ Type, ID string } `json:"excludeCredentials"`
	Allow     []struct{ Type, ID string } `json:"allowCredentials"`
	Selection struct {
		ResidentKey, UserVerification, AuthenticatorAttachment string
		RequireResidentKey                                     bool
	} `json:"authenticatorSelection"`
	UserVerification string
	Attestation      string
}

func options(t *testing.T, c authenticators.Challenge) asked {
	t.Helper()
	var o asked
	if err := json.Unmarshal(c.Show.Options, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestANewPasskeyIsAskedForDiscoverableAndVerified(t *testing.T) {
	a, c := newAuthenticator(t), newCitizen(t)
	known := enrolled(t, a, c)
	o := options(t, begin(t, a, c, authenticators.PurposeEnrol, "ask", known))
	if o.Challenge != encodeID(nonce("ask")) || o.RP.ID != "id.example" || o.RP.Name != home.Name || o.Timeout != 300_000 {
		t.Errorf("%+v", o)
	}
	if o.User.ID != encodeID(c.handle()) || !strings.HasPrefix(o.User.Name, "王五") || o.User.DisplayName != o.User.Name {
		t.Errorf("user %+v", o.User)
	}
	if s := o.Selection; s.ResidentKey != "required" || !s.RequireResidentKey || s.UserVerification != "required" || s.AuthenticatorAttachment != "" {
		t.Errorf("selection %+v", s)
	}
	if len(o.Params) != 3 || o.Params[0].Alg != -7 || o.Params[1].Alg != -8 || o.Params[2].Alg != -257 || o.Params[0].Type != "public-key" {
		t.Errorf("algorithms %+v", o.Params)
	}
	if len(o.Exclude) != 1 || o.Exclude[0].ID != known.Handle || o.Attestation != "none" {
		t.Errorf("excluded %+v, attestation %q", o.Exclude, o.Attestation)
	}
}

func TestAProofNamesThePasskeysOfThoseWhoSaidWhoTheyAre(t *testing.T) {
	a, c := newAuthenticator(t), newCitizen(t)
	known := enrolled(t, a, c)
	identified := begin(t, a, c, authenticators.PurposeProve, "ask", known)
	o := options(t, identified)
	if o.RPID != "id.example" || o.UserVerification != "required" || o.Challenge != encodeID(nonce("ask")) ||
		len(o.Allow) != 1 || o.Allow[0].ID != known.Handle || identified.Discoverable {
		t.Errorf("%+v", o)
	}
	unknown := begin(t, a, nil, authenticators.PurposeProve, "ask", known)
	if o := options(t, unknown); o.Allow != nil || !unknown.Discoverable {
		t.Errorf("to somebody unknown: %+v", o)
	}
}

func TestTheSameNonceAsksTheSameAgain(t *testing.T) {
	a, c := newAuthenticator(t), newCitizen(t)
	for _, purpose := range []authenticators.Purpose{authenticators.PurposeEnrol, authenticators.PurposeProve} {
		first, second := begin(t, a, c, purpose, "again"), begin(t, a, c, purpose, "again")
		if !bytes.Equal(first.State, second.State) || !bytes.Equal(first.Show.Options, second.Show.Options) {
			t.Errorf("%s: two challenges", purpose)
		}
	}
}

func TestRevokingTellsTheDevice(t *testing.T) {
	a, c := newAuthenticator(t), newCitizen(t)
	of := enrolled(t, a, c)
	n, err := a.Revoke(of)
	if want := `{"credentialId":"` + of.Handle + `","rpId":"id.example"}`; err != nil || string(n.Signal) != want {
		t.Errorf("%s, %v; want %s", n.Signal, err, want)
	}
	if _, err := a.Revoke(authenticators.Credential{ID: "x", Handle: "not base64url!"}); err == nil {
		t.Error("a handle that was not made here")
	}
}

func TestTheMakerIsSuggestedAsAName(t *testing.T) {
	a := newAuthenticator(t)
	for text, want := range map[string]string{
		"fbfc3007-154e-4ecc-8c0b-6e020557d7bd": "iCloud Keychain", "08987058-cadc-4b81-b6e1-30de50dcbe96": "Windows Hello",
		"12345678-1234-1234-1234-123456789abc": "",
	} {
		c := newCitizen(t)
		aaguid, err := parseAAGUID(text)
		if err != nil {
			t.Fatal(err)
		}
		copy(c.device.Aaguid[:], aaguid)
		if e := enrol(t, a, c); e.Label != want {
			t.Errorf("%s is called %q", text, e.Label)
		}
	}
	for text := range makers {
		if _, err := parseAAGUID(text); err != nil {
			t.Error(err)
		}
	}
}

func TestOnlyKnownTransportsAreKept(t *testing.T) {
	a, c := newAuthenticator(t), newCitizen(t)
	challenge := begin(t, a, c, authenticators.PurposeEnrol, "enrol")
	answer := strings.Replace(c.Enrol(challenge, noon), `"response":{`, `"response":{"transports":["internal","carrier-pigeon","usb","usb"],`, 1)
	e, err := a.Enrol(challenge, answer, noon)
	if err != nil || e.Outcome != authenticators.Accepted {
		t.Fatal(e.Outcome, err)
	}
	r, _, err := decodeRecord(e.Credentials[0])
	if err != nil || !slices.Equal(r.Transports, []string{"usb", "internal"}) {
		t.Errorf("%v, %v", r.Transports, err)
	}
}

func TestABadConfigurationIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*Config){
		"no RP ID":            func(c *Config) { c.RPID = "" },
		"an RP ID in capital": func(c *Config) { c.RPID = "ID.example" },
		"an address":          func(c *Config) { c.RPID = "192.0.2.1" },
		"a URL":               func(c *Config) { c.RPID = "https://id.example" },
		"no name":             func(c *Config) { c.RPName = "" },
		"a long name":         func(c *Config) { c.RPName = strings.Repeat("名", 65) },
		"no origin":           func(c *Config) { c.Origins = nil },
		"a path":              func(c *Config) { c.Origins = []string{"https://id.example/"} },
		"a default port":      func(c *Config) { c.Origins = []string{"https://id.example:443"} },
		"capitals":            func(c *Config) { c.Origins = []string{"https://ID.example"} },
		"plain http":          func(c *Config) { c.Origins = []string{"http://id.example"} },
		"no scheme":           func(c *Config) { c.Origins = []string{"id.example"} },
		"a user":              func(c *Config) { c.Origins = []string{"https://a@id.example"} },
		"a short timeout":     func(c *Config) { c.Timeout = time.Second },
		"a long timeout":      func(c *Config) { c.Timeout = time.Hour },
		"a policy of nobody":  func(c *Config) { c.Attestation = &Attestation{} },
	} {
		c := configuration()
		spoil(&c)
		if a, err := New(c); err == nil || a != nil {
			t.Errorf("%s: was taken", name)
		}
	}
	c := configuration()
	c.RPID, c.Origins = "localhost", []string{"http://localhost:9033"}
	if _, err := New(c); err != nil {
		t.Errorf("on the developer's own machine: %v", err)
	}
}

func TestRelatedOriginsAreWhatABrowserReads(t *testing.T) {
	body, err := RelatedOrigins("https://id.example", "https://id.zj.gov.cn", "https://app.zj.gov.cn", "https://id.sc.gov.cn")
	if want := `{"origins":["https://id.example","https://id.zj.gov.cn","https://app.zj.gov.cn","https://id.sc.gov.cn"]}`; err != nil || string(body) != want {
		t.Errorf("%s, %v", body, err)
	}
	six := []string{
		"https://id.aa.gov.cn", "https://id.bb.gov.cn", "https://id.cc.gov.cn", "https://id.dd.gov.cn", "https://id.ee.gov.cn",
		"https://id.ff.gov.cn",
	}
	if _, err := RelatedOrigins(six[:5]...); err != nil {
		t.Errorf("five domains: %v", err)
	}
	if _, err := RelatedOrigins(six...); err == nil {
		t.Error("a sixth domain that no browser reads")
	}
	if _, err := RelatedOrigins("http://id.example"); err == nil {
		t.Error("an origin that is not secure")
	}
}
