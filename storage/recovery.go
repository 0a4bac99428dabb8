package storage

import (
	"context"
	"time"
)

// Recovery is for a database that came back from a backup, and does not know what happened since.
type Recovery interface {
	// Recover ends every session and every grant: which of them had ended since the backup is not known. The places of signals go on behind a gap that
	// is wider than what was told since, so that no new signal bears the identifier of one that somebody heard. One transaction; it returns how many
	// sessions stood.
	Recover(ctx context.Context, at time.Time) (sessions int64, err error)
}
