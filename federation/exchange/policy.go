package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Bounds of a policy.
const (
	maxPolicy = 64 << 10 // bytes
	maxRules  = 200
	topRung   = 4
)

// Rule says what may go from where to where. An empty list stands for all.
type Rule struct {
	Name         string   `json:"name"`                   // for explanations
	From         []string `json:"from,omitempty"`         // regions of the issuers that the token comes from
	To           []string `json:"to,omitempty"`           // regions of the issuers that it is for
	Applications []string `json:"applications,omitempty"` // client IDs that may do it
	Scopes       []string `json:"scopes,omitempty"`       // that may cross
	MinRung      int      `json:"min_rung,omitempty"`     // of the authentication
	MaxAge       int64    `json:"max_age,omitempty"`      // of the authentication, in seconds
	Deny         bool     `json:"deny,omitempty"`         // what matches is refused
}

// Policy are rules in order: the first that matches decides, and what none matches is refused.
type Policy struct{ Rules []Rule }

// Default lets every region's tokens go to every other for twelve hours after the authentication, for scopes of applications alone.
func Default() Policy {
	return Policy{Rules: []Rule{{Name: "default", MinRung: 1, MaxAge: int64((12 * time.Hour).Seconds())}}}
}

// Parse reads a policy as an operator wrote it: {"rules": […]}. An unknown member is an error: nobody would heed it.
func Parse(text []byte) (Policy, error) {
	if len(text) > maxPolicy {
		return Policy{}, fmt.Errorf("exchange: a policy of more than %d bytes", maxPolicy)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var p struct {
		Rules []Rule `json:"rules"`
	}
	if err := d.Decode(&p); err != nil {
		return Policy{}, fmt.Errorf("exchange: policy: %w", err)
	}
	if len(p.Rules) > maxRules {
		return Policy{}, fmt.Errorf("exchange: more than %d rules", maxRules)
	}
	for n, r := range p.Rules {
		switch {
		case r.Name == "":
			return Policy{}, fmt.Errorf("exchange: rule %d has no name", n+1)
		case r.MinRung < 0 || r.MinRung > topRung:
			return Policy{}, fmt.Errorf("exchange: rule %q: min_rung is not between 1 and %d", r.Name, topRung)
		case r.MaxAge < 0:
			return Policy{}, fmt.Errorf("exchange: rule %q: max_age is negative", r.Name)
		}
	}
	return Policy(p), nil
}

// Request is what is asked: whose token, for whom, with what.
type Request struct {
	From, To    string // regions
	Application string
	Scopes      []string
	Rung        int
	AuthTime    time.Time
}

// ErrRefused reports a request that the policy refuses; what wraps it says why.
var ErrRefused = errors.New("exchange refused")

// Decide finds the rule that allows a request, by its name. The error wraps [ErrRefused].
func (p Policy) Decide(r Request, now time.Time) (rule string, err error) {
	for _, rule := range p.Rules {
		if !rule.concerns(r) {
			continue
		}
		switch {
		case rule.Deny:
			return rule.Name, fmt.Errorf("%w: rule %q denies it", ErrRefused, rule.Name)
		case r.Rung < rule.MinRung:
			return rule.Name, fmt.Errorf("%w: rule %q wants rung %d, the authentication is of rung %d", ErrRefused, rule.Name, rule.MinRung, r.Rung)
		case rule.MaxAge > 0 && now.Sub(r.AuthTime) > time.Duration(rule.MaxAge)*time.Second:
			return rule.Name, fmt.Errorf("%w: rule %q wants a newer authentication", ErrRefused, rule.Name)
		}
		for _, s := range r.Scopes {
			if len(rule.Scopes) > 0 && !slices.Contains(rule.Scopes, s) {
				return rule.Name, fmt.Errorf("%w: rule %q does not let scope %q cross", ErrRefused, rule.Name, s)
			}
		}
		return rule.Name, nil
	}
	return "", fmt.Errorf("%w: no rule lets %s's tokens go to %s for this application", ErrRefused, r.From, r.To)
}

// concerns reports whether a rule is about a request.
func (r *Rule) concerns(q Request) bool {
	among := func(list []string, one string) bool { return len(list) == 0 || slices.Contains(list, one) }
	return among(r.From, q.From) && among(r.To, q.To) && among(r.Applications, q.Application)
}
