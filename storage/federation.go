package storage

import (
	"context"
	"time"
)

// SubordinateStatus says whether this node vouches for an entity.
type SubordinateStatus string

// The states of a subordinate.
const (
	SubordinateActive    SubordinateStatus = "active"
	SubordinateSuspended SubordinateStatus = "suspended"
)

// Subordinate is an entity that this node vouches for, as an immediate superior (OpenID Federation 1.0 §8.1).
type Subordinate struct {
	EntityID string
	// Types are the entity types it is listed under.
	Types []string
	JWKS  []byte // its public keys for the federation
	// Rules are the claims about it besides: metadata, metadata_policy, metadata_policy_crit, constraints. JSON; nil if none.
	Rules     []byte
	Status    SubordinateStatus
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Subordinates are the entities below this node.
type Subordinates interface {
	// PutSubordinate creates or replaces a subordinate by identifier.
	PutSubordinate(ctx context.Context, s Subordinate) error
	// ListSubordinates returns those after an identifier, in order of identifier, at most limit.
	ListSubordinates(ctx context.Context, after string, limit int) ([]Subordinate, error)
	// SubordinatesSince returns those that changed at that time or later, in order of identifier, at most limit.
	SubordinatesSince(ctx context.Context, since time.Time, limit int) ([]Subordinate, error)
	// SetSubordinateStatus moves a subordinate to a status. ErrNotFound.
	SetSubordinateStatus(ctx context.Context, entityID string, s SubordinateStatus, at time.Time) error
	// ReplaceSubordinateKeys stores new keys if the stored ones are those given, in one atomic statement. ErrConflict
	// otherwise.
	ReplaceSubordinateKeys(ctx context.Context, entityID string, old, jwks []byte, at time.Time) error
}

// TrustMark is a statement of this node about an entity (OpenID Federation 1.0 §7).
type TrustMark struct {
	Type      string
	Subject   string
	IssuedAt  time.Time
	ExpiresAt time.Time // zero: it does not expire
	RevokedAt time.Time // zero: it was not
}

// TrustMarks are those that this node issued.
type TrustMarks interface {
	// PutTrustMark creates or replaces a mark by type and subject.
	PutTrustMark(ctx context.Context, m TrustMark) error
	// TrustMark returns one, revoked or not. ErrNotFound.
	TrustMark(ctx context.Context, kind, subject string) (TrustMark, error)
	// ListTrustMarks returns the marks of a type after a subject, in order of subject, at most limit.
	ListTrustMarks(ctx context.Context, kind, after string, limit int) ([]TrustMark, error)
	// RevokeTrustMark takes one back; taking it back again changes nothing. ErrNotFound.
	RevokeTrustMark(ctx context.Context, kind, subject string, at time.Time) error
}
