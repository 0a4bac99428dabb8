package e2e

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"golang.org/x/oauth2"

	"manyou/idp"
	"manyou/storage"
)

// client is a relying party on golang.org/x/oauth2, registered at one issuer by data only. It asks for what its address
// says and shows what it was answered.
type client struct {
	t      *testing.T
	url    string
	issuer string
	oauth2 oauth2.Config
	http   *http.Client

	mu      sync.Mutex
	pending map[string]string // verifier by state
}

// answer is what a client was told, as its page shows it.
type answer struct {
	Error    string         `json:"error,omitempty"`
	Claims   map[string]any `json:"claims,omitempty"` // of the ID token
	UserInfo map[string]any `json:"userinfo,omitempty"`
	Access   string         `json:"access,omitempty"` // the access token
}

var answerPage = template.Must(template.New("answer").Parse(
	`<!doctype html><html lang="en"><title>Answer</title><h1>Answer</h1><pre id="told">{{.}}</pre></html>`))

// newClient registers a client at the issuer of a region and serves it.
func (w *world) newClient(t *testing.T, region string) *client {
	t.Helper()
	i := w.Issuer(region)
	c := &client{t: t, issuer: i.URL, http: w.Client, pending: map[string]string{}}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.url = server.URL
	id, secret := "foreign-"+rand.Text(), rand.Text()
	now := w.now()
	must(t, i.Store.PutApplication(t.Context(), storage.Application{
		ClientID: id, Status: storage.ApplicationPublished, Name: map[string]string{"zh": "外来应用", "en": "Foreign application"},
		Region: region, AuthMethod: "client_secret_basic", SecretHash: idp.HashSecret(i.Vault, secret),
		RedirectURIs: []string{c.url + "/callback"}, GrantTypes: []string{"authorization_code"},
		Scopes: []string{"openid", "profile", "phone", "document"}, SectorIdentifier: id + ".example", IDTokenAlg: "ES256",
		CreatedAt: now, UpdatedAt: now,
	}))
	var metadata struct {
		Authorization string `json:"authorization_endpoint"`
		Token         string `json:"token_endpoint"`
		UserInfo      string `json:"userinfo_endpoint"`
	}
	answer, err := w.Client.Get(i.URL + "/.well-known/openid-configuration")
	must(t, err)
	defer answer.Body.Close()
	must(t, json.NewDecoder(answer.Body).Decode(&metadata))
	c.oauth2 = oauth2.Config{
		ClientID: id, ClientSecret: secret, RedirectURL: c.url + "/callback", Scopes: []string{"openid", "profile"},
		Endpoint: oauth2.Endpoint{AuthURL: metadata.Authorization, TokenURL: metadata.Token, AuthStyle: oauth2.AuthStyleInHeader},
	}
	return c
}

// start is the address that begins a sign-in with these parameters besides the usual ones.
func (c *client) start(parameters ...string) string {
	q := url.Values{}
	for n := 0; n+1 < len(parameters); n += 2 {
		q.Set(parameters[n], parameters[n+1])
	}
	return c.url + "/?" + q.Encode()
}

// ServeHTTP implements http.Handler.
func (c *client) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/":
		state, verifier := rand.Text(), oauth2.GenerateVerifier()
		c.mu.Lock()
		c.pending[state] = verifier
		c.mu.Unlock()
		options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("nonce", "n-"+state)}
		for name, values := range r.URL.Query() {
			options = append(options, oauth2.SetAuthURLParam(name, values[0]))
		}
		http.Redirect(w, r, c.oauth2.AuthCodeURL(state, options...), http.StatusFound)
	case "/callback":
		err := r.ParseForm() // in the query, or by form_post
		var result answer
		if err == nil {
			result, err = c.redeem(r.Context(), r.Form)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		text, err := json.Marshal(result)
		if err == nil {
			err = answerPage.Execute(w, string(text))
		}
		if err != nil {
			c.t.Error(err)
		}
	default:
		http.NotFound(w, r)
	}
}

func (c *client) redeem(ctx context.Context, q url.Values) (answer, error) {
	c.mu.Lock()
	verifier, ok := c.pending[q.Get("state")]
	delete(c.pending, q.Get("state"))
	c.mu.Unlock()
	switch {
	case !ok:
		return answer{}, fmt.Errorf("the state is not mine")
	case q.Get("iss") != c.issuer: // RFC 9207 §2.4
		return answer{}, fmt.Errorf("the answer is from %q", q.Get("iss"))
	case q.Get("error") != "":
		return answer{Error: q.Get("error")}, nil
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, c.http)
	tokens, err := c.oauth2.Exchange(ctx, q.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return answer{}, err
	}
	idToken, _ := tokens.Extra("id_token").(string)
	parts := strings.Split(idToken, ".")
	if len(parts) != 3 {
		return answer{}, fmt.Errorf("there is no ID token")
	}
	// It came from the token endpoint itself (OpenID Connect Core §3.1.3.7 (6)).
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return answer{}, err
	}
	a := answer{Access: tokens.AccessToken}
	if err := json.Unmarshal(payload, &a.Claims); err != nil {
		return answer{}, err
	}
	if a.Claims["nonce"] != "n-"+q.Get("state") || a.Claims["iss"] != c.issuer {
		return answer{}, fmt.Errorf("the ID token is for another sign-in")
	}
	info, err := c.oauth2.Client(ctx, tokens).Get(c.issuer + "/userinfo")
	if err != nil {
		return answer{}, err
	}
	defer info.Body.Close()
	return a, json.NewDecoder(info.Body).Decode(&a.UserInfo)
}

// told is what the client was answered, as its page in the tab shows it.
func (c *client) told(b *tab) answer {
	b.t.Helper()
	b.expect("of the foreign application", "#told")
	var a answer
	must(b.t, json.Unmarshal([]byte(b.text("#told")), &a))
	return a
}
