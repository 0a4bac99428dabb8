package storage

import (
	"context"
	"time"
)

// Ticket is a question that one browser asks and another device answers, such as a QR code that a phone scans. It is
// opaque to the store and changed by compare-and-swap from either side.
type Ticket struct {
	ID        string
	ExpiresAt time.Time // part of the key
	Version   int64     // 1 when created; grows by one with each AdvanceTicket
	Body      []byte    // sealed at rest
}

// TicketChange says that a ticket has come to a version.
type TicketChange struct {
	ID      string
	Version int64
}

// Tickets are questions under way between two devices. Losing the last moments of them in a crash is allowed; but what
// was written is seen by every node as soon as the call returns.
type Tickets interface {
	// CreateTicket stores a new one at version 1, as changed at the given time. ErrConflict if the ID exists.
	CreateTicket(ctx context.Context, t Ticket, at time.Time) error
	// Ticket returns one. ErrNotFound.
	Ticket(ctx context.Context, id string, expiresAt time.Time) (Ticket, error)
	// AdvanceTicket replaces the body, raises the version and notes the time of the change if t.Version is the stored
	// one, in one atomic statement. ErrConflict otherwise.
	AdvanceTicket(ctx context.Context, t Ticket, at time.Time) error
	// EndTicket deletes one if t.Version is the stored one, in one atomic statement. ErrConflict otherwise.
	EndTicket(ctx context.Context, t Ticket) error
	// TicketsChangedSince lists the tickets that were created or advanced at that time or later, at most limit of
	// them, those that changed first first. What was compared is the time that the writer gave: a reader allows for
	// the difference of the clocks. A ticket that ended is not listed. One read.
	TicketsChangedSince(ctx context.Context, since time.Time, limit int) ([]TicketChange, error)
}
