package signin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"manyou/federation/trust"
	"manyou/federation/upstream"
	"manyou/idp/web"
)

// upstreamAttempt is a sign-in at another issuer that is under way.
type upstreamAttempt struct {
	Issuer   string `json:"issuer"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	Prompt   string `json:"prompt,omitempty"`
	// NotBefore is the oldest authentication that counts; zero if any does. That the other issuer was asked to
	// authenticate anew proves nothing: the request passed through the browser.
	NotBefore time.Time `json:"not_before,omitzero"`
}

// Prompts that another issuer is asked with (OpenID Connect Core §3.1.2.1).
const (
	promptNone   = "none"
	promptLogin  = "login"
	promptChoose = "select_account" // of the nation: which province
)

// silent reports whether no page was to be shown there.
func (a *upstreamAttempt) silent() bool { return a.Prompt == promptNone }

// prompt is what another issuer is asked with, if the citizen did not ask for a choice.
func prompt(req Request, silent bool) string {
	switch {
	case silent:
		return promptNone
	case req.Fresh:
		return promptLogin
	}
	return ""
}

// maxIDToken bounds what is kept of another issuer's ID token for signing out there, in bytes.
const maxIDToken = 8 << 10

// depart opens a conversation that begins at another issuer.
func (s *SignIn) depart(w http.ResponseWriter, r *http.Request, st state, target *upstreamIssuer, silent bool) {
	st.Step = stepPhone // where it stands if the other issuer cannot be reached
	c, err := s.open(w, r, st)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	s.goUpstream(w, r, c, target, prompt(st.Request, silent))
}

// goUpstream sends the browser to another issuer.
func (s *SignIn) goUpstream(w http.ResponseWriter, r *http.Request, c *conversation, target *upstreamIssuer, prompt string) {
	attempt, err := s.newAttempt(target.Issuer, prompt)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	if c.state.Request.Fresh {
		attempt.NotBefore = s.Clock().Add(-freshSkew)
	}
	c.state.Upstream = attempt
	location, err := s.upstreamLocation(r.Context(), c, target)
	if err != nil {
		s.upstreamFailed(w, r, c, target, err)
		return
	}
	c.state.Step = stepUpstream
	if err := s.advance(r.Context(), c); err != nil {
		s.fault(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, location, http.StatusSeeOther)
}

// upstreamLocation is where the browser goes, if there is somebody there.
func (s *SignIn) upstreamLocation(ctx context.Context, c *conversation, target *upstreamIssuer) (string, error) {
	if err := target.provider.Reach(ctx); err != nil {
		return "", err
	}
	return target.provider.AuthorizationURL(ctx, s.upstreamRequest(c))
}

func (s *SignIn) newAttempt(issuer, prompt string) (*upstreamAttempt, error) {
	var b [64]byte
	if _, err := io.ReadFull(s.Random, b[:]); err != nil {
		return nil, fmt.Errorf("begin at another issuer: %w", err)
	}
	return &upstreamAttempt{
		Issuer: issuer, Prompt: prompt, Nonce: encoding.EncodeToString(b[:24]), Verifier: encoding.EncodeToString(b[24:]),
	}, nil
}

// upstreamRequest is what is asked of the other issuer: what was asked here.
func (s *SignIn) upstreamRequest(c *conversation) upstream.AuthRequest {
	st := &c.state
	req := upstream.AuthRequest{
		State: c.token(), Nonce: st.Upstream.Nonce, Verifier: st.Upstream.Verifier,
		Prompt: st.Upstream.Prompt, LoginHint: st.Request.LoginHint, UILocales: st.Request.Locales,
	}
	if s.named(st.Request) {
		req.DomainHint = st.Request.DomainHint
	}
	if st.Request.MaxAge != nil {
		age := time.Duration(*st.Request.MaxAge) * time.Second
		req.MaxAge = &age
	}
	if st.Request.Rung > 0 {
		req.ACRValues = []string{fmt.Sprintf("urn:manyou:acr:%d", st.Request.Rung)}
	}
	return req
}

// toProvinces shows the choice of provinces; a province leaves that to the nation.
func (s *SignIn) toProvinces(w http.ResponseWriter, r *http.Request, c *conversation) {
	if s.National {
		s.move(w, r, c, stepProvince)
		return
	}
	asked := promptChoose
	if c.state.Request.Fresh {
		asked = promptLogin + " " + promptChoose
	}
	s.interactive(w, r, c, NationRegion, asked)
}

// toUpstream takes the province that the citizen chose.
func (s *SignIn) toUpstream(w http.ResponseWriter, r *http.Request, c *conversation) {
	s.interactive(w, r, c, r.PostForm.Get("region"), prompt(c.state.Request, false))
}

func (s *SignIn) interactive(w http.ResponseWriter, r *http.Request, c *conversation, region, prompt string) {
	target, err := s.upstreams.byRegion(r.Context(), region)
	if err != nil {
		s.problemPage(w, r, http.StatusBadRequest, web.ProblemPage{Problem: web.ProblemProvinceUnknown, Retry: c.path()}, err)
		return
	}
	s.goUpstream(w, r, c, target, prompt)
}

// callback is where other issuers send the browser back to.
func (s *SignIn) callback(w http.ResponseWriter, r *http.Request) {
	answer, err := upstream.ParseCallback(r.URL.Query())
	if err != nil {
		s.problem(w, r, http.StatusBadRequest, web.ProblemExpired, err)
		return
	}
	c, ok := s.resume(w, r, answer.State)
	if !ok {
		return
	}
	if c.state.Step != stepUpstream || c.state.Upstream == nil {
		s.problem(w, r, http.StatusBadRequest, web.ProblemExpired, errors.New("no answer of another issuer is expected"))
		return
	}
	target, err := s.upstreams.byIssuer(r.Context(), c.state.Upstream.Issuer)
	if err != nil { // suspended meanwhile
		s.problem(w, r, http.StatusForbidden, web.ProblemProvinceUnknown, err)
		return
	}
	auth, err := target.provider.Redeem(r.Context(), answer, s.upstreamRequest(c))
	if err == nil && auth.AuthTime.Before(c.state.Upstream.NotBefore) {
		err = &upstream.RefusedError{Code: "login_required"} // it answered from an old session
	}
	if err != nil {
		s.upstreamFailed(w, r, c, target, err)
		return
	}
	s.arrive(w, r, c, target, auth)
}

// upstreamFailed goes on without the other issuer where the citizen can be served otherwise, and says what is the
// matter where not.
func (s *SignIn) upstreamFailed(w http.ResponseWriter, r *http.Request, c *conversation, target *upstreamIssuer, cause error) {
	silent := c.state.Upstream.silent()
	c.state.Upstream = nil
	c.state.Step = stepPhone
	var refused *upstream.RefusedError
	isRefusal := errors.As(cause, &refused)
	down := errors.Is(cause, upstream.ErrUnreachable) || errors.Is(cause, upstream.ErrSlow)
	if down && !s.National && target.Region == NationRegion {
		c.state.Detached = true
	}
	if !isRefusal {
		s.Logger.WarnContext(r.Context(), "another issuer failed", "issuer", target.Issuer, "silent", silent, "cause", cause)
	}
	if silent {
		if next, quiet, ok := s.nextIssuer(r, &c.state); ok {
			s.goUpstream(w, r, c, next, prompt(c.state.Request, quiet))
			return
		}
	}
	if c.state.Request.Silent {
		if s.end(w, r, c) {
			s.Host.Refuse(w, r, c.state.Request.Body, "login_required")
		}
		return
	}
	if silent || isRefusal {
		s.move(w, r, c, stepPhone)
		return
	}
	if target.Region == NationRegion && c.state.Detached && s.hasNeighbours(r, c) {
		s.move(w, r, c, stepProvince)
		return
	}
	if err := s.advance(r.Context(), c); err != nil {
		s.fault(w, r, err)
		return
	}
	page := web.ProblemPage{Problem: web.ProblemProvinceNonsense, Retry: c.path(), Subject: s.Web.Pick(r, target.Name)}
	status := http.StatusBadGateway
	switch {
	case errors.Is(cause, upstream.ErrUnreachable):
		page.Problem = web.ProblemProvinceDown
	case errors.Is(cause, upstream.ErrSlow):
		page.Problem, status = web.ProblemProvinceSlow, http.StatusGatewayTimeout
	}
	s.problemPage(w, r, status, page, cause)
}

// arrive goes on with a citizen whom another issuer authenticated.
func (s *SignIn) arrive(w http.ResponseWriter, r *http.Request, c *conversation, target *upstreamIssuer, auth upstream.Authentication) {
	if target.beside && !slices.ContainsFunc(s.Neighbours(), func(n trust.Neighbour) bool { return n.ID == target.Issuer }) { // gone a moment ago
		s.problem(w, r, http.StatusForbidden, web.ProblemProvinceUnknown, errNoUpstream)
		return
	}
	c.state.Upstream = nil
	c.state.Session = nil
	c.state.Phone, c.state.Shared, c.state.Challenge = "", false, nil // typed before, and proven by nothing
	c.state.Proven = []proof{{Rung: auth.ACR, AMR: auth.AMR, At: auth.AuthTime}}
	idToken := auth.IDToken
	if len(idToken) > maxIDToken {
		idToken = ""
	}
	claims, home, err := s.claimsOf(r.Context(), target, auth)
	if err != nil {
		s.linkFailed(w, r, c, target, err)
		return
	}
	known, err := s.proveHere(r.Context(), target, claims)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	if claims != nil && !claims.HasDocument || known != "" {
		if known != "" {
			s.Logger.WarnContext(r.Context(), "a province speaks for a person of another region who is known here", "issuer", target.Issuer, "person", known)
		}
		if c.state.Request.Silent { // OpenID Connect Core §3.1.2.6
			if s.end(w, r, c) {
				s.Host.Refuse(w, r, c.state.Request.Body, "interaction_required")
			}
			return
		}
		c.state.Pending = &pendingLink{Issuer: target.Issuer, Subject: auth.Subject, Name: claims.Name, IDToken: idToken, Person: known}
		s.move(w, r, c, stepPhone)
		return
	}
	switch {
	case s.National:
		s.Cookies.AtHomeIn(w, r, target.Region)
	case isRegion(home) && home != s.Region: // remembered for when the nation cannot be asked
		s.Cookies.AtHomeIn(w, r, home)
	}
	s.complete(w, r, c, func() (outcome, error) {
		out, err := s.linked(r.Context(), target, auth.Subject, claims)
		if err == nil && claims == nil {
			s.compare(r.Context(), target, auth)
		}
		out.origin, out.idToken = target.Issuer, idToken
		return out, err
	})
}
