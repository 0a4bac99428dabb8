package storage

import (
	"context"
	"time"
)

// InvitationStatus is a place in a province's way into the federation.
type InvitationStatus string

// The states of an invitation: invited → requested → approved, or declined.
const (
	InvitationInvited   InvitationStatus = "invited"
	InvitationRequested InvitationStatus = "requested" // it proved control, and waits
	InvitationApproved  InvitationStatus = "approved"
	InvitationDeclined  InvitationStatus = "declined"
)

// Invitation lets the operator of a province ask to join.
type Invitation struct {
	// ID is the SHA-256 of the secret in its URL: whoever reads the table cannot use it.
	ID        []byte
	Region    string
	Name      map[string]string // by language
	Status    InvitationStatus
	Issuer    string // who asked; "" until then
	JWKS      []byte // its public keys, as it proved them
	Report    []byte // of its self-test, as JSON
	ExpiresAt time.Time
	UpdatedAt time.Time
}

// Invitations are provinces on their way in.
type Invitations interface {
	// PutInvitation creates or replaces an invitation.
	PutInvitation(ctx context.Context, i Invitation) error
	// Invitation returns one. ErrNotFound.
	Invitation(ctx context.Context, id []byte) (Invitation, error)
	// ListInvitations returns all, the latest to change first.
	ListInvitations(ctx context.Context) ([]Invitation, error)
	// MoveInvitation replaces an invitation that stands at one of those states, in one atomic statement. ErrConflict otherwise.
	MoveInvitation(ctx context.Context, i Invitation, from ...InvitationStatus) error
}
