package idp

import (
	"encoding/json"
	"net/url"
	"testing"

	"manyou/storage"
)

// FuzzAuthorizationRequest holds the parser to its promises: what it accepts is within bounds, uses S256 or a nonce, and
// survives the way through a conversation.
func FuzzAuthorizationRequest(f *testing.F) {
	f.Add("response_type=code&scope=openid&code_challenge=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU&code_challenge_method=S256")
	f.Add("response_type=code&scope=openid&nonce=n&claims=%7B%22id_token%22%3A%7B%22acr%22%3A%7B%22essential%22%3Atrue%2C%22values%22%3A%5B%22x%22%5D%7D%7D%7D")
	f.Add("response_type=code&scope=openid+profile&nonce=n&max_age=0&prompt=login+consent&acr_values=urn%3Amanyou%3Aacr%3A2")
	f.Add("response_type=code&claims=%7B%22id_token%22%3A%7B%22acr%22%3Anull%2C%22sub%22%3A%7B%22value%22%3A1%7D%7D%7D&nonce=n&scope=openid")
	f.Add("response_type=code&claims=%7B\"00\x85%22%3A%7B%7D%7D&nonce=0&scope=openid") // once came back changed
	app := &application{Application: storage.Application{
		ClientID: "app", AuthMethod: methodBasic, PKCEOptional: true, Scopes: []string{"openid", "profile"},
	}}
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		r, perr := parseAuthorizationRequest(parameters(values), app)
		if perr != nil {
			if perr.Code == "" || perr.Description == "" {
				t.Error("an error without a code or a description")
			}
			return
		}
		if r.CodeChallenge == "" && r.Nonce == "" {
			t.Error("neither PKCE nor nonce")
		}
		if r.CodeChallenge != "" && !isChallenge(r.CodeChallenge) {
			t.Error("a malformed challenge")
		}
		if len(r.State) > maxParameter || len(r.Nonce) > maxNonce || len(r.Claims) > maxClaims {
			t.Error("a bound does not hold")
		}
		if rung, _, _ := r.rungWanted(); rung < 0 || rung > topRung {
			t.Errorf("rung %d", rung)
		}
		r.subjectWanted()
		encoded, err := continuation{Request: r}.encode()
		if err != nil {
			t.Fatal(err)
		}
		var c continuation
		if err := json.Unmarshal(encoded, &c); err != nil {
			t.Fatal(err)
		}
		if again, err := (continuation{Request: c.Request}).encode(); err != nil || string(again) != string(encoded) {
			t.Errorf("changed on the way: %s, %s", encoded, again)
		}
	})
}

func FuzzTokenID(f *testing.F) {
	f.Add("JO--Q9BoLakr6PzwZiIh4GsEzzURO2LMb54HcfA")
	f.Add("")
	f.Fuzz(func(t *testing.T, jti string) {
		if id := parseTokenID(jti); id.GrantID != nil && len(id.GrantID) != grantIDBytes {
			t.Errorf("%d bytes", len(id.GrantID))
		}
	})
}
