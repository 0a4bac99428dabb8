package authority

import (
	"context"
	"errors"
	"net/http"
	"time"

	"manyou/federation/trust"
	"manyou/storage"
)

// markLife is how long a mark stands before it has to be fetched again, unless it ends before.
const markLife = 24 * time.Hour

// Mark issues a trust mark that was granted and not revoked. [trust.ErrNotFound] otherwise.
func (a *Authority) Mark(r *http.Request, kind, subject string) (string, error) {
	m, err := a.Store.TrustMark(r.Context(), kind, subject)
	now := a.Clock()
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return "", trust.ErrNotFound
	case err != nil:
		return "", err
	case !stands(m, now):
		return "", trust.ErrNotFound
	}
	expires := now.Add(markLife)
	if !m.ExpiresAt.IsZero() && m.ExpiresAt.Before(expires) {
		expires = m.ExpiresAt
	}
	return a.sign(trust.TypeMark, trust.Mark{
		Issuer: a.EntityID, Subject: subject, Type: kind, IssuedAt: now.Unix(), Expires: expires.Unix(),
	})
}

func stands(m storage.TrustMark, now time.Time) bool {
	return m.RevokedAt.IsZero() && (m.ExpiresAt.IsZero() || now.Before(m.ExpiresAt))
}

// MarkStands implements [trust.Local].
func (a *Authority) MarkStands(ctx context.Context, m trust.Mark) (bool, error) {
	stored, err := a.Store.TrustMark(ctx, m.Type, m.Subject)
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return err == nil && stands(stored, a.Clock()), err
}

// serveMark gives an entity its mark [OpenID Federation 1.0 §8.6.1].
func (a *Authority) serveMark(w http.ResponseWriter, r *http.Request) {
	kind, sub := r.URL.Query().Get("trust_mark_type"), r.URL.Query().Get("sub")
	if kind == "" || sub == "" {
		refuse(w, http.StatusBadRequest, codeInvalidRequest, "trust_mark_type and sub are needed")
		return
	}
	switch text, err := a.Mark(r, kind, sub); {
	case errors.Is(err, trust.ErrNotFound):
		refuse(w, http.StatusNotFound, codeNotFound, "no such trust mark")
	case err != nil:
		a.fault(w, r, err)
	default:
		send(w, trust.TypeMark, text)
	}
}

// maxMark bounds what the status endpoint reads, in bytes.
const maxMark = 16 << 10

// serveMarkStatus says whether a mark stands [OpenID Federation 1.0 §8.4.1].
func (a *Authority) serveMarkStatus(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxMark)
	raw := r.PostFormValue("trust_mark")
	m, err := trust.ParseMark(raw)
	if err != nil || m.Issuer != a.EntityID {
		refuse(w, http.StatusNotFound, codeNotFound, "not a trust mark of this issuer")
		return
	}
	status := "active"
	stored, err := a.Store.TrustMark(r.Context(), m.Type, m.Subject)
	now := a.Clock()
	switch _, bad := a.verify(raw, m, now); {
	case errors.Is(err, storage.ErrNotFound):
		refuse(w, http.StatusNotFound, codeNotFound, "no such trust mark")
		return
	case err != nil:
		a.fault(w, r, err)
		return
	case !stored.RevokedAt.IsZero():
		status = "revoked"
	case m.Expires != 0 && !now.Before(time.Unix(m.Expires, 0)) || !stands(stored, now):
		status = "expired"
	case bad != nil:
		status = "invalid"
	}
	text, err := a.sign(trust.TypeMarkStatus, map[string]any{"iss": a.EntityID, "iat": now.Unix(), "trust_mark": raw, "status": status})
	if err != nil {
		a.fault(w, r, err)
		return
	}
	send(w, trust.TypeMarkStatus, text)
}

func (a *Authority) verify(raw string, m trust.Mark, now time.Time) (trust.Mark, error) {
	keys, err := trust.ParseKeys(a.JWKS())
	if err != nil {
		return m, err
	}
	return trust.VerifyMark(raw, m.Subject, map[string][]string{m.Type: {a.EntityID}}, keys, now)
}
