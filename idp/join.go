package idp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"

	"manyou/federation/trust"
	"manyou/federation/upstream"
	"manyou/idp/membership"
	"manyou/storage"
)

// How a province comes into the federation. Nobody hands over a secret: it proves that the URL and the keys are its own, and people
// decide.
//
//	manyou province invite ──► invited ── the province's signed configuration, for this issuer ──► requested ──► approved
//	                              │            looked up at its own URL, and tried                      │
//	                              └── seven days ──► nothing                                            └──► declined
const (
	maxJoin     = 64 << 10
	joinTimeout = 20 * time.Second
)

// JoinInvitation is what the one who was invited is told.
type JoinInvitation struct {
	Issuer    string            `json:"issuer"` // of the nation
	Name      map[string]string `json:"name"`
	Region    string            `json:"region"`         // that is invited
	Keys      json.RawMessage   `json:"jwks,omitempty"` // of the nation, for the federation; filled by who has verified them
	ExpiresAt time.Time         `json:"expires_at"`
}

// invitation finds one that is open.
func (i *Issuer) invitation(r *http.Request) (storage.Invitation, error) {
	v, err := i.Store.Invitation(r.Context(), membership.ID(r.PathValue("secret")))
	if err == nil && (!i.Clock().Before(v.ExpiresAt) || v.Status != storage.InvitationInvited && v.Status != storage.InvitationRequested) {
		return v, storage.ErrNotFound
	}
	return v, err
}

func (i *Issuer) joinError(w http.ResponseWriter, r *http.Request, status int, code string, cause error) {
	i.Logger.WarnContext(r.Context(), "a province did not join", "status", status, "cause", cause)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	body, _ := json.Marshal(map[string]string{"error": code, "error_description": cause.Error()}) //nolint:errchkjson // strings
	_, _ = w.Write(body)
}

// showInvitation tells who was invited whom they are about to join.
func (i *Issuer) showInvitation(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	v, err := i.invitation(r)
	switch {
	case errors.Is(err, storage.ErrNotFound):
		i.joinError(w, r, http.StatusNotFound, "not_found", errors.New("there is no such invitation, or it was used or has expired"))
	case err != nil:
		i.joinError(w, r, http.StatusInternalServerError, "server_error", err)
	default:
		writeJSON(w, JoinInvitation{Issuer: i.Issuer, Name: i.Name, Region: v.Region, ExpiresAt: v.ExpiresAt})
	}
}

// join takes the configuration of a province, made for this issuer, tries the province and keeps both for people to decide. It may be
// sent again: after a repair, or after the province has rotated its keys.
func (i *Issuer) join(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	v, err := i.invitation(r)
	if errors.Is(err, storage.ErrNotFound) {
		i.joinError(w, r, http.StatusNotFound, "not_found", errors.New("there is no such invitation, or it was used or has expired"))
		return
	} else if err != nil {
		i.joinError(w, r, http.StatusInternalServerError, "server_error", err)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxJoin))
	if err != nil {
		i.joinError(w, r, http.StatusRequestEntityTooLarge, "invalid_request", errors.New("the body is too large"))
		return
	}
	asked, err := trust.ParseFor(string(body), i.Issuer, i.Clock())
	if err == nil {
		err = trust.CheckIdentifier(asked.Subject, i.Federation.Loopback)
	}
	if err == nil && asked.Subject == i.Issuer {
		err = errors.New("the nation cannot join itself")
	}
	if err != nil {
		i.joinError(w, r, http.StatusBadRequest, "invalid_request", err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), joinTimeout)
	defer cancel()
	report := membership.Report{Issuer: asked.Subject, At: i.Clock(), Checks: i.try(ctx, asked, v)}
	v.Status, v.Issuer, v.UpdatedAt = storage.InvitationRequested, asked.Subject, i.Clock()
	v.JWKS, err = json.Marshal(asked.Keys)
	if err == nil {
		v.Report, err = json.Marshal(report)
	}
	if err == nil {
		err = i.Store.MoveInvitation(ctx, v, storage.InvitationInvited, storage.InvitationRequested)
	}
	if err != nil {
		i.joinError(w, r, http.StatusConflict, "invalid_request", fmt.Errorf("it was decided meanwhile, or could not be kept: %w", err))
		return
	}
	i.Logger.InfoContext(ctx, "a province asks to join", "issuer", asked.Subject, "region", v.Region, "passed", report.Passed())
	writeJSON(w, report)
}

// try looks a province up at its own URL, and tries its provider.
func (i *Issuer) try(ctx context.Context, asked *trust.Statement, before storage.Invitation) []upstream.Check {
	checks := []upstream.Check{}
	note := func(name string, err error) bool {
		c := upstream.Check{Name: name, Passed: err == nil}
		if err != nil {
			c.Detail = err.Error()
		}
		checks = append(checks, c)
		return err == nil
	}
	found, err := trust.Ask(ctx, i.entity.Fetcher, asked.Subject)
	if err == nil {
		err = found.SignedBy(asked.Keys)
	}
	if err == nil { // else one could add a key to those that it publishes
		err = asked.SignedBy(found.Keys)
	}
	if !note(membership.CheckControl, err) {
		return checks
	}
	err = nil
	if len(found.AuthorityHints) != 1 || found.AuthorityHints[0] != i.Issuer {
		err = errors.New("authority_hints name somebody else besides, or not this issuer")
	}
	note(membership.CheckSuperior, err)
	note(membership.CheckChain, i.clientOfProvince(found))
	provider := found.Metadata[trust.OpenIDProvider]
	p, err := upstream.New(upstream.Config{
		Issuer: asked.Subject, ClientID: i.Issuer, AuthMethod: methodPrivateKey, Sign: i.signAs, Metadata: bytes.Clone(provider),
		RedirectURI: i.Issuer + CallbackPath, Scopes: issuerScopes, Transport: i.neighbourTransport(), Clock: i.Clock, Random: i.Random, Logger: i.Logger,
	})
	if err != nil || provider == nil {
		note(upstream.CheckAnswers, errors.Join(errors.New("it is no OpenID provider"), err))
		return checks
	}
	checks = append(checks, p.SelfTest(ctx)...)
	note(membership.CheckRotates, rotated(before.JWKS, asked.Keys))
	return checks
}

// clientOfProvince reports what keeps a province from being an application here once it is vouched for.
func (i *Issuer) clientOfProvince(found *trust.Statement) error {
	var m map[string]any
	if err := json.Unmarshal(found.Metadata[trust.OpenIDRelyingParty], &m); err != nil {
		return errors.New("it publishes no openid_relying_party")
	}
	_, err := fromMetadata(found.Subject, m, registersAutomatically)
	return err
}

// rotated reports whether keys are others than before, with one in common: the overlap by which a rotation is believed.
func rotated(before []byte, now jose.JSONWebKeySet) error {
	if len(before) == 0 {
		return errors.New("not seen yet: rotate the keys there, and join again")
	}
	old, err := trust.ParseKeys(before)
	if err != nil {
		return err
	}
	fresh, common := false, false
	for _, k := range now.Keys {
		if len(old.Key(k.KeyID)) > 0 {
			common = true
		} else {
			fresh = true
		}
	}
	switch {
	case !common:
		return errors.New("the keys are all new: nothing of before vouches for them")
	case !fresh:
		return errors.New("not seen yet: rotate the keys there, and join again")
	}
	return nil
}

// JoinRequest is an issuer's own configuration, made for the nation that invited it.
func JoinRequest(ctx context.Context, i *Issuer, nation string) (string, error) {
	s, err := i.entity.Configuration(ctx)
	if err != nil {
		return "", err
	}
	_, payload, err := unverified(s.String())
	if err != nil {
		return "", err
	}
	var claims map[string]json.RawMessage
	if err := json.Unmarshal(payload, &claims); err != nil {
		return "", err
	}
	if claims["aud"], err = json.Marshal(nation); err != nil {
		return "", err
	}
	if payload, err = json.Marshal(claims); err != nil {
		return "", err
	}
	return i.signAs(trust.TypeStatement, payload)
}
