package idp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"manyou/federation/trust"
	"manyou/idp/keys"
	"manyou/storage"
)

// pathRegister is where an application registers explicitly.
const pathRegister = "/federation/register"

// Bounds of explicit registration.
const (
	maxPosted = (trust.MaxDepth + 1) * trust.MaxStatement // a chain
	// maxRegistrations is how many applications may be registered below one subordinate of the anchor.
	maxRegistrations = 10_000
	// maxPostedLife is how long a configuration may be good that is posted: so long an old one has to be known as such.
	maxPostedLife = 24 * time.Hour
)

// mediaChain is a trust chain (OpenID Federation 1.0 §4.1).
const mediaChain = "application/trust-chain+json"

// registrationError is a refusal of the registration endpoint (OpenID Connect Dynamic Client Registration §3.3, OpenID Federation 1.0 §8.9).
type registrationError struct {
	status            int
	code, description string
	cause             error
}

func (e *registrationError) Error() string { return fmt.Sprintf("%s: %v", e.description, e.cause) }

// register answers an application that asks to be registered (explicit registration, OpenID Federation 1.0 §12.2). What it is follows from
// the configuration that it posts and from its superiors. It is registered until the chain ends, or somebody on it is suspended, and
// registers anew before. Then it is an application like those that people registered: its requests need no signature.
func (i *Issuer) register(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	text, err := i.registered(w, r)
	var refused *registrationError
	switch {
	case errors.As(err, &refused):
		i.Logger.InfoContext(r.Context(), "registration refused", "code", refused.code, "cause", err)
	case err != nil:
		i.Logger.ErrorContext(r.Context(), "registration failed", "cause", err)
		refused = &registrationError{http.StatusInternalServerError, "server_error", "try again later", err}
	default:
		w.Header().Set("Content-Type", "application/"+trust.TypeRegistration)
		_, _ = io.WriteString(w, text) //nolint:gosec // a JWT of ours; the application may have gone away
		return
	}
	body, _ := json.Marshal(map[string]string{"error": refused.code, "error_description": refused.description}) //nolint:errchkjson // strings
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(refused.status)
	_, _ = w.Write(body) // the application went away
}

func (i *Issuer) registered(w http.ResponseWriter, r *http.Request) (string, error) {
	posted, anchor, err := i.posted(w, r)
	if err != nil {
		return "", err
	}
	resolved, err := i.entity.Resolver.ResolvePosted(r.Context(), posted, anchor)
	switch {
	case errors.Is(err, trust.ErrUntrusted):
		return "", &registrationError{http.StatusBadRequest, "invalid_trust_chain", "no chain makes this entity an application here", err}
	case err != nil:
		return "", &registrationError{http.StatusServiceUnavailable, "temporarily_unavailable", "a superior cannot be reached", err}
	}
	app, err := fromMetadata(posted.Subject, resolved.Metadata[trust.OpenIDRelyingParty], registersExplicitly)
	if err != nil {
		return "", &registrationError{http.StatusBadRequest, "invalid_client_metadata", err.Error(), err}
	}
	app.resolved, app.explicit = resolved, true
	i.apps.limit(app)
	metadata := map[string]any{}
	for name, v := range resolved.Metadata[trust.OpenIDRelyingParty] {
		metadata[name] = v
	}
	metadata["client_id"], metadata["scope"], metadata["grant_types"] = app.ClientID, strings.Join(app.Scopes, " "), app.GrantTypes
	if err := i.keepRegistration(r.Context(), posted, resolved, metadata); err != nil {
		return "", err
	}
	i.apps.forget(app.ClientID)
	i.Logger.InfoContext(r.Context(), "an application registered itself", "client_id", app.ClientID, "chain", resolved.Explain())
	return i.registrationResponse(app, metadata)
}

// posted reads what an application posts.
func (i *Issuer) posted(w http.ResponseWriter, r *http.Request) (leaf *trust.Statement, anchor string, err error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	most := int64(trust.MaxStatement)
	switch {
	case err == nil && media == mediaChain:
		most = maxPosted
	case err != nil || media != "application/"+trust.TypeStatement:
		return nil, "", &registrationError{
			http.StatusUnsupportedMediaType, "invalid_request", "the body must be application/" + trust.TypeStatement + " or " + mediaChain, err,
		}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if err != nil {
		return nil, "", &registrationError{http.StatusRequestEntityTooLarge, "invalid_request", "the statement is too long", err}
	}
	leaf, anchor, err = trust.ParsePosted(body, media == mediaChain, i.Issuer, i.Clock())
	if err == nil && leaf.Expires-leaf.IssuedAt > int64(maxPostedLife.Seconds()) {
		err = errors.New("it is good for more than a day")
	}
	if err != nil {
		return nil, "", &registrationError{http.StatusBadRequest, "invalid_request", "not an entity configuration for this issuer, good for a day at most", err}
	}
	return leaf, anchor, nil
}

// keepRegistration stores what was registered.
func (i *Issuer) keepRegistration(ctx context.Context, posted *trust.Statement, resolved *trust.Resolved, metadata map[string]any) error {
	stored := storage.Registration{
		ClientID: posted.Subject, Path: resolved.Path, IssuedAt: time.Unix(posted.IssuedAt, 0).UTC(), ExpiresAt: resolved.ExpiresAt.UTC(),
	}
	stored.Below = resolved.Path[max(len(resolved.Path)-2, 1)] // the anchor itself, of one right below it
	for _, m := range resolved.Marks {
		stored.Marks = append(stored.Marks, [2]string{m.Type, m.Issuer})
	}
	var err error
	if stored.Metadata, err = json.Marshal(metadata); err != nil {
		return err
	}
	err = i.Store.PutRegistration(ctx, stored, maxRegistrations, i.Clock())
	switch {
	case errors.Is(err, storage.ErrConflict):
		return &registrationError{http.StatusBadRequest, "invalid_request", "a newer configuration of this entity is registered", err}
	case errors.Is(err, storage.ErrUsed):
		return &registrationError{http.StatusServiceUnavailable, "temporarily_unavailable", "too many applications are registered below this superior", err}
	}
	return err
}

// explicit is an application that registered itself, as it was registered; nil if there is none.
func (a *applications) explicit(ctx context.Context, clientID string) (*application, error) {
	stored, err := a.store.Registration(ctx, clientID)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("read registration: %w", err)
	}
	if !a.clock().Before(stored.ExpiresAt) {
		return nil, nil
	}
	var metadata map[string]any
	if err := json.Unmarshal(stored.Metadata, &metadata); err != nil {
		return nil, fmt.Errorf("registration of %s: %w", clientID, err)
	}
	app, err := fromMetadata(clientID, metadata, registersExplicitly)
	if err != nil {
		return nil, fmt.Errorf("registration of %s: %w", clientID, err)
	}
	app.explicit = true
	app.resolved = &trust.Resolved{Subject: clientID, Anchor: stored.Path[len(stored.Path)-1], Path: stored.Path, ExpiresAt: stored.ExpiresAt}
	for _, m := range stored.Marks {
		app.resolved.Marks = append(app.resolved.Marks, trust.Mark{Type: m[0], Issuer: m[1]})
	}
	return app, nil
}

// registrationResponse is what the application is here, until its chain ends [OpenID Federation 1.0 §12.2.3].
func (i *Issuer) registrationResponse(app *application, metadata map[string]any) (string, error) {
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
