package upstream_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/federation/upstream"
)

func TestASignInIsVerifiedWithEveryAlgorithmOnTheList(t *testing.T) {
	for _, algorithm := range []jose.SignatureAlgorithm{jose.ES256, jose.ES384, jose.RS256, jose.PS256, jose.EdDSA} {
		t.Run(string(algorithm), func(t *testing.T) {
			province := newProvince(t)
			province.key = newKey(t, "k", algorithm)
			province.keys = []any{province.key.public()}
			a, err := signIn(t, province.provider())
			if err != nil {
				t.Fatal(err)
			}
			if a.Issuer != province.server.URL || a.Subject != theSubject || a.ACR != 3 || !slices.Equal(a.AMR, []string{"otp", "sms"}) {
				t.Errorf("got %q %q %d %v", a.Issuer, a.Subject, a.ACR, a.AMR)
			}
			if want := province.clock.now().Add(-time.Hour); !a.AuthTime.Equal(want) {
				t.Errorf("authenticated at %v, want %v", a.AuthTime, want)
			}
			if province.form.Get("code_verifier") != theVerifier || province.form.Get("redirect_uri") != theRedirect || province.form.Get("code") != theCode {
				t.Errorf("the token endpoint received %v", province.form)
			}
		})
	}
}

func TestAnIDTokenThatDoesNotHoldIsRefused(t *testing.T) {
	type claims = map[string]any
	long := strings.Repeat("x", 256)
	for name, c := range map[string]claims{
		"wrong issuer":              {"iss": "https://elsewhere.example"},
		"issuer with a slash":       {"iss": "SLASH"},
		"no issuer":                 {"iss": nil},
		"wrong audience":            {"aud": "another-client"},
		"no audience":               {"aud": nil},
		"audience of numbers":       {"aud": []int{1}},
		"more audience without azp": {"aud": []string{theClient, "another-client"}},
		"azp is another client":     {"aud": []string{theClient, "another-client"}, "azp": "another-client"},
		"azp alone is another":      {"azp": "another-client"},
		"expired":                   {"exp": -31},
		"no expiry":                 {"exp": nil},
		"expiry beyond all time":    {"exp": 1e300},
		"issued in the future":      {"iat": 31},
		"issued an hour ago":        {"iat": -3600},
		"no time of issue":          {"iat": nil},
		"not valid yet":             {"nbf": 31},
		"authentication to come":    {"auth_time": 31},
		"authentication before all": {"auth_time": -1e12},
		"wrong nonce":               {"nonce": "of-another-sign-in"},
		"no nonce":                  {"nonce": nil},
		"no subject":                {"sub": nil},
		"long subject":              {"sub": long},
		"subject with a line break": {"sub": "a\nb"},
		"subject is a number":       {"sub": 7},
		"hash of another token":     {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
	} {
		t.Run(name, func(t *testing.T) {
			province := newProvince(t)
			for claim, value := range c {
				switch v := value.(type) {
				case int: // seconds from now, where a claim is a time
					if claim != "sub" {
						value = province.clock.now().Add(time.Duration(v) * time.Second).Unix()
					}
				case string:
					if v == "SLASH" {
						value = province.server.URL + "/"
					}
				}
				province.claims[claim] = value
			}
			_, err := signIn(t, province.provider())
			if !errors.Is(err, upstream.ErrMisbehaved) {
				t.Fatalf("got %v", err)
			}
			keepsQuiet(t, err.Error())
		})
	}
}

func TestAForgedSignatureIsRefused(t *testing.T) {
	province := newProvince(t)
	public := province.key.private.Public()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := json.Marshal(province.key.public())
	if err != nil {
		t.Fatal(err)
	}
	stranger := newKey(t, "first", jose.ES256)
	hmac := func(secret []byte) func(map[string]any) string {
		return func(claims map[string]any) string {
			return signWith(t, jose.HS256, jose.JSONWebKey{Key: secret, KeyID: "first"}, claims)
		}
	}
	unsigned := func(header string) func(map[string]any) string {
		return func(claims map[string]any) string {
			payload, _ := json.Marshal(claims)
			return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString(payload) + "."
		}
	}
	for name, token := range map[string]func(map[string]any) string{
		"alg none":                       unsigned(`{"alg":"none"}`),
		"alg None":                       unsigned(`{"alg":"None","kid":"first"}`),
		"ES256 without a signature":      unsigned(`{"alg":"ES256","kid":"first"}`),
		"HS256 with the public key, PEM": hmac(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		"HS256 with the public key, DER": hmac(der),
		"HS256 with the public key, JWK": hmac(jwk),
		"HS256 with the client secret":   hmac([]byte(theSecret + strings.Repeat("x", 32))[:32]),
		"a stranger's key":               func(c map[string]any) string { return stranger.sign(t, c) },
		"a key that came along": func(c map[string]any) string {
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: stranger.private}, &jose.SignerOptions{EmbedJWK: true})
			if err != nil {
				t.Fatal(err)
			}
			payload, _ := json.Marshal(c)
			jws, err := signer.Sign(payload)
			if err != nil {
				t.Fatal(err)
			}
			s, _ := jws.CompactSerialize()
			return s
		},
		"other claims under the signature": func(c map[string]any) string {
			parts := strings.Split(province.key.sign(t, c), ".")
			c["sub"] = "somebody-else"
			payload, _ := json.Marshal(c)
			return parts[0] + "." + base64.RawURLEncoding.EncodeToString(payload) + "." + parts[2]
		},
		"too large": func(c map[string]any) string {
			c["padding"] = strings.Repeat("x", 70<<10)
			return province.key.sign(t, c)
		},
		"not a token":  func(map[string]any) string { return "a.b.c" },
		"JSON instead": func(map[string]any) string { return `{"payload":"e30","signatures":[]}` },
	} {
		t.Run(name, func(t *testing.T) {
			province.set(func() { province.token = token })
			_, err := signIn(t, province.provider())
			if !errors.Is(err, upstream.ErrMisbehaved) {
				t.Fatalf("got %v", err)
			}
			keepsQuiet(t, err.Error())
		})
	}
}

func TestAKeyThatMustNotVerifyDoesNot(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for name, publish := range map[string]func(*province){
		"for encryption": func(p *province) {
			k := p.key.public()
			k.Use = "enc"
			p.keys = []any{k}
		},
		"for another algorithm": func(p *province) {
			k := p.key.public()
			k.Algorithm = "ES384"
			p.keys = []any{k}
		},
		"too weak": func(p *province) {
			p.key = keyPair{id: "weak", algorithm: jose.RS256, private: weak}
			p.keys = []any{p.key.public()}
		},
		"a secret": func(p *province) {
			secret := []byte(strings.Repeat("k", 32))
			p.keys = []any{map[string]any{"kty": "oct", "kid": "first", "k": base64.RawURLEncoding.EncodeToString(secret)}}
			p.token = func(c map[string]any) string {
				return signWith(p.t, jose.HS256, jose.JSONWebKey{Key: secret, KeyID: "first"}, c)
			}
		},
		"beyond the hundredth": func(p *province) {
			var keys []any
			for range 100 {
				keys = append(keys, map[string]any{"kty": "future"})
			}
			p.keys = append(keys, p.key.public())
		},
		"of an algorithm the metadata do not list": func(p *province) {
			p.metadata["id_token_signing_alg_values_supported"] = []string{"RS256"}
		},
		"none is offered": func(p *province) {
			p.metadata["id_token_signing_alg_values_supported"] = []string{"none", "HS256"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			province := newProvince(t)
			publish(province)
			if _, err := signIn(t, province.provider()); !errors.Is(err, upstream.ErrMisbehaved) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestAnUnknownKindOfKeyDoesNotSpoilTheOthers(t *testing.T) {
	province := newProvince(t)
	province.keys = append([]any{map[string]any{"kty": "future", "kid": "f"}, 7, nil}, province.keys...)
	if _, err := signIn(t, province.provider()); err != nil {
		t.Fatal(err)
	}
}

func TestWhatStandardsAllowIsAccepted(t *testing.T) {
	for name, change := range map[string]func(*province){
		"more audience with azp": func(p *province) {
			p.claims["aud"], p.claims["azp"] = []string{"another-client", theClient}, theClient
		},
		"a clock that is behind": func(p *province) { p.claims["exp"] = p.clock.now().Add(-20 * time.Second).Unix() },
		"a clock that is ahead":  func(p *province) { p.claims["iat"] = p.clock.now().Add(20 * time.Second).Unix() },
		"no key identifier": func(p *province) {
			p.key.id = ""
			p.keys = []any{p.key.public()}
		},
		"bearer in small letters": func(p *province) { p.answer["token_type"] = "bearer" },
	} {
		t.Run(name, func(t *testing.T) {
			province := newProvince(t)
			change(province)
			if _, err := signIn(t, province.provider()); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestAnAuthenticationOlderThanAskedForIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		maxAge time.Duration
		at     any // seconds from now
		ok     bool
	}{
		"young enough":        {time.Hour, -1800, true},
		"too old":             {time.Hour, -3700, false},
		"fresh, as asked":     {0, -5, true},
		"not fresh, as asked": {0, -60, false},
		"no time given":       {time.Hour, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			province := newProvince(t)
			province.claims["auth_time"] = nil
			if seconds, ok := c.at.(int); ok {
				province.claims["auth_time"] = province.clock.now().Add(time.Duration(seconds) * time.Second).Unix()
			}
			r := theRequest()
			r.MaxAge = &c.maxAge
			_, err := province.provider().Redeem(t.Context(), theCallback(), r)
			if c.ok && err != nil || !c.ok && !errors.Is(err, upstream.ErrMisbehaved) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestRungsAndMethodsAreBounded(t *testing.T) {
	province := newProvince(t)
	province.claims["acr"] = "an acr nobody registered"
	province.claims["auth_time"] = nil
	methods := []string{"otp", "otp", "with space", strings.Repeat("x", 33), "", "<b>"}
	for i := range 40 {
		methods = append(methods, "m"+strings.Repeat("i", i%20))
	}
	province.claims["amr"] = methods
	a, err := signIn(t, province.provider())
	if err != nil {
		t.Fatal(err)
	}
	if a.ACR != 1 {
		t.Errorf("an unknown acr is rung %d", a.ACR)
	}
	if len(a.AMR) != 16 || a.AMR[0] != "otp" || a.AMR[1] == "otp" {
		t.Errorf("got %d methods: %v", len(a.AMR), a.AMR)
	}
	if !a.AuthTime.Equal(province.clock.now()) {
		t.Errorf("without auth_time: %v", a.AuthTime)
	}
}
