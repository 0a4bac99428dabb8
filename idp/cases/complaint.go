package cases

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
	"unicode/utf8"

	"manyou/federation/signals"
	"manyou/federation/upstream"
)

// complaint is what is filed.
type complaint struct {
	Kind      string            `json:"kind"`
	Subject   signals.SubjectID `json:"subject"`
	Attribute string            `json:"attribute,omitempty"`
	Expected  string            `json:"expected,omitempty"`
	Statement string            `json:"statement,omitempty"`
	// Said is what the filer's own records say.
	Said map[string]string `json:"said,omitempty"`
	// Application is the one that complained at a province; only of issuers.
	Application string `json:"application,omitempty"`
	// ACR is the rung at which somebody was authenticated, of whom an issuer knows what it says; only of issuers.
	ACR int `json:"acr,omitempty"`
}

// caseView is what a filer reads of a case.
type caseView struct {
	Number  string    `json:"number"`
	State   string    `json:"state"`
	FiledAt time.Time `json:"filed_at"`
	DueAt   time.Time `json:"due_at"`
	// Joined says that others had reported the same.
	Joined bool `json:"joined,omitempty"`
}

// problem is an error (RFC 9457).
func problem(w http.ResponseWriter, status int, kind, detail string) {
	body, err := json.Marshal(map[string]any{"type": "urn:manyou:problem:" + kind, "title": http.StatusText(status), "status": status, "detail": detail})
	if err != nil {
		body = []byte(`{}`)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func (a *API) fault(w http.ResponseWriter, r *http.Request, cause error) {
	switch {
	case errors.Is(cause, upstream.ErrUnreachable), errors.Is(cause, upstream.ErrSlow):
		w.Header().Set("Retry-After", "60")
		problem(w, http.StatusServiceUnavailable, "nation-unreachable", "cases are filed at the nation, which does not answer now: send it again with the same key")
	default:
		a.Logger.ErrorContext(r.Context(), "a case's request failed", "cause", cause)
		problem(w, http.StatusInternalServerError, "fault", "try again with the same key")
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		problem(w, http.StatusInternalServerError, "fault", "")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(raw)
}

// parse reads a complaint.
func parse(raw []byte) (c complaint, err error) {
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, errors.New("the body is not a complaint, in JSON")
	}
	if c.Subject.Format != signals.FormatIssuerSubject || c.Subject.Issuer == "" || c.Subject.Subject == "" {
		return c, errors.New("subject: format iss_sub, iss and sub are required")
	}
	for _, text := range append([]string{c.Subject.Issuer, c.Subject.Subject, c.Attribute, c.Expected, c.Application}, pairs(c.Said)...) {
		if !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxValue {
			return c, fmt.Errorf("a value of more than %d characters", maxValue)
		}
	}
	if c.ACR < 0 || c.ACR > maxACR {
		return c, errors.New("acr: no rung of the ladder")
	}
	if len(c.Said) > 16 {
		return c, errors.New("said: more than 16 values")
	}
	return c, nil
}

func pairs(m map[string]string) (list []string) {
	for k, v := range m {
		list = append(list, k, v)
	}
	return list
}
