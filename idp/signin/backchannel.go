package signin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"manyou/federation/upstream"
	"manyou/storage"
)

// BackchannelLogoutPath is where other issuers say that sessions ended (OpenID Connect Back-Channel Logout §2.5).
const BackchannelLogoutPath = "/upstream/backchannel-logout"

// logoutVerifier is a provider that says when sessions end.
type logoutVerifier interface {
	VerifyLogout(ctx context.Context, token string) (upstream.Logout, error)
}

// backchannelLogout ends the sessions here that came from one that another issuer says has ended. Who is told of them in turn hears
// it from here.
func (s *SignIn) backchannelLogout(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	token := r.PostFormValue("logout_token")
	l, err := s.verifyLogout(r.Context(), token)
	if err == nil {
		err = s.endFrom(r.Context(), l)
	}
	var refused *logoutRefusedError
	switch {
	case errors.As(err, &refused):
		s.Logger.WarnContext(r.Context(), "a logout token was refused", "cause", err)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest) // §2.8
		_, _ = w.Write([]byte(`{"error":"invalid_request"}`))
	case err != nil:
		s.Logger.ErrorContext(r.Context(), "a logout was not carried out", "cause", err)
		w.WriteHeader(http.StatusServiceUnavailable) // it is said again
	default:
		w.WriteHeader(http.StatusOK)
	}
}

// logoutRefusedError is a logout token that is not to be believed.
type logoutRefusedError struct{ cause error }

func (e *logoutRefusedError) Error() string { return "logout refused: " + e.cause.Error() }
func (e *logoutRefusedError) Unwrap() error { return e.cause }

func (s *SignIn) verifyLogout(ctx context.Context, token string) (upstream.Logout, error) {
	target, err := s.upstreams.byIssuer(ctx, upstream.IssuerOf(token))
	if errors.Is(err, errNoUpstream) {
		return upstream.Logout{}, &logoutRefusedError{err}
	} else if err != nil {
		return upstream.Logout{}, err
	}
	verifier, ok := target.provider.(logoutVerifier)
	if !ok {
		return upstream.Logout{}, &logoutRefusedError{errNoUpstream}
	}
	l, err := verifier.VerifyLogout(ctx, token)
	switch {
	case errors.Is(err, upstream.ErrUnreachable), errors.Is(err, upstream.ErrSlow):
		return l, err
	case err != nil:
		return l, &logoutRefusedError{err}
	}
	err = s.Store.Use(ctx, "logout_token", l.Issuer+"\x00"+l.ID, l.Expires.Add(time.Minute))
	if errors.Is(err, storage.ErrUsed) {
		return l, &logoutRefusedError{err}
	}
	return l, err
}

// endFrom ends what came from a session at another issuer.
func (s *SignIn) endFrom(ctx context.Context, l upstream.Logout) error {
	link, _, err := s.Store.Link(ctx, l.Issuer, l.Subject)
	if errors.Is(err, storage.ErrNotFound) {
		return nil // nobody came from there
	} else if err != nil {
		return err
	}
	sessions, err := s.Store.SessionsOf(ctx, link.PersonID, s.Clock())
	if err != nil {
		return err
	}
	for _, one := range sessions {
		if one.Origin != l.Issuer {
			continue
		}
		if l.SessionID != "" {
			live, err := s.Store.Session(ctx, one.ID, one.ExpiresAt) // with its ID token
			if errors.Is(err, storage.ErrNotFound) {
				continue
			} else if err != nil {
				return err
			}
			if sid := sessionIDOf(live.UpstreamIDToken); sid != "" && sid != l.SessionID {
				continue
			}
		}
		if err := s.Store.EndSession(ctx, one.ID, one.ExpiresAt, s.Clock()); err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		s.Logger.InfoContext(ctx, "a session ended where it came from", "origin", l.Issuer)
	}
	return nil
}

// sessionIDOf is the sid of an ID token that was verified before it was stored, "" if it has none.
func sessionIDOf(idToken string) string {
	parts := strings.Split(idToken, ".")
	if len(parts) != 3 {
		return ""
	}
	payload, err := encoding.DecodeString(parts[1])
	var claims struct {
		SessionID string `json:"sid"`
	}
	if err != nil || json.Unmarshal(payload, &claims) != nil {
		return ""
	}
	return claims.SessionID
}
