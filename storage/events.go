package storage

import (
	"context"
	"time"
)

// EventsKept is how long an event is kept at least.
const EventsKept = 400 * 24 * time.Hour

// Event is something that a person did, or that was done about them, as they read it later.
type Event struct {
	ID       string
	PersonID string
	At       time.Time
	Kind     string            // what happened, a word of the program; not sealed
	Detail   map[string]string // sealed at rest; nil if there is nothing to add
}

// Events are what persons read about themselves. They are dropped some time after [EventsKept].
type Events interface {
	// AddEvent writes an event, durably. ErrConflict if that person has one of that time and ID.
	AddEvent(ctx context.Context, e Event) error
	// EventsOf lists a person's events before a time, newest first, at most limit of them.
	EventsOf(ctx context.Context, personID string, before time.Time, limit int) ([]Event, error)
}
