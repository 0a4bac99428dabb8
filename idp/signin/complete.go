package signin

import (
	"errors"
	"net/http"
	"slices"

	"manyou/idp/session"
	"manyou/idp/web"
	"manyou/storage"
)

// outcome is who signed in, and what has to be written besides the session.
type outcome struct {
	person     string
	home       string // the person's region; where it was looked at
	created    *storage.Person
	link       *storage.Link
	credential *storage.Credential
	use        *storage.CredentialUse
	ticket     *storage.Ticket     // of another device that approved
	rests      *storage.SessionRef // the session that it was approved with
	origin     string              // the issuer where the person authenticated, "" if here
	idToken    string              // of that issuer
	// others are who else enrolled the phone, by which the register has just identified the person.
	others []string
}

// is the outcome of a sign-in of a known person, with nothing else to write.
func is(person string) func() (outcome, error) {
	return func() (outcome, error) { return outcome{person: person}, nil }
}

// complete ends the conversation: one transaction uses it up and begins the session. Only then is the browser told.
//
// The outcome is found anew if the transaction collides: a second tab, or a second browser, may have made the same person
// or the same link in between. If it was this conversation that was answered twice, the second attempt fails as well.
func (s *SignIn) complete(w http.ResponseWriter, r *http.Request, c *conversation, find func() (outcome, error)) {
	cookie, begun, out, err := s.write(r, c, find)
	if errors.Is(err, storage.ErrConflict) {
		cookie, begun, out, err = s.write(r, c, find)
	}
	switch {
	case errors.Is(err, errNeedsNation):
		s.problemPage(w, r, http.StatusServiceUnavailable, web.ProblemPage{Problem: web.ProblemNation, Retry: c.path()}, err)
		return
	case errors.Is(err, errMismatch):
		s.problemPage(w, r, http.StatusForbidden, web.ProblemPage{
			Problem: web.ProblemMismatch, Retry: c.path(), ComplainURL: s.complainURL(w, r, Refused{Phone: c.state.Phone, ACR: c.rung()}),
		}, err)
		return
	case errors.Is(err, storage.ErrUsed):
		s.wrong(w, r, c) // of two who used a code at once this is the second
		return
	case errors.Is(err, storage.ErrEnded) && c.rests():
		// What it would have rested on has ended meanwhile: the citizen signs in from the beginning.
		c.state.Upstream = nil
		s.toPhone(w, r, c)
		return
	case errors.Is(err, storage.ErrEnded), errors.As(err, new(frozenLink)):
		s.held(w, r, c, begun, out.use, err)
		return
	case err != nil:
		s.fault(w, r, err)
		return
	}
	http.SetCookie(w, cookie)
	s.Cookies.Unbind(w, c.id)
	s.Logger.InfoContext(r.Context(), "signed in", "acr", begun.ACR, "amr", begun.AMR, "origin", begun.Origin)
	s.passedOn(r.Context(), c.state.Phone, out.others, begun.ACR)
	s.Host.Finish(w, r, c.state.Request.Body, begun)
}

// write stores the end of the conversation and returns the session as it was stored, with its cookie, and the outcome that was found.
func (s *SignIn) write(r *http.Request, c *conversation, find func() (outcome, error)) (*http.Cookie, storage.Session, outcome, error) {
	out, err := find()
	if err != nil {
		return nil, storage.Session{}, outcome{}, err
	}
	handle, cookie, err := s.Cookies.Issue()
	if err != nil {
		return nil, storage.Session{}, outcome{}, err
	}
	end := storage.SignIn{
		ConversationID: c.id, ConversationExpiresAt: c.expiresAt, ConversationVersion: c.version,
		Person: out.created, Link: out.link, Credential: out.credential, Use: out.use, Ticket: out.ticket, Rests: out.rests,
		Session: s.session(r, c, out, handle),
	}
	if before := c.state.Session; end.Rests == nil && before != nil && before.PersonID == out.person {
		end.Rests = &storage.SessionRef{ID: before.ID, ExpiresAt: before.ExpiresAt}
	}
	if end.Event, err = s.signedIn(r, c, end.Session); err != nil {
		return nil, storage.Session{}, outcome{}, err
	}
	if earlier, ok := s.Cookies.Handle(r); ok {
		end.ReplacesID, end.ReplacesExpiresAt = earlier.ID, earlier.ExpiresAt
	}
	end.Session.Epoch, err = s.Store.CompleteSignIn(r.Context(), end)
	return cookie, end.Session, out, err
}

// rests reports whether the session that begins is built on another one.
func (c *conversation) rests() bool { return c.state.Session != nil || c.state.Step == stepQR }

// session is what begins: what was proven in this conversation, and in the session that it steps up.
func (s *SignIn) session(r *http.Request, c *conversation, out outcome, handle session.Handle) storage.Session {
	begun := storage.Session{
		ID: handle.ID, ExpiresAt: handle.ExpiresAt, PersonID: out.person,
		Origin: out.origin, UpstreamIDToken: out.idToken,
		UserAgent: session.Agent(r), Family: s.family(c, out.person), CreatedAt: s.Clock(),
	}
	// What another person proved counts for nothing: a citizen may leave a step-up and sign in as themselves.
	if before := c.state.Session; before != nil && before.PersonID == out.person {
		begun.ACR, begun.AMR, begun.AuthTime = before.ACR, before.AMR, before.AuthTime
		begun.Origin, begun.UpstreamIDToken = before.Origin, before.UpstreamIDToken
	}
	for _, p := range c.state.Proven {
		begun.ACR = max(begun.ACR, p.Rung)
		if p.At.After(begun.AuthTime) && !p.Second { // somebody else's help makes nothing fresh
			begun.AuthTime = p.At
		}
		for _, method := range p.AMR {
			if !slices.Contains(begun.AMR, method) {
				begun.AMR = append(begun.AMR, method)
			}
		}
	}
	return begun
}

// family joins the sessions of a person in this browser.
func (s *SignIn) family(c *conversation, person string) []byte {
	return s.Vault.MAC("session_family", []byte(c.state.Browser+"\x00"+person))[:16]
}

// agree records that the citizen agrees, and goes on.
func (s *SignIn) agree(w http.ResponseWriter, r *http.Request, c *conversation) {
	current := c.state.Session
	live, err := s.Store.Session(r.Context(), current.ID, current.ExpiresAt)
	if err == nil && !live.Stands(s.Clock()) || errors.Is(err, storage.ErrNotFound) {
		// Whoever sits there now is not the citizen who was asked.
		s.problem(w, r, http.StatusForbidden, web.ProblemExpired, errors.New("the session that was to agree has ended"))
		return
	} else if err != nil {
		s.fault(w, r, err)
		return
	}
	if !s.end(w, r, c) {
		return
	}
	err = s.Store.PutConsent(r.Context(), storage.Consent{
		PersonID: c.state.Person, ClientID: c.state.Consent.ClientID, Scopes: c.state.Consent.Scopes, GivenAt: s.Clock(),
	})
	if err != nil {
		s.fault(w, r, err)
		return
	}
	s.Host.Finish(w, r, c.state.Request.Body, *current)
}

// decline tells the application that the citizen does not agree.
func (s *SignIn) decline(w http.ResponseWriter, r *http.Request, c *conversation) {
	if s.end(w, r, c) {
		s.Host.Refuse(w, r, c.state.Request.Body, "access_denied")
	}
}

// end uses a conversation up without a sign-in.
func (s *SignIn) end(w http.ResponseWriter, r *http.Request, c *conversation) bool {
	record, err := c.record()
	if err == nil {
		err = s.Store.EndConversation(r.Context(), record)
	}
	if err != nil {
		s.fault(w, r, err)
		return false
	}
	s.Cookies.Unbind(w, c.id)
	return true
}
