package relational

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"manyou/storage"
)

// registerChunk is how many entries one statement writes.
const registerChunk = 250

// registerSecret is the sealed part of an entry.
type registerSecret struct {
	Number string `json:"number"`
	Name   string `json:"name"`
	Phone  string `json:"phone,omitempty"`
	// Received is the name as the source wrote it.
	Received *storage.ReceivedName `json:"received,omitempty"`
}

// registerRow is an entry as it is stored.
type registerRow struct {
	lookup, sealed       []byte
	kind, region, status string
}

// PutRegister implements [storage.Register].
func (s *Store) PutRegister(ctx context.Context, entries []storage.RegisterEntry, p storage.ImportProgress) error {
	rows, err := s.registerRows(entries)
	if err != nil {
		return err
	}
	var statements []Statement
	for chunk := range slices.Chunk(rows, registerChunk) {
		args := make([]any, 0, 5*len(chunk))
		for _, r := range chunk {
			args = append(args, r.lookup, r.kind, r.region, r.status, r.sealed)
		}
		statements = append(statements, Statement{`INSERT INTO register (lookup, kind, region, status, sealed) VALUES ` +
			placeholders(len(chunk), 5) + ` ON CONFLICT (lookup) DO UPDATE SET
			region = excluded.region, status = excluded.status, sealed = excluded.sealed`, args})
	}
	statements = append(statements, Statement{`INSERT INTO imports (source, line, imported, rejected, done)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT (source) DO UPDATE SET
		line = excluded.line, imported = excluded.imported, rejected = excluded.rejected, done = excluded.done`,
		[]any{p.Source, p.Line, p.Imported, p.Rejected, p.Done}})
	return s.inTx(ctx, func(tx Executor) error {
		_, err := tx.Batch(ctx, statements)
		return err
	})
}

// registerRows seals entries. Of two entries of one document the later stays; rows are in the order of their key, so
// that two imports cannot deadlock.
func (s *Store) registerRows(entries []storage.RegisterEntry) ([]registerRow, error) {
	last := make(map[string]registerRow, len(entries))
	for _, e := range entries {
		lookup := s.registerLookup(e.Document)
		plain, err := json.Marshal(registerSecret{e.Document.Number, e.Name, e.Phone, e.Received})
		if err != nil {
			return nil, fmt.Errorf("storage: encode register entry: %w", err)
		}
		sealed, err := s.seal(plain, "register.sealed", hex.EncodeToString(lookup))
		if err != nil {
			return nil, err
		}
		last[string(lookup)] = registerRow{lookup, sealed, e.Document.Kind, e.Region, string(e.Status)}
	}
	rows := make([]registerRow, 0, len(last))
	for _, r := range last {
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b registerRow) int { return bytes.Compare(a.lookup, b.lookup) })
	return rows, nil
}

func (s *Store) registerLookup(d storage.Document) []byte {
	return s.vault.Lookup("register.number/"+d.Kind, d.Number)
}

// RegisterEntry implements [storage.Register].
func (s *Store) RegisterEntry(ctx context.Context, d storage.Document) (storage.RegisterEntry, error) {
	lookup := s.registerLookup(d)
	e := storage.RegisterEntry{Document: storage.Document{Kind: d.Kind}}
	var sealed []byte
	err := s.read.Row(ctx, `SELECT region, status, sealed FROM register WHERE lookup = $1`, []any{lookup},
		&e.Region, (*string)(&e.Status), &sealed)
	if err != nil {
		return storage.RegisterEntry{}, found(err)
	}
	plain, err := s.unseal(sealed, "register.sealed", hex.EncodeToString(lookup))
	if err != nil {
		return storage.RegisterEntry{}, err
	}
	var secret registerSecret
	if err := json.Unmarshal(plain, &secret); err != nil {
		return storage.RegisterEntry{}, fmt.Errorf("storage: decode register entry: %w", err)
	}
	e.Document.Number, e.Name, e.Phone, e.Received = secret.Number, secret.Name, secret.Phone, secret.Received
	return e, nil
}

// RegisterCount implements [storage.Register].
func (s *Store) RegisterCount(ctx context.Context) (int64, error) {
	var n int64
	err := s.read.Row(ctx, `SELECT count(*) FROM register`, nil, &n)
	return n, err
}

// ImportProgress implements [storage.Register].
func (s *Store) ImportProgress(ctx context.Context, source string) (storage.ImportProgress, error) {
	p := storage.ImportProgress{Source: source}
	err := s.read.Row(ctx, `SELECT line, imported, rejected, done FROM imports WHERE source = $1`, []any{source},
		&p.Line, &p.Imported, &p.Rejected, &p.Done)
	if err != nil {
		return storage.ImportProgress{}, found(err)
	}
	return p, nil
}
