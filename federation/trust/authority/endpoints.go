package authority

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"manyou/federation/trust"
)

// Error codes [OpenID Federation 1.0 §8.9].
const (
	codeInvalidRequest = "invalid_request"
	codeNotFound       = "not_found"
	codeServerError    = "server_error"
	codeUnavailable    = "temporarily_unavailable"
	codeInvalidAnchor  = "invalid_trust_anchor"
	codeInvalidChain   = "invalid_trust_chain"
)

func refuse(w http.ResponseWriter, status int, code, description string) {
	body, _ := json.Marshal(map[string]string{"error": code, "error_description": description}) //nolint:errchkjson // strings
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // who asked went away
}

func (a *Authority) fault(w http.ResponseWriter, r *http.Request, err error) {
	a.Logger.ErrorContext(r.Context(), "federation endpoint failed", "path", r.URL.Path, "cause", err)
	refuse(w, http.StatusInternalServerError, codeServerError, "try again later")
}

func send(w http.ResponseWriter, typ, text string) {
	h := w.Header()
	h.Set("Content-Type", "application/"+typ)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Access-Control-Allow-Origin", "*") // public documents
	_, _ = w.Write([]byte(text))              //nolint:gosec // a JWT or JSON, of that type; who asked may have gone away
}

func sendJSON(w http.ResponseWriter, v []string) {
	body, _ := json.Marshal(v) //nolint:errchkjson // strings
	send(w, "json", string(body))
}

func (a *Authority) serveConfiguration(w http.ResponseWriter, r *http.Request) {
	s, err := a.Configuration(r.Context())
	if err != nil {
		a.fault(w, r, err)
		return
	}
	send(w, trust.TypeStatement, s.String())
}

// serveFetch answers with a statement about a subordinate [OpenID Federation 1.0 §8.1.1].
func (a *Authority) serveFetch(w http.ResponseWriter, r *http.Request) {
	sub := r.URL.Query().Get("sub")
	if sub == "" || sub == a.EntityID { // [§8.1.1: not about the issuer itself]
		refuse(w, http.StatusBadRequest, codeInvalidRequest, "sub must be a subordinate")
		return
	}
	switch s, err := a.About(r.Context(), sub); {
	case errors.Is(err, trust.ErrNotFound):
		refuse(w, http.StatusNotFound, codeNotFound, "no such subordinate")
	case err != nil:
		a.fault(w, r, err)
	default:
		send(w, trust.TypeStatement, s.String())
	}
}

// serveList lists the subordinates that stand [OpenID Federation 1.0 §8.2.1].
func (a *Authority) serveList(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Has("trust_marked") || q.Has("trust_mark_type") {
		refuse(w, http.StatusBadRequest, "unsupported_parameter", "ask the trust mark list endpoint")
		return
	}
	types, intermediate := q["entity_type"], q.Get("intermediate") == "true"
	ids := []string{}
	for id := range maps.Keys(*a.below.Load()) {
		b, ok := a.subordinate(id)
		is := func(t string) bool { return slices.Contains(b.Types, t) }
		if ok && (len(types) == 0 || slices.ContainsFunc(types, is)) && (!intermediate || is(trust.FederationEntity)) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	sendJSON(w, ids)
}

// serveResolve answers with what a chain makes of an entity [OpenID Federation 1.0 §8.3.1].
func (a *Authority) serveResolve(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	sub, anchors := q.Get("sub"), q["trust_anchor"]
	switch {
	case sub == "" || len(anchors) == 0:
		refuse(w, http.StatusBadRequest, codeInvalidRequest, "sub and trust_anchor are needed")
		return
	case a.resolver == nil:
		refuse(w, http.StatusNotFound, codeNotFound, "nothing is resolved here")
		return
	}
	got, err := a.resolver.Resolve(r.Context(), sub)
	switch {
	case errors.Is(err, trust.ErrUntrusted):
		refuse(w, http.StatusBadRequest, codeInvalidChain, plain(err))
		return
	case err != nil:
		refuse(w, http.StatusServiceUnavailable, codeUnavailable, "the entity or a superior cannot be reached")
		return
	case !slices.Contains(anchors, got.Anchor):
		refuse(w, http.StatusNotFound, codeInvalidAnchor, "the chain leads to another anchor")
		return
	}
	metadata := map[string]any{}
	for name, m := range got.Metadata {
		if types := q["entity_type"]; len(types) == 0 || slices.Contains(types, name) {
			metadata[name] = m
		}
	}
	claims := map[string]any{
		"iss": a.EntityID, "sub": sub, "iat": a.Clock().Unix(), "exp": got.ExpiresAt.Unix(), "metadata": metadata, "trust_chain": got.Chain,
	}
	if len(got.Marks) > 0 {
		marks := make([]trust.MarkEntry, 0, len(got.Marks))
		for _, m := range got.Marks {
			marks = append(marks, trust.MarkEntry{Type: m.Type, Mark: m.String()})
		}
		claims["trust_marks"] = marks
	}
	text, err := a.sign(trust.TypeResolve, claims)
	if err != nil {
		a.fault(w, r, err)
		return
	}
	send(w, trust.TypeResolve, text)
}

// serveHistory tells the keys that signed once [OpenID Federation 1.0 §8.7.1].
func (a *Authority) serveHistory(w http.ResponseWriter, r *http.Request) {
	if a.History == nil {
		refuse(w, http.StatusNotFound, codeNotFound, "no history is kept")
		return
	}
	keys, err := a.History(r.Context())
	if err != nil {
		a.fault(w, r, err)
		return
	}
	text, err := a.sign(trust.TypeHistoricalKeys, map[string]any{"iss": a.EntityID, "iat": a.Clock().Unix(), "keys": keys})
	if err != nil {
		a.fault(w, r, err)
		return
	}
	send(w, trust.TypeHistoricalKeys, text)
}

// plain is an error as an outsider may read it: one line.
func plain(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return text
}
