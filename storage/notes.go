package storage

import "context"

// Notes are what a node remembers so that it knows it still after a restart. They hold nothing personal.
type Notes interface {
	// PutNote writes a note in place of the one of that name.
	PutNote(ctx context.Context, name string, body []byte) error
	// Note returns one. ErrNotFound.
	Note(ctx context.Context, name string) ([]byte, error)
}
