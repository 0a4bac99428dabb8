package upstream_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"manyou/federation/upstream"
)

func TestAnAnswerOfAnotherIssuerIsRefusedBeforeTheCodeIsSpent(t *testing.T) {
	for name, c := range map[string]struct {
		promised bool
		iss      string // "SELF" is the province's own
		state    string
		ok       bool
	}{
		"named as promised":         {true, "SELF", theState, true},
		"named without promise":     {false, "SELF", theState, true},
		"not named, never promised": {false, "", theState, true},
		"not named though promised": {true, "", theState, false},
		"foreign":                   {true, "https://attacker.example", theState, false},
		"foreign without promise":   {false, "https://attacker.example", theState, false},
		"almost its own":            {true, "SELF/", theState, false},
		"another state":             {true, "SELF", "of-another-sign-in", false},
	} {
		t.Run(name, func(t *testing.T) {
			province := newProvince(t)
			province.metadata["authorization_response_iss_parameter_supported"] = c.promised
			callback := theCallback()
			callback.State = c.state
			callback.Issuer = strings.Replace(c.iss, "SELF", province.server.URL, 1)
			_, err := province.provider().Redeem(t.Context(), callback, theRequest())
			if c.ok {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if !errors.Is(err, upstream.ErrMisbehaved) {
				t.Fatalf("got %v", err)
			}
			keepsQuiet(t, err.Error())
			if n := province.count(tokenPath); n != 0 {
				t.Errorf("the code was sent to the token endpoint %d times", n)
			}
		})
	}
}

func TestARefusalIsBelievedOnlyFromTheIssuerAsked(t *testing.T) {
	province := newProvince(t)
	province.metadata["authorization_response_iss_parameter_supported"] = true
	p := province.provider()
	callback := upstream.Callback{State: theState, Error: "login_required", Issuer: province.server.URL}

	var refused *upstream.RefusedError
	if _, err := p.Redeem(t.Context(), callback, theRequest()); !errors.As(err, &refused) || refused.Code != "login_required" {
		t.Errorf("got %v", err)
	}
	callback.Issuer = "https://attacker.example"
	if _, err := p.Redeem(t.Context(), callback, theRequest()); !errors.Is(err, upstream.ErrMisbehaved) || errors.As(err, &refused) {
		t.Errorf("of another issuer: got %v", err)
	}
}

func TestATokenAnswerThatIsNoneIsRefused(t *testing.T) {
	status := func(code int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(code)
			_, _ = w.Write([]byte(body))
		}
	}
	for name, c := range map[string]struct {
		override http.HandlerFunc
		answer   map[string]any
		want     error
	}{
		"a used code":           {override: status(400, "application/json", `{"error":"invalid_grant","error_description":"`+theCode+`"}`), want: upstream.ErrMisbehaved},
		"an error of markup":    {override: status(400, "application/json", `{"error":"<b>`+theCode+`</b>"}`), want: upstream.ErrMisbehaved},
		"a page":                {override: status(200, "text/html", "<html>"+theCode), want: upstream.ErrMisbehaved},
		"nothing":               {override: status(200, "application/json", ""), want: upstream.ErrMisbehaved},
		"a list":                {override: status(200, "application/json", `["`+theCode+`"]`), want: upstream.ErrMisbehaved},
		"two documents":         {override: status(200, "application/json", `{}{}`), want: upstream.ErrMisbehaved},
		"ten megabytes":         {override: flood, want: upstream.ErrMisbehaved},
		"out of order":          {override: status(503, "text/plain", "later"), want: upstream.ErrUnreachable},
		"too many":              {override: status(429, "text/plain", "later"), want: upstream.ErrUnreachable},
		"no ID token":           {answer: map[string]any{"id_token": ""}, want: upstream.ErrMisbehaved},
		"no access token":       {answer: map[string]any{"access_token": ""}, want: upstream.ErrMisbehaved},
		"another kind of token": {answer: map[string]any{"token_type": "DPoP"}, want: upstream.ErrMisbehaved},
		"a token of a number":   {answer: map[string]any{"id_token": 7}, want: upstream.ErrMisbehaved},
	} {
		t.Run(name, func(t *testing.T) {
			province := newProvince(t)
			if c.override != nil {
				province.override[tokenPath] = c.override
			}
			if c.answer != nil {
				province.answer = c.answer
			}
			_, err := signIn(t, province.provider())
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			keepsQuiet(t, err.Error())
		})
	}
}

func TestTheClientAuthenticatesAsRegistered(t *testing.T) {
	for method, check := range map[string]func(form url.Values, user, password string) bool{
		"client_secret_basic": func(form url.Values, user, password string) bool {
			return user == theClient && password == url.QueryEscape(theSecret) && !form.Has("client_secret")
		},
		"client_secret_post": func(form url.Values, user, password string) bool {
			return user == "" && form.Get("client_id") == theClient && form.Get("client_secret") == theSecret
		},
		"none": func(form url.Values, user, password string) bool {
			return user == "" && form.Get("client_id") == theClient && !form.Has("client_secret")
		},
	} {
		t.Run(method, func(t *testing.T) {
			province := newProvince(t)
			if _, err := signIn(t, province.provider(func(c *upstream.Config) { c.AuthMethod = method })); err != nil {
				t.Fatal(err)
			}
			r := &http.Request{Header: province.header}
			user, password, _ := r.BasicAuth()
			if !check(province.form, user, password) {
				t.Errorf("the token endpoint received %v as %q", province.form, user)
			}
		})
	}
}

func TestNothingPrintedGivesAnythingAway(t *testing.T) {
	province := newProvince(t)
	p := province.provider()
	a, err := signIn(t, p)
	if err != nil {
		t.Fatal(err)
	}
	id, err := p.Identity(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{a, &a, id, &id, theCallback(), theRequest(), province.config(), p} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			keepsQuiet(t, fmt.Sprintf(verb, v))
		}
	}
}
