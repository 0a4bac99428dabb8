package idp

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// maxForm bounds the body of a request at the endpoints that clients call, in bytes.
const maxForm = 64 << 10

// endpointEdge stands before the endpoints that clients call directly. It holds them to what op leaves open: POST with
// a form and nothing in the query, each parameter once, bodies bounded, answers never stored.
func (i *Issuer) endpointEdge(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		openCORS(w)
		if r.Method == http.MethodOptions {
			preflight(w)
			return
		}
		noStore(w) // RFC 6749 §5.1
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", "POST, OPTIONS") // RFC 6749 §3.2
			op.WriteError(w, r, op.NewStatusError(oidc.ErrInvalidRequest().WithDescription("this endpoint takes POST"), http.StatusMethodNotAllowed), nil)
			return
		}
		if r.URL.RawQuery != "" { // RFC 6749 §2.3.1, §3.2
			op.WriteError(w, r, badRequest("parameters belong in the body"), nil)
			return
		}
		if err := parseForm(w, r); err != nil {
			op.WriteError(w, r, err, nil)
			return
		}
		serve := next
		if !saysWho(r) { // op would call it a bad request, or answer 400
			serve = refusal(invalidClient(errors.New("no client authentication")))
		}
		i.challenged(serve, w, r, challenger{challenge: `Basic realm="manyou", charset="UTF-8"`})
	})
}

// saysWho reports whether a request tries to say which client it comes from, and at the introspection endpoint to prove it
// (RFC 6749 §5.2, RFC 7662 §2.1).
func saysWho(r *http.Request) bool {
	if r.Header.Get("Authorization") != "" || r.PostForm.Get("client_assertion") != "" {
		return true
	}
	proves := r.PostForm.Get("client_secret") != ""
	return r.PostForm.Get("client_id") != "" && (proves || r.URL.Path != pathIntrospect)
}

// refusal answers every request with an error.
func refusal(err error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { op.WriteError(w, r, err, nil) })
}

// userInfoEdge stands before the userinfo endpoint, which takes GET and POST (OpenID Connect Core §5.3.1) but no token
// in the query (RFC 9700 §4.3.2).
func (i *Issuer) userInfoEdge(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		openCORS(w)
		switch r.Method {
		case http.MethodOptions:
			preflight(w)
			return
		case http.MethodGet, http.MethodPost:
		default:
			w.Header().Set("Allow", "GET, POST, OPTIONS")
			http.Error(w, "this endpoint takes GET and POST", http.StatusMethodNotAllowed)
			return
		}
		noStore(w)
		if r.URL.RawQuery != "" {
			op.WriteError(w, r, badRequest("an access token belongs in the Authorization header"), nil)
			return
		}
		if r.Method == http.MethodPost && r.ContentLength != 0 {
			if err := parseForm(w, r); err != nil {
				op.WriteError(w, r, err, nil)
				return
			}
		}
		i.challenged(next, w, r, challenger{challenge: `Bearer realm="manyou"`, bearer: true})
	})
}

// parseForm reads a form body within bounds, each parameter once (RFC 6749 §3.2).
func parseForm(w http.ResponseWriter, r *http.Request) error {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/x-www-form-urlencoded" {
		return op.NewStatusError(oidc.ErrInvalidRequest().WithDescription("the body must be a form"), http.StatusUnsupportedMediaType)
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return op.NewStatusError(oidc.ErrInvalidRequest().WithDescription("the body is too large or not a form"), http.StatusRequestEntityTooLarge)
	}
	for _, values := range r.PostForm {
		if len(values) > 1 {
			return badRequest("a parameter is given more than once")
		}
	}
	return nil
}

// challenged serves a request through a challenger, and logs a refusal: who asked, never with what.
func (i *Issuer) challenged(next http.Handler, w http.ResponseWriter, r *http.Request, c challenger) {
	c.ResponseWriter = w
	next.ServeHTTP(&c, r)
	if c.status < http.StatusBadRequest {
		return
	}
	clientID, _, ok := r.BasicAuth()
	if !ok {
		clientID = r.PostForm.Get("client_id")
	}
	i.Logger.InfoContext(r.Context(), "request refused", "path", r.URL.Path, "status", c.status, "client_id", clientID[:min(len(clientID), 64)])
}

// challenger adds WWW-Authenticate to refusals (RFC 6749 §5.2, RFC 6750 §3).
type challenger struct {
	http.ResponseWriter
	challenge string
	bearer    bool
	status    int
}

// WriteHeader implements http.ResponseWriter.
func (c *challenger) WriteHeader(status int) {
	c.status = status
	switch {
	case status == http.StatusUnauthorized && c.bearer:
		c.Header().Set("WWW-Authenticate", c.challenge+`, error="invalid_token"`)
	case status == http.StatusForbidden && c.bearer:
		c.Header().Set("WWW-Authenticate", c.challenge+`, error="insufficient_scope", scope="openid"`)
	case status == http.StatusUnauthorized:
		c.Header().Set("WWW-Authenticate", c.challenge)
	}
	c.ResponseWriter.WriteHeader(status)
}

func noStore(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
}

// openCORS lets scripts of any origin read an answer, never with cookies: what these endpoints give is given for what
// the request carries, not for where it comes from.
func openCORS(w http.ResponseWriter) { w.Header().Set("Access-Control-Allow-Origin", "*") }

func preflight(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	h.Set("Access-Control-Max-Age", "7200")
	w.WriteHeader(http.StatusNoContent)
}

// requestParameters reads the parameters of a request that a browser carries: query or form, never both.
func requestParameters(w http.ResponseWriter, r *http.Request) (parameters, *protocolError) {
	if r.Method != http.MethodPost {
		if len(r.URL.RawQuery) > maxRequest {
			return nil, invalidRequest("the request is too long")
		}
		q, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return nil, invalidRequest("the query is malformed")
		}
		return parameters(q), nil
	}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return nil, invalidRequest("the body must be a form")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	if err := r.ParseForm(); err != nil {
		return nil, invalidRequest("the request is too long or malformed")
	}
	return parameters(r.PostForm), nil
}
