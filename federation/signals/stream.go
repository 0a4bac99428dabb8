package signals

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"manyou/storage"
)

// Ways of delivery.
const (
	DeliveryPush = "urn:ietf:rfc:8935"
	DeliveryPoll = "urn:ietf:rfc:8936"
)

// Scopes of the access tokens that open the endpoints (CAEP Interoperability Profile §2.7.3).
const (
	ScopeManage = "ssf.manage"
	ScopeRead   = "ssf.read"
)

// Transmitter is the metadata of a transmitter (SSF 1.0 §7.1).
type Transmitter struct {
	SpecVersion     string                `json:"spec_version"`
	Issuer          string                `json:"issuer"`
	JWKSURI         string                `json:"jwks_uri"`
	Methods         []string              `json:"delivery_methods_supported"`
	Configuration   string                `json:"configuration_endpoint"`
	Status          string                `json:"status_endpoint"`
	AddSubject      string                `json:"add_subject_endpoint,omitempty"`
	RemoveSubject   string                `json:"remove_subject_endpoint,omitempty"`
	Verification    string                `json:"verification_endpoint"`
	Schemes         []AuthorizationScheme `json:"authorization_schemes"`
	DefaultSubjects string                `json:"default_subjects"`
}

// AuthorizationScheme is how the endpoints are opened (SSF 1.0 §7.1.1).
type AuthorizationScheme struct {
	URN string `json:"spec_urn"`
}

// Delivery is how a stream is delivered (SSF 1.0 §6.1).
type Delivery struct {
	Method        string `json:"method"`
	Endpoint      string `json:"endpoint_url,omitempty"`
	Authorization string `json:"authorization_header,omitempty"`
}

// Configuration is that of a stream (SSF 1.0 §8.1.1).
type Configuration struct {
	ID              string    `json:"stream_id,omitempty"`
	Issuer          string    `json:"iss,omitempty"`
	Audience        audience  `json:"aud,omitempty"`
	Delivery        *Delivery `json:"delivery,omitempty"`
	Supported       []string  `json:"events_supported,omitempty"`
	EventsRequested []string  `json:"events_requested,omitempty"`
	Delivered       []string  `json:"events_delivered,omitempty"`
	MinVerification int       `json:"min_verification_interval,omitempty"` // seconds
	Inactivity      int       `json:"inactivity_timeout,omitempty"`        // seconds; never set here
	Description     *string   `json:"description,omitempty"`
}

// Bounds of a configuration.
const (
	MaxConfiguration = 16 << 10 // bytes
	maxEvents        = 50
	maxDescription   = 400
	maxHeader        = 2048
)

// ErrConfiguration reports a configuration that cannot be.
var ErrConfiguration = errors.New("signals: a stream cannot be so")

func cannot(what string) error { return fmt.Errorf("%w: %s", ErrConfiguration, what) }

// ParseConfiguration reads a configuration that a receiver wants.
func ParseConfiguration(body []byte) (c Configuration, err error) {
	if len(body) > MaxConfiguration {
		return c, cannot("too large")
	}
	if err := json.Unmarshal(body, &c); err != nil {
		return c, cannot("not a JSON object of a stream")
	}
	return c, c.check()
}

func (c Configuration) check() error {
	if len(c.EventsRequested) > maxEvents || c.Description != nil && len(*c.Description) > maxDescription {
		return cannot("too much")
	}
	for _, e := range c.EventsRequested {
		if e == "" || len(e) > maxText || strings.ContainsAny(e, " \t\n") {
			return cannot("events_requested")
		}
	}
	d := c.Delivery
	if d == nil {
		return nil
	}
	switch d.Method {
	case DeliveryPoll:
		return nil
	case DeliveryPush:
	default:
		return cannot("delivery.method")
	}
	u, err := url.Parse(d.Endpoint)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" || len(d.Endpoint) > maxText {
		return cannot("delivery.endpoint_url")
	}
	if len(d.Authorization) > maxHeader || strings.ContainsAny(d.Authorization, "\r\n\x00") {
		return cannot("delivery.authorization_header")
	}
	return nil
}

// Method is a way of delivery as storage names it.
func (d Delivery) stored() string {
	if d.Method == DeliveryPoll {
		return "poll"
	}
	return "push"
}

// Apply writes what a receiver wants into a stream. What it leaves out stays, unless the whole is replaced.
func (c Configuration) Apply(s *storage.Stream, replace bool) {
	d := c.Delivery
	if d == nil && replace { // SSF 1.0 §8.1.1.1: then it polls
		d = &Delivery{Method: DeliveryPoll}
	}
	if d != nil {
		s.Method, s.Endpoint, s.Authorization = d.stored(), d.Endpoint, d.Authorization
		if d.Method == DeliveryPoll { // where is the transmitter's to say
			s.Endpoint, s.Authorization = "", ""
		}
	}
	if c.EventsRequested != nil || replace {
		s.Events = c.EventsRequested
	}
	switch {
	case c.Description != nil:
		s.Description = *c.Description
	case replace:
		s.Description = ""
	}
}

// Describe is a stream as its receiver reads it. Its Authorization header is not shown again. poll is where it polls.
func Describe(s storage.Stream, issuer, poll string, minVerification int) Configuration {
	d := &Delivery{Method: DeliveryPush, Endpoint: s.Endpoint}
	if s.Method == "poll" {
		d = &Delivery{Method: DeliveryPoll, Endpoint: poll}
	}
	var description *string
	if s.Description != "" {
		description = &s.Description
	}
	return Configuration{
		ID: s.ID, Issuer: issuer, Audience: audience{s.ClientID}, Delivery: d, Supported: Supported(), EventsRequested: s.Events, Delivered: Requested(s.Events),
		MinVerification: minVerification, Description: description,
	}
}

// Matches reports whether what a receiver says beside what is its own to say is as it is now (SSF 1.0 §8.1.1.3, §8.1.1.4): it may send all
// of a configuration back.
func (c Configuration) Matches(now Configuration) bool {
	return (c.Issuer == "" || c.Issuer == now.Issuer) && (c.Audience == nil || slices.Equal(c.Audience, now.Audience)) &&
		(c.Supported == nil || same(c.Supported, now.Supported)) && (c.Delivered == nil || same(c.Delivered, now.Delivered)) &&
		(c.MinVerification == 0 || c.MinVerification == now.MinVerification) && c.Inactivity == 0
}

// same reports whether two lists have the same members, in whatever order.
func same(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// Status is that of a stream (SSF 1.0 §8.1.2).
type Status struct {
	ID     string `json:"stream_id"`
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
}

// ParseStatus reads the status that a receiver wants.
func ParseStatus(body []byte) (s Status, err error) {
	if len(body) > MaxConfiguration {
		return s, cannot("too large")
	}
	if err := json.Unmarshal(body, &s); err != nil {
		return s, cannot("not a status")
	}
	switch storage.StreamStatus(s.Status) {
	case storage.StreamEnabled, storage.StreamPaused, storage.StreamDisabled:
	default:
		return s, cannot("status")
	}
	if len(s.Reason) > maxDescription {
		return s, cannot("reason")
	}
	return s, nil
}

// Poll is a request of RFC 8936 §2.2.
type Poll struct {
	MaxEvents   *int                       `json:"maxEvents"`
	Immediately bool                       `json:"returnImmediately"`
	Ack         []string                   `json:"ack"`
	Errors      map[string]json.RawMessage `json:"setErrs"`
}

// maxAcks bounds how many tokens one request acknowledges.
const maxAcks = 1000

// ParsePoll reads a request.
func ParsePoll(body []byte) (p Poll, err error) {
	if len(body) == 0 {
		return p, nil
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return p, cannot("not a request of RFC 8936")
	}
	if len(p.Ack) > maxAcks || len(p.Errors) > maxAcks || p.MaxEvents != nil && *p.MaxEvents < 0 {
		return p, cannot("out of bounds")
	}
	return p, nil
}
