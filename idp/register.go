package idp

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"

	"manyou/federation/trust"
	"manyou/idp/keys"
)

// pathRegister is where an application registers explicitly.
const pathRegister = "/federation/register"

// register answers an application that asks to be registered (explicit registration, OpenID Federation 1.0 §12.2). Nothing is
// stored: what it is follows from its chain, as with automatic registration, so it signs its requests too, and a registration
// ends with the chain.
func (i *Issuer) register(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	refuse := func(status int, code, description string) {
		body, _ := json.Marshal(map[string]string{"error": code, "error_description": description}) //nolint:errchkjson // strings
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(body) // the application went away
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/"+trust.TypeStatement {
		refuse(http.StatusUnsupportedMediaType, "invalid_request", "the body must be application/"+trust.TypeStatement)
		return
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, trust.MaxStatement))
	if err != nil {
		refuse(http.StatusRequestEntityTooLarge, "invalid_request", "the statement is too long")
		return
	}
	s, err := trust.ParseFor(string(raw), i.Issuer, i.Clock())
	if err != nil {
		refuse(http.StatusBadRequest, "invalid_request", "not an entity configuration for this issuer")
		return
	}
	app, err := i.apps.automatic(r.Context(), s.Subject)
	switch {
	case errors.Is(err, errNoApplication):
		i.Logger.InfoContext(r.Context(), "registration refused", "entity", s.Subject, "cause", err)
		refuse(http.StatusBadRequest, "invalid_trust_chain", "no chain makes this entity an application here")
		return
	case err != nil:
		i.Logger.WarnContext(r.Context(), "registration not decided", "entity", s.Subject, "cause", err)
		refuse(http.StatusServiceUnavailable, "temporarily_unavailable", "a superior cannot be reached")
		return
	}
	// What it sent is its own only if a key that its superior vouches for signed it.
	if err := s.SignedBy(app.resolved.Keys); err != nil {
		refuse(http.StatusBadRequest, "invalid_request", "the statement is not signed by a key of the entity")
		return
	}
	text, err := i.registrationResponse(app)
	if err != nil {
		i.Logger.ErrorContext(r.Context(), "registration failed", "cause", err)
		refuse(http.StatusInternalServerError, "server_error", "try again later")
		return
	}
	w.Header().Set("Content-Type", "application/"+trust.TypeRegistration)
	_, _ = w.Write([]byte(text)) // the application went away
}

// registrationResponse is what the application is here, until its chain ends [OpenID Federation 1.0 §12.2.3].
func (i *Issuer) registrationResponse(app *application) (string, error) {
	metadata := map[string]any{}
	for name, v := range app.resolved.Metadata[trust.OpenIDRelyingParty] {
		metadata[name] = v
	}
	metadata["client_id"], metadata["require_signed_request_object"] = app.ClientID, true
	payload, err := json.Marshal(map[string]any{
		"iss": i.Issuer, "sub": app.ClientID, "aud": app.ClientID, "iat": i.Clock().Unix(), "exp": app.resolved.ExpiresAt.Unix(),
		"trust_anchor": app.resolved.Anchor, "authority_hints": app.resolved.Path[1:2],
		"metadata": map[string]any{trust.OpenIDRelyingParty: metadata},
	})
	if err != nil {
		return "", err
	}
	key, err := i.keys.Signer(keys.ES256)
	if err != nil {
		return "", err
	}
	return key.Sign(trust.TypeRegistration, payload)
}
