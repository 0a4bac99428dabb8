package idp

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"manyou/idp/session"
	"manyou/idp/ticket"
	"manyou/idp/web"
	"manyou/storage"
)

const (
	grantDevice = "urn:ietf:params:oauth:grant-type:device_code"

	purposeDeviceCode = "device_code"
	// deviceLife is how long a person has to type the code, deviceInterval how often the device may ask (RFC 8628 §3.2).
	deviceLife     = 10 * time.Minute
	deviceInterval = 5 * time.Second
	// userCodeLength and its alphabet give 20^8 codes: without vowels no words appear, and no letter is mistaken for
	// another (RFC 8628 §6.1).
	userCodeLength   = 8
	userCodeAlphabet = "BCDFGHJKLMNPQRSTVWXZ"

	pathDevice      = "/device"
	pathDeviceAuthz = "/device_authorization"
)

// deviceCode is what a device redeems: sealed, stored nowhere. The user code is not in it, and what is in it does not
// follow from the user code.
type deviceCode struct {
	Ticket   string   `json:"t"`
	Record   int64    `json:"r"` // expiry of the ticket's record, milliseconds
	Expires  int64    `json:"x"` // seconds
	ClientID string   `json:"c"`
	Scopes   []string `json:"o"`
}

// DeviceAuthorization gives a device a code to show (RFC 8628 §3.1). The ticket waits under the user code's hash.
func (i *Issuer) DeviceAuthorization(ctx context.Context, r *op.ClientRequest[oidc.DeviceAuthorizationRequest]) (*op.Response, error) {
	app := applicationOf(r.Client)
	if !grants(&app.Application, grantDevice) {
		return nil, op.NewStatusError(oidc.ErrUnauthorizedClient().WithDescription("not registered for this grant"), http.StatusBadRequest)
	}
	var scopes []string
	for _, scope := range r.Data.Scopes {
		if slices.Contains(app.Scopes, scope) && !slices.Contains(scopes, scope) && scope != scopeDocument {
			scopes = append(scopes, scope)
		}
	}
	if len(scopes) == 0 {
		return nil, op.NewStatusError(oidc.ErrInvalidScope().WithDescription("none of the scopes is open to this client"), http.StatusBadRequest)
	}
	code, err := i.newUserCode()
	if err != nil {
		return nil, serverError(err)
	}
	now := i.Clock()
	id, record := i.deviceTicket(code, now)
	_, err = i.tickets.Open(ctx, id, record, ticket.Question{
		Kind: ticket.KindDevice, Application: app.Name, ClientID: app.ClientID, Scopes: scopes,
		Device: session.Agent(&http.Request{Header: r.Header}),
	}, deviceLife)
	if err != nil { // two of 25 thousand million at once, or storage failed: the device tries again
		return nil, serverError(err)
	}
	body, err := json.Marshal(deviceCode{
		Ticket: id, Record: record.UnixMilli(), Expires: now.Add(deviceLife).Unix(), ClientID: app.ClientID, Scopes: scopes,
	})
	if err != nil {
		return nil, serverError(err)
	}
	sealed, err := i.Vault.SealToken(purposeDeviceCode, body)
	if err != nil {
		return nil, serverError(err)
	}
	shown := code[:4] + "-" + code[4:]
	return op.NewResponse(&oidc.DeviceAuthorizationResponse{
		DeviceCode: sealed, UserCode: shown, VerificationURI: i.Issuer + pathDevice,
		VerificationURIComplete: i.Issuer + pathDevice + "?user_code=" + shown,
		ExpiresIn:               int(deviceLife.Seconds()), Interval: int(deviceInterval.Seconds()),
	}), nil
}

func (i *Issuer) newUserCode() (string, error) {
	b := make([]byte, 0, userCodeLength)
	for len(b) < userCodeLength {
		var one [1]byte
		if _, err := io.ReadFull(i.Random, one[:]); err != nil {
			return "", fmt.Errorf("draw a user code: %w", err)
		}
		if n := int(one[0]); n < 240 { // the greatest multiple of 20
			b = append(b, userCodeAlphabet[n%len(userCodeAlphabet)])
		}
	}
	return string(b), nil
}

// deviceTicket is where the ticket of a user code lies: under a keyed hash, and with an expiry that follows from the day,
// so that the code alone leads there.
func (i *Issuer) deviceTicket(code string, day time.Time) (id string, expiresAt time.Time) {
	return "device." + encoding.EncodeToString(i.Vault.MAC("user_code", []byte(code))[:18]), day.UTC().Truncate(24 * time.Hour).Add(48 * time.Hour)
}

// cleanUserCode is a code as it was typed, without what people add to it (RFC 8628 §6.1).
func cleanUserCode(typed string) (string, bool) {
	if len(typed) > 64 {
		return "", false
	}
	var b strings.Builder
	for _, r := range strings.ToUpper(typed) {
		if strings.ContainsRune(userCodeAlphabet, r) {
			b.WriteRune(r)
		} else if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return "", false
		}
	}
	return b.String(), b.Len() == userCodeLength
}

// device is where the citizen types the code that a device shows (RFC 8628 §3.3).
func (i *Issuer) device(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	if r.Method == http.MethodGet {
		i.web.Render(w, r, http.StatusOK, &web.DevicePage{Action: pathDevice, Code: shortened(r.URL.Query().Get("user_code"), 16)})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		i.problem(w, r, http.StatusRequestEntityTooLarge, web.ProblemBadRequest, err)
		return
	}
	typed := r.Form.Get("user_code")
	current, ok := i.signin.Here(w, r, pathDevice+"?user_code="+shortenedQuery(typed), time.Time{})
	if !ok {
		return
	}
	t, err := i.deviceAsked(w, r, typed)
	switch {
	case errors.Is(err, ticket.ErrOver), errors.Is(err, ticket.ErrTaken):
		i.web.Render(w, r, http.StatusUnprocessableEntity, &web.DevicePage{Action: pathDevice, Code: shortened(typed, 16), Error: web.ErrUserCode})
	case errors.Is(err, errTooManyCodes):
		i.problem(w, r, http.StatusTooManyRequests, web.ProblemTooMany, err)
	case err != nil:
		i.fault(w, r, err)
	default:
		i.signin.Answer(w, r, t, current, pathDevice+"?user_code="+shortenedQuery(typed))
	}
}

var errTooManyCodes = errors.New("too many user codes were tried")

// deviceAsked finds the ticket of a code and gives it to this browser. Codes that are tried are counted: RFC 8628 §5.1.
func (i *Issuer) deviceAsked(w http.ResponseWriter, r *http.Request, typed string) (*ticket.Ticket, error) {
	holder, err := i.cookies.Browser(w, r)
	if err != nil {
		return nil, err
	}
	if ok, err := i.signin.Try(r, holder, ""); err != nil {
		return nil, err
	} else if !ok {
		return nil, errTooManyCodes
	}
	code, ok := cleanUserCode(typed)
	if !ok {
		return nil, ticket.ErrOver
	}
	for _, day := range []time.Time{i.Clock(), i.Clock().Add(-deviceLife)} {
		id, expiresAt := i.deviceTicket(code, day)
		t, err := i.tickets.Read(r.Context(), id, expiresAt)
		if errors.Is(err, ticket.ErrOver) {
			continue
		} else if err != nil {
			return nil, err
		}
		if i.tickets.Over(t) {
			return nil, ticket.ErrOver
		}
		return t, i.tickets.Claim(r.Context(), t, holder, deviceLife)
	}
	return nil, ticket.ErrOver
}

func shortened(s string, n int) string { return s[:min(len(s), n)] }

func shortenedQuery(typed string) string {
	code, _ := cleanUserCode(shortened(typed, 64))
	return code
}

// DeviceToken gives the device its tokens once the citizen has approved (RFC 8628 §3.4, §3.5). They rest on the session
// that approved, and end with it unless they are offline.
func (i *Issuer) DeviceToken(ctx context.Context, r *op.ClientRequest[oidc.DeviceAccessTokenRequest]) (*op.Response, error) {
	app := applicationOf(r.Client)
	var c deviceCode
	body, err := i.Vault.OpenToken(purposeDeviceCode, r.Data.DeviceCode)
	if err != nil || json.Unmarshal(body, &c) != nil || c.ClientID != app.ClientID {
		return nil, invalidGrant("the device code is not one of this client")
	}
	t, err := i.tickets.Read(ctx, c.Ticket, time.UnixMilli(c.Record).UTC())
	if err != nil && !errors.Is(err, ticket.ErrOver) {
		return nil, serverError(err)
	}
	return i.answerTicket(ctx, app, t, c.Scopes, time.Unix(c.Expires, 0), r.Data.DeviceCode)
}

// answerTicket is what a program that waits for a ticket is told (RFC 8628 §3.5).
func (i *Issuer) answerTicket(ctx context.Context, app *application, t *ticket.Ticket, scopes []string, until time.Time, handle string) (*op.Response, error) {
	refuse := func(e *oidc.Error) (*op.Response, error) { return nil, op.NewStatusError(e, http.StatusBadRequest) }
	over := &oidc.Error{ErrorType: oidc.ExpiredToken, Description: "the request is over"}
	switch {
	case t == nil:
		return refuse(over)
	case t.Status == ticket.Refused:
		return refuse(&oidc.Error{ErrorType: oidc.AccessDenied, Description: "the citizen refused"})
	case t.Status == ticket.Approved:
		return i.redeemTicket(ctx, app, t, scopes)
	case !i.Clock().Before(until):
		return refuse(over)
	}
	// Asking faster than once in the interval is counted in windows of it (RFC 8628 §3.5).
	window := i.Clock().Truncate(deviceInterval)
	digest := sha256.Sum256([]byte(handle))
	n, err := i.Store.Count(ctx, []string{"poll:" + encoding.EncodeToString(digest[:12]) + window.Format("150405")}, 1, window.Add(time.Minute))
	if err != nil {
		return nil, serverError(err)
	}
	if n[0] > 1 {
		return refuse(&oidc.Error{ErrorType: oidc.SlowDown, Description: "ask less often"})
	}
	return refuse(&oidc.Error{ErrorType: oidc.AuthorizationPending, Description: "the citizen has not answered yet"})
}

// redeemTicket makes a grant of an approved ticket. The grant's identifier follows from the ticket's, so that redeeming
// twice collides, as with a code.
func (i *Issuer) redeemTicket(ctx context.Context, app *application, t *ticket.Ticket, scopes []string) (*op.Response, error) {
	now, a := i.Clock(), t.Answer
	if p, perr := i.policyOf(app, ""); perr != nil || !p.allows(storage.Session{ACR: a.ACR, AMR: a.AMR, Origin: a.Origin}) {
		return nil, op.NewStatusError(&oidc.Error{ErrorType: oidc.AccessDenied, Description: errNotAccepted.Description}, http.StatusBadRequest)
	}
	end := a.SessionExpiresAt
	isOffline := offline(scopes, app)
	if isOffline {
		end = t.ExpiresAt.Add(offlineLifetime) // the same at every redemption
	}
	id := i.Vault.MAC("ticket_grant", []byte(t.ID+"\x00"+t.ExpiresAt.String()))[:grantIDBytes]
	g, err := i.Store.Redeem(ctx, storage.Grant{
		ID: id, ExpiresAt: end, SessionID: a.SessionID, SessionExpiresAt: a.SessionExpiresAt, ClientID: app.ClientID,
		PersonID: a.PersonID, Epoch: a.Epoch, Scopes: scopes, AuthTime: a.AuthTime, ACR: min(a.ACR, 2), AMR: a.AMR,
		Offline: isOffline, CreatedAt: now,
	}, now)
	if err != nil {
		return nil, fromStorage(err)
	}
	if err := i.noteOnward(ctx, g, app); err != nil {
		return nil, serverError(err)
	}
	return i.answer(ctx, g, app, "", slices.Contains(scopes, scopeOpenID))
}
