package register

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"manyou/federation/identity"
	"manyou/storage"
)

const (
	token   = "invented-token"
	matched = `{"outcome":"match","name":"王小明","region":"33","phone_on_record":true}`
)

// service is a register behind HTTP. It answers each request by its handler and keeps what it was sent.
type service struct {
	*httptest.Server
	mu   sync.Mutex
	seen []request
}

type request struct {
	method, uri, contentType, authorization string
	body                                    []byte
}

func serve(t *testing.T, answer http.HandlerFunc) *service {
	t.Helper()
	s := &service{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.seen = append(s.seen, request{r.Method, r.RequestURI, r.Header.Get("Content-Type"), r.Header.Get("Authorization"), body})
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *service) requests() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

func say(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func client(t *testing.T, url string) *HTTP {
	t.Helper()
	h, err := NewHTTP(HTTPConfig{URL: url, BearerToken: token})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func wang(t *testing.T) Claim {
	return claim(t, "王小明", identity.ResidentID, resident(1), "15400000001")
}

// quiet fails if an error carries anything of the claim, the answer or the token.
func quiet(t *testing.T, err error) {
	t.Helper()
	for _, secret := range []string{"王小明", resident(1), "15400000001", token, "李"} {
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error gives away %q: %v", secret, err)
		}
	}
}

func TestAClaimTravelsInTheBodyAlone(t *testing.T) {
	s := serve(t, say(200, matched))
	v, err := client(t, s.URL+"/register/").Verify(t.Context(), wang(t))
	if err != nil || v != (Verdict{Match, "王小明", "33", identity.Equal, true, nil}) {
		t.Fatalf("%v %v", v, err)
	}
	seen := s.requests()[0]
	if seen.method != "POST" || seen.uri != "/register/verify" || seen.contentType != "application/json" || seen.authorization != "Bearer "+token {
		t.Errorf("%s %s %s %s", seen.method, seen.uri, seen.contentType, seen.authorization)
	}
	want := `{"name":"王小明","document":{"kind":"resident_id","number":"` + resident(1) + `"},"phone":"+8615400000001"}`
	if string(seen.body) != want {
		t.Errorf("%s", seen.body)
	}
}

func TestEveryDocumentedOutcomeIsUnderstood(t *testing.T) {
	for answer, want := range map[string]Verdict{
		`{"outcome":"unknown_document"}`:                       {Outcome: UnknownDocument},
		`{"outcome":"name_mismatch"}`:                          {Outcome: NameMismatch, Names: identity.Different},
		`{"outcome":"deceased"}`:                               {Outcome: Deceased, Names: identity.Equal},
		`{"outcome":"cancelled","phone_on_record":true}`:       {Outcome: Cancelled, Names: identity.Equal, PhoneOnRecord: true},
		`{"outcome":"phone_mismatch","phone_on_record":false}`: {Outcome: PhoneMismatch, Names: identity.Equal},
		matched + " \n":                                        {Match, "王小明", "33", identity.Equal, true, nil},
		`{"outcome":"match","name":"王　小明","region":"33","phone_on_record":true}`: {
			Match, "王小明", "33", identity.Equal, true, &storage.ReceivedName{Form: "王　小明", Mapping: identity.NameMappingVersion, Source: "register"},
		},
	} {
		v, err := client(t, serve(t, say(200, answer)).URL).Verify(t.Context(), wang(t))
		if err != nil || !reflect.DeepEqual(v, want) {
			t.Errorf("%s: %v %v", answer, v, err)
		}
	}
}

func TestNonsenseIsUnavailableAndNeverAMatch(t *testing.T) {
	html := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, matched)
	}
	hijack := func(raw string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, raw)
			_ = conn.Close()
		}
	}
	for name, answer := range map[string]http.HandlerFunc{
		"500": say(500, matched),
		"204": say(204, ""),
		"401": say(401, matched),
		"201": say(201, matched),
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
		"HTML":               html,
		"nothing":            say(200, ""),
		"null":               say(200, "null"),
		"an array":           say(200, "["+matched+"]"),
		"cut off":            say(200, matched[:30]),
		"two answers":        say(200, matched+matched),
		"unknown field":      say(200, `{"outcome":"unknown_document","note":"李"}`),
		"unknown outcome":    say(200, `{"outcome":"ok","name":"王小明","region":"33","phone_on_record":true}`),
		"outcome in caps":    say(200, strings.Replace(matched, "match", "MATCH", 1)),
		"another name":       say(200, strings.Replace(matched, "王小明", "李小明", 1)),
		"no name":            say(200, `{"outcome":"match","region":"33","phone_on_record":true}`),
		"no region":          say(200, `{"outcome":"match","name":"王小明","phone_on_record":true}`),
		"the nation":         say(200, strings.Replace(matched, "33", "00", 1)),
		"no phone on record": say(200, `{"outcome":"match","name":"王小明","region":"33"}`),
		"name of a mismatch": say(200, `{"outcome":"name_mismatch","name":"李小明"}`),
		"phone of nobody":    say(200, `{"outcome":"unknown_document","phone_on_record":true}`),
		"huge":               say(200, `{"outcome":"`+strings.Repeat("李", 1<<20)+`"}`),
		"huge spaces":        say(200, matched+strings.Repeat(" ", maxAnswer)),
		"huge header": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
			say(200, matched)(w, r)
		},
		"not HTTP":      hijack("李 is dead\r\n\r\n"),
		"closed":        hijack(""),
		"promises more": hijack("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n" + matched),
	} {
		s := serve(t, answer)
		v, err := client(t, s.URL).Verify(t.Context(), wang(t))
		if !errors.Is(err, ErrUnavailable) || v != (Verdict{}) {
			t.Errorf("%s: %v %v", name, v, err)
		}
		quiet(t, err)
		for _, r := range s.requests() {
			if r.uri != "/verify" {
				t.Errorf("%s: the claim went to %s", name, r.uri)
			}
		}
	}
}

func TestASlowServiceIsGivenUp(t *testing.T) {
	release := make(chan struct{})
	wait := func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}
	trickle := func(w http.ResponseWriter, r *http.Request) {
		say(200, `{"outcome":`)(w, r)
		_ = http.NewResponseController(w).Flush()
		wait(w, r)
	}
	for name, answer := range map[string]http.HandlerFunc{"silent": wait, "half an answer": trickle} {
		h, err := NewHTTP(HTTPConfig{URL: serve(t, answer).URL, BearerToken: token, Timeout: 50 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Verify(t.Context(), wang(t))
		if !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
		quiet(t, err)
	}
	close(release)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client(t, serve(t, say(200, matched)).URL).Verify(ctx, wang(t)); !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	gone := serve(t, say(200, matched))
	gone.Close()
	if _, err := client(t, gone.URL).Verify(t.Context(), wang(t)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("gone: %v", err)
	}
}

func TestAServiceThatCannotProveItsNameIsRefused(t *testing.T) {
	var asked atomic.Bool
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(true)
		say(200, matched)(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	if _, err := client(t, s.URL).Verify(t.Context(), wang(t)); !errors.Is(err, ErrUnavailable) || asked.Load() {
		t.Errorf("%v, asked %v", err, asked.Load())
	}
	h, err := NewHTTP(HTTPConfig{URL: s.URL, Transport: s.Client().Transport})
	if err != nil {
		t.Fatal(err)
	}
	if v, err := h.Verify(t.Context(), wang(t)); err != nil || !v.Matches() {
		t.Errorf("%v %v", v, err)
	}
}

func TestAWrongConfigurationIsRefused(t *testing.T) {
	good := HTTPConfig{URL: "https://register.example", BearerToken: token}
	if _, err := NewHTTP(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*HTTPConfig){
		"no URL":      func(c *HTTPConfig) { c.URL = "" },
		"bad URL":     func(c *HTTPConfig) { c.URL = "https://invented-token\x7f" },
		"relative":    func(c *HTTPConfig) { c.URL = "/verify" },
		"plain HTTP":  func(c *HTTPConfig) { c.URL = "http://register.example" },
		"other":       func(c *HTTPConfig) { c.URL = "ftp://register.example" },
		"user":        func(c *HTTPConfig) { c.URL = "https://me:invented-token@register.example" },
		"query":       func(c *HTTPConfig) { c.URL = "https://register.example?key=invented-token" },
		"no token":    func(c *HTTPConfig) { c.BearerToken = "" },
		"negative":    func(c *HTTPConfig) { c.Timeout = -1 },
		"too patient": func(c *HTTPConfig) { c.Timeout = time.Hour },
	} {
		c := good
		change(&c)
		_, err := NewHTTP(c)
		if err == nil {
			t.Errorf("%s is accepted", name)
		}
		quiet(t, err)
	}
}

func FuzzReadVerdict(f *testing.F) {
	for _, answer := range []string{matched, `{"outcome":"unknown_document"}`, `{}`, `null`, `{"outcome":"match"}`, matched + "x", "\xff"} {
		f.Add([]byte(answer))
	}
	n, err := identity.NormalizeName("王小明")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		v, err := readVerdict(answer, Claim{Name: n, Phone: "+8615400000001"})
		if err != nil {
			if v != (Verdict{}) || !errors.Is(err, ErrUnavailable) {
				t.Fatalf("%v with %v", v, err)
			}
			return
		}
		if !json.Valid(answer) {
			t.Fatal("nonsense was understood")
		}
		if v.Matches() && (v.Name != "王小明" || !v.PhoneOnRecord || v.Region == "") || !v.Matches() && v.Name+v.Region != "" {
			t.Fatalf("%s %s %s", v.Outcome, v.Name, v.Region)
		}
	})
}
