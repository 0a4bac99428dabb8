package streams

import (
	"encoding/json"
	"errors"
	"net/http"

	"manyou/federation/signals"
	"manyou/storage"
)

// subject takes a subject that a receiver adds or removes (SSF 1.0 §8.1.3). A stream is about all persons whom its application was given
// tokens of, until it removes one; nobody else is added by being named, and nothing is said about whether there is such a person. An issuer
// removes nobody: what is decided about a person has to reach all who let them in.
func (s *Streams) subject(w http.ResponseWriter, r *http.Request) {
	clientID, ok := s.Authorize(w, r, signals.ScopeManage)
	if !ok {
		return
	}
	raw, ok := body(w, r)
	if !ok {
		return
	}
	var want struct {
		ID      string            `json:"stream_id"`
		Subject signals.SubjectID `json:"subject"`
	}
	if err := json.Unmarshal(raw, &want); err != nil || want.ID == "" || want.Subject.Format == "" {
		refuse(w, http.StatusBadRequest, "invalid_request", "stream_id and subject are required")
		return
	}
	if _, ok := s.mine(w, r, clientID, want.ID); !ok {
		return
	}
	to, err := s.Receiver(r.Context(), clientID)
	if err != nil {
		s.fault(w, r, err)
		return
	}
	remove := r.URL.Path == pathRemove
	if remove && to.Links != "" {
		refuse(w, http.StatusForbidden, "access_denied", "an issuer hears of everybody whom it knows")
		return
	}
	if want.Subject.Format == signals.FormatIssuerSubject && want.Subject.Issuer == s.Issuer {
		if err := s.Store.SetKnown(r.Context(), clientID, want.Subject.Subject, remove); err != nil && !errors.Is(err, storage.ErrNotFound) {
			s.fault(w, r, err)
			return
		}
	}
	if remove {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.WriteHeader(http.StatusOK)
}
