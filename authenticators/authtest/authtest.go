package authtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"manyou/authenticators"
)

// Subject is an authenticator under test.
type Subject struct {
	// New makes the authenticator.
	New func(t testing.TB) authenticators.Authenticator
	// Person returns somebody else at every call, with a device of their own.
	Person func(t testing.TB) Person
}

// Person can answer challenges.
type Person interface {
	// Introduce fills in what a request says about the person: Handle, Name, and Address where the method uses it.
	Introduce(r *authenticators.Request)
	// Enrol answers the challenge of an enrolment rightly.
	Enrol(c authenticators.Challenge, now time.Time) (answer string)
	// Prove answers the challenge of a proof as well as this person can: rightly if it is their own, else wrongly and
	// in the right form. It is called at least 30 seconds after the last time.
	Prove(c authenticators.Challenge, now time.Time) (answer string)
}

// Run runs the cases of the contract.
func Run(t *testing.T, s Subject) {
	for name, test := range map[string]func(*fixture){
		"the description is complete and never changes":        description,
		"a request that breaks a bound is an error":            badRequests,
		"equal requests give equal or independent challenges":  equalRequests,
		"the right answer enrols":                              enrolment,
		"a wrong answer to an enrolment is a result":           wrongEnrolment,
		"an enrolment expires":                                 expiredEnrolment,
		"the right answer proves":                              proof,
		"a wrong answer to a proof is a result":                wrongProof,
		"what is left of a rejected challenge can be answered": again,
		"an answer is refused once it was used":                replay,
		"a proof expires":                                      expiredProof,
		"nobody can prove anything":                            nobody,
		"another person's answer proves nothing":               stranger,
		"an answer to one purpose never counts for the other":  crossed,
		"what was not stored by the method is an error":        foreignRecords,
		"revoking says what is left to do":                     revoke,
		"the answer names the credential":                      discoverable,
		"it is safe for concurrent use":                        concurrent,
	} {
		t.Run(name, func(t *testing.T) {
			test(&fixture{T: t, a: s.New(t), subject: s, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)})
		})
	}
}

// fixture is one case: an authenticator, and a clock.
type fixture struct {
	*testing.T
	a       authenticators.Authenticator
	subject Subject
	now     time.Time
	nonces  int
}

// wallet is a person with what they enrolled, as a caller stores it.
type wallet struct {
	Person
	credentials []authenticators.Credential
}

func (f *fixture) nonce() []byte {
	f.nonces++
	nonce := sha256.Sum256(fmt.Appendf(nil, "%s %d", f.Name(), f.nonces))
	return nonce[:]
}

// request is one by a person who has said who they are.
func (f *fixture) request(w *wallet, purpose authenticators.Purpose) authenticators.Request {
	r := authenticators.Request{Purpose: purpose, Nonce: f.nonce(), Credentials: w.credentials, Now: f.now}
	w.Introduce(&r)
	return r
}

func (f *fixture) begin(r authenticators.Request) authenticators.Challenge {
	f.Helper()
	c, err := f.a.Begin(r)
	if err != nil {
		f.Fatalf("begin: %v", err)
	}
	if c.Purpose != r.Purpose || !c.ExpiresAt.After(r.Now) {
		f.Fatalf("a challenge to %q that ends at %s was begun to %q at %s", c.Purpose, c.ExpiresAt, r.Purpose, r.Now)
	}
	f.silent(fmt.Sprintf("%v %+v %#v", c, c, r), c, "")
	return c
}

// kept is what a caller has of a challenge when the answer comes: its JSON, without what was shown.
func (f *fixture) kept(c authenticators.Challenge) authenticators.Challenge {
	f.Helper()
	body, err := json.Marshal(c)
	if err != nil {
		f.Fatal(err)
	}
	var back authenticators.Challenge
	if err := json.Unmarshal(body, &back); err != nil {
		f.Fatal(err)
	}
	return back
}

func (f *fixture) later() { f.now = f.now.Add(31 * time.Second) }

func (f *fixture) enrol(c authenticators.Challenge, answer string) authenticators.Enrolment {
	f.Helper()
	e, err := f.a.Enrol(f.kept(c), answer, f.now)
	f.silent(fmt.Sprintf("%v %v %+v", err, e, e), c, answer)
	if err != nil {
		f.Fatalf("enrol: a fault: %v", err)
	}
	f.known(e.Outcome)
	if e.Outcome != authenticators.Accepted && e.Credentials != nil {
		f.Fatalf("%v, with credentials", e.Outcome)
	}
	return e
}

func (f *fixture) verify(c authenticators.Challenge, of []authenticators.Credential, answer string) authenticators.Proof {
	f.Helper()
	p, err := f.a.Verify(f.kept(c), of, answer, f.now)
	f.silent(fmt.Sprintf("%v %v %+v", err, p, p), c, answer)
	if err != nil {
		f.Fatalf("verify: a fault: %v", err)
	}
	f.known(p.Outcome)
	if p.Outcome != authenticators.Accepted && (p.Rung != 0 || p.AMR != nil || p.Use.Once || p.Use.Secret != nil) {
		f.Fatalf("%v, but it proves: %+v", p.Outcome, p)
	}
	return p
}

func (f *fixture) known(o authenticators.Outcome) {
	f.Helper()
	if o < authenticators.Accepted || o > authenticators.Cloned {
		f.Fatalf("%v is no outcome", o)
	}
}

// silent fails if a text repeats an answer or what was shown.
func (f *fixture) silent(text string, c authenticators.Challenge, answer string) {
	f.Helper()
	secrets := append(slices.Clone(c.Show.Codes), c.Show.Send, c.Show.Text, c.Show.URI, string(c.Show.Options), answer)
	for _, secret := range secrets {
		if len(secret) >= 6 && strings.Contains(text, secret) {
			f.Fatalf("%q appears in %q", secret, text)
		}
	}
}

// newcomer is somebody who has enrolled.
func (f *fixture) newcomer() *wallet {
	f.Helper()
	w := &wallet{Person: f.subject.Person(f)}
	c := f.begin(f.request(w, authenticators.PurposeEnrol))
	e := f.enrol(c, w.Enrol(c, f.now))
	if e.Outcome != authenticators.Accepted {
		f.Fatalf("enrol: %v", e.Outcome)
	}
	w.store(e)
	f.later()
	return w
}

// store does what a caller does with an enrolment.
func (w *wallet) store(e authenticators.Enrolment) {
	if e.Replaces {
		w.credentials = nil
	}
	for _, c := range e.Credentials {
		c.ID = fmt.Sprintf("credential-%d", len(w.credentials)+1)
		w.credentials = append(w.credentials, c)
	}
}

// use does what a caller does with an accepted proof, and reports whether it may be relied on.
func (w *wallet) use(p authenticators.Proof) bool {
	i := slices.IndexFunc(w.credentials, func(c authenticators.Credential) bool { return c.ID == p.Of })
	switch {
	case p.Of == "": // nothing is stored
		return true
	case i < 0:
		return false
	case p.Use.Once:
		w.credentials = slices.Delete(slices.Clone(w.credentials), i, i+1)
		return true
	}
	c := &w.credentials[i]
	if p.Use.Counter < c.Counter || (p.Use.Counter == c.Counter && !p.Use.Still) {
		return false
	}
	c.Counter = p.Use.Counter
	if p.Use.Secret != nil {
		c.Secret = bytes.Clone(p.Use.Secret)
	}
	return true
}
