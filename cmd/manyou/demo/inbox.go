package demo

import (
	"context"
	"slices"
	"sync"
	"time"

	"manyou/authenticators/otp"
)

// maxMessages bounds the inbox; the oldest are forgotten.
const maxMessages = 200

// Message is a text that reached the demo phone.
type Message struct {
	Phone  string    `json:"phone"` // E.164
	Text   string    `json:"text"`
	Code   string    `json:"code"`
	SentAt time.Time `json:"sent_at"`
}

// inbox is the gateway of all issuers: it delivers to the demo phone.
type inbox struct {
	clock     func() time.Time
	delivered func(Message)

	mu       sync.Mutex
	messages []Message // oldest first
}

var _ otp.Gateway = (*inbox)(nil)

// Send implements [otp.Gateway].
func (b *inbox) Send(_ context.Context, m otp.Message) error {
	msg := Message{Phone: m.Phone, Text: m.Text, Code: m.Code, SentAt: b.clock().UTC().Truncate(time.Millisecond)}
	b.mu.Lock()
	if len(b.messages) == maxMessages {
		b.messages = slices.Delete(b.messages, 0, 1)
	}
	b.messages = append(b.messages, msg)
	b.mu.Unlock()
	b.delivered(msg)
	return nil
}

// newestFirst is a copy of the messages. It is empty, never nil.
func (b *inbox) newestFirst() []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := append([]Message{}, b.messages...)
	slices.Reverse(list)
	return list
}
