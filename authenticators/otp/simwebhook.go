package otp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// maxMonitoredDays bounds how far back an operator may say to look.
const maxMonitoredDays = 36_500

// SIMWebhook asks an HTTP endpoint for SIM changes, as openapi.yaml beside this file describes it. Request and answer
// are those of retrieve-date in the CAMARA SIM Swap API 2.0, which operators offer under the name of GSMA Open Gateway.
type SIMWebhook struct{ endpoint *endpoint }

var _ SIMChanges = (*SIMWebhook)(nil)

// NewSIMWebhook returns a webhook, or an error that says what is wrong with its configuration.
func NewSIMWebhook(c WebhookConfig) (*SIMWebhook, error) {
	e, err := newEndpoint(c)
	if err != nil {
		return nil, err
	}
	return &SIMWebhook{endpoint: e}, nil
}

// LastSIMChange asks once, and once more if the connection fails before an answer arrives.
func (w *SIMWebhook) LastSIMChange(ctx context.Context, phone string) (SIMChange, error) {
	if !validPhone(phone) {
		return SIMChange{}, fmt.Errorf("%w: %w", ErrSIMUnknown, ErrPhone)
	}
	id, err := w.endpoint.newID()
	if err != nil {
		return SIMChange{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	body, err := json.Marshal(map[string]string{"phoneNumber": phone})
	if err != nil {
		return SIMChange{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	r, err := w.endpoint.call(ctx, map[string]string{"x-correlator": id}, body)
	switch {
	case errors.Is(err, ErrUnavailable):
		return SIMChange{}, err
	case err != nil:
		return SIMChange{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	case r.status == http.StatusOK:
		return parseSIMChange(r)
	case r.status == http.StatusNotFound || r.status == http.StatusUnprocessableEntity:
		// A misrouted proxy says 404 as well; only an answer in the documented form is one.
		return SIMChange{}, parseSIMUnknown(r)
	default:
		return SIMChange{}, fmt.Errorf("%w: status %d", ErrUnavailable, r.status)
	}
}

// parseSIMChange reads an answer. The errors hold nothing of it.
func parseSIMChange(r reply) (SIMChange, error) {
	body, err := r.json()
	if err != nil {
		return SIMChange{}, err
	}
	var answer struct {
		LatestSimChange json.RawMessage `json:"latestSimChange"` // "null" is an answer, and nothing is none
		MonitoredPeriod int             `json:"monitoredPeriod"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.LatestSimChange == nil ||
		answer.MonitoredPeriod < 0 || answer.MonitoredPeriod > maxMonitoredDays {
		return SIMChange{}, fmt.Errorf("%w: the answer is not the documented JSON", ErrUnavailable)
	}
	if string(answer.LatestSimChange) == "null" {
		if answer.MonitoredPeriod == 0 {
			return SIMChange{}, fmt.Errorf("%w: no change, since nobody says when", ErrSIMUnknown)
		}
		return SIMChange{Monitored: time.Duration(answer.MonitoredPeriod) * 24 * time.Hour}, nil
	}
	var at time.Time
	if json.Unmarshal(answer.LatestSimChange, &at) != nil || at.IsZero() {
		return SIMChange{}, fmt.Errorf("%w: the time of the change is not one", ErrUnavailable)
	}
	return SIMChange{At: at.UTC()}, nil
}

// parseSIMUnknown reads a refusal: ErrSIMUnknown if it says that the number is not known there, else ErrUnavailable.
func parseSIMUnknown(r reply) error {
	body, err := r.json()
	if err != nil {
		return err
	}
	var answer struct {
		Code string `json:"code"`
	}
	if err := json.Unmarshal(body, &answer); err == nil {
		switch answer.Code {
		case "IDENTIFIER_NOT_FOUND", "SERVICE_NOT_APPLICABLE":
			return fmt.Errorf("%w: status %d", ErrSIMUnknown, r.status)
		}
	}
	return fmt.Errorf("%w: status %d", ErrUnavailable, r.status)
}
