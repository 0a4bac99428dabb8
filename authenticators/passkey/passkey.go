package passkey

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"manyou/authenticators"
)

const (
	// boundRung is reached by what the person's device unlocks, attestedRung by what is proven never to leave it.
	boundRung    = 3
	attestedRung = 4
	// maxCredentials bounds those that a request names to a browser.
	maxCredentials = 64
)

var _ authenticators.Discoverer = (*Authenticator)(nil)

// Method describes passkeys. They are phishing-resistant in the words of NIST SP 800-63B-4 §3.2.5: the browser binds
// each answer to the page's origin. A mini-program has no interface to them.
func (a *Authenticator) Method() authenticators.Method {
	rung := boundRung
	if a.roots != nil {
		rung = attestedRung
	}
	return authenticators.Method{
		Name:              "passkey",
		AMR:               []string{"user", "mfa", "hwk", "swk"},
		Rung:              rung,
		PhishingResistant: true,
		Enrolled:          true,
		Prompt:            authenticators.PromptBrowser,
		Channels: []authenticators.Channel{
			authenticators.ChannelApp, authenticators.ChannelKiosk, authenticators.ChannelCounter, authenticators.ChannelWeb,
		},
	}
}

// state is what a challenge remembers.
type state struct {
	// Challenge is the request's nonce.
	Challenge []byte `json:"challenge"`
	// Handle is the person's, if they have said who they are.
	Handle []byte `json:"handle,omitempty"`
}

func decodeState(c authenticators.Challenge) (state, error) {
	var s state
	if err := json.Unmarshal(c.State, &s); err != nil || len(s.Challenge) != authenticators.NonceSize ||
		(c.Purpose == authenticators.PurposeEnrol && s.Handle == nil) {
		return state{}, errors.New("passkey: this challenge was not made here")
	}
	return s, nil
}

// algorithms are those that an authenticator may sign with, best first (RFC 9053 §2, RFC 8812 §2). RS256 is what older
// authenticators of Windows have.
func algorithms() []protocol.CredentialParameter {
	var offered []protocol.CredentialParameter
	for _, alg := range []webauthncose.COSEAlgorithmIdentifier{
		webauthncose.AlgES256, webauthncose.AlgEdDSA, webauthncose.AlgRS256,
	} {
		offered = append(offered, protocol.CredentialParameter{Type: protocol.PublicKeyCredentialType, Algorithm: alg})
	}
	return offered
}

// Begin asks with the request's nonce for a challenge, so that equal requests have equal challenges. Show.Options is
// for PublicKeyCredential.parseCreationOptionsFromJSON or parseRequestOptionsFromJSON. Whoever has not said who they
// are picks a passkey themselves, also by autofill (conditional mediation is the page's to ask for).
func (a *Authenticator) Begin(r authenticators.Request) (authenticators.Challenge, error) {
	if err := r.Validate(); err != nil {
		return authenticators.Challenge{}, err
	}
	if len(r.Credentials) > maxCredentials {
		return authenticators.Challenge{}, fmt.Errorf("passkey: more than %d credentials", maxCredentials)
	}
	var known []protocol.CredentialDescriptor
	for _, credential := range r.Credentials {
		d, err := descriptor(credential)
		if err != nil {
			return authenticators.Challenge{}, err
		}
		known = append(known, d)
	}
	c := authenticators.Challenge{
		Purpose: r.Purpose, ExpiresAt: r.Now.Add(a.config.Timeout),
		Discoverable: r.Purpose == authenticators.PurposeProve && r.Handle == nil,
	}
	var options any = a.creation(r, known)
	if r.Purpose == authenticators.PurposeProve {
		if c.Discoverable {
			known = nil
		}
		options = a.assertion(r, known)
	}
	var err error
	if c.Show.Options, err = json.Marshal(options); err != nil {
		return authenticators.Challenge{}, fmt.Errorf("passkey: encode the options: %w", err)
	}
	if c.State, err = json.Marshal(state{Challenge: r.Nonce, Handle: r.Handle}); err != nil {
		return authenticators.Challenge{}, fmt.Errorf("passkey: encode the challenge: %w", err)
	}
	return c, nil
}

// creation asks for a new passkey (Web Authentication Level 3 §5.4).
func (a *Authenticator) creation(
	r authenticators.Request, exclude []protocol.CredentialDescriptor,
) protocol.PublicKeyCredentialCreationOptions {
	o := protocol.PublicKeyCredentialCreationOptions{
		RelyingParty: protocol.RelyingPartyEntity{
			CredentialEntity: protocol.CredentialEntity{Name: a.config.RPName}, ID: a.config.RPID,
		},
		User: protocol.UserEntity{
			CredentialEntity: protocol.CredentialEntity{Name: r.Name}, DisplayName: r.Name,
			ID: protocol.URLEncodedBase64(r.Handle),
		},
		Challenge:             r.Nonce,
		Parameters:            algorithms(),
		Timeout:               int(a.config.Timeout.Milliseconds()),
		CredentialExcludeList: exclude,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: protocol.ResidentKeyRequired(),
			ResidentKey:        protocol.ResidentKeyRequirementRequired,
			UserVerification:   protocol.VerificationRequired,
		},
		Attestation: protocol.PreferNoAttestation,
	}
	if a.roots != nil {
		o.Attestation = protocol.PreferDirectAttestation
		o.AttestationFormats = []protocol.AttestationFormat{protocol.AttestationFormatPacked}
	}
	return o
}

// assertion asks for a proof (Web Authentication Level 3 §5.5).
func (a *Authenticator) assertion(
	r authenticators.Request, allow []protocol.CredentialDescriptor,
) protocol.PublicKeyCredentialRequestOptions {
	return protocol.PublicKeyCredentialRequestOptions{
		Challenge:          r.Nonce,
		Timeout:            int(a.config.Timeout.Milliseconds()),
		RelyingPartyID:     a.config.RPID,
		AllowedCredentials: allow,
		UserVerification:   protocol.VerificationRequired,
	}
}

// Revoke tells the person's device to forget the passkey, as far as the browser can pass it on.
func (a *Authenticator) Revoke(c authenticators.Credential) (authenticators.Notice, error) {
	id, err := decodeID(c.Handle)
	if err != nil {
		return authenticators.Notice{}, fmt.Errorf("passkey: credential %q: its handle was not made here", c.ID)
	}
	signal, err := json.Marshal(protocol.SignalUnknownCredential{RPID: a.config.RPID, CredentialID: id})
	if err != nil {
		return authenticators.Notice{}, fmt.Errorf("passkey: encode the signal: %w", err)
	}
	return authenticators.Notice{Signal: signal}, nil
}

// expired reports whether a challenge is over.
func expired(c authenticators.Challenge, now time.Time) bool { return !now.Before(c.ExpiresAt) }
