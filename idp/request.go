package idp

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"manyou/storage"
)

// Bounds of an authorization request, in bytes.
const (
	maxRequest   = 32 << 10
	maxParameter = 4 << 10
	maxClaims    = 2 << 10
	maxNonce     = 512
	maxHint      = 256 // each of login_hint, domain_hint, ui_locales, acr_values
)

// authorizationRequest is a request at the authorization endpoint (OpenID Connect Core §3.1.2.1), as far as it is
// understood. It is what a sign-in conversation carries until it can be answered.
type authorizationRequest struct {
	ClientID      string   `json:"client_id"`
	RedirectURI   string   `json:"redirect_uri"`
	ResponseMode  string   `json:"response_mode,omitempty"`
	Scopes        []string `json:"scope,omitempty"`
	State         string   `json:"state,omitempty"`
	Nonce         string   `json:"nonce,omitempty"`
	Prompt        []string `json:"prompt,omitempty"`
	MaxAge        *int64   `json:"max_age,omitempty"` // seconds
	LoginHint     string   `json:"login_hint,omitempty"`
	DomainHint    string   `json:"domain_hint,omitempty"`
	IDTokenHint   string   `json:"id_token_hint,omitempty"`
	ACRValues     []string `json:"acr_values,omitempty"`
	UILocales     []string `json:"ui_locales,omitempty"`
	Claims        string   `json:"claims,omitempty"`
	CodeChallenge string   `json:"code_challenge,omitempty"`
	Channel       string   `json:"channel,omitempty"` // how the citizen comes: app, mini-program, kiosk, counter, web

	claims       claimsRequest
	consentAsked bool // in this conversation
}

// parameters are the request's own, each given once at most.
type parameters url.Values

func (p parameters) get(name string) string { return url.Values(p).Get(name) }

func (p parameters) list(name string) []string { return strings.Fields(p.get(name)) }

// once fails if a parameter stands more than once (RFC 6749 §3.1), is too long, or is not UTF-8: what is not would come
// back changed after a conversation.
func (p parameters) once() *protocolError {
	for name, values := range p {
		if len(values) > 1 {
			return invalidRequest("a parameter is given more than once")
		}
		if len(name) > 128 || len(values[0]) > maxParameter {
			return invalidRequest("a parameter is too long")
		}
		if !utf8.ValidString(values[0]) {
			return invalidRequest("a parameter is not UTF-8")
		}
	}
	return nil
}

// isChallenge reports whether a code challenge is BASE64URL(SHA-256) (RFC 7636 §4.2).
func isChallenge(s string) bool { return len(s) == 43 && strings.Trim(s, base64URL) == "" }

// parseAuthorizationRequest reads the parameters that remain once client and redirect URI are known to be good. The
// request is returned even with an error, so that the error can be sent where it belongs.
func parseAuthorizationRequest(p parameters, app *application) (*authorizationRequest, *protocolError) {
	r := &authorizationRequest{
		ClientID: app.ClientID, RedirectURI: p.get("redirect_uri"), ResponseMode: p.get("response_mode"),
		State: p.get("state"), Nonce: p.get("nonce"), Prompt: p.list("prompt"),
		LoginHint: p.get("login_hint"), DomainHint: p.get("domain_hint"), IDTokenHint: p.get("id_token_hint"),
		ACRValues: p.list("acr_values"), UILocales: p.list("ui_locales"), Claims: p.get("claims"),
		CodeChallenge: p.get("code_challenge"), Channel: p.get("channel"),
	}
	switch r.ResponseMode {
	case "", "query", "form_post":
	default:
		r.ResponseMode = ""
		return r, invalidRequest("response_mode must be query or form_post")
	}
	if err := p.once(); err != nil {
		return r, err
	}
	if len(r.Nonce) > maxNonce || strings.ContainsFunc(r.Nonce+r.Claims, func(c rune) bool { return c < ' ' || c == 0x2028 || c == 0x2029 }) {
		return r, invalidRequest("nonce is too long, or nonce or claims hold control characters")
	}
	for _, hint := range []string{r.LoginHint, r.DomainHint, p.get("ui_locales"), p.get("acr_values")} {
		if len(hint) > maxHint {
			return r, invalidRequest("a hint is too long")
		}
	}
	if r.ResponseMode == "form_post" && !strings.HasPrefix(r.RedirectURI, "http") {
		r.ResponseMode = "" // no form leads to an application of the device
		return r, invalidRequest("form_post needs a redirect URI of https")
	}
	switch rt := p.get("response_type"); rt {
	case "code":
	case "":
		return r, invalidRequest("response_type is missing")
	default:
		return r, &protocolError{Code: "unsupported_response_type", Description: "response_type must be code"}
	}
	// OpenID Connect Core §3.1.2.6: these are named when they are not supported.
	for parameter, code := range map[string]string{
		"request": "request_not_supported", "request_uri": "request_uri_not_supported", "registration": "registration_not_supported",
	} {
		if p.get(parameter) != "" {
			return r, &protocolError{Code: code, Description: parameter + " is not supported"}
		}
	}
	for _, scope := range p.list("scope") {
		if slices.Contains(app.Scopes, scope) && !slices.Contains(r.Scopes, scope) {
			r.Scopes = append(r.Scopes, scope) // OpenID Connect Core §3.1.2.1: others are ignored
		}
	}
	if len(r.Scopes) == 0 {
		return r, &protocolError{Code: "invalid_scope", Description: "none of the scopes is open to this application"}
	}
	if slices.Contains(r.Prompt, "none") && len(r.Prompt) > 1 { // OpenID Connect Core §3.1.2.1
		return r, invalidRequest("prompt=none stands alone")
	}
	for _, prompt := range r.Prompt {
		if !slices.Contains(promptsSupported, prompt) {
			return r, invalidRequest("prompt is not one that is supported")
		}
	}
	if err := r.setMaxAge(p.get("max_age")); err != nil {
		return r, err
	}
	if err := r.checkPKCE(p.get("code_challenge_method"), app); err != nil {
		return r, err
	}
	if err := r.parseClaims(); err != nil {
		return r, err
	}
	return r, nil
}

var promptsSupported = []string{"none", "login", "consent", "select_account"}

func (r *authorizationRequest) setMaxAge(value string) *protocolError {
	if value == "" {
		return nil
	}
	seconds, err := strconv.ParseInt(value, 10, 32)
	if err != nil || seconds < 0 {
		return invalidRequest("max_age must be a number of seconds")
	}
	r.MaxAge = &seconds
	return nil
}

// checkPKCE holds every client to PKCE with S256 (RFC 7636 §4.3, RFC 9700 §2.1.1), save a confidential one that is
// registered to go without and then sends a nonce.
func (r *authorizationRequest) checkPKCE(method string, app *application) *protocolError {
	if r.CodeChallenge == "" {
		switch {
		case method != "":
			return invalidRequest("code_challenge is missing")
		case !app.PKCEOptional || app.AuthMethod == methodNone:
			return invalidRequest("code_challenge is required (PKCE)")
		case r.Nonce == "":
			return invalidRequest("nonce is required without PKCE")
		}
		return nil
	}
	if method != "S256" { // an absent method means plain (RFC 7636 §4.3)
		return invalidRequest("code_challenge_method must be S256")
	}
	if !isChallenge(r.CodeChallenge) {
		return invalidRequest("code_challenge is not a SHA-256 in base64url")
	}
	return nil
}

// parseClaims reads the claims parameter. It is read again when a conversation ends.
func (r *authorizationRequest) parseClaims() *protocolError {
	if r.Claims == "" {
		return nil
	}
	if len(r.Claims) > maxClaims || json.Unmarshal([]byte(r.Claims), &r.claims) != nil {
		return invalidRequest("claims is not a claims request")
	}
	return nil
}

func (r *authorizationRequest) asks(prompt string) bool  { return slices.Contains(r.Prompt, prompt) }
func (r *authorizationRequest) scoped(scope string) bool { return slices.Contains(r.Scopes, scope) }

// claimsRequest is the claims request parameter (OpenID Connect Core §5.5).
type claimsRequest struct {
	IDToken  map[string]*claimRequest `json:"id_token"`
	UserInfo map[string]*claimRequest `json:"userinfo"`
}

type claimRequest struct {
	Essential bool  `json:"essential"`
	Value     any   `json:"value"`
	Values    []any `json:"values"`
}

// wants are the values asked for, as strings.
func (c *claimRequest) wants() (values []string) {
	if c == nil {
		return nil
	}
	for _, v := range append([]any{c.Value}, c.Values...) {
		if s, ok := v.(string); ok {
			values = append(values, s)
		}
	}
	return values
}

// rungWanted is the lowest rung of the ladder that satisfies the request, and whether less is a failure: acr_values is
// a wish (OpenID Connect Core §3.1.2.1), an essential acr claim is a condition (§5.5.1.1). known is false if an
// essential acr asks only for values that do not exist here.
func (r *authorizationRequest) rungWanted() (rung int, essential, known bool) {
	known = true
	values := r.ACRValues
	if c, ok := r.claims.IDToken["acr"]; ok && c != nil {
		if wants := c.wants(); len(wants) > 0 {
			values, essential = wants, c.Essential
		}
	}
	for _, v := range values {
		if n := rungOf(v); n > 0 && (rung == 0 || n < rung) {
			rung = n
		}
	}
	if essential && rung == 0 {
		known = false
	}
	return rung, essential, known
}

// subjectWanted is the subject the ID token must be about, "" if any (OpenID Connect Core §5.5.1).
func (r *authorizationRequest) subjectWanted() string {
	if c, ok := r.claims.IDToken["sub"]; ok && c != nil {
		if s, ok := c.Value.(string); ok {
			return s
		}
	}
	return ""
}

// grants reports whether an application is registered for a grant type.
func grants(a *storage.Application, grantType string) bool {
	return slices.Contains(a.GrantTypes, grantType)
}
