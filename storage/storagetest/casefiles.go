package storagetest

import (
	"bytes"
	"context"
	"testing"

	"manyou/storage"
)

// file returns a file of a case that was never stored.
func (f *fixture) file(caseID string) storage.CaseFile {
	return storage.CaseFile{ID: text(), CaseID: caseID, AddedAt: f.now, Media: "image/png", Body: []byte("\x89PNG a picture of the paper")}
}

var caseFileCases = map[string]func(*testing.T, *fixture){
	"CaseFile/is found with its case and with no other": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		c := f.filed(t, f.filing(p.ID))
		step := f.next(c, "filed")
		step.Files = []storage.CaseFile{f.file(c.ID), f.file(c.ID)}
		check(t, f.StepCase(t.Context(), step))
		for _, want := range step.Files {
			got, err := f.CaseFile(t.Context(), c.ID, want.ID)
			check(t, err)
			equal(t, got, want)
		}
		other := f.filing(p.ID)
		other.Case.Topic = "wrong_attribute name"
		_, err := f.CaseFile(t.Context(), f.filed(t, other).ID, step.Files[0].ID)
		is(t, err, storage.ErrNotFound)
		_, err = f.CaseFile(t.Context(), c.ID, "none")
		is(t, err, storage.ErrNotFound)
	},
	"CaseFile/of a step that is not taken is not kept": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		c := f.filed(t, f.filing(p.ID))
		files := []storage.CaseFile{f.file(c.ID), f.file(c.ID), f.file(c.ID)}
		oneWinner(t, len(files), storage.ErrConflict, func(ctx context.Context, i int) error {
			step := f.next(c, "filed")
			step.Files = files[i : i+1]
			return f.StepCase(ctx, step)
		})
		kept := 0
		for _, file := range files {
			if _, err := f.CaseFile(t.Context(), c.ID, file.ID); err == nil {
				kept++
			}
		}
		equal(t, kept, 1)
	},
	"CaseFile/in a stolen database shows nothing": func(t *testing.T, f *fixture) {
		p, _ := f.signedIn(t)
		c := f.filed(t, f.filing(p.ID))
		step := f.next(c, "filed")
		step.Files = []storage.CaseFile{f.file(c.ID)}
		check(t, f.StepCase(t.Context(), step))
		dump := f.db.Dump(t)
		if !bytes.Contains(dump, []byte(step.Files[0].ID)) {
			t.Fatal("the dump lacks the file: it proves nothing")
		}
		if bytes.Contains(dump, []byte("a picture of the paper")) {
			t.Error("the dump shows the file")
		}
	},
}
