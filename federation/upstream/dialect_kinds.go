package upstream

import (
	"context"
	"crypto/md5" //nolint:gosec // what the dialect of one province has; see Dialect.Digest
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// codeURL begins OAuth 2.0's authorization code grant (RFC 6749 §4.1.1).
func (v *Province) codeURL(r AuthRequest) (string, error) {
	parameters := map[string]string{
		"response_type": "code", v.d.name("client_id"): v.p.config.ClientID, v.d.name("redirect_uri"): v.p.config.RedirectURI,
		v.d.name("scope"): strings.Join(v.p.config.Scopes, " "), "state": r.State,
	}
	if v.d.PKCE {
		digest := sha256.Sum256([]byte(r.Verifier))
		parameters["code_challenge"], parameters["code_challenge_method"] = base64.RawURLEncoding.EncodeToString(digest[:]), "S256"
	}
	return withParameters(v.d.Authorization, parameters)
}

// whose exchanges a code and asks the private userinfo.
func (v *Province) whose(ctx context.Context, code, verifier string) (map[string]any, error) {
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {v.p.config.RedirectURI}}
	if v.d.PKCE {
		form.Set("code_verifier", verifier)
	}
	a, err := v.p.postForm(ctx, v.d.Token, form)
	if err != nil {
		return nil, err
	}
	var t tokens
	if err := a.decode(&t); err != nil {
		return nil, err
	}
	if a.status != http.StatusOK || t.AccessToken == "" {
		return nil, misbehaved("the token endpoint gives no token")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, v.d.UserInfo, nil)
	if err != nil {
		return nil, misbehaved("the userinfo endpoint is no address")
	}
	r.Header.Set("Authorization", "Bearer "+t.AccessToken)
	r.Header.Set("Accept", "application/json")
	claims, err := v.answered(r)
	if err != nil {
		return nil, err
	}
	return claims, v.succeeded(claims)
}

// ticketURL sends the browser for a ticket. The state travels in the address that the browser comes back to.
func (v *Province) ticketURL(r AuthRequest) (string, error) {
	back, err := withParameters(v.p.config.RedirectURI, map[string]string{"state": r.State})
	if err != nil {
		return "", err
	}
	return withParameters(v.d.Authorization, map[string]string{
		v.d.name("servicecode"): v.p.config.ClientID, v.d.name("redirectUrl"): back,
	})
}

// beijing is the time that the digests are of.
var beijing = time.FixedZone("", 8*60*60)

// validate gives a ticket back for who it is. A digest over service code, password and time says who asks.
func (v *Province) validate(ctx context.Context, ticket string) (map[string]any, error) {
	at := v.p.config.Clock().In(beijing).Format("20060102150405")
	form := url.Values{
		v.d.name("servicecode"): {v.p.config.ClientID}, v.d.name("time"): {at}, v.d.name("st"): {ticket},
		v.d.name("sign"): {v.d.digest(v.p.config.ClientID + v.p.config.ClientSecret + at)},
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, v.d.Validation, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, misbehaved("the validation endpoint is no address")
	}
	r.GetBody = nil // a ticket is never sent twice
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	claims, err := v.answered(r)
	if err != nil {
		return nil, err
	}
	return claims, v.succeeded(claims)
}

func (d *Dialect) digest(text string) string {
	if d.Digest == "md5" {
		sum := md5.Sum([]byte(text)) //nolint:gosec // what the dialect has
		return hex.EncodeToString(sum[:])
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// succeeded looks for the declared sign that an answer is one.
func (v *Province) succeeded(claims map[string]any) error {
	path, want, declared := strings.Cut(v.d.Success, "=")
	if declared && plain(lookup(claims, path)) != want {
		return misbehaved("the answer is no success")
	}
	return nil
}

// plain is a value of JSON as text: a string, a number, a boolean; "" of anything else.
func plain(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

func words(s string) []string { return strings.Fields(s) }

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// paramFrom is the parameter of a redirect URI that says whose it is.
const paramFrom = "from"

// RedirectOf is the redirect URI for an issuer that nothing but its address tells apart.
func RedirectOf(redirectURI, region string) string {
	return redirectURI + "?" + paramFrom + "=" + url.QueryEscape(region)
}

func fromOf(redirectURI string) string {
	u, err := url.Parse(redirectURI)
	if err != nil {
		return ""
	}
	return u.Query().Get(paramFrom)
}

func onThisMachine(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
