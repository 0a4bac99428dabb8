package register

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"

	"manyou/federation/identity"
	"manyou/storage"
)

// Entries finds entries of the imported register; storage.Register does.
type Entries interface {
	// RegisterEntry finds an entry by document. storage.ErrNotFound.
	RegisterEntry(ctx context.Context, d storage.Document) (storage.RegisterEntry, error)
}

// Table is the source that was imported into this issuer's own storage.
type Table struct{ entries Entries }

var _ Source = (*Table)(nil)

// NewTable returns the source over the imported entries.
func NewTable(e Entries) *Table { return &Table{entries: e} }

// Verify implements [Source]. For a document that is not in the table it compares the claim with an entry of nobody,
// so that the answer takes about as long.
func (t *Table) Verify(ctx context.Context, c Claim) (Verdict, error) {
	entry, err := t.entries.RegisterEntry(ctx, storage.Document{Kind: string(c.Document.Kind), Number: c.Document.Number})
	found := err == nil
	switch {
	case errors.Is(err, storage.ErrNotFound):
		entry = storage.RegisterEntry{Name: "无名氏", Phone: "+8610000000000"}
	case err != nil:
		return Verdict{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	recorded, err := identity.NormalizeName(entry.Name)
	if err != nil {
		return Verdict{}, fmt.Errorf("%w: an entry without a usable name: %w", ErrUnavailable, err)
	}
	names := identity.CompareNames(recorded, c.Name)
	samePhone := subtle.ConstantTimeCompare([]byte(entry.Phone), []byte(c.Phone)) == 1
	if !found {
		return Verdict{Outcome: UnknownDocument}, nil
	}
	return judge(c, entry, names, samePhone)
}

// judge puts the outcome together in the order that [Outcome] promises.
func judge(c Claim, e storage.RegisterEntry, names identity.Comparison, samePhone bool) (Verdict, error) {
	if names == identity.Different {
		return Verdict{Outcome: NameMismatch, Names: names}, nil
	}
	v := Verdict{Names: names, PhoneOnRecord: e.Phone != ""}
	switch {
	case e.Status == storage.RegisterDeceased:
		v.Outcome = Deceased
	case e.Status == storage.RegisterCancelled:
		v.Outcome = Cancelled
	case e.Status != storage.RegisterValid:
		return Verdict{}, fmt.Errorf("%w: an entry of unknown status", ErrUnavailable)
	case c.Phone != "" && !samePhone:
		v.Outcome = PhoneMismatch
	default:
		v.Outcome, v.Name, v.Region, v.Received = Match, e.Name, e.Region, e.Received
	}
	return v, nil
}
