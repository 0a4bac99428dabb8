package passkey

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"

	"manyou/authenticators"
)

// Verify checks the JSON of PublicKeyCredential.toJSON() that navigator.credentials.get() gave (Web Authentication
// Level 3 §7.2).
func (a *Authenticator) Verify(
	c authenticators.Challenge, of []authenticators.Credential, answer string, now time.Time,
) (authenticators.Proof, error) {
	p := authenticators.Proof{Outcome: authenticators.Rejected, AttemptsLeft: -1}
	if c.Purpose != authenticators.PurposeProve {
		return p, nil
	}
	s, err := decodeState(c)
	if err != nil {
		return authenticators.Proof{}, err
	}
	if expired(c, now) {
		p.Outcome = authenticators.Expired
		return p, nil
	}
	got, ok := parseAssertion(answer)
	if !ok {
		p.Outcome = authenticators.Malformed
		return p, nil
	}
	handle := encodeID(got.RawID)
	i := slices.IndexFunc(of, func(c authenticators.Credential) bool { return c.Handle == handle })
	stored := decoyRecord
	if i >= 0 {
		if stored, _, err = decodeRecord(of[i]); err != nil {
			return authenticators.Proof{}, err
		}
	}
	if signed := a.signed(got, s, stored.PublicKey); !signed || i < 0 || !belongs(got, s, c.Discoverable, stored) {
		p.Again = c
		return p, nil
	}
	return a.proven(of[i], stored, got.Response.AuthenticatorData)
}

// signed reports whether an assertion answers the challenge and is signed by a key.
func (a *Authenticator) signed(p *protocol.ParsedCredentialAssertionData, s state, publicKey []byte) bool {
	// The library takes https://ID.example and https://id.example:443 for one origin; a browser writes only one of
	// them (step 12). Checked last, for all refusals to take as long.
	origin := slices.Contains(a.config.Origins, p.Response.CollectedClientData.Origin)
	// Steps 10 to 21: type, challenge, origin, no frame of another site, RP ID, presence, verification, signature.
	err := p.Verify(base64.RawURLEncoding.EncodeToString(s.Challenge), a.config.RPID, "", a.config.Origins, nil, nil,
		protocol.TopOriginExplicitVerificationMode, false, true, true, publicKey, protocol.SignaturePolicy{})
	return err == nil && origin && consistent(p.Response.AuthenticatorData.Flags)
}

// belongs reports whether a passkey is that of the person who says so (step 6): the one who has said who they are, and
// the one whose handle the authenticator keeps with the key, which it must tell if nobody has.
func belongs(p *protocol.ParsedCredentialAssertionData, s state, discoverable bool, stored record) bool {
	if s.Handle != nil && !bytes.Equal(s.Handle, stored.Handle) {
		return false
	}
	told := p.Response.UserHandle
	if len(told) == 0 {
		return !discoverable && s.Handle != nil
	}
	return bytes.Equal(told, stored.Handle)
}

// proven says what a passkey proved that has signed the challenge, and what is to be remembered of it.
func (a *Authenticator) proven(
	c authenticators.Credential, stored record, data protocol.AuthenticatorData,
) (authenticators.Proof, error) {
	p := authenticators.Proof{Outcome: authenticators.Rejected, AttemptsLeft: -1, Of: c.ID}
	if data.Flags.HasBackupEligible() != stored.BackupEligible {
		p.Of = ""
		return p, nil // whether a key may leave its device is decided when it is made (§6.1.3, §7.2 step 20)
	}
	counter := int64(data.Counter)
	if counter <= c.Counter && (counter != 0 || c.Counter != 0) {
		p.Outcome = authenticators.Cloned // step 22: another device has gone on counting
		return p, nil
	}
	p.Use = authenticators.Use{Counter: counter, Still: counter == 0}
	if backedUp := data.Flags.HasBackupState(); backedUp != stored.BackedUp {
		stored.BackedUp = backedUp
		secret, err := stored.encode()
		if err != nil {
			return authenticators.Proof{}, err
		}
		p.Use.Secret = secret
	}
	p.Outcome, p.Rung, p.AMR = authenticators.Accepted, boundRung, []string{"user", "mfa", "hwk"}
	switch {
	case stored.BackupEligible:
		p.AMR = []string{"user", "mfa", "swk"}
	case stored.Attested && a.roots != nil:
		p.Rung = attestedRung
	}
	return p, nil
}

// HandleIn returns the handle of the credential that an answer names: its ID in base64url.
func (a *Authenticator) HandleIn(answer string) (handle string, ok bool) {
	if len(answer) > maxAnswer {
		return "", false
	}
	var named struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal([]byte(answer), &named); err != nil {
		return "", false
	}
	id, err := decodeID(named.ID)
	if err != nil {
		return "", false
	}
	return encodeID(id), true
}

// PersonIn returns the user handle of an answer (Web Authentication Level 3 §5.2.2).
func (a *Authenticator) PersonIn(answer string) []byte {
	p, ok := parseAssertion(answer)
	if !ok {
		return nil
	}
	return p.Response.UserHandle
}

// parseAssertion reads an answer of at most maxAnswer bytes.
func parseAssertion(answer string) (*protocol.ParsedCredentialAssertionData, bool) {
	if len(answer) > maxAnswer {
		return nil, false
	}
	p, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	return p, err == nil
}
