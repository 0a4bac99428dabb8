package signin

import (
	"context"
	"net/http"
	"slices"
)

// Tell sends a person word of a change to their account, by SMS to the phones they enrolled. It does not wait: the change
// stands, whether or not the word arrives.
func (s *SignIn) Tell(r *http.Request, personID, kind string) {
	text, ok := s.Web.Text(r, "notice."+kind)
	if !ok {
		return
	}
	credentials, err := s.Store.CredentialsOf(r.Context(), personID)
	if err != nil {
		s.Logger.ErrorContext(r.Context(), "person not told", "kind", kind, "cause", err)
		return
	}
	language := s.Web.Language(r, nil)
	var phones []string
	for _, c := range credentials {
		if c.Method == sms.Name && !slices.Contains(phones, c.Handle) {
			phones = append(phones, c.Handle)
			s.send(context.WithoutCancel(r.Context()), s.sender.Notice(c.Handle, text, language))
		}
	}
}
