package sqlite_test

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"manyou/storage"
	"manyou/storage/sqlite"
	"manyou/storage/storagetest"
	"manyou/storage/vault"
)

// database is a file in a directory of its own.
type database struct {
	path string
	root vault.Root
}

func newDatabase(t testing.TB) database {
	t.Helper()
	root, err := vault.NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d := database{filepath.Join(t.TempDir(), "a path with spaces?.db"), root}
	made, err := migrated()
	if err == nil {
		err = os.WriteFile(d.path, made, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// migrated is a database that is up to date, which tests copy.
var migrated = sync.OnceValues(func() ([]byte, error) { return storagetest.MadeFile(sqlite.Migrate) })

func (d database) Node(t testing.TB) storage.Store {
	t.Helper()
	s, _, err := sqlite.Open(t.Context(), d.path, d.root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func (d database) Dump(t testing.TB) []byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.Dir(d.path), "*"))
	if err != nil {
		t.Fatal(err)
	}
	var dump []byte
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		dump = append(dump, b...)
	}
	return dump
}

func TestConformance(t *testing.T) {
	storagetest.Run(t, func(t testing.TB) storagetest.Database { return newDatabase(t) })
}

func BenchmarkStore(b *testing.B) {
	storagetest.Bench(b, func(t testing.TB) storagetest.Database { return newDatabase(t) })
}

func TestOpenSaysWhatIsMissing(t *testing.T) {
	d := newDatabase(t)
	if _, _, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "none.db"), d.root); !errors.Is(err, sqlite.ErrNotMigrated) {
		t.Errorf("no file: %v", err)
	}
	empty := filepath.Join(t.TempDir(), "empty.db")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := sqlite.Open(t.Context(), empty, d.root); !errors.Is(err, sqlite.ErrNotMigrated) {
		t.Errorf("empty file: %v", err)
	}
	d.Node(t)
	if _, _, err := sqlite.Open(t.Context(), d.path, vault.Root{1}); !errors.Is(err, vault.ErrWrongRoot) {
		t.Errorf("another root key: %v", err)
	}
}

func TestMigrateAtOnceAndAgainIsSafe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "manyou.db")
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if err := sqlite.Migrate(t.Context(), path); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	current, newest, err := sqlite.Version(t.Context(), path)
	if err != nil || current != newest || newest == 0 {
		t.Fatalf("version %d of %d, %v", current, newest, err)
	}
}

func TestATemporaryStoreLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	s, _, err := sqlite.Open(t.Context(), "", newDatabase(t).root)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "manyou-*"))
	if err != nil || len(left) > 0 {
		t.Fatalf("%v, %v", left, err)
	}
}
