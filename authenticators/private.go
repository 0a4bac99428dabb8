package authenticators

import (
	"fmt"
	"log/slog"
)

// What follows keeps secrets out of logs: these types say that they are there, and nothing that they hold.

// String says what the request is for.
func (r Request) String() string { return fmt.Sprintf("request to %s", r.Purpose) }

// GoString is String, so that %#v reveals nothing either.
func (r Request) GoString() string { return r.String() }

// LogValue is String, so that a structured log reveals nothing either.
func (r Request) LogValue() slog.Value { return slog.StringValue(r.String()) }

// String says what the challenge is for.
func (c Challenge) String() string { return fmt.Sprintf("challenge to %s", c.Purpose) }

// GoString is String, so that %#v reveals nothing either.
func (c Challenge) GoString() string { return c.String() }

// LogValue is String, so that a structured log reveals nothing either.
func (c Challenge) LogValue() slog.Value { return slog.StringValue(c.String()) }

// String says that there is something to be shown.
func (Show) String() string { return "shown to the person" }

// GoString is String, so that %#v reveals nothing either.
func (s Show) GoString() string { return s.String() }

// LogValue is String, so that a structured log reveals nothing either.
func (s Show) LogValue() slog.Value { return slog.StringValue(s.String()) }

// String names the credential.
func (c Credential) String() string { return fmt.Sprintf("credential %q", c.ID) }

// GoString is String, so that %#v reveals nothing either.
func (c Credential) GoString() string { return c.String() }

// LogValue is String, so that a structured log reveals nothing either.
func (c Credential) LogValue() slog.Value { return slog.StringValue(c.String()) }

// String says what is written, without the record.
func (u Use) String() string {
	return fmt.Sprintf("use to counter %d, still %t, once %t, new record %t", u.Counter, u.Still, u.Once, u.Secret != nil)
}

// GoString is String, so that %#v reveals nothing either.
func (u Use) GoString() string { return u.String() }

// LogValue is String, so that a structured log reveals nothing either.
func (u Use) LogValue() slog.Value { return slog.StringValue(u.String()) }
