package otp

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// maxMessageID bounds the identifier that the gateway gives a message, in bytes.
const maxMessageID = 128

// Webhook is a gateway that posts messages to an HTTP endpoint, as openapi.yaml beside this file describes it.
type Webhook struct{ endpoint *endpoint }

var _ Gateway = (*Webhook)(nil)

// NewWebhook returns a webhook, or an error that says what is wrong with its configuration.
func NewWebhook(c WebhookConfig) (*Webhook, error) {
	e, err := newEndpoint(c)
	if err != nil {
		return nil, err
	}
	return &Webhook{endpoint: e}, nil
}

// webhookMessage is the body of a request.
type webhookMessage struct {
	ID     string    `json:"id"`
	SentAt time.Time `json:"sent_at"`
	Phone  string    `json:"phone"`
	Text   string    `json:"text"`
	Code   string    `json:"code"`
}

// Send posts the message. If the connection fails before an answer arrives it tries once more, with the same
// Idempotency-Key and body.
func (w *Webhook) Send(ctx context.Context, m Message) error {
	if !validPhone(m.Phone) {
		return fmt.Errorf("%w: %w", ErrRefused, ErrPhone)
	}
	id, err := w.endpoint.newID()
	if err != nil {
		return err
	}
	body, err := json.Marshal(webhookMessage{
		ID:     id,
		SentAt: w.endpoint.config.Now().UTC().Truncate(time.Millisecond),
		Phone:  m.Phone,
		Text:   m.Text,
		Code:   m.Code,
	})
	if err != nil {
		return fmt.Errorf("otp: encode the message: %w", err)
	}
	// draft-ietf-httpapi-idempotency-key-header §2.1: a quoted string.
	r, err := w.endpoint.call(ctx, map[string]string{"Idempotency-Key": `"` + id + `"`}, body)
	if err != nil {
		return err
	}
	switch {
	case r.status == http.StatusOK || r.status == http.StatusAccepted:
		return checkAnswer(r) // also if it broke off: another try might deliver the message twice
	case r.status >= 400 && r.status < 500 && r.status != http.StatusRequestTimeout && r.status != http.StatusTooManyRequests:
		return fmt.Errorf("%w: status %d", ErrRefused, r.status)
	default:
		return fmt.Errorf("%w: status %d", ErrUnavailable, r.status)
	}
}

// checkAnswer demands proof that the gateway itself took the message: a captive portal or a misrouted proxy answers
// 200 to everything. The errors hold nothing of the answer, which may repeat the message.
func checkAnswer(r reply) error {
	body, err := r.json()
	if err != nil {
		return err
	}
	var answer struct {
		MessageID string `json:"message_id"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("%w: the answer is not the documented JSON", ErrUnavailable)
	}
	if answer.MessageID == "" || len(answer.MessageID) > maxMessageID {
		return fmt.Errorf("%w: the answer has no message_id of 1 to %d bytes", ErrUnavailable, maxMessageID)
	}
	return nil
}
