package signin

import (
	"context"
	"net/http"
	"slices"
	"time"

	"manyou/authenticators"
	"manyou/authenticators/otp"
	"manyou/federation/identity"
	"manyou/idp/web"
	"manyou/storage"
)

// The methods that pages name, as credentials are stored under their names.
var (
	sms  = otp.SMS()
	totp = otp.TOTP()
)

const recoveryName = "recovery"

// enterPhone takes a phone number and sends a code to it, whoever's it is.
func (s *SignIn) enterPhone(w http.ResponseWriter, r *http.Request, c *conversation) {
	phone, err := identity.ParsePhone(r.PostForm.Get("phone"))
	if err != nil {
		s.render(w, r, c, http.StatusUnprocessableEntity, web.ErrPhone)
		return
	}
	c.state.Person, c.state.Session, c.state.Proven = "", nil, c.state.fromUpstream()
	c.state.Relatives, c.state.Relative = false, nil
	c.state.Upstream = nil // an answer that still comes from there is not waited for any more
	c.state.Phone, c.state.Shared = phone, r.PostForm.Get("action") == "phone_shared" || c.state.Request.Another
	// Where another issuer's subject waits to be linked, the phone is compared with the register and signs nobody in by itself.
	if c.state.Pending == nil && !c.state.Request.allows(sms.Name) {
		s.withoutCode(w, r, c)
		return
	}
	s.sendCode(w, r, c)
}

// withoutCode goes on with a number that only says who is to prove something, where the application allows no code by SMS.
func (s *SignIn) withoutCode(w http.ResponseWriter, r *http.Request, c *conversation) {
	ways := s.others(c, sms.Name)
	if len(ways) == 0 {
		s.problemPage(w, r, http.StatusForbidden, web.ProblemPage{Problem: web.ProblemMethodNotAllowed, Retry: c.path()}, errNotAllowed)
		return
	}
	c.state.Challenge = nil
	s.toMethod(w, r, c, ways[0])
}

// fromUpstream is what another issuer proved of a subject that waits to be linked; nothing that was proven here.
func (st *state) fromUpstream() []proof {
	if st.Pending == nil || len(st.Proven) == 0 {
		return nil
	}
	return st.Proven[:1]
}

// resend sends another code, once the first has had time to arrive.
func (s *SignIn) resend(w http.ResponseWriter, r *http.Request, c *conversation) {
	if c.state.Challenge != nil && s.Clock().Before(c.state.Challenge.ResendAt(s.policy)) {
		s.back(w, r, c)
		return
	}
	s.sendCode(w, r, c)
}

// sendCode stores a new challenge, then hands the code to the gateway without waiting for it: the answer takes as long
// for every number.
func (s *SignIn) sendCode(w http.ResponseWriter, r *http.Request, c *conversation) {
	if !s.within(w, r, s.messageBounds(r, c, c.state.Phone)) {
		return
	}
	challenge, code, err := otp.NewChallenge(s.Random, c.state.Phone, s.Clock(), s.policy)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	c.state.Challenge, c.state.Step = &challenge, stepCode
	if err := s.advance(r.Context(), c); err != nil {
		s.fault(w, r, err)
		return
	}
	s.send(r.Context(), s.sender.Message(challenge, code, s.Web.Language(r, c.state.Request.Locales)))
	s.back(w, r, c)
}

// sendTimeout bounds one message on its way to the gateway.
const sendTimeout = 15 * time.Second

// send hands a message over in the background. Where the gateway is so slow that too many wait for it, this request waits
// for its turn as long as its browser does.
func (s *SignIn) send(ctx context.Context, m otp.Message) {
	select {
	case s.sending <- struct{}{}:
	case <-ctx.Done():
		s.Logger.ErrorContext(ctx, "message not sent", "cause", ctx.Err())
		return
	}
	go func() {
		defer func() { <-s.sending }()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
		defer cancel()
		if err := s.Messages.Send(ctx, m); err != nil {
			s.Logger.ErrorContext(ctx, "message not sent", "cause", err)
		}
	}()
}

// enterCode takes the code that was sent.
func (s *SignIn) enterCode(w http.ResponseWriter, r *http.Request, c *conversation) {
	if c.state.Challenge == nil {
		s.move(w, r, c, stepPhone)
		return
	}
	now := s.Clock()
	result := c.state.Challenge.Verify(r.PostForm.Get("code"), now)
	if result.Outcome == authenticators.Rejected || result.Outcome == authenticators.Accepted {
		// A right guess counts as well: whoever guesses does not learn from the counter which it was.
		if !s.within(w, r, s.proofBounds(r, c, c.state.Phone)) {
			return
		}
	}
	c.state.Challenge.AttemptsLeft = result.AttemptsLeft
	switch result.Outcome {
	case authenticators.Accepted:
		c.state.Challenge = nil
		c.state.Proven = append(c.state.Proven, proof{Method: sms.Name, Rung: sms.Rung, AMR: sms.AMR, At: now})
		s.phoneProven(w, r, c)
		return
	case authenticators.Malformed:
		s.render(w, r, c, http.StatusUnprocessableEntity, web.ErrCodeForm)
		return
	case authenticators.Rejected, authenticators.Expired, authenticators.Exhausted, authenticators.Cloned:
		// Stored below, before the page says which.
	}
	if err := s.advance(r.Context(), c); err != nil {
		s.fault(w, r, err)
		return
	}
	s.render(w, r, c, http.StatusUnprocessableEntity, map[authenticators.Outcome]web.Error{
		authenticators.Rejected: web.ErrCodeWrong, authenticators.Expired: web.ErrCodeExpired,
		authenticators.Exhausted: web.ErrCodeExhausted,
	}[result.Outcome])
}

// phoneProven goes on with a citizen who holds the phone. The code is used up by the step that follows: it stores the
// conversation, or ends it, at the version that was read.
func (s *SignIn) phoneProven(w http.ResponseWriter, r *http.Request, c *conversation) {
	persons, err := s.personsOf(r.Context(), c.state.Phone)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	switch {
	case c.state.Pending != nil, len(persons) == 0:
		// A subject of another issuer is linked only to a document that was compared, never by a phone alone.
		s.move(w, r, c, stepIdentify)
	case len(persons) == 1 && !c.state.Shared:
		s.known(w, r, c, persons[0])
	default:
		s.move(w, r, c, stepChoose)
	}
}

// personsOf are the persons who enrolled a phone, each once.
func (s *SignIn) personsOf(ctx context.Context, phone string) (persons []string, err error) {
	credentials, err := s.Store.CredentialsByHandle(ctx, sms.Name, phone)
	for _, credential := range credentials {
		if !slices.Contains(persons, credential.PersonID) {
			persons = append(persons, credential.PersonID)
		}
	}
	return persons, err
}

// choose takes the document number of one of the persons who share a phone.
func (s *SignIn) choose(w http.ResponseWriter, r *http.Request, c *conversation) {
	number := r.PostForm.Get("document_number")
	if !s.within(w, r, s.proofBounds(r, c, c.state.Phone)) {
		return
	}
	persons, err := s.personsOf(r.Context(), c.state.Phone)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	for _, id := range persons {
		person, err := s.Store.Person(r.Context(), id)
		if err != nil {
			s.fault(w, r, err)
			return
		}
		if holds(person, number, s.Clock()) {
			s.known(w, r, c, id)
			return
		}
	}
	s.render(w, r, c, http.StatusUnprocessableEntity, web.ErrDocumentUnknown)
}

// holds reports whether a person has a document with the number, of whatever kind.
func holds(p storage.Person, number string, now time.Time) bool {
	return slices.ContainsFunc(p.Documents, func(d storage.Document) bool {
		given, err := identity.ParseDocument(d.Kind, number, now)
		return err == nil && given.Number == d.Number
	})
}

func (s *SignIn) toIdentify(w http.ResponseWriter, r *http.Request, c *conversation) {
	s.move(w, r, c, stepIdentify)
}

// toPhone starts again with another number. What was proven of the old one is forgotten.
func (s *SignIn) toPhone(w http.ResponseWriter, r *http.Request, c *conversation) {
	c.state.Proven, c.state.Challenge, c.state.Session, c.state.Person = c.state.fromUpstream(), nil, nil, ""
	c.state.Relatives, c.state.Relative = false, nil
	s.move(w, r, c, stepPhone)
}

func (s *SignIn) toCode(w http.ResponseWriter, r *http.Request, c *conversation) {
	if c.state.Challenge == nil {
		s.toPhone(w, r, c)
		return
	}
	s.move(w, r, c, stepCode)
}
