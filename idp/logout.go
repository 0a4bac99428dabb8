package idp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"manyou/idp/web"
	"manyou/storage"
)

// A sign-out does not stop here: a session that came from another issuer would come back at the next visit, so that
// issuer is asked to end its own (RP-Initiated Logout, one hop after the other, home last). On the way back each issuer
// sends the browser on; the last stop is the application that began, or a page that says it is done.

// purposeSignOut seals where the browser goes after the other issuer ended its session.
const purposeSignOut = "signed_out"

const signOutLifetime = 10 * time.Minute

// afterSignOut is the sealed state of a sign-out at another issuer.
type afterSignOut struct {
	Target  string `json:"t,omitempty"` // "" is the page that says it is done
	Expires int64  `json:"x"`
}

// signOutRequest is a request at the end-session endpoint (OpenID Connect RP-Initiated Logout §2).
type signOutRequest struct {
	hint   *idToken
	app    *application // nil if the request does not say which
	target string       // where to go afterwards, "" if nowhere
}

// endSession is the end-session endpoint.
func (i *Issuer) endSession(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	p, perr := requestParameters(w, r)
	if perr == nil {
		perr = p.once()
	}
	if perr != nil {
		i.problem(w, r, http.StatusBadRequest, web.ProblemBadRequest, perr)
		return
	}
	req, err := i.parseSignOut(r, p)
	switch {
	case errors.Is(err, errHint):
		// A key may have retired, an application been suspended. Nobody is left signed in for that: the citizen is asked,
		// and goes nowhere afterwards.
		req, p = signOutRequest{}, parameters{"ui_locales": p["ui_locales"], "action": p["action"]}
	case errors.Is(err, errSignOut):
		i.problem(w, r, http.StatusBadRequest, web.ProblemSignOut, err)
		return
	case err != nil:
		i.fault(w, r, err)
		return
	}
	s, err := i.cookies.Current(r)
	if errors.Is(err, storage.ErrNotFound) {
		i.signedOut(w, r, req.target)
		return
	} else if err != nil {
		i.fault(w, r, err)
		return
	}
	// Without a hint that names the person who is signed in, anybody could have sent the citizen here: ask (§2, §6).
	if !i.hintNames(req, s.Session) && !i.confirmed(r, p) {
		var name map[string]string
		if req.app != nil {
			name = req.app.Name
		}
		i.web.Render(w, r, http.StatusOK, &web.SignOutPage{
			Frame:  web.Frame{Application: i.web.Pick(r, name, p.list("ui_locales")...), Locales: p.list("ui_locales")},
			Action: pathEndSession, Fields: signOutFields(p),
		})
		return
	}
	i.signOut(w, r, s.Session, req.target)
}

// signOutFields are the parameters that a confirmation carries on.
func signOutFields(p parameters) (fields []web.Field) {
	for _, name := range []string{"id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales"} {
		if v := p.get(name); v != "" {
			fields = append(fields, web.Field{Name: name, Value: v})
		}
	}
	return fields
}

// confirmed reports whether the request is the confirmation form of this issuer. Another site's POST lacks the Lax
// cookies, and so finds no session to end; [http.CrossOriginProtection] says the same again.
func (i *Issuer) confirmed(r *http.Request, p parameters) bool {
	return r.Method == http.MethodPost && p.get("action") == "sign_out" && i.crossOrigin.Check(r) == nil
}

var (
	// errHint reports what says who asks and cannot be relied on.
	errHint = errors.New("id_token_hint or client_id is not one that can be relied on")
	// errSignOut reports a request that is not one.
	errSignOut = errors.New("the request to sign out cannot be trusted")
)

// claimsToBeOurs reports whether a token says that it is of this issuer, which proves nothing: its key may have retired.
func (i *Issuer) claimsToBeOurs(token string) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return false
	}
	payload, err := encoding.DecodeString(parts[1])
	var claims idToken
	return err == nil && json.Unmarshal(payload, &claims) == nil && claims.Issuer == i.Issuer
}

// maxSignOutState bounds an application's state: it travels sealed, and so longer, through the other issuers that the
// sign-out visits, each of which takes parameters of 4 KiB.
const maxSignOutState = 1 << 10

func (i *Issuer) parseSignOut(r *http.Request, p parameters) (signOutRequest, error) {
	var req signOutRequest
	clientID := p.get("client_id")
	if token := p.get("id_token_hint"); token != "" {
		hint, ok := i.hint(token)
		if !ok && i.claimsToBeOurs(token) {
			return req, errHint
		} else if !ok {
			return req, fmt.Errorf("%w: id_token_hint is no ID token", errSignOut)
		}
		if clientID != "" && clientID != hint.Audience { // §2
			return req, fmt.Errorf("%w: client_id is not the audience of id_token_hint", errSignOut)
		}
		req.hint, clientID = &hint, hint.Audience
	}
	if clientID != "" {
		app, err := i.apps.get(r.Context(), clientID)
		if errors.Is(err, errNoApplication) {
			return req, errHint
		} else if err != nil {
			return req, err
		}
		req.app = app
	}
	if uri := p.get("post_logout_redirect_uri"); uri != "" {
		if req.app == nil || !slices.Contains(req.app.Application.PostLogoutRedirectURIs, uri) { // §3, compared as strings
			return req, fmt.Errorf("%w: post_logout_redirect_uri is not registered", errSignOut)
		}
		if len(p.get("state")) > maxSignOutState && !req.app.Application.Issuer {
			return req, fmt.Errorf("%w: state is too long", errSignOut)
		}
		req.target = withState(uri, p.get("state"))
	}
	return req, nil
}

func (i *Issuer) hintNames(req signOutRequest, s storage.Session) bool {
	return req.hint != nil && req.app != nil && req.hint.Subject == i.subject(s.PersonID, req.app)
}

// signOut ends the session here and goes on to where it came from.
func (i *Issuer) signOut(w http.ResponseWriter, r *http.Request, s storage.Session, target string) {
	// The session may have come from another issuer earlier, before the citizen proved themselves here anew.
	s, err := i.withOrigin(r.Context(), s)
	if err == nil {
		err = i.cookies.End(w, r)
	}
	if err != nil {
		i.fault(w, r, err)
		return
	}
	if s.Origin != "" && s.UpstreamIDToken != "" {
		state, err := i.sealSignOut(target)
		if err != nil {
			i.fault(w, r, err)
			return
		}
		away, err := i.signin.EndSessionURL(r.Context(), s.Origin, s.UpstreamIDToken, i.Issuer+SignedOutPath, state)
		switch {
		case err != nil: // said, not passed over: somebody else may sit down at this device
			i.Logger.WarnContext(r.Context(), "signed out here alone", "origin", s.Origin, "cause", err)
			i.web.Render(w, r, http.StatusOK, &web.SignedOutPage{Elsewhere: i.web.Pick(r, i.signin.NameOf(r.Context(), s.Origin)), Continue: template.URL(target)}) //nolint:gosec // compared with what was registered
			return
		case away != "":
			redirectAway(w, r, away)
			return
		}
	}
	i.signedOut(w, r, target)
}

// withOrigin is the session of a family that came from another issuer, or the session itself if none did.
func (i *Issuer) withOrigin(ctx context.Context, s storage.Session) (storage.Session, error) {
	if s.Origin != "" {
		return s, nil
	}
	family, err := i.Store.SessionsOf(ctx, s.PersonID, i.Clock())
	if err != nil {
		return s, err
	}
	for _, one := range family {
		if one.Origin == "" || !bytes.Equal(one.Family, s.Family) {
			continue
		}
		live, err := i.Store.Session(ctx, one.ID, one.ExpiresAt) // with its ID token
		if errors.Is(err, storage.ErrNotFound) {
			continue
		}
		return live.Session, err
	}
	return s, nil
}

func (i *Issuer) sealSignOut(target string) (string, error) {
	b, err := json.Marshal(afterSignOut{Target: target, Expires: i.Clock().Add(signOutLifetime).Unix()})
	if err != nil {
		return "", err
	}
	return i.Vault.SealToken(purposeSignOut, b)
}

// returnFromSignOut is where the other issuer sends the browser back to.
func (i *Issuer) returnFromSignOut(w http.ResponseWriter, r *http.Request) {
	var after afterSignOut
	b, err := i.Vault.OpenToken(purposeSignOut, r.URL.Query().Get("state"))
	if err == nil {
		err = json.Unmarshal(b, &after)
	}
	if err != nil || i.Clock().Unix() > after.Expires {
		after.Target = ""
	}
	i.signedOut(w, r, after.Target)
}

func (i *Issuer) signedOut(w http.ResponseWriter, r *http.Request, target string) {
	if target != "" {
		redirectAway(w, r, target)
		return
	}
	i.web.Render(w, r, http.StatusOK, &web.SignedOutPage{})
}

func withState(uri, state string) string {
	if state == "" {
		return uri
	}
	separator := "?"
	if strings.Contains(uri, "?") {
		separator = "&"
	}
	return uri + separator + "state=" + url.QueryEscape(state)
}
