package signals

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Type is the typ of a security event token (RFC 8417 §2.3).
const Type = "secevent+jwt"

// SubjectID names whom an event is about (RFC 9493 §3.2).
type SubjectID struct {
	Format  string `json:"format"`
	Issuer  string `json:"iss,omitempty"`
	Subject string `json:"sub,omitempty"`
	ID      string `json:"id,omitempty"`
}

// Formats of subject identifiers.
const (
	FormatIssuerSubject = "iss_sub" // RFC 9493 §3.2.3
	FormatOpaque        = "opaque"  // RFC 9493 §3.2.6
)

// Of names a subject of an issuer.
func Of(issuer, subject string) SubjectID {
	return SubjectID{Format: FormatIssuerSubject, Issuer: issuer, Subject: subject}
}

// claims are those of a token (RFC 8417 §2.2, SSF 1.0 §4.1). There is no exp and no sub, so that it cannot be taken for another kind of JWT.
type claims struct {
	Issuer   string                     `json:"iss"`
	ID       string                     `json:"jti"`
	IssuedAt float64                    `json:"iat"`
	Audience audience                   `json:"aud"`
	Txn      string                     `json:"txn,omitempty"`
	Subject  *SubjectID                 `json:"sub_id"`
	Events   map[string]json.RawMessage `json:"events"`
	Sub      json.RawMessage            `json:"sub,omitempty"`
	Expires  json.RawMessage            `json:"exp,omitempty"`
}

// audience is one string or a list of them (RFC 7519 §4.1.3).
type audience []string

// UnmarshalJSON implements json.Unmarshaler.
func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// Token is a security event token that was read.
type Token struct {
	Issuer, ID string
	IssuedAt   time.Time
	Txn        string
	Subject    SubjectID
	Event      string
	Payload    json.RawMessage
}

// Outgoing is a token that is to be signed.
type Outgoing struct {
	Issuer, Audience, ID, Txn string
	At                        time.Time
	Subject                   SubjectID
	Event                     Event
}

// Encode are the claims of a token, with the one event that SSF 1.0 §4.1.2 wants in it.
func (o Outgoing) Encode() ([]byte, error) {
	payload, err := json.Marshal(o.Event.Payload)
	if err != nil {
		return nil, fmt.Errorf("signals: encode: %w", err)
	}
	b, err := json.Marshal(claims{
		Issuer: o.Issuer, ID: o.ID, IssuedAt: float64(o.At.Unix()), Audience: audience{o.Audience}, Txn: o.Txn, Subject: &o.Subject,
		Events: map[string]json.RawMessage{o.Event.Type: payload},
	})
	if err != nil {
		return nil, fmt.Errorf("signals: encode: %w", err)
	}
	return b, nil
}

// Bounds of a token.
const (
	MaxToken  = 16 << 10 // bytes
	maxText   = 512
	maxFuture = 5 * time.Minute
	// maxAge is how old a token may be: a receiver that was away is told for thirty days.
	maxAge = 32 * 24 * time.Hour
)

// ErrToken reports a token that is not to be believed.
var ErrToken = errors.New("signals: not a security event token for this receiver")

func refused(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrToken, fmt.Sprintf(format, args...))
}

// Parse reads the claims of a token whose signature and typ were checked, and holds them to RFC 8417 §2.2 and SSF 1.0 §4.1.
func Parse(payload []byte, issuer, receiver string, now time.Time) (Token, error) {
	if len(payload) > MaxToken {
		return Token{}, refused("too large")
	}
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return Token{}, refused("malformed")
	}
	at := moment(c.IssuedAt)
	switch {
	case c.Issuer != issuer:
		return Token{}, refused("another issuer's")
	case !slices.Contains(c.Audience, receiver):
		return Token{}, refused("for somebody else")
	case c.Expires != nil || c.Sub != nil: // SSF 1.0 §4.1.7, §4.1.5: it would be another kind of JWT
		return Token{}, refused("it has an exp or a sub")
	case c.ID == "" || len(c.ID) > maxText || len(c.Txn) > maxText:
		return Token{}, refused("no usable jti")
	case at.After(now.Add(maxFuture)) || at.Before(now.Add(-maxAge)):
		return Token{}, refused("of another time")
	case len(c.Events) != 1: // SSF 1.0 §4.1.2
		return Token{}, refused("%d events", len(c.Events))
	case c.Subject == nil || !c.Subject.usable():
		return Token{}, refused("about nobody")
	}
	t := Token{Issuer: c.Issuer, ID: c.ID, IssuedAt: at, Txn: c.Txn, Subject: *c.Subject}
	for t.Event, t.Payload = range c.Events {
	}
	if len(t.Event) > maxText {
		return Token{}, refused("an event without a name")
	}
	return t, nil
}

func (s SubjectID) usable() bool {
	switch s.Format {
	case FormatIssuerSubject:
		return s.Issuer != "" && s.Subject != "" && len(s.Issuer) <= maxText && len(s.Subject) <= maxText
	case FormatOpaque:
		return s.ID != "" && len(s.ID) <= maxText
	}
	return false
}

// Correction reads the payload of a correction.
func (t Token) Correction() (c Correction, err error) {
	if t.Event != EventCorrection {
		return c, refused("no correction")
	}
	if err := json.Unmarshal(t.Payload, &c); err != nil {
		return c, refused("malformed")
	}
	if len(c.Case) > maxText || len(c.Decision) > maxText || len(c.Name) > maxText || len(c.Phone) > maxText || c.Into != nil && !c.Into.usable() ||
		c.Hold != nil && (c.Hold.ID == "" || len(c.Hold.ID) > maxText) {
		return c, refused("a correction out of bounds")
	}
	return c, nil
}
