package signin

import (
	"errors"
	"net/http"

	"manyou/authenticators/otp"
	"manyou/idp/web"
	"manyou/storage"
)

// decoySecret is compared with where there is nobody: the answer takes as long.
var decoySecret = []byte("nobody's secret, 20b")

// toTOTP asks for a code of an app instead of the one that was sent. Not where a subject of another issuer waits to be
// linked: then the phone itself has to be shown to be held, because the register compares it.
func (s *SignIn) toTOTP(w http.ResponseWriter, r *http.Request, c *conversation) {
	if c.state.Pending != nil {
		s.back(w, r, c)
		return
	}
	s.move(w, r, c, stepTOTP)
}

// enterTOTP takes a code of an authenticator app: of the person who is stepping up, or of one who enrolled the phone
// number that was entered.
func (s *SignIn) enterTOTP(w http.ResponseWriter, r *http.Request, c *conversation) {
	whom := c.state.Phone
	if c.state.Person != "" {
		whom = c.state.Person
	}
	if !s.within(w, r, s.proofBounds(r, c, whom)) {
		return
	}
	credential, step, err := s.matchTOTP(r, c)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	if credential == nil {
		s.render(w, r, c, http.StatusUnprocessableEntity, web.ErrCodeWrong)
		return
	}
	// A code is good once, at whichever node (RFC 6238 §5.2).
	switch err := s.Store.UseCredential(r.Context(), credential.ID, step, s.Clock()); {
	case errors.Is(err, storage.ErrUsed), errors.Is(err, storage.ErrNotFound):
		s.render(w, r, c, http.StatusUnprocessableEntity, web.ErrCodeWrong)
		return
	case err != nil:
		s.fault(w, r, err)
		return
	}
	c.state.Proven = append(c.state.Proven, proof{Rung: totp.Rung, AMR: totp.AMR, At: s.Clock()})
	s.complete(w, r, c, is(credential.PersonID))
}

// matchTOTP finds the credential that a code belongs to. It does the same work for a phone that nobody enrolled.
func (s *SignIn) matchTOTP(r *http.Request, c *conversation) (*storage.Credential, int64, error) {
	persons := []string{c.state.Person}
	if c.state.Person == "" {
		var err error
		if persons, err = s.personsOf(r.Context(), c.state.Phone); err != nil {
			return nil, 0, err
		}
	}
	code, now := r.PostForm.Get("code"), s.Clock()
	compared := false
	for _, person := range persons {
		credentials, err := s.Store.CredentialsOf(r.Context(), person)
		if err != nil {
			return nil, 0, err
		}
		for n := range credentials {
			if credentials[n].Method != totp.Name {
				continue
			}
			compared = true
			if step, ok := otp.VerifyTOTP(credentials[n].Secret, code, now, credentials[n].Counter); ok {
				return &credentials[n], step, nil
			}
		}
	}
	if len(persons) == 0 {
		if _, err := s.Store.CredentialsOf(r.Context(), "nobody"); err != nil {
			return nil, 0, err
		}
	}
	if !compared {
		otp.VerifyTOTP(decoySecret, code, now, 0)
	}
	return nil, 0, nil
}
