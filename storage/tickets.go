package storage

import (
	"context"
	"time"
)

// Ticket is a question that one browser asks and another device answers: opaque to the store, changed by
// compare-and-swap.
type Ticket struct {
	ID        string
	ExpiresAt time.Time // part of the key
	Version   int64     // 1 when created; grows by one with each AdvanceTicket
	Body      []byte    // sealed at rest
}

// TicketChange names a ticket that changed, and its version since.
type TicketChange struct {
	ID      string
	Version int64
}

// Tickets connect two devices of a person.
type Tickets interface {
	// CreateTicket stores a new ticket at version 1. ErrConflict if its ID exists.
	CreateTicket(ctx context.Context, t Ticket, at time.Time) error
	// Ticket returns a ticket. ErrNotFound.
	Ticket(ctx context.Context, id string, expiresAt time.Time) (Ticket, error)
	// AdvanceTicket replaces the body if the version is still the given one, in one atomic statement. ErrConflict.
	AdvanceTicket(ctx context.Context, t Ticket, at time.Time) error
	// TicketsChangedSince lists the tickets that were created or advanced at that time or later, at most limit of
	// them. One read.
	TicketsChangedSince(ctx context.Context, since time.Time, limit int) ([]TicketChange, error)
}
