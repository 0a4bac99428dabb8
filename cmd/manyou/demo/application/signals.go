package application

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2/clientcredentials"
)

// signalsPath is where the issuer pushes security event tokens to (RFC 8935).
const signalsPath = "/signals"

// Bounds of what is received and remembered.
const (
	maxSignal  = 64 << 10 // bytes
	maxAnswer  = 256 << 10
	maxKept    = 200
	signalType = "secevent+jwt" // RFC 8417 §2.3
)

// Events that end what a citizen has here, by the last part of their URIs.
const (
	sessionRevoked  = "session-revoked"
	accountDisabled = "account-disabled"
)

// correction is the event that says what was done to an identity.
const correction = "correction"

// received is an event that the issuer told of.
type received struct {
	At      time.Time // when it was received
	Event   string    // the last part of its URI
	What    string    // of a correction: what was done
	Subject string
	Case    string
}

// desk is what the application remembers of its issuer's events and its own complaints. It forgets the oldest, and all when it stops.
type desk struct {
	mu         sync.Mutex
	subscribed bool
	seen       []string // the jti of what was received
	events     []received
	complaints []complaint
	revoked    map[string]time.Time // by subject: what was issued before is void
}

// secret is what the issuer has to show when it pushes.
func (a *Application) secret(purpose string) string {
	m := hmac.New(sha256.New, a.config.Key)
	m.Write([]byte(purpose))
	return hex.EncodeToString(m.Sum(nil))
}

// own reaches the issuer as the application itself, with a token for a scope.
func (a *Application) own(ctx context.Context, p *provider, scopes ...string) *http.Client {
	c := clientcredentials.Config{
		ClientID: a.config.ClientID, ClientSecret: a.config.ClientSecret, TokenURL: p.oauth2.Endpoint.TokenURL, Scopes: scopes,
		AuthStyle: p.oauth2.Endpoint.AuthStyle,
	}
	return c.Client(a.clientContext(ctx))
}

// subscribe asks the issuer, once, to push what happens to the citizens whom this application knows (SSF 1.0 §8.1.1.1). What does not work
// is tried again with the next citizen.
func (a *Application) subscribe(ctx context.Context, p *provider) {
	a.desk.mu.Lock()
	defer a.desk.mu.Unlock()
	if a.desk.subscribed || a.config.Membership != nil {
		return // who is known by a chain alone has no token of its own
	}
	ctx, cancel := context.WithTimeout(ctx, discoveryWait)
	defer cancel()
	if err := a.createStream(ctx, p); err != nil {
		a.config.Logger.Warn("application: no stream of signals", "region", a.config.Region, "error", err)
		return
	}
	a.desk.subscribed = true
}

func (a *Application) createStream(ctx context.Context, p *provider) error {
	var transmitter struct {
		Configuration string `json:"configuration_endpoint"`
	}
	if _, err := a.ask(ctx, a.config.Client, http.MethodGet, a.config.Issuer+"/.well-known/ssf-configuration", nil, &transmitter); err != nil {
		return err
	}
	status, err := a.ask(ctx, a.own(ctx, p, "ssf.manage"), http.MethodPost, transmitter.Configuration, map[string]any{
		"delivery": map[string]string{
			"method": "urn:ietf:rfc:8935", "endpoint_url": a.config.URL + signalsPath, "authorization_header": "Bearer " + a.secret("signals"),
		},
	}, nil)
	if status == http.StatusConflict { // it is there from before
		return nil
	}
	return err
}

// ask sends JSON and reads JSON.
func (a *Application) ask(ctx context.Context, client *http.Client, method, url string, body, answer any, headers ...string) (status int, err error) {
	raw := []byte{}
	if body != nil {
		if raw, err = json.Marshal(body); err != nil {
			return 0, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(raw))
	if err != nil {
		return 0, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for n := 0; n+1 < len(headers); n += 2 {
		r.Header.Set(headers[n], headers[n+1])
	}
	res, err := client.Do(r)
	if err != nil {
		return 0, tokenError(err)
	}
	defer res.Body.Close()
	if res.StatusCode >= http.StatusBadRequest {
		return res.StatusCode, fmt.Errorf("%s answered %d", url, res.StatusCode)
	}
	if answer == nil {
		return res.StatusCode, nil
	}
	return res.StatusCode, json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(answer)
}

// receive takes a security event token (RFC 8935 §2).
func (a *Application) receive(w http.ResponseWriter, r *http.Request) {
	refuse := func(code string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"err": code, "description": code}) //nolint:errchkjson // the issuer went away
	}
	if !equal(r.Header.Get("Authorization"), "Bearer "+a.secret("signals")) {
		refuse("authentication_failed")
		return
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSignal))
	if err != nil {
		refuse("invalid_request")
		return
	}
	p, err := a.discover(r.Context())
	if err != nil { // it will be sent again
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	e, id, err := a.readSignal(r.Context(), p, string(raw))
	if err != nil {
		a.config.Logger.Warn("application: signal refused", "region", a.config.Region, "error", err)
		refuse("invalid_request")
		return
	}
	a.desk.remember(e, id)
	w.WriteHeader(http.StatusAccepted)
}

var errSignal = errors.New("not a security event token of this issuer for this application")

// readSignal verifies a token (RFC 8417 §2, SSF 1.0 §4.1).
func (a *Application) readSignal(ctx context.Context, p *provider, raw string) (e received, id string, err error) {
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil || jws.Signatures[0].Header.ExtraHeaders[jose.HeaderType] != signalType {
		return e, "", errSignal
	}
	payload, err := p.keys.VerifySignature(a.clientContext(ctx), raw)
	if err != nil {
		return e, "", errSignal
	}
	var c struct {
		Issuer   string          `json:"iss"`
		Audience json.RawMessage `json:"aud"`
		ID       string          `json:"jti"`
		Subject  struct {
			Issuer  string `json:"iss"`
			Subject string `json:"sub"`
		} `json:"sub_id"`
		Events map[string]struct {
			Case string `json:"case"`
			What string `json:"what"`
		} `json:"events"`
	}
	if err := json.Unmarshal(payload, &c); err != nil || c.Issuer != a.config.Issuer || c.ID == "" || len(c.Events) != 1 {
		return e, "", errSignal
	}
	var one string
	if json.Unmarshal(c.Audience, &one) != nil {
		var list []string
		if json.Unmarshal(c.Audience, &list) != nil || len(list) != 1 {
			return e, "", errSignal
		}
		one = list[0]
	}
	if one != a.config.ClientID {
		return e, "", errSignal
	}
	e = received{At: a.config.Clock(), Subject: c.Subject.Subject}
	for uri, said := range c.Events {
		e.Event, e.Case, e.What = uri[strings.LastIndexAny(uri, "/:")+1:], said.Case, said.What
	}
	return e, c.ID, nil
}

// remember notes an event, once.
func (d *desk) remember(e received, id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if slices.Contains(d.seen, id) {
		return
	}
	d.seen = last(append(d.seen, id))
	d.events = last(append(d.events, e))
	if e.Event == sessionRevoked || e.Event == accountDisabled {
		if d.revoked == nil || len(d.revoked) >= maxKept {
			d.revoked = map[string]time.Time{}
		}
		d.revoked[e.Subject] = e.At // when it happened is told to the second, in which somebody may have signed in again
	}
}

func last[T any](list []T) []T { return list[max(0, len(list)-maxKept):] }

// stands reports whether what began at a moment was not revoked since.
func (d *desk) stands(subject string, began time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, ok := d.revoked[subject]
	return !ok || began.After(at)
}

// keySet verifies what the issuer signed besides ID tokens.
func keySet(ctx context.Context, url string) oidc.KeySet { return oidc.NewRemoteKeySet(ctx, url) }
