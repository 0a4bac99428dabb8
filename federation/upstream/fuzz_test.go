package upstream

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const fuzzedIssuer = "https://province.example"

func FuzzMetadata(f *testing.F) {
	const honest = `{"issuer":"https://province.example","authorization_endpoint":"https://province.example/a?t=33",` +
		`"token_endpoint":"https://province.example/t","jwks_uri":"https://keys.example/k"}`
	for _, seed := range []string{
		honest,
		strings.Replace(honest, "https://province.example/t", "http://province.example/t", 1),
		strings.Replace(honest, "https://keys.example/k", "https://u:p@keys.example/#k", 1),
		strings.Replace(honest, "/a?t=33", "/a?%zz&state=x;y", 1),
		strings.Replace(honest, `"jwks_uri"`, `"userinfo_endpoint":"javascript:1","jwks_uri"`, 1),
		`{"issuer":"https://province.example/"}`, `{"issuer":["https://province.example"]}`, `[]`, `null`,
	} {
		f.Add(seed)
	}
	p := &Provider{config: Config{Issuer: fuzzedIssuer}}
	f.Fuzz(func(t *testing.T, text string) {
		var m metadata
		if (answer{body: []byte(text)}).decode(&m) != nil || p.check(&m) != nil {
			return
		}
		if m.Issuer != fuzzedIssuer || m.Authorization == "" || m.Token == "" || m.JWKS == "" {
			t.Fatalf("accepted: %+v", m)
		}
		for _, endpoint := range []string{m.Authorization, m.Token, m.JWKS, m.UserInfo, m.EndSession} {
			u, err := url.Parse(endpoint)
			if endpoint != "" && (err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || len(endpoint) > maxEndpoint) {
				t.Fatalf("accepted %q", endpoint)
			}
		}
		location, err := withParameters(m.Authorization, map[string]string{"state": "s&t", "prompt": ""})
		if err != nil {
			t.Fatalf("%q was accepted and leads nowhere", m.Authorization)
		}
		u, err := url.Parse(location)
		if err != nil || u.Scheme != "https" || len(u.Query()["state"]) != 1 || u.Query().Get("state") != "s&t" || u.Query().Has("prompt") {
			t.Fatalf("%q became %q", m.Authorization, location)
		}
	})
}

func FuzzKeys(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	public, err := json.Marshal(jose.JSONWebKey{Key: key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"})
	if err != nil {
		f.Fatal(err)
	}
	private, err := json.Marshal(jose.JSONWebKey{Key: key, KeyID: "k", Algorithm: "ES256", Use: "sig"})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		`{"keys":[` + string(public) + `]}`, `{"keys":[` + string(private) + `]}`,
		`{"keys":[{"kty":"oct","k":"AAAA"},{"kty":"RSA","n":"AQAB","e":"AQAB"},{"kty":"EC","crv":"P-256","x":"","y":""},7,null]}`,
		`{"keys":[{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}]}`, `{"keys":{}}`, `{"keys":[` + strings.Repeat(`{},`, 200) + `{}]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var set publishedKeys
		if (answer{body: []byte(text)}).decode(&set) != nil {
			return
		}
		keys := set.acceptable()
		if len(keys) > maxKeys {
			t.Errorf("%d keys are kept", len(keys))
		}
		for _, k := range keys {
			if !k.Valid() || !k.IsPublic() {
				t.Errorf("a %T may verify", k.Key)
			}
		}
	})
}

// FuzzIDTokenClaims has an issuer sign whatever it likes.
func FuzzIDTokenClaims(f *testing.F) {
	const honest = `{"iss":"https://province.example","sub":"s","aud":"c","nonce":"n","iat":1900000000,"exp":1900000060,"auth_time":1899999000}`
	for _, seed := range []string{
		honest,
		strings.Replace(honest, `"aud":"c"`, `"aud":["c","d"],"azp":"c"`, 1),
		strings.Replace(honest, `"aud":"c"`, `"aud":["c",7]`, 1),
		strings.Replace(honest, `"nonce":"n"`, `"nonce":"n","nonce":""`, 1),
		strings.Replace(honest, `"nonce":"n"`, `"nonce":"n","Nonce":"m","amr":"pwd otp","acr":7`, 1),
		strings.Replace(honest, `1900000060`, `1e300`, 1),
		strings.Replace(honest, `1900000060`, `"2030-03-17T17:46:40Z"`, 1),
		strings.Replace(honest, `"sub":"s"`, `"sub":"\u0000"`, 1),
		`{}`, `null`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	now := time.Unix(1_900_000_000, 0)
	p := &Provider{config: Config{Issuer: fuzzedIssuer, ClientID: "c", Clock: func() time.Time { return now }}}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil)
	if err != nil {
		f.Fatal(err)
	}
	p.keys.clock = p.config.Clock
	p.keys.value, p.keys.generation, p.keys.fetchedAt = []jose.JSONWebKey{{Key: key.Public()}}, 1, now
	f.Fuzz(func(t *testing.T, payload []byte) {
		jws, err := signer.Sign(payload)
		if err != nil {
			t.Fatal(err)
		}
		token, err := jws.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		a, err := p.verify(t.Context(), &metadata{}, tokens{IDToken: token, AccessToken: "a"}, AuthRequest{Nonce: "n"})
		if err != nil {
			if a.Subject != "" || a.claims != nil {
				t.Error("something was taken from a token that was refused")
			}
			return
		}
		if a.Issuer != fuzzedIssuer || a.Subject == "" || len(a.Subject) > maxSubject || len(a.AMR) > maxAMR || a.ACR != minRung {
			t.Errorf("accepted: %q %q %d %v", a.Issuer, a.Subject, a.ACR, a.AMR)
		}
		if a.AuthTime.After(now.Add(clockSkew)) || a.AuthTime.Unix() < 0 {
			t.Errorf("authenticated at %v", a.AuthTime)
		}
		var claims struct {
			Nonce any `json:"nonce"`
		}
		if json.Unmarshal(payload, &claims) != nil || claims.Nonce != "n" {
			t.Errorf("accepted with nonce %v", claims.Nonce)
		}
	})
}

func FuzzPresented(f *testing.F) {
	f.Add(`{"iss":"https://province.example","sub":"x","client_id":"a","exp":2000000000,"iat":1,"auth_time":1,"aud":["a"],"act":{"sub":"b"}}`)
	f.Add(`{"aud":"a","exp":1e308,"auth_time":-1}`)
	p := &Provider{config: Config{Issuer: fuzzedIssuer, Clock: time.Now}}
	f.Fuzz(func(t *testing.T, text string) {
		var c presentedClaims
		if json.Unmarshal([]byte(text), &c) != nil {
			return
		}
		got, err := p.presented(&c)
		if err == nil && (got.Subject == "" || len(got.Subject) > maxSubject || got.ClientID == "" || got.AuthTime.After(time.Now().Add(clockSkew)) || got.ACR < minRung || len(got.AMR) > maxAMR) {
			t.Fatalf("%+v", got)
		}
	})
}
