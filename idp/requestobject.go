package idp

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/federation/upstream"
	"manyou/storage"
)

// Bounds of a request object.
const (
	maxRequestObject     = 16 << 10
	maxRequestObjectLife = 10 * time.Minute
)

// requestObjectTypes are what the header's typ may say (RFC 9101 §10.8). One that says nothing is accepted of old clients.
var requestObjectTypes = []string{"", upstream.TypeRequest, "JWT"}

// requestObject are the claims of a request object that are not parameters.
type requestObject struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  audience `json:"aud"`
	Expires   float64  `json:"exp"`
	NotBefore float64  `json:"nbf"`
	ID        string   `json:"jti"`
	ClientID  string   `json:"client_id"`
}

// signedParameters are the parameters of an application that nobody registered: signed by it, for this issuer, once
// (OpenID Federation 1.0 §12.1.1.1). What stands beside the object counts for nothing.
func (i *Issuer) signedParameters(ctx context.Context, p parameters, app *application) (parameters, *protocolError, error) {
	raw := p.get("request")
	refuse := func(why string) (parameters, *protocolError, error) {
		return nil, &protocolError{Code: "invalid_request_object", Description: why}, nil
	}
	if raw == "" || len(raw) > maxRequestObject {
		return refuse("an application that is registered automatically signs its request")
	}
	jws, err := jose.ParseSignedCompact(raw, assertionAlgorithms)
	if err != nil {
		return refuse("request is not a JWS with an accepted algorithm")
	}
	typ, _ := jws.Signatures[0].Protected.ExtraHeaders[jose.HeaderType].(string)
	if !slices.Contains(requestObjectTypes, typ) || !verifiedBy(jws, app.keys) {
		return refuse("request is not signed by a key of the client, or is another kind of JWT")
	}
	var o requestObject
	payload := jws.UnsafePayloadWithoutVerification()
	if json.Unmarshal(payload, &o) != nil {
		return refuse("request carries no claims")
	}
	now, expires := i.Clock(), time.Unix(int64(o.Expires), 0)
	switch {
	case o.Issuer != app.ClientID || o.ClientID != app.ClientID || o.Subject != "": // a sub would make it a client assertion
		return refuse("request is not the client's own, or names a subject")
	case !slices.Equal(o.Audience, audience{i.Issuer}):
		return refuse("request is for another issuer")
	case !now.Before(expires.Add(clockSkew)):
		return refuse("request has expired")
	case expires.After(now.Add(maxRequestObjectLife + clockSkew)):
		return refuse("request lives too long")
	case o.NotBefore != 0 && now.Add(clockSkew).Before(time.Unix(int64(o.NotBefore), 0)):
		return refuse("request is not valid yet")
	case o.ID == "" || len(o.ID) > 256:
		return refuse("request has no usable jti")
	}
	signed, err := parametersOf(payload)
	if err != nil {
		return refuse("request holds what is no parameter")
	}
	err = i.Store.Use(ctx, "request_object", app.ClientID+"\x00"+o.ID, expires.Add(2*clockSkew))
	if errors.Is(err, storage.ErrUsed) {
		return refuse("request was used before")
	}
	return signed, nil, err
}

// parametersOf are the claims of a request object as parameters (RFC 9101 §4): numbers as they are written, objects as JSON.
func parametersOf(payload []byte) (parameters, error) {
	var claims map[string]json.RawMessage
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, err
	}
	p := parameters{}
	for name, value := range claims {
		switch name {
		case "iss", "sub", "aud", "exp", "nbf", "iat", "jti":
			continue
		case "request", "request_uri": // RFC 9101 §4: not within
			return nil, errors.New("a request object within another")
		}
		text := string(value)
		if strings.HasPrefix(text, `"`) {
			if err := json.Unmarshal(value, &text); err != nil {
				return nil, err
			}
		}
		p[name] = []string{text}
	}
	return p, nil
}
