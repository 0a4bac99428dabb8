package storagetest

import (
	"testing"

	"manyou/storage"
)

var noteCases = map[string]func(*testing.T, *fixture){
	"Note/is the one that was put last": func(t *testing.T, f *fixture) {
		_, err := f.Note(t.Context(), "a")
		is(t, err, storage.ErrNotFound)
		for _, body := range []string{"one", "two"} {
			check(t, f.PutNote(t.Context(), "a", []byte(body)))
		}
		got, err := f.Note(t.Context(), "a")
		check(t, err)
		equal(t, got, []byte("two"))
	},
}
