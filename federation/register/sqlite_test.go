package register

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"path/filepath"
	"testing"

	"manyou/federation/identity"
	"manyou/storage"
	"manyou/storage/sqlite"
	"manyou/storage/vault"
)

var (
	_ Destination = storage.Register(nil)
	_ Entries     = storage.Register(nil)
)

func TestAnImportIntoADatabaseSurvivesItsInterruption(t *testing.T) {
	root, err := vault.NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "register.db")
	if err := sqlite.Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	file := bytes.NewReader(fixture(t, "people.csv"))

	first, _, err := sqlite.Open(t.Context(), path, root)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	result, err := NewImporter(first, now).Import(ctx, file, Options{Batch: 10, OnProgress: func(p Progress) {
		if p.Line > 30 {
			cancel()
		}
	}})
	cancel()
	if !errors.Is(err, context.Canceled) || result.Imported == 0 || result.Imported >= 67 {
		t.Fatalf("%+v %v", result, err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}

	second, _, err := sqlite.Open(t.Context(), path, root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = second.Close() })
	written := result.Imported
	if n, err := second.RegisterCount(t.Context()); err != nil || n != written {
		t.Fatalf("%d entries after %d: %v", n, written, err)
	}
	result, err = NewImporter(second, now).Import(t.Context(), file, Options{Batch: 10})
	if err != nil || !result.Resumed || result.Imported != 67 {
		t.Fatalf("%+v %v", result, err)
	}
	if n, err := second.RegisterCount(t.Context()); err != nil || n != 67 {
		t.Errorf("%d entries: %v", n, err)
	}

	c := claim(t, "𬎆瑶", identity.ResidentID, "330000198806160541", "15400000054")
	if v, err := NewTable(second).Verify(t.Context(), c); err != nil || v != (Verdict{Match, "𬎆瑶", "33", identity.Equal, true, nil}) {
		t.Errorf("%v %v", v, err)
	}
	c.Phone = "+8615400000055"
	if v, err := NewTable(second).Verify(t.Context(), c); err != nil || v.Outcome != PhoneMismatch {
		t.Errorf("%v %v", v, err)
	}
}
