package otp

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"time"
)

const (
	defaultTimeout = 5 * time.Second
	maxTimeout     = 30 * time.Second
	// dialTimeout is short, so that a second try fits into the time of one Send.
	dialTimeout = 2 * time.Second
	// maxAnswer bounds the body and, apart from it, the header of an answer, in bytes.
	maxAnswer = 16 << 10
	// minSigningKey is the length of HMAC-SHA256's output (RFC 2104 §3), in bytes.
	minSigningKey = 32
	// maxMessageID bounds the identifier that the gateway gives a message, in bytes.
	maxMessageID = 128
)

// bearerToken is the syntax of RFC 6750 §2.1.
var bearerToken = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)

// WebhookConfig says where a webhook is and how to speak to it.
type WebhookConfig struct {
	// URL takes the messages. It is https, or http on a loopback address.
	URL string
	// BearerToken authenticates the issuer (RFC 6750 §2.1).
	BearerToken string
	// SigningKey, of at least 32 bytes, signs every body with HMAC-SHA256. Optional.
	SigningKey []byte
	// Timeout bounds one Send with its second try: up to 30 seconds, 5 if zero.
	Timeout time.Duration
	// Random is the source of idempotency keys. It is safe for concurrent use.
	Random io.Reader
	// Now is the clock.
	Now func() time.Time
	// Transport makes the requests; nil for one with the bounds that a webhook needs.
	Transport http.RoundTripper
}

// Webhook is a gateway that posts messages to an HTTP endpoint, as openapi.yaml beside this file describes it.
type Webhook struct {
	config WebhookConfig
	client *http.Client
}

var _ Gateway = (*Webhook)(nil)

// NewWebhook returns a webhook, or an error that says what is wrong with its configuration.
func NewWebhook(c WebhookConfig) (*Webhook, error) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil:
		return nil, errors.New("otp: webhook URL cannot be parsed") // err repeats the URL, which may hold a secret
	case u.Host == "" || u.User != nil || u.Fragment != "":
		return nil, errors.New("otp: webhook URL must be absolute, without user and fragment")
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return nil, errors.New("otp: webhook URL must be https, or http on a loopback address")
	case !bearerToken.MatchString(c.BearerToken):
		return nil, errors.New("otp: webhook needs a bearer token of the characters that RFC 6750 allows")
	case len(c.SigningKey) > 0 && len(c.SigningKey) < minSigningKey:
		return nil, fmt.Errorf("otp: webhook signing key has %d bytes, fewer than %d", len(c.SigningKey), minSigningKey)
	case c.Timeout < 0 || c.Timeout > maxTimeout:
		return nil, fmt.Errorf("otp: webhook timeout %s is not between 0 and %s", c.Timeout, maxTimeout)
	case c.Random == nil || c.Now == nil:
		return nil, errors.New("otp: webhook needs a clock and a source of randomness")
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.Transport == nil {
		c.Transport = &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: dialTimeout}).DialContext,
			TLSHandshakeTimeout:    dialTimeout,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    16,
			IdleConnTimeout:        time.Minute,
			MaxResponseHeaderBytes: maxAnswer,
		}
	}
	return &Webhook{config: c, client: &http.Client{
		Transport: c.Transport,
		// A redirect would carry the message to an address that nobody configured.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
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
	var id [16]byte
	if _, err := io.ReadFull(w.config.Random, id[:]); err != nil {
		return fmt.Errorf("otp: draw an idempotency key: %w", err)
	}
	out := webhookMessage{
		ID:     hex.EncodeToString(id[:]),
		SentAt: w.config.Now().UTC().Truncate(time.Millisecond),
		Phone:  m.Phone,
		Text:   m.Text,
		Code:   m.Code,
	}
	body, err := json.Marshal(out)
	if err != nil {
		return fmt.Errorf("otp: encode the message: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, w.config.Timeout)
	defer cancel()
	err = w.post(ctx, out.ID, body)
	if lost := (*connectionError)(nil); errors.As(err, &lost) && ctx.Err() == nil {
		err = w.post(ctx, out.ID, body)
	}
	return err
}

// post makes one request and reads its answer.
func (w *Webhook) post(ctx context.Context, id string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.config.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("otp: make the request") // err repeats the URL
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", "Bearer "+w.config.BearerToken)
	req.Header.Set("Idempotency-Key", `"`+id+`"`) // draft-ietf-httpapi-idempotency-key-header §2.1: a quoted string
	if len(w.config.SigningKey) > 0 {
		mac := hmac.New(sha256.New, w.config.SigningKey)
		mac.Write(body)
		req.Header.Set("Manyou-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	res, err := w.client.Do(req)
	if err != nil {
		return unavailable(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch status := res.StatusCode; {
	case status == http.StatusOK || status == http.StatusAccepted:
		if err != nil {
			// The gateway had answered: another try might deliver the message twice.
			return fmt.Errorf("%w: the answer broke off", ErrUnavailable)
		}
		return checkAnswer(res.Header.Get("Content-Type"), answer)
	case status >= 400 && status < 500 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests:
		return fmt.Errorf("%w: status %d", ErrRefused, status)
	default:
		return fmt.Errorf("%w: status %d", ErrUnavailable, status)
	}
}

// checkAnswer demands proof that the gateway itself took the message: a captive portal or a misrouted proxy answers
// 200 to everything. The errors hold nothing of the answer, which may repeat the message.
func checkAnswer(contentType string, body []byte) error {
	if len(body) > maxAnswer {
		return fmt.Errorf("%w: the answer has more than %d bytes", ErrUnavailable, maxAnswer)
	}
	if media, _, err := mime.ParseMediaType(contentType); err != nil || media != "application/json" {
		return fmt.Errorf("%w: the answer is not application/json", ErrUnavailable)
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

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
