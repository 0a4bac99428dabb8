package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kinds of dialects that provinces spoke before OpenID Connect.
const (
	DialectOAuth2 = "oauth2" // OAuth 2.0 with a userinfo of the province's own
	DialectTicket = "ticket" // a ticket that the province validates for whoever knows a password
)

// Bounds of a dialect's declaration.
const (
	maxDialect = 8 << 10 // bytes
	maxLevels  = 32
	maxField   = 128 // bytes
	// maxDialectRung bounds what such a province can assert: nothing binds its answer to a request.
	maxDialectRung = 2
)

// Dialect declares how a province speaks that is no OpenID provider. Paths lead with dots into the JSON of its answer; where the
// name and the document of a person are is said by [Config.ClaimNames], as of any other issuer.
type Dialect struct {
	Kind          string `json:"kind"`          // "oauth2" or "ticket"
	Authorization string `json:"authorization"` // where browsers sign in
	Token         string `json:"token,omitempty"`
	UserInfo      string `json:"userinfo,omitempty"`
	Validation    string `json:"validation,omitempty"` // of tickets
	// Digest authenticates this issuer at the validation: of service code, password and time, "sha256" or, of old, "md5".
	Digest string `json:"digest,omitempty"`
	// Names are names of parameters that differ from client_id, redirect_uri and scope, or from servicecode, redirectUrl, st, time
	// and sign.
	Names map[string]string `json:"names,omitempty"`
	// PKCE says that the province heeds a code challenge.
	PKCE bool `json:"pkce,omitempty"`

	Success  string `json:"success,omitempty"`   // path=value that an answer has to have, such as "code=0"
	Subject  string `json:"subject"`             // path of who it is, the same for ever
	AuthTime string `json:"auth_time,omitempty"` // path of when they authenticated, in Unix seconds
	Level    string `json:"level,omitempty"`     // path of how well they are known
	// Levels give the rung, 1 or 2, of each level. Others count as rung 1.
	Levels map[string]int `json:"levels,omitempty"`
}

// ParseDialect reads a declaration. An unknown member is an error: nobody would heed it.
func ParseDialect(text []byte) (*Dialect, error) {
	if len(text) > maxDialect {
		return nil, fmt.Errorf("upstream: a dialect of more than %d bytes", maxDialect)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var out Dialect
	if err := d.Decode(&out); err != nil {
		return nil, fmt.Errorf("upstream: dialect: %w", err)
	}
	return &out, out.check()
}

func (d *Dialect) check() error {
	needed := map[string]string{"authorization": d.Authorization}
	switch d.Kind {
	case DialectOAuth2:
		needed["token"], needed["userinfo"] = d.Token, d.UserInfo
	case DialectTicket:
		needed["validation"] = d.Validation
		if d.Digest != "sha256" && d.Digest != "md5" {
			return errors.New("upstream: dialect: digest must be sha256 or md5")
		}
	default:
		return errors.New("upstream: dialect: kind must be oauth2 or ticket")
	}
	for name, address := range needed {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" ||
			u.Scheme != "https" && (u.Scheme != "http" || !onThisMachine(u.Hostname())) {
			return fmt.Errorf("upstream: dialect: %s must be an https URL", name)
		}
	}
	if d.Subject == "" || len(d.Levels) > maxLevels {
		return errors.New("upstream: dialect: subject is needed, and few levels")
	}
	for _, path := range []string{d.Subject, d.Level, d.AuthTime, d.Success} {
		if len(path) > maxField {
			return errors.New("upstream: dialect: a path is too long")
		}
	}
	if d.Success != "" && !strings.Contains(d.Success, "=") {
		return errors.New("upstream: dialect: success must be path=value")
	}
	for level, rung := range d.Levels {
		if rung < minRung || rung > maxDialectRung {
			return fmt.Errorf("upstream: dialect: level %.40q: rung %d is not 1 or 2", level, rung)
		}
	}
	return nil
}

// name is a parameter's name in the dialect.
func (d *Dialect) name(usual string) string {
	if n := d.Names[usual]; n != "" {
		return n
	}
	return usual
}

// Province is one that speaks a dialect. It is safe for concurrent use.
type Province struct {
	p *Provider
	d *Dialect
}

// NewProvince prepares a province. It contacts nobody. The redirect URI must be one that no other issuer uses: nothing else tells
// whose answer it is that comes back (RFC 9700 §4.4.2.2).
func NewProvince(c Config, d *Dialect) (*Province, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	p, err := New(c)
	if err != nil {
		return nil, err
	}
	return &Province{p: p, d: d}, nil
}

// String gives nothing away.
func (v *Province) String() string { return v.p.String() }

// errNotSilent: a province of before cannot be asked whether somebody is signed in, nor made to ask anew.
var errNotSilent = &RefusedError{Code: "login_required"}

// AuthorizationURL is where to send the browser.
func (v *Province) AuthorizationURL(_ context.Context, r AuthRequest) (string, error) {
	if err := r.check(); err != nil {
		return "", err
	}
	if v.cannot(r) {
		return "", errNotSilent
	}
	if v.d.Kind == DialectTicket {
		return v.ticketURL(r)
	}
	return v.codeURL(r)
}

// cannot reports whether a request asks for what the dialect has no word for: no page, or a fresh authentication.
func (v *Province) cannot(r AuthRequest) bool {
	return r.Prompt == "none" || v.d.AuthTime == "" && (r.MaxAge != nil || slices.Contains(words(r.Prompt), "login"))
}

// Redeem asks the province who came back.
func (v *Province) Redeem(ctx context.Context, c Callback, r AuthRequest) (Authentication, error) {
	if err := r.check(); err != nil {
		return Authentication{}, err
	}
	switch {
	case !equal(c.State, r.State):
		return Authentication{}, misbehaved("the answer has another state")
	case c.From != fromOf(v.p.config.RedirectURI): // a mix-up: it came to the address of another
		return Authentication{}, misbehaved("the answer is another issuer's")
	case c.Error != "":
		return Authentication{}, &RefusedError{Code: c.Error}
	case c.Code == "":
		return Authentication{}, misbehaved("the answer has neither code nor ticket")
	}
	var claims map[string]any
	var err error
	if v.d.Kind == DialectTicket {
		claims, err = v.validate(ctx, c.Code)
	} else {
		claims, err = v.whose(ctx, c.Code, r.Verifier)
	}
	if err != nil {
		return Authentication{}, err
	}
	a, err := v.authentication(claims)
	if err != nil {
		return Authentication{}, err
	}
	return a, v.fresh(a, r)
}

// recently is how old the authentication may be of somebody who was to authenticate anew: no dialect has a word for that.
const recently = 5 * time.Minute

// fresh holds the time of an authentication to what was asked for.
func (v *Province) fresh(a Authentication, r AuthRequest) error {
	age := r.MaxAge
	if slices.Contains(words(r.Prompt), "login") && (age == nil || *age > recently) {
		wait := recently
		age = &wait
	}
	if age != nil && a.AuthTime.Before(v.p.config.Clock().Add(-clockSkew-*age)) {
		return misbehaved("the authentication is older than was asked for")
	}
	return nil
}

// authentication is what an answer says about the sign-in.
func (v *Province) authentication(claims map[string]any) (Authentication, error) {
	named := lookup(claims, v.d.Subject)
	subject := plain(named)
	number, isNumber := named.(json.Number)
	if subject == "" || len(subject) > maxSubject || isNumber && strings.ContainsAny(number.String(), ".eE") { // which can be written in several ways
		return Authentication{}, misbehaved("the answer does not say who it is")
	}
	a := Authentication{
		Issuer: v.p.config.Issuer, Subject: subject, AuthTime: v.p.config.Clock(), ACR: minRung, claims: claims,
	}
	if rung, ok := v.d.Levels[plain(lookup(claims, v.d.Level))]; ok && v.d.Level != "" {
		a.ACR = rung
	}
	if v.d.AuthTime != "" {
		seconds, err := strconv.ParseInt(plain(lookup(claims, v.d.AuthTime)), 10, 64)
		at := time.Unix(seconds, 0)
		if err != nil || at.After(a.AuthTime.Add(time.Minute)) {
			return Authentication{}, misbehaved("the answer does not say when")
		}
		a.AuthTime = at
	}
	return a, nil
}

// Identity is what the province said of the person.
func (v *Province) Identity(_ context.Context, a Authentication) (Identity, error) {
	if a.Issuer != v.p.config.Issuer {
		return Identity{}, errors.New("upstream: the authentication is another issuer's")
	}
	return v.p.read(a.claims), nil
}

// EndSessionURL: no dialect has one.
func (v *Province) EndSessionURL(context.Context, string, string, string) (string, bool) {
	return "", false
}

// Reach reports whether the province answers at this moment, as that of [Provider] does.
func (v *Province) Reach(ctx context.Context) error {
	return v.p.probe(ctx, v.d.Authorization)
}

// answered reads an answer as JSON and holds it to the declared sign of success.
func (v *Province) answered(r *http.Request) (map[string]any, error) {
	a, err := v.p.call(r)
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusOK {
		return nil, misbehaved("an endpoint answers with status %d", a.status)
	}
	var claims map[string]any
	if err := a.decodeExactly(&claims); err != nil {
		return nil, err
	}
	return claims, nil
}
