package audit

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"manyou/storage"
)

// TypeCheckpoint is the typ of a checkpoint.
const TypeCheckpoint = "audit-checkpoint+jwt"

// Checkpoint are the claims of a checkpoint: how long the log was, and the root of the tree over it.
type Checkpoint struct {
	Issuer   string `json:"iss"`
	IssuedAt int64  `json:"iat"`
	Size     int64  `json:"size"`
	Root     string `json:"root"` // SHA-256, base64
}

// NewCheckpoint states what a log holds now.
func NewCheckpoint(ctx context.Context, r Reader, issuer string, now time.Time) (Checkpoint, error) {
	size, root, err := r.AuditRoot(ctx)
	return Checkpoint{Issuer: issuer, IssuedAt: now.Unix(), Size: size, Root: base64.StdEncoding.EncodeToString(root)}, err
}

// ErrTampered reports a log that is not what was signed. What wraps it says where.
var ErrTampered = errors.New("the audit log was changed")

func tampered(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrTampered, fmt.Errorf(format, args...))
}

// Report is what a verification found.
type Report struct {
	Size        int64  // records
	Checkpoints int    // that hold
	Covered     int64  // records that a checkpoint covers
	Root        string // of all records
}

// tree is the right edge of a Merkle tree over the records so far: the roots of the full subtrees, the largest first.
type tree struct {
	size  int64
	edges []tlog.Hash
}

func (t *tree) add(body []byte) {
	h := tlog.RecordHash(body)
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.edges) - 1
		h = tlog.NodeHash(t.edges[last], h)
		t.edges = t.edges[:last]
	}
	t.edges = append(t.edges, h)
	t.size++
}

// root is that of all records so far (RFC 6962 §2.1).
func (t *tree) root() []byte {
	if len(t.edges) == 0 {
		return nil
	}
	h := t.edges[len(t.edges)-1]
	for n := len(t.edges) - 2; n >= 0; n-- {
		h = tlog.NodeHash(t.edges[n], h)
	}
	return h[:]
}

// Verify reads the whole log and holds it to every checkpoint in storage and to those given besides, which may have been kept elsewhere.
// open verifies the signature of a checkpoint and returns its payload. [ErrTampered] if anything is not as it was signed.
func Verify(ctx context.Context, r Reader, issuer string, open func(token string) ([]byte, error), besides ...string) (Report, error) {
	signed, err := checkpoints(ctx, r, issuer, open, besides)
	if err != nil {
		return Report{}, err
	}
	// Read first: the log may grow meanwhile.
	size, root, err := r.AuditRoot(ctx)
	if err != nil {
		return Report{}, tampered("the tree cannot be read: %w", err)
	}
	var t tree
	var report Report
	compare := func() error {
		for _, c := range signed[t.size] {
			if root, err := base64.StdEncoding.DecodeString(c.Root); err != nil || !bytes.Equal(root, t.root()) {
				return tampered("the first %d records are not those that were signed at %s", t.size, time.Unix(c.IssuedAt, 0).UTC().Format(time.RFC3339))
			}
			report.Checkpoints++
			report.Covered = t.size
		}
		delete(signed, t.size)
		return nil
	}
	err = Each(ctx, r, func(one storage.AuditRecord) error {
		if one.Seq != t.size {
			return tampered("record %d is missing", t.size)
		}
		e, err := Parse(one.Body)
		if err != nil || e.Seq != one.Seq {
			return tampered("record %d cannot be read, or was written for another place", one.Seq)
		}
		t.add(one.Body)
		if t.size == size && !bytes.Equal(root, t.root()) {
			return tampered("the tree kept beside the records is that of others")
		}
		return compare()
	})
	if err != nil {
		return report, err
	}
	for size := range signed {
		return report, tampered("%d records were signed, %d are there", size, t.size)
	}
	if t.size < size {
		return report, tampered("%d records were written, %d are there", size, t.size)
	}
	report.Size, report.Root = t.size, base64.StdEncoding.EncodeToString(t.root())
	return report, nil
}

// checkpoints are all that are known, by size.
func checkpoints(ctx context.Context, r Reader, issuer string, open func(string) ([]byte, error), tokens []string) (map[int64][]Checkpoint, error) {
	for next := int64(0); ; {
		page, err := r.AuditCheckpoints(ctx, next, pageSize)
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			tokens, next = append(tokens, c.Token), c.Size+1
		}
		if len(page) < pageSize {
			break
		}
	}
	all := map[int64][]Checkpoint{}
	for _, token := range tokens {
		payload, err := open(token)
		if err != nil {
			return nil, tampered("a checkpoint is not signed by a key of this issuer: %w", err)
		}
		var c Checkpoint
		if json.Unmarshal(payload, &c) != nil || c.Issuer != issuer || c.Size <= 0 {
			return nil, tampered("a checkpoint is another issuer's, or none")
		}
		all[c.Size] = append(all[c.Size], c)
	}
	return all, nil
}
