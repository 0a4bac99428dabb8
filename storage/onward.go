package storage

import (
	"context"
	"time"
)

// Onward is a session that an application builds a session of its own on, and wants to hear the end of.
type Onward struct {
	ClientID         string
	SessionID        []byte
	SessionExpiresAt time.Time
	PersonID         string
	// Known is the subject that the application knows the person by; only for [Onwards.NoteOnward].
	Known string
	// EndedAt is when the session ceased to stand, or its person's sessions did; only of those that [Onwards.EndedOnward] lists.
	EndedAt time.Time
}

// Delivery is how far an application was told of ended sessions.
type Delivery struct {
	ClientID string
	// Position is a time: all that ended before it was told.
	Position time.Time
}

// Onwards are what applications have to be told when sessions end. The end of a session is written with the session, so there is
// nothing that could be written without the other; what was told is the position of the application.
type Onwards interface {
	// NoteOnward remembers that an application builds on a session, and by which subject it knows the person; noting it again changes
	// nothing. The application's delivery begins at that time if it has none.
	NoteOnward(ctx context.Context, o Onward, at time.Time) error
	// EndedOnward lists the sessions of an application that ceased to stand at that time, with an ID after the one given, or later,
	// in order of that time and of IDs, at most limit. One read.
	EndedOnward(ctx context.Context, clientID string, since time.Time, after []byte, limit int) ([]Onward, error)
	// Deliveries lists all of them, by client ID.
	Deliveries(ctx context.Context) ([]Delivery, error)
	// Delivered moves an application's position forward, never back.
	Delivered(ctx context.Context, d Delivery) error
	// Lease gives a task to one of several nodes until a time, in one atomic statement. false: another has it.
	Lease(ctx context.Context, task, node string, now, until time.Time) (bool, error)
}
