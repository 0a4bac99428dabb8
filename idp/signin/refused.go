package signin

import "net/http"

// Refused is somebody who may not sign in, and what they have proven.
type Refused struct {
	Person string // who they are; "" if that is not known
	Phone  string // a number that they hold, if it is not
	ACR    int
}

// complainURL is where somebody who is refused can say that something is wrong, "" if nowhere. Who has proven nothing has nothing to say.
func (s *SignIn) complainURL(w http.ResponseWriter, r *http.Request, who Refused) string {
	if s.Complain == nil || who.Person == "" && who.Phone == "" {
		return ""
	}
	at, err := s.Complain(w, r, who)
	if err != nil {
		s.Logger.ErrorContext(r.Context(), "no way to complain", "cause", err)
		return ""
	}
	return at
}

// complain leads from the page that asks who somebody is to where they can say that the register has them wrong. It looks nobody up: the page and
// this answer are the same for whoever holds a phone.
func (s *SignIn) complain(w http.ResponseWriter, r *http.Request) {
	c, ok := s.resume(w, r, r.PathValue("conversation"))
	if !ok {
		return
	}
	at := ""
	if c.state.Step == stepIdentify {
		at = s.complainURL(w, r, Refused{Phone: c.state.Phone, ACR: c.rung()})
	}
	if at == "" {
		s.back(w, r, c)
		return
	}
	http.Redirect(w, r, at, http.StatusSeeOther) //nolint:gosec // the nation's address, or a path of ours
}

// rung is the highest that was proven.
func (c *conversation) rung() (rung int) {
	for _, p := range c.state.Proven {
		rung = max(rung, p.Rung)
	}
	return rung
}
