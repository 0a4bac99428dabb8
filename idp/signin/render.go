package signin

import (
	"net/http"

	"manyou/federation/identity"
	"manyou/idp/web"
)

// render shows the page of the step that the conversation stands at.
func (s *SignIn) render(w http.ResponseWriter, r *http.Request, c *conversation, status int, problem web.Error) {
	frame, action := s.frame(r, c), c.path()
	switch c.state.Step {
	case stepCode:
		page := &web.CodePage{Frame: frame, Action: action, Phone: identity.MaskPhone(c.state.Phone), Error: problem}
		if c.state.Challenge != nil {
			page.ResendAfter = max(0, c.state.Challenge.ResendAt(s.policy).Sub(s.Clock()))
		}
		s.Web.Render(w, r, status, page)
	case stepProve:
		s.Web.Render(w, r, status, &web.TypedPage{
			Frame: frame, Action: action, Method: c.state.Method, Others: s.others(c, c.state.Method), Skip: c.skippable(), Error: problem,
			NeedsPhone: c.state.nobody() || r.PostForm.Has("phone"), Phone: r.PostForm.Get("phone"),
		})
	case stepRelative:
		s.renderRelative(w, r, c, status, problem)
	case stepPasskey:
		options, err := s.passkeyPrompt(r.Context(), c)
		if err != nil {
			s.fault(w, r, err)
			return
		}
		s.Web.Render(w, r, status, &web.PasskeyPage{
			Frame: frame, Action: action, Options: options, Others: s.others(c, c.state.Method), Skip: c.skippable(), Error: problem,
		})
	case stepIdentify:
		s.renderIdentify(w, r, c, nil)
	case stepChoose:
		s.Web.Render(w, r, status, &web.ChoosePage{Frame: frame, Action: action, Error: problem})
	case stepProvince:
		s.renderProvinces(w, r, c, frame)
	case stepConsent:
		s.Web.Render(w, r, status, &web.ConsentPage{Frame: frame, Action: action, Scopes: c.state.Consent.Scopes})
	default: // at the phone, or back from another issuer by the browser's own means
		s.renderPhone(w, r, c, status, problem)
	}
}

// renderPhone shows the page that a sign-in begins with.
func (s *SignIn) renderPhone(w http.ResponseWriter, r *http.Request, c *conversation, status int, problem web.Error) {
	phone := r.PostForm.Get("phone")
	if hinted, err := identity.ParsePhone(c.state.Request.LoginHint); phone == "" && err == nil {
		phone = hinted
	}
	page := &web.PhonePage{
		Frame: s.frame(r, c), Action: c.path(), Phone: phone, HasProvinces: s.hasProvinces(r), Error: problem,
		QR: c.state.Request.allows(methodQR) && c.state.Pending == nil, LostURL: c.path() + "/lost", Detached: c.state.Detached,
		Another: c.state.Request.Another,
	}
	options, err := s.passkeyPrompt(r.Context(), c)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	if options != nil {
		page.Passkey = &web.PasskeyPrompt{Options: options, Conditional: true}
	}
	s.Web.Render(w, r, status, page)
}

// skippable reports whether the citizen may go on without what is asked for.
func (c *conversation) skippable() bool { return c.state.Person != "" && !c.state.Request.Essential }

// lost shows what a citizen can do whose phone is gone.
func (s *SignIn) lost(w http.ResponseWriter, r *http.Request) {
	c, ok := s.resume(w, r, r.PathValue("conversation"))
	if !ok {
		return
	}
	page := &web.LostPage{Frame: s.frame(r, c), Action: c.path()}
	if s.discoverer(&c.state.Request) != nil && c.state.Pending == nil {
		page.Ways = append(page.Ways, "passkey")
	}
	if _, ok := s.method(&c.state.Request, recoveryName); ok {
		page.Ways = append(page.Ways, recoveryName)
	}
	if c.state.Request.allows(methodQR) {
		page.Ways = append(page.Ways, methodQR)
	}
	if s.hasProvinces(r) {
		page.Ways = append(page.Ways, "province")
	}
	page.Ways = append(page.Ways, "counter")
	s.Web.Render(w, r, http.StatusOK, page)
}

func (s *SignIn) frame(r *http.Request, c *conversation) web.Frame {
	req := &c.state.Request
	frame := web.Frame{Application: s.Web.Pick(r, req.Application, req.Locales...), Locales: req.Locales}
	if req.Target != "" {
		frame.FormTargets = []string{req.Target}
	}
	return frame
}

// renderIdentify shows what was typed again, save what was not understood.
func (s *SignIn) renderIdentify(w http.ResponseWriter, r *http.Request, c *conversation, problems map[string]web.Error) {
	status := http.StatusOK
	if len(problems) > 0 {
		status = http.StatusUnprocessableEntity
	}
	page := &web.IdentifyPage{
		Frame: s.frame(r, c), Action: c.path(), Errors: problems,
		Name: r.PostForm.Get("name"), Kind: r.PostForm.Get("document_kind"), Number: r.PostForm.Get("document_number"),
	}
	if s.Complain != nil && c.state.Phone != "" {
		page.ComplainURL = c.path() + "/complain"
	}
	s.Web.Render(w, r, status, page)
}

func (s *SignIn) renderProvinces(w http.ResponseWriter, r *http.Request, c *conversation, frame web.Frame) {
	all, err := s.upstreams.provinces(r.Context(), c.state.Request.Asker)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	page := &web.ProvincePage{Frame: frame, Action: c.path(), Suggested: s.likely(r, c.state.Request), Detached: c.state.Detached}
	for _, p := range all {
		page.Provinces = append(page.Provinces, web.Province{Region: p.Region, Name: s.Web.Pick(r, p.Name, frame.Locales...)})
	}
	s.Web.Render(w, r, http.StatusOK, page)
}

// hasNeighbours reports whether there is an issuer to sign in at besides the nation.
func (s *SignIn) hasNeighbours(r *http.Request, c *conversation) bool {
	all, err := s.upstreams.provinces(r.Context(), c.state.Request.Asker)
	return err == nil && len(all) > 0
}

// hasProvinces reports whether there is another issuer to sign in at.
func (s *SignIn) hasProvinces(r *http.Request) bool {
	if s.National {
		all, err := s.upstreams.provinces(r.Context(), "")
		return err == nil && len(all) > 0
	}
	_, err := s.upstreams.byRegion(r.Context(), NationRegion)
	return err == nil
}
