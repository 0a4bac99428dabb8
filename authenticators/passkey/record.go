package passkey

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"manyou/authenticators"
)

const (
	aaguidLength = 16
	// maxCredentialID bounds a credential ID, in bytes (Web Authentication Level 3 §7.1, step 25).
	maxCredentialID = 1023
	// maxPublicKey bounds a COSE key, in bytes: RSA with 4096 bits has some 530.
	maxPublicKey = 2048
)

// record is what is kept of a passkey, as JSON (the credential record of Web Authentication Level 3 §4, of which the
// signature counter is [authenticators.Credential.Counter] and the ID its handle).
type record struct {
	Handle         []byte   `json:"handle"`          // the person's, as the authenticator keeps it
	PublicKey      []byte   `json:"public_key"`      // COSE_Key (RFC 9052 §7)
	AAGUID         []byte   `json:"aaguid"`          // the authenticator's model, as it says
	Attested       bool     `json:"attested"`        // the model is proven, under the policy at enrolment
	BackupEligible bool     `json:"backup_eligible"` // may leave its device; never changes
	BackedUp       bool     `json:"backed_up"`       // has left its device, as of the last use
	Transports     []string `json:"transports,omitempty"`
}

func (r record) encode() ([]byte, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("passkey: encode the record: %w", err)
	}
	return body, nil
}

// decodeRecord reads a credential. An error means that it was not made here.
func decodeRecord(c authenticators.Credential) (r record, id []byte, err error) {
	if id, err = decodeID(c.Handle); err == nil {
		err = json.Unmarshal(c.Secret, &r)
	}
	if err == nil {
		_, err = webauthncose.ParsePublicKey(r.PublicKey)
	}
	if err != nil || len(r.Handle) < authenticators.MinHandle || len(r.Handle) > authenticators.MaxHandle {
		return record{}, nil, fmt.Errorf("passkey: credential %q: this record was not made here", c.ID)
	}
	return r, id, nil
}

// descriptor names a credential to a browser.
func descriptor(c authenticators.Credential) (protocol.CredentialDescriptor, error) {
	r, id, err := decodeRecord(c)
	if err != nil {
		return protocol.CredentialDescriptor{}, err
	}
	d := protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: id}
	for _, t := range r.Transports {
		d.Transport = append(d.Transport, protocol.AuthenticatorTransport(t))
	}
	return d, nil
}

// encodeID writes a credential ID as a handle: base64url without padding, of which there is one spelling only.
func encodeID(id []byte) string { return base64.RawURLEncoding.EncodeToString(id) }

func decodeID(handle string) ([]byte, error) {
	id, err := base64.RawURLEncoding.DecodeString(handle)
	if err != nil || len(id) == 0 || len(id) > maxCredentialID || encodeID(id) != handle {
		return nil, errors.New("passkey: not a credential ID")
	}
	return id, nil
}

// decoyRecord is the record of a passkey whose private key is known to everybody and accepted of nobody: its public key
// is the generator of P-256. It stands in where there is nobody, so that their answer takes as long to refuse.
var decoyRecord = record{PublicKey: []byte("\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20" +
	"\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96" +
	"\x22\x58\x20" +
	"\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5")}
