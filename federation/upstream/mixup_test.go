package upstream_test

import (
	"errors"
	"net/http"
	"testing"

	"manyou/federation/upstream"
)

// Two provinces, one of them hostile: what one says must never count as said by the other (RFC 9207 §1).

func TestACodeOfOneProvinceIsNotTakenToAnother(t *testing.T) {
	honest, hostile := newProvince(t), newProvince(t)
	for _, p := range []*province{honest, hostile} {
		p.metadata["authorization_response_iss_parameter_supported"] = true
	}
	// The citizen chose the hostile one, which sent the browser on to the honest one: the code that comes back is the
	// honest one's, and would go to the hostile one's token endpoint.
	callback := theCallback()
	callback.Issuer = honest.server.URL
	if _, err := hostile.provider().Redeem(t.Context(), callback, theRequest()); !errors.Is(err, upstream.ErrMisbehaved) {
		t.Fatalf("got %v", err)
	}
	if n := hostile.count(tokenPath); n != 0 {
		t.Errorf("the hostile province received the code %d times", n)
	}
	if _, err := honest.provider().Redeem(t.Context(), callback, theRequest()); err != nil {
		t.Errorf("where it belongs: %v", err)
	}
}

func TestATokenOfOneProvinceIsNoTokenOfAnother(t *testing.T) {
	honest, hostile := newProvince(t), newProvince(t)
	hostile.clock = honest.clock
	for name, prepare := range map[string]func(){
		"replayed as it is": func() {
			hostile.token = func(map[string]any) string { return honest.mint() }
		},
		"replayed, with the keys of its issuer": func() {
			hostile.token = func(map[string]any) string { return honest.mint() }
			hostile.keys = []any{honest.key.public()}
		},
		"replayed, with the key set of its issuer": func() {
			hostile.token = func(map[string]any) string { return honest.mint() }
			hostile.metadata["jwks_uri"] = honest.server.URL + keysPath
		},
		"made up in the other's name": func() {
			hostile.claims["iss"] = honest.server.URL
		},
	} {
		t.Run(name, func(t *testing.T) {
			hostile.set(func() {
				hostile.token, hostile.keys, hostile.metadata = nil, []any{hostile.key.public()}, map[string]any{}
				delete(hostile.claims, "iss")
				prepare()
			})
			if _, err := signIn(t, hostile.provider()); !errors.Is(err, upstream.ErrMisbehaved) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestAnAccessTokenOfOneProvinceIsNotSentToAnother(t *testing.T) {
	honest, hostile := newProvince(t), newProvince(t)
	a, err := signIn(t, honest.provider())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hostile.provider().Identity(t.Context(), a); err == nil {
		t.Error("one province spoke about the citizen of another")
	}
	if n := hostile.count(userInfoPath); n != 0 {
		t.Errorf("the hostile province received the token %d times", n)
	}
}

func TestAnIssuerCannotWriteIntoOurErrors(t *testing.T) {
	for name, said := range map[string]string{
		"the code": theCode, "the verifier": theVerifier, "the secret": "s3cret", "a document": theNumber,
	} {
		t.Run(name, func(t *testing.T) {
			province := newProvince(t)
			province.override[tokenPath] = func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusBadRequest)
				writeJSON(w, map[string]any{"error": said, "error_description": said})
			}
			p := province.provider()
			_, err := signIn(t, p)
			if !errors.Is(err, upstream.ErrMisbehaved) {
				t.Fatalf("got %v", err)
			}
			keepsQuiet(t, err.Error())

			var refused *upstream.RefusedError
			_, err = p.Redeem(t.Context(), upstream.Callback{State: theState, Error: said}, theRequest())
			if !errors.As(err, &refused) || refused.Code != said {
				t.Fatalf("got %v", err)
			}
			keepsQuiet(t, err.Error())
		})
	}
}
