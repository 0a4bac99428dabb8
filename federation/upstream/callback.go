package upstream

import (
	"errors"
	"net/url"
	"regexp"
)

// Bounds of a callback, in bytes.
const (
	maxCallback  = 16 << 10
	maxParameter = 8 << 10
)

// Callback is what the browser brought back (RFC 6749 §4.1.2). The description of an error is left out: it is text that
// anybody may put into an address, and nothing here may show or log it.
type Callback struct {
	Code, State string
	Issuer      string // iss, "" if none came (RFC 9207 §2)
	Error       string
	From        string // whose redirect URI it came to, of an issuer that speaks a dialect
}

// String gives nothing away.
func (c Callback) String() string { return "callback" }

// GoString gives nothing away.
func (c Callback) GoString() string { return c.String() }

// ErrCallback reports a callback that no OpenID provider sends.
var ErrCallback = errors.New("upstream: malformed callback")

var (
	errorForm     = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,64}$`)
	parameterForm = regexp.MustCompile(`^[\x20-\x7e]*$`) // RFC 6749 appendix A
)

// ParseCallback reads the query of a callback. It refuses parameters that are given twice (RFC 6749 §3.1) or are too
// long, and an answer that is neither a code nor an error, or both.
func ParseCallback(q url.Values) (Callback, error) {
	total := 0
	for name, values := range q {
		if len(values) != 1 {
			return Callback{}, ErrCallback
		}
		total += len(name) + len(values[0])
		if len(values[0]) > maxParameter || total > maxCallback {
			return Callback{}, ErrCallback
		}
	}
	c := Callback{Code: q.Get("code"), State: q.Get("state"), Issuer: q.Get("iss"), Error: q.Get("error"), From: q.Get(paramFrom)}
	for _, ticket := range []string{"ticket", "st"} { // of a dialect
		if c.Code == "" && c.Error == "" {
			c.Code = q.Get(ticket)
		}
	}
	switch {
	case c.State == "",
		(c.Code == "") == (c.Error == ""),
		q.Has("iss") && c.Issuer == "",
		c.Error != "" && !errorForm.MatchString(c.Error),
		!parameterForm.MatchString(c.Code + c.State + c.Issuer + c.From):
		return Callback{}, ErrCallback
	}
	return c, nil
}
