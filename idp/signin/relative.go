package signin

import (
	"context"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"

	"manyou/authenticators"
	"manyou/authenticators/relative"
	"manyou/federation/identity"
	"manyou/idp/web"
	"manyou/storage"
)

// relativeState is the second code of a conversation.
type relativeState struct {
	Challenge authenticators.Challenge `json:"challenge"`
	SentAt    time.Time                `json:"sent_at"`
}

// resendAt is when another code may be asked for.
func (s *SignIn) resendAt(sent *relativeState) time.Time {
	return sent.SentAt.Add(s.policy.ResendAfter)
}

// usable are the credentials of a method that count beside what the person proves alone: a relative whose phone is the
// person's own is nobody else.
func usable(all []storage.Credential, method string) []storage.Credential {
	list := ofMethod(all, method)
	if method != relative.Name {
		return list
	}
	return slices.DeleteFunc(list, func(c storage.Credential) bool { return IsOwn(all, relative.Phone(c.Secret)) })
}

// IsOwn reports whether a phone is among a person's own credentials.
func IsOwn(all []storage.Credential, phone string) bool {
	return slices.ContainsFunc(all, func(c storage.Credential) bool { return c.Method == sms.Name && c.Handle == phone })
}

// relatives are those of the person who is signing in.
func (s *SignIn) relatives(ctx context.Context, c *conversation) ([]storage.Credential, error) {
	all, err := s.Store.CredentialsOf(ctx, c.state.Person)
	return usable(all, relative.Name), err
}

// sendRelative sends the second code to the person's relatives.
func (s *SignIn) sendRelative(w http.ResponseWriter, r *http.Request, c *conversation) {
	a, ok := s.method(&c.state.Request, relative.Name)
	if sent := c.state.Relative; !ok || sent != nil && s.Clock().Before(s.resendAt(sent)) {
		s.back(w, r, c)
		return
	}
	of, err := s.relatives(r.Context(), c)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	challenge, err := a.Begin(authenticators.Request{
		Purpose: authenticators.PurposeProve, Nonce: s.nonce(c), Credentials: asProofs(of), Now: s.Clock(),
	})
	if err != nil {
		s.fault(w, r, err)
		return
	}
	for _, phone := range challenge.Show.To {
		if !s.within(w, r, s.messageBounds(r, c, phone)) {
			return
		}
	}
	whose, err := s.called(r.Context(), c.state.Person)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	c.state.Relative = &relativeState{Challenge: challenge, SentAt: s.Clock()}
	if err := s.advance(r.Context(), c); err != nil {
		s.fault(w, r, err)
		return
	}
	s.relay(r, challenge, whose, false)
	s.back(w, r, c)
}

// called is how a message to a relative calls a person: so that the relative knows who, and a stranger does not.
func (s *SignIn) called(ctx context.Context, personID string) (string, error) {
	person, err := s.Store.Person(ctx, personID)
	if err != nil {
		return "", err
	}
	first, _ := utf8.DecodeRuneInString(person.Name)
	return string(first) + "**", nil
}

func (s *SignIn) relay(r *http.Request, challenge authenticators.Challenge, whose string, consent bool) {
	minutes := int(challenge.ExpiresAt.Sub(s.Clock()) / time.Minute)
	for _, phone := range challenge.Show.To {
		s.send(r.Context(), s.sender.Relayed(phone, challenge.Show.Send, whose, s.Web.Language(r, nil), minutes, consent))
	}
}

// enterRelative takes the second code.
func (s *SignIn) enterRelative(w http.ResponseWriter, r *http.Request, c *conversation) {
	a, ok := s.method(&c.state.Request, relative.Name)
	sent := c.state.Relative
	if !ok || sent == nil {
		s.back(w, r, c)
		return
	}
	if before := c.state.Session; before != nil && s.tooOld(c.state.Request, before) { // which somebody else's help does not mend
		s.toPhone(w, r, c)
		return
	}
	if !s.within(w, r, s.proofBounds(r, c, c.state.Person)) {
		return
	}
	of, err := s.relatives(r.Context(), c)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	got, err := a.Verify(sent.Challenge, asProofs(of), r.PostForm.Get("code"), s.Clock())
	problem := map[authenticators.Outcome]web.Error{
		authenticators.Malformed: web.ErrCodeForm, authenticators.Rejected: web.ErrCodeWrong,
		authenticators.Expired: web.ErrCodeExpired, authenticators.Exhausted: web.ErrCodeExhausted,
	}[got.Outcome]
	switch {
	case err != nil:
		s.fault(w, r, err)
		return
	case got.Outcome == authenticators.Accepted:
		c.state.Relative = nil
		n := slices.IndexFunc(of, func(k storage.Credential) bool { return k.ID == got.Of })
		s.proven(w, r, c, of[n], got)
		return
	case got.Outcome == authenticators.Rejected:
		sent.Challenge = got.Again
	case got.Outcome == authenticators.Exhausted:
		sent.Challenge = authenticators.Challenge{State: sent.Challenge.State, ExpiresAt: s.Clock()}
	}
	if err := s.advance(r.Context(), c); err != nil {
		s.fault(w, r, err)
		return
	}
	s.render(w, r, c, http.StatusUnprocessableEntity, problem)
}

func (s *SignIn) renderRelative(w http.ResponseWriter, r *http.Request, c *conversation, status int, problem web.Error) {
	of, err := s.relatives(r.Context(), c)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	page := &web.RelativePage{
		Frame: s.frame(r, c), Action: c.path(), Others: s.others(c, relative.Name), Skip: c.skippable(), Error: problem,
	}
	for _, k := range of {
		page.Relatives = append(page.Relatives, web.Relative{Name: k.Label, Phone: identity.MaskPhone(relative.Phone(k.Secret))})
	}
	if sent := c.state.Relative; sent != nil {
		page.Sent, page.ResendAfter = true, max(0, s.resendAt(sent).Sub(s.Clock()))
	}
	s.Web.Render(w, r, status, page)
}

// AskRelative sends the code by which somebody agrees to be a person's relative. It reports whether the limits allow it.
func (s *SignIn) AskRelative(r *http.Request, personID, browser string, c authenticators.Challenge) (bool, error) {
	for _, phone := range c.Show.To {
		ok, err := s.spend(r.Context(), []bound{
			{"message.phone", phone, s.Limits.MessagesPerPhone}, {"message.device", browser, s.Limits.MessagesPerDevice},
			{"message.address", s.address(r), s.Limits.MessagesPerAddress},
		})
		if err != nil || !ok {
			return false, err
		}
	}
	whose, err := s.called(r.Context(), personID)
	if err != nil {
		return false, err
	}
	s.relay(r, c, whose, true)
	return true, nil
}
