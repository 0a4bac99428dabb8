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
	var want struct {
		ID      string            `json:"stream_id"`
		Subject signals.SubjectID `json:"subject"`
	}
	t, ok := s.asked(w, r, "stream_id and subject are required", func(raw []byte) (string, error) {
		if err := json.Unmarshal(raw, &want); err != nil || want.Subject.Format == "" {
			return "", err
		}
		return want.ID, nil
	})
	if !ok {
		return
	}
	to, err := s.Receiver(r.Context(), t.ClientID)
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
		if err := s.Store.SetKnown(r.Context(), t.ClientID, want.Subject.Subject, remove); err != nil && !errors.Is(err, storage.ErrNotFound) {
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
