package postgres_test

import (
	"crypto/rand"
	"errors"
	"sync"
	"testing"

	"manyou/storage"
	"manyou/storage/postgres"
	"manyou/storage/storagetest"
	"manyou/storage/vault"
)

// database is a fresh database of the cluster.
type database struct {
	url  string
	root vault.Root
}

func newDatabase(t testing.TB) database {
	t.Helper()
	root, err := vault.NewRoot(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	made, err := migrated()
	if err != nil {
		t.Fatal(err)
	}
	return database{storagetest.PostgresLike(t, made), root}
}

// migrated is a database that is up to date, which tests copy.
var migrated = sync.OnceValues(func() (string, error) { return storagetest.PostgresMade(postgres.Migrate) })

func (d database) Node(t testing.TB) storage.Store {
	t.Helper()
	s, _, err := postgres.Open(t.Context(), d.url, d.root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func (d database) Dump(t testing.TB) []byte { return storagetest.DumpPostgres(t, d.url) }

func TestConformance(t *testing.T) {
	storagetest.Run(t, func(t testing.TB) storagetest.Database { return newDatabase(t) })
}

func BenchmarkStore(b *testing.B) {
	storagetest.Bench(b, func(t testing.TB) storagetest.Database { return newDatabase(t) })
}

func TestOpenSaysWhatIsMissing(t *testing.T) {
	url := storagetest.Postgres(t)
	root := vault.Root{1}
	if _, _, err := postgres.Open(t.Context(), url, root); !errors.Is(err, postgres.ErrNotMigrated) {
		t.Errorf("not migrated: %v", err)
	}
	if err := postgres.Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	database{url, root}.Node(t)
	if _, _, err := postgres.Open(t.Context(), url, vault.Root{2}); !errors.Is(err, vault.ErrWrongRoot) {
		t.Errorf("another root key: %v", err)
	}
}

func TestMigrateAtOnceAndAgainIsSafe(t *testing.T) {
	url := storagetest.Postgres(t)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if err := postgres.Migrate(t.Context(), url); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	current, newest, err := postgres.Version(t.Context(), url)
	if err != nil || current != newest || newest == 0 {
		t.Fatalf("version %d of %d, %v", current, newest, err)
	}
}
