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
// number of the case. Who has proven nothing never comes here.
func (s *SignIn) held(w http.ResponseWriter, r *http.Request, c *conversation, begun storage.Session, cause error) {
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
			if s.askMore(w, r, c, whom, credentials) {
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
