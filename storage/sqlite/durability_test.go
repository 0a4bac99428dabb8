package sqlite

import (
	"path/filepath"
	"testing"

	"manyou/storage/relational"
)

func TestWritersAreDurableAndReadersCannotWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "manyou.db")
	if err := Migrate(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	b, err := open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	const full, normal = 2, 1
	for name, c := range map[string]struct {
		executor relational.Executor
		want     int
	}{"writer": {b.Writer(), full}, "relaxed writer": {b.RelaxedWriter(), normal}} {
		var synchronous int
		var journal string
		if err := c.executor.Row(t.Context(), `PRAGMA synchronous`, nil, &synchronous); err != nil {
			t.Fatal(err)
		}
		if err := c.executor.Row(t.Context(), `PRAGMA journal_mode`, nil, &journal); err != nil {
			t.Fatal(err)
		}
		if synchronous != c.want || journal != "wal" {
			t.Errorf("%s: synchronous %d, journal %s", name, synchronous, journal)
		}
	}
	if _, err := b.Reader().Exec(t.Context(), `DELETE FROM persons`); err == nil {
		t.Error("a reader wrote")
	}
}
