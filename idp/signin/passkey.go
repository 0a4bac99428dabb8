package signin

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"manyou/authenticators"
	"manyou/idp/web"
	"manyou/storage"
)

// discoverer is the method whose answers name the credential by themselves, nil if there is none.
func (s *SignIn) discoverer(req *Request) authenticators.Discoverer {
	for a := range s.Methods.All() {
		if d, ok := a.(authenticators.Discoverer); ok && req.allows(a.Method().Name) {
			return d
		}
	}
	return nil
}

// passkeyPrompt is what the page hands to the browser, nil where a passkey cannot be used. It is derived anew from where
// the conversation stands, so nothing is stored for it.
func (s *SignIn) passkeyPrompt(ctx context.Context, c *conversation) ([]byte, error) {
	d := s.discoverer(&c.state.Request)
	if d == nil || c.state.Pending != nil {
		return nil, nil
	}
	var of []storage.Credential
	if c.state.Person != "" {
		stored, err := s.Store.CredentialsOf(ctx, c.state.Person)
		if err != nil {
			return nil, err
		}
		of = ofMethod(stored, d.Method().Name)
	}
	challenge, err := s.passkeyChallenge(d, c, of)
	return challenge.Show.Options, err
}

func (s *SignIn) passkeyChallenge(d authenticators.Discoverer, c *conversation, of []storage.Credential) (authenticators.Challenge, error) {
	return d.Begin(authenticators.Request{
		Purpose: authenticators.PurposeProve, Nonce: s.nonce(c), Credentials: asProofs(of), Now: s.Clock(),
	})
}

// enterPasskey takes the browser's answer: of whoever it is, or of the person who is stepping up.
func (s *SignIn) enterPasskey(w http.ResponseWriter, r *http.Request, c *conversation) {
	d := s.discoverer(&c.state.Request)
	if d == nil || c.state.Pending != nil {
		s.back(w, r, c)
		return
	}
	of := c.answered
	if c.state.Person != "" {
		of = slices.DeleteFunc(of, func(k storage.Credential) bool { return k.PersonID != c.state.Person })
	}
	challenge, err := s.passkeyChallenge(d, c, nil)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	got, err := d.Verify(challenge, asProofs(of), r.PostForm.Get("answer"), s.Clock())
	switch {
	case err != nil:
		s.fault(w, r, err)
	case got.Outcome == authenticators.Accepted:
		n := slices.IndexFunc(of, func(k storage.Credential) bool { return k.ID == got.Of })
		s.proven(w, r, c, of[n], got)
	case got.Outcome == authenticators.Cloned:
		s.Logger.WarnContext(r.Context(), "a passkey's counter ran backwards: there may be a copy of it", "credential", of[0].ID)
		s.problemPage(w, r, http.StatusForbidden, web.ProblemPage{Problem: web.ProblemClonedPasskey, Retry: c.path()}, errCloned)
	default:
		problem := web.ErrPasskey
		if len(of) == 0 {
			if s.askHome(w, r, c, d.PersonIn(r.PostForm.Get("answer"))) {
				return
			}
			problem = web.ErrPasskeyUnknown
		}
		// The challenge is used up, whatever came back.
		if err := s.advance(r.Context(), c); err != nil {
			s.fault(w, r, err)
			return
		}
		s.render(w, r, c, http.StatusUnprocessableEntity, problem)
	}
}

// askHome sends the citizen to the issuer that knows their passkey, if its handle says which. All issuers of the nation
// may share passkeys, but each is checked where it was enrolled. It reports whether it answered.
func (s *SignIn) askHome(w http.ResponseWriter, r *http.Request, c *conversation, handle []byte) bool {
	if len(handle) < 2 || c.state.Person != "" {
		return false
	}
	region := string(handle[:2])
	next := NationRegion
	if s.National {
		next = region
	}
	if region == s.Region || region == c.state.Request.Asker || region != NationRegion && !isRegion(region) {
		return false
	}
	target, err := s.upstreams.byRegion(r.Context(), next)
	if err != nil {
		return false
	}
	if region != NationRegion {
		c.state.Request.DomainHint = region
	}
	s.goUpstream(w, r, c, target, prompt(c.state.Request, false))
	return true
}

var errCloned = errors.New("the signature counter of a passkey ran backwards")
