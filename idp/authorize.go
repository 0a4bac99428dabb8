package idp

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"manyou/idp/keys"
	"manyou/idp/signin"
	"manyou/idp/web"
	"manyou/storage"
)

// authorize is the authorization endpoint (OpenID Connect Core §3.1.2). With a session that suffices it answers at
// once, after one read at most and no write.
func (i *Issuer) authorize(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	p, perr := requestParameters(w, r)
	if perr != nil {
		i.problem(w, r, http.StatusBadRequest, web.ProblemBadRequest, perr)
		return
	}
	if r.Method == http.MethodPost {
		// The cookies are Lax and do not come along with another site's POST; they do with the GET that follows.
		http.Redirect(w, r, pathAuthorize+"?"+url.Values(p).Encode(), http.StatusSeeOther)
		return
	}
	app, p, ok := i.requester(w, r, p)
	if !ok {
		return
	}
	req, perr := parseAuthorizationRequest(p, app)
	if perr != nil {
		i.respondError(w, r, req, perr)
		return
	}
	if app.Application.Issuer {
		i.cookies.SeenIn(w, r, app.Region)
	}
	allowed, perr := i.policyOf(app, req.Channel)
	if perr != nil {
		i.respondError(w, r, req, perr)
		return
	}
	s, err := i.cookies.Standing(w, r)
	if err == nil && allowed.allows(s) && i.suffices(req, app, s) {
		i.finish(w, r, req, app, s)
		return
	}
	var live storage.LiveSession
	if err == nil {
		live, err = i.cookies.Current(r) // the conversation builds on all of it
	}
	switch {
	case errors.Is(err, storage.ErrNotFound):
		i.begin(w, r, req, app, allowed, nil)
	case err != nil:
		i.fault(w, r, err)
	case !allowed.allows(live.Session): // proven in a way that counts for nothing here
		i.begin(w, r, req, app, allowed, nil)
	default:
		i.begin(w, r, req, app, allowed, &live.Session)
	}
}

// requester finds the application and checks the redirect URI. Until both are known to be good nothing may be sent
// anywhere but to the citizen's eyes (RFC 6749 §4.1.2.1).
//
// The parameters of an application that was registered automatically are those that it signed.
func (i *Issuer) requester(w http.ResponseWriter, r *http.Request, p parameters) (*application, parameters, bool) {
	if len(p["client_id"]) != 1 || len(p["redirect_uri"]) > 1 {
		i.problem(w, r, http.StatusBadRequest, web.ProblemUnknownApplication, errNoApplication)
		return nil, nil, false
	}
	// Whom no row registers has to sign its request. That is seen before anybody else is asked who it may be.
	if unsigned, err := i.apps.unregistered(r.Context(), p.get("client_id")); err != nil {
		i.fault(w, r, err)
		return nil, nil, false
	} else if unsigned && !plausible(p.get("request")) {
		i.problem(w, r, http.StatusBadRequest, web.ProblemBadRequest, errUnsigned)
		return nil, nil, false
	}
	app, err := i.apps.get(r.Context(), p.get("client_id"))
	switch {
	case errors.Is(err, errNoApplication):
		i.problem(w, r, http.StatusBadRequest, web.ProblemUnknownApplication, err)
		return nil, nil, false
	case errors.Is(err, errUnresolved):
		i.problem(w, r, http.StatusServiceUnavailable, web.ProblemUnresolved, err)
		return nil, nil, false
	case err != nil:
		i.fault(w, r, err)
		return nil, nil, false
	}
	if app.automatic() {
		signed, perr, err := i.signedParameters(r.Context(), p, app)
		switch {
		case err != nil:
			i.fault(w, r, err)
			return nil, nil, false
		case perr != nil:
			i.problem(w, r, http.StatusBadRequest, web.ProblemBadRequest, perr)
			return nil, nil, false
		}
		p = signed
	}
	// Compared as strings (RFC 9700 §2.1).
	if uri := p.get("redirect_uri"); !slices.Contains(app.Application.RedirectURIs, uri) {
		i.problem(w, r, http.StatusBadRequest, web.ProblemRedirectURI, errors.New("redirect_uri is not registered"))
		return nil, nil, false
	}
	return app, p, true
}

// suffices reports whether a session answers a request without asking anybody.
func (i *Issuer) suffices(req *authorizationRequest, app *application, s storage.Session) bool {
	if req.asks("login") || req.asks("select_account") {
		return false
	}
	if req.MaxAge != nil && i.Clock().After(s.AuthTime.Add(time.Duration(*req.MaxAge)*time.Second)) {
		return false
	}
	if i.askersOwn(app, s) {
		return false
	}
	if rung, _, _ := req.rungWanted(); s.ACR < rung {
		return false
	}
	return i.rightSubject(req, app, s)
}

// askersOwn reports whether a session came from the asker: it proves nothing to the asker. The nation does not learn from
// a province what the province learned from the nation.
func (i *Issuer) askersOwn(app *application, s storage.Session) bool {
	return app.Application.Issuer && s.Origin != "" && i.signin.RegionOf(s.Origin) == app.Region
}

// rightSubject reports whether a session is that of the person the request names, if it names one.
func (i *Issuer) rightSubject(req *authorizationRequest, app *application, s storage.Session) bool {
	if req.IDTokenHint == "" && req.subjectWanted() == "" {
		return true
	}
	subject := i.subject(s.PersonID, app)
	if wanted := req.subjectWanted(); wanted != "" && wanted != subject {
		return false
	}
	if req.IDTokenHint == "" {
		return true
	}
	hint, ok := i.hint(req.IDTokenHint)
	return ok && hint.Audience == app.ClientID && hint.Subject == subject
}

// hint reads an ID token of this issuer that is shown to it again. That it has expired does not matter (OpenID Connect
// RP-Initiated Logout §2, Core §3.1.2.1).
func (i *Issuer) hint(token string) (idToken, bool) {
	var t idToken
	if err := i.keys.Claims(keys.TypeIDToken, token, &t); err != nil || t.Issuer != i.Issuer {
		return idToken{}, false
	}
	return t, true
}

// begin hands the request to a sign-in conversation.
func (i *Issuer) begin(w http.ResponseWriter, r *http.Request, req *authorizationRequest, app *application, p policy, s *storage.Session) {
	rung, essential, known := req.rungWanted()
	if !known {
		i.respondError(w, r, req, errUnmet)
		return
	}
	body, err := continuation{Request: req}.encode()
	if err != nil {
		i.fault(w, r, err)
		return
	}
	i.signin.Begin(w, r, signin.Request{
		Body: body, Application: app.Name, Target: req.RedirectURI, Asker: askerRegion(app),
		Silent: req.asks("none"), Fresh: req.asks("login"), Choose: req.asks("select_account"),
		MaxAge: req.MaxAge, Rung: rung, Essential: essential,
		Methods: p.methods, LoginHint: req.LoginHint, DomainHint: req.DomainHint, Locales: req.UILocales,
	}, s)
}

// askerRegion is the region of an application that is itself an issuer, "" of any other.
func askerRegion(app *application) string {
	if app.Application.Issuer {
		return app.Region
	}
	return ""
}

// errUnmet is the answer to a request for more assurance than can be reached (OpenID Connect Core Error Code
// unmet_authentication_requirements 1.0).
var errUnmet = &protocolError{Code: "unmet_authentication_requirements", Description: "the requested acr cannot be reached"}

// errNotAccepted is the answer where the citizen signed in by what the application does not allow.
var errNotAccepted = &protocolError{Code: "access_denied", Description: "the application does not accept how the citizen signed in"}

// finish answers a request for a session that suffices, or has just begun.
func (i *Issuer) finish(w http.ResponseWriter, r *http.Request, req *authorizationRequest, app *application, s storage.Session) {
	if rung, essential, known := req.rungWanted(); !known || essential && s.ACR < rung {
		i.respondError(w, r, req, errUnmet)
		return
	}
	// A conversation offers only what the application allows, but what another device proved with is known here first.
	if allowed, perr := i.policyOf(app, req.Channel); perr != nil {
		i.respondError(w, r, req, perr)
		return
	} else if !allowed.allows(s) {
		i.respondError(w, r, req, errNotAccepted)
		return
	}
	if i.askersOwn(app, s) {
		i.respondError(w, r, req, &protocolError{Code: "login_required", Description: "nobody is signed in"})
		return
	}
	if !i.rightSubject(req, app, s) {
		i.respondError(w, r, req, &protocolError{Code: "login_required", Description: "another person is signed in"})
		return
	}
	if asked, err := i.mustConsent(r, req, app, s); err != nil {
		i.fault(w, r, err)
		return
	} else if asked {
		i.askConsent(w, r, req, app, s)
		return
	}
	code, err := i.mintCode(req, app, s)
	if err != nil {
		i.fault(w, r, err)
		return
	}
	i.respond(w, r, req, url.Values{"code": {code}})
}

// mustConsent reports whether the citizen has yet to agree. Consent is asked for what is sensitive: the number of a
// document. What an approved application of the government may see besides was decided when it was approved. Another
// issuer of the federation is not a recipient of its own: it links the same person.
func (i *Issuer) mustConsent(r *http.Request, req *authorizationRequest, app *application, s storage.Session) (bool, error) {
	if app.Application.Issuer || !req.scoped(scopeDocument) {
		return false, nil
	}
	if req.asks("consent") && !req.consentAsked { // OpenID Connect Core §3.1.2.1
		return true, nil
	}
	c, err := i.Store.Consent(r.Context(), s.PersonID, app.ClientID)
	if errors.Is(err, storage.ErrNotFound) {
		return true, nil
	}
	return !slices.Contains(c.Scopes, scopeDocument), err
}

func (i *Issuer) askConsent(w http.ResponseWriter, r *http.Request, req *authorizationRequest, app *application, s storage.Session) {
	if req.asks("none") {
		i.respondError(w, r, req, &protocolError{Code: "consent_required", Description: "the citizen has yet to agree"})
		return
	}
	body, err := continuation{Request: req, Asked: true}.encode()
	if err != nil {
		i.fault(w, r, err)
		return
	}
	i.signin.AskConsent(w, r, signin.Request{Body: body, Application: app.Name, Target: req.RedirectURI, Locales: req.UILocales},
		signin.Consent{ClientID: app.ClientID, Scopes: []string{scopeDocument}}, s)
}
