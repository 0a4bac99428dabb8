package storage

import (
	"context"
	"time"
)

// EventLife is how long an event is kept at least.
const EventLife = 400 * 24 * time.Hour

// Event is something that a person did, or that was done about them, as they read it later.
type Event struct {
	ID       string
	PersonID string
	At       time.Time
	Kind     string
	Detail   map[string]string // sealed at rest
}

// Events are what people's histories are made of.
type Events interface {
	// AddEvent stores an event. ErrConflict if its ID exists.
	AddEvent(ctx context.Context, e Event) error
	// EventsOf lists a person's events before a time, newest first, at most limit of them.
	EventsOf(ctx context.Context, personID string, before time.Time, limit int) ([]Event, error)
}
