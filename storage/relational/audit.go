package relational

import (
	"context"
	"fmt"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"manyou/storage"
)

// AppendAudit implements [storage.AuditLog].
func (s *Store) AppendAudit(ctx context.Context, record func(seq int64) ([]byte, error)) (seq int64, err error) {
	err = s.inTx(ctx, func(tx Executor) error {
		seq, err = appendAudit(ctx, tx, record)
		return err
	})
	return seq, err
}

// appendAudit appends within a transaction. The head's row is locked until it ends, so that places are given out in order.
func appendAudit(ctx context.Context, tx Executor, record func(seq int64) ([]byte, error)) (int64, error) {
	var size int64
	if err := tx.Row(ctx, `UPDATE audit_head SET size = size + 1 RETURNING size`, nil, &size); err != nil {
		return 0, err
	}
	seq := size - 1
	body, err := record(seq)
	if err != nil {
		return 0, err
	}
	hashes, err := tlog.StoredHashesForRecordHash(seq, tlog.RecordHash(body), auditHashes(ctx, tx))
	if err != nil {
		return 0, fmt.Errorf("storage: audit: %w", err)
	}
	first := tlog.StoredHashIndex(0, seq)
	for n, h := range hashes {
		if _, err := tx.Exec(ctx, `INSERT INTO audit_hashes (place, hash) VALUES ($1, $2)`, first+int64(n), h[:]); err != nil {
			return 0, err
		}
	}
	_, err = tx.Exec(ctx, `INSERT INTO audit (seq, body) VALUES ($1, $2)`, seq, body)
	return seq, err
}

// auditHashes reads hashes of the tree by their places.
func auditHashes(ctx context.Context, from interface {
	Rows(ctx context.Context, query string, args []any, each func(Scan) error) error
}) tlog.HashReaderFunc {
	return func(places []int64) ([]tlog.Hash, error) {
		if len(places) == 0 {
			return nil, nil
		}
		in, args := "", []any{}
		for n, p := range places {
			if n > 0 {
				in += ", "
			}
			args = append(args, p)
			in += "$" + strconv.Itoa(len(args))
		}
		found := map[int64]tlog.Hash{}
		err := from.Rows(ctx, `SELECT place, hash FROM audit_hashes WHERE place IN (`+in+`)`, args, func(scan Scan) error {
			var place int64
			var hash []byte
			if err := scan(&place, &hash); err != nil {
				return err
			}
			found[place] = tlog.Hash(hash)
			return nil
		})
		if err != nil {
			return nil, err
		}
		list := make([]tlog.Hash, len(places))
		for n, p := range places {
			h, ok := found[p]
			if !ok {
				return nil, fmt.Errorf("storage: audit: the hash at %d is gone", p)
			}
			list[n] = h
		}
		return list, nil
	}
}

// AuditRecords implements [storage.AuditLog].
func (s *Store) AuditRecords(ctx context.Context, from int64, limit int) (list []storage.AuditRecord, err error) {
	err = s.read.Rows(ctx, `SELECT seq, body FROM audit WHERE seq >= $1 ORDER BY seq LIMIT $2`, []any{from, limit}, func(scan Scan) error {
		var r storage.AuditRecord
		if err := scan(&r.Seq, &r.Body); err != nil {
			return err
		}
		list = append(list, r)
		return nil
	})
	return list, err
}

// AuditRoot implements [storage.AuditLog].
func (s *Store) AuditRoot(ctx context.Context) (size int64, root []byte, err error) {
	if err := s.read.Row(ctx, `SELECT size FROM audit_head`, nil, &size); err != nil || size == 0 {
		return 0, nil, err
	}
	h, err := tlog.TreeHash(size, auditHashes(ctx, s.read))
	return size, h[:], err
}

// PutAuditCheckpoint implements [storage.AuditLog].
func (s *Store) PutAuditCheckpoint(ctx context.Context, c storage.AuditCheckpoint) error {
	_, err := s.write.Exec(ctx, `INSERT INTO audit_checkpoints (size, at, token) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, c.Size, millis(c.At), c.Token)
	return err
}

// AuditCheckpoints implements [storage.AuditLog].
func (s *Store) AuditCheckpoints(ctx context.Context, from int64, limit int) (list []storage.AuditCheckpoint, err error) {
	err = s.read.Rows(ctx, `SELECT size, at, token FROM audit_checkpoints WHERE size >= $1 ORDER BY size LIMIT $2`, []any{from, limit}, func(scan Scan) error {
		var c storage.AuditCheckpoint
		var at int64
		if err := scan(&c.Size, &at, &c.Token); err != nil {
			return err
		}
		c.At = moment(at)
		list = append(list, c)
		return nil
	})
	return list, err
}
