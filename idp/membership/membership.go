package membership

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"manyou/federation/identity"
	"manyou/federation/trust"
	"manyou/federation/upstream"
	"manyou/storage"
)

// JoinPath is where an invitation lies, below the nation's issuer.
const JoinPath = "/federation/join/"

// Checks besides those of [upstream.Provider.SelfTest].
const (
	CheckControl  = "control"  // its configuration at its own URL and the one that asked are signed by each other's keys
	CheckSuperior = "superior" // it names the nation, and nobody else, as its superior
	CheckChain    = "chain"    // it is a client that can be known by its chain
	CheckRotates  = "rotates"  // its keys are others than at the last try, and one of those vouches for them
)

// Report is what a province was tried with before it is let in.
type Report struct {
	Issuer string           `json:"issuer"`
	At     time.Time        `json:"at"`
	Checks []upstream.Check `json:"checks"`
}

// Passed reports whether everything passed that has to. A rotation need not have been seen.
func (r Report) Passed() bool {
	for _, c := range r.Checks {
		if !c.Passed && c.Name != CheckRotates {
			return false
		}
	}
	return len(r.Checks) > 0
}

// Store is what decisions need of storage.
type Store interface {
	storage.Invitations
	storage.Upstreams
	storage.Memberships
}

// Membership decides at one nation.
type Membership struct {
	Store  Store
	Issuer string // the nation's
	Clock  func() time.Time
	Random io.Reader
}

// Errors of decisions.
var (
	ErrRegion     = errors.New("a region has two digits, such as 33")
	ErrName       = errors.New("citizens read the name: it is needed in Chinese and in English, at most 40 characters")
	ErrNotPending = errors.New("that region has not asked")
	ErrFailed     = errors.New("something failed in the self-test")
	ErrChanged    = errors.New("it has asked anew since it was looked at")
	ErrTaken      = errors.New("another issuer holds that region already, or that issuer another region")
	ErrUnknown    = errors.New("there is no issuer of that region")
)

// maxName bounds what citizens read, in characters.
const maxName = 40

// ID is where an invitation is stored, by the secret in its URL.
func ID(secret string) []byte {
	sum := sha256.Sum256([]byte("invitation\x00" + secret))
	return sum[:]
}

// Invite returns the URL, without the key that goes behind its #, by which a province asks to join.
func (m Membership) Invite(ctx context.Context, region string, name map[string]string, life time.Duration) (string, error) {
	if _, ok := identity.LookupRegion(region); !ok {
		return "", ErrRegion
	}
	for _, lang := range []string{"zh", "en"} {
		if n := len([]rune(name[lang])); n == 0 || n > maxName {
			return "", ErrName
		}
	}
	var b [32]byte
	if _, err := io.ReadFull(m.Random, b[:]); err != nil {
		return "", fmt.Errorf("invite: %w", err)
	}
	secret, now := base64.RawURLEncoding.EncodeToString(b[:]), m.Clock()
	err := m.Store.PutInvitation(ctx, storage.Invitation{
		ID: ID(secret), Region: region, Name: name, Status: storage.InvitationInvited, ExpiresAt: now.Add(life), UpdatedAt: now,
	})
	return m.Issuer + JoinPath + secret, err
}

// Pending is the latest request of a region with its report. [ErrNotPending] if there is none.
func (m Membership) Pending(ctx context.Context, region string) (v storage.Invitation, r Report, err error) {
	all, err := m.Store.ListInvitations(ctx)
	if err != nil {
		return v, r, err
	}
	for _, v := range all {
		if v.Region == region && v.Status == storage.InvitationRequested {
			return v, r, json.Unmarshal(v.Report, &r)
		}
	}
	return v, r, ErrNotPending
}

// Ladder reads the rungs of another Manyou as they are.
func Ladder() map[string]int {
	return map[string]int{"urn:manyou:acr:1": 1, "urn:manyou:acr:2": 2, "urn:manyou:acr:3": 3, "urn:manyou:acr:4": 4}
}

// Scopes are what issuers ask of one another.
func Scopes() []string { return []string{"openid", "profile", "phone", "document"} }

// Digest names a request as it was looked at: who asks, with which keys, and what came of the self-test, when. A decision names it too, so
// that nobody who has the invitation puts something else in its place between the look and the decision.
func Digest(v storage.Invitation) string {
	h := sha256.New()
	for _, part := range [][]byte{[]byte(v.Region), []byte(v.Issuer), v.JWKS, v.Report} {
		sum := sha256.Sum256(part)
		h.Write(sum[:])
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:15])
}

// Approve lets a province in that asked: it is vouched for as the issuer of its region, and its people can sign in. seen is the
// [Digest] of the request that was looked at; [ErrChanged] if it is another one by now. [ErrFailed] if its report says that something
// failed, unless anyway.
func (m Membership) Approve(ctx context.Context, region, seen string, anyway bool) (storage.Invitation, error) {
	v, report, err := m.Pending(ctx, region)
	switch {
	case err != nil:
		return v, err
	case Digest(v) != seen:
		return v, ErrChanged
	case !report.Passed() && !anyway:
		return v, ErrFailed
	}
	switch known, err := m.Find(ctx, v.Issuer); {
	case err == nil && known.Region != region: // or whoever has two invitations would move
		return v, ErrTaken
	case err != nil && !errors.Is(err, ErrUnknown):
		return v, err
	}
	rules, err := json.Marshal(map[string]any{"metadata": map[string]any{trust.FederationEntity: map[string]string{
		trust.RegionParameter: v.Region, "organization_name#zh": v.Name["zh"], "organization_name#en": v.Name["en"],
	}}})
	if err != nil {
		return v, err
	}
	now := m.Clock()
	err = m.Store.Admit(ctx, v, storage.Upstream{
		Issuer: v.Issuer, Region: v.Region, Name: v.Name, ClientID: m.Issuer, AuthMethod: "private_key_jwt", Scopes: Scopes(), ACR: Ladder(),
		Status: storage.UpstreamActive, CreatedAt: now,
	}, storage.Subordinate{
		EntityID: v.Issuer, Types: []string{trust.FederationEntity, trust.OpenIDProvider, trust.OpenIDRelyingParty}, JWKS: v.JWKS, Rules: rules,
		Status: storage.SubordinateActive, CreatedAt: now, UpdatedAt: now,
	})
	switch {
	case errors.Is(err, storage.ErrConflict):
		return v, ErrTaken
	case !errors.Is(err, storage.ErrUsed):
		return v, err
	}
	// Meanwhile somebody else decided, or it asked anew.
	if after, _, err := m.Pending(ctx, region); err == nil && Digest(after) != seen {
		return after, ErrChanged
	}
	return v, ErrNotPending
}

// Decline turns a request down. The invitation is good no more.
func (m Membership) Decline(ctx context.Context, region string) (storage.Invitation, error) {
	v, _, err := m.Pending(ctx, region)
	if err != nil {
		return v, err
	}
	v.Status, v.UpdatedAt = storage.InvitationDeclined, m.Clock()
	err = m.Store.MoveInvitation(ctx, v, storage.InvitationRequested)
	if errors.Is(err, storage.ErrConflict) {
		return v, ErrNotPending // somebody else decided
	}
	return v, err
}

// Find is the issuer that a region or a URL names. [ErrUnknown].
func (m Membership) Find(ctx context.Context, regionOrIssuer string) (storage.Upstream, error) {
	all, err := m.Store.ListUpstreams(ctx)
	if err != nil {
		return storage.Upstream{}, err
	}
	for _, u := range all {
		if u.Region == regionOrIssuer || u.Issuer == regionOrIssuer {
			return u, nil
		}
	}
	return storage.Upstream{}, ErrUnknown
}

// Suspend closes sign-in at an issuer, vouches for it no more, and ends what came from there; it returns how many sessions that were.
func (m Membership) Suspend(ctx context.Context, u storage.Upstream) (int64, error) {
	return m.Store.SuspendIssuer(ctx, u.Issuer, m.Clock())
}

// Resume opens sign-in at an issuer again.
func (m Membership) Resume(ctx context.Context, u storage.Upstream) error {
	return m.Store.ResumeIssuer(ctx, u.Issuer, m.Clock())
}
