package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"manyou/storage"
)

// Bounds of a record.
const (
	maxText    = 256 // bytes
	maxDetails = 16
	maxRecord  = 16 << 10 // bytes
)

// Entry is one record.
type Entry struct {
	Seq  int64     `json:"seq"`
	At   time.Time `json:"at"`
	Kind string    `json:"kind"` // what was decided, one of [Kinds] such as "province.approve"
	// Actor is who: "person:" and an identifier, or "command:" and the account on the machine.
	Actor  string            `json:"actor"`
	Detail map[string]string `json:"detail,omitempty"` // about what, by [Fields]; nothing personal in clear
}

// check holds an entry to its bounds.
func (e Entry) check() error {
	texts := []string{e.Kind, e.Actor}
	for k, v := range e.Detail {
		texts = append(texts, k, v)
	}
	if e.Kind == "" || e.Actor == "" || e.At.IsZero() || len(e.Detail) > maxDetails {
		return fmt.Errorf("audit: a record needs kind, actor and time, and %d details at most", maxDetails)
	}
	for _, text := range texts {
		if len(text) > maxText {
			return fmt.Errorf("audit: a text of more than %d bytes", maxText)
		}
	}
	return nil
}

// Parse reads a record.
func Parse(body []byte) (e Entry, err error) {
	if len(body) > maxRecord {
		return e, fmt.Errorf("audit: a record of more than %d bytes", maxRecord)
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return e, fmt.Errorf("audit: %w", err)
	}
	return e, e.check()
}

// Appender writes records.
type Appender interface {
	AppendAudit(ctx context.Context, record func(seq int64) ([]byte, error)) (int64, error)
}

// Encode is an entry as it is written at a place of the log, whatever its Seq.
func (e Entry) Encode(seq int64) ([]byte, error) {
	e.Seq, e.At = seq, e.At.UTC().Truncate(time.Millisecond)
	if err := errors.Join(e.check(), e.known()); err != nil {
		return nil, err
	}
	return json.Marshal(e)
}

// Append writes an entry at the end of the log.
func Append(ctx context.Context, to Appender, e Entry) error {
	if err := errors.Join(e.check(), e.known()); err != nil {
		return err
	}
	if _, err := to.AppendAudit(ctx, e.Encode); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// Reader reads the log.
type Reader interface {
	AuditRecords(ctx context.Context, from int64, limit int) ([]storage.AuditRecord, error)
	AuditRoot(ctx context.Context) (size int64, root []byte, err error)
	AuditCheckpoints(ctx context.Context, from int64, limit int) ([]storage.AuditCheckpoint, error)
}

const pageSize = 1000

// Each calls do for each record in order, as it was written.
func Each(ctx context.Context, from Reader, do func(storage.AuditRecord) error) error {
	for next := int64(0); ; {
		page, err := from.AuditRecords(ctx, next, pageSize)
		if err != nil {
			return err
		}
		for _, r := range page {
			if err := do(r); err != nil {
				return err
			}
			next = r.Seq + 1
		}
		if len(page) < pageSize {
			return nil
		}
	}
}
