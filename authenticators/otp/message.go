package otp

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Message is one text on its way to one phone.
type Message struct {
	Phone string // E.164
	Text  string // ready to be shown, with the code in it
	Code  string // the code alone, for carriers that only accept templates of their own
}

// String says that there is a message, and nothing that a log must not hold.
func (Message) String() string { return "message with a one-time code" }

// GoString is String, so that %#v reveals nothing either.
func (m Message) GoString() string { return m.String() }

// LogValue is String, so that a structured log reveals nothing either.
func (m Message) LogValue() slog.Value { return slog.StringValue(m.String()) }

// MarshalJSON is String, for a message inside of something that a structured log writes as JSON. A gateway names the
// fields that it sends.
func (m Message) MarshalJSON() ([]byte, error) { return json.Marshal(m.String()) }

// Bounds of what a Sender carries. A name of 20 characters and an ordinary host leave the message within the 70
// UTF-16 code units of one SMS.
const (
	maxSenderName = 20
	maxHost       = 253
)

// Sender writes the messages of one issuer.
type Sender struct {
	name map[string]string
	host string
}

// NewSender returns a sender for an issuer. The name appears between 【】 as carriers demand of a signature; "zh" is
// needed, "en" is optional. The host is that of the issuer's URL, without a port: a browser that understands
// origin-bound codes fills the code in there and on no other site.
func NewSender(name map[string]string, host string) (*Sender, error) {
	if name["zh"] == "" {
		return nil, errors.New(`otp: a sender needs a name in "zh"`)
	}
	s := &Sender{name: make(map[string]string, len(name)), host: strings.ToLower(host)}
	for lang, n := range name {
		if utf8.RuneCountInString(n) > maxSenderName || strings.ContainsAny(n, "【】@#") ||
			strings.ContainsFunc(n, unicode.IsControl) {
			return nil, fmt.Errorf("otp: sender name %q is over %d characters or holds one of 【】@#", n, maxSenderName)
		}
		s.name[lang] = n
	}
	if !isHost(s.host) {
		return nil, fmt.Errorf("otp: sender host %q is not a host name", host)
	}
	return s, nil
}

// isHost reports whether a string consists of the characters of an ASCII host name. Any other character would end
// the host early in the eyes of a browser.
func isHost(s string) bool {
	if s == "" || len(s) > maxHost {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// Notice writes a text that tells a person something, without a code.
func (s *Sender) Notice(phone, text, lang string) Message {
	name := s.name["zh"]
	if primary, _, _ := strings.Cut(strings.ToLower(lang), "-"); primary == "en" && s.name["en"] != "" {
		name = s.name["en"]
	}
	return Message{Phone: phone, Text: "【" + name + "】" + text}
}

// Message writes the text for a challenge in a language: English for "en" and its regions, else Chinese.
func (s *Sender) Message(c Challenge, code, lang string) Message {
	minutes := int(c.ExpiresAt.Sub(c.SentAt) / time.Minute) // rounded down: the text never promises too much
	name, text := s.name["zh"], "【%s】验证码 %s，%d分钟内有效。请勿告诉任何人。"
	if primary, _, _ := strings.Cut(strings.ToLower(lang), "-"); primary == "en" {
		if s.name["en"] != "" {
			name = s.name["en"]
		}
		text = "【%s】Code %s, valid for %d min. Do not share it."
	}
	// The last line makes the code origin-bound: "@host #code" (WICG, Origin-bound one-time codes delivered via
	// SMS, §3.1).
	text = fmt.Sprintf(text+"\n@%s #%s", name, code, minutes, s.host, code)
	return Message{Phone: c.Phone, Text: text, Code: code}
}
