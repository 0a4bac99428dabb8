package signin

import (
	"errors"
	"net/http"
	"slices"

	"manyou/idp/web"
	"manyou/storage"
)

// outcome is who signed in, and what has to be written besides the session.
type outcome struct {
	person     string
	created    *storage.Person
	link       *storage.Link
	credential *storage.Credential
	origin     string // the issuer where the person authenticated, "" if here
	idToken    string // of that issuer
}

// maxUserAgent bounds what is kept of the browser's own description, in bytes.
const maxUserAgent = 200

// complete ends the conversation: one transaction uses it up and begins the session. Only then is the browser told.
func (s *SignIn) complete(w http.ResponseWriter, r *http.Request, c *conversation, out outcome) {
	handle, cookie, err := s.Cookies.Issue()
	if err != nil {
		s.fault(w, r, err)
		return
	}
	agent := r.UserAgent()
	begun := storage.Session{
		ID: handle.ID, ExpiresAt: handle.ExpiresAt, PersonID: out.person,
		Origin: out.origin, UpstreamIDToken: out.idToken,
		UserAgent: agent[:min(len(agent), maxUserAgent)], CreatedAt: s.Clock(),
	}
	if before := c.state.Session; before != nil { // a step-up adds to what was proven before
		begun.ACR, begun.AMR, begun.AuthTime = before.ACR, before.AMR, before.AuthTime
		begun.Origin, begun.UpstreamIDToken = before.Origin, before.UpstreamIDToken
	}
	for _, p := range c.state.Proven {
		begun.ACR = max(begun.ACR, p.Rung)
		if p.At.After(begun.AuthTime) {
			begun.AuthTime = p.At
		}
		for _, method := range p.AMR {
			if !slices.Contains(begun.AMR, method) {
				begun.AMR = append(begun.AMR, method)
			}
		}
	}
	end := storage.SignIn{
		ConversationID: c.id, ConversationExpiresAt: c.expiresAt, ConversationVersion: c.version,
		Person: out.created, Link: out.link, Credential: out.credential, Session: begun,
	}
	if earlier, ok := s.Cookies.Handle(r); ok {
		end.ReplacesID, end.ReplacesExpiresAt = earlier.ID, earlier.ExpiresAt
	}
	switch err := s.Store.CompleteSignIn(r.Context(), end); {
	case errors.Is(err, storage.ErrEnded):
		s.problem(w, r, http.StatusForbidden, web.ProblemFrozen, err)
		return
	case err != nil:
		s.fault(w, r, err)
		return
	}
	http.SetCookie(w, cookie)
	// Read back for the epoch that the transaction gave it.
	live, err := s.Store.Session(r.Context(), handle.ID, handle.ExpiresAt)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	s.Logger.InfoContext(r.Context(), "signed in", "acr", begun.ACR, "amr", begun.AMR, "origin", begun.Origin, "first", out.created != nil)
	s.Host.Finish(w, r, c.state.Request.Body, live.Session)
}

// agree records that the citizen agrees, and goes on.
func (s *SignIn) agree(w http.ResponseWriter, r *http.Request, c *conversation) {
	if !s.end(w, r, c) {
		return
	}
	err := s.Store.PutConsent(r.Context(), storage.Consent{
		PersonID: c.state.Person, ClientID: c.state.Consent.ClientID, Scopes: c.state.Consent.Scopes, GivenAt: s.Clock(),
	})
	if err != nil {
		s.fault(w, r, err)
		return
	}
	s.Host.Finish(w, r, c.state.Request.Body, *c.state.Session)
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
	return true
}
