package idp

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"manyou/authenticators/otp"
	"manyou/idp/ticket"
	"manyou/idp/web"
)

// A counter or a kiosk reads a code that the citizen shows, and the citizen confirms on the phone: Client-Initiated
// Backchannel Authentication (OpenID Connect CIBA Core 1.0) in poll mode, where the code is the login_hint_token.
const (
	grantCIBA   = "urn:openid:params:grant-type:ciba"
	pathCIBA    = "/bc-authorize"
	pathShow    = "/account/show"
	purposeCIBA = "auth_req_id"

	// showLife is how long a code that the citizen shows may be read, showFresh how long it is shown.
	showLife  = time.Minute
	showFresh = 40 * time.Second
	// answerLife is how long the citizen has to confirm.
	answerLife = 3 * time.Minute
	// maxBindingMessage bounds what a counter may have the citizen read, in characters (CIBA Core §7.1).
	maxBindingMessage = 60
)

// showCode is the page on which the citizen shows a code; once it was read, the page asks whether to confirm.
func (i *Issuer) showCode(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	current, ok := i.signin.Here(w, r, pathShow, time.Time{})
	if !ok {
		return
	}
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			i.problem(w, r, http.StatusRequestEntityTooLarge, web.ProblemBadRequest, err)
			return
		}
	}
	holder, err := i.cookies.Browser(w, r)
	if err != nil {
		i.fault(w, r, err)
		return
	}
	code, ok := cleanUserCode(r.FormValue("code"))
	if !ok {
		i.showNewCode(w, r, holder)
		return
	}
	id, record := i.shownTicket(code, i.Clock())
	t, err := i.tickets.Read(r.Context(), id, record)
	switch {
	case errors.Is(err, ticket.ErrOver), err == nil && (t.Holder != holder || i.tickets.Over(t) || t.Status == ticket.Waiting):
		i.showNewCode(w, r, holder) // too old, or not read yet: another
	case err != nil:
		i.fault(w, r, err)
	default:
		i.signin.Answer(w, r, t, current, pathShow+"?code="+code)
	}
}

func (i *Issuer) showNewCode(w http.ResponseWriter, r *http.Request, holder string) {
	code, err := i.newUserCode()
	if err != nil {
		i.fault(w, r, err)
		return
	}
	id, record := i.shownTicket(code, i.Clock())
	t, err := i.tickets.Offer(r.Context(), id, record, holder, showLife)
	if err != nil {
		i.fault(w, r, err)
		return
	}
	picture, err := otp.QRSVG(code)
	if err != nil {
		i.fault(w, r, err)
		return
	}
	i.web.Render(w, r, http.StatusOK, &web.ShowCodePage{
		QR: picture, Code: code[:4] + "-" + code[4:], RefreshAfter: showFresh, NextURL: pathShow + "?code=" + code,
		EventsURL: pathShow + "/events?" + url.Values{"code": {code}, "known": {strconv.FormatInt(t.Version(), 10)}}.Encode(),
	})
}

// showEvents tells the citizen's page that its code was read.
func (i *Issuer) showEvents(w http.ResponseWriter, r *http.Request) {
	code, ok := cleanUserCode(r.FormValue("code"))
	holder := i.cookies.KnownBrowser(r)
	if !ok || holder == "" {
		http.Error(w, "nobody is waited for", http.StatusNotFound)
		return
	}
	id, record := i.shownTicket(code, i.Clock())
	t, err := i.tickets.Read(r.Context(), id, record)
	if err != nil || t.Holder != holder {
		http.Error(w, "nobody is waited for", http.StatusNotFound)
		return
	}
	known, _ := strconv.ParseInt(r.FormValue("known"), 10, 64)
	i.changes.Serve(w, r, id, known)
}

// shownTicket is where the ticket of a code lies that is shown now.
func (i *Issuer) shownTicket(code string, now time.Time) (id string, expiresAt time.Time) {
	_, expiresAt = i.deviceTicket(code, now)
	return "show." + encoding.EncodeToString(i.Vault.MAC("shown_code", []byte(code))[:18]), expiresAt
}

// authRequest is what an application polls with: sealed, stored nowhere.
type authRequest struct {
	Ticket   string   `json:"t"`
	Record   int64    `json:"r"` // expiry of the ticket's record, milliseconds
	Expires  int64    `json:"x"` // seconds
	ClientID string   `json:"c"`
	Scopes   []string `json:"o"`
}

// backchannelAuthorize takes a code that an application read (CIBA Core §7.1).
func (i *Issuer) backchannelAuthorize(w http.ResponseWriter, r *http.Request) {
	answer, err := i.backchannel(r)
	if err != nil {
		op.WriteError(w, r, err, nil)
		return
	}
	writeJSON(w, answer)
}

// backchannelAnswer is what an application polls with (CIBA Core §7.3).
type backchannelAnswer struct {
	AuthReqID string `json:"auth_req_id"`
	ExpiresIn int    `json:"expires_in"` // seconds
	Interval  int    `json:"interval"`   // seconds
}

func (i *Issuer) backchannel(r *http.Request) (*backchannelAnswer, error) {
	app, err := i.clientOf(r)
	if err != nil {
		return nil, err
	}
	if !grants(&app.Application, grantCIBA) || app.AuthMethod == methodNone { // CIBA Core §7.1: authenticated
		return nil, op.NewStatusError(oidc.ErrUnauthorizedClient().WithDescription("not registered for this grant"), http.StatusBadRequest)
	}
	var scopes []string
	for _, scope := range strings.Fields(r.PostForm.Get("scope")) {
		if slices.Contains(app.Scopes, scope) && !slices.Contains(scopes, scope) && scope != scopeDocument && scope != scopeOffline {
			scopes = append(scopes, scope)
		}
	}
	if !slices.Contains(scopes, scopeOpenID) { // CIBA Core §7.1
		return nil, op.NewStatusError(oidc.ErrInvalidScope().WithDescription("scope must hold openid"), http.StatusBadRequest)
	}
	message := r.PostForm.Get("binding_message")
	if len([]rune(message)) > maxBindingMessage || strings.ContainsFunc(message, func(r rune) bool { return r < ' ' }) {
		return nil, op.NewStatusError(&oidc.Error{ErrorType: "invalid_binding_message", Description: "too long, or not one line"}, http.StatusBadRequest)
	}
	code, ok := cleanUserCode(r.PostForm.Get("login_hint_token"))
	if !ok {
		return nil, unknownCode()
	}
	now := i.Clock()
	id, record := i.shownTicket(code, now)
	t, err := i.tickets.Read(r.Context(), id, record)
	if err == nil {
		err = i.tickets.Ask(r.Context(), t, ticket.Question{
			Kind: ticket.KindCounter, Application: app.Name, ClientID: app.ClientID, Scopes: scopes, Message: message,
		}, answerLife)
	}
	if errors.Is(err, ticket.ErrOver) || errors.Is(err, ticket.ErrTaken) {
		return nil, unknownCode()
	} else if err != nil {
		return nil, serverError(err)
	}
	body, err := json.Marshal(authRequest{
		Ticket: id, Record: record.UnixMilli(), Expires: now.Add(answerLife).Unix(), ClientID: app.ClientID, Scopes: scopes,
	})
	if err != nil {
		return nil, serverError(err)
	}
	sealed, err := i.Vault.SealToken(purposeCIBA, body)
	if err != nil {
		return nil, serverError(err)
	}
	return &backchannelAnswer{AuthReqID: sealed, ExpiresIn: int(answerLife.Seconds()), Interval: int(deviceInterval.Seconds())}, nil
}

// unknownCode is one answer for a code that never was, was read already, or is too old (CIBA Core §13).
func unknownCode() error {
	return op.NewStatusError(&oidc.Error{ErrorType: "expired_login_hint_token", Description: "the code is not shown any more"}, http.StatusBadRequest)
}

// backchannelToken is the token endpoint for this grant, which op does not know (CIBA Core §10.1).
func (i *Issuer) backchannelToken(w http.ResponseWriter, r *http.Request) {
	response, err := i.redeemBackchannel(r.Context(), r)
	if err != nil {
		op.WriteError(w, r, err, nil)
		return
	}
	writeJSON(w, response.Data)
}

// writeJSON writes an answer that is made of strings and numbers. If that fails the client went away.
func writeJSON(w http.ResponseWriter, answer any) {
	body, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(body)
}

func (i *Issuer) redeemBackchannel(ctx context.Context, r *http.Request) (*op.Response, error) {
	app, err := i.clientOf(r)
	if err != nil {
		return nil, err
	}
	if !grants(&app.Application, grantCIBA) {
		return nil, op.NewStatusError(oidc.ErrUnauthorizedClient().WithDescription("not registered for this grant"), http.StatusBadRequest)
	}
	var q authRequest
	handle := r.PostForm.Get("auth_req_id")
	body, err := i.Vault.OpenToken(purposeCIBA, handle)
	if err != nil || json.Unmarshal(body, &q) != nil || q.ClientID != app.ClientID {
		return nil, invalidGrant("auth_req_id is not one of this client")
	}
	t, err := i.tickets.Read(ctx, q.Ticket, time.UnixMilli(q.Record).UTC())
	if err != nil && !errors.Is(err, ticket.ErrOver) {
		return nil, serverError(err)
	}
	if t != nil && t.Question.ClientID != app.ClientID {
		return nil, invalidGrant("auth_req_id is not one of this client")
	}
	return i.answerTicket(ctx, app, t, q.Scopes, time.Unix(q.Expires, 0), handle)
}

// clientOf authenticates the client of a request that op does not see, by the rules of those that it does.
func (i *Issuer) clientOf(r *http.Request) (*application, error) {
	cc := &op.ClientCredentials{
		ClientID: r.PostForm.Get("client_id"), ClientSecret: r.PostForm.Get("client_secret"),
		ClientAssertion: r.PostForm.Get("client_assertion"), ClientAssertionType: r.PostForm.Get("client_assertion_type"),
	}
	id, secret, basic := r.BasicAuth()
	if basic {
		if cc.ClientSecret != "" || cc.ClientAssertion != "" { // RFC 6749 §2.3
			return nil, badRequest("client authentication must not use more than one method")
		}
		var err error
		if cc.ClientID, err = url.QueryUnescape(id); err != nil {
			return nil, invalidClient(err)
		}
		if cc.ClientSecret, err = url.QueryUnescape(secret); err != nil {
			return nil, invalidClient(err)
		}
	}
	if cc.ClientAssertion != "" && cc.ClientAssertionType != oidc.ClientAssertionTypeJWTAssertion {
		return nil, badRequest("client_assertion_type is not known")
	}
	return i.authenticate(r.Context(), cc, basic)
}
