package authenticators

import (
	"encoding/json"
	"time"
)

// Authenticator is a way to prove oneself. A new way is one package that has one of these, and one registration of it.
//
// It is pure: it stores nothing and remembers nothing. What must be remembered comes back to the caller, who writes it
// with one atomic operation before acting on the result. It is safe for concurrent use.
//
// A wrong answer, an old one, a forged one is a result ([Outcome]) and never an error. An error says that the answer is
// unknown, because randomness failed or because what the caller had stored is not what this authenticator wrote. No
// error and no result holds a secret, a code or a phone number, save where a field exists for it.
//
// manyou/authenticators/authtest holds every authenticator to this contract.
type Authenticator interface {
	// Method describes it. The answer never changes.
	Method() Method

	// Begin draws a challenge, for an enrolment or for a proof. With equal requests, Nonce included, it may give equal
	// challenges: what makes a challenge good once is that the caller uses a nonce once. A request that breaks a bound
	// of [Request] is an error.
	Begin(r Request) (Challenge, error)

	// Enrol checks the answer to the challenge of an enrolment. Accepted, it returns the credentials to be stored, of
	// which the caller fills in ID, Label and times.
	Enrol(c Challenge, answer string, now time.Time) (Enrolment, error)

	// Verify checks the answer to the challenge of a proof against credentials of this method that may answer it. They
	// belong to one person, or are those found by the answer's own handle; see [Challenge.Discoverable]. Where there is
	// nobody the caller passes none, and Verify takes about as long. Only a method that nobody needs to enrol in
	// ([Method.Enrolled]) accepts an answer then: it proves the request's address and nothing about a person.
	Verify(c Challenge, of []Credential, answer string, now time.Time) (Proof, error)

	// Revoke says what is to be done about a credential that the caller has just deleted, beyond deleting it.
	Revoke(c Credential) (Notice, error)
}

// Purpose is what a challenge is for.
type Purpose string

// The purposes. The answer to one never counts for the other.
const (
	PurposeEnrol Purpose = "enrol"
	PurposeProve Purpose = "prove"
)

// NonceSize is the length of a nonce in bytes.
const NonceSize = 32

// Request says what a challenge is for.
type Request struct {
	Purpose Purpose
	// Nonce is fresh to each challenge and unpredictable: NonceSize bytes, drawn, or derived from what is used once. A
	// method may show it to the browser that asked, or derive a secret from it that the person is shown; nobody else
	// may learn it.
	Nonce []byte
	// Handle stands for the person at the authenticator: opaque, 16 to 64 bytes, the same at every enrolment. It is not
	// personal and not an identifier used elsewhere. nil in a proof by somebody who has not said who they are.
	Handle []byte
	// Name is what the person's own device shows for the person, 1 to 64 characters. For enrolments.
	Name string
	// Address is where a code is sent, in E.164, for methods that send one.
	Address string
	// Credentials are those of this method that the person has: not to be enrolled again, or to be proven with. nil in a
	// proof by somebody who has not said who they are.
	Credentials []Credential
	Now         time.Time
}

// Challenge is a question that has been asked.
type Challenge struct {
	// State is what is needed to check the answer. The caller keeps it sealed or derives the challenge anew; it is bound
	// to the browser that asked, and good for one accepted answer.
	State json.RawMessage `json:"state,omitempty"`
	// Purpose is the request's.
	Purpose   Purpose   `json:"purpose"`
	ExpiresAt time.Time `json:"expires_at"`
	// Discoverable means that the answer itself names the credential, by its handle; see [Discoverer].
	Discoverable bool `json:"discoverable,omitempty"`
	// Show goes to the person and is not kept.
	Show Show `json:"-"`
}

// Show is what a person, their browser or their device gets to see of a challenge. What a method does not use is empty.
type Show struct {
	// Options are for the browser's own interface: JSON of PublicKeyCredentialCreationOptions or …RequestOptions
	// (Web Authentication Level 3 §5.4, §5.5).
	Options json.RawMessage
	// URI is scanned from a QR code, and Text is the same secret to be typed.
	URI, Text string
	// Codes are shown once, to be kept by the person.
	Codes []string
	// Send is a code to be sent: to the numbers of To, in E.164, or to the request's address where there are none.
	Send string
	To   []string
}

// Credential is an authenticator that a person enrolled, as far as its method is concerned.
type Credential struct {
	ID string
	// Handle finds the credential without knowing the person; "" where the method has none.
	Handle string
	// Secret is the method's own record. It is kept sealed.
	Secret []byte
	// Counter only grows: a time step, a signature counter.
	Counter int64
	// Label is what the person calls it.
	Label string
}

// Enrolment is what became of the answer to an enrolment's challenge.
type Enrolment struct {
	Outcome     Outcome
	Credentials []Credential
	// Replaces means that the credentials of this method that the person had before are deleted by the operation that
	// stores these.
	Replaces bool
	// Again and AttemptsLeft are those of [Proof].
	Again        Challenge
	AttemptsLeft int
	// Label suggests what the person may call it: the maker's name, where the method knows it.
	Label string
}

// Proof is what became of the answer to a proof's challenge.
type Proof struct {
	Outcome Outcome
	// Again replaces the challenge where Outcome is Rejected and there are attempts left.
	Again Challenge
	// AttemptsLeft says how many, where the method counts them itself; −1 where it leaves that to the caller.
	AttemptsLeft int
	// Of is the ID of the credential that was proven, or that may have been copied where Outcome is Cloned; "" for a
	// method without credentials. Use is what to write.
	Of  string
	Use Use
	// Rung and AMR are what was proven: at most what [Method] declares.
	Rung int
	AMR  []string
}

// Use is what is written when a credential was proven, in one atomic operation, before anybody relies on it.
type Use struct {
	// Counter replaces the stored one and must be greater, or else the proof is a copy of one that was used before. With
	// Still set it may also be equal, but never smaller.
	Counter int64
	Still   bool
	// Once deletes the credential: it is good one time. Two that delete it at once are one success and one failure.
	Once bool
	// Secret replaces the stored record; nil leaves it.
	Secret []byte
}

// Notice is what is to be done beyond deleting a credential.
type Notice struct {
	// Signal is JSON of UnknownCredentialOptions for the browser (Web Authentication Level 3 §5.1.10.2), by which the
	// person's device forgets the credential too; nil where there is nothing to tell.
	Signal json.RawMessage
}

// Discoverer is an authenticator whose answers name the credential by themselves.
type Discoverer interface {
	Authenticator
	// HandleIn returns the handle of the credential that an answer claims to be of, without checking anything else.
	HandleIn(answer string) (handle string, ok bool)
	// PersonIn returns the person's handle that an answer claims, nil if it claims none, without checking anything. It
	// may say where the person is known.
	PersonIn(answer string) []byte
}
