package signin

import (
	"errors"
	"net/http"

	"manyou/idp/web"
	"manyou/storage"
)

// frozenLink reports that nobody signs in by a link, and whose it is.
type frozenLink struct{ person string }

// Error implements error.
func (frozenLink) Error() string { return "a hold lies on the link" }

// held answers a citizen who has proven who they are and may not sign in so: with the passkey that a hold asks for, or with the
// number of the case. Who has proven nothing never comes here. What was proven counts beside what is asked for now, so its use, which was not
// written with a session, is written before.
func (s *SignIn) held(w http.ResponseWriter, r *http.Request, c *conversation, begun storage.Session, use *storage.CredentialUse, cause error) {
	whom := begun.PersonID
	if link := (frozenLink{}); errors.As(cause, &link) {
		whom = link.person
	}
	person, err := s.Store.Person(r.Context(), whom)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	page := web.ProblemPage{Problem: web.ProblemFrozen}
	if person.Status == storage.PersonActive && person.LeastACR > begun.ACR && begun.PersonID != "" {
		page.Problem = web.ProblemStepUp
		if begun.Origin == "" {
			credentials, err := s.Store.CredentialsOf(r.Context(), whom)
			if err != nil {
				s.fault(w, r, err)
				return
			}
			c.state.Request.Rung, c.state.Request.Essential = max(person.LeastACR, c.state.Request.Rung), true
			if _, ok := s.reaching(&c.state.Request, credentials); ok && !s.spent(w, r, c, use) || s.askMore(w, r, c, whom, credentials) {
				return
			}
		}
	}
	holds, err := s.Store.HoldsOf(r.Context(), whom)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	for _, h := range holds {
		if h.Lies() && h.Kind != storage.HoldWatch && h.Number != "" {
			page.Case = h.Number // the latest
		}
	}
	page.ComplainURL = s.complainURL(w, r, Refused{Person: whom, ACR: begun.ACR})
	s.problemPage(w, r, http.StatusForbidden, page, cause)
}

// spent writes the use of what was proven. It reports whether it may be relied on, and answers if not.
func (s *SignIn) spent(w http.ResponseWriter, r *http.Request, c *conversation, use *storage.CredentialUse) bool {
	if use == nil {
		return true
	}
	switch err := s.Store.UseCredential(r.Context(), *use, s.Clock()); {
	case err == nil:
		return true
	case errors.Is(err, storage.ErrUsed), errors.Is(err, storage.ErrNotFound): // of two who used a code at once this is the second
		s.wrong(w, r, c)
	default:
		s.fault(w, r, err)
	}
	return false
}
