package idp

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"manyou/idp/signin"
	"manyou/idp/web"
	"manyou/storage"
)

// continuation is what a sign-in is for: a request of an application, or a page of this issuer.
type continuation struct {
	// Asked is set once the citizen was asked to agree: prompt=consent asks once.
	Asked   bool                  `json:"asked,omitempty"`
	Request *authorizationRequest `json:"request,omitempty"`
	Local   string                `json:"local,omitempty"` // a path
}

func (c continuation) encode() ([]byte, error) { return json.Marshal(c) }

// host is what idp/signin sees of the issuer.
type host struct{ *Issuer }

var _ signin.Host = host{}

// Finish implements signin.Host: the citizen is signed in, the request can be answered.
func (h host) Finish(w http.ResponseWriter, r *http.Request, body []byte, s storage.Session) {
	h.resume(w, r, body, func(req *authorizationRequest, app *application) { h.finish(w, r, req, app, s) })
}

// Local implements signin.Host.
func (h host) Local(path string) ([]byte, error) { return continuation{Local: path}.encode() }

// Refuse implements signin.Host: the sign-in ended without a session.
func (h host) Refuse(w http.ResponseWriter, r *http.Request, body []byte, code string) {
	h.resume(w, r, body, func(req *authorizationRequest, _ *application) {
		h.respondError(w, r, req, &protocolError{Code: code, Description: refusals[code]})
	})
}

// refusals describe the error codes that a conversation ends with (OpenID Connect Core §3.1.2.6).
var refusals = map[string]string{
	"login_required":                    "nobody is signed in",
	"access_denied":                     "the citizen or the issuer refused",
	"interaction_required":              "the citizen would have to be asked",
	"temporarily_unavailable":           "the home issuer cannot be reached",
	"unmet_authentication_requirements": "the requested acr cannot be reached",
}

// resume reads what a conversation carried. The application is looked up anew: it may have been suspended meanwhile.
func (h host) resume(w http.ResponseWriter, r *http.Request, body []byte, then func(*authorizationRequest, *application)) {
	var c continuation
	if err := json.Unmarshal(body, &c); err != nil {
		h.fault(w, r, err)
		return
	}
	if c.Request == nil {
		http.Redirect(w, r, c.Local, http.StatusSeeOther)
		return
	}
	if perr := c.Request.parseClaims(); perr != nil {
		h.fault(w, r, perr)
		return
	}
	app, err := h.apps.get(r.Context(), c.Request.ClientID)
	if errors.Is(err, errNoApplication) {
		h.problem(w, r, http.StatusBadRequest, web.ProblemUnknownApplication, err)
		return
	} else if err != nil {
		h.fault(w, r, err)
		return
	}
	// It may also have given up this redirect URI, or a scope.
	if !slices.Contains(app.Application.RedirectURIs, c.Request.RedirectURI) {
		h.problem(w, r, http.StatusBadRequest, web.ProblemRedirectURI, errors.New("redirect_uri is not registered any more"))
		return
	}
	c.Request.Scopes, c.Request.consentAsked = app.still(c.Request.Scopes), c.Asked
	then(c.Request, app)
}

// respond sends an authorization response in the mode that was asked for, with state and iss (RFC 9207 §2).
func (i *Issuer) respond(w http.ResponseWriter, r *http.Request, req *authorizationRequest, values url.Values) {
	if req.State != "" {
		values.Set("state", req.State)
	}
	values.Set("iss", i.Issuer)
	if req.ResponseMode == "form_post" { // OAuth 2.0 Form Post Response Mode §2
		fields := make([]web.Field, 0, len(values))
		for _, name := range slices.Sorted(maps.Keys(values)) {
			fields = append(fields, web.Field{Name: name, Value: values.Get(name)})
		}
		i.web.Render(w, r, http.StatusOK, &web.FormPostPage{
			Frame: web.Frame{FormTargets: []string{req.RedirectURI}, Locales: req.UILocales}, Target: req.RedirectURI, Fields: fields,
		})
		return
	}
	separator := "?"
	if strings.Contains(req.RedirectURI, "?") {
		separator = "&"
	}
	redirectAway(w, r, req.RedirectURI+separator+values.Encode())
}

// respondError sends an error to the application (RFC 6749 §4.1.2.1).
func (i *Issuer) respondError(w http.ResponseWriter, r *http.Request, req *authorizationRequest, e *protocolError) {
	i.Logger.InfoContext(r.Context(), "authorization refused", "client_id", req.ClientID, "error", e.Code, "reason", e.Description)
	i.respond(w, r, req, url.Values{"error": {e.Code}, "error_description": {e.Description}})
}

// problem shows a citizen what went wrong, with a reference that finds the cause in the log.
func (i *Issuer) problem(w http.ResponseWriter, r *http.Request, status int, p web.Problem, cause error) {
	reference := i.reference()
	i.Logger.WarnContext(r.Context(), "problem shown", "reference", reference, "problem", string(p), "cause", cause)
	i.web.Render(w, r, status, &web.ProblemPage{Problem: p, Reference: reference})
}

// fault is a problem that is nobody's fault but ours.
func (i *Issuer) fault(w http.ResponseWriter, r *http.Request, cause error) {
	reference := i.reference()
	i.Logger.ErrorContext(r.Context(), "request failed", "reference", reference, "path", r.URL.Path, "cause", cause)
	i.web.Render(w, r, http.StatusInternalServerError, &web.ProblemPage{Problem: web.ProblemGeneric, Reference: reference})
}

// redirectAway sends the browser to another site.
func redirectAway(w http.ResponseWriter, r *http.Request, target string) {
	status := http.StatusFound
	if r.Method == http.MethodPost {
		status = http.StatusSeeOther // RFC 9700 §4.12: a form's contents go no further
	}
	w.Header().Set("Location", target)
	w.WriteHeader(status)
}
