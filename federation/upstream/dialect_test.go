package upstream_test

import (
	"crypto/md5" //nolint:gosec // what the dialect has
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"manyou/federation/upstream"
)

// legacy is a province that speaks a dialect of before, as badly as one likes.
type legacy struct {
	*httptest.Server
	tickets   map[string]bool // that may be used once
	challenge string
	person    map[string]any
	wrap      func(person map[string]any) any
	before    func(w http.ResponseWriter, r *http.Request) bool
	asked     atomic.Int32
	digest    func(text string) string
}

const (
	serviceCode = "manyou-44"
	password    = "a password of two offices"
	callback    = "https://nation.example/upstream/callback"
)

func newLegacy(t *testing.T) *legacy {
	l := &legacy{
		tickets: map[string]bool{"ticket-1": true, "code-1": true},
		person: map[string]any{
			"userId": "u-77", "xm": "何敏", "sfz": "440000199503071064", "level": 3, "loginTime": time.Now().Add(-time.Minute).Unix(),
		},
		wrap:   func(p map[string]any) any { return map[string]any{"result": "0", "data": p} },
		digest: func(s string) string { sum := sha256.Sum256([]byte(s)); return hex.EncodeToString(sum[:]) },
	}
	l.Server = httptest.NewServer(l)
	t.Cleanup(l.Close)
	return l
}

func (l *legacy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if l.before != nil && l.before(w, r) {
		return
	}
	l.asked.Add(1)
	answer := func(v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	switch r.URL.Path {
	case "/validate":
		sign := l.digest(serviceCode + password + r.PostFormValue("time"))
		ticket := r.PostFormValue("st")
		if r.PostFormValue("servicecode") != serviceCode || r.PostFormValue("sign") != sign || !l.tickets[ticket] {
			answer(map[string]any{"result": "1"})
			return
		}
		l.tickets[ticket] = false
		answer(l.wrap(l.person))
	case "/token":
		id, secret, _ := r.BasicAuth()
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		code := r.PostFormValue("code")
		if id != serviceCode || secret != url.QueryEscape(password) || !l.tickets[code] ||
			l.challenge != "" && l.challenge != base64.RawURLEncoding.EncodeToString(sum[:]) {
			w.WriteHeader(http.StatusBadRequest)
			answer(map[string]any{"error": "invalid_grant"})
			return
		}
		l.tickets[code] = false
		answer(map[string]any{"access_token": "access-1"})
	case "/me":
		if r.Header.Get("Authorization") != "Bearer access-1" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer(l.wrap(l.person))
	}
}

var names = map[string]string{
	"name": "data.xm", "document_kind": "=resident_id", "document_number": "data.sfz", "document_verified": "=true",
}

func (l *legacy) province(t *testing.T, kind string, change ...func(d *upstream.Dialect)) *upstream.Province {
	t.Helper()
	d := &upstream.Dialect{
		Kind: kind, Authorization: l.URL + "/login", Subject: "data.userId", Success: "result=0", Level: "data.level",
		Levels: map[string]int{"3": 2}, AuthTime: "data.loginTime",
	}
	if kind == upstream.DialectTicket {
		d.Validation, d.Digest = l.URL+"/validate", "sha256"
	} else {
		d.Token, d.UserInfo, d.PKCE = l.URL+"/token", l.URL+"/me", true
	}
	for _, f := range change {
		f(d)
	}
	p, err := upstream.NewProvince(upstream.Config{
		Issuer: l.URL, ClientID: serviceCode, ClientSecret: password, RedirectURI: upstream.RedirectOf(callback, "44"), ClaimNames: names,
		Timeout: 300 * time.Millisecond,
	}, d)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var request = upstream.AuthRequest{State: "the-state", Nonce: "n", Verifier: strings.Repeat("v", 43)}

// back is what the browser brings.
func back(t *testing.T, query string) upstream.Callback {
	t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	c, err := upstream.ParseCallback(q)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// answers are what a province of a kind sends back.
var answers = map[string]string{
	upstream.DialectTicket: "from=44&state=the-state&ticket=ticket-1",
	upstream.DialectOAuth2: "from=44&state=the-state&code=code-1",
}

func TestAProvinceThatSpeaksADialectSaysWhoAPersonIs(t *testing.T) {
	for kind, answer := range answers {
		t.Run(kind, func(t *testing.T) {
			l := newLegacy(t)
			p := l.province(t, kind)
			location, err := p.AuthorizationURL(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			u, err := url.Parse(location)
			if err != nil {
				t.Fatal(err)
			}
			if kind == upstream.DialectTicket {
				if q := u.Query(); q.Get("servicecode") != serviceCode || q.Get("redirectUrl") != callback+"?from=44&state=the-state" {
					t.Errorf("%v", q)
				}
			} else {
				l.challenge = u.Query().Get("code_challenge")
			}
			a, err := p.Redeem(t.Context(), back(t, answer), request)
			if err != nil {
				t.Fatal(err)
			}
			if a.Subject != "u-77" || a.ACR != 2 || a.Issuer != l.URL || time.Since(a.AuthTime) < 30*time.Second {
				t.Errorf("%+v", a)
			}
			id, err := p.Identity(t.Context(), a)
			if err != nil || !id.HasDocument || id.Name != "何敏" || id.Document.Number != "440000199503071064" {
				t.Errorf("%+v, %v", id, err)
			}
			if _, err := p.Redeem(t.Context(), back(t, answer), request); err == nil {
				t.Error("the same answer counts twice")
			}
			if err := p.Reach(t.Context()); err != nil {
				t.Errorf("reach: %v", err)
			}
			l.Close()
			if _, err := p.Redeem(t.Context(), back(t, answer), request); !errors.Is(err, upstream.ErrUnreachable) {
				t.Errorf("down: %v", err)
			}
		})
	}
}

func TestTheOldDigestIsSpokenWhereItIsDeclared(t *testing.T) {
	l := newLegacy(t)
	l.digest = func(s string) string { sum := md5.Sum([]byte(s)); return hex.EncodeToString(sum[:]) } //nolint:gosec // what the dialect has
	if _, err := l.province(t, upstream.DialectTicket, func(d *upstream.Dialect) { d.Digest = "md5" }).Redeem(t.Context(), back(t, answers[upstream.DialectTicket]), request); err != nil {
		t.Error(err)
	}
}

func TestADialectIsNeverAskedSilentlyNorForAFreshProofItCannotGive(t *testing.T) {
	l := newLegacy(t)
	age := time.Minute
	blind := func(d *upstream.Dialect) { d.AuthTime = "" }
	for name, ask := range map[string]func(p *upstream.Province) error{
		"silent": func(p *upstream.Province) error {
			r := request
			r.Prompt = "none"
			_, err := p.AuthorizationURL(t.Context(), r)
			return err
		},
		"not too old": func(p *upstream.Province) error {
			r := request
			r.MaxAge = &age
			_, err := p.AuthorizationURL(t.Context(), r)
			return err
		},
		"anew": func(p *upstream.Province) error {
			r := request
			r.Prompt = "login"
			_, err := p.AuthorizationURL(t.Context(), r)
			return err
		},
	} {
		var refused *upstream.RefusedError
		if err := ask(l.province(t, upstream.DialectTicket, blind)); !errors.As(err, &refused) || refused.Code != "login_required" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAttackOnADialectsAnswerAuthenticatesNobody(t *testing.T) {
	for kind, answer := range answers {
		for name, attack := range map[string]func(l *legacy) string{
			"another state":               func(*legacy) string { return strings.Replace(answer, "the-state", "other", 1) },
			"to the address of another":   func(*legacy) string { return strings.Replace(answer, "from=44", "from=33", 1) },
			"to the address of OpenID":    func(*legacy) string { return strings.Replace(answer, "from=44&", "", 1) },
			"a ticket that nobody gave":   func(*legacy) string { return strings.Replace(answer, "-1", "-2", 1) },
			"nobody in the answer":        func(l *legacy) string { delete(l.person, "userId"); return answer },
			"a subject that is an object": func(l *legacy) string { l.person["userId"] = map[string]any{"id": 1}; return answer },
			"an endless subject":          func(l *legacy) string { l.person["userId"] = strings.Repeat("x", 300); return answer },
			"a failure": func(l *legacy) string {
				l.wrap = func(p map[string]any) any { return map[string]any{"result": "9", "data": p} }
				return answer
			},
			"no sign of success": func(l *legacy) string {
				l.wrap = func(p map[string]any) any { return map[string]any{"data": p} }
				return answer
			},
			"a list":                         func(l *legacy) string { l.wrap = func(map[string]any) any { return []int{1} }; return answer },
			"in the future":                  func(l *legacy) string { l.person["loginTime"] = time.Now().Add(time.Hour).Unix(); return answer },
			"no time, though it is promised": func(l *legacy) string { delete(l.person, "loginTime"); return answer },
			"two megabytes":                  func(l *legacy) string { l.person["x"] = strings.Repeat("x", 2<<20); return answer },
			"slow": func(l *legacy) string {
				l.before = func(_ http.ResponseWriter, r *http.Request) bool {
					_, _ = io.Copy(io.Discard, r.Body)
					<-r.Context().Done()
					return true
				}
				return answer
			},
			"a redirect elsewhere": func(l *legacy) string {
				l.before = func(w http.ResponseWriter, r *http.Request) bool {
					http.Redirect(w, r, "https://elsewhere.example", http.StatusTemporaryRedirect)
					return true
				}
				return answer
			},
			"an error":                  func(*legacy) string { return "from=44&state=the-state&error=access_denied" },
			"a number of several forms": func(l *legacy) string { l.person["userId"] = json.RawMessage("1.5e3"); return answer },
		} {
			t.Run(kind+"/"+name, func(t *testing.T) {
				l := newLegacy(t)
				p := l.province(t, kind, func(d *upstream.Dialect) { d.PKCE = false })
				if a, err := p.Redeem(t.Context(), back(t, attack(l)), request); err == nil {
					t.Errorf("%+v", a)
				}
			})
		}
	}
	// And an answer of a dialect means nothing to an OpenID provider.
	p, err := upstream.New(upstream.Config{Issuer: "https://id.example", ClientID: "a", ClientSecret: "b", RedirectURI: callback})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Redeem(t.Context(), back(t, answers[upstream.DialectTicket]), request); err == nil {
		t.Error("it was taken")
	}
}

func TestAttackTwoNumbersThatDifferInTheirLastDigitAreTwoPeople(t *testing.T) {
	seen := map[string]bool{}
	for _, id := range []string{"1234567890123456789", "1234567890123456790", "9007199254740993", "9007199254740992"} {
		l := newLegacy(t)
		l.person["userId"] = json.RawMessage(id)
		a, err := l.province(t, upstream.DialectTicket).Redeem(t.Context(), back(t, answers[upstream.DialectTicket]), request)
		if err != nil || a.Subject != id || seen[a.Subject] {
			t.Errorf("%s is %q, %v", id, a.Subject, err)
		}
		seen[a.Subject] = true
	}
}

func TestAttackAnAuthenticationOlderThanWasAskedForIsNone(t *testing.T) {
	age := func(d time.Duration) *time.Duration { return &d }
	for name, c := range map[string]struct {
		ago    time.Duration
		ask    func(r *upstream.AuthRequest)
		passes bool
	}{
		"an hour, not asked about":   {time.Hour, func(*upstream.AuthRequest) {}, true},
		"an hour, a minute allowed":  {time.Hour, func(r *upstream.AuthRequest) { r.MaxAge = age(time.Minute) }, false},
		"now, a minute allowed":      {0, func(r *upstream.AuthRequest) { r.MaxAge = age(time.Minute) }, true},
		"an hour, to be proven anew": {time.Hour, func(r *upstream.AuthRequest) { r.Prompt = "login" }, false},
		"now, to be proven anew":     {0, func(r *upstream.AuthRequest) { r.Prompt = "login" }, true},
	} {
		for kind, answer := range answers {
			l := newLegacy(t)
			l.person["loginTime"] = time.Now().Add(-c.ago).Unix()
			r := request
			c.ask(&r)
			_, err := l.province(t, kind, func(d *upstream.Dialect) { d.PKCE = false }).Redeem(t.Context(), back(t, answer), r)
			if c.passes != (err == nil) {
				t.Errorf("%s, %s: %v", name, kind, err)
			}
		}
	}
}

func TestAnUnknownLevelIsTheLowestAndNoLevelIsAboveTheSecond(t *testing.T) {
	l := newLegacy(t)
	l.person["level"] = 9
	a, err := l.province(t, upstream.DialectTicket).Redeem(t.Context(), back(t, answers[upstream.DialectTicket]), request)
	if err != nil || a.ACR != 1 {
		t.Errorf("%d, %v", a.ACR, err)
	}
}

const declared = `{"kind":"ticket","authorization":"https://p.example/login","validation":"https://p.example/validate","digest":"sha256","subject":"id"}`

func TestADeclarationThatCannotBeHeededIsRefused(t *testing.T) {
	if _, err := upstream.ParseDialect([]byte(declared)); err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{`"kind":"ticket"`, `"kind":"saml"`}, {`"subject":"id"`, `"subject":""`}, {`"digest":"sha256"`, `"digest":"crc"`},
		{`https://p.example/login`, `http://p.example/login`}, {`https://p.example/validate`, `ftp://p.example`}, {`"subject"`, `"subjekt"`},
		{`"subject":"id"`, `"subject":"id","success":"result"`}, {`"subject":"id"`, `"subject":"id","level":"l","levels":{"9":3}`}, {`"subject":"id"`, `"subject":"` + strings.Repeat("x", 200) + `"`},
		{`"subject":"id"`, `"subject":"` + strings.Repeat("x", 9<<10) + `"`}, {`https://p.example/login`, `https://u:p@p.example/login`},
	} {
		text := strings.Replace(declared, change[0], change[1], 1)
		if _, err := upstream.ParseDialect([]byte(text)); err == nil {
			t.Errorf("%.200s", text)
		}
	}
}

func FuzzDialect(f *testing.F) {
	f.Add(declared, `{"id":"x"}`)
	f.Fuzz(func(t *testing.T, dialect, answer string) {
		d, err := upstream.ParseDialect([]byte(dialect))
		if err != nil {
			return
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) }))
		defer server.Close()
		d.Kind, d.Authorization, d.Validation, d.Digest = upstream.DialectTicket, server.URL, server.URL, "sha256"
		p, err := upstream.NewProvince(upstream.Config{Issuer: server.URL, ClientID: "a", ClientSecret: "b", RedirectURI: upstream.RedirectOf(callback, "44")}, d)
		if err != nil {
			return
		}
		a, err := p.Redeem(t.Context(), upstream.Callback{State: request.State, Code: "x", From: "44"}, request)
		if err == nil && (a.Subject == "" || a.ACR < 1 || a.ACR > 2) {
			t.Fatalf("%+v", a)
		}
	})
}
