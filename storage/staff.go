package storage

import (
	"context"
	"time"
)

// StaffMember is a person who may do more here than look after themselves.
type StaffMember struct {
	PersonID string
	// Roles are words of idp/console.
	Roles []string
	// Regions are those whose cases they work on, "00" is all. Of those who decide about provinces it is empty.
	Regions   []string
	CreatedAt time.Time
}

// Staff are the people who run this issuer.
type Staff interface {
	// PutStaff gives a person roles and regions, in place of those they had. ErrNotFound if there is no such person.
	PutStaff(ctx context.Context, m StaffMember) error
	// StaffMember returns one. ErrNotFound.
	StaffMember(ctx context.Context, personID string) (StaffMember, error)
	// ListStaff returns all, the first first.
	ListStaff(ctx context.Context) ([]StaffMember, error)
	// RemoveStaff takes all roles from a person. ErrNotFound.
	RemoveStaff(ctx context.Context, personID string) error
}
