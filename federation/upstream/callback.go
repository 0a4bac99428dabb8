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

// Callback is what the browser brought back (RFC 6749 §4.1.2).
type Callback struct {
	Code, State, Issuer, Error string
}

// String gives nothing away.
func (c Callback) String() string { return "callback" }

// GoString gives nothing away.
func (c Callback) GoString() string { return c.String() }

// errCallback reports a callback that no OpenID provider sends.
var errCallback = errors.New("upstream: malformed callback")

var errorForm = regexp.MustCompile(`^[a-z_]{1,64}$`)

// ParseCallback reads the query of a callback. It refuses parameters that are given twice or are too long.
func ParseCallback(q url.Values) (Callback, error) {
	total := 0
	for name, values := range q {
		total += len(name) + len(values[0])
		if len(values) > 1 || len(values[0]) > maxParameter || total > maxCallback {
			return Callback{}, errCallback
		}
	}
	c := Callback{Code: q.Get("code"), State: q.Get("state"), Issuer: q.Get("iss"), Error: q.Get("error")}
	switch {
	case c.State == "":
		return Callback{}, errCallback
	case (c.Code == "") == (c.Error == ""): // one of them, not both
		return Callback{}, errCallback
	case c.Error != "" && !errorForm.MatchString(c.Error):
		return Callback{}, errCallback
	}
	return c, nil
}
