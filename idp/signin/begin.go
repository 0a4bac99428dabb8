package signin

import (
	"net/http"
	"slices"
	"time"

	"manyou/authenticators"
	"manyou/authenticators/relative"
	"manyou/federation/identity"
	"manyou/storage"
)

// Request is what a sign-in is for and what it has to reach.
type Request struct {
	// Body is handed back to the host.
	Body        []byte            `json:"body"`
	Application map[string]string `json:"application"` // its name by language, as pages show it
	Target      string            `json:"target"`      // its redirect URI, where the last form leads
	// Asker is the region of the application, if it is itself an issuer of the federation.
	Asker string `json:"asker,omitempty"`

	Silent    bool   `json:"silent,omitempty"`  // no page may be shown
	Fresh     bool   `json:"fresh,omitempty"`   // the citizen must prove themselves anew
	Choose    bool   `json:"choose,omitempty"`  // the citizen wants to choose where to sign in
	Another   bool   `json:"another,omitempty"` // the citizen is not whom their number alone signs in
	MaxAge    *int64 `json:"max_age,omitempty"` // seconds that the authentication may be old
	Rung      int    `json:"rung,omitempty"`    // the lowest rung of the ladder that satisfies; 0 if any
	Essential bool   `json:"essential,omitempty"`

	// Methods are those that the application lets citizens use, by name; nil if any. Channel is how they come.
	Methods []string `json:"methods,omitempty"`

	LoginHint  string   `json:"login_hint,omitempty"`
	DomainHint string   `json:"domain_hint,omitempty"` // a region, by preference
	Locales    []string `json:"locales,omitempty"`
}

// Consent is what a citizen is asked to agree to.
type Consent struct {
	ClientID string   `json:"client_id"`
	Scopes   []string `json:"scopes"`
}

// NationRegion is the region code of the national issuer.
const NationRegion = "00"

// Begin answers a request that the browser's session, if there is one, does not satisfy. It asks other issuers silently
// before it shows a page; if no page may be shown and nobody knows the citizen, the request is refused.
func (s *SignIn) Begin(w http.ResponseWriter, r *http.Request, req Request, current *storage.Session) {
	st := state{Step: stepPhone, Request: req}
	// What the asker proved proves nothing to the asker, and nothing is built on it.
	if current != nil && req.Asker != "" && s.RegionOf(current.Origin) == req.Asker {
		current = nil
	}
	if current != nil && !req.Choose && s.askOrigin(w, r, req, current) {
		return
	}
	if current != nil && !req.Fresh && !req.Choose && s.stepUp(w, r, req, current) {
		return
	}
	if req.Choose {
		st.Step = stepProvince
		if req.Silent || !s.hasProvinces(r) {
			st.Step = stepPhone
		}
	} else if target, silent, ok := s.nextIssuer(r, &st); ok {
		s.depart(w, r, st, target, silent)
		return
	}
	if req.Silent {
		s.Host.Refuse(w, r, req.Body, "login_required")
		return
	}
	c, err := s.open(w, r, st)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	s.back(w, r, c)
}

// askOrigin sends a citizen whose session came from another issuer there again, when that session is too old or too
// weak: who they are is proven at home, not here.
func (s *SignIn) askOrigin(w http.ResponseWriter, r *http.Request, req Request, current *storage.Session) bool {
	if current.Origin == "" {
		return false
	}
	target, err := s.upstreams.byIssuer(r.Context(), current.Origin)
	if err != nil || target.Region == req.Asker {
		return false
	}
	s.depart(w, r, state{Request: req, Tried: []string{target.Issuer}}, target, req.Silent)
	return true
}

// nextIssuer finds an issuer that may know this browser's citizen and was not asked yet.
//
// A province asks the nation and, if that cannot be reached, the provinces beside it as the nation would. The nation asks the region that the request names, else the regions this browser was
// seen in. Nobody asks the one who is asking. If the request names a region, a page may be shown there, since the page
// is then shown at the first issuer that can serve the request.
func (s *SignIn) nextIssuer(r *http.Request, st *state) (target *upstreamIssuer, silent, ok bool) {
	if st.Request.Fresh && !s.named(st.Request) {
		return nil, false, false
	}
	for _, region := range s.candidates(r, st) {
		if region == st.Request.Asker || region == s.Region {
			continue
		}
		target, err := s.upstreams.byRegion(r.Context(), region)
		if err != nil || slices.Contains(st.Tried, target.Issuer) {
			continue
		}
		silent := st.Request.Silent || !s.named(st.Request)
		if silent && !target.quiet {
			continue
		}
		st.Tried = append(st.Tried, target.Issuer)
		return target, silent, true
	}
	return nil, false, false
}

// maxSilent bounds how many issuers are asked silently before a page is shown.
const maxSilent = 3

func (s *SignIn) candidates(r *http.Request, st *state) []string {
	if !s.National && !st.Detached {
		return []string{NationRegion}
	}
	if s.named(st.Request) {
		return []string{st.Request.DomainHint}
	}
	return s.likely(r, st.Request)
}

// likely are the regions that a citizen probably comes from: those that this browser was seen in, then the one of
// the resident ID that the request hints at.
func (s *SignIn) likely(r *http.Request, req Request) []string {
	regions := slices.Clone(s.Cookies.Regions(r))
	regions = regions[:min(len(regions), maxSilent)]
	if guess, ok := identity.RegionOfResidentID(req.LoginHint, s.Clock()); ok && !slices.Contains(regions, guess.Code) {
		regions = append(regions, guess.Code)
	}
	return regions
}

// named reports whether the request names another region as the citizen's home.
func (s *SignIn) named(req Request) bool {
	return isRegion(req.DomainHint) && req.DomainHint != s.Region && req.DomainHint != req.Asker
}

func isRegion(hint string) bool {
	return len(hint) == 2 && hint[0] >= '1' && hint[0] <= '9' && hint[1] >= '0' && hint[1] <= '9'
}

// stepUp asks a citizen who is signed in only for what is missing. It reports whether it answered.
func (s *SignIn) stepUp(w http.ResponseWriter, r *http.Request, req Request, current *storage.Session) bool {
	if req.Rung <= current.ACR || s.tooOld(req, current) {
		return false
	}
	credentials, err := s.Store.CredentialsOf(r.Context(), current.PersonID)
	if err != nil {
		s.fault(w, r, err)
		return true
	}
	method, reachable := s.reaching(&req, credentials)
	switch {
	case reachable && req.Silent && req.Essential:
		s.Host.Refuse(w, r, req.Body, "interaction_required")
	case reachable && !req.Silent:
		c, err := s.open(w, r, state{
			Step: stepOf(method), Method: method.Name, Request: req, Person: current.PersonID, Session: current,
			Relatives: len(usable(credentials, relative.Name)) > 0,
		})
		if err != nil {
			s.fault(w, r, err)
			return true
		}
		s.back(w, r, c)
	case req.Essential:
		s.Host.Refuse(w, r, req.Body, "unmet_authentication_requirements")
	default:
		s.Host.Finish(w, r, req.Body, *current) // a wish that cannot be fulfilled (OpenID Connect Core §3.1.2.1)
	}
	return true
}

// reaching is the method by which a person can reach what a request wants: one that needs no typing, if there is one.
func (s *SignIn) reaching(req *Request, credentials []storage.Credential) (best authenticators.Method, ok bool) {
	for a := range s.Methods.All() {
		m := a.Method()
		reaches := func(c storage.Credential) bool { return c.Reaches(m.Rung, s.Clock()) >= req.Rung }
		if !m.Enrolled || !req.allows(m.Name) || !slices.ContainsFunc(usable(credentials, m.Name), reaches) {
			continue
		}
		if !ok || m.Prompt == authenticators.PromptBrowser {
			best, ok = m, true
		}
	}
	return best, ok
}

// stepOf is the step at which a method is asked for.
func stepOf(m authenticators.Method) step {
	switch {
	case m.Prompt == authenticators.PromptBrowser:
		return stepPasskey
	case m.Second:
		return stepRelative
	}
	return stepProve
}

// known goes on with a person who has proven who they are: if the request wants more, and they can, it is asked for now.
func (s *SignIn) known(w http.ResponseWriter, r *http.Request, c *conversation, person string) {
	reached := 0
	for _, p := range c.state.Proven {
		reached = max(reached, p.Rung)
	}
	if c.state.Request.Rung > reached {
		credentials, err := s.Store.CredentialsOf(r.Context(), person)
		if err != nil {
			s.fault(w, r, err)
			return
		}
		if s.askMore(w, r, c, person, credentials) {
			return
		}
	}
	s.complete(w, r, c, is(person))
}

// askMore goes to the method by which a person can reach what the request wants. false: there is none.
func (s *SignIn) askMore(w http.ResponseWriter, r *http.Request, c *conversation, person string, credentials []storage.Credential) bool {
	method, ok := s.reaching(&c.state.Request, credentials)
	if !ok {
		return false
	}
	c.state.Person, c.state.Method = person, method.Name
	c.state.Relatives = len(usable(credentials, relative.Name)) > 0
	s.move(w, r, c, stepOf(method))
	return true
}

// skip goes on without what the application wishes for. What it makes a condition cannot be skipped.
func (s *SignIn) skip(w http.ResponseWriter, r *http.Request, c *conversation) {
	switch {
	case c.state.Person == "":
		s.back(w, r, c)
	case c.state.Request.Essential:
		if s.end(w, r, c) {
			s.Host.Refuse(w, r, c.state.Request.Body, "unmet_authentication_requirements")
		}
	case c.state.Session == nil:
		s.complete(w, r, c, is(c.state.Person))
	case s.tooOld(c.state.Request, c.state.Session): // it has become so while the page stood there
		s.toPhone(w, r, c)
	default:
		if s.end(w, r, c) {
			s.Host.Finish(w, r, c.state.Request.Body, *c.state.Session)
		}
	}
}

func (s *SignIn) tooOld(req Request, current *storage.Session) bool {
	return req.MaxAge != nil && s.Clock().After(current.AuthTime.Add(time.Duration(*req.MaxAge)*time.Second))
}

// AskConsent asks a citizen who is signed in whether an application may receive something.
func (s *SignIn) AskConsent(w http.ResponseWriter, r *http.Request, req Request, consent Consent, current storage.Session) {
	c, err := s.open(w, r, state{
		Step: stepConsent, Request: req, Consent: &consent, Session: &current, Person: current.PersonID,
	})
	if err != nil {
		s.fault(w, r, err)
		return
	}
	s.back(w, r, c)
}
