package signin

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"manyou/authenticators"
	"manyou/federation/identity"
	"manyou/idp/web"
	"manyou/storage"
)

// methodQR is not an authenticator: another device of the citizen proves, whatever it proves with.
const methodQR = "qr"

// method is an authenticator that the application of a request lets citizens use.
func (s *SignIn) method(req *Request, name string) (authenticators.Authenticator, bool) {
	if !req.allows(name) {
		return nil, false
	}
	return s.Methods.ByName(name)
}

// allows reports whether the policy of the application lets citizens use a method; see the host, which decides it.
func (req *Request) allows(name string) bool {
	return req.Methods == nil || slices.Contains(req.Methods, name)
}

// others are the ways besides one, for a citizen who said who they are or gave a phone number. They are the same for
// everybody: what a person enrolled is not told to whoever knows their number.
func (s *SignIn) others(c *conversation, but string) []string {
	var names []string
	for a := range s.Methods.All() {
		m := a.Method()
		if m.Name != but && c.state.Request.allows(m.Name) && s.provable(c, m) {
			names = append(names, m.Name)
		}
	}
	return names
}

// provable reports whether a method can be asked for where the conversation stands.
func (s *SignIn) provable(c *conversation, m authenticators.Method) bool {
	if m.Second {
		return c.state.Person != "" && c.state.Relatives
	}
	switch m.Prompt {
	case authenticators.PromptTyped:
		// Not where a subject of another issuer waits to be linked: then the phone itself has to be shown to be held,
		// because the register compares it.
		return m.Enrolled && c.state.Pending == nil
	case authenticators.PromptBrowser:
		return c.state.Pending == nil
	default:
		return false
	}
}

// toOther goes to another way that the citizen chose.
func (s *SignIn) toOther(w http.ResponseWriter, r *http.Request, c *conversation) {
	s.toMethod(w, r, c, r.PostForm.Get("method"))
}

// toTOTP asks for a code of an app instead of the one that was sent.
func (s *SignIn) toTOTP(w http.ResponseWriter, r *http.Request, c *conversation) {
	s.toMethod(w, r, c, totp.Name)
}

func (s *SignIn) toMethod(w http.ResponseWriter, r *http.Request, c *conversation, name string) {
	if name == sms.Name {
		s.toCode(w, r, c)
		return
	}
	if name == methodQR {
		s.toQR(w, r, c)
		return
	}
	a, ok := s.method(&c.state.Request, name)
	if !ok || !s.provable(c, a.Method()) {
		s.back(w, r, c)
		return
	}
	c.state.Method = name
	s.move(w, r, c, stepOf(a.Method()))
}

// nonce is what a challenge of this page is made of: it changes with every step of the conversation, and nobody else can
// compute it, so the challenge need not be stored.
func (s *SignIn) nonce(c *conversation) []byte {
	return s.Vault.MAC("challenge", []byte(c.id+"\x00"+strconv.FormatInt(c.version, 10)))[:authenticators.NonceSize]
}

// nobody reports whether it is open who is signing in.
func (st *state) nobody() bool { return st.Person == "" && st.Phone == "" }

// enterProof takes a code that a citizen typed: of the person who is stepping up, or of one who enrolled the phone number
// that was entered.
func (s *SignIn) enterProof(w http.ResponseWriter, r *http.Request, c *conversation) {
	a, ok := s.method(&c.state.Request, c.state.Method)
	if !ok {
		s.problemPage(w, r, http.StatusForbidden, web.ProblemPage{Problem: web.ProblemMethodNotAllowed, Retry: c.path()}, errNotAllowed)
		return
	}
	if c.state.nobody() { // who lost the phone still knows its number
		phone, err := identity.ParsePhone(r.PostForm.Get("phone"))
		if err != nil {
			s.render(w, r, c, http.StatusUnprocessableEntity, web.ErrPhone)
			return
		}
		c.state.Phone = phone
	}
	whom := c.state.Phone
	if c.state.Person != "" {
		whom = c.state.Person
	}
	guessable := c.guessable(a.Method())
	if !s.within(w, r, s.proofBounds(r, c, whom)) || guessable && !s.mayGuess(w, r, c, a.Method()) {
		return
	}
	credential, proven, err := s.match(r.Context(), a, c, r.PostForm.Get("code"))
	if err != nil {
		s.fault(w, r, err)
		return
	}
	if proven.Outcome == authenticators.Rejected && guessable {
		if _, err := s.guesses(r.Context(), c, a.Method(), 1); err != nil {
			s.fault(w, r, err)
			return
		}
	}
	if proven.Outcome != authenticators.Accepted {
		s.wrong(w, r, c)
		return
	}
	s.proven(w, r, c, credential, proven)
}

var errNotAllowed = errors.New("the application does not allow this method")

// wrong shows the page of a typed code again.
func (s *SignIn) wrong(w http.ResponseWriter, r *http.Request, c *conversation) {
	problem := web.ErrCodeWrong
	if c.state.Method == recoveryName {
		problem = web.ErrRecoveryWrong
	}
	s.render(w, r, c, http.StatusUnprocessableEntity, problem)
}

// proven ends the conversation with a credential that was proven. The credential is used up in the same transaction: a
// code is good once, at whichever node (RFC 6238 §5.2).
func (s *SignIn) proven(w http.ResponseWriter, r *http.Request, c *conversation, of storage.Credential, p authenticators.Proof) {
	m, _ := s.Methods.ByName(of.Method)
	c.state.Proven = append(c.state.Proven, proof{Method: of.Method, Second: m.Method().Second, Rung: of.Reaches(p.Rung, s.Clock()), AMR: p.AMR, At: s.Clock()})
	s.complete(w, r, c, func() (outcome, error) {
		return outcome{person: of.PersonID, use: &storage.CredentialUse{
			ID: of.ID, Counter: p.Use.Counter, Still: p.Use.Still, Once: p.Use.Once, Secret: p.Use.Secret,
		}}, nil
	})
}

// match finds the credential that an answer belongs to. It does the same work for a phone that nobody enrolled.
func (s *SignIn) match(ctx context.Context, a authenticators.Authenticator, c *conversation, answer string) (storage.Credential, authenticators.Proof, error) {
	persons := []string{c.state.Person}
	if c.state.Person == "" {
		var err error
		if persons, err = s.personsOf(ctx, c.state.Phone); err != nil {
			return storage.Credential{}, authenticators.Proof{}, err
		}
	}
	challenge, err := a.Begin(authenticators.Request{Purpose: authenticators.PurposeProve, Nonce: s.nonce(c), Now: s.Clock()})
	if err != nil {
		return storage.Credential{}, authenticators.Proof{}, err
	}
	var last authenticators.Proof
	for _, person := range append(persons, unknown)[:max(1, len(persons))] {
		stored, err := s.Store.CredentialsOf(ctx, person)
		if err != nil {
			return storage.Credential{}, authenticators.Proof{}, err
		}
		stored = ofMethod(stored, a.Method().Name)
		last, err = a.Verify(challenge, asProofs(stored), answer, s.Clock())
		if err != nil {
			return storage.Credential{}, authenticators.Proof{}, err
		}
		if last.Outcome == authenticators.Accepted {
			n := slices.IndexFunc(stored, func(c storage.Credential) bool { return c.ID == last.Of })
			return stored[n], last, nil
		}
	}
	return storage.Credential{}, last, nil
}

// unknown is looked up where nobody enrolled a phone: the answer takes as long.
const unknown = "nobody"

func ofMethod(all []storage.Credential, name string) []storage.Credential {
	return slices.DeleteFunc(slices.Clone(all), func(c storage.Credential) bool { return c.Method != name })
}

// asProofs are credentials as their method sees them.
func asProofs(stored []storage.Credential) []authenticators.Credential {
	list := make([]authenticators.Credential, len(stored))
	for n, c := range stored {
		list[n] = authenticators.Credential{ID: c.ID, Handle: c.Handle, Secret: c.Secret, Counter: c.Counter, Label: c.Label}
	}
	return list
}
