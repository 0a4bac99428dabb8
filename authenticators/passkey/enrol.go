package passkey

import (
	"encoding/base64"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"

	"manyou/authenticators"
)

// maxAnswer bounds the JSON of an answer, in bytes. An attestation with a chain of certificates has some 6,000.
const maxAnswer = 16 << 10

// Enrol checks the JSON of PublicKeyCredential.toJSON() that navigator.credentials.create() gave (Web Authentication
// Level 3 §7.1). The caller still has to refuse a handle that somebody enrolled before (step 26).
func (a *Authenticator) Enrol(c authenticators.Challenge, answer string, now time.Time) (authenticators.Enrolment, error) {
	e := authenticators.Enrolment{Outcome: authenticators.Rejected, AttemptsLeft: -1}
	if c.Purpose != authenticators.PurposeEnrol {
		return e, nil
	}
	s, err := decodeState(c)
	if err != nil {
		return authenticators.Enrolment{}, err
	}
	if expired(c, now) {
		e.Outcome = authenticators.Expired
		return e, nil
	}
	created, ok := parseCreation(answer)
	if !ok {
		e.Outcome = authenticators.Malformed
		return e, nil
	}
	if !a.created(created, s) {
		e.Again = c
		return e, nil
	}
	data := created.Response.AttestationObject.AuthData
	r := record{
		Handle:         s.Handle,
		PublicKey:      data.AttData.CredentialPublicKey,
		AAGUID:         data.AttData.AAGUID,
		Attested:       a.attested(created.Response.AttestationObject, now),
		BackupEligible: data.Flags.HasBackupEligible(),
		BackedUp:       data.Flags.HasBackupState(),
		Transports:     transports(created.Response.Transports),
	}
	secret, err := r.encode()
	if err != nil {
		return authenticators.Enrolment{}, err
	}
	e.Outcome, e.Label = authenticators.Accepted, maker(r.AAGUID)
	e.Credentials = []authenticators.Credential{{
		Handle: encodeID(created.RawID), Secret: secret, Counter: int64(data.Counter),
	}}
	return e, nil
}

// created reports whether a new passkey answers the challenge.
func (a *Authenticator) created(p *protocol.ParsedCredentialCreationData, s state) bool {
	// The library takes https://ID.example and https://id.example:443 for one origin; a browser writes only one of
	// them (step 9).
	if !slices.Contains(a.config.Origins, p.Response.CollectedClientData.Origin) {
		return false
	}
	// Steps 7 to 21: type, challenge, origin, no frame of another site, RP ID, presence, verification, algorithm and
	// the signature of the attestation.
	_, err := p.Verify(base64.RawURLEncoding.EncodeToString(s.Challenge), a.config.RPID, a.config.Origins, nil, nil,
		protocol.TopOriginExplicitVerificationMode, false, true, true, nil, algorithms(), protocol.AttestationPolicy{},
		protocol.SignaturePolicy{})
	data := p.Response.AttestationObject.AuthData
	return err == nil && len(p.RawID) <= maxCredentialID && len(data.AttData.CredentialPublicKey) <= maxPublicKey &&
		len(data.AttData.AAGUID) == aaguidLength && consistent(data.Flags)
}

// consistent reports whether the flags may come together: what may not be backed up is not backed up (Web
// Authentication Level 3 §7.1 step 18, §7.2 step 19).
func consistent(f protocol.AuthenticatorFlags) bool {
	return f.HasBackupEligible() || !f.HasBackupState()
}

// parseCreation reads an answer of at most maxAnswer bytes.
func parseCreation(answer string) (*protocol.ParsedCredentialCreationData, bool) {
	if len(answer) > maxAnswer {
		return nil, false
	}
	p, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	return p, err == nil
}

// transports keeps those that Web Authentication Level 3 §5.8.4 knows: the others come from the browser unchecked.
func transports(claimed []protocol.AuthenticatorTransport) []string {
	var kept []string
	for _, t := range []protocol.AuthenticatorTransport{
		protocol.USB, protocol.NFC, protocol.BLE, protocol.SmartCard, protocol.Hybrid, protocol.Internal,
	} {
		if slices.Contains(claimed, t) {
			kept = append(kept, string(t))
		}
	}
	return kept
}
