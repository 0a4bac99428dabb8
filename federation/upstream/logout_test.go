package upstream_test

import (
	"errors"
	"testing"
	"time"

	"manyou/federation/upstream"
)

const event = "http://schemas.openid.net/event/backchannel-logout"

func TestALogoutTokenCountsOnlyIfEverythingAboutItHolds(t *testing.T) {
	province := newProvince(t)
	now := province.clock.now()
	p := province.provider()
	good := func() map[string]any {
		return map[string]any{
			"iss": province.server.URL, "aud": theClient, "sub": theSubject, "sid": "s", "jti": "j", "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
			"events": map[string]any{event: map[string]any{}},
		}
	}
	token := province.key.sign(t, good())
	l, err := p.VerifyLogout(t.Context(), token)
	if err != nil || l.Subject != theSubject || l.SessionID != "s" || l.ID != "j" || upstream.IssuerOf(token) != province.server.URL {
		t.Fatalf("%+v, %v", l, err)
	}
	for name, change := range map[string]map[string]any{
		"another issuer":   {"iss": "https://elsewhere.example"},
		"another client":   {"aud": "other"},
		"nobody":           {"sub": nil},
		"no event":         {"events": map[string]any{}},
		"another event":    {"events": map[string]any{"x": map[string]any{}}},
		"a nonce":          {"nonce": "n"}, // an ID token
		"expired":          {"exp": now.Add(-time.Minute).Unix()},
		"good for a day":   {"exp": now.Add(24 * time.Hour).Unix()},
		"of tomorrow":      {"iat": now.Add(24 * time.Hour).Unix()},
		"of an hour ago":   {"iat": now.Add(-time.Hour).Unix()},
		"no jti":           {"jti": nil},
		"endless jti":      {"jti": string(make([]byte, 300))},
		"events as a list": {"events": []string{event}},
	} {
		claims := good()
		for claim, value := range change {
			claims[claim] = value
		}
		if _, err := p.VerifyLogout(t.Context(), province.key.sign(t, claims)); !errors.Is(err, upstream.ErrMisbehaved) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := p.VerifyLogout(t.Context(), newKey(t, "first", "ES256").sign(t, good())); !errors.Is(err, upstream.ErrMisbehaved) {
		t.Errorf("forged: %v", err)
	}
}

func FuzzIssuerOf(f *testing.F) {
	f.Add("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2EuZXhhbXBsZSJ9.AAAA")
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		if len(token) > 64<<10 && upstream.IssuerOf(token) != "" {
			t.Fatal("an endless token is read")
		}
		upstream.IssuerOf(token)
	})
}
