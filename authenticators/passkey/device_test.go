package passkey

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"manyou/authenticators"
	"manyou/authenticators/authtest"
)

var (
	noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	home = virtualwebauthn.RelyingParty{ID: "id.example", Name: "统一身份认证", Origin: "https://id.example"}
)

func configuration() Config {
	return Config{RPID: home.ID, RPName: home.Name, Origins: []string{home.Origin, "https://sichuan.example:8443"}}
}

func newAuthenticator(t testing.TB) *Authenticator {
	t.Helper()
	a, err := New(configuration())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// citizen has a device with one passkey, and a browser that says where it is.
type citizen struct {
	testing.TB
	n       int64
	browser virtualwebauthn.RelyingParty
	device  virtualwebauthn.Authenticator
	key     virtualwebauthn.Credential
	counts  bool // the device counts its signatures
}

var citizens atomic.Int64

func newCitizen(t testing.TB) *citizen {
	c := &citizen{TB: t, n: citizens.Add(1), browser: home, device: virtualwebauthn.NewAuthenticator(), counts: true}
	// A coordinate that begins with a zero byte is encoded without it, which no real authenticator does.
	for ok := false; !ok; ok = len(c.key.Key.AttestationData()) == 77 {
		c.key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	return c
}

func (c *citizen) handle() []byte { return fmt.Appendf(nil, "handle of person %d", c.n) }

func (c *citizen) Introduce(r *authenticators.Request) {
	r.Handle, r.Name = c.handle(), fmt.Sprintf("王五 %d", c.n)
}

func (c *citizen) Enrol(challenge authenticators.Challenge, _ time.Time) string {
	options, err := virtualwebauthn.ParseAttestationOptions(string(challenge.Show.Options))
	if err != nil {
		c.Fatal(err)
	}
	c.device.Options.UserHandle = []byte(options.UserID)
	return virtualwebauthn.CreateAttestationResponse(c.browser, c.device, c.key, *options)
}

func (c *citizen) Prove(challenge authenticators.Challenge, _ time.Time) string {
	options, err := virtualwebauthn.ParseAssertionOptions(string(challenge.Show.Options))
	if err != nil {
		c.Fatal(err)
	}
	if c.counts {
		c.key.Counter++
	}
	return virtualwebauthn.CreateAssertionResponse(c.browser, c.device, c.key, *options)
}

func TestPasskeysKeepTheContract(t *testing.T) {
	for name, prepare := range map[string]func(*citizen){
		"bound to a device": func(*citizen) {},
		"never counting":    func(c *citizen) { c.counts = false },
		"synced":            func(c *citizen) { c.device.Options.BackupEligible, c.device.Options.BackupState = true, true },
	} {
		t.Run(name, func(t *testing.T) {
			authtest.Run(t, authtest.Subject{
				New: func(t testing.TB) authenticators.Authenticator { return newAuthenticator(t) },
				Person: func(t testing.TB) authtest.Person {
					c := newCitizen(t)
					prepare(c)
					return c
				},
			})
		})
	}
}

// nonce makes one out of a name.
func nonce(name string) []byte {
	n := sha256.Sum256([]byte(name))
	return n[:]
}

// enrolled is a citizen's passkey as it is stored.
func enrolled(t testing.TB, a *Authenticator, c *citizen) authenticators.Credential {
	t.Helper()
	e := enrol(t, a, c)
	if e.Outcome != authenticators.Accepted {
		t.Fatalf("enrol: %v", e.Outcome)
	}
	e.Credentials[0].ID = "credential"
	return e.Credentials[0]
}

func begin(t testing.TB, a *Authenticator, c *citizen, purpose authenticators.Purpose, name string, of ...authenticators.Credential) authenticators.Challenge {
	t.Helper()
	r := authenticators.Request{Purpose: purpose, Nonce: nonce(name), Credentials: of, Now: noon}
	if c != nil {
		c.Introduce(&r)
	}
	challenge, err := a.Begin(r)
	if err != nil {
		t.Fatal(err)
	}
	return challenge
}

func enrol(t testing.TB, a *Authenticator, c *citizen) authenticators.Enrolment {
	t.Helper()
	challenge := begin(t, a, c, authenticators.PurposeEnrol, "enrol")
	e, err := a.Enrol(challenge, c.Enrol(challenge, noon), noon)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func verify(t testing.TB, a *Authenticator, challenge authenticators.Challenge, answer string, of ...authenticators.Credential) authenticators.Proof {
	t.Helper()
	p, err := a.Verify(challenge, of, answer, noon)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// prove is a whole proof by a citizen who has said who they are.
func prove(t testing.TB, a *Authenticator, c *citizen, of authenticators.Credential) authenticators.Proof {
	t.Helper()
	challenge := begin(t, a, c, authenticators.PurposeProve, "prove", of)
	return verify(t, a, challenge, c.Prove(challenge, noon), of)
}

// forge signs an assertion over client data of the forger's choice with the citizen's key.
func (c *citizen) forge(clientData map[string]any, flags byte) string {
	client, err := json.Marshal(clientData)
	if err != nil {
		c.Fatal(err)
	}
	rp, hash := sha256.Sum256([]byte(home.ID)), sha256.Sum256(client)
	c.key.Counter++
	data := append(rp[:], flags, 0, 0, 0, byte(c.key.Counter))
	digest := sha256.Sum256(append(data[:len(data):len(data)], hash[:]...))
	signature, err := c.key.Key.Sign(digest[:])
	if err != nil {
		c.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	answer, err := json.Marshal(map[string]any{
		"type": "public-key", "id": b64(c.key.ID), "rawId": b64(c.key.ID), "clientExtensionResults": map[string]any{},
		"response": map[string]any{
			"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature), "userHandle": b64(c.handle()),
		},
	})
	if err != nil {
		c.Fatal(err)
	}
	return string(answer)
}

// clientData is what a browser at home signs for a challenge.
func clientData(kind, name string) map[string]any {
	return map[string]any{
		"type": kind, "challenge": base64.RawURLEncoding.EncodeToString(nonce(name)), "origin": home.Origin, "crossOrigin": false,
	}
}

const (
	flagPresent, flagVerified, flagBackupEligible, flagBackedUp byte = 1, 4, 8, 16
)
