package passkey

import (
	"crypto/x509"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
)

// maxChain bounds the certificates of an attestation.
const maxChain = 6

// attested reports whether a verified attestation object proves a model that the policy trusts (Web Authentication
// Level 3 §7.1, steps 22 to 24). That the statement is signed by its first certificate, and that this certificate is
// for the model in the authenticator data, has been checked (§8.2, §8.2.1); here it is followed to a root.
func (a *Authenticator) attested(o protocol.AttestationObject, now time.Time) bool {
	if a.roots == nil || o.Format != string(protocol.AttestationFormatPacked) || !a.models[string(o.AuthData.AttData.AAGUID)] {
		return false
	}
	chain, ok := o.AttStatement["x5c"].([]any)
	if !ok || len(chain) == 0 || len(chain) > maxChain { // without certificates it is the new key's own word
		return false
	}
	var first *x509.Certificate
	between := x509.NewCertPool()
	for i, link := range chain {
		der, ok := link.([]byte)
		if !ok {
			return false
		}
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return false
		}
		if i == 0 {
			first = certificate
		} else {
			between.AddCert(certificate)
		}
	}
	_, err := first.Verify(x509.VerifyOptions{
		Roots: a.roots, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err == nil
}
