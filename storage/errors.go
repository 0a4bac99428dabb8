package storage

import "errors"

var (
	// ErrNotFound reports that no live record has the key.
	ErrNotFound = errors.New("storage: not found")
	// ErrConflict reports that the record changed, or exists already, so that nothing was written.
	ErrConflict = errors.New("storage: conflict")
	// ErrUsed reports that something which may be used once was used before.
	ErrUsed = errors.New("storage: already used")
	// ErrEnded reports that the session, grant or person a request relies on no longer stands.
	ErrEnded = errors.New("storage: ended")
)
