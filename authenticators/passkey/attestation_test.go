package passkey

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"manyou/authenticators"
)

const model = "cb69481e-8ff7-4039-93ec-0a2729a154a8"

// manufacturer has a root certificate and makes authenticators of a model.
type manufacturer struct {
	root, leaf *x509.Certificate
	key        *ecdsa.PrivateKey // of the leaf
}

func newManufacturer(t testing.TB, aaguid []byte, end time.Time) manufacturer {
	t.Helper()
	rootKey, root := certify(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "root"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
	}, nil, nil)
	value, err := asn1.Marshal(aaguid)
	if err != nil {
		t.Fatal(err)
	}
	key, leaf := certify(t, &x509.Certificate{ // Web Authentication Level 3 §8.2.1
		Subject: pkix.Name{
			Country: []string{"CN"}, Organization: []string{"Maker"}, OrganizationalUnit: []string{"Authenticator Attestation"},
			CommonName: "batch",
		},
		BasicConstraintsValid: true, NotAfter: end,
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}, Value: value}},
	}, root, rootKey)
	return manufacturer{root, leaf, key}
}

func certify(t testing.TB, template, parent *x509.Certificate, by *ecdsa.PrivateKey) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber, template.NotBefore = big.NewInt(1), time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	if parent == nil {
		parent, by = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, certificate
}

// creation is an answer to an enrolment, put together by hand.
type creation struct {
	aaguid    []byte
	publicKey []byte
	flags     byte
	format    string
	chain     [][]byte
	sign      func(digest []byte) []byte
}

// answer is the JSON of the creation for the challenge named "enrol".
func (n creation) answer(t testing.TB, c *citizen) string {
	t.Helper()
	client, err := json.Marshal(clientData("webauthn.create", "enrol"))
	if err != nil {
		t.Fatal(err)
	}
	rp, hash := sha256.Sum256([]byte(home.ID)), sha256.Sum256(client)
	data := append(rp[:], n.flags|flagPresent|flagVerified|64, 0, 0, 0, 0)
	data = append(data, n.aaguid...)
	data = append(data, 0, byte(len(c.key.ID)))
	data = append(data, c.key.ID...)
	data = append(data, n.publicKey...)
	statement := map[string]any{}
	if n.sign != nil {
		digest := sha256.Sum256(append(data[:len(data):len(data)], hash[:]...))
		statement["alg"], statement["sig"] = -7, n.sign(digest[:])
	}
	if n.chain != nil {
		statement["x5c"] = n.chain
	}
	object, err := cbor.Marshal(map[string]any{"fmt": n.format, "attStmt": statement, "authData": data})
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	body, err := json.Marshal(map[string]any{
		"type": "public-key", "id": b64(c.key.ID), "rawId": b64(c.key.ID), "clientExtensionResults": map[string]any{},
		"response": map[string]any{"clientDataJSON": b64(client), "attestationObject": b64(object)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// attest is what a manufacturer's authenticator says of a citizen's new key.
func (m manufacturer) attest(t testing.TB, c *citizen, aaguid []byte) creation {
	return creation{
		aaguid: aaguid, publicKey: c.key.Key.AttestationData(), format: "packed", chain: [][]byte{m.leaf.Raw},
		sign: func(digest []byte) []byte {
			signature, err := m.key.Sign(rand.Reader, digest, crypto.SHA256)
			if err != nil {
				t.Fatal(err)
			}
			return signature
		},
	}
}

func TestOnlyAnAttestedKeyThatStaysInItsDeviceReachesTheFourthRung(t *testing.T) {
	aaguid, err := parseAAGUID(model)
	if err != nil {
		t.Fatal(err)
	}
	other, err := parseAAGUID("12345678-1234-1234-1234-123456789abc")
	if err != nil {
		t.Fatal(err)
	}
	far := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	trusted, stranger, otherModel := newManufacturer(t, aaguid, far), newManufacturer(t, aaguid, far), newManufacturer(t, other, far)
	over := newManufacturer(t, aaguid, time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC))
	configured := configuration()
	configured.Attestation = &Attestation{
		Roots: []*x509.Certificate{trusted.root, otherModel.root, over.root}, AAGUIDs: []string{model},
	}
	strict, err := New(configured)
	if err != nil {
		t.Fatal(err)
	}
	if strict.Method().Rung != 4 || newAuthenticator(t).Method().Rung != 3 {
		t.Error("the method does not declare the rung that the policy allows")
	}

	for name, test := range map[string]struct {
		a    *Authenticator
		make func(*citizen) creation
		now  time.Time
		rung int
		amr  string
	}{
		"attested":         {strict, func(c *citizen) creation { return trusted.attest(t, c, aaguid) }, noon, 4, "hwk"},
		"without a policy": {newAuthenticator(t), func(c *citizen) creation { return trusted.attest(t, c, aaguid) }, noon, 3, "hwk"},
		"synced": {strict, func(c *citizen) creation {
			n := trusted.attest(t, c, aaguid)
			n.flags = flagBackupEligible
			return n
		}, noon, 3, "swk"},
		"of an unknown root":  {strict, func(c *citizen) creation { return stranger.attest(t, c, aaguid) }, noon, 3, "hwk"},
		"of another model":    {strict, func(c *citizen) creation { return otherModel.attest(t, c, other) }, noon, 3, "hwk"},
		"after the root ends": {strict, func(c *citizen) creation { return over.attest(t, c, aaguid) }, time.Date(2099, 6, 1, 0, 0, 0, 0, time.UTC), 3, "hwk"},
		"in its own word": {strict, func(c *citizen) creation {
			n := trusted.attest(t, c, aaguid)
			n.chain, n.sign = nil, func(digest []byte) []byte {
				signature, err := c.key.Key.Sign(digest)
				if err != nil {
					t.Fatal(err)
				}
				return signature
			}
			return n
		}, noon, 3, "hwk"},
		"not at all": {strict, func(c *citizen) creation {
			return creation{aaguid: aaguid, publicKey: c.key.Key.AttestationData(), format: "none"}
		}, noon, 3, "hwk"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCitizen(t)
			n := test.make(c)
			challenge := begin(t, test.a, c, authenticators.PurposeEnrol, "enrol")
			challenge.ExpiresAt = test.now.Add(time.Minute)
			e, err := test.a.Enrol(challenge, n.answer(t, c), test.now)
			if err != nil || e.Outcome != authenticators.Accepted {
				t.Fatal(e.Outcome, err)
			}
			e.Credentials[0].ID = "credential"
			c.device.Options.UserHandle, c.device.Options.BackupEligible = c.handle(), n.flags&flagBackupEligible != 0
			p := prove(t, test.a, c, e.Credentials[0])
			if p.Outcome != authenticators.Accepted || p.Rung != test.rung || !slices.Equal(p.AMR, []string{"user", "mfa", test.amr}) {
				t.Errorf("%v, rung %d, %v", p.Outcome, p.Rung, p.AMR)
			}
			if lax := prove(t, newAuthenticator(t), c, e.Credentials[0]); lax.Rung != 3 {
				t.Errorf("once the policy is gone: rung %d", lax.Rung)
			}
		})
	}
}

func TestAFalseAttestationIsRejected(t *testing.T) {
	aaguid, err := parseAAGUID(model)
	if err != nil {
		t.Fatal(err)
	}
	m := newManufacturer(t, aaguid, time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC))
	c := newCitizen(t)
	p384 := p384Key(t)
	for name, n := range map[string]creation{
		"of another model than its certificate": m.attest(t, c, []byte("another model...")),
		"with a signature of nothing": func() creation {
			n := m.attest(t, c, aaguid)
			n.sign = func([]byte) []byte { return []byte("signature") }
			return n
		}(),
		"with a chain of nothing": func() creation {
			n := m.attest(t, c, aaguid)
			n.chain = [][]byte{}
			return n
		}(),
		"in an unknown format":          {aaguid: aaguid, publicKey: c.key.Key.AttestationData(), format: "word-of-honour"},
		"with an algorithm not offered": {aaguid: aaguid, publicKey: p384, format: "none"},
	} {
		challenge := begin(t, newAuthenticator(t), c, authenticators.PurposeEnrol, "enrol")
		e, err := newAuthenticator(t).Enrol(challenge, n.answer(t, c), noon)
		if err != nil || (e.Outcome != authenticators.Rejected && e.Outcome != authenticators.Malformed) || e.Credentials != nil {
			t.Errorf("%s: %v, %v", name, e.Outcome, err)
		}
	}
}

// p384Key is a COSE key for ES384 (RFC 9053 §2.1), which is not offered.
func p384Key(t testing.TB) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	body, err := cbor.Marshal(map[int]any{1: 2, 3: -35, -1: 2, -2: point[1:49], -3: point[49:]})
	if err != nil {
		t.Fatal(err)
	}
	return body
}
