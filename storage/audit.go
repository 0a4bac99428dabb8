package storage

import (
	"context"
	"time"
)

// AuditRecord is one line of the audit log, as it was written: its bytes are what is hashed, and are never changed.
type AuditRecord struct {
	Seq  int64 // from 0, without a gap
	Body []byte
}

// AuditCheckpoint is a signed statement of how long the log was and what it held.
type AuditCheckpoint struct {
	Size  int64
	At    time.Time
	Token string // a JWT; see federation/audit
}

// AuditLog is what was decided here, by whom. It is append-only: a Merkle tree (RFC 6962 §2.1) over the records is kept beside them, so
// that nobody who can write to the database can change a record unseen.
type AuditLog interface {
	// AppendAudit writes a record with the hashes that it adds to the tree, in one transaction. Of several at once each gets a place of
	// its own. record is given the place and returns the bytes.
	AppendAudit(ctx context.Context, record func(seq int64) ([]byte, error)) (seq int64, err error)
	// AuditRecords lists records from a place on, in order, at most limit.
	AuditRecords(ctx context.Context, from int64, limit int) ([]AuditRecord, error)
	// AuditRoot is the number of records and the root of the tree as it is kept beside them; nil if there are none.
	AuditRoot(ctx context.Context) (size int64, root []byte, err error)
	// PutAuditCheckpoint stores a checkpoint; one of that size that exists already stays.
	PutAuditCheckpoint(ctx context.Context, c AuditCheckpoint) error
	// AuditCheckpoints lists those of at least a size, the smallest first, at most limit.
	AuditCheckpoints(ctx context.Context, from int64, limit int) ([]AuditCheckpoint, error)
}
